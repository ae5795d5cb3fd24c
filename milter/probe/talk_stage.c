/*
 * The way to a certain point of a session, and how a check comes to its end.
 */
#include "talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
  REFUSALS_MAX = 3, /* on one connection: some servers hang up or slow down after the fourth */
  FAILURES_MAX = 3, /* connections in a row that come to nothing */
};

enum probe_status talk_conclude(struct talk *talk, enum probe_status status, const char *format,
                                ...)
{
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(talk->result->note, sizeof(talk->result->note), format, arguments);
  va_end(arguments);
  return status;
}

enum probe_status talk_untold(struct talk *talk)
{
  if (talk->trouble != TALK_FINE)
    return talk_conclude(talk, PROBE_UNKNOWN, "%s", talk->why);
  if (talk->reply.code == 421)
    return talk_conclude(talk, PROBE_UNKNOWN, "the server ended the session: %s", talk->shown);
  if (talk_is_conditional(talk))
    return talk_conclude(talk, PROBE_UNKNOWN, "it wants %s first: %s",
                         talk->tls ? "a login" : "STARTTLS (see --starttls) or a login",
                         talk->shown);
  if (talk->reply.code < 500)
    return talk_conclude(talk, PROBE_UNKNOWN, "deferred for now: %s", talk->shown);
  return talk_conclude(talk, PROBE_UNKNOWN, "refused before it was asked: %s", talk->shown);
}

/* After some in a row it makes no sense to go on. */
static bool came_to_nothing(struct talk *talk, const char *what)
{
  (void)talk_untold(talk);
  talk->failures++;
  if (talk->failures >= FAILURES_MAX && !talk->over) {
    talk->over = true;
    snprintf(talk->report->ended, sizeof(talk->report->ended), "%s, %u times in a row: %.300s",
             what, talk->failures, talk->result->note);
  }
  talk_drop(talk);
  return false;
}

static bool is_of_a_name(char byte)
{
  return byte_is_letter(byte) || byte_is_digit(byte) || strchr("-._[]:", byte) != NULL;
}

/* "mx.example.org ESMTP Postfix": the name that comes first, when it is fit for an address. */
static void learn_host(struct talk *talk, struct span text)
{
  struct text host = text_in(talk->host, sizeof(talk->host));
  struct span name = span_slice(text, 0, span_find(text, ' '));

  for (size_t i = 0; i < name.len; i++)
    if (name.at[i] == '\0' || !is_of_a_name(name.at[i]))
      return;
  text_add_span(&host, name);
}

static void learn_greeting(struct talk *talk)
{
  struct span rest = smtp_reply_bytes(&talk->reply), line;
  struct text greeting = text_in(talk->report->greeting, sizeof(talk->report->greeting));

  while (smtp_reply_next(&rest, &line)) {
    if (greeting.len > 0)
      text_add(&greeting, " / ");
    else
      learn_host(talk, span_trim(smtp_reply_text(line)));
    text_add_quoted(&greeting, line, "\\");
  }
  if (talk->domain[0] == '\0') {
    struct text domain = text_in(talk->domain, sizeof(talk->domain));

    text_add(&domain, talk->host[0] != '\0' ? talk->host : "localhost");
  }
}

static bool connect_to(struct talk *talk)
{
  if (!talk_open(talk))
    return came_to_nothing(talk, "no connection");
  if (talk_read(talk) != TALK_YES || talk->reply.code != 220)
    return came_to_nothing(talk, "no greeting");
  if (talk->report->greeting[0] == '\0')
    learn_greeting(talk);
  return true;
}

static unsigned extensions_of(const struct smtp_reply *reply)
{
  static const struct {
    const char *keyword;
    enum talk_extension extension;
  } known[] = {
      {"PIPELINING", TALK_PIPELINING}, {"STARTTLS", TALK_STARTTLS},
      {"SMTPUTF8", TALK_SMTPUTF8},     {"AUTH", TALK_AUTH},
      {"CHUNKING", TALK_CHUNKING},     {"ENHANCEDSTATUSCODES", TALK_ENHANCED},
  };
  unsigned found = 0;

  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
    if (smtp_reply_keyword(reply, known[i].keyword, NULL))
      found |= known[i].extension;
  return found;
}

enum talk_answer talk_ehlo(struct talk *talk, const char *name)
{
  enum talk_answer answer = talk_ask(talk, "EHLO %s", name);

  if (answer == TALK_YES) {
    talk->esmtp = true;
    talk->extensions = extensions_of(&talk->reply);
  }
  return answer;
}

/* EHLO, or HELO where that is not known; RFC 5321, 3.2. */
static bool say_hello(struct talk *talk)
{
  enum talk_answer answer = talk_ehlo(talk, talk->options->helo);

  if (answer == TALK_NO)
    answer = talk_ask(talk, "HELO %s", talk->options->helo);
  return answer == TALK_YES || came_to_nothing(talk, "no greeting is taken");
}

static bool greet(struct talk *talk)
{
  if (!say_hello(talk))
    return false;
  if ((talk->options->flags & PROBE_FLAG_STARTTLS) != 0 && !talk->tls) {
    if (talk_ask(talk, "STARTTLS") != TALK_YES || talk->stage == TALK_CLOSED ||
        !talk_start_tls(talk))
      return came_to_nothing(talk, "no STARTTLS");
    talk->stage = TALK_CONNECTED;
    if (!say_hello(talk))
      return false;
  }
  talk->failures = 0;
  return true;
}

static bool begin_message(struct talk *talk)
{
  if (talk_ask(talk, "MAIL FROM:<%s>", talk->options->from) == TALK_YES)
    return true;
  (void)talk_untold(talk);
  return false;
}

bool talk_at(struct talk *talk, enum talk_stage stage)
{
  if (talk->over) {
    (void)talk_conclude(talk, PROBE_UNKNOWN, "not asked: %.400s", talk->report->ended);
    return false;
  }
  if (talk->stage != TALK_CLOSED &&
      (talk->refusals >= REFUSALS_MAX || (stage == TALK_CONNECTED && talk->stage > stage) ||
       (talk->stage == TALK_MAIL && stage < TALK_MAIL && talk_ask(talk, "RSET") != TALK_YES)))
    talk_leave(talk);
  if (talk->stage == TALK_CLOSED && !connect_to(talk))
    return false;
  if (talk->stage < TALK_GREETED && stage >= TALK_GREETED && !greet(talk))
    return false;
  return talk->stage >= stage || begin_message(talk);
}

bool talk_anew(struct talk *talk, enum talk_stage stage)
{
  talk_leave(talk);
  return talk_at(talk, stage);
}
