/*
 * Domain names: what is scanned, what is noted, and what libidn2 makes of internationalised labels.
 */
#include "hostname.h"

#include "expect.h"
#include "protected.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define A10 "aaaaaaaaaa"
#define A50 A10 A10 A10 A10 A10
#define A63 A50 A10 "aaa"
#define U10 "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
#define U250                                                                                       \
  U10 U10 U10 U10 U10 U10 U10 U10 U10 U10 U10 U10 U10 U10 U10 U10 U10 U10 U10 U10 U10 U10 U10 U10  \
      U10

enum { ANY_CHARACTER = 1 << 0, ACE = 1 << 1, DIGITS = 1 << 2 };

static const struct {
  const char *name;
  struct span in;
  size_t from, end;
  unsigned labels;
  unsigned flags;
  struct fault want[WANT_MAX];
} scans[] = {
    {"two labels", SPAN("example.com"), 0, 11, 2, 0, {{0}}},
    {"from the middle", SPAN("u@example.com>"), 2, 13, 2, 0, {{0}}},
    {"one label", SPAN("localhost"), 0, 9, 1, 0, {{0}}},
    {"nothing", SPAN(""), 0, 0, 0, 0, {{0}}},
    {"from after the end", SPAN("abc"), 9, 3, 0, 0, {{0}}},
    {"no name byte", SPAN(">"), 0, 0, 0, 0, {{0}}},
    {"ends at a space", SPAN("a.b c"), 0, 3, 2, 0, {{0}}},
    {"ends at a NUL", SPAN("a.b\0c"), 0, 3, 2, 0, {{0}}},
    {"ends at a colon", SPAN("a:b"), 0, 1, 1, 0, {{0}}},
    {"digits and dots", SPAN("192.0.2.1"), 0, 9, 4, DIGITS, {{0}}},
    {"digits, dots and a letter", SPAN("192.0.2.a"), 0, 9, 4, 0, {{0}}},
    {"hyphens inside", SPAN("a-b.c--d"), 0, 8, 2, 0, {{0}}},
    {"A-label in any case", SPAN("a.XN--BCHER-kva"), 0, 15, 2, ACE, {{0}}},
    {"63 octets", SPAN(A63 ".a"), 0, 65, 2, 0, {{0}}},
    {"64 octets", SPAN("b." A63 "a.a"), 0, 68, 3, 0, {{FAULT_LABEL_LENGTH, 65}}},
    {"255 octets", SPAN(A63 "." A63 "." A63 "." A63), 0, 255, 4, 0, {{0}}},
    {"256 octets",
     SPAN("@" A63 "." A63 "." A63 "." A63 "."),
     1,
     257,
     4,
     0,
     {{FAULT_DOMAIN_LENGTH, 256}, {FAULT_DOT_LAST, 256}}},
    {"252 octets of a U-label", SPAN(U250 "\xc3\xbc.a"), 0, 254, 2, ANY_CHARACTER, {{0}}},
    {"253 octets of a U-label",
     SPAN(U250 "\xc3\xbc"
               "a"),
     0,
     253,
     1,
     ANY_CHARACTER,
     {{FAULT_LABEL_LENGTH, 252}}},
    {"hyphen first", SPAN("a.-b"), 0, 4, 2, 0, {{FAULT_HYPHEN_FIRST, 2}}},
    {"hyphen last", SPAN("a-.b"), 0, 4, 2, 0, {{FAULT_HYPHEN_LAST, 1}}},
    {"hyphen alone", SPAN("-"), 0, 1, 1, 0, {{FAULT_HYPHEN_FIRST, 0}}},
    {"dot first", SPAN(".a"), 0, 2, 1, 0, {{FAULT_DOT_FIRST, 0}}},
    {"dots in a row", SPAN("a...b"), 0, 5, 2, 0, {{FAULT_DOT_DOUBLE, 2}}},
    {"dot last", SPAN("a.b."), 0, 4, 2, 0, {{FAULT_DOT_LAST, 3}}},
    {"dots alone", SPAN(".."), 0, 2, 0, 0, {{FAULT_DOT_FIRST, 0}}},
    {"underscores", SPAN("a_b_c"), 0, 5, 1, 0, {{FAULT_UNDERSCORE, 1}}},
    {"UTF-8", SPAN("b\xc3\xbc.a"), 0, 5, 2, ANY_CHARACTER, {{0}}},
    {"not UTF-8", SPAN("b\xfc.a"), 0, 4, 2, ANY_CHARACTER, {{FAULT_BAD_UTF8, 1}}},
    {"cut UTF-8", SPAN("b\xe2\x82"), 0, 3, 1, ANY_CHARACTER, {{FAULT_BAD_UTF8, 1}}},
    {"a fault of each aspect",
     SPAN("-a_\xff..b"),
     0,
     7,
     2,
     ANY_CHARACTER,
     {{FAULT_HYPHEN_FIRST, 0}, {FAULT_UNDERSCORE, 2}, {FAULT_BAD_UTF8, 3}, {FAULT_DOT_DOUBLE, 5}}},
};

