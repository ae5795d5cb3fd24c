/*
 * Who is forgotten. Pages are weighed in one walk and counted by weight; then those below the
 * weight at which enough are gone are deleted, some at a time, while everybody else looks and
 * counts as ever. What weighs nothing goes in any case. Newcomers weigh little, so that a flood of
 * them pushes out itself before anybody who is refused. When that is not enough, IPv4 and IPv6 each
 * have half of the room if they need it: IPv6 has networks enough to have any number refused.
 */
#include "store_inner.h"

#include <stdlib.h>

enum {
  CLASS_STEPS = 8, /* classes of weight for each doubling */
  CLASSES = 64 * CLASS_STEPS,
  DELETED_AT_ONCE = 1000,
};

/* Pages of which the lightest go first. */
enum kind { NOT_REFUSED, REFUSED_V4, REFUSED_V6, KINDS };

struct pile {
  size_t count, weights[CLASSES]; /* pages, and how many of them have a weight of this class */
  unsigned below;                 /* those of a class below this one go */
  size_t at_most;                 /* of the class itself so many more go */
};

struct sweep {
  struct ledger_settings ledger;
  uint64_t now;
  struct pile piles[KINDS];
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

/* Where the page belongs, and its class there. */
static struct pile *pile_of(struct sweep *sweep, const struct pagefile_key *key,
                            const struct ledger_page *stored, unsigned *class)
{
  struct netblock network = store_network_of(key);
  struct ledger_page page = *stored;
  uint64_t weight;

  ledger_settle(&sweep->ledger, &page, sweep->now);
  weight = ledger_weight(&page, sweep->now);
  *class = class_of(weight < LEDGER_WEIGHT_REFUSED ? weight : weight - LEDGER_WEIGHT_REFUSED);
  if (weight < LEDGER_WEIGHT_REFUSED)
    return &sweep->piles[NOT_REFUSED];
  return &sweep->piles[ip_is_v4(network.base) ? REFUSED_V4 : REFUSED_V6];
}

static bool weigh(void *context, const struct pagefile_key *key, const struct ledger_page *page)
{
  unsigned class;
  struct pile *pile = pile_of(context, key, page, &class);

  pile->weights[class]++;
  pile->count++;
  return true;
}

static size_t lesser(size_t a, size_t b)
{
  return a < b ? a : b;
}

/* Finds who goes, so that `keep` are left. What weighs nothing goes in any case. */
static void judge(struct pile *pile, size_t keep)
{
  size_t surplus = pile->count - lesser(pile->count, keep);
  unsigned class = 1;

  surplus -= lesser(surplus, pile->weights[0]);
  while (class < CLASSES - 1 && surplus >= pile->weights[class])
    surplus -= pile->weights[class ++];
  pile->below = class;
  pile->at_most = surplus;
}

static void judge_all(struct sweep *sweep, size_t keep)
{
  struct pile *v4 = &sweep->piles[REFUSED_V4], *v6 = &sweep->piles[REFUSED_V6];
  size_t of_v6 = lesser(v6->count, keep / 2), of_v4 = lesser(v4->count, keep - of_v6);

  of_v6 = lesser(v6->count, keep - of_v4); /* what the other does not need */
  judge(v4, of_v4);
  judge(v6, of_v6);
  judge(&sweep->piles[NOT_REFUSED], keep - of_v4 - of_v6);
}

static bool doom(void *context, const struct pagefile_key *key, const struct ledger_page *page)
{
  struct sweep *sweep = context;
  unsigned class;
  struct pile *pile = pile_of(sweep, key, page, &class);
  bool goes = class < pile->below || (class == pile->below && pile->at_most > 0);

  if (!goes)
    return true;
  pile->at_most -= class == pile->below;
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
  judge_all(sweep, count > bound ? bound - bound / 10 : bound);
  if (fault == PAGEFILE_OK)
    fault = forget(store, sweep, why);
  free(sweep);
  return fault;
}
