/*
 * Checks of the session: greeting, EHLO, who speaks first, commands in one packet, good-bye.
 */
#include "ask.h"
#include "recognise.h"

#include "../policy/hostname.h"

/* "mx.example.org", or an address literal */
static bool is_full_name(const char *host)
{
  struct hostname name;
  struct faults faults = {0};
  struct span span = span_from(host);

  if (span.len > 2 && span.at[0] == '[')
    return true;
  hostname_scan(span, 0, &name, &faults);
  return name.end == span.len && name.labels >= 2;
}

enum probe_status ask_greeting(struct talk *talk)
{
  struct span version;

  if (!talk_anew(talk, TALK_CONNECTED))
    return PROBE_UNKNOWN;
  if (!is_full_name(talk->host))
    return talk_conclude(talk, PROBE_WARN, "it does not begin with a full host name");
  if (recognise_version(span_from(talk->report->greeting), &version))
    return talk_conclude(talk, PROBE_PASS, "it tells the software's version, %.*s",
                         (int)version.len, version.at);
  return PROBE_PASS;
}

/* ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-"); RFC 5321, 4.1.1.1 */
static bool is_keyword(struct span word)
{
  for (size_t i = 0; i < word.len; i++)
    if (!byte_is_letter(word.at[i]) && !byte_is_digit(word.at[i]) && !(word.at[i] == '-' && i > 0))
      return false;
  return word.len > 0;
}

/* Names of the extensions; returns how many keywords are none. */
static unsigned read_extensions(const struct smtp_reply *reply, struct text *names)
{
  struct span rest = smtp_reply_bytes(reply), line;
  unsigned wrong = 0;

  (void)smtp_reply_next(&rest, &line);
  while (smtp_reply_next(&rest, &line)) {
    struct span text = smtp_reply_text(line);
    size_t end = span_find(text, ' ');
    size_t equals = span_find(text, '='); /* "AUTH=PLAIN", for old programs */

    text = span_slice(text, 0, equals < end ? equals : end);
    if (!is_keyword(text))
      wrong++;
    text_add(names, names->len > 0 ? ", " : "");
    text_add_quoted(names, text, "\\");
  }
  return wrong;
}

enum probe_status ask_ehlo(struct talk *talk)
{
  char memory[400];
  struct text names = text_in(memory, sizeof(memory));
  enum talk_answer answer;
  unsigned wrong;

  if (!talk_at(talk, TALK_CONNECTED))
    return PROBE_UNKNOWN;
  answer = talk_ehlo(talk, talk->options->helo);
  if (answer == TALK_NO)
    return talk_conclude(talk, PROBE_FAIL, "EHLO is refused: %s", talk->shown);
  if (answer != TALK_YES)
    return talk_untold(talk);
  wrong = read_extensions(&talk->reply, &names);
  talk_leave(talk);
  if (wrong > 0)
    return talk_conclude(talk, PROBE_WARN, "%u keywords are malformed: %s", wrong, memory);
  return talk_conclude(talk, PROBE_PASS, "%s%s", names.len > 0 ? "offers " : "offers nothing",
                       memory);
}

enum probe_status ask_early_talking(struct talk *talk)
{
  enum talk_answer greeting, answer;

  if (!talk_at(talk, TALK_CONNECTED)) /* a server that does not answer tells nothing */
    return PROBE_UNKNOWN;
  talk_leave(talk);
  if (!talk_open(talk))
    return talk_untold(talk);
  talk_event(talk, "without a wait for the greeting");
  if (!talk_send(talk, SPAN("NOOP\r\n")))
    return talk_conclude(talk, PROBE_PASS, "turned away: %s", talk->why);
  greeting = talk_read(talk);
  if (greeting == TALK_NOTHING && talk->trouble != TALK_HUNG_UP)
    return talk_untold(talk);
  answer = greeting == TALK_YES ? talk_read(talk) : greeting;
  if (greeting == TALK_YES && answer == TALK_NOTHING && talk->trouble != TALK_HUNG_UP)
    return talk_conclude(talk, PROBE_WARN, "the command is lost: %s", talk->why);
  if (answer == TALK_NOTHING)
    return talk_conclude(talk, PROBE_PASS, "turned away: %s", talk->why);
  if (answer == TALK_YES)
    return talk_conclude(talk, PROBE_WARN, "a client that does not wait is served");
  return talk_conclude(talk, PROBE_PASS, "turned away: %s", talk->shown);
}

enum probe_status ask_pipelining(struct talk *talk)
{
  static const enum talk_answer wanted[] = {TALK_YES, TALK_NO, TALK_YES};
  bool alike = false; /* XPROBE is taken, and its reply like the others' */

  if (!talk_at(talk, TALK_GREETED))
    return PROBE_UNKNOWN;
  if ((talk->extensions & TALK_PIPELINING) == 0)
    return talk_conclude(talk, PROBE_PASS, "PIPELINING is not offered");
  if (!talk_send(talk, SPAN("NOOP\r\nXPROBE\r\nRSET\r\n")))
    return talk_untold(talk);
  for (unsigned i = 0; i < 3; i++) {
    enum talk_answer answer = talk_read(talk);

    if (answer == TALK_GONE || (answer == TALK_NOTHING && talk->trouble == TALK_BOUND) ||
        (answer == TALK_LATER && talk_is_conditional(talk))) {
      enum probe_status untold = talk_untold(talk);

      talk_drop(talk); /* replies are under way */
      return untold;
    }
    if (answer == TALK_NOTHING)
      return talk_conclude(talk, PROBE_FAIL, "of three commands %u were answered: %s", i,
                           talk->why);
    if (i == 1 && answer == TALK_YES)
      alike = true;
    else if (answer != wanted[i]) {
      talk_leave(talk);
      return talk_conclude(talk, PROBE_FAIL, "answer %u is not the one to command %u", i + 1,
                           i + 1);
    }
  }
  if (alike)
    return talk_conclude(talk, PROBE_UNKNOWN,
                         "a command that does not exist is taken, so that no order is seen");
  return PROBE_PASS;
}

enum probe_status ask_quit(struct talk *talk)
{
  static const char *const commands[] = {"NOOP", "RSET", "QUIT"};

  if (!talk_at(talk, TALK_GREETED))
    return PROBE_UNKNOWN;
  for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
    enum talk_answer answer = talk_ask(talk, "%s", commands[i]);

    if (answer == TALK_NO || (answer == TALK_LATER && !talk_is_conditional(talk)))
      return talk_conclude(talk, PROBE_FAIL, "%s is refused: %s", commands[i], talk->shown);
    if (answer != TALK_YES)
      return talk_untold(talk);
  }
  if (talk->reply.code != 221) {
    talk_drop(talk);
    return talk_conclude(talk, PROBE_WARN, "QUIT is answered with %u", talk->reply.code);
  }
  if (talk_read(talk) != TALK_NOTHING || talk->trouble == TALK_SILENT) {
    talk_drop(talk);
    return talk_conclude(talk, PROBE_WARN, "the server does not close after QUIT");
  }
  return PROBE_PASS;
}
