/*
 * Bounded text: nothing is written past its memory, and no foreign byte gets through as it was.
 */
#include "text.h"

#include "protected.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <string.h>

static void pieces_are_added_one_after_another(void **state)
{
  char memory[64];
  struct text text = text_in(memory, sizeof(memory));

  (void)state;
  assert_string_equal(memory, "");
  text_add(&text, "a");
  text_add(&text, NULL);
  text_add_byte(&text, 'b');
  text_add_span(&text, SPAN("cd"));
  text_add_span(&text, (struct span){NULL, 0});
  text_add_number(&text, 0);
  text_add_number(&text, ULLONG_MAX);
  assert_string_equal(memory, "abcd018446744073709551615");
  assert_int_equal(text.len, strlen(memory));
  assert_true(span_equals(text_span(&text), span_from(memory)));
  assert_false(text.cut);
  text_clear(&text);
  assert_string_equal(memory, "");
}

static void what_does_not_fit_is_left_out_and_told(void **state)
{
  static const struct {
    const char *name;
    size_t size;
    const char *want;
    bool cut;
  } rows[] = {
      {"room for the NUL only", 1, "", true},
      {"room for a part", 3, "ab", true},
      {"room for all but one", 5, "abcd", true},
      {"just enough room", 6, "abcde", false},
  };
  struct protected_area area = protected_make(64);

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char *end = area.map + area.page + area.room;
    struct text text = text_in(end - rows[i].size, rows[i].size);

    text_add(&text, "ab");
    text_add(&text, "cde");
    text_add(&text, "");
    if (strcmp(text.at, rows[i].want) != 0 || text.cut != rows[i].cut)
      fail_msg("%s: \"%s\", cut %d", rows[i].name, text.at, text.cut);
    text_clear(&text);
    assert_false(text.cut);
  }
  protected_free(&area);
}

static const struct {
  const char *name;
  struct span in;
  const char *also;
  const char *want;
} quotes[] = {
    {"plain", SPAN("abc <x@y>"), "", "abc <x@y>"},
    {"nothing", SPAN(""), "\"", ""},
    {"controls", SPAN("\0\t\r\n\x1f\x7f"), "", "\\x00\\x09\\x0D\\x0A\\x1F\\x7F"},
    {"8-bit bytes", SPAN("\x80\xc3\xbc\xff"), "", "\\x80\\xC3\\xBC\\xFF"},
    {"quotes and backslashes", SPAN("a\"b\\c"), "\"\\", "a\\\"b\\\\c"},
    {"a backslash as it is", SPAN("a\\b"), "", "a\\b"},
    {"edges of printable ASCII", SPAN(" ~"), "", " ~"},
};

static void foreign_bytes_are_made_fit_to_be_shown(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
    char memory[128];
    struct text text = text_in(memory, sizeof(memory));

    text_add_quoted(&text, quotes[i].in, quotes[i].also);
    if (strcmp(memory, quotes[i].want) != 0)
      fail_msg("%s: %s", quotes[i].name, memory);
    assert_int_equal(text_quoted_width(quotes[i].in, quotes[i].also), strlen(memory));
  }
}

static void no_byte_gets_through_as_it_was(void **state)
{
  (void)state;
  for (int value = 0; value < 256; value++) {
    char byte = (char)value, memory[8];
    struct text text = text_in(memory, sizeof(memory));

    text_add_quoted(&text, (struct span){&byte, 1}, "");
    for (size_t i = 0; i < text.len; i++)
      assert_in_range((unsigned char)memory[i], 0x20, 0x7e);
    assert_int_equal(text.len, value < 0x20 || value > 0x7e ? 4 : 1);
  }
}

static void an_escape_is_added_whole_or_not_at_all(void **state)
{
  static const struct {
    size_t size;
    const char *want;
  } rows[] = {{1, ""}, {2, "a"}, {5, "a"}, {6, "a\\xFF"}, {7, "a\\xFF"}, {8, "a\\xFF\\\""}};
  struct protected_area area = protected_make(64);

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char *end = area.map + area.page + area.room;
    struct text text = text_in(end - rows[i].size, rows[i].size);

    text_add_quoted(&text, SPAN("a\xff\""), "\"");
    assert_string_equal(text.at, rows[i].want);
    assert_int_equal(text.cut, rows[i].size < 8);
  }
  protected_free(&area);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_are_added_one_after_another),
      cmocka_unit_test(what_does_not_fit_is_left_out_and_told),
      cmocka_unit_test(foreign_bytes_are_made_fit_to_be_shown),
      cmocka_unit_test(no_byte_gets_through_as_it_was),
      cmocka_unit_test(an_escape_is_added_whole_or_not_at_all),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
