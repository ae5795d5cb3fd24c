/*
 * HELO names: what is accepted, and which aspect each fault has.
 */
#include "helo.h"

#include "expect.h"
#include "protected.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define A10 "aaaaaaaaaa"
#define A64 A10 A10 A10 A10 A10 A10 "aaaa"
#define IS_V4 "192.0.2.1"
#define IS_V6 "2001:db8::1"

static const struct {
  const char *name;
  const char *helo;
  const char *ip; /* NULL: no address */
  bool literal;
} valid[] = {
    {"host name", "client.example.com", NULL, false},
    {"two labels", "a.b", NULL, false},
    {"final dot", "client.example.com.", NULL, false},
    {"A-label, unchecked", "xn--a.example", NULL, false},
    {"digits in labels", "192-0-2-1.dsl.example.net", NULL, false},
    {"blanks after it", "client.example.com \t", NULL, false},
    {"IPv4 literal", "[192.0.2.1]", IS_V4, true},
    {"IPv6 literal", "[IPv6:2001:db8::1]", IS_V6, true},
    {"IPv6 literal in small letters", "[ipv6:2001:DB8:0::1]", IS_V6, true},
    {"general literal", "[x400:a.b]", NULL, true},
};

/* `slot`: where the fault is to be found, for some aspects are folded into SYNTAX. */
static const struct {
  const char *name;
  struct span helo;
  enum aspect slot;
  struct fault want[WANT_MAX];
  bool is_ip;
} invalid[] = {
    {"empty", SPAN(""), ASPECT_SYNTAX, {{FAULT_NO_NAME, 0}}, false},
    {"blanks", SPAN(" \t"), ASPECT_SYNTAX, {{FAULT_NO_NAME, 0}}, false},
    {"space inside", SPAN("my host"), ASPECT_SYNTAX, {{FAULT_SPACE, 2}}, false},
    {"space first", SPAN(" a.b"), ASPECT_SYNTAX, {{FAULT_SPACE, 0}}, false},
    {"control", SPAN("a.b\x7f"), ASPECT_SYNTAX, {{FAULT_CONTROL, 3}}, false},
    {"NUL", SPAN("a.b\0.c"), ASPECT_SYNTAX, {{FAULT_CONTROL, 3}}, false},
    {"8-bit, UTF-8", SPAN("b\xc3\xbc.de"), ASPECT_SYNTAX, {{FAULT_DOMAIN_CHARACTER, 1}}, false},
    {"8-bit, Latin-1", SPAN("b\xfc.de"), ASPECT_SYNTAX, {{FAULT_DOMAIN_CHARACTER, 1}}, false},
    {"punctuation", SPAN("a.b!"), ASPECT_SYNTAX, {{FAULT_DOMAIN_CHARACTER, 3}}, false},
    {"address", SPAN("user@a.b"), ASPECT_SYNTAX, {{FAULT_DOMAIN_CHARACTER, 4}}, false},
    {"double dot", SPAN("a..b"), ASPECT_SYNTAX, {{FAULT_DOT_DOUBLE, 2}}, false},
    {"dot first", SPAN(".a.b"), ASPECT_SYNTAX, {{FAULT_DOT_FIRST, 0}}, false},
    {"two final dots", SPAN("a.b.."), ASPECT_SYNTAX, {{FAULT_DOT_DOUBLE, 4}}, false},
    {"dot alone", SPAN("."), ASPECT_SYNTAX, {{FAULT_DOT_FIRST, 0}}, false},
    {"dot before a worse byte", SPAN(".a!b"), ASPECT_SYNTAX, {{FAULT_DOT_FIRST, 0}}, false},
    {"dot after a worse byte", SPAN("-a..b"), ASPECT_SYNTAX, {{FAULT_HYPHEN_FIRST, 0}}, false},
    {"hyphen last", SPAN("a-.b"), ASPECT_SYNTAX, {{FAULT_HYPHEN_LAST, 1}}, false},
    {"label of 64", SPAN(A64 ".a"), ASPECT_SYNTAX, {{FAULT_LABEL_LENGTH, 63}}, false},
    {"name of 259",
     SPAN("a." A64 "." A64 "." A64 "." A64),
     ASPECT_SYNTAX,
     {{FAULT_LABEL_LENGTH, 65}},
     false},
    {"tag without brackets",
     SPAN("IPv6:2001:db8::1"),
     ASPECT_SYNTAX,
     {{FAULT_DOMAIN_CHARACTER, 4}},
     false},
    {"one label", SPAN("localhost"), ASPECT_UNQUALIFIED, {{FAULT_ONE_LABEL, 0}}, false},
    {"one label and a dot", SPAN("localhost."), ASPECT_UNQUALIFIED, {{FAULT_ONE_LABEL, 0}}, false},
    {"number", SPAN("12345"), ASPECT_UNQUALIFIED, {{FAULT_ONE_LABEL, 0}}, false},
    {"underscore", SPAN("my_host.example"), ASPECT_UNDERSCORE, {{FAULT_UNDERSCORE, 2}}, false},
    {"underscore in one label",
     SPAN("MY_PC"),
     ASPECT_UNDERSCORE,
     {{FAULT_UNDERSCORE, 2}, {FAULT_ONE_LABEL, 0}},
     false},
    {"bare IPv4", SPAN("192.0.2.1"), ASPECT_BARE_ADDRESS, {{FAULT_BARE_ADDRESS, 0}}, true},
    {"bare IPv6", SPAN("2001:db8::1"), ASPECT_BARE_ADDRESS, {{FAULT_BARE_ADDRESS, 0}}, true},
    {"bare IPv4 and a blank",
     SPAN("192.0.2.1 "),
     ASPECT_BARE_ADDRESS,
     {{FAULT_BARE_ADDRESS, 0}},
     true},
    {"no IPv4, but nothing else",
     SPAN("192.0.2.999"),
     ASPECT_BARE_ADDRESS,
     {{FAULT_BARE_ADDRESS, 0}},
     false},
    {"IPv6 in brackets without tag",
     SPAN("[2001:db8::1]"),
     ASPECT_BARE_ADDRESS,
     {{FAULT_BARE_ADDRESS, 1}},
     true},
    {"broken IPv4 literal", SPAN("[192.0.2]"), ASPECT_LITERAL, {{FAULT_BAD_IPV4, 8}}, false},
    {"broken IPv6 literal", SPAN("[IPv6:g]"), ASPECT_LITERAL, {{FAULT_BAD_IPV6, 6}}, false},
    {"open literal", SPAN("[192.0.2.1"), ASPECT_LITERAL, {{FAULT_OPEN_LITERAL, 0}}, false},
    {"empty literal", SPAN("[]"), ASPECT_LITERAL, {{FAULT_BAD_LITERAL, 1}}, false},
    {"name in brackets", SPAN("[mail.example.com]"), ASPECT_LITERAL, {{FAULT_BAD_TAG, 5}}, false},
    {"after the literal", SPAN("[192.0.2.1]."), ASPECT_LITERAL, {{FAULT_AFTER_LITERAL, 11}}, true},
};

