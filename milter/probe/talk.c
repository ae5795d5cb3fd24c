/*
 * What is sent and what comes back: bounds, pace, transcript, and what is learned from each reply.
 */
#include "talk.h"

#include "recognise.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
  LINE_SHOWN = 160, /* octets of one of our lines that a transcript shows */
  REPLY_LINES_SHOWN = 24,
  ENHANCED_SHOWN = 3, /* replies with the same fault of their enhanced codes */
  LINE_SIZE = 1024,   /* of what talk_ask() sends */
  DRAIN_MAX = 500,    /* replies after a QUIT: no probe has so many under way */
};

void talk_begin(struct talk *talk, const struct probe_options *options,
                const struct probe_carrier *carrier, struct probe_report *report)
{
  *talk = (struct talk){.options = options, .carrier = carrier, .report = report};
  talk->result = &report->results[0];
  talk->begun = talk->next = carrier->clock(carrier->context);
  if (options->domain != NULL) {
    struct text domain = text_in(talk->domain, sizeof(talk->domain));

    text_add(&domain, options->domain);
  }
}

/* The transcript */

static void write_line(struct text *transcript, enum probe_side side, struct span line, size_t most)
{
  text_add_byte(transcript, probe_side_letter(side));
  text_add(transcript, ": ");
  text_add_quoted(transcript, span_slice(line, 0, most), "\\");
  if (line.len > most) {
    text_add(transcript, " [... ");
    text_add_number(transcript, line.len);
    text_add(transcript, " octets]");
  }
  text_add_byte(transcript, '\n');
}

void talk_event(struct talk *talk, const char *words)
{
  write_line(&talk->result->transcript, PROBE_SIDE_EVENT, span_from(words), LINE_SHOWN);
}

/* The final CRLF goes without saying; any other line end is shown. */
static void write_sent(struct talk *talk, struct span bytes)
{
  while (bytes.len > 0) {
    struct span line = bytes;
    size_t end = 0;

    while (end + 1 < bytes.len && !(bytes.at[end] == '\r' && bytes.at[end + 1] == '\n'))
      end++;
    if (end + 1 < bytes.len)
      line = span_slice(bytes, 0, end);
    write_line(&talk->result->transcript, PROBE_SIDE_CLIENT, line, LINE_SHOWN);
    bytes = span_slice(bytes, end + 2, bytes.len);
  }
}

static void write_reply(struct text *transcript, const struct smtp_reply *reply)
{
  struct span rest = smtp_reply_bytes(reply), line;
  unsigned lines = 0;

  while (lines < REPLY_LINES_SHOWN && smtp_reply_next(&rest, &line)) {
    write_line(transcript, PROBE_SIDE_SERVER, line, SMTP_REPLY_LINE_OCTETS);
    lines++;
  }
  if (reply->lines > lines)
    write_line(transcript, PROBE_SIDE_EVENT, SPAN("more lines of this reply"), LINE_SHOWN);
  if (reply->len > reply->line_at) /* what came of a line */
    write_line(transcript, PROBE_SIDE_SERVER,
               span_slice((struct span){reply->bytes, reply->len}, reply->line_at, reply->len),
               LINE_SHOWN);
}

/* Trouble */

