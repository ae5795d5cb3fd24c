/*
 * The distance of two words is the number of letters to insert, remove, replace, or swap with their
 * neighbour.
 */
#include "guess.h"

#include <stdio.h>

enum { WORD_MAX = 48, FAR = 1000 };

static unsigned least(unsigned a, unsigned b)
{
  return a < b ? a : b;
}

static unsigned distance(struct span a, struct span b)
{
  unsigned rows[3][WORD_MAX + 1]; /* the current row of the matrix and the two above it */
  unsigned *above = rows[0], *before = rows[1], *row = rows[2];

  if (a.len > WORD_MAX || b.len > WORD_MAX)
    return FAR;
  for (unsigned j = 0; j <= b.len; j++)
    before[j] = j;
  for (unsigned i = 1; i <= a.len; i++) {
    unsigned *oldest = above;

    row[0] = i;
    for (unsigned j = 1; j <= b.len; j++) {
      bool same = byte_lower(a.at[i - 1]) == byte_lower(b.at[j - 1]);

      row[j] = least(least(before[j], row[j - 1]) + 1, before[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1])
        row[j] = least(row[j], above[j - 2] + 1);
    }
    above = before;
    before = row;
    row = oldest;
  }
  return before[b.len];
}

/* The part after the last dot: "networks" of "exempt.networks". */
static struct span last_part(struct span path)
{
  size_t from = path.len;

  while (from > 0 && path.at[from - 1] != '.')
    from--;
  return span_slice(path, from, path.len);
}

struct guess guess_begin(struct span word)
{
  return (struct guess){.word = word, .distance = FAR};
}

void guess_offer(struct guess *guess, struct span candidate)
{
  struct span end = last_part(guess->word), wanted = last_part(candidate);
  unsigned whole = distance(guess->word, candidate);
  unsigned ends = distance(end, wanted) + 1; /* the right name in the wrong group */
  unsigned found = least(whole, ends);

  if (found < guess->distance && found <= 1 + wanted.len / 4) {
    guess->distance = found;
    guess->best = candidate;
  }
}

const char *guess_hint(const struct guess *guess, char *memory, size_t size, const char *otherwise)
{
  if (guess->best.len == 0)
    return otherwise;
  snprintf(memory, size, "; did you mean \"%.*s\"?", (int)guess->best.len, guess->best.at);
  return memory;
}
