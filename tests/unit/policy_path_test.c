/*
 * Judgement of MAIL and RCPT: which rule speaks for which fault, and when several are broken.
 */
#include "play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

/* Every address rule with a path that breaks it alone. */
static const struct {
  const char *word;
  const char *path;
  unsigned at;
} broken[] = {
    {"brackets", "user@example.com", 0},
    {"syntax", "<user@@example.com>", 6},
    {"unqualified", "<user@example>", 6},
    {"dots", "<a..b@example.com>", 3},
    {"length", "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com>",
     65},
    {"underscore", "<user@my_host.example>", 8},
    {"utf8", "<j\xc3\xb6rg@example.com>", 2},
    {"idn", "<user@xn--a.example>", 6},
    {"literal", "<user@[192.0.2.256]>", 17},
    {"parameters", "<user@example.com> =", 0},
};

static void judge_broken(size_t row, const char *who, const char *verb)
{
  char rule[32], line[160], want[64], memory[256];
  struct text got = text_in(memory, sizeof(memory));
  struct play play;
  const struct rule_entry *entry;

  snprintf(rule, sizeof(rule), "%s-%s", who, broken[row].word);
  snprintf(line, sizeof(line), "%s %s", verb, broken[row].path);
  play_begin(&play);
  play_say(&play, "HELO client.example");
  if (strcmp(verb, "RCPT") == 0)
    play_say(&play, "MAIL <a@b.example>");
  play_say(&play, line);
  play_judgement(&play, &got);
  entry = rule_entry(rule_find(span_from(rule)));
  snprintf(want, sizeof(want), "%s%s@%u", entry->action == ACTION_MONITOR ? "~" : "", rule,
           broken[row].at);
  if (strcmp(got.at, want) != 0)
    fail_msg("%s: got \"%s\", want \"%s\"", line, got.at, want);
}

static void each_fault_has_its_rule(void **state)
{
  (void)state;
  assert_int_equal(sizeof(broken) / sizeof(broken[0]), ASPECT_PARAMETERS + 1);
  for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
    judge_broken(i, "sender", "MAIL");
    judge_broken(i, "recipient", "RCPT");
  }
}

static void lengths_refused(struct play *play)
{
  play_action(play, "sender-length", ACTION_REFUSE);
}

static void brackets_tolerated(struct play *play)
{
  play_action(play, "sender-brackets", ACTION_OFF);
}

static void parameters_watched(struct play *play)
{
  play_action(play, "sender-parameters", ACTION_MONITOR);
}

#define GREETED                                                                                    \
  {                                                                                                \
    "HELO client.example", ""                                                                      \
  }
#define BEGUN                                                                                      \
  GREETED,                                                                                         \
  {                                                                                                \
    "MAIL <a@b.example>", ""                                                                       \
  }
#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct play_row paths[] = {
    {"null sender", NULL, {GREETED, {"MAIL <>", ""}}},
    {"postmaster is no sender", NULL, {GREETED, {"MAIL <postmaster>", "sender-unqualified@11"}}},
    {"postmaster is a recipient", NULL, {BEGUN, {"RCPT <Postmaster>", ""}}},
    {"a recipient cannot be null", NULL, {BEGUN, {"RCPT <>", "recipient-syntax@1"}}},
    {"a source route is passed over", NULL, {BEGUN, {"RCPT <@a.example,@b.example:u@d.e>", ""}}},
    {"no path at all", NULL, {GREETED, {"MAIL", "sender-syntax@0"}}},
    {"SMTPUTF8 carries to the recipients",
     NULL,
     {GREETED,
      {"MAIL <j\xc3\xb6rg@d.e> SMTPUTF8", ""},
      {"RCPT <j\xc3\xb6rg@d.e>", ""},
      {"RSET", ""},
      {"MAIL <a@b.example>", ""},
      {"RCPT <j\xc3\xb6rg@d.e>", "recipient-utf8@2"}}},
    {"invalid UTF-8 is refused in spite of SMTPUTF8",
     NULL,
     {GREETED, {"MAIL <j\xc3rg@d.e> SMTPUTF8", "sender-utf8@2"}}},
    {"the first wrong byte speaks", NULL, {GREETED, {"MAIL <a..b@@c.example>", "sender-dots@3"}}},
    {"a monitored one does not speak for it",
     NULL,
     {GREETED, {"MAIL <" LONG "@a@b.example>", "sender-syntax@71 ~sender-length@65"}}},
    {"unless it is set to refuse",
     lengths_refused,
     {GREETED, {"MAIL <" LONG "@a@b.example>", "sender-length@65"}}},
    {"missing brackets come before what they would hold",
     NULL,
     {GREETED, {"MAIL user@@example.com", "sender-brackets@0"}}},
    {"a rule that is off hides no other",
     brackets_tolerated,
     {GREETED, {"MAIL user@@example.com", "sender-syntax@5"}, {"MAIL user@example.com", ""}}},
    {"the address comes before the parameters",
     NULL,
     {GREETED, {"MAIL <a@@b.example> SIZE=x", "sender-syntax@3"}}},
    {"parameters",
     NULL,
     {GREETED,
      {"MAIL <a@b.example> SIZE=10 BODY=8BITMIME", ""},
      {"MAIL <a@b.example> SIZE=x", "sender-parameters@5"},
      {"MAIL <a@b.example> SIZE=1 size=1", "sender-parameters@0"},
      {"MAIL <a@b.example> X-OWN=1", ""}}},
    {"parameters of a recipient",
     NULL,
     {BEGUN,
      {"RCPT <c@d.example> NOTIFY=NEVER", ""},
      {"RCPT <c@d.example> NOTIFY=OFTEN", "recipient-parameters@7"}}},
    {"watched parameters are noticed",
     parameters_watched,
     {GREETED, {"MAIL <a@b.example> SIZE=x", "~sender-parameters@5"}}},
};

