/*
 * ESMTP parameters: syntax, the values of the known ones, repeats, and lists of any length.
 */
#include "parameters.h"

#include "expect.h"
#include "protected.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAIL PARAMETERS_MAIL
#define RCPT PARAMETERS_RCPT

enum { LIST_MAX = 64 };

static const struct {
  const char *name;
  enum parameters_use use;
  const char *line;
  const char *unknown;
} valid[] = {
    {"none", MAIL, "", ""},
    {"size", MAIL, "SIZE=0", ""},
    {"size of 20 digits", MAIL, "size=99999999999999999999", ""},
    {"7-bit body", MAIL, "BODY=7BIT", ""},
    {"8-bit body in small letters", MAIL, "body=8bitmime", ""},
    {"binary body", MAIL, "BODY=BINARYMIME", ""},
    {"SMTPUTF8", MAIL, "SMTPUTF8", ""},
    {"bounce address that is not encoded", RCPT, "ORCPT=rfc822;list=user=example.org@b.example",
     ""},
    {"RET", MAIL, "RET=FULL ENVID=abc+2B+3D", ""},
    {"RET of headers", MAIL, "RET=hdrs", ""},
    {"AUTH of nobody", MAIL, "AUTH=<>", ""},
    {"AUTH of somebody", MAIL, "AUTH=e+3Dmc2@example.com", ""},
    {"AUTH in small hexadecimal, as Exim has it", MAIL, "AUTH=e+3dmc2@example.com", ""},
    {"ENVID as Exchange has it", MAIL, "ENVID=X400-MTS-Identifier:+20[/ADMD+3d+20/C+3dGB/;DC01-1]",
     ""},
    {"BY", MAIL, "BY=120;R", ""},
    {"BY with a sign and a trace", MAIL, "BY=-123456789;nt", ""},
    {"BY with a plus", MAIL, "BY=+1;N", ""},
    {"lowest priority", MAIL, "MT-PRIORITY=-9", ""},
    {"no priority", MAIL, "MT-PRIORITY=0", ""},
    {"REQUIRETLS", MAIL, "REQUIRETLS", ""},
    {"HOLDFOR", MAIL, "HOLDFOR=999999999", ""},
    {"HOLDUNTIL", MAIL, "HOLDUNTIL=2026-11-22T19:45:47Z", ""},
    {"HOLDUNTIL with a fraction", MAIL, "HOLDUNTIL=2026-11-22t19:45:47.5z", ""},
    {"HOLDUNTIL with an offset", MAIL, "HOLDUNTIL=2026-11-22T19:45:47-08:00", ""},
    {"many together", MAIL, "SIZE=1 \tBODY=7BIT SMTPUTF8  RET=FULL", ""},
    {"NOTIFY=NEVER", RCPT, "NOTIFY=NEVER", ""},
    {"NOTIFY of all", RCPT, "NOTIFY=SUCCESS,failure,DELAY", ""},
    {"ORCPT", RCPT, "ORCPT=rfc822;user+2Bx@example.com", ""},
    {"ORCPT with brackets", RCPT, "ORCPT=rfc822;<u@d.e>", ""},
    {"ORCPT of nothing", RCPT, "ORCPT=rfc822;", ""},
    {"ORCPT in UTF-8", RCPT, "ORCPT=utf-8;j\xc3\xb6rg@d.e", ""},
    {"ORCPT in UTF-8, escaped", RCPT, "ORCPT=UTF-8;j\\x{F6}rg+1@d.e", ""},
    {"UTF-8 with SMTPUTF8 after it", MAIL, "X=\xc3\xbc SMTPUTF8", "X"},
    {"unknown without value", MAIL, "X-ANY", "X-ANY"},
    {"unknown with each byte allowed", MAIL, "X=!\"#$%&'()*+,-./09:;<>?@AZ[\\]^_`az{|}~", "X"},
    {"first of two unknown", MAIL, "SIZE=1 FOO BAR=1", "FOO"},
    {"NOTIFY is unknown to MAIL", MAIL, "NOTIFY=what", "NOTIFY"},
    {"SIZE is unknown to RCPT", RCPT, "SIZE=what", "SIZE"},
};

