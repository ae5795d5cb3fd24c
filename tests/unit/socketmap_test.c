/*
 * The socket-map door by itself: netstrings as bytes, cut into pieces of any size.
 */
#include "doors/socketmap.h"
#include "asker.h"

#define S "\x9b"
#define CLIENT "192.0.2.7" S "40000" S "MTA" S S S
#define NOTFOUND "NOTFOUND "
#define NO(verb, rule)                                                                             \
  "OK \"502 5.5.1 Command not implemented: " verb " is not offered here (" rule ")\""
#define NO_VRFY NO("VRFY", "command-vrfy")
#define UNKNOWN "OK \"500 5.5.2 Syntax error: command not recognised (command-unknown)\""

static struct asker one, other;

static size_t feed_door(void *door, struct span bytes)
{
  return socketmap_feed(door, bytes);
}

/* One connection, from its beginning; bytes come by `step`. */
static struct socketmap feed(struct asker *asker, struct span bytes, size_t step)
{
  struct socketmap door;

  asker_begin(asker);
  socketmap_open(&door, &services, &asker->sink);
  asker_offer(asker, bytes, step, feed_door, &door, &door.closed);
  return door;
}

static void add_netstring(struct text *out, struct span bytes)
{
  text_add_number(out, bytes.len);
  text_add_byte(out, ':');
  text_add_span(out, bytes);
  text_add_byte(out, ',');
  assert_false(out->cut);
}

/* Asks one question; what was said, which is one netstring, without its dress. */
static struct span ask(struct span question)
{
  static char memory[SOCKETMAP_REQUEST_MAX + 16];
  struct text text = text_in(memory, sizeof(memory));
  struct span said;
  size_t colon;

  add_netstring(&text, question);
  assert_false(feed(&one, text_span(&text), SAID_MAX).closed);
  said = (struct span){one.said, one.len};
  colon = span_find(said, ':');
  assert_int_equal(strtoul(one.said, NULL, 10), said.len - colon - 2);
  assert_int_equal(said.at[said.len - 1], ',');
  return span_slice(said, colon + 1, said.len - 1);
}

static const struct {
  const char *name;
  struct span question;
  const char *answer;
} rows[] = {
    {"VRFY", SPAN("check_vrfy " CLIENT "alice"), NO_VRFY},
    {"VRFY of nothing", SPAN("check_vrfy " CLIENT), NO_VRFY},
    {"separators in the argument", SPAN("check_vrfy " CLIENT "a" S S S "b"), NO_VRFY},
    {"a NUL in the argument", SPAN("check_vrfy " CLIENT "a\0b"), NO_VRFY},
    {"EXPN", SPAN("check_expn " CLIENT "staff"), NO("EXPN", "command-expn")},
    {"TURN", SPAN("check_other " CLIENT "TURN" S "5"), NO("TURN", "command-turn")},
    {"lower case", SPAN("check_other " CLIENT "send from:<a@b>" S "5"), NO("SEND", "command-send")},
    {"SAML", SPAN("check_other " CLIENT "SAML FROM:<a@b>" S "5"), NO("SAML", "command-saml")},
    {"verb and argument stick together", SPAN("check_other " CLIENT "TURN(" S "5"),
     NO("TURN", "command-turn")},
    {"NOOP", SPAN("check_other " CLIENT "NOOP hi" S "2"), NOTFOUND},
    {"NOOP of class 5", SPAN("check_other " CLIENT "NOOP" S "5"), NOTFOUND},
    {"TURN of class 2", SPAN("check_other " CLIENT "TURN" S "2"), NOTFOUND},
    {"a class in the line", SPAN("check_other " CLIENT "TURN" S "5" S "2"), NOTFOUND},
    {"no class", SPAN("check_other " CLIENT "TURN"), NOTFOUND},
    {"unknown", SPAN("check_other " CLIENT "FOO bar" S "5"), UNKNOWN},
    {"no line", SPAN("check_other " CLIENT S "5"), UNKNOWN},
    {"foreign", SPAN("check_other " CLIENT "GET/HTTP/1.0" S "5"),
     "OK \"421 4.7.0 Closing connection: this is a mail server, and that is no SMTP "
     "(command-foreign)\""},
    {"IPv6", SPAN("check_vrfy IPv6:2001:db8:0:0:0:0:0:7" S S S S S "a"), NO_VRFY},
    {"IPv6 loopback is exempt", SPAN("check_vrfy ipv6:0:0:0:0:0:0:0:1" S S S S S "a"), NOTFOUND},
    {"IPv6 without its tag", SPAN("check_vrfy ::1" S S S S S "a"), NOTFOUND},
    {"loopback is exempt", SPAN("check_vrfy 127.0.0.2" S S S S S "a"), NOTFOUND},
    {"a local program is exempt", SPAN("check_vrfy " S S S S S "a"), NOTFOUND},
    {"authenticated", SPAN("check_vrfy 192.0.2.7" S S S "alice" S S "a"), NOTFOUND},
    {"trusted certificate", SPAN("check_vrfy 192.0.2.7" S S S S "OK" S "a"), NOTFOUND},
    {"no certificate", SPAN("check_vrfy 192.0.2.7" S S S S "NONE" S "a"), NO_VRFY},
    {"exempt daemon", SPAN("check_vrfy 192.0.2.7" S S "MSA" S S S "a"), NOTFOUND},
};

