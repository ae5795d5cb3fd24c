/*
 * Verdicts on HELO that wait for RCPT: who hears them, who does not, and how often.
 */
#include "play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void unqualified_refused(struct play *play)
{
  play_action(play, "helo-unqualified", ACTION_REFUSE);
  play_action(play, "helo-underscore", ACTION_REFUSE);
}

static void sender_watched(struct play *play)
{
  play_action(play, "recipient-syntax", ACTION_MONITOR);
}

static void nobody_reachable(struct play *play)
{
  play->policy.reachable = (struct names){NULL, 0};
}

static void monitor_mode(struct play *play)
{
  play->policy.mode = POLICY_MONITOR;
}

static void syntax_off(struct play *play)
{
  play_action(play, "helo-syntax", ACTION_OFF);
}

#define BAD_HELO                                                                                   \
  {                                                                                                \
    "HELO bad name", ""                                                                            \
  }
#define MAIL                                                                                       \
  {                                                                                                \
    "MAIL <a@b.example>", ""                                                                       \
  }
#define REFUSED                                                                                    \
  {                                                                                                \
    "RCPT <c@d.example>", "helo-syntax@3"                                                          \
  }

static const struct play_row rows[] = {
    {"nothing is said before RCPT", NULL, {BAD_HELO, MAIL, REFUSED}},
    {"each recipient hears it",
     NULL,
     {BAD_HELO, MAIL, REFUSED, {"RCPT <e@f.example>", "helo-syntax@3"}}},
    {"the next message too", NULL, {BAD_HELO, MAIL, REFUSED, {"RSET", ""}, MAIL, REFUSED}},
    {"a message without RSET between too", NULL, {BAD_HELO, MAIL, REFUSED, MAIL, REFUSED}},
    {"postmaster is reachable", NULL, {BAD_HELO, MAIL, {"RCPT <postmaster>", ""}, {"DATA", ""}}},
    {"postmaster of a domain is", NULL, {BAD_HELO, MAIL, {"RCPT <PostMaster@example.org>", ""}}},
    {"abuse is", NULL, {BAD_HELO, MAIL, {"RCPT <abuse@example.org>", ""}}},
    {"postmaster after others is",
     NULL,
     {BAD_HELO, MAIL, REFUSED, {"RCPT <postmaster@example.org>", ""}, {"DATA", ""}}},
    {"others after postmaster are not",
     NULL,
     {BAD_HELO, MAIL, {"RCPT <postmaster@example.org>", ""}, REFUSED}},
    {"somebody like postmaster is not",
     NULL,
     {BAD_HELO, MAIL, {"RCPT <postmaster2@example.org>", "helo-syntax@3"}}},
    {"nobody is when the list is empty",
     nobody_reachable,
     {BAD_HELO, MAIL, {"RCPT <postmaster>", "helo-syntax@3"}}},
    {"a malformed postmaster is malformed",
     NULL,
     {BAD_HELO, MAIL, {"RCPT <postmaster@@example.org>", "recipient-syntax@12"}}},
    {"the recipient's own fault comes first",
     NULL,
     {BAD_HELO, MAIL, {"RCPT <cccc@@d.example>", "recipient-syntax@6"}, REFUSED}},
    {"unless it is only noticed",
     sender_watched,
     {BAD_HELO, MAIL, {"RCPT <c@@d.example>", "helo-syntax@3 ~recipient-syntax@3"}}},
    {"who authenticates later is exempt",
     NULL,
     {BAD_HELO, {"+AUTH", ""}, MAIL, {"RCPT <c@d.example>", "authenticated:helo-syntax@3"}}},
    {"who shows a certificate is exempt",
     NULL,
     {BAD_HELO, {"+TRUSTED", ""}, MAIL, {"RCPT <c@d.example>", "tls-verified:helo-syntax@3"}}},
    {"a good name after STARTTLS mends it",
     NULL,
     {BAD_HELO, {"+TLS", ""}, {"HELO good.example", ""}, MAIL, {"RCPT <c@d.example>", ""}}},
    {"a bad name after STARTTLS is held",
     NULL,
     {{"HELO good.example", ""}, {"+TLS", ""}, BAD_HELO, MAIL, REFUSED}},
    {"the same bad name again is held once",
     NULL,
     {BAD_HELO, {"+TLS", ""}, BAD_HELO, MAIL, REFUSED}},
    {"the first wrong byte of the name speaks",
     unqualified_refused,
     {{"HELO my_pc", ""}, MAIL, {"RCPT <c@d.example>", "helo-unqualified@0"}}},
    {"the first wrong byte, other way round",
     unqualified_refused,
     {{"HELO m_y.p!c", ""}, MAIL, {"RCPT <c@d.example>", "helo-underscore@1"}}},
    {"a notice is given once a message",
     NULL,
     {{"HELO pc7", ""},
      MAIL,
      {"RCPT <c@d.example>", "~helo-unqualified@0"},
      {"RCPT <e@f.example>", ""},
      {"RSET", ""},
      MAIL,
      {"RCPT <e@f.example>", "~helo-unqualified@0"}}},
    {"postmaster gets no notice, and takes nobody's",
     NULL,
     {{"HELO pc7", ""},
      MAIL,
      {"RCPT <postmaster>", ""},
      {"RCPT <c@d.example>", "~helo-unqualified@0"}}},
    {"a notice stands beside a refusal",
     NULL,
     {{"HELO pc_7!", ""}, MAIL, {"RCPT <c@d.example>", "helo-syntax@4 ~helo-underscore@2"}}},
    {"monitor mode notices at RCPT",
     monitor_mode,
     {BAD_HELO, MAIL, {"RCPT <c@d.example>", "~helo-syntax@3"}, {"RCPT <e@f.example>", ""}}},
    {"a rule that is off is not held", syntax_off, {BAD_HELO, MAIL, {"RCPT <c@d.example>", ""}}},
    {"a recipient that the MTA refused hears nothing",
     NULL,
     {BAD_HELO, MAIL, {"REJECTED <c@d.example>", ""}, REFUSED}},
    {"a changed name waits as well",
     NULL,
     {{"HELO a.example", ""},
      {"HELO b.example", ""},
      MAIL,
      {"RCPT <c@d.example>", "~helo-changed"}}},
};

