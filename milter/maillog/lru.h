/*
 * An index of a bounded number of slots by a 64-bit key, which knows in what order they were last
 * used: for tables that must not grow whatever a log holds. What is in a slot belongs to the
 * caller, who keeps an array beside it.
 *
 * Keys are hashes, seeded by the caller, so that nobody can choose two that are the same. One
 * thread at a time.
 */
#ifndef MILTER_STRICT_LRU_H
#define MILTER_STRICT_LRU_H

#include <stdbool.h>
#include <stdint.h>

#define LRU_NONE UINT32_MAX

struct lru_node {
  uint64_t key;
  uint32_t next;         /* in its bucket, or among the free ones */
  uint32_t newer, older; /* by use */
};

struct lru {
  struct lru_node *nodes;
  uint32_t *buckets;
  uint32_t capacity, mask, count;
  uint32_t newest, oldest, free;
};

/* Makes room for so many slots, at least 1. False, with nothing to close, when memory is short. */
bool lru_open(struct lru *lru, uint32_t capacity);

/* All zero is fine. */
void lru_close(struct lru *lru);

/* The slot of the key, or LRU_NONE. Does not count as use. */
uint32_t lru_find(const struct lru *lru, uint64_t key);

/* A slot for a key that has none, as the newest; LRU_NONE when all are taken. */
uint32_t lru_add(struct lru *lru, uint64_t key);

/* The slot was used. */
void lru_touch(struct lru *lru, uint32_t slot);

/* The slot is of another key from now on, one that has none. */
void lru_rename(struct lru *lru, uint32_t slot, uint64_t key);

/* The slot is free. */
void lru_drop(struct lru *lru, uint32_t slot);

/* The slot that was not used for longest, or LRU_NONE when there is none. */
uint32_t lru_oldest(const struct lru *lru);

#endif
