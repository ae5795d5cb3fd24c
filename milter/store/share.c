/*
 * The one thread that waits for Redis. Each turn it enters what the queue has into its pages, and,
 * while Redis answers, brings them there and reads what others tell.
 */
#include "share_inner.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
  TELL_MS = 60000,
  IDLE_MS = 3600 * 1000,
  FLUSH_MS = 500, /* at the end, for what still waits */
  CLOSE_MS = 5000 /* longer than anything but the look-up of a name can take */
};

struct span share_key(const struct share *share, char memory[SHARE_KEY_SIZE], const char *name)
{
  struct text text = text_in(memory, SHARE_KEY_SIZE);

  text_add(&text, share->options.prefix);
  text_add(&text, name);
  return text_span(&text);
}

/* Putting */

void share_lose(struct share *share, unsigned long long count)
{
  atomic_fetch_add_explicit(&share->lost, count, memory_order_relaxed);
  atomic_fetch_add_explicit(&share->untold, count, memory_order_relaxed);
}

static void put(struct share *share, const struct share_item *item)
{
  if (share_queue_put(&share->queue, item))
    return;
  if (item->is_set)
    atomic_store(&share->unheard, true);
  else
    share_lose(share, 1);
}

void share_counted(void *context, struct netblock network, const struct ledger_entry *entries,
                   size_t count, uint64_t now)
{
  struct share *share = context;

  if (!atomic_load_explicit(&share->on, memory_order_relaxed))
    return;
  for (size_t i = 0; i < count; i++)
    put(share, &(struct share_item){.network = network, .now = now, .entry = entries[i]});
}

void share_set(void *context, struct netblock network, const struct ledger_page *page, uint64_t now)
{
  struct share *share = context;

  if (atomic_load_explicit(&share->on, memory_order_relaxed))
    put(share, &(struct share_item){.network = network, .is_set = true, .now = now, .page = *page});
}

/* State */

static void set_connected(struct share *share, bool connected, const char *why)
{
  pthread_mutex_lock(&share->lock);
  if (share->state.connected != connected || share->state.since == 0)
    share->state.since = store_now();
  share->state.connected = connected;
  if (why != NULL) {
    struct text text = text_in(share->state.error, sizeof(share->state.error));

    text_add(&text, why);
  }
  pthread_mutex_unlock(&share->lock);
}

struct share_state share_state_get(struct share *share)
{
  struct share_state state;

  pthread_mutex_lock(&share->lock);
  state = share->state;
  pthread_mutex_unlock(&share->lock);
  state.on = atomic_load(&share->on);
  state.lost = atomic_load(&share->lost);
  return state;
}

bool share_stops(struct share *share)
{
  bool wanted;

  pthread_mutex_lock(&share->lock);
  wanted = share->stops;
  pthread_mutex_unlock(&share->lock);
  return wanted;
}

/* Turns */

static void fail(struct share *share, const char *why)
{
  redis_close(&share->redis);
  share_pages_part(&share->pages);
  set_connected(share, false, why);
  if (breaker_fail(&share->breaker, channel_clock()))
    share->ears.note(SHARE_ALONE, why);
}

bool share_exchange(struct share *share, struct text *why)
{
  unsigned timeout = share->options.server.timeout;

  if (share->reviews && timeout < REDIS_CONNECT_MS)
    timeout = REDIS_CONNECT_MS; /* or one answer of many that is late would make all of it vain */
  return redis_exchange(&share->redis, share->answers, timeout, why);
}

static void connect_again(struct share *share)
{
  char memory[SHARE_ERROR_SIZE];
  struct text why = text_in(memory, sizeof(memory));

  if (!redis_open(&share->redis, &share->options.server, &why) || share_stops(share) ||
      !share_greet(share, &why))
    fail(share, memory);
}

/* Everything that was due has been done: a server may answer, and yet do nothing. */
static void work(struct share *share)
{
  bool first = share->state.since == 0; /* only this thread writes to it */

  if (share->state.connected)
    return;
  set_connected(share, true, NULL);
  if (breaker_work(&share->breaker, channel_clock()) || first)
    share->ears.note(SHARE_BACK, "");
}

bool share_talk(struct share *share, struct text *why)
{
  bool more = true;

  if (!share_send(share,
                  why)) /* what has waited since Redis went away, before it mixes with more */
    return false;
  for (uint64_t until = channel_clock() + SHARE_LEARN_MS; more && channel_clock() < until;) {
    more = share_collect(share) == SHARE_AT_ONCE;
    if (!share_send(share, why))
      return false;
  }
  if (channel_clock() >= share->seed_at && !share_check_seed(share, why))
    return false;
  return channel_clock() < share->learn_at || share_learn(share, why);
}

static void tell_lost(struct share *share)
{
  char memory[24];
  struct text text = text_in(memory, sizeof(memory));
  uint64_t now = channel_clock();

  if (atomic_load(&share->untold) == 0 || (share->told_at != 0 && now - share->told_at < TELL_MS))
    return;
  share->told_at = now;
  text_add_number(&text, atomic_exchange(&share->untold, 0));
  share->ears.note(SHARE_DROPPED, memory);
}

