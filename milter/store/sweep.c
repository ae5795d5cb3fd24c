/*
 * Who is forgotten. Pages are weighed in one walk and counted by weight; then those below the
 * weight at which enough are gone are deleted, some at a time, while everybody else looks and
 * counts as ever. What weighs nothing goes in any case. Newcomers weigh little, so that a flood of
 * them pushes out itself before anybody who is refused.
 */
#include "store_inner.h"

#include <stdlib.h>

enum {
  CLASS_STEPS = 8, /* classes of weight for each doubling */
  CLASSES = 64 * CLASS_STEPS,
  DELETED_AT_ONCE = 1000,
};

struct sweep {
  struct ledger_settings ledger;
  uint64_t now;
  size_t weights[CLASSES]; /* how many pages have a weight of this class */
  unsigned below;          /* pages of a class below this one go */
  size_t at_most;          /* of the class itself so many more go */
  struct pagefile_key doomed[DELETED_AT_ONCE];
  size_t count;
};

/* 0 for nothing; else greater for what weighs more, in steps of an eighth of a doubling. */
static unsigned class_of(uint64_t weight)
{
  unsigned bits = weight == 0 ? 0 : 64 - (unsigned)__builtin_clzll(weight);

  if (bits <= 4)
    return (unsigned)weight;
  return (bits - 3) * CLASS_STEPS + (unsigned)(weight >> (bits - 4) & (CLASS_STEPS - 1));
}

static unsigned class_of_page(const struct sweep *sweep, const struct ledger_page *stored)
{
  struct ledger_page page = *stored;

  ledger_settle(&sweep->ledger, &page, sweep->now);
  return class_of(ledger_weight(&page, sweep->now));
}

static bool weigh(void *context, const struct pagefile_key *key, const struct ledger_page *page)
{
  struct sweep *sweep = context;

  (void)key;
  sweep->weights[class_of_page(sweep, page)]++;
  return true;
}

/* Finds who goes, so that `keep` are left. */
static void judge(struct sweep *sweep, size_t count, size_t keep)
{
  size_t surplus = count > keep ? count - keep : 0;
  unsigned class = 1;

  surplus -= surplus < sweep->weights[0] ? surplus : sweep->weights[0];
  while (class < CLASSES - 1 && surplus >= sweep->weights[class])
    surplus -= sweep->weights[class ++];
  sweep->below = class;
  sweep->at_most = surplus;
}

static bool doom(void *context, const struct pagefile_key *key, const struct ledger_page *page)
{
  struct sweep *sweep = context;
  unsigned class = class_of_page(sweep, page);
  bool goes = class < sweep->below || (class == sweep->below && sweep->at_most > 0);

  if (!goes)
    return true;
  sweep->at_most -= class == sweep->below;
  sweep->doomed[sweep->count++] = *key;
  return sweep->count < DELETED_AT_ONCE;
}

static enum pagefile_fault delete_doomed(struct store *store, const struct sweep *sweep,
                                         struct text *why)
{
  enum pagefile_fault fault = pagefile_begin(&store->file, why);

  for (size_t i = 0; fault == PAGEFILE_OK && i < sweep->count; i++)
    fault = pagefile_delete(&store->file, &sweep->doomed[i], why);
  return fault == PAGEFILE_OK ? pagefile_commit(&store->file, why) : fault;
}

/* Deletes who is to go, in steps from the first key to the last. */
static enum pagefile_fault forget(struct store *store, struct sweep *sweep, struct text *why)
{
  enum pagefile_fault fault = PAGEFILE_OK;
  struct pagefile_key from = {.bits = 0};

  do {
    sweep->count = 0;
    fault = pagefile_walk(&store->file, &from, doom, sweep);
    if (fault == PAGEFILE_OK && sweep->count > 0) {
      from = sweep->doomed[sweep->count - 1];
      fault = delete_doomed(store, sweep, why);
    }
  } while (fault == PAGEFILE_OK && sweep->count == DELETED_AT_ONCE);
  return fault;
}

enum pagefile_fault store_sweep(struct store *store, struct text *why)
{
  size_t count = pagefile_count(&store->file), bound = store->options.entries;
  struct sweep *sweep = calloc(1, sizeof(*sweep));
  enum pagefile_fault fault;

  store->swept = store_clock();
  if (sweep == NULL)
    return PAGEFILE_OK; /* the next time */
  sweep->now = store_now();
  pthread_mutex_lock(&store->parts[0].lock);
  sweep->ledger = store->parts[0].ledger;
  pthread_mutex_unlock(&store->parts[0].lock);
  fault = pagefile_walk(&store->file, NULL, weigh, sweep);
  /* Some more than must go, so that not every newcomer starts a sweep. */
  judge(sweep, count, count > bound ? bound - bound / 10 : bound);
  if (fault == PAGEFILE_OK)
    fault = forget(store, sweep, why);
  free(sweep);
  return fault;
}
