/*
 * The settings in force: who took them keeps them, and many threads may take, read, let go and
 * replace at once. Run under a thread sanitizer as well, it also shows that none of it races.
 */
#include "config/config.h"
#include "daemon/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

enum { READERS = 4, READS = 5000, WRITERS = 2, WRITES = 200 };

/* Settings whose time-out and user say the same number. */
static struct settings numbered(unsigned number)
{
  char text[64];
  struct config_notes notes;
  struct settings settings;

  snprintf(text, sizeof(text), "timeout = %u; user = \"user%u\";", number, number);
  assert_true(config_load_text("f", span_from(text), &settings, &notes));
  return settings;
}

static bool is_whole(const struct settings *settings)
{
  char user[32];

  snprintf(user, sizeof(user), "user%u", settings->timeout);
  return span_equals(settings->user, span_from(user));
}

static void nothing_is_in_force_at_first(void **state)
{
  (void)state;
  assert_null(snapshot_take());
  snapshot_release(NULL);
  snapshot_close();
}

static void sessions_keep_what_they_took(void **state)
{
  struct settings first = numbered(100), second = numbered(200);
  const struct settings *before, *again, *after;

  (void)state;
  assert_true(snapshot_replace(&first));
  assert_null(first.blocks);
  before = snapshot_take();
  again = snapshot_take();
  assert_ptr_equal(before, again);
  assert_true(snapshot_replace(&second));
  after = snapshot_take();
  assert_int_equal(before->timeout, 100);
  assert_int_equal(after->timeout, 200);
  snapshot_release(before);
  assert_true(is_whole(again));
  snapshot_close();
  assert_null(snapshot_take());
  assert_true(is_whole(after) && is_whole(again));
  snapshot_release(after);
  snapshot_release(again);
}

/* Threads do not use cmocka's asserts: they count what is wrong. */
static void *read_often(void *context)
{
  unsigned *wrong = context;

  for (int i = 0; i < READS; i++) {
    const struct settings *settings = snapshot_take(), *other = snapshot_take();

    if (settings == NULL || other == NULL || !is_whole(settings) || !is_whole(other))
      ++*wrong;
    snapshot_release(other);
    snapshot_release(settings);
  }
  return NULL;
}

static pthread_mutex_t libconfig_lock = PTHREAD_MUTEX_INITIALIZER;

static void *replace_often(void *context)
{
  unsigned *wrong = context;

  for (unsigned i = 0; i < WRITES; i++) {
    struct settings next;

    pthread_mutex_lock(&libconfig_lock); /* one thread reads configurations at a time */
    next = numbered(100 + i);
    pthread_mutex_unlock(&libconfig_lock);
    if (!snapshot_replace(&next))
      ++*wrong;
  }
  return NULL;
}

static void threads_take_and_replace_at_once(void **state)
{
  pthread_t threads[READERS + WRITERS];
  unsigned wrong[READERS + WRITERS] = {0};
  struct settings first = numbered(100);

  (void)state;
  assert_true(snapshot_replace(&first));
  for (int i = 0; i < READERS + WRITERS; i++)
    assert_int_equal(
        pthread_create(&threads[i], NULL, i < READERS ? read_often : replace_often, &wrong[i]), 0);
  for (int i = 0; i < READERS + WRITERS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(wrong[i], 0);
  }
  snapshot_close();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_in_force_at_first),
      cmocka_unit_test(sessions_keep_what_they_took),
      cmocka_unit_test(threads_take_and_replace_at_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
