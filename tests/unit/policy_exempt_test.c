/*
 * Who is exempt, from what, and what is said of it.
 */
#include "play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void loopback(struct play *play)
{
  play_client(play, "127.0.0.5");
}

static void loopback_ipv6(struct play *play)
{
  play_client(play, "::1");
}

static void loopback_mapped(struct play *play)
{
  play_client(play, "::ffff:127.0.0.5");
}

static void local(struct play *play)
{
  play_client(play, NULL);
}

static void local_not_exempt(struct play *play)
{
  play_client(play, NULL);
  play->policy.exempt_local = false;
}

static void login_not_exempt(struct play *play)
{
  play->policy.exempt_authenticated = false;
  play->policy.exempt_tls_verified = false;
}

static void no_network(struct play *play)
{
  play_client(play, "127.0.0.1");
  play->policy.exempt_networks = NULL;
  play->policy.exempt_network_count = 0;
}

static void our_network(struct play *play)
{
  static struct netblock block;

  assert_int_equal(netblock_parse(SPAN("192.0.2.0/24"), &block), NETBLOCK_OK);
  play->policy.exempt_networks = &block;
  play->policy.exempt_network_count = 1;
}

static void submission(struct play *play)
{
  static const struct span daemons[] = {{"submission", 10}};

  play->policy.exempt_daemons = (struct names){daemons, 1};
  session_set_daemon(&play->session, SPAN("submission"));
}

static void other_daemon(struct play *play)
{
  submission(play);
  session_set_daemon(&play->session, SPAN("smtpd"));
}

static void monitor_mode(struct play *play)
{
  loopback(play);
  play->policy.mode = POLICY_MONITOR;
}

#define GREETED                                                                                    \
  {                                                                                                \
    "HELO client.example", ""                                                                      \
  }
#define WRONG "MAIL <a@@b.example>"

static const struct play_row rows[] = {
    {"nobody is by nature", NULL, {GREETED, {WRONG, "sender-syntax@3"}}},
    {"loopback", loopback, {GREETED, {WRONG, "network:sender-syntax@3"}}},
    {"loopback over IPv6", loopback_ipv6, {GREETED, {WRONG, "network:sender-syntax@3"}}},
    {"loopback as mapped IPv6", loopback_mapped, {GREETED, {WRONG, "network:sender-syntax@3"}}},
    {"a network of ours", our_network, {GREETED, {WRONG, "network:sender-syntax@3"}}},
    {"an empty list exempts nobody", no_network, {GREETED, {WRONG, "sender-syntax@3"}}},
    {"who has authenticated",
     NULL,
     {GREETED, {"+AUTH", ""}, {WRONG, "authenticated:sender-syntax@3"}}},
    {"not before",
     NULL,
     {GREETED, {WRONG, "sender-syntax@3"}, {"+AUTH", ""}, {"MAIL <a@b.c>", ""}}},
    {"who has a trusted certificate",
     NULL,
     {GREETED, {"+TRUSTED", ""}, {WRONG, "tls-verified:sender-syntax@3"}}},
    {"TLS alone is not enough", NULL, {GREETED, {"+TLS", ""}, {WRONG, "sender-syntax@3"}}},
    {"neither when the site says so",
     login_not_exempt,
     {GREETED, {"+AUTH", ""}, {"+TRUSTED", ""}, {WRONG, "sender-syntax@3"}}},
    {"local submission", local, {GREETED, {WRONG, "local:sender-syntax@3"}}},
    {"not when the site says so", local_not_exempt, {GREETED, {WRONG, "sender-syntax@3"}}},
    {"but then who has authenticated is",
     local_not_exempt,
     {GREETED, {"+AUTH", ""}, {WRONG, "authenticated:sender-syntax@3"}}},
    {"a daemon by its name", submission, {GREETED, {WRONG, "daemon:sender-syntax@3"}}},
    {"another daemon", other_daemon, {GREETED, {WRONG, "sender-syntax@3"}}},
    {"an exempt client's notices are overlooked, too",
     loopback,
     {{"HELO pc7", ""},
      {"MAIL <a@b.example>", ""},
      {"RCPT <c@d.example>", "network:helo-unqualified@0"}}},
    {"exempt in monitor mode", monitor_mode, {GREETED, {WRONG, "network:sender-syntax@3"}}},
    {"nothing is overlooked where nothing is wrong",
     loopback,
     {GREETED, {"MAIL <a@b.example>", ""}, {"RCPT <c@d.example>", ""}, {"DATA", ""}}},
    {"commands",
     loopback,
     {{"VRFY alice", "network:command-vrfy"}, {"GET /", "network:command-foreign"}}},
};

PLAYS(exemptions, rows)

static void names_of_exemptions(void **state)
{
  (void)state;
  assert_string_equal(exemption_name(EXEMPT_NOT), "");
  assert_string_equal(exemption_name(EXEMPT_NETWORK), "network");
  assert_string_equal(exemption_name(EXEMPT_AUTHENTICATED), "authenticated");
  assert_string_equal(exemption_name(EXEMPT_TLS_VERIFIED), "tls-verified");
  assert_string_equal(exemption_name(EXEMPT_LOCAL), "local");
  assert_string_equal(exemption_name(EXEMPT_DAEMON), "daemon");
}

static void silence(void **state)
{
  struct play play;

  (void)state;
  play_begin(&play);
  play_say(&play, "HELO client.example");
  assert_true(judgement_is_silent(&play.judgement));
  play_say(&play, "MAIL <a@@b.example>");
  assert_false(judgement_is_silent(&play.judgement));
  play_say(&play, "MAIL <a@b_c.example>"); /* a notice */
  assert_false(judgement_is_silent(&play.judgement));
  play_client(&play, "127.0.0.1");
  play_say(&play, "MAIL <a@@b.example>"); /* overlooked */
  assert_false(judgement_is_silent(&play.judgement));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exemptions),
      cmocka_unit_test(names_of_exemptions),
      cmocka_unit_test(silence),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
