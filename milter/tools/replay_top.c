/*
 * Space-saving counters.
 */
#include "replay_top.h"
#include "../policy/ledger.h"
#include "../policy/text.h"

#include <stdlib.h>

static struct top_row *find_row(struct top *top, uint64_t hash)
{
  for (unsigned i = 0; i < top->used; i++)
    if (top->rows[i].hash == hash)
      return &top->rows[i];
  return NULL;
}

static struct top_row *least_row(struct top *top)
{
  struct top_row *least = &top->rows[0];

  for (unsigned i = 1; i < top->used; i++)
    if (top->rows[i].count < least->count)
      least = &top->rows[i];
  return least;
}

void top_add(struct top *top, struct span name)
{
  uint64_t hash = ledger_hash(name);
  struct top_row *row = find_row(top, hash);
  struct text text;

  if (row == NULL) {
    row = top->used < TOP_ROWS ? &top->rows[top->used++] : least_row(top);
    row->hash = hash;
    row->error = row->count;
    text = text_in(row->name, sizeof(row->name));
    text_add_quoted(&text, name, "\\");
  }
  row->count++;
}

static int by_count(const void *a, const void *b)
{
  const struct top_row *left = a, *right = b;

  return (left->count < right->count) - (left->count > right->count);
}

void top_sort(struct top *top)
{
  qsort(top->rows, top->used, sizeof(top->rows[0]), by_count);
}