static void bounces_refused(struct play *play)
{
  play_action(play, "bounce-recipients", ACTION_REFUSE);
}

static void two_recipients(struct play *play)
{
  play_action(play, "recipient-many", ACTION_REFUSE);
  play->policy.rules[RULE_RECIPIENT_MANY].limit = 2;
}

static void two_in_monitor_mode(struct play *play)
{
  two_recipients(play);
  play->policy.mode = POLICY_MONITOR;
}

#define BOUNCE                                                                                     \
  GREETED,                                                                                         \
  {                                                                                                \
    "MAIL <>", ""                                                                                  \
  }

static const struct play_row counts[] = {
    {"a bounce to one", bounces_refused, {BOUNCE, {"RCPT <a@b.example>", ""}, {"DATA", ""}}},
    {"a bounce to two",
     bounces_refused,
     {BOUNCE, {"RCPT <a@b.example>", ""}, {"RCPT <c@d.example>", "bounce-recipients"}}},
    {"a bounce to two is noticed by default",
     NULL,
     {BOUNCE, {"RCPT <a@b.example>", ""}, {"RCPT <c@d.example>", "~bounce-recipients"}}},
    {"a recipient that was refused here does not count",
     bounces_refused,
     {BOUNCE,
      {"RCPT <a@@b.example>", "recipient-syntax@3"},
      {"RCPT <a@b.example>", ""},
      {"RCPT <c@@d.example>", "recipient-syntax@3"},
      {"RCPT <c@d.example>", "bounce-recipients"},
      {"RCPT <e@f.example>", "bounce-recipients"}}},
    {"a recipient that the MTA refused does not count",
     bounces_refused,
     {BOUNCE, {"REJECTED <a@b.example>", ""}, {"RCPT <a@b.example>", ""}}},
    {"a second bounce counts anew",
     bounces_refused,
     {BOUNCE,
      {"RCPT <a@b.example>", ""},
      {"DATA", ""},
      {"MAIL <>", ""},
      {"RCPT <c@d.example>", ""}}},
    {"other mail may go to many",
     bounces_refused,
     {BEGUN, {"RCPT <a@b.example>", ""}, {"RCPT <c@d.example>", ""}}},
    {"the limit is met",
     two_recipients,
     {BEGUN,
      {"RCPT <a@b.example>", ""},
      {"RCPT <c@d.example>", ""},
      {"RCPT <e@f.example>", "recipient-many"},
      {"RCPT <g@h.example>", "recipient-many"},
      {"DATA", ""}}},
    {"a malformed one too many is malformed, not deferred",
     two_recipients,
     {BEGUN,
      {"RCPT <a@b.example>", ""},
      {"RCPT <c@d.example>", ""},
      {"RCPT <e@@f.example>", "recipient-syntax@3"}}},
    {"there is no limit by default",
     NULL,
     {BEGUN, {"RCPT <a@b.example>", ""}, {"RCPT <c@d.example>", ""}, {"RCPT <e@f.example>", ""}}},
    {"the next message has its own count",
     two_recipients,
     {BEGUN,
      {"RCPT <a@b.example>", ""},
      {"RCPT <c@d.example>", ""},
      {"RSET", ""},
      {"MAIL <a@b.example>", ""},
      {"RCPT <a@b.example>", ""}}},
    {"monitor mode: what would be refused for itself is not too many as well",
     two_in_monitor_mode,
     {BEGUN,
      {"RCPT <a@b.example>", ""},
      {"RCPT <c@d.example>", ""},
      {"RCPT <e@@f.example>", "~recipient-syntax@3"},
      {"RCPT <e@f.example>", "~recipient-many"}}},
};

PLAYS(judges_paths_and_parameters, paths)
PLAYS(counts_recipients, counts)

static void shows_the_bad_parameter_alone(void **state)
{
  struct play play;

  (void)state;
  play_begin(&play);
  play_say(&play, "HELO client.example");
  play_say(&play, "MAIL <a@b.example> BODY=8BITMIME SIZE=x RET=HDRS");
  assert_int_equal(play.judgement.verdict.rule, RULE_SENDER_PARAMETERS);
  assert_true(span_equals(play.judgement.verdict.subject, SPAN("SIZE=x")));
  assert_true(span_equals(play.judgement.verdict.prefix, SPAN("")));
}

static void shows_the_path_as_it_was_typed(void **state)
{
  struct play play;

  (void)state;
  play_begin(&play);
  play_say(&play, "HELO client.example");
  play_say(&play, "MAIL <a@@b.example> SIZE=1");
  assert_true(span_equals(play.judgement.verdict.subject, SPAN("<a@@b.example>")));
  assert_true(span_equals(play.judgement.verdict.prefix, SPAN("MAIL FROM:")));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_fault_has_its_rule),
      cmocka_unit_test(judges_paths_and_parameters),
      cmocka_unit_test(counts_recipients),
      cmocka_unit_test(shows_the_bad_parameter_alone),
      cmocka_unit_test(shows_the_path_as_it_was_typed),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
