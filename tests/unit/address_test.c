/*
 * Paths: what is accepted, what is a fault and at which byte, and what hostile bytes do.
 */
#include "address.h"

#include "expect.h"
#include "protected.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define FROM ADDRESS_SENDER
#define TO ADDRESS_RECIPIENT
#define ASCII false
#define UTF8 true

enum flag {
  NULL_PATH = 1 << 0,
  POSTMASTER = 1 << 1,
  ROUTED = 1 << 2,
  QUOTED = 1 << 3,
  LITERAL = 1 << 4,
  NON_ASCII = 1 << 5,
};

#define A10 "aaaaaaaaaa"
#define A60 A10 A10 A10 A10 A10 A10
#define A63 A60 "aaa"
#define A64 A60 "aaaa"
#define LABELS_251 A60 "aa." A60 "aa." A60 "aa." A60 "aa"

static const struct {
  const char *name;
  const char *path;
  enum address_use use;
  bool smtputf8;
  const char *local, *domain;
  unsigned flags;
} valid[] = {
    {"plain address", "<user@example.com>", FROM, ASCII, "user", "example.com", 0},
    {"the same as a recipient", "<user@example.com>", TO, ASCII, "user", "example.com", 0},
    {"null path", "<>", FROM, ASCII, "", "", NULL_PATH},
    {"postmaster alone", "<postmaster>", TO, ASCII, "postmaster", "", POSTMASTER},
    {"postmaster in capitals", "<POSTmaster>", TO, ASCII, "POSTmaster", "", POSTMASTER},
    {"postmaster of a domain", "<Postmaster@a.b>", TO, ASCII, "Postmaster", "a.b", POSTMASTER},
    {"postmaster as a sender", "<postmaster@a.b>", FROM, ASCII, "postmaster", "a.b", POSTMASTER},
    {"all of atext", "<!#$%&'*+-/=?^_`{|}~@a.b>", FROM, ASCII, "!#$%&'*+-/=?^_`{|}~", "a.b", 0},
    {"dots between atoms", "<a.b.c@d.e>", FROM, ASCII, "a.b.c", "d.e", 0},
    {"64 octets of local part", "<" A64 "@a.b>", FROM, ASCII, A64, "a.b", 0},
    {"63 octets of label", "<u@" A63 ".b>", FROM, ASCII, "u", A63 ".b", 0},
    {"255 octets of domain", "<u@" LABELS_251 ".bbb>", FROM, ASCII, "u", LABELS_251 ".bbb", 0},
    {"labels of one byte and of digits", "<1@2.3>", FROM, ASCII, "1", "2.3", 0},
    {"hyphens within a label", "<u@a--b.c-d>", FROM, ASCII, "u", "a--b.c-d", 0},
    {"quoted local part", "<\"a b@c\"@d.e>", FROM, ASCII, "\"a b@c\"", "d.e", QUOTED},
    {"quoted brackets", "<\"<a>\"@d.e>", FROM, ASCII, "\"<a>\"", "d.e", QUOTED},
    {"quoted pairs", "<\"a\\\"\\\\\\ b\"@d.e>", FROM, ASCII, "\"a\\\"\\\\\\ b\"", "d.e", QUOTED},
    {"empty quoted string", "<\"\"@d.e>", FROM, ASCII, "\"\"", "d.e", QUOTED},
    {"dots in quotes", "<\"..a..\"@d.e>", FROM, ASCII, "\"..a..\"", "d.e", QUOTED},
    {"IPv4 literal", "<u@[192.0.2.1]>", FROM, ASCII, "u", "[192.0.2.1]", LITERAL},
    {"IPv6 literal", "<u@[ipv6:2001:db8::1]>", TO, ASCII, "u", "[ipv6:2001:db8::1]", LITERAL},
    {"general literal", "<u@[x400:a>b]>", TO, ASCII, "u", "[x400:a>b]", LITERAL},
    {"route of one", "<@a.b:u@d.e>", FROM, ASCII, "u", "d.e", ROUTED},
    {"route of three", "<@a,@b_c.d,@e.f:u@d.e>", TO, ASCII, "u", "d.e", ROUTED},
    {"route to postmaster", "<@a.b:postmaster>", TO, ASCII, "postmaster", "", ROUTED | POSTMASTER},
    {"blanks after it", "<u@d.e> \t", FROM, ASCII, "u", "d.e", 0},
    {"UTF-8 local part", "<j\xc3\xb6rg@d.e>", FROM, UTF8, "j\xc3\xb6rg", "d.e", NON_ASCII},
    {"quoted UTF-8", "<\"\xe2\x82\xac\"@d.e>", TO, UTF8, "\"\xe2\x82\xac\"", "d.e",
     NON_ASCII | QUOTED},
    {"U-label",
     "<u@b\xc3\xbc"
     "cher.example>",
     TO, UTF8, "u",
     "b\xc3\xbc"
     "cher.example",
     NON_ASCII},
    {"U-label in capitals",
     "<u@B\xc3\x9c"
     "CHER.example>",
     TO, UTF8, "u",
     "B\xc3\x9c"
     "CHER.example",
     NON_ASCII},
    {"UTF-8 in a route", "<@b\xc3\xbc.d:u@d.e>", TO, UTF8, "u", "d.e", ROUTED | NON_ASCII},
    {"A-label", "<u@XN--Bcher-KVA.example>", TO, ASCII, "u", "XN--Bcher-KVA.example", 0},
    {"SMTPUTF8 with plain ASCII", "<u@d.e>", TO, UTF8, "u", "d.e", 0},
};

