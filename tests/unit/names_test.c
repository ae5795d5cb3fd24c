/*
 * Lists of names: sorting, looking up, and stars.
 */
#include "names.h"

#include "protected.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 16 };

/* A sorted list of the words in `text`. */
static struct names list_of(const char *text, struct span *memory)
{
  struct span rest = span_from(text);
  size_t count = 0;

  while (rest.len > 0) {
    size_t end = span_find(rest, ' ');

    assert_true(count < LIST_MAX);
    memory[count++] = span_slice(rest, 0, end);
    rest = span_slice(rest, end + 1, rest.len);
  }
  return (struct names){memory, names_sort(memory, count)};
}

static const struct {
  const char *name, *list, *look_for;
  bool want;
} rows[] = {
    {"an empty list has nothing", "", "a.example", false},
    {"an empty name is in no list", "a.example *.b", "", false},
    {"a dot alone is no name", "a.example *.b", ".", false},
    {"the only name", "a.example", "a.example", true},
    {"case does not matter", "A.Example", "a.eXAMPLE", true},
    {"a final dot does not matter", "a.example", "a.example.", true},
    {"two final dots do", "a.example", "a.example..", false},
    {"the first of many", "a b c d e", "a", true},
    {"one in the middle", "e c d a b", "c", true},
    {"the last", "a b c d e", "e", true},
    {"none of many", "a b c d e", "f", false},
    {"a beginning of a name", "mail.example", "mail", false},
    {"a longer name", "mail.example", "mail.example.org", false},
    {"below a star", "*.example.com", "a.example.com", true},
    {"far below a star", "*.example.com", "a.b.c.example.com", true},
    {"the starred name itself", "*.example.com", "example.com", false},
    {"a name that ends alike", "*.example.com", "badexample.com", false},
    {"below a star with a final dot", "*.example.com", "a.example.com.", true},
    {"a star among others", "zz *.example.com !x aa *.b -y", "q.b", true},
    {"others among stars", "zz *.example.com !x aa *.b -y", "!x", true},
    {"a star alone is no wildcard", "*", "a.example", false},
    {"a star in the middle is none", "a.*.example", "a.b.example", false},
    {"a star is looked up as itself", "*.example", "*.example", true},
    {"an address", "192.0.2.1 2001:db8::1", "2001:db8::1", true},
    {"a literal", "[192.0.2.1]", "[192.0.2.1]", true},
};

static void looks_up(void **state)
{
  struct protected_area area = protected_make(64);

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct span memory[LIST_MAX];
    struct names names = list_of(rows[i].list, memory);

    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span name = protected_place(&area, span_from(rows[i].look_for), side);

      if (names_contain(names, name) != rows[i].want)
        fail_msg("%s: got %d", rows[i].name, !rows[i].want);
    }
  }
  protected_free(&area);
}

static void sorts_and_drops_doubles(void **state)
{
  static const char *const want[] = {"*.z", "A", "b", "c"};
  struct span memory[LIST_MAX];
  struct names names = list_of("c b A a B *.z C *.Z", memory);

  (void)state;
  assert_int_equal(names.count, 4);
  for (size_t i = 0; i < names.count; i++)
    assert_true(span_equals_nocase(names.list[i], span_from(want[i])));
  assert_int_equal(names_sort(NULL, 0), 0);
}

/* A large list, every name of it and its neighbours that are not in it. */
static void finds_each_of_many(void **state)
{
  enum { COUNT = 2000, SIZE = 24 };
  char *memory = calloc(COUNT, SIZE);
  struct span *list = calloc(COUNT, sizeof(*list));
  struct names names;

  (void)state;
  assert_true(memory != NULL && list != NULL);
  for (size_t i = 0; i < COUNT; i++) {
    snprintf(memory + i * SIZE, SIZE, "%sn%zu.example", i % 3 == 0 ? "*." : "", i * 7919 % COUNT);
    list[i] = span_from(memory + i * SIZE);
  }
  names = (struct names){list, names_sort(list, COUNT)};
  for (size_t i = 0; i < COUNT; i++) {
    bool starred = i % 3 == 0;
    char name[SIZE];

    snprintf(name, sizeof(name), "n%zu.example", i * 7919 % COUNT);
    assert_true(names_contain(names, span_from(name)) == !starred);
    snprintf(name, sizeof(name), "x.n%zu.example", i * 7919 % COUNT);
    assert_true(names_contain(names, span_from(name)) == starred);
    snprintf(name, sizeof(name), "xn%zu.example", i * 7919 % COUNT);
    assert_false(names_contain(names, span_from(name)));
  }
  free(memory);
  free(list);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(looks_up),
      cmocka_unit_test(sorts_and_drops_doubles),
      cmocka_unit_test(finds_each_of_many),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
