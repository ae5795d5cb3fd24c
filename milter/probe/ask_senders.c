/*
 * MAIL with addresses and parameters that are malformed, and with some that must work.
 *
 * A sender counts as taken when a recipient that works is accepted after it, for many servers
 * judge senders at RCPT only.
 */
#include "ask.h"

#include <string.h>

#define LABEL_64 "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
#define LABELS_60 "aaaaaaaaaaaaaaabbbbbbbbbbbbbbbcccccccccccccccddddddddddddddd."
#define SNOWMAN "\xe2\x98\x83" /* a symbol: RFC 5892 has it as DISALLOWED */
#define U_UMLAUT "\xc3\xbc"

/* What follows "MAIL FROM:"; %s is the domain of senders. */
struct form {
  const char *path;
  const char *words; /* how a note names it */
};

/* Whether the sender is taken; NOTHING when that cannot be told. */
static enum talk_answer ask_sender(struct talk *talk, const char *path)
{
  char memory[700];
  struct text line = text_in(memory, sizeof(memory));
  enum talk_answer answer;

  if (!talk_at(talk, TALK_GREETED))
    return TALK_NOTHING;
  for (struct span rest = span_from(path); rest.len > 0;) {
    bool domain = span_starts_nocase(rest, SPAN("%s"));

    if (domain)
      text_add(&line, ask_sender_domain(talk));
    else
      text_add_byte(&line, rest.at[0]);
    rest = span_slice(rest, domain ? 2 : 1, rest.len);
  }
  answer = talk_ask(talk, "MAIL FROM:%s", memory);
  if (answer == TALK_NOTHING || answer == TALK_GONE) {
    (void)talk_untold(talk);
    return TALK_NOTHING;
  }
  return answer;
}

/* The same, and then a recipient. */
static enum talk_answer ask_to_the_end(struct talk *talk, const char *path)
{
  enum talk_answer answer = ask_sender(talk, path);

  if (answer != TALK_YES)
    return answer;
  answer = ask_recipient(talk);
  if (answer == TALK_NOTHING || answer == TALK_GONE) {
    (void)talk_untold(talk);
    return TALK_NOTHING;
  }
  return answer;
}

/* A well-formed sender of the same domain is taken; else the others tell nothing. */
static bool good_sender_works(struct talk *talk)
{
  enum talk_answer answer = ask_to_the_end(talk, "<probe@%s>");

  if (answer == TALK_YES)
    return true;
  if (answer != TALK_NOTHING && talk_is_conditional(talk))
    (void)talk_untold(talk);
  else if (answer != TALK_NOTHING)
    (void)talk_conclude(talk, PROBE_UNKNOWN,
                        "a well-formed sender is not taken either: %.200s; see --from-address and "
                        "--user",
                        talk->shown);
  return false;
}

static enum probe_status ask_forms(struct talk *talk, const struct form *forms)
{
  struct ask_list taken;
  unsigned deferred = 0;

  ask_list_begin(&taken);
  if (!good_sender_works(talk))
    return PROBE_UNKNOWN;
  for (size_t i = 0; forms[i].path != NULL; i++) {
    enum talk_answer answer = ask_to_the_end(talk, forms[i].path);

    if (answer == TALK_NOTHING)
      return PROBE_UNKNOWN;
    if (answer == TALK_YES)
      ask_list_add(&taken, forms[i].words);
    deferred += answer == TALK_LATER;
  }
  if (taken.count > 0)
    return talk_conclude(talk, PROBE_WARN, "taken: %s", taken.memory);
  if (deferred > 0)
    return talk_conclude(talk, PROBE_UNKNOWN, "%u were deferred only", deferred);
  return PROBE_PASS;
}

enum probe_status ask_sender_brackets(struct talk *talk)
{
  static const struct form forms[] = {
      {"probe@%s", "no brackets"}, {"<probe@%s", "one bracket"}, {NULL, NULL}};

