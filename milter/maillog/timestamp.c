/*
 * Time stamps: RFC 3164, 4.1.2 (TIMESTAMP) and RFC 3339, 5.6 (date-time).
 */
#include "timestamp.h"

#define DAY_MS (UINT64_C(86400) * 1000)
#define LATE (60 * DAY_MS) /* so much may a line come too late, or a file too early */
#define NEAR (DAY_MS / 24) /* of the line before: beyond any doubt */

/* Two digits; -1 when they are none. */
static int two_digits(const char *at)
{
  return byte_is_digit(at[0]) && byte_is_digit(at[1]) ? (at[0] - '0') * 10 + at[1] - '0' : -1;
}

/* 1 to 12, 0 for what is no month. */
static int month_of(const char *at)
{
  static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

  for (int i = 0; i < 12; i++)
    if (at[0] == names[3 * i] && at[1] == names[3 * i + 1] && at[2] == names[3 * i + 2])
      return i + 1;
  return 0;
}

/* "15:39:54" */
static bool read_clock(const char *at, struct timestamp *out)
{
  out->hour = two_digits(at);
  out->minute = two_digits(at + 3);
  out->second = two_digits(at + 6);
  return at[2] == ':' && at[5] == ':' && out->hour >= 0 && out->hour < 24 && out->minute >= 0 &&
         out->minute < 60 && out->second >= 0 && out->second <= 60; /* 60: a leap second */
}

/* ".123456", of which three digits count; returns its length. */
static size_t read_fraction(struct span line, size_t from, struct timestamp *out)
{
  size_t at = from + 1;
  int scale = 100;

  if (from >= line.len || line.at[from] != '.')
    return 0;
  for (; at < line.len && byte_is_digit(line.at[at]); at++, scale /= 10)
    out->millisecond += scale * (line.at[at] - '0');
  return at - from;
}