static void scans_names(void **state)
{
  struct protected_area area = protected_make(1024);

  (void)state;
  for (size_t i = 0; i < sizeof(scans) / sizeof(scans[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span in = protected_place(&area, scans[i].in, side);
      struct faults faults = {0};
      struct hostname got;
      unsigned flags;

      hostname_scan(in, scans[i].from, &got, &faults);
      flags = (got.non_ascii ? ANY_CHARACTER : 0u) | (got.a_label ? ACE : 0u) |
              (got.only_digits_and_dots ? DIGITS : 0u);
      expect_faults(scans[i].name, protected_side_name(side), &faults, scans[i].want);
      if (got.end != scans[i].end || got.labels != scans[i].labels || flags != scans[i].flags)
        fail_msg("%s: end %zu, labels %u, flags %#x", scans[i].name, got.end, got.labels, flags);
    }
  protected_free(&area);
}

static const struct {
  const char *name;
  struct span in;
  size_t length;
} sequences[] = {
    {"nothing", SPAN(""), 0},
    {"ASCII", SPAN("a"), 1},
    {"NUL", SPAN("\0"), 1},
    {"two bytes", SPAN("\xc2\x80"), 2},
    {"two bytes, last", SPAN("\xdf\xbf"), 2},
    {"overlong two bytes", SPAN("\xc1\xbf"), 0},
    {"three bytes", SPAN("\xe0\xa0\x80"), 3},
    {"overlong three bytes", SPAN("\xe0\x9f\xbf"), 0},
    {"last before the surrogates", SPAN("\xed\x9f\xbf"), 3},
    {"surrogate", SPAN("\xed\xa0\x80"), 0},
    {"U+FFFF", SPAN("\xef\xbf\xbf"), 3},
    {"four bytes", SPAN("\xf0\x90\x80\x80"), 4},
    {"overlong four bytes", SPAN("\xf0\x8f\xbf\xbf"), 0},
    {"U+10FFFF", SPAN("\xf4\x8f\xbf\xbf"), 4},
    {"over U+10FFFF", SPAN("\xf4\x90\x80\x80"), 0},
    {"five bytes of old", SPAN("\xf8\x88\x80\x80\x80"), 0},
    {"continuation byte", SPAN("\x80"), 0},
    {"0xff", SPAN("\xff"), 0},
    {"cut after one", SPAN("\xc3"), 0},
    {"cut after two", SPAN("\xe2\x82"), 0},
    {"cut after three", SPAN("\xf0\x9f\x92"), 0},
    {"ASCII as second byte",
     SPAN("\xc3"
          "a"),
     0},
    {"ASCII as third byte",
     SPAN("\xe2\x82"
          "a"),
     0},
    {"ASCII as fourth byte",
     SPAN("\xf0\x9f\x92"
          "a"),
     0},
};

static void knows_utf8(void **state)
{
  struct protected_area area = protected_make(16);

  (void)state;
  for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span in = protected_place(&area, sequences[i].in, side);

      if (utf8_sequence(in, 0) != sequences[i].length)
        fail_msg("%s: %zu", sequences[i].name, utf8_sequence(in, 0));
    }
  assert_int_equal(utf8_sequence(SPAN("abc"), 3), 0);
  protected_free(&area);
}

static const struct {
  const char *name;
  struct span in;
  struct fault want[WANT_MAX];
} labels[] = {
    {"plain ASCII", SPAN("example.com"), {{0}}},
    {"nothing", SPAN(""), {{0}}},
    {"U-label",
     SPAN("a.b\xc3\xbc"
          "cher.example"),
     {{0}}},
    {"U-label in capitals",
     SPAN("B\xc3\x9c"
          "CHER.EXAMPLE"),
     {{0}}},
    {"decomposed U-label",
     SPAN("bu\xcc\x88"
          "cher.example"),
     {{0}}},
    {"sharp s", SPAN("fa\xc3\x9f.de"), {{0}}},
    {"Japanese", SPAN("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e.jp"), {{0}}},
    {"katakana middle dot in katakana", SPAN("\xe3\x83\x89\xe3\x83\xbb\xe3\x83\x89.jp"), {{0}}},
    {"Hebrew", SPAN("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d.il"), {{0}}},
    {"full-width letters", SPAN("\xef\xbd\x81\xef\xbd\x82.jp"), {{0}}},
    {"letter newer than the tables", SPAN("\xf0\xb0\x80\x80.cn"), {{0}}},
    {"underscore in a U-label", SPAN("\xc3\xbc_b.de"), {{0}}},
    {"A-label", SPAN("xn--bcher-kva.example"), {{0}}},
    {"A-label in capitals", SPAN("XN--BCHER-KVA.EXAMPLE"), {{0}}},
    {"A-label of sharp s", SPAN("xn--fa-hia.de"), {{0}}},
    {"A-label of a top-level domain", SPAN("a.xn--p1ai"), {{0}}},
    {"not UTF-8", SPAN("b\xfc.de"), {{0}}},
    {"symbol", SPAN("a.\xe2\x98\x83.de"), {{FAULT_BAD_U_LABEL, 2}}},
    {"emoji", SPAN("\xf0\x9f\x92\xa9.la"), {{FAULT_BAD_U_LABEL, 0}}},
    {"zero-width joiner",
     SPAN("a\xe2\x80\x8d"
          "b.de"),
     {{FAULT_BAD_U_LABEL, 0}}},
    {"leading combining mark",
     SPAN("\xcc\x80"
          "a.de"),
     {{FAULT_BAD_U_LABEL, 0}}},
    {"two hyphens in places 3 and 4", SPAN("ab--\xc3\xbc.de"), {{FAULT_BAD_U_LABEL, 0}}},
    {"Latin before Hebrew", SPAN("a\xd7\xa9.il"), {{FAULT_BAD_U_LABEL, 0}}},
    {"soft hyphen and nothing else", SPAN("\xc2\xad.de"), {{FAULT_BAD_U_LABEL, 0}}},
    {"ideographic full stop",
     SPAN("a\xe3\x80\x82"
          "b.jp"),
     {{FAULT_BAD_U_LABEL, 0}}},
    {"full-width full stop",
     SPAN("a\xef\xbc\x8e"
          "b.jp"),
     {{FAULT_BAD_U_LABEL, 0}}},
    {"full-width @",
     SPAN("a\xef\xbc\xa0"
          "b.jp"),
     {{FAULT_BAD_U_LABEL, 0}}},
    {"full-width underscore",
     SPAN("a\xef\xbc\xbf"
          "b.jp"),
     {{FAULT_BAD_U_LABEL, 0}}},
    {"no-break space",
     SPAN("a\xc2\xa0"
          "b.jp"),
     {{FAULT_BAD_U_LABEL, 0}}},
    {"account-of sign, mapped to a/c", SPAN("\xe2\x84\x80.jp"), {{FAULT_BAD_U_LABEL, 0}}},
    {"NUL in a label", SPAN("\xc3\xbc\0.de"), {{FAULT_BAD_U_LABEL, 0}}},
    {"A-label of a control", SPAN("b.xn--a.de"), {{FAULT_BAD_A_LABEL, 2}}},
    {"A-label of nothing", SPAN("xn--.de"), {{FAULT_BAD_A_LABEL, 0}}},
    {"A-label of ASCII only", SPAN("xn--abc-.de"), {{FAULT_BAD_A_LABEL, 0}}},
    {"A-label of a symbol, as there are in the DNS", SPAN("xn--n3h.de"), {{0}}},
    {"A-label of a letter and a symbol", SPAN("xn--i-7iq.ws"), {{0}}},
    {"A-label that is not Punycode", SPAN("XN--ZZZZZZZZZZ99999.de"), {{FAULT_BAD_A_LABEL, 0}}},
    {"A-label that overflows", SPAN("xn--9999999999999999.de"), {{FAULT_BAD_A_LABEL, 0}}},
    {"A-label of an A-label", SPAN("xn--xn---epa.de"), {{FAULT_BAD_A_LABEL, 0}}},
    {"A-label and UTF-8 in one", SPAN("xn--\xc3\xbc.de"), {{FAULT_BAD_A_LABEL, 0}}},
    {"the first of two", SPAN("xn--a.\xe2\x98\x83"), {{FAULT_BAD_A_LABEL, 0}}},
    {"U-label of 62 octets", SPAN("a." A50 "aaaaa\xc3\xbc.de"), {{0}}},
    {"U-label of 58 octets, too long",
     SPAN("a." A50 "aaaaaa\xc3\xbc.de"),
     {{FAULT_LABEL_LENGTH, 2}}},
    {"longest label", SPAN(U250 ".de"), {{FAULT_LABEL_LENGTH, 0}}},
    {"label over its bound", SPAN(U250 "\xc3\xbc\xc3\xbc"), {{FAULT_LABEL_LENGTH, 0}}},
    {"name too long as A-labels",
     SPAN(A50 "\xc3\xbc." A50 "\xc3\xbc." A50 "\xc3\xbc." A50 "\xc3\xbc." A10 "." A10),
     {{FAULT_DOMAIN_LENGTH, 0}}},
    {"name over 255 octets is left alone", SPAN("xn--a." U250), {{0}}},
};

static void judges_labels_by_idna(void **state)
{
  struct protected_area area = protected_make(1024);

  (void)state;
  for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span in = protected_place(&area, labels[i].in, side);
      struct faults faults = {0};

      hostname_check_idn(in, 0, in.len, &faults);
      expect_faults(labels[i].name, protected_side_name(side), &faults, labels[i].want);
    }
  protected_free(&area);
}

