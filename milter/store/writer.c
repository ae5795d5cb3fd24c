/*
 * The one thread that waits for the disk. It collects changed pages, a part of the table at a time,
 * writes them in one commit, and takes those out of the table that have not changed since. When the
 * file cannot be written they stay, and what the table knows goes on to be in force.
 */
#include "store_inner.h"

#include <signal.h>
#include <string.h>
#include <time.h>

enum {
  SWEEP_SECONDS = 600,
  COLLECT_MS = 1000, /* one commit for what happens in so long */
  TELL_SECONDS = 60,
  WHY_SIZE = 200,
};

uint64_t store_clock(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t store_now(void)
{
  struct timespec now;

  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The file */

void store_fails(struct store *store, const char *why)
{
  if (!store->failing)
    store->options.note(STORE_FAILED, why);
  store->failing = true;
}

void store_works(struct store *store)
{
  if (store->failing)
    store->options.note(STORE_RECOVERED, store->path);
  store->failing = false;
}

void store_note_fault(struct store *store, enum pagefile_fault fault)
{
  if (fault == PAGEFILE_DAMAGED)
    atomic_store(&store->damaged, true);
  if (fault == PAGEFILE_BROKEN)
    atomic_store(&store->broken, true);
}

static void close_file(struct store *store)
{
  for (size_t i = 0; i < STORE_PARTS; i++) {
    pthread_mutex_lock(&store->parts[i].lock);
    pagefile_reader_close(&store->parts[i].reader);
    pthread_mutex_unlock(&store->parts[i].lock);
  }
  pagefile_close(&store->file);
}

void store_close_file(struct store *store)
{
  pthread_rwlock_wrlock(&store->reading);
  close_file(store);
  pthread_rwlock_unlock(&store->reading);
}

static bool open_readers(struct store *store)
{
  bool opened = true;

  for (size_t i = 0; opened && i < STORE_PARTS; i++) {
    pthread_mutex_lock(&store->parts[i].lock);
    opened = pagefile_reader_open(&store->file, &store->parts[i].reader);
    store->parts[i].ledger.seed = store->file.seed;
    pthread_mutex_unlock(&store->parts[i].lock);
  }
  return opened;
}

static bool set_aside(struct store *store)
{
  char memory[PAGEFILE_NAME_MAX + 32];
  struct text aside = text_in(memory, sizeof(memory));
  bool done = pagefile_set_aside(store->path, &aside);

  if (done)
    store->options.note(STORE_SET_ASIDE, memory);
  return done;
}

bool store_open_file(struct store *store)
{
  char memory[WHY_SIZE];
  struct text why = text_in(memory, sizeof(memory));
  enum pagefile_fault fault = PAGEFILE_DAMAGED;
  bool readable = false;

  pthread_rwlock_wrlock(&store->reading);
  if (!atomic_load(&store->damaged))
    fault = pagefile_open(&store->file, store->path, store->options.entries, STORE_PARTS + 8, &why);
  if (fault == PAGEFILE_DAMAGED && set_aside(store)) {
    text_clear(&why);
    fault = pagefile_open(&store->file, store->path, store->options.entries, STORE_PARTS + 8, &why);
  }
  if (fault == PAGEFILE_OK)
    readable = open_readers(store);
  if (readable)
    store_find_widths(store);
  else
    close_file(store);
  pthread_rwlock_unlock(&store->reading);
  if (!readable) {
    store_fails(store, fault == PAGEFILE_OK ? "not enough memory" : memory);
    return false;
  }
  atomic_store(&store->damaged, false);
  atomic_store(&store->broken, false);
  return true;
}

/* Writing */

static size_t collect(struct store *store)
{
  size_t count = 0;

  for (size_t i = 0; i < STORE_PARTS; i++) {
    struct store_part *part = &store->parts[i];

    pthread_mutex_lock(&part->lock);
    memcpy(store->batch[i].slots, part->slots, part->count * sizeof(part->slots[0]));
    store->batch[i].count = part->count;
    pthread_mutex_unlock(&part->lock);
    count += store->batch[i].count;
  }
  return count;
}

static enum pagefile_fault write_batch(struct store *store, struct text *why)
{
  enum pagefile_fault fault = pagefile_begin(&store->file, why);

  for (size_t i = 0; i < STORE_PARTS; i++)
    for (unsigned slot = 0; fault == PAGEFILE_OK && slot < store->batch[i].count; slot++)
      fault = pagefile_put(&store->file, &store->batch[i].slots[slot].key,
                           &store->batch[i].slots[slot].page, why);
  return fault == PAGEFILE_OK ? pagefile_commit(&store->file, why) : fault;
}

/* Takes out of the table what the file has. Nobody else takes out anything, so that what was
 * collected still stands where it stood. */
static void forget_batch(struct store *store)
{
  for (size_t i = 0; i < STORE_PARTS; i++) {
    struct store_part *part = &store->parts[i];
    const struct store_batch *batch = &store->batch[i];

    pthread_mutex_lock(&part->lock);
    for (unsigned slot = batch->count; slot-- > 0;)
      if (part->slots[slot].changes == batch->slots[slot].changes)
        part->slots[slot] = part->slots[--part->count];
    pthread_mutex_unlock(&part->lock);
  }
}

static bool sweep_is_due(const struct store *store)
{
  return pagefile_count(&store->file) > store->options.entries ||
         store_clock() - store->swept >= SWEEP_SECONDS * 1000;
}

static enum pagefile_fault write_all(struct store *store, struct text *why)
{
  enum pagefile_fault fault = PAGEFILE_OK;

  if (collect(store) > 0)
    fault = write_batch(store, why);
  if (fault == PAGEFILE_OK)
    forget_batch(store);
  if (fault == PAGEFILE_OK && sweep_is_due(store))
    fault = store_sweep(store, why);
  return fault;
}

static void write_once(struct store *store)
{
  char memory[WHY_SIZE];
  struct text why = text_in(memory, sizeof(memory));
  enum pagefile_fault fault;

  if (atomic_load(&store->damaged) || atomic_load(&store->broken))
    store_close_file(store);
  if (store->file.env == NULL && !store_open_file(store))
    return;
  fault = store_take_seed(store, &why);
  if (fault == PAGEFILE_OK)
    fault = write_all(store, &why);
  if (fault == PAGEFILE_OK) {
    store_works(store);
    return;
  }
  store_note_fault(store, fault);
  store_fails(store, memory);
}

static void tell_lost(struct store *store)
{
  unsigned long long lost;
  char memory[24];
  struct text text = text_in(memory, sizeof(memory));

  if (atomic_load(&store->lost) == 0 || store_clock() - store->lost_told < TELL_SECONDS * 1000)
    return;
  lost = atomic_exchange(&store->lost, 0);
  store->lost_told = store_clock();
  text_add_number(&text, lost);
  store->options.note(STORE_LOST, memory);
}

/* The thread */

void store_hurry(struct store *store, enum store_haste haste)
{
  if (atomic_load_explicit(&store->haste, memory_order_relaxed) >= haste)
    return;
  pthread_mutex_lock(&store->lock);
  if (atomic_load_explicit(&store->haste, memory_order_relaxed) < haste)
    atomic_store_explicit(&store->haste, haste, memory_order_relaxed);
  pthread_cond_signal(&store->wake);
  pthread_mutex_unlock(&store->lock);
}

static void wait_until(struct store *store, uint64_t when)
{
  struct timespec until = {(time_t)(when / 1000), (long)(when % 1000) * 1000000};

  (void)pthread_cond_timedwait(&store->wake, &store->lock, &until);
}

/* Waits for something to do, and then for as long as more may be collected. */
static void wait_for_work(struct store *store)
{
  uint64_t since = store_clock(), due = since + SWEEP_SECONDS * 1000;

  while (!store->stops && atomic_load(&store->haste) == STORE_NOTHING && store_clock() < due)
    wait_until(store, due);
  since = store_clock();
  while (!store->stops && atomic_load(&store->haste) == STORE_SOON &&
         store_clock() < since + COLLECT_MS)
    wait_until(store, since + COLLECT_MS);
  atomic_store(&store->haste, STORE_NOTHING);
}

static void *write_pages(void *context)
{
  struct store *store = context;
  bool stops = false;

  while (!stops) {
    pthread_mutex_lock(&store->lock);
    wait_for_work(store);
    stops = store->stops;
    pthread_mutex_unlock(&store->lock);
    write_once(store);
    tell_lost(store);
    if (store->failing)
      store_hurry(store, STORE_SOON);
  }
  return NULL;
}

bool store_start(struct store *store)
{
  sigset_t all, before;

  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before); /* the writer has no part in signals */
  store->runs = pthread_create(&store->writer, NULL, write_pages, store) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return store->runs;
}

void store_stop(struct store *store)
{
  if (!store->runs)
    return;
  pthread_mutex_lock(&store->lock);
  store->stops = true;
  pthread_cond_signal(&store->wake);
  pthread_mutex_unlock(&store->lock);
  pthread_join(store->writer, NULL);
  store->runs = false;
}
