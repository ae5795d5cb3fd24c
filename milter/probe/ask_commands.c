/*
 * Checks of commands and of how lines are read.
 */
#include "ask.h"
#include "recognise.h"

#include <string.h>

/* A version number in any line of the last reply, escaped; false when there is none. */
static bool find_version(const struct talk *talk, struct text *out)
{
  struct span rest = smtp_reply_bytes(&talk->reply), line, version;

  while (smtp_reply_next(&rest, &line))
    if (recognise_version(smtp_enhanced_skip(smtp_reply_text(line)), &version)) {
      text_add_quoted(out, version, "\\");
      return true;
    }
  return false;
}

enum probe_status ask_help(struct talk *talk)
{
  char memory[64];
  struct text version = text_in(memory, sizeof(memory));
  enum talk_answer answer;

  if (!talk_at(talk, TALK_GREETED))
    return PROBE_UNKNOWN;
  answer = talk_ask(talk, "HELP");
  if (answer != TALK_YES && answer != TALK_NO)
    return talk_untold(talk);
  if (find_version(talk, &version))
    return talk_conclude(talk, PROBE_WARN, "it tells the software's version, %s", memory);
  if (answer == TALK_NO)
    return talk_conclude(talk, PROBE_PASS, "not offered: %s", talk->shown);
  if (talk->reply.code != 214 && talk->reply.code != 211)
    return talk_conclude(talk, PROBE_WARN, "answered with %u instead of 214", talk->reply.code);
  return PROBE_PASS;
}

/* A command that should be refused, whatever the code. */
static enum talk_answer ask_refused(struct talk *talk, const char *line)
{
  enum talk_answer answer = talk_ask(talk, "%s", line);

  if (answer == TALK_YES)
    talk_drop(talk); /* who knows where the session is now */
  return answer;
}

enum probe_status ask_turn(struct talk *talk)
{
  static const char *const verbs[] = {"TURN", "ATRN"};

  for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
    enum talk_answer answer;

    if (!talk_at(talk, TALK_GREETED))
      return PROBE_UNKNOWN;
    answer = ask_refused(talk, verbs[i]);
    if (answer == TALK_YES)
      return talk_conclude(talk, PROBE_FAIL, "%s is taken: %s", verbs[i], talk->shown);
    if (answer != TALK_NO && !(answer == TALK_LATER && talk_is_conditional(talk)))
      return talk_untold(talk);
  }
  return PROBE_PASS;
}

/* "unable to queue", "node not allowed": final, whatever their class; RFC 1985. */
static bool is_etrn_denial(unsigned code)
{
  return code == 458 || code == 459;
}

/* For a domain that nobody can have, so that no mail waits for it. Not with talk_ask(): Postfix has
 * no enhanced code in this reply, whatever its settings. */
enum probe_status ask_etrn(struct talk *talk)
{
  enum talk_answer answer;

  if (!talk_at(talk, TALK_GREETED))
    return PROBE_UNKNOWN;
  answer = talk_send(talk, SPAN("ETRN probe.invalid\r\n")) ? talk_read(talk) : TALK_NOTHING;
  if (answer == TALK_YES)
    return talk_conclude(talk, PROBE_WARN, "taken: %s", talk->shown);
  if (answer == TALK_NO || (answer == TALK_LATER && is_etrn_denial(talk->reply.code)))
    return PROBE_PASS;
  return talk_untold(talk);
}

enum probe_status ask_send(struct talk *talk)
{
  static const char *const lines[] = {"SEND FROM:<>", "SOML FROM:<>", "SAML FROM:<>"};
  struct ask_list taken;

  ask_list_begin(&taken);
  for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
    enum talk_answer answer;

    if (!talk_at(talk, TALK_GREETED))
      return PROBE_UNKNOWN;
    answer = ask_refused(talk, lines[i]);
    if (answer == TALK_YES)
      ask_list_add(&taken, lines[i]);
    else if (answer != TALK_NO)
      return talk_untold(talk);
  }
  if (taken.count > 0)
    return talk_conclude(talk, PROBE_FAIL, "taken: %s", taken.memory);
  return PROBE_PASS;
}

enum probe_status ask_unknown(struct talk *talk)
{
  enum talk_answer answer;

  if (!talk_at(talk, TALK_GREETED))
    return PROBE_UNKNOWN;
  answer = ask_refused(talk, "XPROBE");
  if (answer == TALK_YES)
    return talk_conclude(talk, PROBE_FAIL, "a command that does not exist is taken: %s",
                         talk->shown);
  if (answer != TALK_NO)
    return talk_untold(talk);
  if (talk->reply.code != 500 && talk->reply.code != 502)
    return talk_conclude(talk, PROBE_PASS, "refused with %u, where 500 is usual", talk->reply.code);
  return PROBE_PASS;
}

