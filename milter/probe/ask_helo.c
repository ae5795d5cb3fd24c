/*
 * What names a client may greet with. Many servers say what they think of a name at RCPT only, and
 * not to mail for postmaster: without a mailbox that exists it cannot be told then.
 */
#include "ask.h"

/* A session that begins with this name: refused at EHLO, MAIL or RCPT, taken, or not told, and then
 * the note says why. */
static enum talk_answer ask_with_name(struct talk *talk, const char *name)
{
  enum talk_answer answer;

  if (!talk_anew(talk, TALK_CONNECTED))
    return TALK_NOTHING;
  answer = talk_ask(talk, "EHLO%s%s", name[0] == '\0' ? "" : " ", name);
  if (answer == TALK_YES && talk->options->user != NULL) {
    answer = talk_ask(talk, "MAIL FROM:<%s>", talk->options->from);
    if (answer == TALK_YES)
      answer = ask_recipient(talk);
  }
  if (answer == TALK_NOTHING || answer == TALK_LATER)
    (void)talk_untold(talk);
  talk_leave(talk); /* a session under a wrong name is good for nothing else */
  return answer;
}

enum probe_status ask_helo_syntax(struct talk *talk)
{
  static const char *const names[] = {"", "mail..example.com", "[999.1.1.1]"};
  struct ask_list taken;
  unsigned deferred = 0;

  ask_list_begin(&taken);
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    enum talk_answer answer = ask_with_name(talk, names[i]);

    if (answer == TALK_NOTHING)
      return PROBE_UNKNOWN;
    if (answer == TALK_YES)
      ask_list_add(&taken, names[i][0] == '\0' ? "EHLO without a name" : names[i]);
    deferred += answer == TALK_LATER;
  }
  if (taken.count == 0 && deferred > 0)
    return PROBE_UNKNOWN;
  if (taken.count == 0)
    return PROBE_PASS;
  if (talk->options->user == NULL)
    return talk_conclude(talk, PROBE_UNKNOWN,
                         "taken at EHLO: %s; whether RCPT refuses, --user tells", taken.memory);
  return talk_conclude(talk, PROBE_WARN, "taken: %s", taken.memory);
}

enum probe_status ask_helo_ours(struct talk *talk)
{
  enum talk_answer answer;

  if (!ask_recipient_works(talk))
    return PROBE_UNKNOWN;
  if (talk->host[0] == '\0')
    return talk_conclude(talk, PROBE_UNKNOWN, "the greeting has no name");
  answer = ask_with_name(talk, talk->host);
  if (answer == TALK_NOTHING || answer == TALK_LATER)
    return PROBE_UNKNOWN;
  if (answer == TALK_YES && ask_is(talk, PROBE_FLAG_HOME))
    return talk_conclude(talk, PROBE_UNKNOWN, "from the machine itself the name is right");
  if (answer == TALK_YES)
    return talk_conclude(talk, PROBE_WARN, "EHLO %.200s is taken from us", talk->host);
  return PROBE_PASS;
}
