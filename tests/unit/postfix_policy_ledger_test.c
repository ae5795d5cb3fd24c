/*
 * The policy door and the ledger: what it is told of, what it is asked, and what clients hear that
 * it refuses.
 */
#include "asker.h"
#include "doors/postfix_policy.h"

#define ASK(state)                                                                                 \
  "request=smtpd_access_policy\nprotocol_state=" state "\nclient_address=192.0.2.7\n"
#define DUNNO "action=DUNNO\n\n"

/* The ledger that the door sees. */
static struct {
  struct standing standing;
  unsigned looks, entries, vrfy;
} ledger;

static struct standing ledger_look(struct ip client)
{
  char text[IP_TEXT_SIZE];

  ip_format(client, text);
  assert_string_equal(text, "192.0.2.7");
  ledger.looks++;
  return ledger.standing;
}

static struct standing ledger_enter(struct ip client, const struct ledger_entry *entries,
                                    unsigned count)
{
  (void)client;
  ledger.entries += count;
  for (unsigned i = 0; i < count; i++)
    ledger.vrfy += entries[i].event == LEDGER_VRFY ? entries[i].times : 0;
  return ledger.standing;
}

static void begin(uint32_t refused_for)
{
  seen_begin();
  memset(&ledger, 0, sizeof(ledger));
  ledger.standing = (struct standing){
      .known = true, .refused_for = refused_for, .cause = LEDGER_CAUSE_RECIPIENTS};
  services.look = ledger_look;
  services.enter = ledger_enter;
}

static const char *answer_to(const char *request)
{
  static struct asker asker;
  struct postfix_policy door;

  asker_begin(&asker);
  postfix_policy_open(&door, &services, &asker.sink);
  assert_int_equal(postfix_policy_feed(&door, span_from(request)), strlen(request));
  return asker.said;
}

static const char refusal[] = "action=421 4.7.0 Closing connection: too many unknown recipients; "
                              "try again in 12 minutes (probe-recipients)\n\n";

static void tells_of_vrfy(void **state)
{
  (void)state;
  begin(0);
  assert_non_null(strstr(answer_to(ASK("VRFY") "recipient=alice\n\n"), "(command-vrfy)"));
  assert_int_equal(ledger.vrfy, 1);
  assert_int_equal(ledger.entries, 1);
}

static void refuses_at_vrfy(void **state)
{
  (void)state;
  begin(700);
  assert_string_equal(answer_to(ASK("VRFY") "recipient=alice\n\n"), refusal);
  assert_int_equal(seen.events[DOOR_REFUSED], 1);
}

/* The milter door counts recipients; here they are only refused. */
static void refuses_at_rcpt(void **state)
{
  (void)state;
  begin(700);
  assert_string_equal(answer_to(ASK("RCPT") "sender=\nrecipient=a..b@example.org\n\n"), refusal);
  assert_int_equal(seen.events[DOOR_REFUSED], 1);
  assert_int_equal(ledger.entries, 0);
  assert_int_equal(seen.holds, 0);
}

static void leaves_other_recipients_alone(void **state)
{
  static const char bad[] = ASK("RCPT") "recipient=a..b@example.org\n\n";

  (void)state;
  begin(0);
  assert_string_equal(answer_to(bad), DUNNO);
  assert_int_equal(ledger.looks, 1);
  begin(700);
  seen.policy.mode = POLICY_MONITOR;
  assert_string_equal(answer_to(bad), DUNNO);
  begin(700);
  seen.policy.rules[RULE_PROBE_RECIPIENTS].action = ACTION_MONITOR;
  assert_string_equal(answer_to(bad), DUNNO);
  begin(700);
  assert_string_equal(answer_to(ASK("RCPT") "sasl_username=alice\nrecipient=b@example.org\n\n"),
                      DUNNO);
  assert_int_equal(seen.events[DOOR_REFUSED] + seen.events[DOOR_WOULD_REFUSE], 0);
}

static void neither_tells_nor_asks_of_who_is_exempt(void **state)
{
  (void)state;
  begin(700);
  assert_string_equal(answer_to(ASK("VRFY") "sasl_username=alice\nrecipient=bob\n\n"), DUNNO);
  assert_int_equal(ledger.looks + ledger.entries, 0);
}

static void does_without_a_ledger(void **state)
{
  (void)state;
  begin(700);
  services.look = NULL;
  services.enter = NULL;
  assert_string_equal(answer_to(ASK("RCPT") "recipient=bob@example.org\n\n"), DUNNO);
  assert_non_null(strstr(answer_to(ASK("VRFY") "recipient=alice\n\n"), "(command-vrfy)"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_of_vrfy),
      cmocka_unit_test(refuses_at_vrfy),
      cmocka_unit_test(refuses_at_rcpt),
      cmocka_unit_test(leaves_other_recipients_alone),
      cmocka_unit_test(neither_tells_nor_asks_of_who_is_exempt),
      cmocka_unit_test(does_without_a_ledger),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
