/*
 * What a rule means, from the tables, and its reply to an example.
 */
#include "explain.h"

#include "page.h"

#include "../doors/smtp.h"

#include <string.h>

#define A100                                                                                       \
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
  "aaaaaa"

/* A path that breaks the rule of this aspect and no other. */
static const char *const bad_paths[] = {
    [ASPECT_BRACKETS] = "user@example.com",
    [ASPECT_SYNTAX] = "<user@@example.com>",
    [ASPECT_UNQUALIFIED] = "<user@mail>",
    [ASPECT_DOTS] = "<user..name@example.com>",
    [ASPECT_LENGTH] = "<" A100 "@example.com>",
    [ASPECT_UNDERSCORE] = "<user@my_host.example>",
    [ASPECT_UTF8] = "<j\xc3\xb6rg@example.com>",
    [ASPECT_IDN] = "<user@xn--a.example>",
    [ASPECT_LITERAL] = "<user@[192.0.2.256]>",
    [ASPECT_PARAMETERS] = "<user@example.com> KEYWORD=",
};

/* A line that breaks the rule, by itself or, as the place where it shows, after what came before.
 */
static const char *const bad_lines[RULE_COUNT] = {
    [RULE_HELO_SYNTAX] = "EHLO my computer",
    [RULE_HELO_BARE_ADDRESS] = "EHLO 192.0.2.1",
    [RULE_HELO_UNQUALIFIED] = "EHLO pc7",
    [RULE_HELO_UNDERSCORE] = "EHLO my_pc.example.com",
    [RULE_HELO_OURS] = "EHLO mx.example.org",
    [RULE_HELO_LISTED] = "EHLO ylmf-pc",
    [RULE_HELO_CHANGED] = "EHLO another.example.com",
    [RULE_HELO_MISSING] = "MAIL FROM:<user@example.com>",
    [RULE_RECIPIENT_MANY] = "RCPT TO:<user@example.com>",
    [RULE_BOUNCE_RECIPIENTS] = "RCPT TO:<user@example.com>",
    [RULE_SEQUENCE_ABANDONED] = "MAIL FROM:<user@example.com>",
    [RULE_SEQUENCE_MAIL] = "MAIL FROM:<user@example.com>",
    [RULE_SEQUENCE_RCPT] = "RCPT TO:<user@example.com>",
    [RULE_SEQUENCE_DATA] = "DATA",
    [RULE_PROBE_RECIPIENTS] = "MAIL FROM:<user@example.com>",
    [RULE_PROBE_VRFY] = "VRFY alice",
    [RULE_PROBE_CALLOUT] = "MAIL FROM:<>",
    [RULE_PROBE_COMMANDS] = "HELLO mail.example.com",
    [RULE_CLIENT_REFUSED] = "MAIL FROM:<user@example.com>",
    [RULE_COMMAND_VRFY] = "VRFY alice",
    [RULE_COMMAND_EXPN] = "EXPN staff",
    [RULE_COMMAND_TURN] = "TURN",
    [RULE_COMMAND_SEND] = "SEND FROM:<user@example.com>",
    [RULE_COMMAND_SOML] = "SOML FROM:<user@example.com>",
    [RULE_COMMAND_SAML] = "SAML FROM:<user@example.com>",
    [RULE_COMMAND_HELP] = "HELP",
    [RULE_COMMAND_UNKNOWN] = "HELLO mail.example.com",
    [RULE_COMMAND_FOREIGN] = "GET / HTTP/1.1",
    [RULE_COMMAND_LONG] = "X" A100 A100 A100 A100 A100 A100,
    [RULE_COMMAND_ARGUMENT] = "MAIL",
    [RULE_LINE_END] = "NOOP",
};

/* The example line of a rule; `memory` may be used for it. */
static struct span example_of(enum rule rule, struct text *memory)
{
  size_t aspect = ((size_t)rule - RULE_SENDER_BRACKETS) / 2; /* they stand in pairs */

  if (bad_lines[rule] != NULL || aspect >= sizeof(bad_paths) / sizeof(bad_paths[0]))
    return span_from(bad_lines[rule]);
  text_add(memory, rule_entry(rule)->stage == STAGE_MAIL ? "MAIL FROM:" : "RCPT TO:");
  text_add(memory, bad_paths[aspect]);
  return text_span(memory);
}

/* The same policy with this rule alone in force, for everybody. */
static struct policy only_rule(const struct policy *policy, enum rule rule)
{
  struct policy only = *policy;