static bool fail(struct talk *talk, enum talk_trouble trouble, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(struct talk *talk, enum talk_trouble trouble, const char *format, ...)
{
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(talk->why, sizeof(talk->why), format, arguments);
  va_end(arguments);
  talk->trouble = trouble;
  talk_event(talk, talk->why);
  talk_drop(talk);
  return false;
}

static bool fail_with(struct talk *talk, enum channel_fault fault, const char *why)
{
  switch (fault) {
  case CHANNEL_TIMEOUT:
    return fail(talk, TALK_SILENT, "no answer within %u s", (talk->options->timeout + 999) / 1000);
  case CHANNEL_CLOSED:
    return fail(talk, TALK_HUNG_UP, "closed by the server");
  case CHANNEL_TLS:
    return fail(talk, TALK_TLS, "TLS failed: %s", why);
  case CHANNEL_OK:
  case CHANNEL_REFUSED:
  case CHANNEL_UNKNOWN_HOST:
  case CHANNEL_FAILED:
    break;
  }
  return fail(talk, TALK_FAILED, "no connection: %s", why);
}

/* Whether the probe may go on; after that it has paused for as long as politeness asks. */
static bool may_go_on(struct talk *talk)
{
  const struct probe_carrier *carrier = talk->carrier;
  const char *bound = NULL;
  uint64_t now = carrier->clock(carrier->context);

  if (now - talk->begun >= PROBE_TIME_MAX)
    bound = "the time for one probe is over";
  else if (talk->report->commands >= PROBE_COMMANDS_MAX)
    bound = "the number of commands for one probe is reached";
  else if (talk->report->connections >= PROBE_CONNECTIONS_MAX)
    bound = "the number of connections for one probe is reached";
  else if (talk->report->received >= PROBE_RECEIVED_MAX)
    bound = "the server has said as much as one probe reads";
  if (bound != NULL) {
    if (!talk->over)
      snprintf(talk->report->ended, sizeof(talk->report->ended), "%s", bound);
    talk->over = true;
    return fail(talk, TALK_BOUND, "%s", bound);
  }
  if (now < talk->next)
    carrier->pause(carrier->context, talk->next - now);
  return true;
}

static uint64_t deadline_of(const struct talk *talk)
{
  uint64_t end = talk->begun + PROBE_TIME_MAX;
  uint64_t one = talk->carrier->clock(talk->carrier->context) + talk->options->timeout;

  return one < end ? one : end;
}

static void rest_a_while(struct talk *talk)
{
  talk->next = talk->carrier->clock(talk->carrier->context) + talk->options->pace;
}

/* The connection */

void talk_drop(struct talk *talk)
{
  if (talk->stage != TALK_CLOSED) {
    talk->carrier->close(talk->carrier->context);
    rest_a_while(talk);
  }
  talk->stage = TALK_CLOSED;
  talk->unread = (struct span){talk->arrived, 0};
  talk->tls = talk->esmtp = false;
  talk->extensions = 0;
}

bool talk_open(struct talk *talk)
{
  struct text why = text_in(talk->shown, sizeof(talk->shown));
  enum channel_fault fault;

  talk_drop(talk);
  if (!may_go_on(talk))
    return false;
  fault = talk->carrier->open(talk->carrier->context, deadline_of(talk), &why);
  if (fault != CHANNEL_OK)
    return fail_with(talk, fault, why.at);
  talk->report->connections++;
  talk->stage = TALK_CONNECTED;
  talk->refusals = 0;
  talk_event(talk, "connected");
  rest_a_while(talk);
  return (talk->options->flags & PROBE_FLAG_TLS) == 0 || talk_start_tls(talk);
}

bool talk_start_tls(struct talk *talk)
{
  struct text why = text_in(talk->agreed, sizeof(talk->agreed));
  enum channel_fault fault;

  talk->unread.len = 0;
  fault = talk->carrier->start_tls(talk->carrier->context, deadline_of(talk), &why);
  if (fault != CHANNEL_OK)
    return fail_with(talk, fault == CHANNEL_TIMEOUT ? fault : CHANNEL_TLS, why.at);
  talk->tls = true;
  talk->extensions = 0;
  talk_event(talk, "TLS begins");
  if (why.len > 0)
    talk_event(talk, why.at);
  return true;
}

bool talk_send(struct talk *talk, struct span bytes)
{
  struct text why = text_in(talk->shown, sizeof(talk->shown));
  enum channel_fault fault;

  if (talk->stage == TALK_CLOSED)
    return fail(talk, TALK_FAILED, "the connection is closed");
  if (!may_go_on(talk))
    return false;
  talk->report->commands++;
  talk->sent_flaws = smtp_text_flaws(bytes);
  write_sent(talk, bytes);
  fault = talk->carrier->write(talk->carrier->context, bytes, deadline_of(talk), &why);
  rest_a_while(talk);
  return fault == CHANNEL_OK || fail_with(talk, fault, why.at);
}

/* Replies */

static void judge_enhanced(struct talk *talk)
{
  enum smtp_enhanced_fit fit = smtp_reply_enhanced(&talk->reply);

  if (++talk->enhanced[fit] <= ENHANCED_SHOWN && fit != SMTP_ENHANCED_FITS)
    write_reply(&talk->report->results[PROBE_ENHANCED_CODES].transcript, &talk->reply);
}

/* For the check of all replies' form, which shows the first reply that has each flaw. */
static void note_flaws(struct talk *talk, unsigned flaws)
{
  if ((flaws & ~talk->flaws) != 0)
    write_reply(&talk->report->results[PROBE_REPLY_FORM].transcript, &talk->reply);
  talk->flaws |= flaws;
}

/* What is learned from any reply, whatever was asked. */
static void learn(struct talk *talk)
{
  const struct smtp_reply *reply = &talk->reply;
  struct span rest = smtp_reply_bytes(reply), line;
  struct text shown = text_in(talk->shown, sizeof(talk->shown));
  unsigned flaws = reply->flaws;

  if (smtp_reply_next(&rest, &line))
    text_add_quoted(&shown, line, "\\");
  note_flaws(talk, flaws & ~talk->sent_flaws); /* a reply may repeat what it is about */
  if (talk->report->server == PROBE_SERVER_UNKNOWN)
    talk->report->server = recognise_server(smtp_reply_bytes(reply));
}

/* No more comes of a reply: what there is of it is shown. */
static bool break_off(struct talk *talk, enum channel_fault fault, const char *why)
{
  if (talk->reply.len > 0) {
    write_reply(&talk->result->transcript, &talk->reply);
    if (fault == CHANNEL_CLOSED)
      note_flaws(talk, SMTP_FLAW_CUT);
  }
  return fail_with(talk, fault, why);
}

/* Reads bytes until the reply is complete, cannot be read, or there are no more. */
static bool read_reply(struct talk *talk)
{
  struct smtp_reply *reply = &talk->reply;
  uint64_t deadline = deadline_of(talk);

  smtp_reply_begin(reply);
  for (;;) {
    struct text why = text_in(talk->shown, sizeof(talk->shown));
    enum channel_fault fault;
    size_t used = smtp_reply_feed(reply, talk->unread), got = 0;

    talk->unread = span_slice(talk->unread, used, talk->unread.len);
    if (reply->state != SMTP_REPLY_MORE)
      return true;
    fault = talk->carrier->read(talk->carrier->context, talk->arrived, sizeof(talk->arrived), &got,
                                deadline, &why);
    if (fault != CHANNEL_OK)
      return break_off(talk, fault, why.at);
    talk->report->received += got;
    talk->unread = (struct span){talk->arrived, got};
  }
}

bool talk_is_conditional(const struct talk *talk)
{
  return talk->reply.code == 530; /* RFC 3207, 4; RFC 4954, 6 */
}

enum talk_answer talk_read(struct talk *talk)
{
  struct smtp_reply *reply = &talk->reply;

  if (talk->stage == TALK_CLOSED || !read_reply(talk))
    return TALK_NOTHING;
  talk->trouble = TALK_FINE;
  write_reply(&talk->result->transcript, reply);
  if (reply->state == SMTP_REPLY_GARBAGE) {
    note_flaws(talk, SMTP_FLAW_GARBAGE);
    return fail(talk, TALK_GARBAGE, "that is no SMTP"), TALK_NOTHING;
  }
  if (reply->state == SMTP_REPLY_ENDLESS) {
    note_flaws(talk, SMTP_FLAW_ENDLESS);
    return fail(talk, TALK_ENDLESS, "a reply without end"), TALK_NOTHING;
  }
  learn(talk);
  if (reply->code >= 400)
    talk->refusals++;
  if (reply->code == 354) {
    talk_event(talk, "connection cut: no message is sent");
    talk_drop(talk);
  } else if (reply->code == 421) {
    talk_drop(talk);
    return TALK_GONE;
  }
  if (reply->code < 400)
    return TALK_YES;
  return reply->code < 500 || talk_is_conditional(talk) ? TALK_LATER : TALK_NO;
}

static bool is_hello(struct span line)
{
  return span_starts_nocase(line, SPAN("EHLO")) || span_starts_nocase(line, SPAN("HELO"));
}

/* Where the session is after this command was taken. */
static void step(struct talk *talk, struct span line)
{
  if (span_starts_nocase(line, SPAN("MAIL")))
    talk->stage = TALK_MAIL;
  else if (span_starts_nocase(line, SPAN("RSET")) && talk->stage == TALK_MAIL)
    talk->stage = TALK_GREETED;
  else if (is_hello(line))
    talk->stage = TALK_GREETED;
}

enum talk_answer talk_ask(struct talk *talk, const char *format, ...)
{
  bool enhanced = (talk->extensions & TALK_ENHANCED) != 0;
  char memory[LINE_SIZE + 2];
  struct span line = {memory, 0};
  enum talk_answer answer;
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(memory, LINE_SIZE, format, arguments);
  va_end(arguments);
  line.len = strlen(memory);
  memcpy(memory + line.len, "\r\n", 2);
  if (!talk_send(talk, (struct span){memory, line.len + 2}))
    return TALK_NOTHING;
  answer = talk_read(talk);
  if (answer == TALK_NOTHING)
    return answer;
  /* RFC 2034, 4: neither the reply to EHLO has an enhanced code, nor any 3xx */
  if (enhanced && !is_hello(line) && talk->reply.code / 100 != 3)
    judge_enhanced(talk);
  if (answer == TALK_YES && talk->stage != TALK_CLOSED)
    step(talk, line);
  return answer;
}

unsigned talk_drain(struct talk *talk)
{
  unsigned replies = 0;
  bool sent = talk_send(talk, SPAN("QUIT\r\n"));

  while (sent && replies < DRAIN_MAX && talk->report->received < PROBE_RECEIVED_MAX &&
         talk_read(talk) != TALK_NOTHING && talk->reply.code != 221)
    replies++;
  talk_drop(talk);
  return replies;
}

void talk_leave(struct talk *talk)
{
  if (talk->stage != TALK_CLOSED && !talk->over)
    (void)talk_ask(talk, "QUIT");
  talk_drop(talk);
}
