/*
 * The report of a probe as JUnit XML.
 */
#include "probe_report_case.h"

static void an_empty_report_is_all_skipped(void **state)
{
  struct probe_report *report = report_new();
  char *text, sums[120];

  (void)state;
  probe_report_finish(report);
  text = printed(probe_print_junit, report);
  snprintf(sums, sizeof(sums),
           " tests=\"%d\" failures=\"0\" errors=\"0\" skipped=\"%d\" time=\"12.045\"",
           PROBE_CHECK_COUNT, PROBE_CHECK_COUNT);
  assert_int_equal(occurrences(text, sums), 2);
  assert_int_equal(occurrences(text, "<testcase "), PROBE_CHECK_COUNT);
  assert_int_equal(occurrences(text, "<skipped "), PROBE_CHECK_COUNT);
  assert_has(text, "<testsuite name=\"mx.example.org:25\"");
  assert_has(text, " timestamp=\"2026-11-24T15:51:13Z\"");
  free(text);
  free(report);
}

static void a_status_is_what_junit_knows(void **state)
{
  struct probe_report *report = report_new();
  char *text;

  (void)state;
  report_set(report, PROBE_GREETING, PROBE_PASS, "", "S: 220 mx.example.org ESMTP\n");
  report_set(report, PROBE_EHLO, PROBE_WARN, "The list is odd", "C: EHLO probe.invalid\n");
  report_set(report, PROBE_COMMAND_VRFY, PROBE_FAIL, "The replies differ",
             "C: VRFY alice\nS: 252 2.0.0 alice\n");
  report->server = PROBE_SERVER_POSTFIX;
  probe_report_finish(report);
  text = printed(probe_print_junit, report);
  assert_has(text, " failures=\"1\" errors=\"0\" ");
  assert_int_equal(occurrences(text, "<failure "), 1);
  assert_has(text, "<failure type=\"high\" message=\"The replies differ\">");
  assert_has(text, "\nRemedy: rule command-vrfy, with the settings of `milter-strict mta postfix`");
  assert_has(text, "<system-out>C: VRFY alice\nS: 252 2.0.0 alice\n</system-out>");
  assert_has(text, "<system-out>warn: The list is odd\nRemedy: ");
  assert_has(text, "<system-out>S: 220 mx.example.org ESMTP\n</system-out>");
  assert_has(text, "<testcase classname=\"probe.commands\" name=\"command-vrfy: ");
  assert_has(text, "<property name=\"server\" value=\"Postfix\"/>");
  free(text);
  free(report);
}

static void an_early_end_is_an_error(void **state)
{
  struct probe_report *report = report_new();
  struct text ended = text_in(report->ended, sizeof(report->ended));
  char *text, tests[40];

  (void)state;
  text_add(&ended, "no greeting within 30 s");
  probe_report_finish(report);
  text = printed(probe_print_junit, report);
  snprintf(tests, sizeof(tests), " tests=\"%d\" ", PROBE_CHECK_COUNT + 1);
  assert_int_equal(occurrences(text, tests), 2);
  assert_int_equal(occurrences(text, "<testcase "), PROBE_CHECK_COUNT + 1);
  assert_has(text, " errors=\"1\" ");
  assert_has(text, "<error type=\"ended\" message=\"no greeting within 30 s\"/>");
  free(text);
  free(report);
}

static void a_conversation_that_was_cut_says_so(void **state)
{
  struct probe_report *report = report_new();
  char *text;

  (void)state;
  report_set(report, PROBE_EHLO, PROBE_PASS, "", "S: 250-one\n");
  report->results[PROBE_EHLO].transcript.cut = true;
  probe_report_finish(report);
  text = printed(probe_print_junit, report);
  assert_has(text, "S: 250-one\n(cut here)\n</system-out>");
  free(text);
  free(report);
}

static void hostile_text_stays_text(void **state)
{
  struct probe_report *report = report_hostile();
  char *text = printed(probe_print_junit, report);

  (void)state;
  assert_plain(text);
  assert_lacks(text, "<script");
  assert_lacks(text, "' ");
  assert_lacks(text, "]]>");
  assert_has(text, "&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39; &amp;lt; ]]&gt; "
                   "--&gt; \\x01\\x1B[31m\\x7F\\xFF\\xC0");
  free(text);
  free(report);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_report_is_all_skipped),
      cmocka_unit_test(a_status_is_what_junit_knows),
      cmocka_unit_test(an_early_end_is_an_error),
      cmocka_unit_test(a_conversation_that_was_cut_says_so),
      cmocka_unit_test(hostile_text_stays_text),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
