/*
 * The bounded index: buckets of chained slots, and a list by use through the same nodes.
 */
#include "lru.h"

#include <stdlib.h>

bool lru_open(struct lru *lru, uint32_t capacity)
{
  uint32_t buckets = 2;

  while (buckets < capacity && buckets < UINT32_C(1) << 30)
    buckets *= 2;
  *lru = (struct lru){
      .capacity = capacity, .mask = buckets - 1, .newest = LRU_NONE, .oldest = LRU_NONE};
  lru->nodes = calloc(capacity, sizeof(*lru->nodes));
  lru->buckets = calloc(buckets, sizeof(*lru->buckets));
  if (lru->nodes == NULL || lru->buckets == NULL) {
    lru_close(lru);
    return false;
  }
  for (uint32_t i = 0; i < buckets; i++)
    lru->buckets[i] = LRU_NONE;
  for (uint32_t i = 0; i < capacity; i++)
    lru->nodes[i].next = i + 1 < capacity ? i + 1 : LRU_NONE;
  return true;
}

void lru_close(struct lru *lru)
{
  free(lru->nodes);
  free(lru->buckets);
  *lru = (struct lru){0};
}

static uint32_t *bucket_of(const struct lru *lru, uint64_t key)
{
  return &lru->buckets[(uint32_t)key & lru->mask];
}

uint32_t lru_find(const struct lru *lru, uint64_t key)
{
  uint32_t slot = *bucket_of(lru, key);

  while (slot != LRU_NONE && lru->nodes[slot].key != key)
    slot = lru->nodes[slot].next;
  return slot;
}

static void leave_list(struct lru *lru, uint32_t slot)
{
  const struct lru_node *node = &lru->nodes[slot];

  if (node->newer != LRU_NONE)
    lru->nodes[node->newer].older = node->older;
  else
    lru->newest = node->older;
  if (node->older != LRU_NONE)
    lru->nodes[node->older].newer = node->newer;
  else
    lru->oldest = node->newer;
}

static void enter_list(struct lru *lru, uint32_t slot)
{
  struct lru_node *node = &lru->nodes[slot];

  node->newer = LRU_NONE;
  node->older = lru->newest;
  if (lru->newest != LRU_NONE)
    lru->nodes[lru->newest].newer = slot;
  else
    lru->oldest = slot;
  lru->newest = slot;
}

static void enter_bucket(struct lru *lru, uint32_t slot, uint64_t key)
{
  uint32_t *bucket = bucket_of(lru, key);

  lru->nodes[slot].key = key;
  lru->nodes[slot].next = *bucket;
  *bucket = slot;
}

static void leave_bucket(struct lru *lru, uint32_t slot)
{
  uint32_t *link = bucket_of(lru, lru->nodes[slot].key);

  while (*link != slot)
    link = &lru->nodes[*link].next;
  *link = lru->nodes[slot].next;
}

uint32_t lru_add(struct lru *lru, uint64_t key)
{
  uint32_t slot = lru->free;

  if (slot == LRU_NONE)
    return LRU_NONE;
  lru->free = lru->nodes[slot].next;
  lru->count++;
  enter_bucket(lru, slot, key);
  enter_list(lru, slot);
  return slot;
}

void lru_touch(struct lru *lru, uint32_t slot)
{
  if (lru->newest == slot)
    return;
  leave_list(lru, slot);
  enter_list(lru, slot);
}

void lru_rename(struct lru *lru, uint32_t slot, uint64_t key)
{
  leave_bucket(lru, slot);
  enter_bucket(lru, slot, key);
}

void lru_drop(struct lru *lru, uint32_t slot)
{
  leave_bucket(lru, slot);
  leave_list(lru, slot);
  lru->nodes[slot].next = lru->free;
  lru->free = slot;
  lru->count--;
}

uint32_t lru_oldest(const struct lru *lru)
{
  return lru->oldest;
}
