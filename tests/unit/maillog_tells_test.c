/*
 * The table of what logs tell: a row for every rule, and a reason wherever not all is told.
 */
#include "../../milter/maillog/tells.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static void every_rule_has_a_row(void **state)
{
  (void)state;
  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    const char *why = maillog_tells_why(rule);
    bool all = true;

    if (why == NULL)
      fail_msg("%s has no row", rule_entry(rule)->name);
    for (enum maillog_mta mta = MAILLOG_POSTFIX; mta < MAILLOG_MTA_COUNT; mta++)
      all = all && maillog_tells(rule, mta) == TELLS_SEEN;
    if (!all && *why == '\0')
      fail_msg("%s: no reason why it is not seen", rule_entry(rule)->name);
  }
}

/* What MTAs decide themselves before a filter is asked cannot be told from a log. */
static void native_rules_cannot_be_told(void **state)
{
  (void)state;
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    if ((rule_entry(rule)->flags & RULE_FLAG_NATIVE) != 0)
      for (enum maillog_mta mta = MAILLOG_POSTFIX; mta < MAILLOG_MTA_COUNT; mta++)
        assert_int_equal(maillog_tells(rule, mta), TELLS_NOT);
}

static void each_degree_has_a_name(void **state)
{
  (void)state;
  assert_string_equal(maillog_tells_name(TELLS_SEEN), "seen");
  assert_string_equal(maillog_tells_name(TELLS_PARTLY), "partly");
  assert_string_equal(maillog_tells_name(TELLS_NOT), "cannot be told");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_rule_has_a_row),
      cmocka_unit_test(native_rules_cannot_be_told),
      cmocka_unit_test(each_degree_has_a_name),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
