/*
 * When what has failed is tried again.
 */
#include "store/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void pauses_double_up_to_the_longest(void **state)
{
  static const uint32_t pauses[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000};
  struct breaker breaker = {.open = false};
  uint64_t now = 1000000;

  (void)state;
  for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
    assert_true(breaker_may_try(&breaker, now));
    assert_int_equal(breaker_fail(&breaker, now), i == 0);
    assert_false(breaker_may_try(&breaker, now + pauses[i] - 1));
    now += pauses[i];
  }
  assert_true(breaker_may_try(&breaker, now));
}

static void it_closes_once(void **state)
{
  struct breaker breaker = {.open = false};

  (void)state;
  assert_false(breaker_work(&breaker, 5));
  assert_true(breaker_fail(&breaker, 10));
  assert_true(breaker_work(&breaker, 120));
  assert_false(breaker_work(&breaker, 121));
  assert_true(breaker_may_try(&breaker, 121));
}

static void what_works_for_a_moment_only_is_not_tried_more_often(void **state)
{
  struct breaker breaker = {.open = false};
  uint64_t now = BREAKER_STEADY_MS;

  (void)state;
  for (uint32_t pause = BREAKER_FIRST_MS; pause < BREAKER_LONGEST_MS; pause *= 2) {
    assert_true(breaker_fail(&breaker, now));
    assert_int_equal(breaker.retry_at, now + pause);
    now += pause;
    assert_true(breaker_work(&breaker, now));
  }
}

static void what_has_worked_for_long_begins_anew(void **state)
{
  struct breaker breaker = {.open = false};
  uint64_t now = 50000;

  (void)state;
  for (int i = 0; i < 10; i++)
    (void)breaker_fail(&breaker, now);
  assert_true(breaker_work(&breaker, now));
  now += BREAKER_STEADY_MS;
  assert_true(breaker_fail(&breaker, now));
  assert_int_equal(breaker.retry_at, now + BREAKER_FIRST_MS);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pauses_double_up_to_the_longest),
      cmocka_unit_test(it_closes_once),
      cmocka_unit_test(what_works_for_a_moment_only_is_not_tried_more_often),
      cmocka_unit_test(what_has_worked_for_long_begins_anew),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
