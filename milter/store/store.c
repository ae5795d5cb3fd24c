/*
 * The table of changed pages before the file. A page is changed in the table, under the lock of its
 * part, and nowhere else; the writer takes it out when the file has it. So a look-up finds what was
 * counted a moment ago, and a page that nobody changes costs no memory.
 */
#include "../policy/hash.h"
#include "pagefile_renew.h"
#include "store_inner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { BITS_BEFORE_V4 = 96 };

/* Networks */

struct netblock store_network(const struct store *store, struct ip client)
{
  bool v4 = ip_is_v4(client);
  unsigned bits = v4 ? BITS_BEFORE_V4 + store->options.ipv4_prefix : store->options.ipv6_prefix;

  return netblock_around(client, bits);
}

struct pagefile_key store_key(struct netblock network)
{
  struct pagefile_key key = {.bits = network.bits};

  memcpy(key.base, network.base.bytes, sizeof(key.base));
  return key;
}

struct netblock store_network_of(const struct pagefile_key *key)
{
  struct netblock network = {.bits = key->bits};

  memcpy(network.base.bytes, key->base, sizeof(key->base));
  return network;
}

struct store_part *store_part_of(struct store *store, const struct pagefile_key *key)
{
  uint64_t half[2];

  memcpy(half, key->base, sizeof(half));
  return &store->parts[hash_mix(hash_mix(store->seed ^ half[0]) ^ half[1]) % STORE_PARTS];
}

/* Looking */

/* The part must be locked, as for all below. */
struct store_slot *store_find_slot(struct store_part *part, const struct pagefile_key *key)
{
  for (unsigned i = 0; i < part->count; i++)
    if (memcmp(&part->slots[i].key, key, sizeof(*key)) == 0)
      return &part->slots[i];
  return NULL;
}

static bool find_page(struct store *store, struct store_part *part, const struct pagefile_key *key,
                      struct ledger_page *page)
{
  enum pagefile_fault fault;

  if (part->reader.txn == NULL)
    return false;
  fault = pagefile_get(&store->file, &part->reader, key, page);
  if (fault == PAGEFILE_DAMAGED || fault == PAGEFILE_BROKEN) {
    store_note_fault(store, fault);
    store_hurry(store, STORE_SOON);
  }
  return fault == PAGEFILE_OK;
}

static void look_up(struct store *store, const struct pagefile_key *key, struct store_view *view)
{
  struct store_part *part = store_part_of(store, key);
  const struct store_slot *slot;

  view->began = false;
  pthread_mutex_lock(&part->lock);
  slot = store_find_slot(part, key);
  view->known = slot != NULL || find_page(store, part, key, &view->page);
  if (slot != NULL)
    view->page = slot->page;
  pthread_mutex_unlock(&part->lock);
  if (!view->known)
    view->page = (struct ledger_page){0};
}

/* Whether the page's refusal goes before that of the view, by the settings of the page's part. */
static bool goes_before(struct store *store, const struct pagefile_key *key,
                        const struct ledger_page *page, const struct store_view *view, uint64_t now)
{
  struct store_part *part = store_part_of(store, key);
  bool before;

  pthread_mutex_lock(&part->lock);
  before = ledger_goes_before(&part->ledger, page, &view->page, now);
  pthread_mutex_unlock(&part->lock);
  return before;
}

/* Looks for networks of other widths around the client, and shows the one whose refusal goes before
 * all others. There are few widths, and mostly none. An IPv6 network that has the IPv4 addresses
 * among its bits, as ::/0 has, is none of theirs. */
static void look_around(struct store *store, struct ip client, uint64_t now,
                        struct store_view *view)
{
  for (unsigned bits = ip_is_v4(client) ? BITS_BEFORE_V4 : 0; bits <= STORE_WIDTHS; bits++) {
    uint64_t widths = atomic_load_explicit(&store->widths[bits / 64], memory_order_relaxed);
    struct store_view around;
    struct pagefile_key key;

    if (widths >> bits % 64 == 0) {
      bits |= 63;
      continue;
    }
    if ((widths >> bits % 64 & 1) == 0)
      continue;
    key = store_key(netblock_around(client, bits));
    look_up(store, &key, &around);
    if (!around.known || !goes_before(store, &key, &around.page, view, now))
      continue;
    view->page = around.page;
    view->known = true;
  }
}

