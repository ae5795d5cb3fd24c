/*
 * Commands in the wrong order.
 */
#include "ask.h"

enum probe_status ask_helo_missing(struct talk *talk)
{
  enum talk_answer answer;

  if (!talk_at(talk, TALK_CONNECTED))
    return PROBE_UNKNOWN;
  answer = talk_ask(talk, "MAIL FROM:<%s>", talk->options->from);
  if (answer == TALK_NO)
    return PROBE_PASS;
  if (answer != TALK_YES)
    return talk_untold(talk);
  /* Some servers say what they think of it at RCPT only. */
  answer = ask_recipient(talk);
  talk_leave(talk);
  if (answer == TALK_NO && ask_recipient_works(talk))
    return talk_conclude(talk, PROBE_PASS, "refused at RCPT");
  if (answer == TALK_NO)
    return PROBE_UNKNOWN;
  return talk_conclude(talk, PROBE_WARN, "MAIL is taken from a client that did not greet");
}

/* The usual refusal, another one, or none. */
static enum probe_status judge_order(struct talk *talk, enum talk_answer answer,
                                     enum probe_status when_taken, const char *what)
{
  if (answer == TALK_YES) {
    talk_drop(talk);
    return talk_conclude(talk, when_taken, "%s is taken: %s", what, talk->shown);
  }
  if (answer != TALK_NO)
    return talk_untold(talk);
  if (talk->reply.code != 503 && talk->reply.code != 554)
    return talk_conclude(talk, PROBE_PASS, "refused with %u, where 503 is usual", talk->reply.code);
  return PROBE_PASS;
}

enum probe_status ask_sequence_rcpt(struct talk *talk)
{
  if (!talk_at(talk, TALK_GREETED))
    return PROBE_UNKNOWN;
  return judge_order(talk, ask_recipient(talk), PROBE_FAIL, "RCPT without MAIL");
}

enum probe_status ask_sequence_data(struct talk *talk)
{
  enum probe_status status;

  if (!talk_at(talk, TALK_GREETED))
    return PROBE_UNKNOWN;
  status = judge_order(talk, talk_ask(talk, "DATA"), PROBE_FAIL, "DATA without MAIL");
  if (status != PROBE_PASS || !talk_at(talk, TALK_MAIL))
    return status == PROBE_PASS ? PROBE_UNKNOWN : status;
  /* RFC 2920, 3.1 lets a server that was sent all together say 354 here. */
  return judge_order(talk, talk_ask(talk, "DATA"), PROBE_WARN, "DATA without RCPT");
}

enum probe_status ask_sequence_mail(struct talk *talk)
{
  if (!talk_at(talk, TALK_MAIL))
    return PROBE_UNKNOWN;
  return judge_order(talk, talk_ask(talk, "MAIL FROM:<%s>", talk->options->from), PROBE_WARN,
                     "a second MAIL");
}
