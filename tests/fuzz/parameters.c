/*
 * Fuzz target: ESMTP parameters. The first byte of the input says of which command.
 *
 * Checked: parameters cover every byte that is not blank, the fault stands within the parameter it
 * is about, and when there is none each parameter by itself has none.
 */
#include "parameters.h"

#include <stdlib.h>

enum { ROOM = 64 };

static void require(bool holds)
{
  if (!holds)
    abort();
}

static bool is_blank(char byte)
{
  return byte == ' ' || byte == '\t';
}

static void check_split(struct span line, const struct span *list, size_t count)
{
  size_t bytes = 0, covered = 0;

  for (size_t i = 0; i < line.len; i++)
    bytes += !is_blank(line.at[i]);
  for (size_t i = 0; i < count; i++) {
    require(list[i].len > 0);
    require(list[i].at >= line.at && list[i].at + list[i].len <= line.at + line.len);
    covered += list[i].len;
  }
  require(count == ROOM ? covered <= bytes : covered == bytes);
}

static void check_each(const struct span *list, size_t count, enum parameters_use use,
                       bool smtputf8)
{
  for (size_t i = 0; i < count; i++) {
    struct span pair[2] = {list[i], SPAN("SMTPUTF8")};
    struct parameters alone;

    parameters_parse(pair, smtputf8 && !span_equals_nocase(pair[0], pair[1]) ? 2 : 1, use, &alone);
    require(!faults_any(&alone.faults));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  enum parameters_use use = size > 0 && (data[0] & 1) != 0 ? PARAMETERS_RCPT : PARAMETERS_MAIL;
  struct span line = size == 0 ? SPAN("") : (struct span){(const char *)data + 1, size - 1};
  struct span list[ROOM];
  size_t count = parameters_split(line, list, ROOM);
  struct parameters got;

  check_split(line, list, count);
  parameters_parse(list, count, use, &got);
  if (faults_any(&got.faults)) {
    require(got.bad < count);
    require(got.faults.of[ASPECT_PARAMETERS].at <= list[got.bad].len);
  } else {
    check_each(list, count, use, got.smtputf8);
  }
  return 0;
}
