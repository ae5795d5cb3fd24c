/*
 * Who comes most often: exact while there is room, and never wrong by more than is said.
 */
#include "../../milter/tools/replay_top.h"

#include "expect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static void add(struct top *top, const char *name, unsigned times)
{
  while (times-- > 0)
    top_add(top, span_from(name));
}

static void counts_exactly_while_there_is_room(void **state)
{
  struct top top = {.used = 0};

  (void)state;
  add(&top, "b.example", 2);
  add(&top, "a.example", 5);
  add(&top, "c.example", 3);
  add(&top, "A.Example", 1); /* names of hosts: case does not matter */
  top_sort(&top);
  assert_int_equal(top.used, 3);
  assert_string_equal(top.rows[0].name, "a.example");
  assert_int_equal(top.rows[0].count, 6);
  assert_string_equal(top.rows[1].name, "c.example");
  assert_string_equal(top.rows[2].name, "b.example");
  for (unsigned i = 0; i < top.used; i++)
    assert_int_equal(top.rows[i].error, 0);
}

/* Two frequent names among a hundred thousand that come once each. */
static void finds_the_frequent_in_a_flood(void **state)
{
  struct top top = {.used = 0};
  const struct top_row *frequent[2] = {NULL, NULL};
  uint64_t all = 0;

  (void)state;
  for (unsigned i = 0; i < 100000; i++) {
    char name[32];

    snprintf(name, sizeof(name), "once%u.example", i);
    add(&top, name, 1);
    add(&top, "often.example", i % 10 == 0);
    add(&top, "more.example", i % 5 == 0);
  }
  top_sort(&top);
  assert_int_equal(top.used, TOP_ROWS);
  for (unsigned i = 0; i < top.used; i++) {
    all += top.rows[i].count;
    if (strcmp(top.rows[i].name, "often.example") == 0)
      frequent[0] = &top.rows[i];
    if (strcmp(top.rows[i].name, "more.example") == 0)
      frequent[1] = &top.rows[i];
  }
  assert_int_equal(all, 130000);
  for (unsigned i = 0; i < 2; i++) {
    uint64_t real = i == 0 ? 10000 : 20000;

    assert_non_null(frequent[i]);
    assert_true(frequent[i]->count >= real);
    assert_true(frequent[i]->count - frequent[i]->error <= real);
  }
}

static void names_are_fit_to_be_shown(void **state)
{
  struct top top = {.used = 0};
  char name[200];

  (void)state;
  memset(name, '\x1b', sizeof(name));
  top_add(&top, (struct span){name, sizeof(name)});
  assert_true(strlen(top.rows[0].name) < TOP_NAME_SIZE);
  for (const char *at = top.rows[0].name; *at != '\0'; at++)
    assert_false(byte_is_control(*at) || byte_is_8bit(*at));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counts_exactly_while_there_is_room),
      cmocka_unit_test(finds_the_frequent_in_a_flood),
      cmocka_unit_test(names_are_fit_to_be_shown),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