/* Those that cannot be understood, with the reason that Sendmail is told. */
static const struct {
  const char *name;
  struct span question;
  const char *answer;
} odd_rows[] = {
    {"no map", SPAN(""), "TEMP there is no map of this name"},
    {"another map", SPAN("check_rcpt " CLIENT "a"), "TEMP there is no map of this name"},
    {"another case", SPAN("CHECK_VRFY " CLIENT "a"), "TEMP there is no map of this name"},
    {"no key", SPAN("check_vrfy"), "TEMP the key has too few fields"},
    {"too few fields", SPAN("check_vrfy 192.0.2.7" S S S S "a"), "TEMP the key has too few fields"},
    {"no address", SPAN("check_vrfy localhost" S S S S S "a"),
     "TEMP the key's first field is no address"},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), ODD_ROWS = sizeof(odd_rows) / sizeof(odd_rows[0]) };

static const struct span daemons[] = {{"MSA", 3}};

static void begin(void)
{
  seen_begin();
  seen.policy.exempt_daemons = (struct names){daemons, 1};
}

static void questions_get_their_answers(void **state)
{
  (void)state;
  for (size_t i = 0; i < ROWS; i++) {
    begin();
    expect_span(rows[i].name, "answer", ask(rows[i].question), rows[i].answer);
    assert_int_equal(seen.malformed, 0);
    assert_int_equal(seen.holds, 0);
  }
}

static void odd_questions_never_pass_for_unobjectionable(void **state)
{
  (void)state;
  for (size_t i = 0; i < ODD_ROWS; i++) {
    begin();
    expect_span(odd_rows[i].name, "answer", ask(odd_rows[i].question), odd_rows[i].answer);
    assert_int_equal(seen.malformed, 1);
  }
  begin();
  seen.lost = true;
  expect_span("no policy", "answer", ask(rows[0].question), "TEMP there is no policy");
}

static struct span all_questions(void)
{
  static char memory[16 * 1024];
  struct text text = text_in(memory, sizeof(memory));

  for (size_t i = 0; i < ROWS; i++)
    add_netstring(&text, rows[i].question);
  for (size_t i = 0; i < ODD_ROWS; i++)
    add_netstring(&text, odd_rows[i].question);
  return text_span(&text);
}

static void pieces_do_not_matter(void **state)
{
  struct span all = all_questions();

  (void)state;
  begin();
  feed(&one, all, SAID_MAX);
  for (size_t step = 1; step < 200; step += step < 20 ? 1 : 37) {
    begin();
    feed(&other, all, step);
    assert_string_equal(one.said, other.said);
    assert_int_equal(seen.malformed, ODD_ROWS);
  }
}

/* Nothing before or after what has come is read. */
static void only_what_has_come_is_read(void **state)
{
  struct protected_area area = protected_make(4096);
  struct span all = all_questions();

  (void)state;
  begin();
  feed(&one, all, SAID_MAX);
  for (size_t len = 0; len <= all.len && len < 4096; len++) {
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      begin();
      feed(&other, protected_place(&area, span_slice(all, 0, len), side), SAID_MAX);
      assert_true(other.len <= one.len && memcmp(one.said, other.said, other.len) == 0);
    }
  }
  protected_free(&area);
}

