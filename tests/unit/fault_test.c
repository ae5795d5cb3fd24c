/*
 * Faults: which one is kept, and that each kind of faults.def is found by some parser.
 */
#include "address.h"
#include "helo.h"
#include "parameters.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#define L10 "aaaaaaaaaa"
#define L60 L10 L10 L10 L10 L10 L10
#define L65 L60 "aaaaa"

enum parser { PATH, SENDER, RECIPIENT_UTF8, HELO, MAIL_PARAMETER, REPEATED };

/* One input a kind; fault_test fails when a kind has none. */
static const struct {
  enum fault_kind kind;
  enum parser parser;
  const char *input;
} examples[] = {
    {FAULT_NO_PATH, PATH, ""},
    {FAULT_NO_BRACKETS, PATH, "u@d.e"},
    {FAULT_NO_CLOSING_BRACKET, PATH, "<u@d.e"},
    {FAULT_AFTER_BRACKET, PATH, "<u@d.e>x"},
    {FAULT_NULL_RECIPIENT, PATH, "<>"},
    {FAULT_ROUTE, PATH, "<@a,:u@d.e>"},
    {FAULT_NO_LOCAL_PART, PATH, "<@d.e>"},
    {FAULT_SPACE, PATH, "<a b@d.e>"},
    {FAULT_CONTROL, PATH, "<a\tb@d.e>"},
    {FAULT_BAD_CHARACTER, PATH, "<a(b@d.e>"},
    {FAULT_OPEN_QUOTE, PATH, "<\"a@d.e>"},
    {FAULT_AFTER_QUOTE, PATH, "<\"a\"b@d.e>"},
    {FAULT_BAD_ESCAPE, PATH, "<\"\\\t\"@d.e>"},
    {FAULT_SECOND_AT, PATH, "<u@@d.e>"},
    {FAULT_DOT_FIRST, PATH, "<.u@d.e>"},
    {FAULT_DOT_DOUBLE, PATH, "<u..u@d.e>"},
    {FAULT_DOT_LAST, PATH, "<u.@d.e>"},
    {FAULT_LOCAL_LENGTH, PATH, "<" L65 "@d.e>"},
    {FAULT_NO_DOMAIN, SENDER, "<postmaster>"},
    {FAULT_EMPTY_DOMAIN, PATH, "<u@>"},
    {FAULT_ONE_LABEL, PATH, "<u@d>"},
    {FAULT_DOMAIN_CHARACTER, PATH, "<u@d/e>"},
    {FAULT_HYPHEN_FIRST, PATH, "<u@-d.e>"},
    {FAULT_HYPHEN_LAST, PATH, "<u@d-.e>"},
    {FAULT_UNDERSCORE, PATH, "<u@d_.e>"},
    {FAULT_LABEL_LENGTH, PATH, "<u@" L65 ".e>"},
    {FAULT_DOMAIN_LENGTH, PATH, "<u@" L60 "." L60 "." L60 "." L60 "." L60 ">"},
    {FAULT_NON_ASCII, PATH, "<\xc3\xbc@d.e>"},
    {FAULT_BAD_UTF8, RECIPIENT_UTF8, "<\xfc@d.e>"},
    {FAULT_BAD_U_LABEL, RECIPIENT_UTF8, "<u@\xe2\x98\x83.e>"},
    {FAULT_BAD_A_LABEL, PATH, "<u@xn--a.e>"},
    {FAULT_OPEN_LITERAL, PATH, "<u@[192.0.2.1>"},
    {FAULT_BAD_IPV4, PATH, "<u@[192.0.2]>"},
    {FAULT_BAD_IPV6, PATH, "<u@[IPv6:1]>"},
    {FAULT_NO_IPV6_TAG, PATH, "<u@[::1]>"},
    {FAULT_BAD_TAG, PATH, "<u@[tag]>"},
    {FAULT_BAD_LITERAL, PATH, "<u@[]>"},
    {FAULT_AFTER_LITERAL, PATH, "<u@[192.0.2.1].>"},
    {FAULT_NO_NAME, HELO, ""},
    {FAULT_BARE_ADDRESS, HELO, "192.0.2.1"},
    {FAULT_PARAMETER_KEYWORD, MAIL_PARAMETER, "=1"},
    {FAULT_PARAMETER_CHARACTER, MAIL_PARAMETER, "A_B=c"},
    {FAULT_PARAMETER_NO_VALUE, MAIL_PARAMETER, "SIZE"},
    {FAULT_PARAMETER_HAS_VALUE, MAIL_PARAMETER, "SMTPUTF8=1"},
    {FAULT_PARAMETER_BAD_VALUE, MAIL_PARAMETER, "SIZE=a"},
    {FAULT_PARAMETER_REPEATED, REPEATED, "SIZE=1"},
    {FAULT_PARAMETER_MANY, REPEATED, ""},
};

static struct faults parameter_faults(struct span input, size_t count)
{
  static const char keywords[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  struct span list[sizeof(keywords)];
  struct parameters parameters;

  for (size_t i = 0; i < count; i++)
    list[i] = input;
  if (count > 32) /* no repeats among them, only too many */
    for (size_t i = 0; i < count; i++)
      list[i] = (struct span){&keywords[i], 1};
  parameters_parse(list, count, PARAMETERS_MAIL, &parameters);
  return parameters.faults;
}

static struct faults faults_of(enum parser parser, struct span input)
{
  struct address address;
  struct helo helo;

