/*
 * The policy door by itself: requests as bytes, cut into pieces of any size.
 */
#include "doors/postfix_policy.h"
#include "asker.h"

#define REQUEST "request=smtpd_access_policy\n"
#define CLIENT "client_address=192.0.2.7\nclient_port=40000\n"
#define VRFY REQUEST "protocol_state=VRFY\n" CLIENT
#define DUNNO "action=DUNNO\n\n"
#define NO(verb, rule)                                                                             \
  "action=502 5.5.1 Command not implemented: " verb " is not offered here (" rule ")\n\n"
#define NO_VRFY NO("VRFY", "command-vrfy")

static struct asker one, other;

static size_t feed_door(void *door, struct span bytes)
{
  return postfix_policy_feed(door, bytes);
}

/* One connection, from its beginning; bytes come by `step`. */
static struct postfix_policy feed(struct asker *asker, struct span bytes, size_t step)
{
  struct postfix_policy door;

  asker_begin(asker);
  postfix_policy_open(&door, &services, &asker->sink);
  asker_offer(asker, bytes, step, feed_door, &door, &door.closed);
  return door;
}

static const struct {
  const char *name, *requests, *answers;
  unsigned malformed;
} rows[] = {
    {"VRFY", VRFY "recipient=alice\n\n", NO_VRFY, 0},
    {"VRFY of nothing", VRFY "recipient=\n\n", NO_VRFY, 0},
    {"VRFY without a recipient", VRFY "\n", NO_VRFY, 0},
    {"VRFY of a whole line", VRFY "recipient=alice <alice@example.org> x=y\n\n", NO_VRFY, 0},
    {"what the command filter turned into VRFY",
     VRFY "recipient=EXPN\n\n" VRFY "recipient=Turn\n\n",
     NO("EXPN", "command-expn") NO("TURN", "command-turn"), 0},
    {"SEND, SOML, SAML",
     VRFY "recipient=SEND\n\n" VRFY "recipient=SOML\n\n" VRFY "recipient=saml\n\n",
     NO("SEND", "command-send") NO("SOML", "command-soml") NO("SAML", "command-saml"), 0},
    {"HELP cannot be said", VRFY "recipient=HELP\n\n", NO("HELP", "command-help"), 0},
    {"a verb and an argument are a name", VRFY "recipient=EXPN staff\n\n", NO_VRFY, 0},
    {"verbs that are offered are names", VRFY "recipient=MAIL\n\n" VRFY "recipient=get\n\n",
     NO_VRFY NO_VRFY, 0},
    {"every other state",
     REQUEST "protocol_state=RCPT\n" CLIENT "recipient=b@example.org\n\n" REQUEST
             "protocol_state=CONNECT\n\n" REQUEST "protocol_state=END-OF-MESSAGE\n\n" REQUEST
             "protocol_state=vrfy\n\n" REQUEST "\n",
     DUNNO DUNNO DUNNO DUNNO DUNNO, 0},
    {"CRLF",
     "request=smtpd_access_policy\r\nprotocol_state=VRFY\r\nclient_address=192.0.2.7\r\n\r\n",
     NO_VRFY, 0},
    {"unknown attributes", VRFY "etrn_domain=\nstress=yes\nfoo=bar\n=\n=x\nrecipient=a\n\n",
     NO_VRFY, 0},
    {"of two the first", VRFY "recipient=alice\nprotocol_state=RCPT\nclient_address=::1\n\n",
     NO_VRFY, 0},
    {"authenticated", VRFY "sasl_username=alice\nrecipient=bob\n\n", DUNNO, 0},
    {"not authenticated", VRFY "sasl_username=\nsasl_method=\nrecipient=bob\n\n", NO_VRFY, 0},
    {"trusted certificate", VRFY "ccert_subject=client.example\nrecipient=bob\n\n", DUNNO, 0},
    {"untrusted one", VRFY "ccert_subject=\nccert_fingerprint=AB:CD\nrecipient=bob\n\n", NO_VRFY,
     0},
    {"exempt network", REQUEST "protocol_state=VRFY\nclient_address=127.0.0.1\n\n", DUNNO, 0},
    {"exempt network, IPv6", REQUEST "protocol_state=VRFY\nclient_address=::1\n\n", DUNNO, 0},
    {"IPv6", REQUEST "protocol_state=VRFY\nclient_address=2001:db8::1\n\n", NO_VRFY, 0},
    {"a local program", REQUEST "protocol_state=VRFY\nclient_address=unknown\n\n", DUNNO, 0},
    {"no request=", "protocol_state=VRFY\n" CLIENT "recipient=alice\n\n", DUNNO, 1},
    {"another request", "request=junk_mail\nprotocol_state=VRFY\n" CLIENT "\n", DUNNO, 1},
    {"no equals sign", VRFY "recipient\n\n", DUNNO, 1},
    {"it goes on after that", VRFY "hello\n\n" VRFY "recipient=a\n\n", DUNNO NO_VRFY, 1},
    {"another protocol", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", DUNNO, 1},
    {"empty lines", "\n\r\n\n", DUNNO DUNNO DUNNO, 3},
    {"no end", VRFY "recipient=alice\n", "", 0},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void requests_get_their_answers(void **state)
{
  (void)state;
  for (size_t i = 0; i < ROWS; i++) {
    struct postfix_policy door;

    seen_begin();
    door = feed(&one, span_from(rows[i].requests), SAID_MAX);
    if (strcmp(one.said, rows[i].answers) != 0 || seen.malformed != rows[i].malformed)
      fail_msg("%s: %u malformed and\n%swant %u and\n%s", rows[i].name, seen.malformed, one.said,
               rows[i].malformed, rows[i].answers);
    assert_false(door.closed);
    assert_int_equal(seen.holds, 0);
  }
}

static void pieces_do_not_matter(void **state)
{
  static char all[64 * 1024], want[64 * 1024];
  struct text text = text_in(all, sizeof(all)), answers = text_in(want, sizeof(want));

  (void)state;
  for (size_t i = 0; i + 1 < ROWS; i++) { /* the last one has no end */
    text_add(&text, rows[i].requests);
    text_add(&answers, rows[i].answers);
  }
  assert_false(text.cut || answers.cut);
  for (size_t step = 1; step < 200; step += step < 20 ? 1 : 37) {
    seen_begin();
    feed(&one, text_span(&text), step);
    assert_string_equal(one.said, want);
    assert_int_equal(seen.holds, 0);
  }
}

/* Nothing before or after what has come is read. */
static void only_what_has_come_is_read(void **state)
{
  struct protected_area area = protected_make(4096);

  (void)state;
  for (size_t i = 0; i < ROWS; i++) {
    for (size_t len = 0; len <= strlen(rows[i].requests); len++) {
      for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
        struct span bytes = span_slice(span_from(rows[i].requests), 0, len);

        seen_begin();
        feed(&one, protected_place(&area, bytes, side), SAID_MAX);
        assert_true(strncmp(one.said, rows[i].answers, one.len) == 0);
      }
    }
  }
  protected_free(&area);
}

/* A request with a line of `line` bytes, and fillers up to `size` bytes with its end; 0: none. */
static struct span sized(size_t line, size_t size)
{
  static char memory[64 * 1024];
  struct text text = text_in(memory, sizeof(memory));

  text_add(&text, VRFY "recipient=");
  while (text.len < strlen(VRFY) + line)
    text_add_byte(&text, 'a');
  text_add_byte(&text, '\n');
  while (text.len + 100 < size)
    text_add(&text, "filler=0123456789\n");
  while (text.len + 3 <= size)
    text_add(&text, text.len + 4 == size ? "==\n" : "=\n");
  text_add_byte(&text, '\n');
  assert_true(size == 0 || text.len == size);
  return text_span(&text);
}

static void long_ones_are_answered_all_the_same(void **state)
{
  static const struct {
    const char *name;
    size_t line, size;
    const char *answer;
    bool closed;
  } sizes[] = {
      {"longest line", POSTFIX_POLICY_LINE_MAX, 0, NO_VRFY, false},
      {"a longer line", POSTFIX_POLICY_LINE_MAX + 1, 0, DUNNO, false},
      {"longest request", 20, POSTFIX_POLICY_REQUEST_MAX, NO_VRFY, false},
      {"a longer request", 20, POSTFIX_POLICY_REQUEST_MAX + 2, DUNNO, true},
      {"one endless line", 50000, 0, DUNNO, true},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
    for (size_t step = 1; step <= SAID_MAX; step = step * 100 + 1) {
      struct postfix_policy door;

      seen_begin();
      door = feed(&one, sized(sizes[i].line, sizes[i].size), step);
      if (strcmp(one.said, sizes[i].answer) != 0 || door.closed != sizes[i].closed)
        fail_msg("%s, by %zu: %s%s", sizes[i].name, step, one.said, door.closed ? "closed" : "");
      assert_int_equal(seen.malformed, strcmp(sizes[i].answer, DUNNO) == 0);
    }
  }
}

static void a_nul_is_malformed(void **state)
{
  (void)state;
  seen_begin();
  feed(&one, SPAN(VRFY "recipient=a\0b\n\n" VRFY "recipient=a\n\n"), SAID_MAX);
  assert_string_equal(one.said, DUNNO NO_VRFY);
  assert_string_equal(seen.why, "a line has a NUL in it");
}

/* What a rule answers, and what Postfix is told. */
static void rules_say_what_they_are_set_to(void **state)
{
  static const struct {
    const char *name;
    uint16_t code;
    const char *enhanced, *text, *answer;
    enum door_event event;
  } replies[] = {
      {"252", 252, "2.5.2", "", "action=OK\n\n", DOOR_REFUSED},
      {"421", 421, "4.7.0", "",
       "action=421 4.7.0 Closing connection: VRFY is not offered here "
       "(command-vrfy)\n\n",
       DOOR_REFUSED},
      {"450", 450, "4.7.1", "Later", "action=450 4.7.1 Later (command-vrfy)\n\n", DOOR_REFUSED},
      {"own text", 550, "5.7.1", "Ask \"us\", 100% sure",
       "action=550 5.7.1 Ask \"us\", 100% sure "
       "(command-vrfy)\n\n",
       DOOR_REFUSED},
      {"no enhanced code", 502, "", "No", "action=502 No (command-vrfy)\n\n", DOOR_REFUSED},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
    struct rule_setting *setting;

    seen_begin();
    setting = &seen.policy.rules[RULE_COMMAND_VRFY];
    setting->status.code = replies[i].code;
    snprintf(setting->status.enhanced, sizeof(setting->status.enhanced), "%s", replies[i].enhanced);
    setting->text = span_from(replies[i].text);
    feed(&one, SPAN(VRFY "recipient=alice\n\n"), SAID_MAX);
    if (strcmp(one.said, replies[i].answer) != 0)
      fail_msg("%s: %swant %s", replies[i].name, one.said, replies[i].answer);
    assert_int_equal(seen.events[replies[i].event], 1);
    assert_int_equal(seen.last.status.code, replies[i].code);
  }
}

static void what_is_not_refused_is_reported(void **state)
{
  (void)state;
  seen_begin();
  seen.policy.mode = POLICY_MONITOR;
  feed(&one, SPAN(VRFY "recipient=alice\n\n"), SAID_MAX);
  assert_string_equal(one.said, DUNNO);
  assert_int_equal(seen.events[DOOR_WOULD_REFUSE], 1);
  seen_begin();
  seen.policy.rules[RULE_COMMAND_VRFY].action = ACTION_OFF;
  feed(&one, SPAN(VRFY "recipient=alice\n\n" VRFY "recipient=EXPN\n\n"), SAID_MAX);
  assert_string_equal(one.said, DUNNO NO("EXPN", "command-expn"));
  assert_int_equal(seen.events[DOOR_REFUSED], 1);
  seen_begin();
  feed(&one, SPAN(VRFY "sasl_username=alice\nrecipient=alice\n\n"), SAID_MAX);
  assert_int_equal(seen.events[DOOR_EXEMPT], 1);
  assert_int_equal(seen.last.exemption, EXEMPT_AUTHENTICATED);
  seen_begin();
  seen.lost = true;
  feed(&one, SPAN(VRFY "recipient=alice\n\n"), SAID_MAX);
  assert_string_equal(one.said, DUNNO);
}

static void the_report_has_the_facts(void **state)
{
  (void)state;
  seen_begin();
  feed(&one,
       SPAN(VRFY "helo_name=mail.example.net\nsender=a@b.example\nqueue_id=4X7\nrecipient=a b\n\n"),
       SAID_MAX);
  assert_int_equal(seen.last.door, DOOR_POLICY);
  assert_string_equal(seen.command, "VRFY a b");
  assert_string_equal(seen.client, "192.0.2.7");
  assert_string_equal(seen.helo, "mail.example.net");
  assert_string_equal(seen.sender, "a@b.example");
  assert_string_equal(seen.queue, "4X7");
  feed(&one, SPAN(VRFY "recipient=expn\n\n"), SAID_MAX);
  assert_string_equal(seen.command, "expn");
  assert_string_equal(seen.helo, "");
}

/* The milter's session of the same client has the say. */
static void an_open_session_is_found(void **state)
{
  struct registry_entry entry = {.entered = false};

  (void)state;
  seen_begin();
  seen_session(&entry, SPAN("MSA"), RULE_COMMAND_VRFY);
  feed(&one, SPAN(VRFY "recipient=alice\n\n"), SAID_MAX);
  assert_true(strncmp(one.said, "action=450 4.7.1 ", 17) == 0);
  assert_string_equal(seen.daemon, "MSA");
  registry_leave(services.registry, &entry);
  feed(&one, SPAN(VRFY "recipient=alice\n\n"), SAID_MAX);
  assert_string_equal(one.said, NO_VRFY);
  assert_string_equal(seen.daemon, "");
  assert_int_equal(seen.holds, 0);
}

/* A mailbox may be called so: Postfix, left alone, would tell whether there is one. */
static void a_verb_that_is_not_refused_is_a_name(void **state)
{
  static const enum rule_action actions[] = {ACTION_OFF, ACTION_MONITOR};

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    seen_begin();
    seen.policy.rules[RULE_COMMAND_HELP].action = actions[i];
    feed(&one, SPAN(VRFY "recipient=help\n\n"), SAID_MAX);
    assert_string_equal(one.said, NO_VRFY);
    assert_int_equal(seen.events[DOOR_WOULD_REFUSE], 0);
    assert_int_equal(seen.events[DOOR_REFUSED], 1);
  }
}

