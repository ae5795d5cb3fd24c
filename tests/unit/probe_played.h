/*
 * A played server for tests of the probe: the well-behaved one of --dry-run, but for commands that
 * a test answers otherwise. No time passes but in pauses, and no socket is opened.
 */
#ifndef MILTER_STRICT_TESTS_PROBE_PLAYED_H
#define MILTER_STRICT_TESTS_PROBE_PLAYED_H

#include "probe/run.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define PLAYED_GREETING "(greeting)" /* as a command: what is said to a connection */
#define PLAYED_SILENCE ""            /* as a reply: none, however long one waits */
#define PLAYED_CLOSE "(close)"       /* as a reply: the connection is closed */

enum { PLAYED_MAX = 8 };

struct played_answer {
  const char *command; /* how the line begins; the first row that fits decides */
  const char *reply;   /* with line ends, or one of the above */
};

struct played {
  struct probe_dry dry;
  struct probe_carrier calm; /* the well-behaved one */
  const struct played_answer *answers;
  bool silent, closed;
  unsigned opened;   /* connections so far */
  unsigned open;     /* connections that are open now */
  unsigned messages; /* lines after which a message would have been taken */
};

static inline void played_say(struct played *played, const char *reply)
{
  if (strcmp(reply, PLAYED_SILENCE) == 0)
    played->silent = true;
  else if (strcmp(reply, PLAYED_CLOSE) == 0)
    played->closed = true;
  else
    text_add(&played->dry.answer, reply);
}

static inline const struct played_answer *played_find(const struct played *played, struct span line)
{
  for (size_t i = 0; i < PLAYED_MAX && played->answers[i].command != NULL; i++)
    if (span_starts_nocase(line, span_from(played->answers[i].command)))
      return &played->answers[i];
  return NULL;
}

static inline enum channel_fault played_open(void *context, uint64_t deadline, struct text *why)
{
  struct played *played = context;
  const struct played_answer *row = played_find(played, SPAN(PLAYED_GREETING));

  played->silent = played->closed = false;
  played->opened++;
  if (played->open++ > 0)
    abort(); /* one connection at a time */
  played->calm.open(&played->dry, deadline, why);
  if (row != NULL) {
    text_clear(&played->dry.answer);
    played_say(played, row->reply);
  }
  return CHANNEL_OK;
}

static inline enum channel_fault played_read(void *context, char *buffer, size_t size, size_t *got,
                                             uint64_t deadline, struct text *why)
{
  struct played *played = context;

  if (played->dry.answer.len > played->dry.read || !played->silent)
    return played->calm.read(&played->dry, buffer, size, got, deadline, why);
  played->dry.now = deadline; /* somebody waited in vain */
  return CHANNEL_TIMEOUT;
}

static inline enum channel_fault played_write(void *context, struct span bytes, uint64_t deadline,
                                              struct text *why)
{
  struct played *played = context;

  while (bytes.len > 0 && !played->closed) {
    size_t end = span_find(bytes, '\n');
    struct span line = span_slice(bytes, 0, end + 1);
    const struct played_answer *row = played_find(played, line);

    if (line.len == 3 && line.at[0] == '.')
      played->messages++;
    if (row != NULL)
      played_say(played, row->reply);
    else
      (void)played->calm.write(&played->dry, line, deadline, why);
    bytes = span_slice(bytes, line.len, bytes.len);
  }
  return CHANNEL_OK;
}

static inline enum channel_fault played_start_tls(void *context, uint64_t deadline,
                                                  struct text *why)
{
  struct played *played = context;

  return played->calm.start_tls(&played->dry, deadline, why);
}

static inline void played_close(void *context)
{
  struct played *played = context;

  played->open--;
}

static inline uint64_t played_clock(void *context)
{
  struct played *played = context;

  return played->dry.now;
}

static inline void played_pause(void *context, uint64_t milliseconds)
{
  struct played *played = context;

  played->dry.now += milliseconds;
}

/* Asks everything of this server; the report is the caller's to free(). */
static inline struct probe_report *play(struct played *played, const struct probe_options *options,
                                        const struct played_answer *answers)
{
  struct probe_report *report = malloc(sizeof(*report));
  struct probe_carrier carrier = {
      .open = played_open,
      .read = played_read,
      .write = played_write,
      .start_tls = played_start_tls,
      .close = played_close,
      .clock = played_clock,
      .pause = played_pause,
      .context = played,
  };

  if (report == NULL)
    abort();
  *played = (struct played){.answers = answers,
                            .dry = {.user = options->user, .domain = options->domain, .now = 1}};
  played->calm = probe_carrier_dry(&played->dry);
  probe_report_begin(report, SPAN("mx.example.org"), 25);
  probe_run(options, &carrier, NULL, report);
  return report;
}

/* A server, and what one check says of it. */
#define NOBODY "no-such-user-milter-strict-probe"
#define EVERYTHING (PROBE_FLAG_LIMITS | PROBE_FLAG_ENUMERATE)

struct row {
  const char *name;
  const char *user;
  unsigned flags;
  struct played_answer answers[PLAYED_MAX];
  enum probe_check check;
  enum probe_status status;
  const char *note; /* stands in the note; NULL: anything may */
};

static inline struct probe_options options_of(const char *user, unsigned flags)
{
  return (struct probe_options){.helo = "probe.example.net",
                                .from = "",
                                .user = user,
                                .domain = user != NULL ? "example.org" : NULL,
                                .flags = flags,
                                .timeout = 30000,
                                .pace = 100};
}

static inline void judge_rows(const struct row *rows, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    struct probe_options options = options_of(rows[i].user, rows[i].flags);
    struct played played;
    struct probe_report *report = play(&played, &options, rows[i].answers);
    const struct probe_result *result = &report->results[rows[i].check];

    if (result->status != rows[i].status ||
        (rows[i].note != NULL && strstr(result->note, rows[i].note) == NULL))
      fail_msg("%s: %s, \"%s\"\n%s", rows[i].name, probe_status_name(result->status), result->note,
               result->transcript.at);
    assert_int_equal(played.open, 0);
    assert_int_equal(played.messages, 0);
    free(report);
  }
}

#define JUDGE(rows) judge_rows(rows, sizeof(rows) / sizeof((rows)[0]))

#endif
