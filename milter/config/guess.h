/*
 * "Did you mean": the known word that is nearest to a mistyped one.
 *
 *   struct guess guess = guess_begin(word);
 *   for each known word: guess_offer(&guess, known);
 *   guess_hint(&guess, memory, sizeof(memory), "")
 *
 * A guess borrows its words. One thread at a time.
 */
#ifndef MILTER_STRICT_GUESS_H
#define MILTER_STRICT_GUESS_H

#include "../policy/span.h"

struct guess {
  struct span word;
  unsigned distance;
  struct span best; /* empty: none is near */
};

struct guess guess_begin(struct span word);
void guess_offer(struct guess *guess, struct span candidate);

/* "; did you mean "x"?", or `otherwise` when nothing is near. Returns `memory` or `otherwise`. */
const char *guess_hint(const struct guess *guess, char *memory, size_t size, const char *otherwise);

#endif
