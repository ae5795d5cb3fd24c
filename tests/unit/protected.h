/*
 * Inputs beside memory that must not be touched: a parser that reads one byte before or after its
 * input ends the test with SIGSEGV.
 */
#ifndef MILTER_STRICT_TEST_PROTECTED_H
#define MILTER_STRICT_TEST_PROTECTED_H

#include "span.h"

enum protected_side {
  PROTECTED_AFTER,  /* the byte after the input is inaccessible */
  PROTECTED_BEFORE, /* the byte before it is */
  PROTECTED_SIDES
};

struct protected_area {
  char *map;
  size_t page;
  size_t room; /* bytes between the two inaccessible pages */
};

/* An area for inputs of at most `most` bytes. Fails the running test when there is no memory. */
struct protected_area protected_make(size_t most);

/* Copies `input` to one side of the area. Valid until the next call or protected_free(). */
struct span protected_place(const struct protected_area *area, struct span input,
                            enum protected_side side);

void protected_free(struct protected_area *area);

const char *protected_side_name(enum protected_side side);

#endif