  return ask_forms(talk, forms);
}

enum probe_status ask_sender_syntax(struct talk *talk)
{
  static const struct form forms[] = {{"<probe@@%s>", "<user@@domain>"},
                                      {"<pro be@%s>", "<us er@domain>"},
                                      {"<pro\"be@%s>", "<us\"er@domain>"},
                                      {"<probe@-%s>", "<user@-domain>"},
                                      {"<<probe@%s>>", "<<user@domain>>"},
                                      {"<@%s>", "<@domain>"},
                                      {"<probe@>", "<user@>"},
                                      {"<pro\abe@%s>", "<us<BEL>er@domain>"},
                                      {"<probe@%s>x", "<user@domain>x"},
                                      {NULL, NULL}};

  return ask_forms(talk, forms);
}

enum probe_status ask_sender_unqualified(struct talk *talk)
{
  static const struct form forms[] = {
      {"<probe>", "<user>"}, {"<probe@workstation>", "<user@host>"}, {NULL, NULL}};

  return ask_forms(talk, forms);
}

enum probe_status ask_sender_dots(struct talk *talk)
{
  static const struct form forms[] = {{"<pro..be@%s>", "<us..er@domain>"},
                                      {"<.probe@%s>", "<.user@domain>"},
                                      {"<probe.@%s>", "<user.@domain>"},
                                      {NULL, NULL}};

  return ask_forms(talk, forms);
}

enum probe_status ask_sender_length(struct talk *talk)
{
  static const struct form forms[] = {{"<probe@" LABEL_64 ".%s>", "a label of 64 octets"},
                                      {"<probe@" LABELS_60 LABELS_60 LABELS_60 LABELS_60 LABELS_60
                                       "%s>",
                                       "a domain of over 255 octets"},
                                      {NULL, NULL}};

  return ask_forms(talk, forms);
}

enum probe_status ask_sender_literal(struct talk *talk)
{
  static const struct form forms[] = {{"<probe@[999.1.1.1]>", "[999.1.1.1]"},
                                      {"<probe@[IPv6:garbage]>", "[IPv6:garbage]"},
                                      {"<probe@[192.0.2.1>", "[192.0.2.1"},
                                      {NULL, NULL}};

  return ask_forms(talk, forms);
}

enum probe_status ask_sender_utf8(struct talk *talk)
{
  static const struct form forms[] = {{"<pr" U_UMLAUT "be@%s>", "UTF-8"},
                                      {"<pr\xff\xfe@%s>", "bytes that are not UTF-8"},
                                      {NULL, NULL}};

  return ask_forms(talk, forms);
}

enum probe_status ask_sender_idn(struct talk *talk)
{
  static const struct form forms[] = {{"<probe@" SNOWMAN ".%s> SMTPUTF8", "a symbol in the domain"},
                                      {NULL, NULL}};

  if (!talk_at(talk, TALK_GREETED))
    return PROBE_UNKNOWN;
  if ((talk->extensions & TALK_SMTPUTF8) == 0)
    return talk_conclude(talk, PROBE_PASS, "SMTPUTF8 is not offered");
  return ask_forms(talk, forms);
}

enum probe_status ask_sender_parameters(struct talk *talk)
{
  static const struct form forms[] = {{"<probe@%s> XPROBE=1", "an unknown one"},
                                      {"<probe@%s> SIZE=many", "SIZE=many"},
                                      {"<probe@%s> BODY=9BIT", "BODY=9BIT"},
                                      {"<probe@%s> SIZE=100 SIZE=200", "SIZE twice"},
                                      {NULL, NULL}};

  return ask_forms(talk, forms);
}

enum probe_status ask_smtputf8(struct talk *talk)
{
  enum talk_answer answer;