void store_look(struct store *store, struct ip client, uint64_t now, struct store_view *view)
{
  struct pagefile_key key = store_key(store_network(store, client));

  look_up(store, &key, view);
  look_around(store, client, now, view);
}

void store_look_at(struct store *store, struct netblock network, struct store_view *view)
{
  struct pagefile_key key = store_key(network);

  look_up(store, &key, view);
}

/* Counting */

static bool any_is_wrong(const struct ledger_entry *entries, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (ledger_event_is_wrong(entries[i].event))
      return true;
  return false;
}

/* Puts a page into the table; NULL when there is no room. */
static struct store_slot *take_slot(struct store_part *part, const struct pagefile_key *key,
                                    const struct ledger_page *page)
{
  struct store_slot *slot = &part->slots[part->count];

  if (part->count == STORE_SLOTS)
    return NULL;
  part->count++;
  *slot = (struct store_slot){.key = *key, .page = *page};
  return slot;
}

bool store_count(struct store *store, struct ip client, const struct ledger_entry *entries,
                 size_t count, uint64_t now, struct store_view *view)
{
  struct netblock network = store_network(store, client);
  struct pagefile_key key = store_key(network);
  struct store_part *part = store_part_of(store, &key);
  enum store_haste haste = STORE_NOTHING;
  struct store_slot *slot;

  *view = (struct store_view){.known = false};
  pthread_mutex_lock(&part->lock);
  slot = store_find_slot(part, &key);
  view->known = slot != NULL || find_page(store, part, &key, &view->page);
  if (slot == NULL && (view->known || any_is_wrong(entries, count))) {
    slot = take_slot(part, &key, &view->page);
    haste = STORE_NOW;
  }
  if (slot != NULL) {
    for (size_t i = 0; i < count; i++)
      view->began |= ledger_add(&part->ledger, &slot->page, &entries[i], now);
    slot->changes++;
    view->page = slot->page;
    view->known = true;
    haste = view->began || part->count > STORE_SLOTS / 2 ? STORE_NOW : STORE_SOON;
  }
  pthread_mutex_unlock(&part->lock);
  if (haste != STORE_NOTHING)
    store_hurry(store, haste);
  if (slot == NULL && haste != STORE_NOTHING)
    atomic_fetch_add_explicit(&store->lost, count, memory_order_relaxed);
  if (slot != NULL && store->options.counted != NULL)
    store->options.counted(store->options.context, network, entries, count, now);
  look_around(store, client, now, view);
  return slot != NULL || haste == STORE_NOTHING;
}

bool store_change(struct store *store, const struct pagefile_key *key, enum store_haste haste,
                  void (*change)(void *context, const struct ledger_settings *ledger,
                                 struct ledger_page *page),
                  void *context, struct store_view *view)
{
  struct store_part *part = store_part_of(store, key);
  struct store_slot *slot;

  *view = (struct store_view){.known = false};
  pthread_mutex_lock(&part->lock);
  slot = store_find_slot(part, key);
  if (slot == NULL) {
    (void)find_page(store, part, key, &view->page);
    slot = take_slot(part, key, &view->page);
  }
  if (slot != NULL) {
    change(context, &part->ledger, &slot->page);
    slot->changes++;
    view->page = slot->page;
    view->known = true;
  }
  pthread_mutex_unlock(&part->lock);
  store_hurry(store, slot != NULL ? haste : STORE_NOW);
  return slot != NULL;
}

/* Merging */

struct merging {
  const struct ledger_page *theirs;
  uint64_t now;
  bool began;
};

static void merge(void *context, const struct ledger_settings *ledger, struct ledger_page *page)
{
  struct merging *merging = context;

  bool was_refused = ledger_refused_for(page, merging->now) > 0;
  bool was_meant = ledger_is_meant(ledger, page, merging->now);

  ledger_merge(ledger, page, merging->theirs, merging->now);
  merging->began = (!was_refused && ledger_refused_for(page, merging->now) > 0) ||
                   (!was_meant && ledger_is_meant(ledger, page, merging->now));
}