static void counts_offsets_from_the_whole_input(void **state)
{
  struct faults faults = {0};
  struct span in = SPAN("<u@a.\xe2\x98\x83.de>");

  (void)state;
  hostname_check_idn(in, 3, in.len - 1, &faults);
  assert_int_equal(faults.of[ASPECT_IDN].at, 5);
}

static void stays_in_bounds_on_any_bytes(void **state)
{
  static const char *const pieces[] = {
      ".",   ".",    "a",        "1",        "-",        "_",        "",
      " ",   "xn--", "\xc3\xbc", "\xff",     "\xe2\x80", "\xcc\x80", "\xe3\x80\x82",
      "kva", "b",    "\xd7\xa9", "\xc2\xad", "\xf0\x9f", "9z"};
  struct protected_area area = protected_make(256);
  struct dice dice = {5890};
  char memory[256];

  (void)state;
  for (size_t i = 0; i < 20000; i++) {
    size_t len = dice_join(&dice, pieces, sizeof(pieces) / sizeof(pieces[0]), memory, 256);
    struct span in = protected_place(&area, (struct span){memory, len}, i % PROTECTED_SIDES);
    struct faults faults = {0};
    struct hostname got;

    hostname_scan(in, 0, &got, &faults);
    assert_true(got.end <= in.len);
    hostname_check_idn(in, 0, got.end, &faults);
    expect_sound(&faults, in, false);
  }
  protected_free(&area);
}

static void ends_on_a_megabyte_of_anything(void **state)
{
  static const char *const pieces[] = {"a", ".", "-", "_", "\xff", "\xc3\xbc.", "xn--a.", "xn--"};

  (void)state;
  for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
    struct span all = repeated(pieces[i]);
    struct faults faults = {0};
    struct hostname got;

    hostname_scan(all, 0, &got, &faults);
    hostname_check_idn(all, 0, got.end, &faults);
    assert_int_equal(got.end, all.len);
    free((void *)(uintptr_t)all.at);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scans_names),
      cmocka_unit_test(knows_utf8),
      cmocka_unit_test(judges_labels_by_idna),
      cmocka_unit_test(counts_offsets_from_the_whole_input),
      cmocka_unit_test(stays_in_bounds_on_any_bytes),
      cmocka_unit_test(ends_on_a_megabyte_of_anything),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
