/*
 * Any bytes through the socket-map door. The first byte chooses the policy, the second how the rest
 * is cut into pieces. Holds: every answer is a netstring that Sendmail takes, pieces do not matter,
 * a full sink is heeded, and policies that were taken are released.
 */
#include "doors/socketmap.h"
#include "asking.h"

static struct asker whole, cut;

/* OK and one quoted string with a code in it, within Sendmail's bounds. */
static void check_value(struct span value)
{
  REQUIRE(value.len > 8 && value.len <= SOCKETMAP_VALUE_MAX);
  REQUIRE(value.at[0] == '"' && value.at[value.len - 1] == '"');
  REQUIRE(byte_is_digit(value.at[1]) && byte_is_digit(value.at[2]) && byte_is_digit(value.at[3]));
  REQUIRE(value.at[4] == ' ');
  for (size_t i = 1; i < value.len - 1; i++) {
    REQUIRE(!byte_is_control(value.at[i]) && !byte_is_8bit(value.at[i]) && value.at[i] != '"');
    if (value.at[i] == '\\')
      i++;
    REQUIRE(i < value.len - 1);
  }
}

static void check_answers(const struct asker *asker)
{
  struct span rest = {asker->said, asker->len};

  while (rest.len > 0) {
    size_t colon = span_find(rest, ':'), length = 0;
    struct span answer;

    REQUIRE(colon > 0 && colon < 4);
    for (size_t i = 0; i < colon; i++)
      length = length * 10 + (size_t)(rest.at[i] - '0');
    REQUIRE(rest.len >= colon + length + 2 && rest.at[colon + length + 1] == ',');
    answer = span_slice(rest, colon + 1, colon + 1 + length);
    if (span_starts_nocase(answer, SPAN("OK ")))
      check_value(span_slice(answer, 3, answer.len));
    else
      REQUIRE(span_equals(answer, SPAN("NOTFOUND ")) || span_starts_nocase(answer, SPAN("TEMP ")));
    rest = span_slice(rest, colon + length + 2, rest.len);
  }
}

static size_t feed_door(void *door, struct span bytes)
{
  return socketmap_feed(door, bytes);
}

/* One connection; whether the door closed it. */
static bool feed(struct asker *asker, struct span bytes, size_t step, size_t enough)
{
  struct socketmap door;

  asker_begin(asker, enough);
  socketmap_open(&door, &services, &asker->sink);
  asker_offer(asker, bytes, step, feed_door, &door, &door.closed);
  check_answers(asker);
  return door.closed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct span bytes;
  bool closed;

  if (size < 2 || size > 65536)
    return 0;
  bytes = (struct span){(const char *)data + 2, size - 2};
  services_begin(data[0]);
  closed = feed(&whole, bytes, bytes.len, SAID_MAX);
  REQUIRE(closed == feed(&cut, bytes, 1 + data[1] % 64, 1 + data[1]));
  REQUIRE(whole.len == cut.len && memcmp(whole.said, cut.said, whole.len) == 0);
  return 0;
}