static const struct {
  const char *name;
  struct span path;
  enum address_use use;
  bool smtputf8;
  struct fault want[WANT_MAX];
} invalid[] = {
    {"empty argument", SPAN(""), FROM, ASCII, {{FAULT_NO_PATH, 0}}},
    {"blanks only", SPAN("  "), TO, ASCII, {{FAULT_NO_PATH, 0}}},
    {"opening bracket alone", SPAN("<"), FROM, ASCII, {{FAULT_NO_PATH, 1}}},
    {"closing bracket alone", SPAN(">"), FROM, ASCII, {{FAULT_NO_BRACKETS, 0}, {FAULT_NO_PATH, 0}}},
    {"null recipient", SPAN("<>"), TO, ASCII, {{FAULT_NULL_RECIPIENT, 1}}},
    {"no brackets", SPAN("user@example.com"), FROM, ASCII, {{FAULT_NO_BRACKETS, 0}}},
    {"no closing bracket", SPAN("<u@d.e"), FROM, ASCII, {{FAULT_NO_CLOSING_BRACKET, 6}}},
    {"no opening bracket", SPAN("u@d.e>"), FROM, ASCII, {{FAULT_NO_BRACKETS, 0}}},
    {"blank before the bracket", SPAN(" <u@d.e>"), FROM, ASCII, {{FAULT_NO_BRACKETS, 0}}},
    {"byte after the bracket", SPAN("<u@d.e>x"), FROM, ASCII, {{FAULT_AFTER_BRACKET, 7}}},
    {"parameter after the bracket", SPAN("<u@d.e> SIZE=1"), TO, ASCII, {{FAULT_AFTER_BRACKET, 7}}},
    {"byte after the null path", SPAN("<>x"), FROM, ASCII, {{FAULT_AFTER_BRACKET, 2}}},
    {"two closing brackets", SPAN("<u@d.e>>"), FROM, ASCII, {{FAULT_AFTER_BRACKET, 7}}},
    {"two opening brackets", SPAN("<<u@d.e>"), FROM, ASCII, {{FAULT_BAD_CHARACTER, 1}}},
    {"blank in between the brackets", SPAN("< >"), FROM, ASCII, {{FAULT_SPACE, 1}}},
    {"display name", SPAN("User <u@d.e>"), FROM, ASCII, {{FAULT_NO_BRACKETS, 0}, {FAULT_SPACE, 4}}},
    {"no @", SPAN("<user>"), FROM, ASCII, {{FAULT_NO_DOMAIN, 5}}},
    {"no @ and no brackets",
     SPAN("user"),
     TO,
     ASCII,
     {{FAULT_NO_BRACKETS, 0}, {FAULT_NO_DOMAIN, 4}}},
    {"postmaster alone as a sender", SPAN("<postmaster>"), FROM, ASCII, {{FAULT_NO_DOMAIN, 11}}},
    {"quoted and no @", SPAN("<\"a\">"), TO, ASCII, {{FAULT_NO_DOMAIN, 4}}},
    {"nothing before the @", SPAN("<@example.com>"), FROM, ASCII, {{FAULT_NO_LOCAL_PART, 1}}},
    {"@ alone", SPAN("<@>"), FROM, ASCII, {{FAULT_NO_LOCAL_PART, 1}}},
    {"nothing after the @", SPAN("<user@>"), FROM, ASCII, {{FAULT_EMPTY_DOMAIN, 6}}},
    {"nothing after the @ at the end",
     SPAN("<user@"),
     FROM,
     ASCII,
     {{FAULT_EMPTY_DOMAIN, 6}, {FAULT_NO_CLOSING_BRACKET, 6}}},
    {"second @ at once", SPAN("<user@@example.com>"), FROM, ASCII, {{FAULT_SECOND_AT, 6}}},
    {"second @ later", SPAN("<a@b@c.d>"), TO, ASCII, {{FAULT_SECOND_AT, 4}}},
    {"backslash outside quotes",
     SPAN("<us\\\"er@example.com>"),
     FROM,
     ASCII,
     {{FAULT_BAD_CHARACTER, 3}}},
    {"comment", SPAN("<us(er)@d.e>"), FROM, ASCII, {{FAULT_BAD_CHARACTER, 3}}},
    {"quote in an atom", SPAN("<a\"b\"@d.e>"), FROM, ASCII, {{FAULT_BAD_CHARACTER, 2}}},
    {"space in the local part", SPAN("<a b@d.e>"), FROM, ASCII, {{FAULT_SPACE, 2}}},
    {"tab in the local part", SPAN("<a\tb@d.e>"), FROM, ASCII, {{FAULT_CONTROL, 2}}},
    {"NUL in the local part", SPAN("<a\0b@d.e>"), FROM, ASCII, {{FAULT_CONTROL, 2}}},
    {"line end in the local part", SPAN("<a\r\n@d.e>"), FROM, ASCII, {{FAULT_CONTROL, 2}}},
    {"open quote", SPAN("<\"a@d.e>"), FROM, ASCII, {{FAULT_OPEN_QUOTE, 1}}},
    {"open quote at the end", SPAN("<\""), FROM, ASCII, {{FAULT_OPEN_QUOTE, 1}}},
    {"atom after the quote", SPAN("<\"a\"b@d.e>"), FROM, ASCII, {{FAULT_AFTER_QUOTE, 4}}},
    {"dot after the quote", SPAN("<\"a\".b@d.e>"), FROM, ASCII, {{FAULT_AFTER_QUOTE, 4}}},
    {"control in quotes", SPAN("<\"a\x7f\"@d.e>"), FROM, ASCII, {{FAULT_CONTROL, 3}}},
    {"NUL in quotes", SPAN("<\"\0\"@d.e>"), FROM, ASCII, {{FAULT_CONTROL, 2}}},
    {"escaped control", SPAN("<\"\\\n\"@d.e>"), FROM, ASCII, {{FAULT_BAD_ESCAPE, 2}}},
    {"escaped UTF-8", SPAN("<\"\\\xc3\xbc\"@d.e>"), FROM, UTF8, {{FAULT_BAD_ESCAPE, 2}}},
    {"backslash at the end", SPAN("<\"\\"), FROM, ASCII, {{FAULT_BAD_ESCAPE, 2}}},
    {"leading dot", SPAN("<.a@d.e>"), FROM, ASCII, {{FAULT_DOT_FIRST, 1}}},
    {"trailing dot", SPAN("<a.@d.e>"), FROM, ASCII, {{FAULT_DOT_LAST, 2}}},
    {"double dot", SPAN("<a..b@d.e>"), TO, ASCII, {{FAULT_DOT_DOUBLE, 3}}},
    {"dot alone", SPAN("<.@d.e>"), TO, ASCII, {{FAULT_DOT_FIRST, 1}}},
    {"double dot, then a one-label domain",
     SPAN("<a..b@localhost>"),
     TO,
     ASCII,
     {{FAULT_DOT_DOUBLE, 3}, {FAULT_ONE_LABEL, 6}}},
    {"dots on both sides", SPAN("<a.@.d.e>"), TO, ASCII, {{FAULT_DOT_LAST, 2}}},
    {"65 octets of local part", SPAN("<" A64 "a@d.e>"), FROM, ASCII, {{FAULT_LOCAL_LENGTH, 65}}},
    {"65 octets with a double dot",
     SPAN("<" A64 "..@d.e>"),
     FROM,
     ASCII,
     {{FAULT_LOCAL_LENGTH, 65}, {FAULT_DOT_DOUBLE, 66}}},
    {"domain with a dot first", SPAN("<u@.d.e>"), FROM, ASCII, {{FAULT_DOT_FIRST, 3}}},
    {"domain with a dot last", SPAN("<user@example.com.>"), FROM, ASCII, {{FAULT_DOT_LAST, 17}}},
    {"domain with two dots", SPAN("<u@d..e>"), FROM, ASCII, {{FAULT_DOT_DOUBLE, 5}}},
    {"domain of a dot",
     SPAN("<u@.>"),
     FROM,
     ASCII,
     {{FAULT_DOT_FIRST, 3}, {FAULT_EMPTY_DOMAIN, 3}}},
    {"one label", SPAN("<user@localhost>"), FROM, ASCII, {{FAULT_ONE_LABEL, 6}}},
    {"one label and a dot",
     SPAN("<user@com.>"),
     FROM,
     ASCII,
     {{FAULT_ONE_LABEL, 6}, {FAULT_DOT_LAST, 9}}},
    {"underscore", SPAN("<a@d_e.f>"), FROM, ASCII, {{FAULT_UNDERSCORE, 4}}},
    {"underscore, then a broken label",
     SPAN("<a@d_e.f->"),
     FROM,
     ASCII,
     {{FAULT_UNDERSCORE, 4}, {FAULT_HYPHEN_LAST, 8}}},
    {"hyphen first", SPAN("<a@-d.e>"), FROM, ASCII, {{FAULT_HYPHEN_FIRST, 3}}},
    {"hyphen last", SPAN("<a@d-.e>"), FROM, ASCII, {{FAULT_HYPHEN_LAST, 4}}},
    {"64 octets of label", SPAN("<u@" A64 ".b>"), FROM, ASCII, {{FAULT_LABEL_LENGTH, 66}}},
    {"256 octets of domain",
     SPAN("<u@" LABELS_251 ".bbbb>"),
     FROM,
     ASCII,
     {{FAULT_DOMAIN_LENGTH, 258}}},
    {"space in the domain", SPAN("<u@d e>"), FROM, ASCII, {{FAULT_SPACE, 4}}},
    {"space after the domain", SPAN("<u@d.e >"), FROM, ASCII, {{FAULT_SPACE, 6}}},
    {"control in the domain", SPAN("<u@d\x01>"), FROM, ASCII, {{FAULT_CONTROL, 4}}},
    {"slash in the domain", SPAN("<u@d/e>"), FROM, ASCII, {{FAULT_DOMAIN_CHARACTER, 4}}},
    {"literal inside a name",
     SPAN("<u@d.[1.2.3.4]>"),
     FROM,
     ASCII,
     {{FAULT_DOMAIN_CHARACTER, 5}, {FAULT_DOT_LAST, 4}}},
    {"non-ASCII local part", SPAN("<j\xc3\xb6rg@d.e>"), FROM, ASCII, {{FAULT_NON_ASCII, 2}}},
    {"non-ASCII domain", SPAN("<u@b\xc3\xbc.de>"), FROM, ASCII, {{FAULT_NON_ASCII, 4}}},
    {"non-ASCII in quotes", SPAN("<\"\xc3\xbc\"@d.e>"), FROM, ASCII, {{FAULT_NON_ASCII, 2}}},
    {"non-ASCII in a route", SPAN("<@b\xc3\xbc:u@d.e>"), TO, ASCII, {{FAULT_NON_ASCII, 3}}},
    {"Latin-1 local part", SPAN("<j\xf6rg@d.e>"), FROM, ASCII, {{FAULT_BAD_UTF8, 2}}},
    {"Latin-1 with SMTPUTF8", SPAN("<j\xf6rg@d.e>"), FROM, UTF8, {{FAULT_BAD_UTF8, 2}}},
    {"Latin-1 domain", SPAN("<u@b\xfc.de>"), FROM, UTF8, {{FAULT_BAD_UTF8, 4}}},
    {"Latin-1 in a route", SPAN("<@b\xfc:u@d.e>"), FROM, UTF8, {{FAULT_BAD_UTF8, 3}}},
    {"UTF-8 first, then Latin-1",
     SPAN("<u@b\xc3\xbc\xfc.de>"),
     FROM,
     ASCII,
     {{FAULT_NON_ASCII, 4}}},
    {"symbol in a U-label", SPAN("<u@a.\xe2\x98\x83.de>"), FROM, UTF8, {{FAULT_BAD_U_LABEL, 5}}},
    {"symbol and no SMTPUTF8",
     SPAN("<u@\xe2\x98\x83.de>"),
     FROM,
     ASCII,
     {{FAULT_BAD_U_LABEL, 3}, {FAULT_NON_ASCII, 3}}},
    {"garbage A-label", SPAN("<u@xn--a.de>"), FROM, ASCII, {{FAULT_BAD_A_LABEL, 3}}},
    {"broken IPv4 literal", SPAN("<a@[999.1.1.1]>"), FROM, ASCII, {{FAULT_BAD_IPV4, 6}}},
    {"broken IPv6 literal", SPAN("<a@[IPv6:garbage]>"), FROM, ASCII, {{FAULT_BAD_IPV6, 9}}},
    {"open literal", SPAN("<a@[192.0.2.1>"), FROM, ASCII, {{FAULT_OPEN_LITERAL, 3}}},
    {"open literal and bracket",
     SPAN("<a@[192.0.2.1"),
     FROM,
     ASCII,
     {{FAULT_OPEN_LITERAL, 3}, {FAULT_NO_CLOSING_BRACKET, 13}}},
    {"byte after the literal", SPAN("<a@[192.0.2.1]x>"), FROM, ASCII, {{FAULT_AFTER_LITERAL, 14}}},
    {"byte after it and no bracket",
     SPAN("<a@[192.0.2.1]x"),
     FROM,
     ASCII,
     {{FAULT_AFTER_LITERAL, 14}, {FAULT_NO_CLOSING_BRACKET, 15}}},
    {"route without colon", SPAN("<@a.b,@c.d>"), FROM, ASCII, {{FAULT_ROUTE, 10}}},
    {"route with a comma at its end", SPAN("<@a,@b,:u@d.e>"), FROM, ASCII, {{FAULT_ROUTE, 7}}},
    {"route with an empty element", SPAN("<@a,,@b:u@d.e>"), FROM, ASCII, {{FAULT_ROUTE, 4}}},
    {"route with an empty domain", SPAN("<@:u@d.e>"), FROM, ASCII, {{FAULT_ROUTE, 2}}},
    {"route with a space", SPAN("<@a b:u@d.e>"), FROM, ASCII, {{FAULT_ROUTE, 3}}},
    {"route with a double dot", SPAN("<@a..b:u@d.e>"), FROM, ASCII, {{FAULT_ROUTE, 4}}},
    {"route with a hyphen", SPAN("<@a.b-:u@d.e>"), FROM, ASCII, {{FAULT_ROUTE, 5}}},
    {"route and nothing else", SPAN("<@a.b:>"), FROM, ASCII, {{FAULT_NO_PATH, 6}}},
    {"route before a broken address", SPAN("<@a.b:u@@d>"), FROM, ASCII, {{FAULT_SECOND_AT, 8}}},
    {"route before an empty local part", SPAN("<@a:@b>"), FROM, ASCII, {{FAULT_NO_LOCAL_PART, 4}}},
    {"route without brackets", SPAN("@a:u@d.e"), FROM, ASCII, {{FAULT_NO_BRACKETS, 0}}},
};

