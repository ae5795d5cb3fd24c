/*
 * What is shown of what a client sent: the window, the caret, the bounds of a reply whatever the
 * input; and which settings of a site fit into a reply.
 */
#include "verdict.h"

#include "expect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define A10 "aaaaaaaaaa"
#define A40 A10 A10 A10 A10
#define B10 "bbbbbbbbbb"
#define B30 B10 B10 B10
#define SPACES10 "          "
#define SPACES40 SPACES10 SPACES10 SPACES10 SPACES10

/* The prefix is "RCPT TO:" in all rows: 8 columns. */
static const struct {
  const char *name, *subject;
  unsigned at;
  const char *echo, *caret;
} windows[] = {
    {"the first byte", "a@b", 0, "a@b", "^"},
    {"the last byte", "<a@>", 3, "<a@>", "   ^"},
    {"behind the last byte", "<a@b", 4, "<a@b", "    ^"},
    {"nothing", "", 0, "", "^"},
    {"72 columns fit", A40 B30 "cc", 71, A40 B30 "cc", SPACES40 SPACES10 SPACES10 SPACES10 " ^"},
    {"73 do not: the end is left out", A40 B30 "cdX", 0, A40 B30 "cd...", "^"},
    {"73 do not: the beginning is left out", "x" A40 B30 "cd", 72, "..." A40 B30 "cd",
     "   " SPACES40 SPACES10 SPACES10 SPACES10 " ^"},
    {"both ends are left out", "xxxxx" A40 "!" B30 "zzzzz", 45, "..." A40 "!" B30 "z...",
     "   " SPACES40 "^"},
    {"few bytes behind the place leave room for more before it", "xxxx" B30 A40 "!z", 74,
     "..." B30 A40 "!z", "   " SPACES10 SPACES10 SPACES10 SPACES40 "^"},
    {"a control byte is four columns", "a\x01\x02", 2, "a\\x01\\x02", "     ^"},
    {"an 8-bit byte too", "\xc3\xb6@b", 0, "\\xC3\\xB6@b", "^"},
    {"DEL too", "a\x7f!", 2, "a\\x7F!", "     ^"},
    {"a percent is one column", "a%b!", 3, "a%b!", "   ^"},
    {"a backslash and quotes too", "\"a\\\"!", 4, "\"a\\\"!", "    ^"},
    {"an escape is shown whole or not at all",
     A40 B30 "c\x01"
             "d",
     0, A40 B30 "c...", "^"},
};

static void shows(size_t row)
{
  struct verdict verdict = {.rule = RULE_RECIPIENT_SYNTAX,
                            .fault = {FAULT_BAD_CHARACTER, windows[row].at},
                            .prefix = SPAN("RCPT TO:"),
                            .subject = span_from(windows[row].subject)};
  struct policy policy;
  struct reply_lines reply;
  const char *echo, *caret;

  policy_defaults(&policy);
  verdict_reply(&policy, &verdict, VERDICT_VOICE_NEGATIVE, &reply);
  assert_int_equal(reply.count, 4);
  echo = reply.line[1] + strlen("RCPT TO:");
  caret = reply.line[2] + strlen("RCPT TO:");
  if (strcmp(echo, windows[row].echo) != 0)
    fail_msg("%s:\n got  %s\n want %s", windows[row].name, echo, windows[row].echo);
  if (strspn(reply.line[2], " ") != strlen("RCPT TO:") + strlen(windows[row].caret) - 1 ||
      strncmp(caret, windows[row].caret, strlen(windows[row].caret)) != 0)
    fail_msg("%s:\n %s\n %s", windows[row].name, echo, caret);
  assert_string_equal(strchr(caret, '^'), "^ this character needs quotes");
}

static void caret_stands_under_the_wrong_byte(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++)
    shows(i);
}

/* Of a HELO name 256 bytes are kept; a verdict that is spoken later may be about a byte behind. */
static void place_behind_what_is_kept_is_not_pointed_at(void **state)
{
  static char name[SESSION_NAME_MAX];
  struct verdict verdict = {.rule = RULE_HELO_UNDERSCORE,
                            .fault = {FAULT_UNDERSCORE, 300},
                            .prefix = SPAN("HELO "),
                            .subject = {name, sizeof(name)}};
  struct policy policy;
  struct reply_lines reply;

  (void)state;
  memset(name, 'a', sizeof(name));
  policy_defaults(&policy);
  verdict_reply(&policy, &verdict, VERDICT_VOICE_NEGATIVE, &reply);
  assert_int_equal(reply.count, 3);
  assert_null(strchr(reply.line[1], '^'));
  assert_string_equal(reply.line[2], rule_entry(RULE_HELO_UNDERSCORE)->remedy);
}

static void is_well_formed(const struct reply_lines *reply, enum rule rule)
{
  assert_true(reply->count >= 1 && reply->count <= VERDICT_LINES_MAX);
  for (unsigned i = 0; i < reply->count; i++) {
    char memory[600];
    struct text line = text_in(memory, sizeof(memory));

    reply_line_write(&line, reply, i);
    if (line.cut || line.len + strlen("\r\n") > 512)
      fail_msg("%s: line %u has %zu bytes", rule_entry(rule)->name, i + 1, line.len);
    for (size_t n = 0; n < line.len; n++)
      if (line.at[n] < ' ' || line.at[n] > '~')
        fail_msg("%s: line %u is not printable ASCII", rule_entry(rule)->name, i + 1);
    assert_int_equal(line.at[3], i + 1 < reply->count ? '-' : ' ');
    assert_int_equal(line.at[4], line.at[0]); /* class of the enhanced code */
  }
}

