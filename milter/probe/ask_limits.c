/*
 * How much a server takes: wrong commands, messages that are never sent, and names that nobody has.
 * Each is bounded, and asked only when the command line says so.
 */
#include "ask.h"

enum {
  ERRORS = 100,  /* wrong commands */
  MESSAGES = 25, /* begun and not sent */
  NAMES = 25,    /* that nobody has */
  SLOW = 10,     /* after so many, silence is a way to say no */
};

/* What a limit comes to when a command got no regular answer. */
static enum probe_status judge_end(struct talk *talk, unsigned done)
{
  if (talk->trouble == TALK_HUNG_UP || (talk->trouble == TALK_FINE && talk->reply.code == 421))
    return talk_conclude(talk, PROBE_PASS, "ended after %u", done);
  if (talk->trouble == TALK_SILENT && done >= SLOW)
    return talk_conclude(talk, PROBE_PASS, "after %u, %s", done, talk->why);
  return talk_untold(talk);
}

static bool is_end(enum talk_answer answer)
{
  return answer == TALK_NOTHING || answer == TALK_GONE;
}

enum probe_status ask_limit_errors(struct talk *talk)
{
  if (!talk_anew(talk, TALK_GREETED))
    return PROBE_UNKNOWN;
  for (unsigned i = 0; i < ERRORS; i++)
    if (is_end(talk_ask(talk, "XPROBE%u", i)))
      return judge_end(talk, i);
  talk_leave(talk);
  return talk_conclude(talk, PROBE_WARN, "%d wrong commands were answered one by one", ERRORS);
}

enum probe_status ask_limit_abandoned(struct talk *talk)
{
  if (!ask_recipient_works(talk) || !talk_anew(talk, TALK_GREETED))
    return PROBE_UNKNOWN;
  for (unsigned i = 0; i < MESSAGES; i++) {
    enum talk_answer answer = talk_ask(talk, "MAIL FROM:<%s>", talk->options->from);

    if (answer == TALK_NO || answer == TALK_LATER)
      return talk_conclude(talk, PROBE_PASS, "refused after %u: %s", i, talk->shown);
    if (!is_end(answer))
      answer = ask_recipient(talk);
    if (!is_end(answer))
      answer = talk_ask(talk, "RSET");
    if (is_end(answer))
      return judge_end(talk, i);
  }
  talk_leave(talk);
  return talk_conclude(talk, PROBE_WARN, "%d messages could be begun and left", MESSAGES);
}

/* All were answered; whether the next session is as welcome. */
static enum probe_status come_again(struct talk *talk, enum probe_status when_welcome)
{
  if (!talk_anew(talk, TALK_MAIL))
    return talk_conclude(talk, PROBE_PASS, "%d were answered, and the next session is refused: %s",
                         NAMES, talk->trouble != TALK_FINE ? talk->why : talk->shown);
  return talk_conclude(talk, when_welcome, "%d were answered, and the next session is welcome",
                       NAMES);
}

enum probe_status ask_enumerate_recipients(struct talk *talk)
{
  unsigned taken = 0, deferred = 0;

  if (!talk_anew(talk, TALK_MAIL))
    return PROBE_UNKNOWN;
  for (unsigned i = 0; i < NAMES; i++) {
    enum talk_answer answer = talk_ask(talk, "RCPT TO:<" ASK_NOBODY "-%u@%s>", i, talk->domain);

    if (is_end(answer))
      return judge_end(talk, i);
    taken += answer == TALK_YES;
    deferred += answer == TALK_LATER;
  }
  if (taken == NAMES)
    return talk_conclude(talk, PROBE_PASS, "any name is taken, which tells nothing");
  if (deferred > 0)
    return talk_conclude(talk, PROBE_UNKNOWN, "%u were deferred only: %s", deferred, talk->shown);
  return come_again(talk, PROBE_WARN);
}

enum probe_status ask_enumerate_vrfy(struct talk *talk)
{
  const struct probe_result *plain = &talk->report->results[PROBE_COMMAND_VRFY];

  if (!talk_anew(talk, TALK_GREETED))
    return PROBE_UNKNOWN;
  for (unsigned i = 0; i < NAMES; i++) {
    if (is_end(talk_ask(talk, "VRFY " ASK_NOBODY "-%u", i)))
      return judge_end(talk, i);
    if (talk_is_conditional(talk))
      return talk_untold(talk);
  }
  return come_again(talk, plain->status == PROBE_FAIL ? PROBE_WARN : PROBE_PASS);
}
