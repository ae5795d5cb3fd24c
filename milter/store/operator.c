/*
 * What operators do with pages: look at them all, refuse and forgive. They may wait: for the disk
 * that is read, and for the writer to make room in the table of changed pages.
 */
#include "store_inner.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  SHOWN_AT_ONCE = 256, /* pages that are read in one go */
  ROOM_TRIES = 500,    /* for room in the table, so many milliseconds apart: five seconds in all */
  ROOM_MS = 10,
};

/* Widths */

void store_note_width(struct store *store, struct netblock network)
{
  if (network.bits <= STORE_WIDTHS && network.bits != store_network(store, network.base).bits)
    atomic_fetch_or(&store->widths[network.bits / 64], UINT64_C(1) << network.bits % 64);
}

static bool see_first(void *context, const struct pagefile_key *key, const struct ledger_page *page)
{
  struct pagefile_key *first = context;

  (void)page;
  *first = *key;
  return false;
}

/* The first page that there is from this key on; bits over STORE_WIDTHS: none. */
static struct pagefile_key first_from(struct store *store, const struct pagefile_key *from)
{
  struct pagefile_key first = {.bits = UINT8_MAX};

  if (pagefile_walk(&store->file, from, see_first, &first) != PAGEFILE_OK)
    first.bits = UINT8_MAX;
  return first;
}

/* Keys begin with their width, and in each IPv4 networks stand between IPv6 ones: the first of each
 * run tells. */
void store_find_widths(struct store *store)
{
  static const uint8_t runs[][16] = {
      {0}, {[10] = 0xff, [11] = 0xff}, {[9] = 1}, /* ::, ::ffff:0.0.0.0, and what follows IPv4 */
  };
  struct pagefile_key from = {.bits = 0}, first;

  for (first = first_from(store, &from); first.bits <= STORE_WIDTHS;
       first = first_from(store, &from)) {
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
      from.bits = first.bits;
      memcpy(from.base, runs[i], sizeof(from.base));
      struct pagefile_key found = first_from(store, &from);

      if (found.bits == first.bits)
        store_note_width(store, store_network_of(&found));
    }
    from = (struct pagefile_key){.bits = (uint8_t)(first.bits + 1)};
  }
}

/* Walking */

struct shown {
  struct pagefile_key key;
  struct ledger_page page;
};

struct walk {
  struct store *store;
  struct ledger_settings ledger;
  uint64_t now;
  bool (*see)(void *context, struct netblock network, const struct ledger_page *page);
  void *context;
  struct shown *changed; /* pages of the table, sorted by key */
  size_t changed_count;
  struct shown read[SHOWN_AT_ONCE];
  size_t read_count;
};

static int compare(const void *a, const void *b)
{
  return memcmp(a, b, sizeof(struct pagefile_key)); /* the key stands first */
}

_Static_assert(offsetof(struct shown, key) == 0, "compare() looks at the key");

/* The table as it is now: at most STORE_PARTS * STORE_SLOTS pages. */
static bool copy_table(struct walk *walk)
{
  walk->changed = calloc(STORE_PARTS * STORE_SLOTS, sizeof(*walk->changed));
  if (walk->changed == NULL)
    return false;
  for (size_t i = 0; i < STORE_PARTS; i++) {
    struct store_part *part = &walk->store->parts[i];

    pthread_mutex_lock(&part->lock);
    for (unsigned slot = 0; slot < part->count; slot++)
      walk->changed[walk->changed_count++] =
          (struct shown){part->slots[slot].key, part->slots[slot].page};
    walk->ledger = part->ledger;
    pthread_mutex_unlock(&part->lock);
  }
  qsort(walk->changed, walk->changed_count, sizeof(*walk->changed), compare);
  return true;
}

static bool show(struct walk *walk, const struct shown *shown)
{
  struct ledger_page page = shown->page;

  ledger_settle(&walk->ledger, &page, walk->now);
  return walk->see(walk->context, store_network_of(&shown->key), &page);
}

static bool read_one(void *context, const struct pagefile_key *key, const struct ledger_page *page)
{
  struct walk *walk = context;

  walk->read[walk->read_count++] = (struct shown){*key, *page};
  return walk->read_count < SHOWN_AT_ONCE;
}

/* Reads on from the key; false when that cannot be done. */
static bool read_some(struct walk *walk, const struct pagefile_key *from)
{
  enum pagefile_fault fault = PAGEFILE_FAILED;

  walk->read_count = 0;
  pthread_rwlock_rdlock(&walk->store->reading);
  if (walk->store->file.env != NULL)
    fault = pagefile_walk(&walk->store->file, from, read_one, walk);
  pthread_rwlock_unlock(&walk->store->reading);
  return fault == PAGEFILE_OK;
}