static void what_is_no_netstring_ends_the_connection(void **state)
{
  static const struct {
    const char *name;
    struct span bytes;
    const char *why; /* NULL: it is only not complete */
  } broken[] = {
      {"leading zero", SPAN("05:check,"), "a length has a leading zero"},
      {"zeros", SPAN("00:,"), "a length has a leading zero"},
      {"zero and a digit, no more", SPAN("01"), "a length has a leading zero"},
      {"no digit", SPAN("check_vrfy x,"), "a length is not a number and a colon"},
      {"colon alone", SPAN(":"), "a length is not a number and a colon"},
      {"sign", SPAN("+5:"), "a length is not a number and a colon"},
      {"blank", SPAN(" 5:"), "a length is not a number and a colon"},
      {"NUL", SPAN("\0"), "a length is not a number and a colon"},
      {"blank before the colon", SPAN("5 :"), "a length is not a number and a colon"},
      {"another protocol", SPAN("GET / HTTP/1.1\r\n"), "a length is not a number and a colon"},
      {"no comma", SPAN("5:check;"), "a comma is missing"},
      {"line end for a comma", SPAN("5:check\n"), "a comma is missing"},
      {"longer than is taken", SPAN("4097:"), "a question is too long"},
      {"much longer", SPAN("99999999999999999999999999"), "a question is too long"},
      {"as long as is taken", SPAN("4096:"), NULL},
      {"no colon yet", SPAN("4096"), NULL},
      {"no comma yet", SPAN("5:check"), NULL},
      {"nothing", SPAN(""), NULL},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
    for (size_t step = 1; step < 32; step += 30) {
      struct socketmap door;

      begin();
      door = feed(&one, broken[i].bytes, step);
      if (door.closed != (broken[i].why != NULL) ||
          strcmp(seen.why, broken[i].why == NULL ? "" : broken[i].why) != 0 || one.len != 0)
        fail_msg("%s: %s \"%s\"", broken[i].name, seen.why, one.said);
    }
  }
}

/* Site texts as Sendmail is told them: what it would take for its own is escaped, within bounds. */
static void values_keep_to_sendmail_s_bounds(void **state)
{
  static const struct {
    const char *name, *text, *answer;
  } texts[] = {
      {"quotes and backslashes", "a \"b\" \\c",
       "OK \"502 5.5.1 a \\\"b\\\" \\\\c (command-vrfy)\""},
      {"per cent", "100% %1 %%", "OK \"502 5.5.1 100%% %%1 %%%% (command-vrfy)\""},
  };
  char longest[400];

  (void)state;
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    begin();
    seen.policy.rules[RULE_COMMAND_VRFY].text = span_from(texts[i].text);
    expect_span(texts[i].name, "answer", ask(rows[0].question), texts[i].answer);
  }
  for (size_t len = 150; len < sizeof(longest); len++) {
    struct span said;

    memset(longest, len % 2 == 0 ? 'x' : '"', len);
    begin();
    seen.policy.rules[RULE_COMMAND_VRFY].text = (struct span){longest, len};
    said = ask(rows[0].question);
    assert_true(said.len <= strlen("OK ") + SOCKETMAP_VALUE_MAX);
    assert_true(said.at[3] == '"' && said.at[said.len - 1] == '"');
  }
}

static void a_252_is_said(void **state)
{
  (void)state;
  begin();
  seen.policy.rules[RULE_COMMAND_VRFY].status = (struct reply_status){252, "2.5.2"};
  assert_true(span_starts_nocase(ask(rows[0].question), SPAN("OK \"252 2.5.2 ")));
}