static void accepts_what_the_grammar_allows(void **state)
{
  struct protected_area area = protected_make(1024);

  (void)state;
  for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span path = protected_place(&area, span_from(valid[i].path), side);
      struct address got;
      unsigned flags;

      address_parse(path, valid[i].use, valid[i].smtputf8, &got);
      flags = (got.null ? NULL_PATH : 0u) | (got.postmaster ? POSTMASTER : 0u) |
              (got.routed ? ROUTED : 0u) | (got.quoted ? QUOTED : 0u) |
              (got.literal ? LITERAL : 0u) | (got.non_ascii ? NON_ASCII : 0u);
      expect_faults(valid[i].name, protected_side_name(side), &got.faults, (struct fault[1]){{0}});
      expect_span(valid[i].name, "local part", got.local, valid[i].local);
      expect_span(valid[i].name, "domain", got.domain, valid[i].domain);
      assert_true(got.bracketed);
      assert_int_equal(got.mailbox.len, got.local.len + got.domain.len + (got.domain.len > 0));
      if (flags != valid[i].flags)
        fail_msg("%s: flags %#x, want %#x", valid[i].name, flags, valid[i].flags);
    }
  protected_free(&area);
}

static void tells_each_fault_and_its_place(void **state)
{
  struct protected_area area = protected_make(1024);

  (void)state;
  for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span path = protected_place(&area, invalid[i].path, side);
      struct address got;

      address_parse(path, invalid[i].use, invalid[i].smtputf8, &got);
      expect_faults(invalid[i].name, protected_side_name(side), &got.faults, invalid[i].want);
    }
  protected_free(&area);
}

