/*
 * What waits to be shared: a queue of fixed size, for any number of threads that put and one that
 * takes. Nobody waits but the taker.
 */
#ifndef MILTER_STRICT_SHARE_QUEUE_H
#define MILTER_STRICT_SHARE_QUEUE_H

#include "../policy/ledger.h"
#include "../policy/netblock.h"

#include <pthread.h>

enum { SHARE_QUEUE_ITEMS = 2048 };

/* One thing that happened to a network. */
struct share_item {
  struct netblock network;
  bool is_set; /* an operator set the page; else an entry was counted */
  uint64_t now;
  union {
    struct ledger_entry entry;
    struct ledger_page page;
  };
};

/* All zero, and then share_queue_begin(). */
struct share_queue {
  pthread_mutex_t lock;
  pthread_cond_t wake;
  bool calls; /* the taker is wanted for something else */
  size_t first, count;
  struct share_item items[SHARE_QUEUE_ITEMS];
};

void share_queue_begin(struct share_queue *queue);
void share_queue_end(struct share_queue *queue);

/* Puts it at the end. False when there is no room. */
bool share_queue_put(struct share_queue *queue, const struct share_item *item);

/* Takes the first ones, at most `most`; how many. Does not wait. */
size_t share_queue_take(struct share_queue *queue, struct share_item *items, size_t most);

/* Wakes the taker up, now or when it next wants to wait. */
void share_queue_call(struct share_queue *queue);

/* Waits for an item or a call, until `deadline` on channel_clock() at most. */
void share_queue_wait(struct share_queue *queue, uint64_t deadline);

#endif