  for (enum rule other = 0; other < RULE_COUNT; other++)
    only.rules[other].action = other == rule ? ACTION_REFUSE : ACTION_OFF;
  only.mode = POLICY_ENFORCE;
  only.speak = POLICY_SPEAK_AT_ONCE;
  only.exempt_network_count = 0;
  only.exempt_daemons.count = 0;
  return only;
}

/* The verdict that the example gets, or would get at the end of a longer story. */
static struct verdict example_verdict(const struct explain *explain, enum rule rule,
                                      struct span line, struct question *question)
{
  struct policy only = only_rule(explain->policy, rule);
  struct session session;
  struct judgement judgement;

  session_begin(&session, explain->client);
  smtp_question(line, false, question);
  explain_lead_up_to(&session, question->stage);
  session_note(&session, question);
  policy_judge(&only, &session, question, &judgement);
  if (judgement.verdict.rule == rule)
    return judgement.verdict;
  return (struct verdict){.rule = rule, .prefix = question->prefix, .subject = question->argument};
}

static void say_example(const struct explain *explain, enum rule rule)
{
  char memory[256];
  struct text text = text_in(memory, sizeof(memory));
  struct question question;
  struct verdict verdict = example_verdict(explain, rule, example_of(rule, &text), &question);

  explain_reply(explain, "Reply, for an example", &verdict);
}

static void say_decided(const struct explain *explain, const struct rule_entry *entry)
{
  char memory[160];
  struct text text = text_in(memory, sizeof(memory));

  text_add(&text, entry->stage == STAGE_COMMAND ? "at other commands" : "at ");
  if (entry->stage != STAGE_COMMAND)
    text_add(&text, stage_name(entry->stage));
  if ((entry->flags & RULE_FLAG_HELD) != 0)
    text_add(&text, ", spoken at RCPT unless speak = \"at-once\"");
  if ((entry->flags & RULE_FLAG_NATIVE) != 0)
    text_add(&text, ", where the mail server does not decide it itself before a milter is asked");
  page_say(explain->page, "Decided", text_span(&text));
}

/* What it does by default, and what it does here when that is something else. */
static void say_settings(const struct explain *explain, enum rule rule)
{
  char built_in[64], here[64];
  struct text of_table = text_in(built_in, sizeof(built_in)),
              in_force = text_in(here, sizeof(here));
  struct policy defaults;

  policy_defaults(&defaults);
  explain_add_setting(&of_table, &defaults, rule);
  explain_add_setting(&in_force, explain->policy, rule);
  page_say(explain->page, "By default", text_span(&of_table));
  if (strcmp(built_in, here) != 0)
    page_say(explain->page, "In force", text_span(&in_force));
  page_say_string(explain->page, "Policy", explain->settings);
}

static void say_how_to_set(const struct explain *explain, enum rule rule)
{
  const struct rule_entry *entry = rule_entry(rule);
  bool answers = reply_is_positive(entry->status.code) || rule == RULE_COMMAND_VRFY;
  char memory[160];
  struct text text = text_in(memory, sizeof(memory));

  text_add(&text, "rules: { ");
  text_add(&text, entry->name);
  text_add(&text, " = \"monitor\"; };     or \"off\", \"refuse\"");
  text_add(&text, answers ? ", \"answer\"" : "");
  if ((entry->flags & RULE_FLAG_NAMES) == 0) /* it is nothing without its names */
    page_line(explain->page, "In the configuration", memory);
  text_clear(&text);
  text_add(&text, "rules: { ");
  text_add(&text, entry->name);
  text_add(&text, " = { action = \"refuse\"; ");
  if (entry->limit != RULE_NO_LIMIT)
    text_add(&text, "limit = 100; };");
  else if ((entry->flags & RULE_FLAG_NAMES) != 0)
    text_add(&text, "names = [ \"ylmf-pc\" ]; };");
  else
    text_add(&text, "text = \"...\"; };");
  text_add(&text, " };");
  page_line(explain->page, "In the configuration", memory);
}

void explain_rule(const struct explain *explain, enum rule rule)
{
  const struct rule_entry *entry = rule_entry(rule);

  page_title(explain->page, entry->name, entry->summary);
  say_decided(explain, entry);
  say_settings(explain, rule);
  page_say_string(explain->page, "Cause", entry->cause);
  page_say_string(explain->page, "Remedy", entry->remedy);
  page_say_string(explain->page, "Source", entry->source);
  say_how_to_set(explain, rule);
  say_example(explain, rule);
}