static void a_full_sink_stops_a_flood(void **state)
{
  static char flood[1 << 16];
  struct text text = text_in(flood, sizeof(flood));
  struct postfix_policy door;
  size_t used;

  (void)state;
  seen_begin();
  while (text.len + 1000 < text.size)
    text_add(&text, VRFY "recipient=alice\n\n");
  asker_begin(&one);
  one.enough = 1000;
  postfix_policy_open(&door, &services, &one.sink);
  used = postfix_policy_feed(&door, text_span(&text));
  assert_true(used > 0 && used < 20 * strlen(VRFY "recipient=alice\n\n"));
  assert_true(one.len < 1200);
  feed(&one, text_span(&text), SAID_MAX);
  assert_int_equal(one.len % strlen(NO_VRFY), 0);
  assert_true(one.len / strlen(NO_VRFY) == text.len / strlen(VRFY "recipient=alice\n\n"));
}

static void any_bytes_get_whole_answers(void **state)
{
  static const char *const pieces[] = {REQUEST,
                                       "protocol_state=VRFY\n",
                                       CLIENT,
                                       "recipient=",
                                       "alice",
                                       "\n",
                                       "\n\n",
                                       "\r\n",
                                       "=",
                                       "",
                                       "\xff",
                                       "EXPN",
                                       "sasl_username=",
                                       "client_address="};
  char bytes[2048];
  struct dice dice = {3};

  (void)state;
  seen_begin();
  for (unsigned round = 0; round < 3000; round++) {
    size_t len = dice_join(&dice, pieces, sizeof(pieces) / sizeof(pieces[0]), bytes, sizeof(bytes));
    struct span all = {bytes, len};

    feed(&one, all, SAID_MAX);
    feed(&other, all, 1 + dice_roll(&dice, 9));
    assert_string_equal(one.said, other.said);
    for (const char *at = one.said; *at != '\0'; at = strstr(at, "\n\n") + 2)
      assert_true(strncmp(at, "action=", 7) == 0 && strstr(at, "\n\n") != NULL);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_get_their_answers),
      cmocka_unit_test(pieces_do_not_matter),
      cmocka_unit_test(only_what_has_come_is_read),
      cmocka_unit_test(long_ones_are_answered_all_the_same),
      cmocka_unit_test(a_nul_is_malformed),
      cmocka_unit_test(rules_say_what_they_are_set_to),
      cmocka_unit_test(what_is_not_refused_is_reported),
      cmocka_unit_test(a_verb_that_is_not_refused_is_a_name),
      cmocka_unit_test(the_report_has_the_facts),
      cmocka_unit_test(an_open_session_is_found),
      cmocka_unit_test(a_full_sink_stops_a_flood),
      cmocka_unit_test(any_bytes_get_whole_answers),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
