/*
 * What the tests of the parsers have in common: comparing faults with those that a row expects,
 * and pseudo-random inputs that are the same in every run.
 */
#ifndef MILTER_STRICT_TEST_EXPECT_H
#define MILTER_STRICT_TEST_EXPECT_H

#include "fault.h"

enum { WANT_MAX = 6 }; /* faults that one row can expect */

/* Fails unless exactly the faults in `want`, up to the first FAULT_NONE, are in `got`. `row` and
 * `place` go into the message. */
void expect_faults(const char *row, const char *place, const struct faults *got,
                   const struct fault *want);

/* Fails unless each fault that `got` has stands at most at `length`, in a slot of its own aspect
 * or, where `folded`, in any. */
void expect_sound(const struct faults *got, struct span input, bool folded);

void expect_span(const char *row, const char *what, struct span got, const char *want);

/* Whether `inner` is empty or lies wholly in `outer`. */
bool lies_in(struct span inner, struct span outer);

struct dice {
  uint64_t state;
};

/* A number from 0 to `sides` - 1. */
size_t dice_roll(struct dice *dice, size_t sides);

/* Writes pieces taken at random from `pieces` until `room` is used up or a random end; the length.
 */
size_t dice_join(struct dice *dice, const char *const *pieces, size_t count, char *memory,
                 size_t room);

/* Writes 1 to `most` bytes, each one of `bytes`; the length. */
size_t dice_word(struct dice *dice, const char *bytes, size_t most, char *memory);

/* 1 MB that repeats `piece`, allocated; ends when a whole piece does not fit. */
struct span repeated(const char *piece);

#endif
