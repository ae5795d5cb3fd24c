/*
 * A probe as a whole: its bounds, its pace, and what it shows of hostile servers.
 */
#include "probe_played.h"

/* Whatever a server says, what is shown of it is printable. */
static void nothing_hostile_is_shown(void **state)
{
  static const struct played_answer answers[] = {{PLAYED_GREETING, "220 \x1b]0;title\x07\xff\r\n"},
                                                 {"VRFY", "252 \x1b[2J\x9b"
                                                          "31m\r\n"},
                                                 {"HELP", "214-\x08\x08\r\n214 \x7f\r\n"},
                                                 {NULL, NULL}};
  struct probe_options options = options_of(NULL, 0);
  struct played played;
  struct probe_report *report = play(&played, &options, answers);

  (void)state;
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++) {
    const struct probe_result *result = &report->results[check];

    for (size_t i = 0; i < result->transcript.len; i++)
      assert_true(result->memory[i] == '\n' ||
                  (!byte_is_control(result->memory[i]) && !byte_is_8bit(result->memory[i])));
    for (const char *at = result->note; *at != '\0'; at++)
      assert_true(!byte_is_control(*at) && !byte_is_8bit(*at));
  }
  assert_string_equal(report->greeting, "220 \\x1B]0;title\\x07\\xFF");
  free(report);
}

/* Servers that say nothing, or hang up at once, are asked three times and no more. */
static void a_dead_server_ends_the_probe(void **state)
{
  static const struct {
    const char *name;
    struct played_answer answer;
    uint64_t most; /* milliseconds */
  } rows[] = {
      {"silent", {PLAYED_GREETING, PLAYED_SILENCE}, 100000},
      {"gone", {PLAYED_GREETING, PLAYED_CLOSE}, 10000},
      {"silent after the greeting", {"EHLO", PLAYED_SILENCE}, 400000},
      {"busy", {PLAYED_GREETING, "421 4.3.2 busy\r\n"}, 10000},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const struct played_answer answers[PLAYED_MAX] = {rows[i].answer};
    struct probe_options options = options_of("alice", EVERYTHING);
    struct played played;
    struct probe_report *report = play(&played, &options, answers);

    if (report->ended[0] == '\0' || report->totals[PROBE_FAIL] > 0 || played.opened > 12 ||
        report->milliseconds > rows[i].most)
      fail_msg("%s: \"%s\", %u failed, %u connections, %u ms", rows[i].name, report->ended,
               report->totals[PROBE_FAIL], played.opened, report->milliseconds);
    free(report);
  }
}

/* A server that answers late each time cannot hold a probe for ever. */
static void a_probe_is_bounded(void **state)
{
  static const struct played_answer answers[PLAYED_MAX] = {
      {"MAIL", PLAYED_SILENCE},    {"VRFY", PLAYED_SILENCE}, {"EXPN", PLAYED_SILENCE},
      {"NOOP", PLAYED_SILENCE},    {"RCPT", PLAYED_SILENCE}, {"XPROBE", PLAYED_SILENCE},
      {"STARTTLS", PLAYED_SILENCE}};
  struct probe_options options = options_of("alice", EVERYTHING);
  struct played played;
  struct probe_report *report;

  (void)state;
  options.timeout = 300000;
  report = play(&played, &options, answers);
  assert_in_range(report->milliseconds, 0, PROBE_TIME_MAX + 300000);
  assert_string_equal(report->ended, "the time for one probe is over");
  assert_in_range(report->commands, 0, PROBE_COMMANDS_MAX);
  free(report);
}

/* Between two commands is the pause that was asked for. */
static void it_keeps_its_pace(void **state)
{
  static const struct played_answer answers[PLAYED_MAX] = {{NULL, NULL}};
  struct probe_options options = options_of("alice", EVERYTHING);
  struct played played;
  struct probe_report *report = play(&played, &options, answers);

  (void)state;
  assert_in_range(report->milliseconds, 100 * (report->commands + report->connections - 1),
                  200 * (report->commands + report->connections));
  assert_in_range(report->commands, 200, PROBE_COMMANDS_MAX - 100);
  assert_in_range(report->connections, 20, PROBE_CONNECTIONS_MAX - 50);
  free(report);
}

static void every_check_has_a_row_that_is_whole(void **state)
{
  (void)state;
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++) {
    const struct probe_check_entry *entry = probe_check_entry(check);

    if (strlen(entry->title) > 60 || entry->reason[0] == '\0' || entry->source[0] == '\0' ||
        entry->rules[PROBE_RULES_MAX] != RULE_NONE)
      fail_msg("%s", entry->name);
    assert_int_equal(probe_check_find(span_from(entry->name)), check);
    for (enum probe_server server = 0; server < PROBE_SERVER_COUNT; server++)
      assert_true(probe_check_remedy(check, server)[0] != '\0');
    for (size_t i = 0; entry->rules[i] != RULE_NONE; i++) /* named, where a rule helps */
      if ((rule_entry(entry->rules[i])->flags & RULE_FLAG_NATIVE) == 0 &&
          rule_find(span_from(entry->name)) == entry->rules[i])
        assert_non_null(strstr(entry->postfix, entry->name));
  }
  assert_int_equal(probe_check_find(SPAN("no-such-check")), PROBE_CHECK_COUNT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_hostile_is_shown),
      cmocka_unit_test(a_dead_server_ends_the_probe),
      cmocka_unit_test(a_probe_is_bounded),
      cmocka_unit_test(it_keeps_its_pace),
      cmocka_unit_test(every_check_has_a_row_that_is_whole),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
