/*
 * Who comes most often, in a stream of any length, in bounded memory.
 *
 * Space-saving (Metwally, Agrawal, El Abbadi, 2005): a name that has no row takes over the one with
 * the least count, and the count with it, which from then on is its possible error. A name that
 * makes up more than one TOP_ROWS-th of all is always there. One thread at a time.
 */
#ifndef MILTER_STRICT_REPLAY_TOP_H
#define MILTER_STRICT_REPLAY_TOP_H

#include "../policy/span.h"

#include <stdint.h>

enum { TOP_ROWS = 64, TOP_NAME_SIZE = 80 };

struct top_row {
  uint64_t hash, count;
  uint64_t error;           /* the count may be too great by so much */
  char name[TOP_NAME_SIZE]; /* fit to be shown, cut */
};

struct top {
  unsigned used;
  struct top_row rows[TOP_ROWS];
};

/* Once more; foreign bytes are escaped. */
void top_add(struct top *top, struct span name);

/* Puts the rows in order, the most frequent first; only adding disturbs it again. */
void top_sort(struct top *top);

#endif
