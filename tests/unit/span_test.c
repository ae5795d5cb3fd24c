/*
 * Spans: cutting and comparing foreign bytes.
 */
#include "span.h"

#include "protected.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct span nothing = {NULL, 0};

static void a_c_string_becomes_a_span(void **state)
{
  (void)state;
  assert_int_equal(span_from("abc").len, 3);
  assert_int_equal(span_from("").len, 0);
  assert_int_equal(span_from(NULL).len, 0);
  assert_int_equal(SPAN("a\0b").len, 3);
}

static void a_slice_is_cut_to_what_there_is(void **state)
{
  static const struct {
    const char *name;
    size_t from, to;
    const char *want;
  } rows[] = {
      {"the middle", 1, 3, "bc"},
      {"all of it", 0, 4, "abcd"},
      {"an end too far", 2, 99, "cd"},
      {"a beginning too far", 99, 100, ""},
      {"an end before the beginning", 3, 1, ""},
      {"nothing at the end", 4, 4, ""},
      {"the greatest offsets", SIZE_MAX, SIZE_MAX, ""},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (!span_equals(span_slice(SPAN("abcd"), rows[i].from, rows[i].to), span_from(rows[i].want)))
      fail_msg("%s: not \"%s\"", rows[i].name, rows[i].want);
  assert_int_equal(span_slice(nothing, 0, 5).len, 0);
}

static void blanks_at_the_ends_are_trimmed(void **state)
{
  static const struct {
    const char *name, *in, *both, *end;
  } rows[] = {
      {"no blanks", "ab", "ab", "ab"},         {"blanks around", " \ta b\t ", "a b", " \ta b"},
      {"blanks only", " \t ", "", ""},         {"nothing", "", "", ""},
      {"other space stays", "\n", "\n", "\n"}, {"one byte", " x", "x", " x"},
  };
  struct protected_area area = protected_make(64);

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span in = protected_place(&area, span_from(rows[i].in), side);

      if (!span_equals(span_trim(in), span_from(rows[i].both)) ||
          !span_equals(span_trim_end(in), span_from(rows[i].end)))
        fail_msg("%s", rows[i].name);
    }
  assert_int_equal(span_trim(nothing).len, 0);
  assert_int_equal(span_trim_end(nothing).len, 0);
  protected_free(&area);
}

static void comparing_folds_ascii_letters_only(void **state)
{
  static const struct {
    const char *name;
    struct span a, b;
    int order;
    bool same_bytes;
  } rows[] = {
      {"same", SPAN("abc"), SPAN("abc"), 0, true},
      {"case", SPAN("AbC"), SPAN("aBc"), 0, false},
      {"shorter", SPAN("ab"), SPAN("abc"), -1, false},
      {"greater", SPAN("b"), SPAN("aaa"), 1, false},
      {"nothing and something", SPAN(""), SPAN("a"), -1, false},
      {"NUL counts", SPAN("a\0b"), SPAN("a\0c"), -1, false},
      {"@ and `", SPAN("@"), SPAN("`"), -1, false},
      {"[ and {", SPAN("["), SPAN("{"), -1, false},
      {"8-bit bytes are not folded", SPAN("\xc3\x9c"), SPAN("\xc3\xbc"), -1, false},
      {"8-bit bytes come after ASCII", SPAN("\x80"), SPAN("z"), 1, false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    int order = span_compare_nocase(rows[i].a, rows[i].b);

    if ((order > 0) - (order < 0) != rows[i].order)
      fail_msg("%s: order %d", rows[i].name, order);
    if ((span_compare_nocase(rows[i].b, rows[i].a) > 0) != (rows[i].order < 0))
      fail_msg("%s: not the other way round", rows[i].name);
    assert_int_equal(span_equals(rows[i].a, rows[i].b), rows[i].same_bytes);
    assert_int_equal(span_equals_nocase(rows[i].a, rows[i].b), rows[i].order == 0);
  }
  assert_true(span_equals(nothing, SPAN("")));
  assert_true(span_equals_nocase(nothing, SPAN("")));
}

static void a_prefix_is_known_in_any_case(void **state)
{
  (void)state;
  assert_true(span_starts_nocase(SPAN("MAIL FROM:"), SPAN("mail from")));
  assert_true(span_starts_nocase(SPAN("a"), SPAN("")));
  assert_true(span_starts_nocase(nothing, SPAN("")));
  assert_false(span_starts_nocase(SPAN("MAI"), SPAN("mail")));
  assert_false(span_starts_nocase(SPAN("xmail"), SPAN("mail")));
}

static void a_byte_is_found_or_the_length_told(void **state)
{
  (void)state;
  assert_int_equal(span_find(SPAN("a@b@c"), '@'), 1);
  assert_int_equal(span_find(SPAN("abc"), '@'), 3);
  assert_int_equal(span_find(SPAN("a\0b"), '\0'), 1);
  assert_int_equal(span_find(SPAN("abc"), '\0'), 3);
  assert_int_equal(span_find(SPAN("\xff"), (char)0xff), 0);
  assert_int_equal(span_find(nothing, 'a'), 0);
}

static void classes_cover_each_byte_rightly(void **state)
{
  (void)state;
  for (int value = 0; value < 256; value++) {
    char byte = (char)value;

    assert_int_equal(byte_is_digit(byte), value >= 0x30 && value <= 0x39);
    assert_int_equal(byte_is_letter(byte),
                     (value >= 0x41 && value <= 0x5a) || (value >= 0x61 && value <= 0x7a));
    assert_int_equal(byte_is_control(byte), value < 0x20 || value == 0x7f);
    assert_int_equal(byte_is_8bit(byte), value > 0x7f);
    assert_int_equal((unsigned char)byte_lower(byte),
                     value >= 0x41 && value <= 0x5a ? value + 0x20 : value);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_c_string_becomes_a_span),
      cmocka_unit_test(a_slice_is_cut_to_what_there_is),
      cmocka_unit_test(blanks_at_the_ends_are_trimmed),
      cmocka_unit_test(comparing_folds_ascii_letters_only),
      cmocka_unit_test(a_prefix_is_known_in_any_case),
      cmocka_unit_test(a_byte_is_found_or_the_length_told),
      cmocka_unit_test(classes_cover_each_byte_rightly),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
