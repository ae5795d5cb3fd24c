/*
 * What holds in any conversation under any policy: counts that never run away, verdicts that point
 * into what was said, replies that can be sent. The conversations are random and always the same.
 */
#include "verdict.h"

#include "expect.h"
#include "play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

enum { CONVERSATIONS = 400, LINES = 60 };

static const char *const lines[] = {
    "HELO client.example",
    "HELO other.example",
    "HELO",
    "HELO my_pc!",
    "HELO 192.0.2.7",
    "HELO mx.example.org",
    "HELO [198.51.100.25]",
    "MAIL <a@b.example>",
    "MAIL <>",
    "MAIL <a@@b.example> SIZE=1",
    "MAIL a..b@c SIZE=x",
    "MAIL <j\xc3\xb6@b.example> SMTPUTF8",
    "RCPT <c@d.example>",
    "RCPT <e@f.example>",
    "RCPT <postmaster>",
    "RCPT <\xff@a_b.xn--a>",
    "RCPT",
    "REJECTED <c@d.example>",
    "DATA",
    "RSET",
    "+TLS",
    "+AUTH",
    "VRFY alice",
    "XYZZY",
    "GET / HTTP/1.1",
};

static void any_policy(struct play *play, struct dice *dice)
{
  static const struct span listed[] = {{"*.example", 9}, {"my_pc!", 6}};

  play_begin(play);
  play->policy.mode = dice_roll(dice, 4) == 0 ? POLICY_MONITOR : POLICY_ENFORCE;
  play->policy.speak = dice_roll(dice, 2) == 0 ? POLICY_SPEAK_AT_ONCE : POLICY_SPEAK_RCPT;
  play->policy.detail = dice_roll(dice, 4) == 0 ? POLICY_DETAIL_BRIEF : POLICY_DETAIL_FULL;
  play->policy.rules[RULE_HELO_LISTED].names = (struct names){listed, dice_roll(dice, 3)};
  play->session.orders_itself = dice_roll(dice, 2) == 0;
  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    play->policy.rules[rule].action = (enum rule_action)dice_roll(dice, 3);
    play->policy.rules[rule].limit = 1 + (unsigned)dice_roll(dice, 3);
  }
  if (dice_roll(dice, 8) == 0)
    play_client(play, "127.0.0.1");
}

static void check_verdict(const struct play *play, const struct verdict *verdict, struct span line)
{
  struct span session = {(const char *)&play->session, sizeof(play->session)};
  struct span subject = verdict->subject;
  struct reply_lines reply;

  assert_true(verdict->rule < RULE_COUNT);
  assert_true(verdict->fault.at <= subject.len);
  assert_true(lies_in(subject, line) || lies_in(subject, session) ||
              span_equals(subject, SPAN("DATA")));
  assert_true(play->policy.rules[verdict->rule].action != ACTION_OFF);
  verdict_reply(&play->policy, verdict, VERDICT_VOICE_NEGATIVE, &reply);
  assert_true(reply.count >= 1 && reply.count <= VERDICT_LINES_MAX);
  assert_true(reply_is_deferral(reply.status.code) || reply_is_refusal(reply.status.code));
}

static void check_judgement(const struct play *play, struct span line)
{
  const struct judgement *judgement = &play->judgement;

  assert_true(judgement->notice_count <= JUDGEMENT_NOTICES_MAX);
  for (unsigned i = 0; i < judgement->notice_count; i++)
    check_verdict(play, &judgement->notices[i], line);
  if (judgement->exemption != EXEMPT_NOT)
    check_verdict(play, &judgement->overlooked, line);
  if (judgement->verdict.rule == RULE_NONE)
    return;
  check_verdict(play, &judgement->verdict, line);
  assert_int_equal(play->policy.mode, POLICY_ENFORCE);
  assert_int_equal(play->policy.rules[judgement->verdict.rule].action, ACTION_REFUSE);
  assert_int_equal(judgement->exemption, EXEMPT_NOT);
}

static void any_conversation_is_judged_soundly(void **state)
{
  struct dice dice = {.state = 5321};

  (void)state;
  for (size_t i = 0; i < CONVERSATIONS; i++) {
    struct play play;

    any_policy(&play, &dice);
    for (unsigned said = 0; said < LINES; said++) {
      const char *line = lines[dice_roll(&dice, sizeof(lines) / sizeof(lines[0]))];

      play_say(&play, line);
      check_judgement(&play, span_from(line));
      assert_true(play.session.recipients <= said + 1);
      assert_true(play.session.abandoned <= said + 1);
      assert_true(play.session.held_count <= SESSION_HELD_MAX);
      assert_true(play.session.stage < STAGE_COMMAND);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_conversation_is_judged_soundly),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