  if (!talk_at(talk, TALK_GREETED))
    return PROBE_UNKNOWN;
  if ((talk->extensions & TALK_SMTPUTF8) == 0) {
    answer = ask_sender(talk, "<> SMTPUTF8");
    if (answer == TALK_YES)
      return talk_conclude(talk, PROBE_WARN, "the parameter is taken and was not offered");
    return answer == TALK_NO ? talk_conclude(talk, PROBE_PASS, "not offered, and refused")
                             : talk_untold(talk);
  }
  answer = ask_sender(talk, "<pr" U_UMLAUT "be@%s> SMTPUTF8");
  if (answer == TALK_YES)
    return PROBE_PASS;
  if (answer != TALK_NO)
    return talk_untold(talk);
  if (ask_sender(talk, "<probe@%s>") != TALK_YES)
    return talk_conclude(talk, PROBE_UNKNOWN,
                         "a sender in ASCII is not taken either; see --from-address");
  return talk_conclude(talk, PROBE_WARN, "it is offered, and a non-ASCII sender is refused");
}

/* The same of a recipient, inside a message; only of a mailbox that exists a refusal tells
 * something. */
static enum talk_answer ask_routed_recipient(struct talk *talk)
{
  char memory[512];
  struct text mailbox = text_in(memory, sizeof(memory));

  if (talk->options->user == NULL)
    return TALK_YES;
  ask_mailbox(talk, &mailbox);
  return talk_ask(talk, "RCPT TO:<@%s:%s>", talk->domain, memory);
}

enum probe_status ask_source_route(struct talk *talk)
{
  enum talk_answer answer;

  if (!good_sender_works(talk))
    return PROBE_UNKNOWN;
  answer = ask_to_the_end(talk, "<@relay.example.com,@relay.example.net:probe@%s>");
  if (answer == TALK_NO)
    return talk_conclude(talk, PROBE_WARN, "refused: %s", talk->shown);
  if (answer != TALK_YES)
    return answer == TALK_LATER ? talk_untold(talk) : PROBE_UNKNOWN;
  answer = ask_routed_recipient(talk);
  if (answer == TALK_NO)
    return talk_conclude(talk, PROBE_WARN, "refused in RCPT: %s", talk->shown);
  return answer == TALK_YES ? PROBE_PASS : talk_untold(talk);
}

/* <> is refused at MAIL: because of us, when another sender is told the very same. */
static enum probe_status judge_refused(struct talk *talk)
{
  char refusal[sizeof(talk->shown)];
  enum talk_answer other;

  memcpy(refusal, talk->shown, sizeof(refusal));
  other = ask_sender(talk, "<probe@%s>");
  if (other == TALK_NO && strcmp(refusal, talk->shown) == 0)
    return talk_conclude(talk, PROBE_UNKNOWN, "any sender is refused: %s", refusal);
  return talk_conclude(talk, PROBE_FAIL, "refused: %s", refusal);
}

/* <> is taken at MAIL and refused at RCPT, which may be about the recipient. */
static enum probe_status judge_refused_late(struct talk *talk)
{
  char refusal[200];
  struct text text = text_in(refusal, sizeof(refusal));

  text_add(&text, talk->shown);
  if (ask_to_the_end(talk, "<probe@%s>") == TALK_YES)
    return talk_conclude(talk, PROBE_FAIL, "refused at RCPT, where another sender is taken: %s",
                         refusal);
  return talk_conclude(talk, PROBE_PASS, "taken at MAIL");
}

enum probe_status ask_null_sender(struct talk *talk)
{
  enum talk_answer answer = ask_sender(talk, "<>");

  if (answer == TALK_NO)
    return judge_refused(talk);
  if (answer != TALK_YES)
    return answer == TALK_LATER ? talk_untold(talk) : PROBE_UNKNOWN;
  answer = ask_recipient(talk);
  if (answer == TALK_YES)
    return PROBE_PASS;
  return answer == TALK_NO ? judge_refused_late(talk) : talk_untold(talk);
}