/* What a milter session has let pass is not judged again; the rest by its policy. */
static void an_open_session_is_found(void **state)
{
  struct registry_entry entry = {.entered = false};

  (void)state;
  begin();
  seen_session(&entry, SPAN("MTA"), RULE_COMMAND_TURN);
  expect_span("not asked", "answer", ask(SPAN("check_other " CLIENT "FOO" S "5")), UNKNOWN);
  registry_note_unknown(services.registry, &entry, true);
  expect_span("VRFY between", "answer", ask(SPAN("check_vrfy " CLIENT "a")), NO_VRFY);
  expect_span("let pass", "answer", ask(SPAN("check_other " CLIENT "FOO" S "5")), NOTFOUND);
  expect_span("the next", "answer", ask(SPAN("check_other " CLIENT "FOO" S "5")), UNKNOWN);
  registry_note_unknown(services.registry, &entry, true);
  registry_note_unknown(services.registry, &entry, false);
  expect_span("refused", "answer", ask(SPAN("check_other " CLIENT "FOO" S "5")), UNKNOWN);
  registry_note_unknown(services.registry, &entry, true);
  expect_span("foreign", "answer", ask(SPAN("check_other " CLIENT "GET" S "5")), NOTFOUND);
  assert_true(span_starts_nocase(ask(SPAN("check_other " CLIENT "TURN" S "5")), SPAN("OK \"450 ")));
  expect_span("another port", "answer",
              ask(SPAN("check_other 192.0.2.7" S "40001" S S S S "TURN" S "5")),
              NO("TURN", "command-turn"));
  registry_leave(services.registry, &entry);
  expect_span("gone", "answer", ask(SPAN("check_other " CLIENT "FOO" S "5")), UNKNOWN);
  assert_int_equal(seen.holds, 0);
}

static void the_report_has_the_facts(void **state)
{
  (void)state;
  begin();
  ask(SPAN("check_expn IPv6:2001:db8:0:0:0:0:0:7" S "1" S "MTA" S S S "staff \xe9"));
  assert_int_equal(seen.last.door, DOOR_SOCKETMAP);
  assert_string_equal(seen.command, "EXPN staff \\xE9");
  assert_string_equal(seen.client, "2001:db8::7");
  assert_string_equal(seen.daemon, "MTA");
}

static void a_full_sink_stops_a_flood(void **state)
{
  static char flood[1 << 16];
  struct text text = text_in(flood, sizeof(flood));
  struct socketmap door;
  size_t used, count = 0;

  (void)state;
  begin();
  for (; text.len + 100 < text.size; count++)
    add_netstring(&text, rows[0].question);
  asker_begin(&one);
  one.enough = 1000;
  socketmap_open(&door, &services, &one.sink);
  used = socketmap_feed(&door, text_span(&text));
  assert_true(used > 0 && used < 20 * 60);
  feed(&one, text_span(&text), SAID_MAX);
  assert_int_equal(seen.events[DOOR_REFUSED] >= count, 1);
}

static void any_bytes_get_whole_answers(void **state)
{
  static const char *const pieces[] = {"46:check_vrfy 192.0.2.7" S "40000" S "MTA" S S S "alice,",
                                       "0:,",
                                       "3:a b,",
                                       "12:check_vrfy a,",
                                       "5:",
                                       ",",
                                       "1",
                                       "",
                                       "20:check_other ::2" S S S S S ","};
  char bytes[2048];
  struct dice dice = {5};

  (void)state;
  begin();
  for (unsigned round = 0; round < 5000; round++) {
    size_t len = dice_join(&dice, pieces, sizeof(pieces) / sizeof(pieces[0]), bytes, sizeof(bytes));
    struct span all = {bytes, len};
    struct socketmap first = feed(&one, all, SAID_MAX);
    struct socketmap second = feed(&other, all, 1 + dice_roll(&dice, 9));

    assert_string_equal(one.said, other.said);
    assert_int_equal(first.closed, second.closed);
    for (size_t at = 0; at < one.len;) {
      char *colon;
      size_t size = strtoul(one.said + at, &colon, 10);

      assert_true(*colon == ':' && colon[size + 1] == ',');
      at = (size_t)(colon - one.said) + size + 2;
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(questions_get_their_answers),
      cmocka_unit_test(odd_questions_never_pass_for_unobjectionable),
      cmocka_unit_test(pieces_do_not_matter),
      cmocka_unit_test(only_what_has_come_is_read),
      cmocka_unit_test(what_is_no_netstring_ends_the_connection),
      cmocka_unit_test(values_keep_to_sendmail_s_bounds),
      cmocka_unit_test(a_252_is_said),
      cmocka_unit_test(an_open_session_is_found),
      cmocka_unit_test(the_report_has_the_facts),
      cmocka_unit_test(a_full_sink_stops_a_flood),
      cmocka_unit_test(any_bytes_get_whole_answers),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
