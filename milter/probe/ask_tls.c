/*
 * STARTTLS: whether it is offered, works, is hidden, and what becomes of bytes before it.
 */
#include "ask.h"

/* Nobody who sends mail to a stranger counts on the certificate (RFC 7435): it is told, not judged.
 */
static enum probe_status tell_agreed(struct talk *talk)
{
  return talk_conclude(talk, PROBE_PASS, "%s", talk->agreed);
}

/* A connection in the clear, with EHLO said. */
static bool greet_in_clear(struct talk *talk)
{
  enum talk_answer answer;

  if (!talk_anew(talk, TALK_CONNECTED))
    return false;
  answer = talk_ehlo(talk, talk->options->helo);
  if (answer == TALK_YES)
    return true;
  (void)talk_untold(talk);
  return false;
}

/* The checks of STARTTLS make no sense where TLS was there first. */
static bool is_tls_port(const struct talk *talk)
{
  return (talk->options->flags & PROBE_FLAG_TLS) != 0;
}

/* That it is there has to be seen all the same. */
static enum probe_status judge_tls_port(struct talk *talk)
{
  if (!talk_at(talk, TALK_GREETED))
    return PROBE_UNKNOWN;
  return talk_conclude(talk, PROBE_PASS, "the port speaks TLS from the start");
}

static enum probe_status judge_starttls(struct talk *talk)
{
  if ((talk->extensions & TALK_STARTTLS) == 0)
    return talk_conclude(talk, PROBE_WARN, "not offered");
  if (talk_ask(talk, "STARTTLS") != TALK_YES || talk->stage == TALK_CLOSED)
    return talk->trouble == TALK_BOUND
               ? talk_untold(talk)
               : talk_conclude(talk, PROBE_FAIL, "offered, and refused: %s",
                               talk->trouble != TALK_FINE ? talk->why : talk->shown);
  if (!talk_start_tls(talk))
    return talk->trouble == TALK_BOUND ? talk_untold(talk)
                                       : talk_conclude(talk, PROBE_FAIL, "%s", talk->why);
  if (talk_ehlo(talk, talk->options->helo) != TALK_YES)
    return talk_conclude(talk, PROBE_FAIL, "after the handshake EHLO gets no answer");
  if ((talk->extensions & TALK_STARTTLS) != 0) /* RFC 3207, 4.2 */
    return talk_conclude(talk, PROBE_WARN, "offered under TLS again");
  return tell_agreed(talk);
}

enum probe_status ask_starttls(struct talk *talk)
{
  enum probe_status status;

  if (is_tls_port(talk)) {
    status = judge_tls_port(talk);
    return status == PROBE_PASS ? tell_agreed(talk) : status;
  }
  if (!greet_in_clear(talk))
    return PROBE_UNKNOWN;
  status = judge_starttls(talk);
  talk_leave(talk);
  return status;
}

/* "XXXXXXXA": what some firewalls make of "STARTTLS" */
static bool is_masked(const struct smtp_reply *reply)
{
  struct span rest = smtp_reply_bytes(reply), line;

  while (smtp_reply_next(&rest, &line)) {
    struct span text = smtp_reply_text(line);
    size_t marks = 0;

    while (marks < text.len && text.at[marks] == 'X')
      marks++;
    if (marks >= 4)
      return true;
  }
  return false;
}

enum probe_status ask_stripping(struct talk *talk)
{
  bool offered;
  enum talk_answer answer;

  if (is_tls_port(talk))
    return judge_tls_port(talk);
  if (!greet_in_clear(talk))
    return PROBE_UNKNOWN;
  offered = (talk->extensions & TALK_STARTTLS) != 0;
  if (is_masked(&talk->reply)) {
    talk_leave(talk);
    return talk_conclude(talk, PROBE_FAIL, "a keyword of the reply to EHLO is masked");
  }
  if (offered) {
    talk_leave(talk);
    return PROBE_PASS;
  }
  answer = talk_ask(talk, "STARTTLS");
  if (answer == TALK_YES) {
    bool works = talk->reply.code == 220; /* RFC 3207, 4 */

    talk_drop(talk);
    return works ? talk_conclude(talk, PROBE_FAIL,
                                 "not offered, and yet it works: the offer was taken out")
                 : talk_conclude(talk, PROBE_UNKNOWN, "not offered, and answered with %s",
                                 talk->shown);
  }
  if (answer == TALK_NOTHING || answer == TALK_GONE)
    return talk_untold(talk);
  talk_leave(talk);
  return talk_conclude(talk, PROBE_PASS, "not offered, and refused");
}

/* After the handshake the first reply must be that to EHLO, and no other may follow. */
static enum probe_status judge_injection(struct talk *talk)
{
  enum talk_answer first = talk_ehlo(talk, talk->options->helo);
  unsigned more;

  if (first == TALK_NOTHING || first == TALK_GONE)
    return talk->trouble == TALK_BOUND ? talk_untold(talk)
                                       : talk_conclude(talk, PROBE_PASS, "such a session is ended");
  more = talk_drain(talk);
  if (more > 0)
    return talk_conclude(talk, PROBE_FAIL,
                         "a command sent before the handshake is answered after it");
  if (first != TALK_YES)
    return talk_conclude(talk, PROBE_UNKNOWN, "EHLO is refused under TLS: %s", talk->shown);
  return PROBE_PASS;
}

enum probe_status ask_injection(struct talk *talk)
{
  enum talk_answer answer;

  if (is_tls_port(talk))
    return judge_tls_port(talk);
  if (!greet_in_clear(talk))
    return PROBE_UNKNOWN;
  if ((talk->extensions & TALK_STARTTLS) == 0) {
    talk_leave(talk);
    return talk_conclude(talk, PROBE_UNKNOWN, "STARTTLS is not offered");
  }
  if (!talk_send(talk, SPAN("STARTTLS\r\nXPROBE\r\n")))
    return talk_untold(talk);
  answer = talk_read(talk);
  if (answer == TALK_NO || answer == TALK_GONE ||
      (answer == TALK_NOTHING && talk->trouble == TALK_HUNG_UP)) {
    talk_drop(talk);
    return talk_conclude(talk, PROBE_PASS, "such a session is refused");
  }
  if (answer != TALK_YES)
    return talk_untold(talk);
  if (!talk_start_tls(talk))
    return talk->trouble == TALK_BOUND
               ? talk_untold(talk)
               : talk_conclude(talk, PROBE_PASS, "such a session gets no TLS");
  return judge_injection(talk);
}

static bool has_word(struct span words, struct span wanted)
{
  while (words.len > 0) {
    size_t end = span_find(words, ' ');

    if (span_equals_nocase(span_slice(words, 0, end), wanted))
      return true;
    words = span_slice(words, end + 1, words.len);
  }
  return false;
}

enum probe_status ask_auth_plaintext(struct talk *talk)
{
  struct span mechanisms;
  bool offered;

  if (is_tls_port(talk))
    return judge_tls_port(talk);
  if (!greet_in_clear(talk))
    return PROBE_UNKNOWN;
  offered = smtp_reply_keyword(&talk->reply, "AUTH", &mechanisms) &&
            (has_word(mechanisms, SPAN("PLAIN")) || has_word(mechanisms, SPAN("LOGIN")));
  talk_leave(talk);
  if (offered)
    return talk_conclude(talk, PROBE_WARN, "AUTH PLAIN or LOGIN is offered before TLS");
  return PROBE_PASS;
}
