/*
 * Probing: what the ledger is told of a session, and how a client hears that it is refused.
 */
#include "probing.h"
#include "verdict.h"

#include "play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

/* What one command makes the session tell: "accepted-recipient*2 vrfy withdrawn 2". */
static void tell(struct session *session, bool end, char *memory, size_t size)
{
  struct ledger_entry entries[LEDGER_EVENT_COUNT];
  unsigned count = probing_entries(session, end, entries);
  struct text text = text_in(memory, size);

  for (unsigned i = 0; i < count; i++) {
    if (i > 0)
      text_add_byte(&text, ' ');
    text_add(&text, ledger_event_name(entries[i].event));
    if (entries[i].times != 1) {
      text_add_byte(&text, '*');
      text_add_number(&text, entries[i].times);
    }
    if (entries[i].withdrawn > 0) {
      text_add(&text, " withdrawn ");
      text_add_number(&text, entries[i].withdrawn);
    }
  }
}

/* RCPT that the MTA has refused, as unknown or otherwise. */
static void refused_rcpt(struct play *play, const char *path, bool unknown)
{
  question_rcpt(&play->question, span_from(path), NULL, 0, false);
  play->question.refused_by_mta = true;
  play->question.unknown_to_mta = unknown;
  session_note(&play->session, &play->question);
}

/*
 * Steps: a line as play_say() takes it; "UNKNOWN path" and "REJECTED path" for RCPT that the MTA
 * refuses; "DELIVERED", and "END" for the session's end. "KNOWN": the ledger has a page.
 */
static void step(struct play *play, const char *say)
{
  if (strncmp(say, "UNKNOWN ", 8) == 0) {
    refused_rcpt(play, say + 8, true);
  } else if (strncmp(say, "REJECTED ", 9) == 0) {
    refused_rcpt(play, say + 9, false);
  } else if (strcmp(say, "DELIVERED") == 0) {
    session_delivered(&play->session);
  } else if (strcmp(say, "KNOWN") == 0) {
    play->session.standing.known = true;
  } else if (strcmp(say, "END") == 0) {
    session_end_transaction(&play->session);
  } else {
    play_say(play, say);
    probing_judged(&play->policy, &play->session, &play->judgement);
  }
}

static const struct {
  const char *name;
  struct {
    const char *say, *want;
  } step[12];
} rows[] = {
    {"mail alone leaves nothing to tell",
     {{"MAIL <a@b.example>", ""},
      {"RCPT <c@d.example>", ""},
      {"DATA", ""},
      {"DELIVERED", ""},
      {"END", ""}}},
    {"of a known client good deeds are told at the end of the message",
     {{"KNOWN", ""},
      {"MAIL <a@b.example>", ""},
      {"RCPT <c@d.example>", ""},
      {"RCPT <e@d.example>", ""},
      {"DATA", ""},
      {"DELIVERED", "accepted-recipient*2 delivered"},
      {"END", ""}}},
    {"good deeds go along with the first wrong one",
     {{"MAIL <a@b.example>", ""},
      {"RCPT <c@d.example>", ""},
      {"RCPT <e@d.example>", ""},
      {"UNKNOWN <x@d.example>", "accepted-recipient*2 unknown-recipient"},
      {"UNKNOWN <y@d.example>", "unknown-recipient"}}},
    {"refusals for other reasons are nobody's fault",
     {{"MAIL <a@b.example>", ""}, {"REJECTED <x@d.example>", ""}, {"END", ""}}},
    {"a call-out", {{"MAIL <>", ""}, {"RCPT <c@d.example>", ""}, {"RSET", "callout"}, {"END", ""}}},
    {"a call-out from postmaster",
     {{"MAIL <postmaster@b.example>", ""}, {"RCPT <c@d.example>", ""}, {"END", "callout"}}},
    {"a bounce to nobody is no call-out",
     {{"MAIL <>", ""}, {"UNKNOWN <x@d.example>", "unknown-recipient"}, {"END", ""}}},
    {"recipients of a message that is not sent are taken back",
     {{"MAIL <a@b.example>", ""},
      {"RCPT <c@d.example>", ""},
      {"UNKNOWN <x@d.example>", "accepted-recipient unknown-recipient"},
      {"RCPT <e@d.example>", ""},
      {"MAIL <a@b.example>", "abandoned withdrawn 1"},
      {"END", ""}}},
    {"a message that the MTA refused in the end was not left",
     {{"MAIL <a@b.example>", ""}, {"RCPT <c@d.example>", ""}, {"DATA", ""}, {"END", ""}}},
    {"VRFY and EXPN", {{"VRFY alice", "vrfy"}, {"EXPN staff", "vrfy"}}},
    {"words that are no commands",
     {{"XYZZY", "unknown-command"}, {"GET / HTTP/1.1", "unknown-command"}}},
    {"commands that are not offered are known all the same", {{"TURN", ""}, {"HELP", ""}}},
    {"malformed arguments",
     {{"MAIL <a@@b.example>", "malformed-command"},
      {"MAIL <a@b.example>", ""},
      {"RCPT <c..c@d.example>", "malformed-command"},
      {"END", ""}}},
    {"a malformed HELO counts once",
     {{"HELO bad name", ""},
      {"MAIL <a@b.example>", ""},
      {"RCPT <c@d.example>", "malformed-command"},
      {"RCPT <e@d.example>", ""},
      {"END", ""},
      {"HELO bad name", ""},
      {"MAIL <a@b.example>", ""},
      {"RCPT <c@d.example>", "malformed-command"}}},
    {"what is only noticed by its rule is no fault",
     {{"MAIL <a@b_c.example>", ""}, {"RCPT <c@d_e.example>", ""}}},
};

