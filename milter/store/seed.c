/*
 * Another seed for the sketches: what they hold was made with the old one and means nothing now.
 * The writer wipes the file first, a part at a time, then the table, where until then the old seed
 * is in force: nothing made with the old one is written after the new one.
 */
#include "store_inner.h"

#include <stdlib.h>
#include <string.h>

enum { WIPED_AT_ONCE = 256 };

struct wiped {
  struct pagefile_key key;
  struct ledger_page page;
};

struct wiping {
  size_t count;
  struct wiped pages[WIPED_AT_ONCE];
};

uint64_t store_seed(struct store *store)
{
  struct store_part *part = &store->parts[STORE_PARTS - 1]; /* the last one to take a new seed */
  uint64_t seed;

  pthread_mutex_lock(&part->lock);
  seed = part->ledger.seed;
  pthread_mutex_unlock(&part->lock);
  return seed;
}

void store_adopt_seed(struct store *store, uint64_t seed)
{
  pthread_mutex_lock(&store->lock);
  store->adopts = true;
  store->adopted = seed;
  pthread_mutex_unlock(&store->lock);
  store_hurry(store, STORE_NOW);
}

/* Whether there was anything to wipe. */
static bool wipe(struct ledger_page *page)
{
  static const uint8_t empty[sizeof(page->sketch)];

  if (memcmp(page->sketch, empty, sizeof(empty)) == 0)
    return false;
  memset(page->sketch, 0, sizeof(page->sketch));
  return true;
}

static bool collect(void *context, const struct pagefile_key *key, const struct ledger_page *page)
{
  struct wiping *wiping = context;
  struct wiped *wiped = &wiping->pages[wiping->count];

  *wiped = (struct wiped){*key, *page};
  wiping->count += wipe(&wiped->page);
  return wiping->count < WIPED_AT_ONCE;
}

static enum pagefile_fault wipe_file(struct store *store, struct wiping *wiping, struct text *why)
{
  struct pagefile_key from = {.bits = 0};
  enum pagefile_fault fault;

  do {
    wiping->count = 0;
    fault = pagefile_walk(&store->file, &from, collect, wiping);
    if (fault != PAGEFILE_OK || wiping->count == 0)
      return fault;
    fault = pagefile_begin(&store->file, why);
    for (size_t i = 0; fault == PAGEFILE_OK && i < wiping->count; i++)
      fault = pagefile_put(&store->file, &wiping->pages[i].key, &wiping->pages[i].page, why);
    if (fault == PAGEFILE_OK)
      fault = pagefile_commit(&store->file, why);
    from = wiping->pages[wiping->count - 1].key;
  } while (fault == PAGEFILE_OK && wiping->count == WIPED_AT_ONCE);
  return fault;
}

static void wipe_table(struct store *store, uint64_t seed)
{
  for (size_t i = 0; i < STORE_PARTS; i++) {
    struct store_part *part = &store->parts[i];

    pthread_mutex_lock(&part->lock);
    for (unsigned slot = 0; slot < part->count; slot++)
      part->slots[slot].changes += wipe(&part->slots[slot].page);
    part->ledger.seed = seed;
    pthread_mutex_unlock(&part->lock);
  }
}

static enum pagefile_fault change_seed(struct store *store, uint64_t seed, struct text *why)
{
  struct wiping *wiping = malloc(sizeof(*wiping));
  enum pagefile_fault fault;

  if (wiping == NULL) {
    text_add(why, "not enough memory");
    return PAGEFILE_FAILED;
  }
  fault = wipe_file(store, wiping, why);
  free(wiping);
  if (fault == PAGEFILE_OK)
    fault = pagefile_change_seed(&store->file, seed, why);
  if (fault == PAGEFILE_OK)
    wipe_table(store, seed);
  return fault;
}

enum pagefile_fault store_take_seed(struct store *store, struct text *why)
{
  enum pagefile_fault fault = PAGEFILE_OK;
  uint64_t seed;
  bool adopts;

  pthread_mutex_lock(&store->lock);
  adopts = store->adopts;
  seed = store->adopted;
  pthread_mutex_unlock(&store->lock);
  if (!adopts)
    return PAGEFILE_OK;
  if (seed != store->file.seed)
    fault = change_seed(store, seed, why);
  pthread_mutex_lock(&store->lock);
  store->adopts = fault != PAGEFILE_OK || store->adopted != seed;
  pthread_mutex_unlock(&store->lock);
  return fault;
}
