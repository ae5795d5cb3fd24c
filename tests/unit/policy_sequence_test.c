/*
 * Judgement of the order of commands, of abandoned messages, and of commands other than MAIL and
 * RCPT; and what the mode makes of it.
 */
#include "play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static void own_order(struct play *play)
{
  play->session.orders_itself = true;
}

static void own_order_without_helo(struct play *play)
{
  own_order(play);
  play_action(play, "helo-missing", ACTION_OFF);
}

#define HELO                                                                                       \
  {                                                                                                \
    "HELO client.example", ""                                                                      \
  }
#define MAIL                                                                                       \
  {                                                                                                \
    "MAIL <a@b.example>", ""                                                                       \
  }
#define RCPT                                                                                       \
  {                                                                                                \
    "RCPT <c@d.example>", ""                                                                       \
  }
#define DATA                                                                                       \
  {                                                                                                \
    "DATA", ""                                                                                     \
  }
#define RSET                                                                                       \
  {                                                                                                \
    "RSET", ""                                                                                     \
  }

static const struct play_row order[] = {
    {"in order", own_order, {HELO, MAIL, RCPT, RCPT, DATA, RSET, MAIL, RCPT, DATA, RSET}},
    {"MAIL first", own_order, {{"MAIL <a@b.example>", "helo-missing"}}},
    {"MAIL first, where HELO is not asked for", own_order_without_helo, {MAIL, RCPT, DATA}},
    {"RCPT before MAIL", own_order, {HELO, {"RCPT <c@d.example>", "sequence-rcpt"}, MAIL, RCPT}},
    {"RCPT before HELO", own_order, {{"RCPT <c@d.example>", "sequence-rcpt"}}},
    {"DATA before RCPT", own_order, {HELO, MAIL, {"DATA", "sequence-data"}, RCPT, DATA}},
    {"DATA before MAIL", own_order, {HELO, {"DATA", "sequence-data"}}},
    {"MAIL inside a transaction",
     own_order,
     {HELO, MAIL, {"MAIL <e@f.example>", "sequence-mail"}, RCPT, DATA}},
    {"MAIL after RCPT",
     own_order,
     {HELO, MAIL, RCPT, {"MAIL <e@f.example>", "sequence-mail"}, DATA}},
    {"MAIL after RSET", own_order, {HELO, MAIL, RCPT, RSET, MAIL, RCPT, DATA}},
    {"EHLO ends a transaction", own_order, {HELO, MAIL, RCPT, HELO, MAIL, RCPT, DATA}},
    {"a refused MAIL begins nothing",
     own_order,
     {HELO, {"MAIL <a@@b.example>", "sender-syntax@3"}, {"RCPT <c@d.example>", "sequence-rcpt"}}},
    {"a refused RCPT allows no DATA",
     own_order,
     {HELO, MAIL, {"RCPT <c@@d.example>", "recipient-syntax@3"}, {"DATA", "sequence-data"}}},
    {"other commands disturb nothing",
     own_order,
     {HELO,
      MAIL,
      {"NOOP", ""},
      {"VRFY x", "command-vrfy"},
      RCPT,
      {"XYZZY", "command-unknown"},
      DATA}},
    {"an MTA keeps its own order", NULL, {HELO, RCPT, DATA, MAIL, MAIL, RCPT}},
    {"the order comes before a wrong address",
     own_order,
     {HELO, {"RCPT <c@@d.example>", "sequence-rcpt"}}},
};

static void two_abandoned(struct play *play)
{
  play->policy.rules[RULE_SEQUENCE_ABANDONED].limit = 2;
}

static void two_abandoned_own_order(struct play *play)
{
  two_abandoned(play);
  own_order(play);
}

#define ABANDON MAIL, RCPT, RSET
#define SEND MAIL, RCPT, DATA
#define TOO_MANY                                                                                   \
  {                                                                                                \
    "MAIL <a@b.example>", "sequence-abandoned"                                                     \
  }

static const struct play_row abandoned[] = {
    {"more than the limit", two_abandoned, {HELO, ABANDON, ABANDON, ABANDON, TOO_MANY, TOO_MANY}},
    {"the same without RSET", two_abandoned, {HELO, MAIL, RCPT, MAIL, RCPT, MAIL, RCPT, TOO_MANY}},
    {"the same with EHLO",
     two_abandoned,
     {HELO, MAIL, RCPT, HELO, MAIL, RCPT, HELO, MAIL, RCPT, HELO, TOO_MANY}},
    {"the same at our own door",
     two_abandoned_own_order,
     {HELO, ABANDON, ABANDON, ABANDON, TOO_MANY}},
    {"no more than the limit", two_abandoned, {HELO, ABANDON, ABANDON, SEND, RSET, MAIL}},
    {"a message that is sent forgives the others",
     two_abandoned,
     {HELO, ABANDON, ABANDON, SEND, ABANDON, ABANDON, SEND, MAIL}},
    {"without a recipient nothing is abandoned",
     two_abandoned,
     {HELO, MAIL, RSET, MAIL, RSET, MAIL, RSET, MAIL}},
    {"without an accepted one neither",
     two_abandoned,
     {HELO,
      MAIL,
      {"RCPT <c@@d.example>", "recipient-syntax@3"},
      {"REJECTED <e@f.example>", ""},
      RSET,
      MAIL,
      {"REJECTED <e@f.example>", ""},
      RSET,
      MAIL,
      {"REJECTED <e@f.example>", ""},
      RSET,
      MAIL}},
};

static void vrfy_answered(struct play *play)
{
  assert_int_equal(reply_status_parse(SPAN("252"), &play->policy.rules[RULE_COMMAND_VRFY].status),
                   REPLY_OK);
}

