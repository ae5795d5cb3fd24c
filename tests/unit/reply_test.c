/*
 * The catalogue of replies, and the reading of codes from a configuration.
 */
#include "reply.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static void is_prose(unsigned code, const char *what, const char *text)
{
  size_t len = strlen(text);

  if (len < 10 || text[len - 1] != '.' || text[0] < 'A' || text[0] > 'Z')
    fail_msg("%u: %s is no sentence: %s", code, what, text);
  for (size_t i = 0; i < len; i++)
    if (text[i] < ' ' || text[i] > '~')
      fail_msg("%u: %s is not printable ASCII", code, what);
}

static void catalogue_is_in_order(void **state)
{
  size_t count;
  const struct reply_entry *all = reply_all(&count);

  (void)state;
  for (size_t i = 0; i < count; i++) {
    assert_true(all[i].code >= 200 && all[i].code <= 599);
    if (i > 0 && all[i].code <= all[i - 1].code)
      fail_msg("%u stands after %u", all[i].code, all[i - 1].code);
    assert_ptr_equal(reply_find(all[i].code), &all[i]);
    assert_string_not_equal(reply_class(all[i].code), "");
  }
}

static void catalogue_speaks_in_sentences(void **state)
{
  size_t count;
  const struct reply_entry *all = reply_all(&count);

  (void)state;
  for (size_t i = 0; i < count; i++) {
    is_prose(all[i].code, "meaning", all[i].meaning);
    is_prose(all[i].code, "seen", all[i].seen);
    is_prose(all[i].code, "fix", all[i].fix);
    assert_true(strlen(all[i].name) > 0 && strlen(all[i].name) <= 40);
    assert_true(strlen(all[i].phrase) > 0 && strlen(all[i].phrase) <= 80);
  }
}

static void catalogue_has_the_six_and_their_kin(void **state)
{
  static const struct {
    unsigned code;
    const char *name;
  } rows[] = {
      {214, "Help Message"},
      {252, "Cannot Verify User"},
      {500, "Syntax Error"},
      {501, "Syntax Error in Parameters"},
      {502, "Command Not Implemented"},
      {503, "Bad Sequence of Commands"},
  };
  static const unsigned kin[] = {220, 221, 250, 354, 421, 450, 451,
                                 452, 504, 550, 552, 553, 554, 555};

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    assert_non_null(reply_find(rows[i].code));
    assert_string_equal(reply_find(rows[i].code)->name, rows[i].name);
  }
  for (size_t i = 0; i < sizeof(kin) / sizeof(kin[0]); i++)
    assert_non_null(reply_find(kin[i]));
  assert_null(reply_find(0));
  assert_null(reply_find(299));
  assert_null(reply_find(600));
  assert_null(reply_find(5500));
}

static void classes(void **state)
{
  (void)state;
  assert_string_equal(reply_class(214), "2xx positive completion");
  assert_string_equal(reply_class(354), "3xx positive intermediate");
  assert_string_equal(reply_class(421), "4xx transient negative");
  assert_string_equal(reply_class(550), "5xx permanent negative");
  assert_string_equal(reply_class(199), "");
  assert_string_equal(reply_class(600), "");
  assert_true(reply_is_positive(252) && reply_is_positive(354) && !reply_is_positive(421));
  assert_true(reply_is_deferral(421) && !reply_is_deferral(503) && !reply_is_deferral(399));
  assert_true(reply_is_refusal(500) && !reply_is_refusal(499) && !reply_is_refusal(600));
}

static void reads_codes(void **state)
{
  static const struct {
    const char *name, *text;
    enum reply_fault want;
    unsigned code;
    const char *enhanced;
  } rows[] = {
      {"both codes", "550 5.7.1", REPLY_OK, 550, "5.7.1"},
      {"a code alone gets its class's general one", "450", REPLY_OK, 450, "4.0.0"},
      {"252 alone", "252", REPLY_OK, 252, "2.0.0"},
      {"blanks around it", "\t502  5.5.1 ", REPLY_OK, 502, "5.5.1"},
      {"zero as detail", "554 5.0.0", REPLY_OK, 554, "5.0.0"},
      {"three digits each", "550 5.123.456", REPLY_OK, 550, "5.123.456"},
      {"nothing", "", REPLY_BAD_CODE, 0, NULL},
      {"blanks only", "   ", REPLY_BAD_CODE, 0, NULL},
      {"two digits", "55", REPLY_BAD_CODE, 0, NULL},
      {"four digits", "5500", REPLY_BAD_CODE, 0, NULL},
      {"a code that SMTP does not have", "599 5.7.1", REPLY_BAD_CODE, 0, NULL},
      {"a leading zero", "055", REPLY_BAD_CODE, 0, NULL},
      {"a sign", "+550", REPLY_BAD_CODE, 0, NULL},
      {"a word", "refuse", REPLY_BAD_CODE, 0, NULL},
      {"something stuck to it", "550-5.7.1", REPLY_BAD_CODE, 0, NULL},
      {"an enhanced code alone", "5.7.1", REPLY_BAD_CODE, 0, NULL},
      {"two parts", "550 5.7", REPLY_BAD_ENHANCED, 0, NULL},
      {"an empty part", "550 5..1", REPLY_BAD_ENHANCED, 0, NULL},
      {"a class that does not exist", "550 3.7.1", REPLY_BAD_ENHANCED, 0, NULL},
      {"a class of two digits", "550 55.7.1", REPLY_BAD_ENHANCED, 0, NULL},
      {"a leading zero in a part", "550 5.07.1", REPLY_BAD_ENHANCED, 0, NULL},
      {"four digits in the middle", "550 5.1000.1", REPLY_BAD_ENHANCED, 0, NULL},
      {"four digits at the end", "550 5.1.1000", REPLY_BAD_ENHANCED, 0, NULL},
      {"text in its place", "550 No", REPLY_BAD_ENHANCED, 0, NULL},
      {"another class", "550 4.7.1", REPLY_CLASS_MISMATCH, 0, NULL},
      {"another class, positive", "502 2.0.0", REPLY_CLASS_MISMATCH, 0, NULL},
      {"text behind it", "550 5.7.1 No", REPLY_TRAILING, 0, NULL},
      {"a fourth part", "550 5.7.1.2", REPLY_BAD_ENHANCED, 0, NULL},
      {"a line end", "550\r\n", REPLY_BAD_CODE, 0, NULL},
      {"a line end behind it", "550 5.7.1\n", REPLY_BAD_ENHANCED, 0, NULL},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct reply_status got = {.code = 1, .enhanced = "?"};
    enum reply_fault fault = reply_status_parse(span_from(rows[i].text), &got);
    bool good = fault == REPLY_OK;

    if (fault != rows[i].want)
      fail_msg("%s: got %d, want %d", rows[i].name, fault, rows[i].want);
    if (good && (got.code != rows[i].code || strcmp(got.enhanced, rows[i].enhanced) != 0))
      fail_msg("%s: got %u %s", rows[i].name, got.code, got.enhanced);
    if (!good && (got.code != 1 || strcmp(got.enhanced, "?") != 0))
      fail_msg("%s: the result was touched", rows[i].name);
    assert_true(good == (*reply_fault_text(fault) == '\0'));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(catalogue_is_in_order),
      cmocka_unit_test(catalogue_speaks_in_sentences),
      cmocka_unit_test(catalogue_has_the_six_and_their_kin),
      cmocka_unit_test(classes),
      cmocka_unit_test(reads_codes),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
