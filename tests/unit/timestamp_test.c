/*
 * Time stamps: their forms, and the year that those without one belong to.
 */
#include "../../milter/maillog/timestamp.h"

#include "protected.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static const struct {
  const char *name, *text;
  size_t length;
  uint64_t want; /* milliseconds; those without a year as of 2026 */
} forms[] = {
    {"traditional", "Nov 24 15:39:54 mx", 15, 1795534794000},
    {"traditional, day of one digit", "Jan  1 00:00:00 mx", 15, 1767225600000},
    {"traditional, day with a zero", "Jan 01 00:00:00 mx", 15, 1767225600000},
    {"traditional with a fraction", "Jan  1 00:00:00.25 mx", 18, 1767225600250},
    {"leap second", "Dec 31 23:59:60 mx", 15, 1798761600000},
    {"RFC 3339, UTC", "2026-11-24T15:39:54Z mx", 20, 1795534794000},
    {"RFC 3339, east", "2026-11-24T16:39:54+01:00 mx", 25, 1795534794000},
    {"RFC 3339, west", "2026-11-24T10:09:54-05:30 mx", 25, 1795534794000},
    {"RFC 3339 with a fraction", "2026-11-24T15:39:54.123456+00:00 mx", 32, 1795534794123},
    {"zone without a colon", "2026-11-24T16:39:54+0100 mx", 24, 1795534794000},
    {"blank for the T, no zone", "2026-11-24 15:39:54 mx", 19, 1795534794000},
    {"day of the week before, a zone's name behind", "Tue 2026-11-24 15:39:54 CET mx", 27,
     1795534794000},
    {"day of the week, no zone", "Tue 2026-11-24 15:39:54 mx1.example.org", 0, 0},
    {"day of the week, cut off", "Tue 2026-11-24 15:39:54 CET", 0, 0},
    {"day of the week, no date", "Tue 2026 Nov 24 15:39:54 CET mx", 0, 0},
    {"leap day", "2024-02-29T00:00:00Z", 20, 1709164800000},
    {"the epoch", "1970-01-01T00:00:00Z", 20, 0},
    {"before the epoch by its zone", "1970-01-01T00:00:00+05:00", 25, 0},
    {"year 9999", "9999-12-31T23:59:59Z", 20, 253402300799000},
    {"zone cut off", "2026-11-24T15:39:54+01 mx", 19, 1795534794000},
    {"month that is none", "Nox 24 15:39:54", 0, 0},
    {"day 0", "Nov  0 15:39:54", 0, 0},
    {"day 32", "Nov 32 15:39:54", 0, 0},
    {"hour 24", "Nov 24 24:00:00", 0, 0},
    {"minute 60", "Nov 24 15:60:00", 0, 0},
    {"month 13", "2026-13-24T15:39:54Z", 0, 0},
    {"year 0", "0000-01-01T00:00:00Z", 0, 0},
    {"letters", "2026-11-24Tab:39:54Z", 0, 0},
    {"cut off", "Nov 24 15:39:5", 0, 0},
    {"cut off, RFC 3339", "2026-11-24T15:39:5", 0, 0},
    {"empty", "", 0, 0},
};

static void reads_every_form(void **state)
{
  struct protected_area area = protected_make(64);

  (void)state;
  for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
    struct span in = protected_place(&area, span_from(forms[i].text), PROTECTED_AFTER);
    struct timestamp stamp;
    size_t length = timestamp_parse(in, &stamp);
    uint64_t when;

    if (length != forms[i].length)
      fail_msg("%s: length %zu", forms[i].name, length);
    if (length == 0)
      continue;
    when = timestamp_in_year(&stamp, stamp.year != 0 ? stamp.year : 2026);
    if (when != forms[i].want)
      fail_msg("%s: %llu", forms[i].name, (unsigned long long)when);
  }
  protected_free(&area);
}

static uint64_t place(struct timeline *timeline, const char *text)
{
  struct timestamp stamp;

  assert_true(timestamp_parse(span_from(text), &stamp) > 0);
  return timeline_place(timeline, &stamp);
}

static void the_year_rolls_over(void **state)
{
  struct timeline timeline = {.year = 2023};

  (void)state;
  for (int year = 2023; year < 2030; year++) {
    uint64_t spring = place(&timeline, "Mar  1 12:00:00");
    uint64_t autumn = place(&timeline, "Oct 31 12:00:00");
    uint64_t end = place(&timeline, "Dec 31 23:59:59");

    assert_int_equal(timeline.year, year);
    assert_true(spring < autumn && autumn < end);
    assert_int_equal(place(&timeline, "Jan  1 00:00:00"), end + 1000);
    assert_int_equal(timeline.year, year + 1);
  }
}