static void expect_sound_address(const struct address *got, struct span path)
{
  expect_sound(&got->faults, path, false);
  assert_true(lies_in(got->mailbox, path));
  assert_true(lies_in(got->local, got->mailbox));
  assert_true(lies_in(got->domain, got->mailbox));
}

static void stays_in_bounds_on_any_bytes(void **state)
{
  static const char *const pieces[] = {
      "<",         ">",     "@",  "@",  ".",    ",", ":",        "\"",   "\\",
      "[",         "]",     " ",  "\t", "",     "a", "b.c",      "-",    "_",
      "xn--",      "IPv6:", "::", "1",  "255.", "(", "\xc3\xbc", "\xff", "\xe2\x98\x83",
      "postmaster"};
  struct protected_area area = protected_make(1024);
  struct dice dice = {20261122};
  char memory[256];

  (void)state;
  for (size_t i = 0; i < 40000; i++) {
    size_t len = dice_join(&dice, pieces, sizeof(pieces) / sizeof(pieces[0]), memory, 256);
    struct span path = protected_place(&area, (struct span){memory, len}, i % PROTECTED_SIDES);
    struct address got;

    address_parse(path, dice_roll(&dice, 2) == 0 ? FROM : TO, dice_roll(&dice, 2) == 0, &got);
    expect_sound_address(&got, path);
  }
  protected_free(&area);
}