static const struct {
  const char *name;
  enum parameters_use use;
  struct span line; /* "|" in between two parameters, so that blanks can be within one */
  size_t bad;
  struct fault want;
} invalid[] = {
    {"empty", MAIL, SPAN("|"), 0, {FAULT_PARAMETER_KEYWORD, 0}},
    {"value alone", MAIL, SPAN("=1"), 0, {FAULT_PARAMETER_KEYWORD, 0}},
    {"hyphen first", MAIL, SPAN("-A=1"), 0, {FAULT_PARAMETER_KEYWORD, 0}},
    {"underscore", MAIL, SPAN("A_B=1"), 0, {FAULT_PARAMETER_CHARACTER, 1}},
    {"NUL in the keyword", MAIL, SPAN("A\0B"), 0, {FAULT_PARAMETER_CHARACTER, 1}},
    {"8-bit keyword", MAIL, SPAN("\xc3\xbc=1"), 0, {FAULT_PARAMETER_KEYWORD, 0}},
    {"blank in a value", MAIL, SPAN("A=b c"), 0, {FAULT_PARAMETER_CHARACTER, 3}},
    {"control in a value", MAIL, SPAN("A=b\x7f"), 0, {FAULT_PARAMETER_CHARACTER, 3}},
    {"NUL in a value", MAIL, SPAN("A=\0"), 0, {FAULT_PARAMETER_CHARACTER, 2}},
    {"UTF-8 without SMTPUTF8", MAIL, SPAN("A=\xc3\xbc"), 0, {FAULT_PARAMETER_CHARACTER, 2}},
    {"bad UTF-8 with SMTPUTF8", MAIL, SPAN("SMTPUTF8|A=b\xfc"), 1, {FAULT_PARAMETER_CHARACTER, 3}},
    {"bad UTF-8 in RCPT", RCPT, SPAN("ORCPT=utf-8;\xfc"), 0, {FAULT_PARAMETER_CHARACTER, 12}},
    {"no value of an unknown one", MAIL, SPAN("A="), 0, {FAULT_PARAMETER_NO_VALUE, 2}},
    {"no value of SIZE", MAIL, SPAN("SIZE"), 0, {FAULT_PARAMETER_NO_VALUE, 4}},
    {"empty value of SIZE", MAIL, SPAN("SIZE="), 0, {FAULT_PARAMETER_NO_VALUE, 5}},
    {"value of SMTPUTF8", MAIL, SPAN("SMTPUTF8=1"), 0, {FAULT_PARAMETER_HAS_VALUE, 8}},
    {"empty value of SMTPUTF8", MAIL, SPAN("SMTPUTF8="), 0, {FAULT_PARAMETER_HAS_VALUE, 8}},
    {"letters in SIZE", MAIL, SPAN("SIZE=10k"), 0, {FAULT_PARAMETER_BAD_VALUE, 7}},
    {"sign in SIZE", MAIL, SPAN("SIZE=-1"), 0, {FAULT_PARAMETER_BAD_VALUE, 5}},
    {"21 digits", MAIL, SPAN("SIZE=100000000000000000000"), 0, {FAULT_PARAMETER_BAD_VALUE, 25}},
    {"other body", MAIL, SPAN("BODY=9BIT"), 0, {FAULT_PARAMETER_BAD_VALUE, 5}},
    {"body and more", MAIL, SPAN("BODY=7BITS"), 0, {FAULT_PARAMETER_BAD_VALUE, 9}},
    {"other RET", MAIL, SPAN("RET=SOME"), 0, {FAULT_PARAMETER_BAD_VALUE, 4}},
    {"no hexadecimal in xtext", MAIL, SPAN("ENVID=a+2g"), 0, {FAULT_PARAMETER_BAD_VALUE, 9}},
    {"cut hexadecimal in xtext", MAIL, SPAN("AUTH=a+2"), 0, {FAULT_PARAMETER_BAD_VALUE, 8}},
    {"BY without mode", MAIL, SPAN("BY=120"), 0, {FAULT_PARAMETER_BAD_VALUE, 6}},
    {"BY of ten digits", MAIL, SPAN("BY=1234567890;R"), 0, {FAULT_PARAMETER_BAD_VALUE, 12}},
    {"BY of another mode", MAIL, SPAN("BY=1;X"), 0, {FAULT_PARAMETER_BAD_VALUE, 5}},
    {"priority of two digits", MAIL, SPAN("MT-PRIORITY=10"), 0, {FAULT_PARAMETER_BAD_VALUE, 13}},
    {"priority -0", MAIL, SPAN("MT-PRIORITY=-0"), 0, {FAULT_PARAMETER_BAD_VALUE, 13}},
    {"HOLDFOR of ten digits", MAIL, SPAN("HOLDFOR=1234567890"), 0, {FAULT_PARAMETER_BAD_VALUE, 17}},
    {"day alone", MAIL, SPAN("HOLDUNTIL=2026-11-22"), 0, {FAULT_PARAMETER_BAD_VALUE, 20}},
    {"no zone", MAIL, SPAN("HOLDUNTIL=2026-11-22T19:45:47"), 0, {FAULT_PARAMETER_BAD_VALUE, 29}},
    {"empty fraction",
     MAIL,
     SPAN("HOLDUNTIL=2026-11-22T19:45:47.Z"),
     0,
     {FAULT_PARAMETER_BAD_VALUE, 30}},
    {"cut offset",
     MAIL,
     SPAN("HOLDUNTIL=2026-11-22T19:45:47+01:"),
     0,
     {FAULT_PARAMETER_BAD_VALUE, 33}},
    {"NEVER and more", RCPT, SPAN("NOTIFY=NEVER,DELAY"), 0, {FAULT_PARAMETER_BAD_VALUE, 12}},
    {"more and NEVER", RCPT, SPAN("NOTIFY=DELAY,NEVER"), 0, {FAULT_PARAMETER_BAD_VALUE, 13}},
    {"comma last", RCPT, SPAN("NOTIFY=DELAY,"), 0, {FAULT_PARAMETER_BAD_VALUE, 13}},
    {"ORCPT without type", RCPT, SPAN("ORCPT=u@d.e"), 0, {FAULT_PARAMETER_BAD_VALUE, 7}},
    {"ORCPT with an empty type", RCPT, SPAN("ORCPT=;u@d.e"), 0, {FAULT_PARAMETER_BAD_VALUE, 6}},
    {"ORCPT without xtext", RCPT, SPAN("ORCPT=rfc822;a+x@c.d"), 0, {FAULT_PARAMETER_BAD_VALUE, 15}},
    {"second SIZE", MAIL, SPAN("SIZE=1|BODY=7BIT|size=2"), 2, {FAULT_PARAMETER_REPEATED, 0}},
    {"second unknown one", MAIL, SPAN("X-A|x-a=1"), 1, {FAULT_PARAMETER_REPEATED, 0}},
    {"second and bad", MAIL, SPAN("SIZE=1|SIZE=x"), 1, {FAULT_PARAMETER_BAD_VALUE, 5}},
    {"the first of two", MAIL, SPAN("SIZE=1|BODY=x|RET=y"), 1, {FAULT_PARAMETER_BAD_VALUE, 5}},
};

