/*
 * The mixing step of tables that are keyed by what clients choose: for any thread, pure.
 */
#ifndef MILTER_STRICT_HASH_H
#define MILTER_STRICT_HASH_H

#include <stdint.h>

/* Every bit of `x` has its say in every bit of the result. Seeded by its caller, so that nobody
 * outside can choose keys that fall together. */
static inline uint64_t hash_mix(uint64_t x)
{
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93u;
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93u;
  return x ^ x >> 32;
}

#endif