static void a_late_line_is_of_the_old_year(void **state)
{
  struct timeline timeline = {.year = 2025};
  uint64_t end = place(&timeline, "Dec 31 23:59:59");

  (void)state;
  assert_int_equal(place(&timeline, "Jan  1 00:00:00"), end + 1000);
  assert_int_equal(place(&timeline, "Dec 31 23:59:58"), end - 1000);
  assert_int_equal(place(&timeline, "Jan  1 00:00:01"), end + 2000);
  assert_int_equal(timeline.year, 2026);
}

static void a_year_that_is_given_counts(void **state)
{
  struct timeline timeline = {.year = 2020};

  (void)state;
  (void)place(&timeline, "2026-11-24T15:39:54Z");
  assert_int_equal(timeline.year, 2026);
  assert_int_equal(place(&timeline, "Nov 24 15:39:55"), 1795534795000);
}

static void a_stray_stamp_is_told_by_the_next(void **state)
{
  static const struct {
    const char *name, *before, *stamp, *next;
    bool doubted, strays;
  } rows[] = {
      {"a minute later", "Nov 24 15:00:00", "Nov 24 15:01:00", "Nov 24 15:02:00", false, false},
      {"a late line", "Nov 24 15:00:00", "Nov 24 14:30:00", "Nov 24 15:02:00", false, false},
      {"a quiet night", "Nov 24 18:00:00", "Nov 25 06:00:00", "Nov 25 06:00:01", true, false},
      {"few lines a day", "Nov 24 18:00:00", "Nov 26 06:00:00", "Nov 28 06:00:01", true, false},
      {"a pause of months", "Nov 24 18:00:00", "Jun  1 06:00:00", "Jun  1 06:00:01", true, false},
      {"an older log follows", "Nov 24 18:00:00", "Nov  1 06:00:00", "Nov  1 07:00:00", true,
       false},
      {"a month that is wrong", "Nov 24 15:00:00", "Jul 24 15:00:00", "Nov 24 15:02:00", true,
       true},
      {"the last year there is", "2026-11-24T15:00:00Z", "9999-12-31T23:59:59Z",
       "2026-11-24T15:00:01Z", true, true},
      {"a clock that was not set", "2026-11-24T15:00:00Z", "1970-01-01T00:00:09Z",
       "2026-11-24T15:00:01Z", true, true},
      {"no years after it", "Nov 24 15:00:00", "2000-01-01T00:00:09Z", "Nov 24 15:00:01", true,
       true},
      {"the clock was set right", "1970-01-01T00:00:09Z", "2026-11-24T15:00:00Z",
       "2026-11-24T15:00:01Z", true, false},
      {"two in a row", "Nov 24 15:00:00", "Jul 24 15:00:00", "Jul 24 15:00:02", true, false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct timeline timeline = {.year = 2026};
    struct timestamp stamp, next;

    (void)place(&timeline, rows[i].before);
    assert_true(timestamp_parse(span_from(rows[i].stamp), &stamp) > 0);
    assert_true(timestamp_parse(span_from(rows[i].next), &next) > 0);
    if (timeline_doubts(&timeline, &stamp) != rows[i].doubted)
      fail_msg("%s: doubted %d", rows[i].name, !rows[i].doubted);
    if (rows[i].doubted && timeline_strays(&timeline, &stamp, &next) != rows[i].strays)
      fail_msg("%s: stray %d", rows[i].name, !rows[i].strays);
  }
}

static void the_first_stamp_is_not_doubted(void **state)
{
  struct timeline timeline = {.year = 2026};
  struct timestamp stamp;

  (void)state;
  assert_true(timestamp_parse(SPAN("Nov 24 15:00:00"), &stamp) > 0);
  assert_false(timeline_doubts(&timeline, &stamp));
}

static void the_first_year_is_not_after_the_file(void **state)
{
  static const struct {
    const char *stamp;
    uint64_t until;
    int want;
  } rows[] = {
      {"Nov 24 15:39:54", 1795534794000, 2026}, /* written to at that very time */
      {"Nov 25 10:00:00", 1795534794000, 2026}, /* in a zone to the east */
      {"Nov 26 15:39:54", 1795534794000, 2025},
      {"Dec 30 00:00:00", 1767398400000, 2025}, /* 3 January 2026 */
      {"Jan  2 00:00:00", 1767398400000, 2026},
      {"Jan  1 00:00:00", 0, 1970},
      {"2019-01-01T00:00:00Z", 1795534794000, 2019},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct timestamp stamp;
    int year;

    assert_true(timestamp_parse(span_from(rows[i].stamp), &stamp) > 0);
    year = timeline_first_year(&stamp, rows[i].until);
    if (year != rows[i].want)
      fail_msg("%s: %d, want %d", rows[i].stamp, year, rows[i].want);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_every_form),
      cmocka_unit_test(the_year_rolls_over),
      cmocka_unit_test(a_late_line_is_of_the_old_year),
      cmocka_unit_test(a_year_that_is_given_counts),
      cmocka_unit_test(a_stray_stamp_is_told_by_the_next),
      cmocka_unit_test(the_first_stamp_is_not_doubted),
      cmocka_unit_test(the_first_year_is_not_after_the_file),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
