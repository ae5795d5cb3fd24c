/*
 * The bounded index against a plain list.
 */
#include "../../milter/maillog/lru.h"

#include "expect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

enum { CAPACITY = 37, KEYS = 90 };

/* Keys by use, the oldest first. */
struct plain {
  uint64_t key[CAPACITY];
  size_t count;
};

static size_t place_of(const struct plain *plain, uint64_t key)
{
  size_t i = 0;

  while (i < plain->count && plain->key[i] != key)
    i++;
  return i;
}

static void take_out(struct plain *plain, size_t at)
{
  memmove(&plain->key[at], &plain->key[at + 1], (plain->count - at - 1) * sizeof(plain->key[0]));
  plain->count--;
}

static void use(struct lru *lru, struct plain *plain, uint64_t key)
{
  uint32_t slot = lru_find(lru, key);
  size_t at = place_of(plain, key);

  assert_int_equal(slot != LRU_NONE, at < plain->count);
  if (slot != LRU_NONE) {
    assert_int_equal(lru->nodes[slot].key, key);
    lru_touch(lru, slot);
    take_out(plain, at);
  } else if (plain->count == CAPACITY) {
    assert_int_equal(lru_add(lru, key), LRU_NONE);
    assert_int_equal(lru->nodes[lru_oldest(lru)].key, plain->key[0]);
    lru_drop(lru, lru_oldest(lru));
    take_out(plain, 0);
  }
  if (slot == LRU_NONE)
    assert_int_not_equal(lru_add(lru, key), LRU_NONE);
  plain->key[plain->count++] = key;
}

static void rename_one(struct lru *lru, struct plain *plain, uint64_t key, uint64_t other)
{
  uint32_t slot = lru_find(lru, key);

  if (slot == LRU_NONE || lru_find(lru, other) != LRU_NONE)
    return;
  lru_rename(lru, slot, other);
  assert_int_equal(lru_find(lru, key), LRU_NONE);
  assert_int_equal(lru_find(lru, other), slot);
  plain->key[place_of(plain, key)] = other;
}

static void does_what_a_plain_list_does(void **state)
{
  struct dice dice = {5};
  struct plain plain = {.count = 0};
  struct lru lru;

  (void)state;
  assert_true(lru_open(&lru, CAPACITY));
  for (unsigned turn = 0; turn < 20000; turn++) {
    uint64_t key = dice_roll(&dice, KEYS) * UINT64_C(0x100000000), other = key + 1;

    if (dice_roll(&dice, 5) > 0) {
      use(&lru, &plain, key);
    } else if (dice_roll(&dice, 2) > 0) {
      rename_one(&lru, &plain, key, other);
    } else if (lru_find(&lru, other) != LRU_NONE) {
      lru_drop(&lru, lru_find(&lru, other));
      take_out(&plain, place_of(&plain, other));
    }
    assert_int_equal(lru.count, plain.count);
    if (plain.count > 0)
      assert_int_equal(lru.nodes[lru_oldest(&lru)].key, plain.key[0]);
    else
      assert_int_equal(lru_oldest(&lru), LRU_NONE);
  }
  lru_close(&lru);
}

static void one_slot_is_enough(void **state)
{
  struct lru lru;

  (void)state;
  assert_true(lru_open(&lru, 1));
  assert_int_equal(lru_add(&lru, 7), 0);
  assert_int_equal(lru_add(&lru, 8), LRU_NONE);
  lru_touch(&lru, 0);
  lru_drop(&lru, 0);
  assert_int_equal(lru_add(&lru, 8), 0);
  lru_close(&lru);
  lru_close(&lru);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(does_what_a_plain_list_does),
      cmocka_unit_test(one_slot_is_enough),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
