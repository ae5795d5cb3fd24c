/*
 * Fuzz target: a mail log, as lines. The tables are small, so that they overflow.
 *
 * Checked: what is told of sessions keeps the order that the header promises, paths and numbers
 * stay within bounds, and spans of events lie within their line.
 */
#include "../../milter/maillog/maillog_session.h"

#include <stdlib.h>

static void require(bool holds)
{
  if (!holds)
    abort();
}

struct seen {
  bool in_session, in_transaction;
  uint64_t sessions;
};

static void on_begin(void *context, const struct maillog_session *session)
{
  struct seen *seen = context;

  require(!seen->in_session && session->mta != MAILLOG_NO_MTA);
  require(session->helo.len <= MAILLOG_NAME_MAX && session->host.len <= MAILLOG_NAME_MAX);
  require((session->helo.len > 0) == (session->helo_is == MAILLOG_HELO_LOGGED ||
                                      session->helo_is == MAILLOG_HELO_BEFORE) ||
          session->helo_is == MAILLOG_HELO_NONE);
  seen->in_session = true;
  seen->sessions++;
}

static void on_step(void *context, const struct maillog_step *step)
{
  struct seen *seen = context;

  require(seen->in_session);
  require(step->path.len <= MAILLOG_PATH_MAX);
  require(step->times >= 1 && step->times <= MAILLOG_REPEATS_MAX);
  if (step->kind == MAILLOG_STEP_MAIL) {
    require(!seen->in_transaction);
    seen->in_transaction = true;
  } else if (step->kind == MAILLOG_STEP_END) {
    require(seen->in_transaction);
    seen->in_transaction = false;
  } else {
    require(seen->in_transaction || step->kind == MAILLOG_STEP_COMMAND);
  }
  if (step->message != NULL) {
    require(step->message->queue_id.len <= MAILLOG_QUEUE_ID_MAX);
    step->message->marks[0] = seen->sessions;
  }
}

static void on_end(void *context)
{
  struct seen *seen = context;

  require(seen->in_session && !seen->in_transaction);
  seen->in_session = false;
}

static void on_sent(void *context, const struct maillog_message *message)
{
  const struct seen *seen = context;

  require(message->sent && message->marks[0] != 0 && message->marks[0] <= seen->sessions);
}

static bool lies_in(struct span inner, struct span outer)
{
  return inner.len == 0 || (inner.at >= outer.at && inner.at + inner.len <= outer.at + outer.len);
}

static void check_event(const struct maillog_event *event, struct span line)
{
  require(lies_in(event->queue_id, line) && lies_in(event->sender, line) &&
          lies_in(event->recipient, line) && lies_in(event->helo, line) &&
          lies_in(event->text, line) && lies_in(event->code, line) &&
          lies_in(event->enhanced, line));
}

static void feed(struct maillog_joiner *joiner, struct timeline *timeline, struct span bytes,
                 uint64_t number)
{
  struct maillog_line line;
  struct maillog_event event;

  if (!maillog_cut(bytes, &line))
    return;
  require(lies_in(line.host, bytes) && lies_in(line.program, bytes) &&
          lies_in(line.message, bytes));
  maillog_read(&line, &event);
  check_event(&event, bytes);
  maillog_feed(joiner, &line, &event, timeline_place(timeline, &line.stamp),
               (struct maillog_place){0, number});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct seen seen = {false, false, 0};
  const struct maillog_sink sink = {on_begin, on_step, on_end, on_sent, &seen};
  const struct maillog_limits limits = {.sessions = 3, .messages = 3, .helos = 2, .seed = 7};
  struct timeline timeline = {.year = 2026};
  struct span rest = size == 0 ? SPAN("") : (struct span){(const char *)data, size};
  struct maillog_joiner *joiner = maillog_open(&limits, &sink);

  require(joiner != NULL);
  for (uint64_t number = 1; rest.len > 0; number++) {
    size_t end = span_find(rest, '\n');
    char *exact = malloc(end + 1); /* so that the sanitizer sees whoever reads beyond the line */

    require(exact != NULL);
    for (size_t i = 0; i < end; i++)
      exact[i] = rest.at[i];
    feed(joiner, &timeline, (struct span){exact, end}, number);
    free(exact);
    rest = span_slice(rest, end + 1, rest.len);
  }
  maillog_finish(joiner);
  require(!seen.in_session);
  maillog_close(joiner);
  return 0;
}