/* The longest of everything that a configuration may hold. */
static void fill_up(struct policy *policy, enum rule rule, char *memory)
{
  const char *why;

  memset(memory, 'u', 1000);
  policy->rules[rule].status = (struct reply_status){550, "5.999.999"};
  policy->url = (struct span){memory, 1000};
  while (policy->url.len > 0 && !verdict_reply_fits(policy, rule, &why))
    policy->url.len--;
  policy->rules[rule].text = (struct span){memory, 1000};
  while (policy->rules[rule].text.len > 0 && !verdict_reply_fits(policy, rule, &why))
    policy->rules[rule].text.len--;
  assert_true(policy->url.len > 200);
  assert_true(policy->rules[rule].text.len > 400);
}

static void replies_are_well_formed_whatever_is_sent(void **state)
{
  static char memory[1000];
  struct span subjects[] = {SPAN(""), SPAN("x"), repeated("\x80"), repeated("%"), repeated("\r\n")};
  enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };
  struct policy policy;

  (void)state;
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    for (enum fault_kind kind = FAULT_NONE; kind < FAULT_COUNT; kind++)
      for (size_t i = 0; i < SUBJECTS; i++) {
        struct verdict verdict = {.rule = rule,
                                  .fault = {kind, (uint32_t)(subjects[i].len / 2)},
                                  .prefix = SPAN("MAIL FROM:"),
                                  .subject = subjects[i]};
        struct reply_lines reply;

        if (kind == FAULT_NONE && i == 0)
          policy_defaults(&policy);
        else if (kind == FAULT_NONE && i == 1)
          fill_up(&policy, rule, memory);
        verdict_reply(&policy, &verdict, VERDICT_VOICE_NEGATIVE, &reply);
        is_well_formed(&reply, rule);
      }
  for (size_t i = 2; i < SUBJECTS; i++)
    free((void *)(uintptr_t)subjects[i].at);
}

static bool fits(const char *reply, const char *text, const char *url, const char *contact,
                 enum rule rule)
{
  struct policy policy;
  const char *why = "";
  bool fit;

  policy_defaults(&policy);
  if (reply != NULL)
    assert_int_equal(reply_status_parse(span_from(reply), &policy.rules[rule].status), REPLY_OK);
  policy.rules[rule].text = span_from(text);
  policy.url = span_from(url);
  policy.contact = span_from(contact);
  fit = verdict_reply_fits(&policy, rule, &why);
  assert_true(fit == (why == NULL));
  return fit;
}

static void settings_that_fit(void **state)
{
  (void)state;
  assert_true(fits(NULL, NULL, NULL, NULL, RULE_LINE_END));
  assert_true(fits("450 4.7.1", NULL, NULL, NULL, RULE_SENDER_SYNTAX));
  assert_true(fits("421", NULL, NULL, NULL, RULE_HELO_SYNTAX));
  assert_true(fits("252", NULL, NULL, NULL, RULE_COMMAND_VRFY));
  assert_true(fits("502", NULL, NULL, NULL, RULE_COMMAND_HELP));
  assert_true(fits(NULL, "Go away, please", "https://a.example/#%rule", "a@b", RULE_LINE_END));
}

static void settings_that_do_not_fit(void **state)
{
  char *longest = calloc(1, 600);

  (void)state;
  assert_non_null(longest);
  memset(longest, 'x', 599);
  assert_false(fits("252", NULL, NULL, NULL, RULE_SENDER_SYNTAX));
  assert_false(fits("214", NULL, NULL, NULL, RULE_COMMAND_VRFY));
  assert_false(fits("250", NULL, NULL, NULL, RULE_COMMAND_HELP));
  assert_false(fits("354", NULL, NULL, NULL, RULE_COMMAND_UNKNOWN));
  assert_false(fits("220", NULL, NULL, NULL, RULE_COMMAND_VRFY));
  assert_false(fits(NULL, "two\r\nlines", NULL, NULL, RULE_LINE_END));
  assert_false(fits(NULL, "caf\xc3\xa9", NULL, NULL, RULE_LINE_END));
  assert_false(fits(NULL, NULL, "https://a.example/\x01", NULL, RULE_LINE_END));
  assert_false(fits(NULL, NULL, NULL, "caf\xc3\xa9@b", RULE_LINE_END));
  assert_false(fits(NULL, longest, NULL, NULL, RULE_LINE_END));
  assert_false(fits(NULL, NULL, longest, NULL, RULE_LINE_END));
  assert_false(fits(NULL, NULL, NULL, longest, RULE_LINE_END));
  free(longest);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(caret_stands_under_the_wrong_byte),
      cmocka_unit_test(place_behind_what_is_kept_is_not_pointed_at),
      cmocka_unit_test(replies_are_well_formed_whatever_is_sent),
      cmocka_unit_test(settings_that_fit),
      cmocka_unit_test(settings_that_do_not_fit),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