static void accepts_what_the_extensions_define(void **state)
{
  struct protected_area area = protected_make(256);

  (void)state;
  for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span list[LIST_MAX];
      struct span line = protected_place(&area, span_from(valid[i].line), side);
      struct parameters got;

      parameters_parse(list, parameters_split(line, list, LIST_MAX), valid[i].use, &got);
      expect_faults(valid[i].name, protected_side_name(side), &got.faults, (struct fault[1]){{0}});
      expect_span(valid[i].name, "unknown keyword", got.unknown, valid[i].unknown);
    }
  protected_free(&area);
}

/* Cuts at "|"; each parameter alone is placed beside a protected page, one area for each. */
static size_t place_list(struct protected_area *areas, struct span line, enum protected_side side,
                         struct span *list)
{
  size_t count = 0;

  while (line.len > 0) {
    size_t end = span_find(line, '|');

    list[count] = protected_place(&areas[count], span_slice(line, 0, end), side);
    line = span_slice(line, end + 1, line.len);
    count++;
  }
  return count;
}

static void tells_the_first_wrong_parameter_and_its_place(void **state)
{
  enum { PARAMETERS_IN_A_ROW = 4 };
  struct protected_area areas[PARAMETERS_IN_A_ROW];

  (void)state;
  for (size_t i = 0; i < PARAMETERS_IN_A_ROW; i++)
    areas[i] = protected_make(256);
  for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct fault want[WANT_MAX] = {invalid[i].want};
      struct span list[PARAMETERS_IN_A_ROW];
      struct parameters got;

      parameters_parse(list, place_list(areas, invalid[i].line, side, list), invalid[i].use, &got);
      expect_faults(invalid[i].name, protected_side_name(side), &got.faults, want);
      if (got.bad != invalid[i].bad)
        fail_msg("%s: parameter %zu", invalid[i].name, got.bad);
    }
  for (size_t i = 0; i < PARAMETERS_IN_A_ROW; i++)
    protected_free(&areas[i]);
}

static struct parameters parsed(const char *line)
{
  struct span list[LIST_MAX];
  struct parameters got;

  parameters_parse(list, parameters_split(span_from(line), list, LIST_MAX), MAIL, &got);
  return got;
}