  switch (parser) {
  case HELO:
    helo_parse(input, &helo);
    return helo.faults;
  case MAIL_PARAMETER:
    return parameter_faults(input, 1);
  case REPEATED:
    return parameter_faults(input, input.len == 0 ? 33 : 2);
  case PATH:
  case SENDER:
  case RECIPIENT_UTF8:
    break;
  }
  address_parse(input, parser == SENDER ? ADDRESS_SENDER : ADDRESS_RECIPIENT,
                parser == RECIPIENT_UTF8, &address);
  return address.faults;
}

static void each_kind_is_found_by_a_parser(void **state)
{
  bool seen[FAULT_COUNT] = {true};

  (void)state;
  for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
    enum fault_kind kind = examples[i].kind;
    struct faults got = faults_of(examples[i].parser, span_from(examples[i].input));

    if (got.of[fault_aspect(kind)].kind != kind)
      fail_msg("\"%s\" gives %s, want %s", examples[i].input,
               fault_name(got.of[fault_aspect(kind)].kind), fault_name(kind));
    seen[kind] = true;
  }
  for (unsigned kind = 0; kind < FAULT_COUNT; kind++)
    if (!seen[kind])
      fail_msg("no example of %s", fault_name(kind));
}

static void each_text_fits_under_a_caret(void **state)
{
  (void)state;
  assert_string_equal(fault_text(FAULT_NONE), "");
  for (unsigned kind = FAULT_NONE + 1; kind < FAULT_COUNT; kind++) {
    const char *text = fault_text(kind);
    size_t len = strlen(text);

    if (len == 0 || len > 60 || text[len - 1] == '.')
      fail_msg("%s: %s", fault_name(kind), text);
    for (size_t i = 0; i < len; i++)
      if (byte_is_control(text[i]) || byte_is_8bit(text[i]) || text[i] == '%')
        fail_msg("%s: byte %zu of its text cannot stand in a reply", fault_name(kind), i);
    for (unsigned other = kind + 1; other < FAULT_COUNT; other++)
      if (strcmp(text, fault_text(other)) == 0)
        fail_msg("%s and %s have the same text", fault_name(kind), fault_name(other));
  }
}

static void a_kind_from_nowhere_reads_as_none(void **state)
{
  struct faults faults = {0};

  (void)state;
  assert_string_equal(fault_name((enum fault_kind)FAULT_COUNT), "NONE");
  assert_string_equal(fault_text((enum fault_kind)70000), "");
  faults_note(&faults, (enum fault_kind)FAULT_COUNT, 1);
  faults_note(&faults, FAULT_NONE, 1);
  assert_false(faults_any(&faults));
}

static void the_fault_that_stands_first_is_kept(void **state)
{
  struct faults faults = {0};

  (void)state;
  assert_false(faults_any(&faults));
  faults_note(&faults, FAULT_SPACE, 7);
  faults_note(&faults, FAULT_CONTROL, 9);
  faults_note(&faults, FAULT_SECOND_AT, 7);
  assert_int_equal(faults.of[ASPECT_SYNTAX].kind, FAULT_SPACE);
  faults_note(&faults, FAULT_CONTROL, 3);
  assert_int_equal(faults.of[ASPECT_SYNTAX].kind, FAULT_CONTROL);
  assert_int_equal(faults.of[ASPECT_SYNTAX].at, 3);
  assert_true(faults_any(&faults));
  assert_true(faults_has(&faults, ASPECT_SYNTAX));
  assert_false(faults_has(&faults, ASPECT_DOTS));
}

static void an_offset_is_cut_to_32_bits(void **state)
{
  struct faults faults = {0};

  (void)state;
  faults_note(&faults, FAULT_SPACE, SIZE_MAX);
  assert_int_equal(faults.of[ASPECT_SYNTAX].at, UINT32_MAX);
}

static void folding_moves_and_keeps_the_first(void **state)
{
  struct faults faults = {0};

  (void)state;
  faults_fold(&faults, ASPECT_DOTS, ASPECT_SYNTAX);
  assert_false(faults_any(&faults));
  faults_note(&faults, FAULT_DOT_LAST, 5);
  faults_fold(&faults, ASPECT_DOTS, ASPECT_DOTS);
  assert_true(faults_has(&faults, ASPECT_DOTS));
  faults_note(&faults, FAULT_SPACE, 6);
  faults_fold(&faults, ASPECT_DOTS, ASPECT_SYNTAX);
  assert_false(faults_has(&faults, ASPECT_DOTS));
  assert_int_equal(faults.of[ASPECT_SYNTAX].kind, FAULT_DOT_LAST);
  faults_note(&faults, FAULT_BAD_UTF8, 8);
  faults_fold(&faults, ASPECT_UTF8, ASPECT_SYNTAX);
  assert_false(faults_has(&faults, ASPECT_UTF8));
  assert_int_equal(faults.of[ASPECT_SYNTAX].at, 5);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_kind_is_found_by_a_parser),
      cmocka_unit_test(each_text_fits_under_a_caret),
      cmocka_unit_test(a_kind_from_nowhere_reads_as_none),
      cmocka_unit_test(the_fault_that_stands_first_is_kept),
      cmocka_unit_test(an_offset_is_cut_to_32_bits),
      cmocka_unit_test(folding_moves_and_keeps_the_first),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
