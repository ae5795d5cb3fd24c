/*
 * What holds for every input: where it does not, a fuzz target says so and ends.
 */
#ifndef MILTER_STRICT_FUZZ_REQUIRE_H
#define MILTER_STRICT_FUZZ_REQUIRE_H

#include <stdio.h>
#include <stdlib.h>

#define REQUIRE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "this does not hold: %s\n", #condition);                                     \
      abort();                                                                                     \
    }                                                                                              \
  } while (0)

#endif