static void tells_size_and_smtputf8(void **state)
{
  (void)state;
  assert_true(parsed("SIZE=12345").size_given);
  assert_true(parsed("SIZE=12345").size == 12345);
  assert_true(parsed("SIZE=18446744073709551615").size == ULLONG_MAX);
  assert_true(parsed("SIZE=18446744073709551616").size == ULLONG_MAX);
  assert_true(parsed("SIZE=99999999999999999999").size == ULLONG_MAX);
  assert_false(parsed("SIZE=1k").size_given);
  assert_false(parsed("").size_given);
  assert_true(parsed("BODY=x smtputf8 SIZE=7").smtputf8);
  assert_true(parsed("BODY=x smtputf8 SIZE=7").size == 7);
  assert_false(parsed("SMTPUTF8=1").smtputf8);
}

static void more_than_32_are_a_fault(void **state)
{
  static const char keywords[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  struct span list[36];
  struct parameters got;

  (void)state;
  for (size_t i = 0; i < 36; i++)
    list[i] = (struct span){&keywords[i], 1};
  parameters_parse(list, 32, MAIL, &got);
  assert_false(faults_any(&got.faults));
  parameters_parse(list, 33, MAIL, &got);
  assert_int_equal(got.faults.of[ASPECT_PARAMETERS].kind, FAULT_PARAMETER_MANY);
  assert_int_equal(got.bad, 32);
}

static void splits_at_blanks(void **state)
{
  struct protected_area area = protected_make(64);

  (void)state;
  for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
    struct span list[3];

    assert_int_equal(parameters_split(protected_place(&area, SPAN(" a \tbc\t"), side), list, 3), 2);
    expect_span("split", "first", list[0], "a");
    expect_span("split", "second", list[1], "bc");
    assert_int_equal(parameters_split(protected_place(&area, SPAN("a b c d"), side), list, 3), 3);
    expect_span("split", "third", list[2], "c");
    assert_int_equal(parameters_split(protected_place(&area, SPAN("  "), side), list, 3), 0);
    assert_int_equal(parameters_split(protected_place(&area, SPAN("a"), side), list, 0), 0);
  }
  assert_int_equal(parameters_split((struct span){NULL, 0}, NULL, 0), 0);
  protected_free(&area);
}

static void stays_in_bounds_on_any_bytes(void **state)
{
  static const char *const pieces[] = {" ",
                                       "=",
                                       "SIZE=",
                                       "BODY=",
                                       "SMTPUTF8",
                                       "AUTH=",
                                       "ORCPT=",
                                       "BY=",
                                       "NOTIFY=",
                                       "NEVER",
                                       "DELAY",
                                       ",",
                                       ";",
                                       "utf-8",
                                       "+2B",
                                       "+",
                                       "1",
                                       "-",
                                       "\xc3\xbc",
                                       "\xff",
                                       "",
                                       "A",
                                       "2026-11-22T19:45:47",
                                       "MT-PRIORITY=",
                                       "HOLDUNTIL="};
  struct protected_area area = protected_make(512);
  struct dice dice = {3461};
  char memory[512];

  (void)state;
  for (size_t i = 0; i < 40000; i++) {
    size_t len = dice_join(&dice, pieces, sizeof(pieces) / sizeof(pieces[0]), memory, 512);
    struct span line = protected_place(&area, (struct span){memory, len}, i % PROTECTED_SIDES);
    struct span list[LIST_MAX];
    size_t count = parameters_split(line, list, LIST_MAX);
    struct parameters got;

    parameters_parse(list, count, dice_roll(&dice, 2) == 0 ? MAIL : RCPT, &got);
    assert_true(lies_in(got.unknown, line));
    if (faults_any(&got.faults)) {
      assert_true(got.bad < count);
      expect_sound(&got.faults, list[got.bad], false);
    }
  }
  protected_free(&area);
}

static void ends_on_a_megabyte_of_anything(void **state)
{
  static const char *const pieces[] = {"A", "=", "A=", "A ", " ", "SIZE=1 ", "+", "\xc3\xbc"};

  (void)state;
  for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
    struct span all = repeated(pieces[i]), list[LIST_MAX];
    struct parameters got;

    parameters_parse(list, parameters_split(all, list, LIST_MAX), RCPT, &got);
    for (size_t n = 0; n < LIST_MAX; n++)
      list[n] = all;
    parameters_parse(list, LIST_MAX, MAIL, &got);
    free((void *)(uintptr_t)all.at);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accepts_what_the_extensions_define),
      cmocka_unit_test(tells_the_first_wrong_parameter_and_its_place),
      cmocka_unit_test(tells_size_and_smtputf8),
      cmocka_unit_test(more_than_32_are_a_fault),
      cmocka_unit_test(splits_at_blanks),
      cmocka_unit_test(stays_in_bounds_on_any_bytes),
      cmocka_unit_test(ends_on_a_megabyte_of_anything),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