/* "Z", "+01:00", "+0100"; returns its length. */
static size_t read_zone(struct span line, size_t from, struct timestamp *out)
{
  struct span rest = span_slice(line, from, line.len);
  size_t colon = rest.len > 3 && rest.at[3] == ':' ? 1 : 0;
  int hours, minutes;

  out->zoned = rest.len > 0 && (rest.at[0] == 'Z' || rest.at[0] == 'z');
  if (out->zoned)
    return 1;
  if (rest.len < 5 + colon || (rest.at[0] != '+' && rest.at[0] != '-'))
    return 0;
  hours = two_digits(rest.at + 1);
  minutes = two_digits(rest.at + 3 + colon);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
    return 0;
  out->zoned = true;
  out->offset = (rest.at[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
  return 5 + colon;
}

static size_t read_traditional(struct span line, struct timestamp *out)
{
  enum { LENGTH = sizeof("Nov 24 15:39:54") - 1 };

  if (line.len < LENGTH || line.at[3] != ' ' || line.at[6] != ' ')
    return 0;
  out->month = month_of(line.at);
  out->day =
      line.at[4] == ' ' && byte_is_digit(line.at[5]) ? line.at[5] - '0' : two_digits(line.at + 4);
  if (out->month == 0 || out->day < 1 || out->day > 31 || !read_clock(line.at + 7, out))
    return 0;
  return LENGTH + read_fraction(line, LENGTH, out);
}

static size_t read_iso(struct span line, struct timestamp *out)
{
  enum { LENGTH = sizeof("2026-11-24T15:39:54") - 1 };
  size_t length = LENGTH;
  int century, year;

  if (line.len < LENGTH || line.at[4] != '-' || line.at[7] != '-' ||
      (line.at[10] != 'T' && line.at[10] != 't' && line.at[10] != ' '))
    return 0;
  century = two_digits(line.at);
  year = two_digits(line.at + 2);
  out->month = two_digits(line.at + 5);
  out->day = two_digits(line.at + 8);
  if (century < 0 || year < 0 || century * 100 + year < TIMESTAMP_YEAR_MIN || out->month < 1 ||
      out->month > 12 || out->day < 1 || out->day > 31 || !read_clock(line.at + 11, out))
    return 0;
  out->year = century * 100 + year;
  length += read_fraction(line, length, out);
  return length + read_zone(line, length, out);
}

/* "Tue 2026-11-24 15:39:54 CET": the zone's name says nothing that is sure. */
static size_t read_full(struct span line, struct timestamp *out)
{
  enum { LENGTH = sizeof("Tue 2026-11-24 15:39:54") - 1, ZONE_MAX = 5 };
  size_t length = read_iso(span_slice(line, 4, line.len), out) + 4, zone;

  if (length < LENGTH || length >= line.len || line.at[length] != ' ')
    return 0;
  zone = length + 1;
  while (zone < line.len && zone - length <= ZONE_MAX && line.at[zone] != ' ')
    zone++;
  return zone < line.len && line.at[zone] == ' ' && zone > length + 1 ? zone : 0;
}

size_t timestamp_parse(struct span line, struct timestamp *out)
{
  *out = (struct timestamp){0};
  if (line.len == 0)
    return 0;
  if (byte_is_digit(line.at[0]))
    return read_iso(line, out);
  if (line.len > 6 && line.at[3] == ' ' && byte_is_digit(line.at[6])) /* a year's third digit */
    return read_full(line, out);
  return read_traditional(line, out);
}

/* Days since 1970-01-01 of a date of the Gregorian calendar, 1970 or later: whole years from the
 * 1st of March, so that a leap day is the last of its year. */
static uint64_t days_of(int year, int month, int day)
{
  int y = month <= 2 ? year - 1 : year, m = (month + 9) % 12;

  return (uint64_t)(365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719468);
}

uint64_t timestamp_in_year(const struct timestamp *stamp, int year)
{
  uint64_t minutes =
      days_of(year, stamp->month, stamp->day) * 1440 + (uint64_t)(stamp->hour * 60 + stamp->minute);

  if (stamp->offset < 0)
    minutes += (uint64_t)-stamp->offset;
  else
    minutes -= minutes < (uint64_t)stamp->offset ? minutes : (uint64_t)stamp->offset;
  return (minutes * 60 + (uint64_t)stamp->second) * 1000 + (uint64_t)stamp->millisecond;
}

static int within_years(int year)
{
  return year < TIMESTAMP_YEAR_MIN   ? TIMESTAMP_YEAR_MIN
         : year > TIMESTAMP_YEAR_MAX ? TIMESTAMP_YEAR_MAX
                                     : year;
}

uint64_t timeline_place(struct timeline *timeline, const struct timestamp *stamp)
{
  int year = within_years(stamp->year != 0 ? stamp->year : timeline->year);
  uint64_t when = timestamp_in_year(stamp, year);

  if (stamp->year == 0 && timeline->last != 0) {
    if (when + LATE < timeline->last)
      year = within_years(year + 1);
    else if (when > timeline->last &&
             timestamp_in_year(stamp, within_years(year - 1)) + LATE > timeline->last)
      year = within_years(year - 1);
    when = timestamp_in_year(stamp, year);
  }
  timeline->year = year;
  timeline->last = when;
  return when;
}

/* How far a stamp is from the line before. */
static uint64_t distance(struct timeline timeline, const struct timestamp *stamp)
{
  uint64_t last = timeline.last, when = timeline_place(&timeline, stamp);

  return when > last ? when - last : last - when;
}

bool timeline_doubts(const struct timeline *timeline, const struct timestamp *stamp)
{
  return timeline->last != 0 && distance(*timeline, stamp) > NEAR;
}

bool timeline_strays(const struct timeline *timeline, const struct timestamp *stamp,
                     const struct timestamp *next)
{
  struct timeline after = *timeline;

  (void)timeline_place(&after, stamp);
  return distance(*timeline, next) < distance(after, next);
}

int timeline_first_year(const struct timestamp *first, uint64_t until)
{
  int year = TIMESTAMP_YEAR_MIN;

  if (first->year != 0)
    return first->year;
  if (until / DAY_MS > 2 * 366)
    year += (int)(until / (DAY_MS * 366)) - 1; /* surely not too late */
  /* A day more, for zones. */
  while (year < TIMESTAMP_YEAR_MAX && timestamp_in_year(first, year + 1) <= until + DAY_MS)
    year++;
  return year;
}