static void tells_what_counts(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct play play;

    play_begin(&play);
    step(&play, "HELO client.example");
    for (size_t j = 0; j < 12 && rows[i].step[j].say != NULL; j++) {
      const char *say = rows[i].step[j].say;
      char got[256];

      step(&play, say);
      tell(&play.session, strcmp(say, "DELIVERED") == 0 || strcmp(say, "END") == 0, got,
           sizeof(got));
      if (strcmp(got, rows[i].step[j].want) != 0)
        fail_msg("%s: %s: got \"%s\", want \"%s\"", rows[i].name, say, got, rows[i].step[j].want);
    }
  }
}

static void counts_malformed_arguments_in_monitor_mode(void **state)
{
  struct play play;
  char got[64];

  (void)state;
  play_begin(&play);
  play.policy.mode = POLICY_MONITOR;
  step(&play, "MAIL <a@@b.example>");
  tell(&play.session, false, got, sizeof(got));
  assert_string_equal(got, "malformed-command");
}

static void names_go_by_their_local_part(void **state)
{
  struct ledger_entry entries[LEDGER_EVENT_COUNT];
  struct play play;

  (void)state;
  play_begin(&play);
  step(&play, "MAIL <a@b.example>");
  step(&play, "UNKNOWN <Sales@d.example>");
  assert_int_equal(probing_entries(&play.session, false, entries), 1);
  assert_true(entries[0].hash == ledger_hash(SPAN("sales")));
}

static void codes_for_unknown_recipients(void **state)
{
  static const char *const unknown[] = {"5.1.1", "5.1.0", "5.1.6", "5.2.1"};
  static const char *const other[] = {"",      "5.1.2", "5.1.3", "5.1.10", "5.1.11", "5.7.1",
                                      "4.1.1", "4.7.1", "4.2.0", "5.1",    "local",  "5.1.1 "};

  (void)state;
  for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
    assert_true(probing_is_unknown(span_from(unknown[i])));
  for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
    if (probing_is_unknown(span_from(other[i])))
      fail_msg("%s", other[i]);
}

static void stand_refused(struct play *play)
{
  play->session.standing =
      (struct standing){.known = true, .refused_for = 700, .cause = LEDGER_CAUSE_RECIPIENTS};
}