static void accepts_names_and_literals(void **state)
{
  struct protected_area area = protected_make(1024);

  (void)state;
  for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span name = protected_place(&area, span_from(valid[i].helo), side);
      char text[IP_TEXT_SIZE] = "";
      struct helo got;

      helo_parse(name, &got);
      expect_faults(valid[i].name, protected_side_name(side), &got.faults, (struct fault[1]){{0}});
      assert_int_equal(got.literal, valid[i].literal);
      assert_true(span_equals(got.name, name));
      if (got.is_ip)
        ip_format(got.ip, text);
      assert_string_equal(text, valid[i].ip == NULL ? "" : valid[i].ip);
    }
  protected_free(&area);
}

static void tells_each_fault_and_its_place(void **state)
{
  struct protected_area area = protected_make(1024);

  (void)state;
  for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct helo got;

      helo_parse(protected_place(&area, invalid[i].helo, side), &got);
      expect_faults(invalid[i].name, protected_side_name(side), &got.faults, invalid[i].want);
      if (got.faults.of[invalid[i].slot].kind != invalid[i].want[0].kind)
        fail_msg("%s: not in the slot of its aspect", invalid[i].name);
      if (got.is_ip != invalid[i].is_ip)
        fail_msg("%s: is_ip is %d", invalid[i].name, got.is_ip);
    }
  protected_free(&area);
}

static void uses_its_own_aspects_only(const struct helo *got, struct span name)
{
  static const enum aspect unused[] = {ASPECT_BRACKETS, ASPECT_DOTS, ASPECT_LENGTH,
                                       ASPECT_UTF8,     ASPECT_IDN,  ASPECT_PARAMETERS};

  expect_sound(&got->faults, name, true);
  for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++)
    assert_false(faults_has(&got->faults, unused[i]));
}

static void stays_in_bounds_on_any_bytes(void **state)
{
  static const char *const pieces[] = {"[", "]",   "IPv6:", ":",    "::",      ".", ".",
                                       "1", "255", "",      " ",    "a",       "-", "_",
                                       "@", "!",   "\t",    "\xff", "\xc3\xbc"};
  struct protected_area area = protected_make(256);
  struct dice dice = {4111};
  char memory[256];

  (void)state;
  for (size_t i = 0; i < 40000; i++) {
    size_t len = dice_join(&dice, pieces, sizeof(pieces) / sizeof(pieces[0]), memory, 256);
    struct span name = protected_place(&area, (struct span){memory, len}, i % PROTECTED_SIDES);
    struct helo got;

    helo_parse(name, &got);
    uses_its_own_aspects_only(&got, name);
  }
  protected_free(&area);
}

static void finds_no_fault_in_names_made_by_the_grammar(void **state)
{
  struct dice dice = {1123};
  char memory[256];

  (void)state;
  for (size_t i = 0; i < 20000; i++) {
    size_t len = dice_word(&dice, "abcXYZ", 20, memory);
    struct helo got;

    for (size_t labels = 1 + dice_roll(&dice, 3); labels > 0; labels--) {
      memory[len++] = '.';
      len += dice_word(&dice, "abcXYZ019", 20, memory + len);
    }
    helo_parse((struct span){memory, len}, &got);
    if (faults_any(&got.faults))
      fail_msg("fault in %.*s", (int)len, memory);
  }
}

static void ends_on_a_megabyte_of_anything(void **state)
{
  static const char *const pieces[] = {"a", ".", "a.", "[", "]", ":", "0:", "1.", " ", "\xff"};

  (void)state;
  for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
    struct span all = repeated(pieces[i]);
    struct helo got;

    helo_parse(all, &got);
    uses_its_own_aspects_only(&got, all);
    free((void *)(uintptr_t)all.at);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accepts_names_and_literals),
      cmocka_unit_test(tells_each_fault_and_its_place),
      cmocka_unit_test(stays_in_bounds_on_any_bytes),
      cmocka_unit_test(finds_no_fault_in_names_made_by_the_grammar),
      cmocka_unit_test(ends_on_a_megabyte_of_anything),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
