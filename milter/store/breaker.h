/*
 * A breaker: after a fault, when to try again. Pure arithmetic on a clock of milliseconds that is
 * passed in; all zero is a closed one.
 */
#ifndef MILTER_STRICT_BREAKER_H
#define MILTER_STRICT_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum {
  BREAKER_FIRST_MS = 100,    /* the first pause; each one after it is twice as long */
  BREAKER_LONGEST_MS = 5000, /* until they are as long as this */
  BREAKER_STEADY_MS = 10000, /* what has worked for so long begins with the first pause again */
};

struct breaker {
  bool open;         /* there was a fault, and nothing has worked since */
  uint32_t pause;    /* milliseconds: the last one; 0: there was none */
  uint64_t retry_at; /* of an open one */
  uint64_t since;    /* when a closed one was closed */
};

/* Something went wrong. Returns whether the breaker opens with it. */
bool breaker_fail(struct breaker *breaker, uint64_t now);

/* Something has worked. Returns whether the breaker closes with it. */
bool breaker_work(struct breaker *breaker, uint64_t now);

/* Whether it may be tried now. */
bool breaker_may_try(const struct breaker *breaker, uint64_t now);

#endif