PLAYS(held_verdicts, rows)

static void points_into_the_kept_name(void **state)
{
  struct play play;

  (void)state;
  play_begin(&play);
  play_say(&play, "HELO bad name");
  play_say(&play, "MAIL <a@b.example>");
  play_say(&play, "RCPT <c@d.example>");
  assert_true(span_equals(play.judgement.verdict.prefix, SPAN("HELO ")));
  assert_true(span_equals(play.judgement.verdict.subject, SPAN("bad name")));
  assert_ptr_equal(play.judgement.verdict.subject.at, play.session.helo);
}

/* The name that breaks all rules that one name can break is kept whole. */
static void holds_all_that_a_name_can_break(void **state)
{
  static const struct span listed[] = {{"-a_b", 4}};
  struct play play;

  (void)state;
  play_begin(&play);
  play.policy.mode = POLICY_MONITOR;
  play.policy.our_names = play.policy.rules[RULE_HELO_LISTED].names = (struct names){listed, 1};
  play_say(&play, "HELO other.example");
  play_say(&play, "HELO -a_b");
  assert_int_equal(play.session.held_count, SESSION_HELD_MAX);
  play_say(&play, "MAIL <a@b.example>");
  play_say(&play, "RCPT <c@d.example>");
  assert_int_equal(play.judgement.notice_count, SESSION_HELD_MAX);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(held_verdicts),
      cmocka_unit_test(points_into_the_kept_name),
      cmocka_unit_test(holds_all_that_a_name_can_break),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