/* Writes a path that the grammar allows; returns its length. */
static size_t roll_address(struct dice *dice, char *memory)
{
  static const char atext[] = "abcXYZ019!#$%&'*+-/=?^_`{|}~";
  static const char qtext[] = "abc XYZ@<>.,:;()[]";
  static const char let_dig[] = "abcdefXYZ019";
  bool quoted = dice_roll(dice, 4) == 0;
  size_t len = 0, labels = 2 + dice_roll(dice, 3);

  memory[len++] = '<';
  if (quoted)
    memory[len++] = '"';
  len += dice_word(dice, quoted ? qtext : atext, 20, memory + len);
  if (quoted)
    memory[len++] = '"';
  memory[len++] = '@';
  for (size_t i = 0; i < labels; i++) {
    if (i > 0)
      memory[len++] = '.';
    len += dice_word(dice, let_dig, 20, memory + len);
  }
  memory[len++] = '>';
  return len;
}

static void finds_no_fault_in_addresses_made_by_the_grammar(void **state)
{
  struct dice dice = {5321};
  char memory[256];

  (void)state;
  for (size_t i = 0; i < 20000; i++) {
    struct span path = {memory, roll_address(&dice, memory)};
    struct address got;

    address_parse(path, TO, false, &got);
    if (faults_any(&got.faults))
      fail_msg("fault in %.*s", (int)path.len, path.at);
  }
}

static void ends_on_a_megabyte_of_anything(void **state)
{
  static const char *const pieces[] = {"@",         ".",      "(",    "\"",     "\\", "<",    ">",
                                       "[",         "]",      " ",    ":",      "a",  "@a,",  "a.",
                                       "\xc3\xbc.", "xn--a.", "\xff", "-",      "_",  "\"\\", "a@",
                                       "[:",        "0:",     "<@a:", "<\"\\\""};

  (void)state;
  for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
    struct span all = repeated(pieces[i]);
    struct address got;

    address_parse(all, FROM, true, &got);
    expect_sound_address(&got, all);
    free((void *)(uintptr_t)all.at);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accepts_what_the_grammar_allows),
      cmocka_unit_test(tells_each_fault_and_its_place),
      cmocka_unit_test(stays_in_bounds_on_any_bytes),
      cmocka_unit_test(finds_no_fault_in_addresses_made_by_the_grammar),
      cmocka_unit_test(ends_on_a_megabyte_of_anything),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
