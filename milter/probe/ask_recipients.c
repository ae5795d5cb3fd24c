/*
 * RCPT with addresses and parameters that are malformed, and with one that must work.
 */
#include "ask.h"

#include <string.h>

/* %u: a local part, %d: the domain; both of a mailbox that exists */
struct form {
  const char *path;
  const char *words; /* how a note names it */
};

static void write_path(const struct talk *talk, const char *path, struct text *out)
{
  const char *user = talk->options->user;

  for (; *path != '\0'; path++) {
    if (path[0] != '%') {
      text_add_byte(out, *path);
      continue;
    }
    path++;
    text_add(out, *path == 'd' ? talk->domain : user != NULL ? user : "postmaster");
  }
}

static enum talk_answer ask_path(struct talk *talk, const char *path)
{
  char memory[900];
  struct text line = text_in(memory, sizeof(memory));
  enum talk_answer answer;

  if (!talk_at(talk, TALK_MAIL))
    return TALK_NOTHING;
  write_path(talk, path, &line);
  answer = talk_ask(talk, "RCPT TO:%s", memory);
  if (answer == TALK_NOTHING || answer == TALK_GONE) {
    (void)talk_untold(talk);
    return TALK_NOTHING;
  }
  return answer;
}

/* Refused because nobody is called so, and not because nobody can be. */
static bool is_nobody(const struct talk *talk)
{
  struct span rest = smtp_reply_bytes(&talk->reply), line = {NULL, 0};
  struct smtp_enhanced enhanced;

  (void)smtp_reply_next(&rest, &line);
  line = smtp_reply_text(line);
  if (smtp_enhanced_parse(line, &enhanced)) /* RFC 3463, 3.2 */
    return enhanced.subject == 1 && enhanced.detail == 1;
  return ask_means_nobody(line);
}

/* A refusal tells something only where the mailbox, well written, is taken. */
static enum probe_status ask_forms(struct talk *talk, const struct form *forms)
{
  struct ask_list taken, unknown;
  unsigned deferred = 0;

  ask_list_begin(&taken);
  ask_list_begin(&unknown);
  for (size_t i = 0; forms[i].path != NULL; i++) {
    enum talk_answer answer = ask_path(talk, forms[i].path);

    if (answer == TALK_NOTHING)
      return PROBE_UNKNOWN;
    if (answer == TALK_YES)
      ask_list_add(&taken, forms[i].words);
    if (answer == TALK_NO && is_nobody(talk))
      ask_list_add(&unknown, forms[i].words);
    /* 454 is how Postfix refuses to relay: final, whatever its class. */
    deferred += answer == TALK_LATER && talk->reply.code != 454;
  }
  if (taken.count > 0)
    return talk_conclude(talk, PROBE_WARN, "taken: %s", taken.memory);
  if (deferred > 0)
    return talk_conclude(talk, PROBE_UNKNOWN, "%u were deferred only", deferred);
  if (!ask_recipient_works(talk))
    return PROBE_UNKNOWN;
  if (unknown.count > 0)
    return talk_conclude(talk, PROBE_PASS, "refused as unknown users only: %s", unknown.memory);
  return PROBE_PASS;
}

enum probe_status ask_recipient_brackets(struct talk *talk)
{
  static const struct form bare[] = {{"postmaster", "RCPT TO:postmaster"}, {NULL, NULL}};
  static const struct form full[] = {{"%u@%d", "RCPT TO:user@domain"}, {NULL, NULL}};

  return ask_forms(talk, talk->options->user != NULL ? full : bare);
}

enum probe_status ask_recipient_syntax(struct talk *talk)
{
  static const struct form forms[] = {
      {"<%u@@%d>", "<user@@domain>"},      {"<%u x@%d>", "<us er@domain>"},
      {"<%u..@%d>", "<user..@domain>"},    {"<.%u@%d>", "<.user@domain>"},
      {"<%u@[999.1.1.1]>", "[999.1.1.1]"}, {NULL, NULL}};

  return ask_forms(talk, forms);
}

enum probe_status ask_recipient_unqualified(struct talk *talk)
{
  static const struct form forms[] = {{"<%u>", "<user>"}, {NULL, NULL}};

  return ask_forms(talk, forms);
}

enum probe_status ask_recipient_utf8(struct talk *talk)
{
  static const struct form forms[] = {
      {"<\xc3\xbc%u@%d>", "UTF-8"}, {"<\xff%u@%d>", "bytes that are not UTF-8"}, {NULL, NULL}};

  return ask_forms(talk, forms);
}

enum probe_status ask_recipient_parameters(struct talk *talk)
{
  static const struct form bare[] = {{"<postmaster> XPROBE=1", "an unknown one"},
                                     {"<postmaster> =1", "one without a name"},
                                     {NULL, NULL}};
  static const struct form full[] = {
      {"<%u@%d> XPROBE=1", "an unknown one"}, {"<%u@%d> =1", "one without a name"}, {NULL, NULL}};

  return ask_forms(talk, talk->options->user != NULL ? full : bare);
}

enum probe_status ask_postmaster(struct talk *talk)
{
  struct span rest, line = {NULL, 0};
  struct smtp_enhanced enhanced;
  enum talk_answer answer = ask_path(talk, "<postmaster>");

  if (answer == TALK_YES)
    return PROBE_PASS;
  if (answer != TALK_NO)
    return answer == TALK_LATER ? talk_untold(talk) : PROBE_UNKNOWN;
  rest = smtp_reply_bytes(&talk->reply);
  (void)smtp_reply_next(&rest, &line);
  /* RFC 3463, 3.8: x.7.x is policy; it may be us who are not liked */
  if (smtp_enhanced_parse(smtp_reply_text(line), &enhanced) && enhanced.subject == 7)
    return talk_conclude(talk, PROBE_WARN, "refused to us by policy: %s", talk->shown);
  return talk_conclude(talk, PROBE_FAIL, "refused: %s", talk->shown);
}