/* Whether the page of the view would be another one afterwards, but for the time that has passed.
 */
static bool is_news(struct store *store, const struct pagefile_key *key,
                    const struct ledger_page *theirs, uint64_t now, const struct store_view *view)
{
  struct store_part *part = store_part_of(store, key);
  struct ledger_page before = view->page, after = view->page;

  pthread_mutex_lock(&part->lock);
  ledger_settle(&part->ledger, &before, now);
  ledger_merge(&part->ledger, &after, theirs, now);
  pthread_mutex_unlock(&part->lock);
  return memcmp(&before, &after, sizeof(before)) != 0;
}

bool store_merge(struct store *store, struct netblock network, const struct ledger_page *page,
                 uint64_t now, struct store_view *view)
{
  struct pagefile_key key = store_key(network);
  struct merging merging = {.theirs = page, .now = now};
  bool done;

  look_up(store, &key, view);
  if (view->known && !is_news(store, &key, page, now, view))
    return true;
  done = store_change(store, &key, STORE_SOON, merge, &merging, view);

  view->began = done && merging.began;
  if (view->began) {
    store_note_width(store, network);
    store_hurry(store, STORE_NOW);
  }
  return done;
}

/* Life */

void store_tune(struct store *store, const struct ledger_settings *ledger)
{
  for (size_t i = 0; i < STORE_PARTS; i++) {
    struct store_part *part = &store->parts[i];
    uint64_t seed;

    pthread_mutex_lock(&part->lock);
    seed = part->ledger.seed; /* the file's */
    part->ledger = *ledger;
    part->ledger.seed = seed;
    pthread_mutex_unlock(&part->lock);
  }
}

static struct store *make(const struct store_options *options)
{
  struct store *store = calloc(1, sizeof(*store));
  pthread_condattr_t clock;
  struct text path;

  if (store == NULL)
    return NULL;
  path = text_in(store->path, sizeof(store->path));
  text_add(&path, options->directory);
  text_add(&path, "/ledger.mdb");
  store->options = *options;
  store->options.directory = NULL;
  store->batch = calloc(STORE_PARTS, sizeof(*store->batch));
  if (getrandom(&store->seed, sizeof(store->seed), GRND_NONBLOCK) < 0)
    store->seed = (uint64_t)(uintptr_t)store; /* early in the boot; good enough */
  for (size_t i = 0; i < STORE_PARTS; i++)
    pthread_mutex_init(&store->parts[i].lock, NULL);
  pthread_mutex_init(&store->lock, NULL);
  pthread_rwlock_init(&store->reading, NULL);
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&store->wake, &clock);
  pthread_condattr_destroy(&clock);
  if (path.cut || store->batch == NULL) {
    store_close(store);
    return NULL;
  }
  return store;
}

struct store *store_open(const struct store_options *options)
{
  struct store *store = make(options);

  if (store == NULL) {
    options->note(STORE_FAILED, "not enough memory, or the directory's name is too long");
    return NULL;
  }
  if (pagefile_renew(store->path, options->entries) != PAGEFILE_OK)
    atomic_store(&store->damaged, true);
  if (!store_open_file(store)) {
    store_close(store);
    return NULL;
  }
  store_tune(store, &options->ledger);
  return store;
}

void store_leave(struct store *store)
{
  if (store == NULL)
    return;
  store_stop(store);
  if (store->file.env != NULL)
    (void)pagefile_sync(&store->file);
}

void store_close(struct store *store)
{
  if (store == NULL)
    return;
  store_stop(store);
  if (store->file.env != NULL)
    (void)pagefile_sync(&store->file);
  store_close_file(store);
  for (size_t i = 0; i < STORE_PARTS; i++)
    pthread_mutex_destroy(&store->parts[i].lock);
  pthread_mutex_destroy(&store->lock);
  pthread_rwlock_destroy(&store->reading);
  pthread_cond_destroy(&store->wake);
  free(store->batch);
  free(store);
}
