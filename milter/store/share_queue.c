/*
 * A ring under one lock, which is held for the copying of an item and no longer.
 */
#include "share_queue.h"
#include "../net/channel.h"

#include <time.h>

void share_queue_begin(struct share_queue *queue)
{
  pthread_condattr_t clock;

  pthread_mutex_init(&queue->lock, NULL);
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&queue->wake, &clock);
  pthread_condattr_destroy(&clock);
}

void share_queue_end(struct share_queue *queue)
{
  pthread_mutex_destroy(&queue->lock);
  pthread_cond_destroy(&queue->wake);
}

bool share_queue_put(struct share_queue *queue, const struct share_item *item)
{
  bool room;

  pthread_mutex_lock(&queue->lock);
  room = queue->count < SHARE_QUEUE_ITEMS;
  if (room) {
    queue->items[(queue->first + queue->count) % SHARE_QUEUE_ITEMS] = *item;
    if (queue->count++ == 0)
      pthread_cond_signal(&queue->wake);
  }
  pthread_mutex_unlock(&queue->lock);
  return room;
}

size_t share_queue_take(struct share_queue *queue, struct share_item *items, size_t most)
{
  size_t taken = 0;

  pthread_mutex_lock(&queue->lock);
  for (; taken < most && queue->count > 0; taken++) {
    items[taken] = queue->items[queue->first];
    queue->first = (queue->first + 1) % SHARE_QUEUE_ITEMS;
    queue->count--;
  }
  pthread_mutex_unlock(&queue->lock);
  return taken;
}

void share_queue_call(struct share_queue *queue)
{
  pthread_mutex_lock(&queue->lock);
  queue->calls = true;
  pthread_cond_signal(&queue->wake);
  pthread_mutex_unlock(&queue->lock);
}

void share_queue_wait(struct share_queue *queue, uint64_t deadline)
{
  struct timespec until = {(time_t)(deadline / 1000), (long)(deadline % 1000) * 1000000};

  pthread_mutex_lock(&queue->lock);
  while (queue->count == 0 && !queue->calls && channel_clock() < deadline)
    (void)pthread_cond_timedwait(&queue->wake, &queue->lock, &until);
  queue->calls = false;
  pthread_mutex_unlock(&queue->lock);
}