static void take_turn(struct share *share)
{
  char memory[SHARE_ERROR_SIZE];
  struct text why = text_in(memory, sizeof(memory));

  if (atomic_exchange(&share->unheard, false))
    share_want_review(share, 0);
  if (!share->options.on) {
    while (share_queue_take(&share->queue, share->items, SHARE_AT_ONCE) > 0)
      ;
    return;
  }
  if (!redis_is_open(&share->redis) && breaker_may_try(&share->breaker, channel_clock()))
    connect_again(share);
  if (!redis_is_open(&share->redis))
    while (share_collect(share) == SHARE_AT_ONCE)
      ;
  else if (share_talk(share, &why) && share_review(share, &why))
    work(share);
  else
    fail(share, memory);
  tell_lost(share);
}

/* When there is something to do even if nobody calls. */
static uint64_t next_turn(const struct share *share)
{
  if (!share->options.on)
    return channel_clock() + IDLE_MS;
  return redis_is_open(&share->redis) ? share->learn_at : share->breaker.retry_at;
}

/* Life */

static void take_wishes(struct share *share)
{
  bool moves = false;
  uint64_t seed;

  pthread_mutex_lock(&share->lock);
  if (share->wishes) {
    seed = share->ledger.seed;
    moves = memcmp(&share->options, &share->wish, sizeof(share->options)) != 0;
    share->options = share->wish;
    share->ledger = share->wish_ledger;
    share->ledger.seed = seed;
    share->wishes = false;
  }
  pthread_mutex_unlock(&share->lock);
  if (!moves)
    return;
  redis_close(&share->redis);
  share_pages_forget(&share->pages, false);
  share->breaker = (struct breaker){.open = false};
  share->ledger.seed = store_seed(share->store);
  pthread_mutex_lock(&share->lock);
  share->state.connected = false;
  share->state.since = 0;
  share->state.error[0] = '\0';
  pthread_mutex_unlock(&share->lock);
}

/* What still waits, if Redis answers at once. */
static void flush(struct share *share)
{
  char memory[SHARE_ERROR_SIZE];
  struct text why = text_in(memory, sizeof(memory));
  uint64_t until = channel_clock() + FLUSH_MS;

  while (redis_is_open(&share->redis) && channel_clock() < until && share_collect(share) > 0)
    if (!share_send(share, &why))
      redis_close(&share->redis);
  redis_close(&share->redis);
}

static void *run(void *context)
{
  struct share *share = context;

  share->ledger.seed = store_seed(share->store);
  while (!share_stops(share)) {
    take_wishes(share);
    take_turn(share);
    share_queue_wait(&share->queue, next_turn(share));
  }
  flush(share);
  pthread_mutex_lock(&share->lock);
  share->ended = true;
  pthread_cond_signal(&share->over);
  pthread_mutex_unlock(&share->lock);
  return NULL;
}

struct share *share_open(struct store *store, const struct share_ears *ears)
{
  struct share *share = calloc(1, sizeof(*share));
  pthread_condattr_t clock;

  if (share == NULL)
    return NULL;
  share->store = store;
  share->ears = *ears;
  share->redis.channel = CHANNEL_NONE;
  if (getrandom(&share->pages.secret, sizeof(share->pages.secret), GRND_NONBLOCK) < 0)
    share->pages.secret = (uint64_t)(uintptr_t)share; /* early in the boot; good enough */
  pthread_mutex_init(&share->lock, NULL);
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&share->over, &clock);
  pthread_condattr_destroy(&clock);
  share_queue_begin(&share->queue);
  return share;
}

/* The thread is there when it is first needed, and so is the memory for what Redis says. */
static bool start(struct share *share)
{
  sigset_t all, before;

  share->redis.resp = resp_open();
  if (share->redis.resp == NULL)
    return false;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before); /* it has no part in signals */
  share->runs = pthread_create(&share->thread, NULL, run, share) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (!share->runs) {
    resp_close(share->redis.resp);
    share->redis.resp = NULL;
  }
  return share->runs;
}

bool share_change(struct share *share, const struct share_options *options,
                  const struct ledger_settings *ledger)
{
  pthread_mutex_lock(&share->lock);
  share->wish = *options;
  share->wish_ledger = *ledger;
  share->wishes = true;
  pthread_mutex_unlock(&share->lock);
  if (options->on && !share->runs && !start(share))
    return false;
  atomic_store(&share->on, options->on);
  share_queue_call(&share->queue);
  return true;
}

/* False when the thread does not end in time. */
static bool stop(struct share *share)
{
  uint64_t deadline = channel_clock() + CLOSE_MS;
  struct timespec until = {(time_t)(deadline / 1000), (long)(deadline % 1000) * 1000000};
  bool ended;
  int waits = 0;

  atomic_store(&share->on, false);
  pthread_mutex_lock(&share->lock);
  share->stops = true;
  pthread_mutex_unlock(&share->lock);
  share_queue_call(&share->queue);
  pthread_mutex_lock(&share->lock);
  while (!share->ended && waits != ETIMEDOUT)
    waits = pthread_cond_timedwait(&share->over, &share->lock, &until);
  ended = share->ended;
  pthread_mutex_unlock(&share->lock);
  if (ended) {
    pthread_join(share->thread, NULL);
    share->runs = false;
  }
  return ended;
}

bool share_leave(struct share *share)
{
  return share == NULL || !share->runs || stop(share);
}

bool share_close(struct share *share)
{
  if (!share_leave(share))
    return false;
  if (share == NULL)
    return true;
  resp_close(share->redis.resp);
  share_queue_end(&share->queue);
  pthread_mutex_destroy(&share->lock);
  pthread_cond_destroy(&share->over);
  explicit_bzero(share, sizeof(*share));
  free(share);
  return true;
}