enum probe_status ask_foreign(struct talk *talk)
{
  enum talk_answer answer;

  if (!talk_anew(talk, TALK_CONNECTED))
    return PROBE_UNKNOWN;
  answer = talk_ask(talk, "GET / HTTP/1.0");
  if (answer == TALK_GONE || talk->reply.code == 221 ||
      (answer == TALK_NOTHING && talk->trouble == TALK_HUNG_UP)) {
    talk_drop(talk);
    return PROBE_PASS;
  }
  if (answer == TALK_NOTHING)
    return talk_untold(talk);
  if (answer == TALK_YES) {
    talk_drop(talk);
    return talk_conclude(talk, PROBE_FAIL, "HTTP is answered with %s", talk->shown);
  }
  if (talk_ask(talk, "NOOP") == TALK_NOTHING && talk->trouble == TALK_HUNG_UP)
    return PROBE_PASS;
  return talk_conclude(talk, PROBE_WARN, "refused, but the session goes on");
}

/* Lines: one command in, one reply out */

/* What came of bytes that are one command by the book. */
struct heard {
  enum talk_answer first;
  unsigned replies; /* 0: it cannot be told */
};

static struct heard ask_bytes(struct talk *talk, struct span bytes)
{
  struct heard heard = {.first = TALK_NOTHING};

  if (!talk_at(talk, TALK_GREETED) || !talk_send(talk, bytes))
    return heard;
  heard.first = talk_read(talk);
  if (heard.first == TALK_GONE || (heard.first == TALK_NOTHING && talk->trouble == TALK_HUNG_UP))
    heard.replies = 1;
  else if (heard.first != TALK_NOTHING)
    heard.replies = 1 + talk_drain(talk);
  return heard;
}

enum probe_status ask_long(struct talk *talk)
{
  static const size_t lengths[] = {600, 5000};
  char line[5000];

  for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
    unsigned replies;

    memset(line, 'x', lengths[i]);
    memcpy(line, "NOOP ", 5);
    memcpy(line + lengths[i] - 2, "\r\n", 2);
    replies = ask_bytes(talk, (struct span){line, lengths[i]}).replies;
    if (replies == 0)
      return talk->over ? PROBE_UNKNOWN : talk_untold(talk);
    if (replies > 1)
      return talk_conclude(talk, PROBE_FAIL, "one line of %zu octets got %u replies", lengths[i],
                           replies);
  }
  return PROBE_PASS;
}

/* A line end that is none: two commands are taken, one, or the line is refused. */
static enum probe_status judge_line_end(struct talk *talk, struct span bytes,
                                        enum probe_status when_taken, const char *shown)
{
  struct heard heard = ask_bytes(talk, bytes);

  if (heard.replies == 0)
    return talk->over ? PROBE_UNKNOWN : talk_untold(talk);
  if (heard.first != TALK_YES)
    return talk_conclude(talk, PROBE_PASS, "such a line is refused");
  if (heard.replies > 1)
    return talk_conclude(talk, when_taken, "%s is read as two commands", shown);
  return PROBE_PASS;
}

enum probe_status ask_line_lf(struct talk *talk)
{
  return judge_line_end(talk, SPAN("NOOP\nNOOP\r\n"), PROBE_WARN, "NOOP<LF>NOOP");
}

enum probe_status ask_line_cr(struct talk *talk)
{
  return judge_line_end(talk, SPAN("NOOP\rNOOP\r\n"), PROBE_FAIL, "NOOP<CR>NOOP");
}

/* Outside a message, where it is refused and nothing can come of what follows. */
enum probe_status ask_chunking(struct talk *talk)
{
  struct heard heard;

  if (!talk_at(talk, TALK_GREETED))
    return PROBE_UNKNOWN;
  if ((talk->extensions & TALK_CHUNKING) == 0)
    return talk_conclude(talk, PROBE_PASS, "CHUNKING is not offered");
  heard = ask_bytes(talk, SPAN("BDAT 6\r\nNOOP\r\n"));
  if (heard.replies == 0)
    return talk->over ? PROBE_UNKNOWN : talk_untold(talk);
  if (heard.first == TALK_LATER)
    return talk_conclude(talk, PROBE_UNKNOWN, "BDAT is deferred, or needs STARTTLS or a login");
  if (heard.replies > 1)
    return talk_conclude(talk, PROBE_FAIL, "the octets after BDAT are read as a command");
  if (heard.first == TALK_YES)
    return talk_conclude(talk, PROBE_WARN, "BDAT without MAIL is taken");
  return PROBE_PASS;
}
