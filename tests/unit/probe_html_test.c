/*
 * The report of a probe as a page. What a browser makes of it is tested with a browser.
 */
#include "probe_report_case.h"

static void a_page_has_every_check_once(void **state)
{
  struct probe_report *report = report_new();
  char *text;

  (void)state;
  probe_report_finish(report);
  text = printed(probe_print_html, report);
  assert_int_equal(occurrences(text, "<details id="), PROBE_CHECK_COUNT);
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++) {
    char id[80];

    snprintf(id, sizeof(id), "<details id=\"%s\">", probe_check_entry(check)->name);
    assert_int_equal(occurrences(text, id), 1);
  }
  assert_int_equal(occurrences(text, "<section>"), PROBE_AREA_COUNT);
  assert_has(text, "<h1>mx.example.org:25: nothing to put right</h1>");
  assert_has(text, "2026-11-24T15:51:13Z");
  assert_lacks(text, "class=\"todo\"");
  free(text);
  free(report);
}

/* The list at the top goes by urgency, and what is in it stands open. */
static void what_is_to_be_looked_at_comes_first(void **state)
{
  static const char *const order[] = {"<ol class=\"todo\">", "href=\"#open-relay\"",
                                      "href=\"#quit\"",      "href=\"#null-sender\"",
                                      "href=\"#greeting\"",  "</ol>"};
  struct probe_report *report = report_new();
  const char *at;
  char *text;

  (void)state;
  report_set(report, PROBE_GREETING, PROBE_WARN, "The greeting is odd", "");
  report_set(report, PROBE_QUIT, PROBE_FAIL, "QUIT is refused", "");
  report_set(report, PROBE_NULL_SENDER, PROBE_WARN, "It is slow", "");
  report_set(report, PROBE_OPEN_RELAY, PROBE_FAIL, "It takes mail for all", "");
  probe_report_finish(report);
  text = printed(probe_print_html, report);
  at = text;
  for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
    at = strstr(at, order[i]);
    if (at == NULL)
      fail_msg("not there, or not in its place: %s", order[i]);
  }
  assert_int_equal(occurrences(text, "<details id=\"open-relay\" open>"), 1);
  assert_int_equal(occurrences(text, " open>"), 4);
  assert_has(text, "mx.example.org:25: 2 checks failed</h1>");
  free(text);
  free(report);
}

static void both_sides_of_a_conversation_are_shown(void **state)
{
  struct probe_report *report = report_new();
  char *text;

  (void)state;
  report_set(report, PROBE_COMMAND_VRFY, PROBE_FAIL, "The replies differ",
             "-: connected\nC: VRFY alice\nS: 252 2.0.0 alice\n");
  report->results[PROBE_COMMAND_VRFY].transcript.cut = true;
  probe_report_finish(report);
  text = printed(probe_print_html, report);
  assert_has(text, "<li class=\"e\">- connected</li>\n<li class=\"c\">C VRFY alice</li>\n"
                   "<li class=\"s\">S 252 2.0.0 alice</li>\n<li class=\"e\">- cut here</li>\n");
  assert_has(text, "<dt>Found</dt><dd>The replies differ</dd>");
  assert_has(text, "<code>command-vrfy</code>");
  free(text);
  free(report);
}

static void an_ipv6_address_stands_in_brackets(void **state)
{
  static const char *const hosts[] = {"2001:db8::25", "[2001:db8::25]"};

  (void)state;
  for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
    struct probe_report *report = report_new();
    struct text host = text_in(report->host, sizeof(report->host));
    char *text;

    text_add(&host, hosts[i]);
    probe_report_finish(report);
    text = printed(probe_print_html, report);
    assert_has(text, "<title>[2001:db8::25]:25: nothing to put right</title>");
    free(text);
    text = printed(probe_print_junit, report);
    assert_has(text, "<testsuite name=\"[2001:db8::25]:25\"");
    free(text);
    free(report);
  }
}

static void addresses_that_were_not_asked_are_told(void **state)
{
  struct probe_report *report = report_new();
  char *text;

  (void)state;
  strcpy(report->others[0], "192.0.2.2");
  strcpy(report->others[1], "2001:db8::1");
  report->other_count = 2;
  probe_report_finish(report);
  text = printed(probe_print_html, report);
  assert_has(text, "<dt>Not asked</dt><dd>192.0.2.2, 2001:db8::1</dd>");
  free(text);
  free(report);
}

static void a_page_needs_nothing_else(void **state)
{
  static const char *const elsewhere[] = {
      "<script", "<link", "<img", "<iframe", "src=", "@import", "url(", "http://", "https://"};
  struct probe_report *report = report_new();
  char *text;

  (void)state;
  probe_report_finish(report);
  text = printed(probe_print_html, report);
  for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
    assert_lacks(text, elsewhere[i]);
  assert_has(text, "content=\"default-src 'none';");
  free(text);
  free(report);
}

static void hostile_text_stays_text(void **state)
{
  struct probe_report *report = report_hostile();
  char *text = printed(probe_print_html, report);

  (void)state;
  assert_plain(text);
  assert_lacks(text, "<script");
  assert_lacks(text, "</pre");
  assert_lacks(text, "onload='");
  assert_int_equal(occurrences(text, "</style>"), 1);
  assert_int_equal(occurrences(text, "<details id="), PROBE_CHECK_COUNT);
  assert_has(text, "&lt;/style&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39; "
                   "&amp;lt; ]]&gt; --&gt; \\x01\\x1B[31m\\x7F\\xFF\\xC0");
  free(text);
  free(report);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_page_has_every_check_once),
      cmocka_unit_test(what_is_to_be_looked_at_comes_first),
      cmocka_unit_test(both_sides_of_a_conversation_are_shown),
      cmocka_unit_test(an_ipv6_address_stands_in_brackets),
      cmocka_unit_test(addresses_that_were_not_asked_are_told),
      cmocka_unit_test(a_page_needs_nothing_else),
      cmocka_unit_test(hostile_text_stays_text),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
