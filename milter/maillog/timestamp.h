/*
 * The time stamps that lines of a log begin with.
 *
 *   Nov 24 15:39:54              traditional syslog: no year, no zone
 *   2026-11-24T15:39:54.123456+01:00     RFC 3339; also with a space for the "T", without a
 * fraction, with "Z", with "+0100", or without any zone
 *   Tue 2026-11-24 15:39:54 CET  journalctl -o short-full; the name of the zone is not made use of
 *
 * Pure; any thread. Times are milliseconds since the epoch. A stamp without a zone is taken for
 * UTC: within one log only differences count.
 */
#ifndef MILTER_STRICT_TIMESTAMP_H
#define MILTER_STRICT_TIMESTAMP_H

#include "../policy/span.h"

#include <stdint.h>

struct timestamp {
  int year; /* 0: the stamp has none */
  int month, day, hour, minute, second, millisecond;
  int offset; /* minutes east of UTC */
  bool zoned; /* that was said; else the offset is 0 */
};

/* Gives stamps their year. All zero: has seen none, and takes `year` for the first. */
struct timeline {
  int year;      /* of the line before; set it before the first line */
  uint64_t last; /* its time; 0: none */
};

enum { TIMESTAMP_YEAR_MIN = 1970, TIMESTAMP_YEAR_MAX = 9999 };

/* Reads the stamp that `line` begins with; returns its length, 0 when there is none. */
size_t timestamp_parse(struct span line, struct timestamp *out);

/*
 * The time of a stamp that stands after those placed before. A stamp without a year goes back by at
 * most 60 days, else it is of the next year: December is followed by January, a line of December
 * that comes after one of January still is of the old year, and a pause of months is one.
 */
uint64_t timeline_place(struct timeline *timeline, const struct timestamp *stamp);

/* Whether a stamp stands so far from the line before, ahead or back, that it may be a stray one: of
 * a clock that was wrong for a moment. The stamp after it tells. */
bool timeline_doubts(const struct timeline *timeline, const struct timestamp *stamp);

/* Whether a stamp is a stray one, since the one after it is nearer to the line before. */
bool timeline_strays(const struct timeline *timeline, const struct timestamp *stamp,
                     const struct timestamp *next);

/* The year in which a log without years begins, when its first stamp is `first` and it was last
 * written to at `until` (milliseconds): the stamp must not lie after that. */
int timeline_first_year(const struct timestamp *first, uint64_t until);

/* The time of a stamp as of this year, whatever its own. */
uint64_t timestamp_in_year(const struct timestamp *stamp, int year);

#endif