static void commands_off(struct play *play)
{
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    if (rule_entry(rule)->stage == STAGE_COMMAND)
      play->policy.rules[rule].action = ACTION_OFF;
}

static void monitor_mode(struct play *play)
{
  play->policy.mode = POLICY_MONITOR;
}

#define A100                                                                                       \
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
  "aaaaaa"

static const struct play_row commands[] = {
    {"those that every server has", NULL, {{"NOOP", ""}, {"noop x", ""}, {"QUIT", ""}}},
    {"VRFY and its kin",
     NULL,
     {{"VRFY alice", "command-vrfy"},
      {"vrfy", "command-vrfy"},
      {"EXPN staff", "command-expn"},
      {"TURN", "command-turn"},
      {"SEND FROM:<a@b.c>", "command-send"},
      {"SOML FROM:<a@b.c>", "command-soml"},
      {"SAML FROM:<a@b.c>", "command-saml"},
      {"HELP", "command-help"}}},
    {"VRFY with a good answer is answered by us", vrfy_answered, {{"VRFY alice", "command-vrfy"}}},
    {"unknown ones",
     NULL,
     {{"XYZZY", "command-unknown"},
      {" ", "command-unknown"},
      {"VRFYX", "command-unknown"},
      {"\x80\xff", "command-unknown"}}},
    {"other protocols",
     NULL,
     {{"GET / HTTP/1.1", "command-foreign"},
      {"POST /x HTTP/1.0", "command-foreign"},
      {"CONNECT a:25", "command-foreign"},
      {"\x16\x03\x01\x02", "command-foreign"},
      {"SSH-2.0-x", "command-foreign"},
      {"\x05\x01", "command-foreign"}}},
    {"lines that only begin alike",
     NULL,
     {{"GETTY", "command-unknown"}, {"\x16", "command-unknown"}, {"\x05\x02", "command-unknown"}}},
    {"510 bytes of an unknown one",
     NULL,
     {{A100 A100 A100 A100 A100 "0123456789", "command-unknown"},
      {A100 A100 A100 A100 A100 "0123456789+", "command-long"}}},
    {"a known one is never long here",
     NULL,
     {{"VRFY " A100 A100 A100 A100 A100 A100, "command-vrfy"}}},
    {"all of them off",
     commands_off,
     {{"VRFY alice", ""}, {"XYZZY", ""}, {"GET /", ""}, {"HELP", ""}}},
    {"monitor mode",
     monitor_mode,
     {{"VRFY alice", "~command-vrfy"},
      {"MAIL <a@b.example>", "~helo-missing"},
      {"RCPT <c@@d.example>", "~recipient-syntax@3"},
      DATA}},
};

PLAYS(keeps_the_order, order)
PLAYS(counts_abandoned_messages, abandoned)
PLAYS(judges_other_commands, commands)

/* What the door itself found wrong with a line goes before what the line says. */
static void the_door_knows_better(void **state)
{
  struct play play;

  (void)state;
  play_begin(&play);
  question_command(&play.question, SPAN("NOOP"));
  play.question.fault_rule = RULE_LINE_END;
  session_note(&play.session, &play.question);
  policy_judge(&play.policy, &play.session, &play.question, &play.judgement);
  assert_int_equal(play.judgement.verdict.rule, RULE_LINE_END);
}

static void connect_is_never_refused(void **state)
{
  struct play play;

  (void)state;
  play_begin(&play);
  question_connect(&play.question);
  session_note(&play.session, &play.question);
  policy_judge(&play.policy, &play.session, &play.question, &play.judgement);
  assert_true(judgement_is_silent(&play.judgement));
}

/* Whatever a client can do, monitor mode refuses nothing. */
static void monitor_mode_refuses_nothing(void **state)
{
  static const char *const lines[] = {
      "HELO",
      "HELO bad name",
      "HELO 192.0.2.7",
      "HELO mx.example.org",
      "RCPT <a@@b>",
      "MAIL a@b",
      "MAIL <a@@b> SIZE=x",
      "RCPT <>",
      "RCPT x",
      "RCPT <a..b@[x]> =",
      "DATA",
      "MAIL <\xff@a_b.xn--a>",
      "RCPT <\xff>",
      "RCPT <u@-a.b_c>",
      "VRFY alice",
      "EXPN",
      "GET /",
      "XYZZY",
      "HELP",
      "MAIL <>",
      "RCPT <a@b.c>",
      "RCPT <d@e.f>",
  };
  struct play play;

  (void)state;
  for (int own = 0; own < 2; own++) {
    play_begin(&play);
    play.policy.mode = POLICY_MONITOR;
    play.policy.speak = own ? POLICY_SPEAK_AT_ONCE : POLICY_SPEAK_RCPT;
    play.session.orders_itself = own;
    for (enum rule rule = 0; rule < RULE_COUNT; rule++)
      play.policy.rules[rule].action = ACTION_REFUSE;
    for (size_t round = 0; round < 100; round++)
      for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        play_say(&play, lines[(i * 7 + round) % (sizeof(lines) / sizeof(lines[0]))]);
        assert_int_equal(play.judgement.verdict.rule, RULE_NONE);
        assert_true(play.judgement.notice_count <= JUDGEMENT_NOTICES_MAX);
      }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_the_order),          cmocka_unit_test(counts_abandoned_messages),
      cmocka_unit_test(judges_other_commands),    cmocka_unit_test(the_door_knows_better),
      cmocka_unit_test(connect_is_never_refused), cmocka_unit_test(monitor_mode_refuses_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