/* Shows what was read, but for pages that were shown from the table, and those that are not sane.
 */
static bool show_read(struct walk *walk, size_t from)
{
  for (size_t i = from; i < walk->read_count; i++)
    if (walk->read[i].page.updated != 0 &&
        bsearch(&walk->read[i], walk->changed, walk->changed_count, sizeof(*walk->changed),
                compare) == NULL &&
        !show(walk, &walk->read[i]))
      return false;
  return true;
}

static bool walk_all(struct walk *walk)
{
  struct pagefile_key last = {.bits = 0};
  bool more = false;

  for (size_t i = 0; i < walk->changed_count; i++)
    if (!show(walk, &walk->changed[i]))
      return true;
  do {
    size_t seen = 0;

    if (!read_some(walk, &last))
      return false;
    if (more && walk->read_count > 0 && memcmp(&walk->read[0].key, &last, sizeof(last)) == 0)
      seen = 1; /* the last of those before */
    if (walk->read_count == seen || !show_read(walk, seen))
      return true;
    last = walk->read[walk->read_count - 1].key;
    more = true;
  } while (walk->read_count == SHOWN_AT_ONCE);
  return true;
}

bool store_walk(struct store *store, uint64_t now,
                bool (*see)(void *context, struct netblock network, const struct ledger_page *page),
                void *context)
{
  struct walk *walk = calloc(1, sizeof(*walk));
  bool done = false;

  if (walk == NULL)
    return false;
  walk->store = store;
  walk->now = now;
  walk->see = see;
  walk->context = context;
  if (copy_table(walk))
    done = walk_all(walk);
  free(walk->changed);
  free(walk);
  return done;
}

size_t store_networks(struct store *store)
{
  size_t count = 0;

  pthread_rwlock_rdlock(&store->reading);
  if (store->file.env != NULL)
    count = pagefile_count(&store->file);
  pthread_rwlock_unlock(&store->reading);
  return count;
}

/* Setting */

struct setting {
  uint32_t seconds; /* 0: forgive */
  uint64_t now;
};

static void set_page(void *context, const struct ledger_settings *ledger, struct ledger_page *page)
{
  const struct setting *setting = context;

  if (setting->seconds == 0)
    ledger_forgive(page, setting->now);
  else
    ledger_refuse(ledger, page, setting->seconds, setting->now);
}

/* Waits while the table has no room; the writer makes some. */
static bool set(struct store *store, const struct pagefile_key *key, struct setting *setting)
{
  static const struct timespec pause = {.tv_nsec = ROOM_MS * 1000000L};
  struct store_view view;

  for (int tries = 0; !store_change(store, key, STORE_NOW, set_page, setting, &view); tries++) {
    if (tries == ROOM_TRIES)
      return false;
    nanosleep(&pause, NULL);
  }
  if (store->options.set != NULL)
    store->options.set(store->options.context, store_network_of(key), &view.page, setting->now);
  return true;
}

bool store_refuse(struct store *store, struct netblock network, uint32_t seconds, uint64_t now)
{
  struct setting setting = {.seconds = seconds == 0 ? 1 : seconds, .now = now};
  struct pagefile_key key = store_key(network);

  store_note_width(store, network);
  return set(store, &key, &setting);
}

struct forgiving {
  struct store *store;
  struct netblock network, client; /* what was named, and what stands for a client there */
  struct setting setting;
  const atomic_bool *stops;
  unsigned count;
  bool failed;
};

/* Whether it lies within what was named, or stands for the client that was named more closely. */
static bool is_named(const struct forgiving *forgiving, struct netblock network)
{
  if (network.bits >= forgiving->network.bits)
    return netblock_contains(forgiving->network, network.base);
  return netblock_compare(network, forgiving->client) == 0;
}

static bool forgive(void *context, struct netblock network, const struct ledger_page *page)
{
  struct forgiving *forgiving = context;
  struct pagefile_key key = store_key(network);

  if (!is_named(forgiving, network) || ledger_weight(page, forgiving->setting.now) == 0)
    return true;
  forgiving->failed = atomic_load_explicit(forgiving->stops, memory_order_relaxed) ||
                      !set(forgiving->store, &key, &forgiving->setting);
  forgiving->count += !forgiving->failed;
  return !forgiving->failed; /* or each of the others would wait in vain as well */
}

bool store_forgive(struct store *store, struct netblock network, uint64_t now,
                   const atomic_bool *stops, unsigned *forgiven)
{
  struct forgiving forgiving = {.store = store,
                                .network = network,
                                .client = store_network(store, network.base),
                                .setting = {.now = now},
                                .stops = stops};
  bool walked;

  walked = store_walk(store, now, forgive, &forgiving);
  *forgiven = forgiving.count;
  return walked && !forgiving.failed;
}
