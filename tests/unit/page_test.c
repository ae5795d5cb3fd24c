/*
 * Pages: text that fits the terminal, JSON that programs can rely on, and foreign bytes in neither.
 */
#include "tools/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What `print` writes on stdout. */
static void capture(bool (*print)(void), char *out, size_t size)
{
  FILE *file = tmpfile();
  int kept = dup(STDOUT_FILENO);
  size_t len;

  assert_non_null(file);
  fflush(stdout);
  dup2(fileno(file), STDOUT_FILENO);
  assert_true(print());
  fflush(stdout);
  dup2(kept, STDOUT_FILENO);
  close(kept);
  rewind(file);
  len = fread(out, 1, size - 1, file);
  out[len] = '\0';
  fclose(file);
}

static void fill(struct page *page, const char *name, const char *words)
{
  page_title(page, name, "a title");
  page_say_string(page, "Said so", words);
  page_item(page, "List", SPAN("one"));
  page_item(page, "List", SPAN("two"));
  page_no_item(page, "Nothing", "none of them");
  page_line(page, "Lines", "a line  that stands");
}

#define LONG_WORDS                                                                                 \
  "these words are too many for a line of forty columns, and a-word-that-is-longer-than-any"

static bool print_text(void)
{
  struct page page = {.count = 0};

  fill(&page, "name", LONG_WORDS);
  return page_print(&page);
}

static bool print_json(void)
{
  struct page page = {.count = 0};

  fill(&page, "name", "byte \x1b\xff\"");
  page_say_string(&page, "Said so", "again");
  return page_print_json(&page);
}

static bool print_both(void)
{
  struct page left = {.count = 0}, right = {.count = 0};

  page_title(&left, "left", "a title");
  page_title(&right, "right", "a title");
  page_say_string(&left, "Said so", LONG_WORDS);
  page_say_string(&right, "Said so", "few words");
  return page_print_both(&left, &right);
}

static void text_is_broken_at_spaces(void **state)
{
  char said[2048];

  (void)state;
  setenv("COLUMNS", "40", 1);
  capture(print_text, said, sizeof(said));
  assert_string_equal(said, "name  a title\n"
                            "\n"
                            "  Said so     these words are too many\n"
                            "              for a line of forty\n"
                            "              columns, and\n"
                            "              a-word-that-is-longer-than-any\n"
                            "  List        one two\n"
                            "  Nothing     none of them\n"
                            "  Lines\n"
                            "    a line  that stands\n");
}

static void columns_need_room(void **state)
{
  char said[2048];

  (void)state;
  setenv("COLUMNS", "99", 1);
  capture(print_both, said, sizeof(said));
  assert_non_null(strstr(said, "\n\nright  a title\n"));
  setenv("COLUMNS", "100", 1);
  capture(print_both, said, sizeof(said));
  assert_string_equal(said,
                      "              left  a title                               right  a title\n"
                      "\n"
                      "  Said so     these words are too many for a line of      few words\n"
                      "              forty columns, and\n"
                      "              a-word-that-is-longer-than-any\n");
}

static const char *string_at(const cJSON *array, int index)
{
  return cJSON_GetStringValue(cJSON_GetArrayItem(array, index));
}

static void json_has_keys_and_no_foreign_bytes(void **state)
{
  char said[2048];
  cJSON *object;
  const cJSON *again;

  (void)state;
  capture(print_json, said, sizeof(said));
  object = cJSON_Parse(said);
  assert_non_null(object);
  assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(object, "name")), "name");
  again = cJSON_GetObjectItemCaseSensitive(object, "said-so");
  assert_int_equal(cJSON_GetArraySize(again), 2);
  assert_string_equal(string_at(again, 0), "byte \\x1B\\xFF\"");
  assert_string_equal(string_at(again, 1), "again");
  assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(object, "list")), 2);
  assert_true(cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(object, "nothing")));
  assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(object, "nothing")), 0);
  assert_string_equal(string_at(cJSON_GetObjectItemCaseSensitive(object, "lines"), 0),
                      "a line  that stands");
  cJSON_Delete(object);
}

static void too_many_entries_are_told(void **state)
{
  struct page page = {.count = 0};

  (void)state;
  for (unsigned i = 0; i <= PAGE_ENTRIES_MAX; i++)
    page_say_string(&page, "Label", "words");
  assert_int_equal(page.count, PAGE_ENTRIES_MAX);
  assert_true(page.failed);
  assert_null(page_take(&page));
}

int main(void)
{
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_is_broken_at_spaces),
      cmocka_unit_test(columns_need_room),
      cmocka_unit_test(json_has_keys_and_no_foreign_bytes),
      cmocka_unit_test(too_many_entries_are_told),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