static void stand_noticed(struct play *play)
{
  stand_refused(play);
  play_action(play, "probe-recipients", ACTION_MONITOR);
}

static void stand_exempt(struct play *play)
{
  stand_refused(play);
  play->session.authenticated = true;
}

static void stand_off(struct play *play)
{
  stand_refused(play);
  play_action(play, "probe-recipients", ACTION_OFF);
}

static const struct play_row standings[] = {
    {"a refused client hears so before anything else",
     stand_refused,
     {{"HELO client.example", ""},
      {"MAIL <a@@b.example>", "probe-recipients"},
      {"VRFY alice", "probe-recipients"},
      {"XYZZY", "probe-recipients"}}},
    {"a recipient is refused, postmaster included",
     stand_refused,
     {{"RCPT <c@d.example>", "probe-recipients"}, {"RCPT <postmaster>", "probe-recipients"}}},
    {"noticed once a transaction, and judged by the other rules",
     stand_noticed,
     {{"HELO client.example", ""},
      {"MAIL <a@b.example>", "~probe-recipients"},
      {"RCPT <c@d.example>", ""},
      {"RCPT <c..c@d.example>", "recipient-dots@3"},
      {"MAIL <a@b.example>", "~probe-recipients"}}},
    {"an exempt client is overlooked",
     stand_exempt,
     {{"HELO client.example", ""}, {"MAIL <a@b.example>", "authenticated:probe-recipients"}}},
    {"a rule that is off", stand_off, {{"HELO client.example", ""}, {"MAIL <a@b.example>", ""}}},
};

PLAYS(refuses_by_standing, standings)

static void tells_who_is_refused_for_good(void **state)
{
  static void (*const pass[])(struct play *) = {stand_noticed, stand_exempt, stand_off};
  struct play play;

  (void)state;
  play_begin(&play);
  assert_false(policy_refuses_standing(&play.policy, &play.session));
  stand_refused(&play);
  assert_true(policy_refuses_standing(&play.policy, &play.session));
  play.policy.mode = POLICY_MONITOR;
  assert_false(policy_refuses_standing(&play.policy, &play.session));
  for (size_t i = 0; i < sizeof(pass) / sizeof(pass[0]); i++) {
    play_begin(&play);
    pass[i](&play);
    assert_false(policy_refuses_standing(&play.policy, &play.session));
  }
}

static void tells_the_time_that_is_left(void **state)
{
  static const struct {
    uint32_t seconds;
    const char *want;
  } times[] = {
      {1, "1 minute"},      {60, "1 minute"},      {61, "2 minutes"},  {700, "12 minutes"},
      {3600, "60 minutes"}, {7199, "120 minutes"}, {7200, "2 hours"},  {7201, "3 hours"},
      {86400, "24 hours"},  {172800, "2 days"},    {604800, "7 days"}, {604801, "8 days"},
  };
  struct reply_lines reply;
  struct policy policy;
  char want[128];

  (void)state;
  policy_defaults(&policy);
  policy.contact = SPAN("postmaster@example.org");
  for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
    struct verdict verdict = {.rule = RULE_PROBE_VRFY, .seconds = times[i].seconds};

    verdict_reply(&policy, &verdict, VERDICT_VOICE_NEGATIVE, &reply);
    snprintf(want, sizeof(want),
             "Closing connection: too many VRFY or EXPN commands; try again in %s (probe-vrfy)",
             times[i].want);
    assert_string_equal(reply.line[0], want);
    assert_int_equal(reply.count, 2);
    assert_non_null(strstr(reply.line[1], "questions to postmaster@example.org"));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_what_counts),
      cmocka_unit_test(counts_malformed_arguments_in_monitor_mode),
      cmocka_unit_test(names_go_by_their_local_part),
      cmocka_unit_test(codes_for_unknown_recipients),
      cmocka_unit_test(refuses_by_standing),
      cmocka_unit_test(tells_who_is_refused_for_good),
      cmocka_unit_test(tells_the_time_that_is_left),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
