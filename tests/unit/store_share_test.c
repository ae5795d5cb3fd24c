/*
 * What sharing is made of: the queue, the pages, how long records are kept, and another seed.
 */
#include "store/share_inner.h"
#include "store_case.h"

#include <sys/socket.h>
#include <sys/un.h>

static void the_queue_is_bounded_and_in_order(void **state)
{
  struct share_queue *queue = calloc(1, sizeof(*queue));
  struct share_item out[100], item = {.is_set = false};
  uint64_t next = 0;
  size_t got;

  (void)state;
  assert_non_null(queue);
  share_queue_begin(queue);
  for (unsigned round = 0; round < 3; round++) {
    for (item.now = 0; item.now < SHARE_QUEUE_ITEMS; item.now++)
      assert_true(share_queue_put(queue, &item));
    assert_false(share_queue_put(queue, &item));
    for (next = 0; (got = share_queue_take(queue, out, 100)) > 0;)
      for (size_t i = 0; i < got; i++)
        assert_int_equal(out[i].now, next++);
    assert_int_equal(next, SHARE_QUEUE_ITEMS);
  }
  share_queue_end(queue);
  free(queue);
}

static void whoever_waits_is_woken(void **state)
{
  struct share_queue *queue = calloc(1, sizeof(*queue));
  struct share_item item = {.is_set = false};

  (void)state;
  assert_non_null(queue);
  share_queue_begin(queue);
  share_queue_wait(queue, channel_clock() + 1); /* by the clock */
  share_queue_call(queue);
  share_queue_wait(queue, UINT64_MAX / 2); /* by a call that came before */
  assert_true(share_queue_put(queue, &item));
  share_queue_wait(queue, UINT64_MAX / 2);
  share_queue_end(queue);
  free(queue);
}

static struct netblock network(unsigned n)
{
  return netblock_around(nth(0, n), 64);
}

static void pages_that_are_wanted_stay(void **state)
{
  struct share_pages *pages = calloc(1, sizeof(*pages));
  unsigned wanted = 0, full = 0;
  bool is_new;

  (void)state;
  assert_non_null(pages);
  for (unsigned n = 0; n < 20000; n++) {
    struct share_page *page = share_pages_take(pages, network(n), &is_new);

    if (page == NULL) {
      full++;
      continue;
    }
    assert_true(is_new);
    if (n % 4 == 0) {
      page->page.relapses = n;
      share_pages_want(pages, page);
      wanted++;
    }
  }
  assert_int_equal(pages->wanted, wanted);
  assert_true(full > 0 && wanted <= SHARE_PAGES_SETS * SHARE_PAGES_WAYS);
  for (size_t set = 0; set < SHARE_PAGES_SETS; set++)
    for (size_t way = 0; way < SHARE_PAGES_WAYS; way++) {
      struct share_page *page = &pages->pages[set][way];

      if (!page->wanted)
        continue;
      assert_ptr_equal(share_pages_take(pages, network(page->page.relapses), &is_new), page);
      assert_false(is_new);
      wanted--;
    }
  assert_int_equal(wanted, 0);
  free(pages);
}

static void the_longest_unused_page_makes_room(void **state)
{
  struct share_pages *pages = calloc(1, sizeof(*pages));
  bool is_new;

  (void)state;
  assert_non_null(pages);
  for (unsigned n = 1; n < 50000; n++) {
    (void)share_pages_take(pages, network(0), &is_new);
    assert_int_equal(is_new, n == 1);
    assert_non_null(share_pages_take(pages, network(n), &is_new));
  }
  free(pages);
}

static void wanted_pages_are_collected(void **state)
{
  struct share_pages *pages = calloc(1, sizeof(*pages));
  struct share_page *out[8];
  char bytes[LEDGER_BYTES] = {0};
  bool is_new;

  (void)state;
  assert_non_null(pages);
  for (unsigned n = 0; n < 5; n++)
    share_pages_want(pages, share_pages_take(pages, network(n), &is_new));
  share_pages_part(pages);
  assert_int_equal(share_pages_wanted(pages, out, 3), 3);
  assert_int_equal(share_pages_wanted(pages, out, 8), 5);
  for (size_t i = 0; i < 5; i++) {
    assert_true(out[i]->apart);
    share_pages_sent(pages, out[i], bytes);
    assert_true(!out[i]->apart && !out[i]->wanted && out[i]->has_seen);
  }
  assert_int_equal(share_pages_wanted(pages, out, 8), 0);
  free(pages);
}

static const struct {
  const char *name;
  uint32_t refused_for, relapses;
  bool is_set;
  uint64_t seconds;
} expiries[] = {
    {"counts alone", 0, 0, false, 10 * 3 * 86400},
    {"refused", 3600, 1, false, 3600 + 7 * 86400 + 30 * 86400},
    {"relapses are remembered", 0, 4, false, 4 * 7 * 86400 + 30 * 86400},
    {"never for ever", 3600, LEDGER_RELAPSES_MAX, false, 2 * (uint64_t)LEDGER_SECONDS_MAX},
    {"forgiven, longer than any refusal", 0, 0, true, LEDGER_SECONDS_MAX},
    {"refused by an operator", LEDGER_SECONDS_MAX, 0, true, LEDGER_SECONDS_MAX + 30 * 86400},
};

static void records_are_kept_as_long_as_they_say_anything(void **state)
{
  struct ledger_settings ledger;

  (void)state;
  ledger_defaults(&ledger);
  for (size_t i = 0; i < sizeof(expiries) / sizeof(expiries[0]); i++) {
    struct ledger_page page = {
        .updated = 1000, .relapses = expiries[i].relapses, .set = expiries[i].is_set ? 1000 : 0};

    if (expiries[i].refused_for > 0) {
      page.refused_since = 1000;
      page.refused_until = 1000 + (uint64_t)expiries[i].refused_for * 1000;
    }
    if (share_expiry(&ledger, &page, 1000) != expiries[i].seconds * 1000)
      fail_msg("%s: %llu ms", expiries[i].name,
               (unsigned long long)share_expiry(&ledger, &page, 1000));
  }
}

static void wait_for_seed(struct store *store, uint64_t seed)
{
  for (unsigned waits = 0; store_seed(store) != seed; waits++) {
    assert_true(waits < PATIENCE_MS / 5);
    pause_a_moment();
  }
}

static bool has_sketch(const struct ledger_page *page)
{
  static const uint8_t empty[sizeof(page->sketch)];

  return memcmp(page->sketch, empty, sizeof(empty)) != 0;
}

enum { SOME = 700 };

static void another_seed_wipes_the_sketches_alone(void **state)
{
  struct store *store = open_store();
  struct store_view view;

  (void)state;
  for (unsigned n = 0; n < SOME; n++)
    (void)count_names(store, nth(0, n), 3);
  (void)count_names(store, ip_of("192.0.2.7"), LIMIT + 5);
  store_adopt_seed(store, 77);
  wait_for_seed(store, 77);
  for (unsigned n = 0; n < SOME; n++) {
    store_look(store, nth(0, n), now(), &view);
    assert_true(view.known && !has_sketch(&view.page));
    assert_true(view.page.count[LEDGER_UNKNOWN_RECIPIENT] > 0);
  }
  assert_true(is_refused(store, ip_of("192.0.2.7")));
  view = count_names(store, nth(0, 0), 1);
  assert_true(has_sketch(&view.page));
  store_close(store);
}

static void another_seed_stays(void **state)
{
  struct store *store = open_store();

  (void)state;
  assert_int_not_equal(store_seed(store), 77);
  store_adopt_seed(store, 76);
  store_adopt_seed(store, 77);
  wait_for_seed(store, 77);
  (void)count_names(store, nth(0, 1), 3);
  store_close(store);
  store = open_store();
  assert_int_equal(store_seed(store), 77);
  assert_true(is_known(store, nth(0, 1)));
  store_close(store);
}

static void exactly_this_network_is_looked_at(void **state)
{
  struct store *store = open_store();
  struct store_view view;

  (void)state;
  assert_true(store_refuse(store, netblock_around(ip_of("192.0.2.0"), 96 + 24), 60, now()));
  store_look_at(store, netblock_around(ip_of("192.0.2.7"), 128), &view);
  assert_false(view.known);
  store_look_at(store, netblock_around(ip_of("192.0.2.0"), 96 + 24), &view);
  assert_true(view.known);
  store_close(store);
}

/* A server that takes connections and never says a word. */

static atomic_uint told[SHARE_DROPPED + 1];

static void hear(enum share_note which, const char *detail)
{
  (void)detail;
  atomic_fetch_add(&told[which], 1);
}

static void hear_refused(struct netblock around, const struct ledger_page *page, uint64_t when)
{
  (void)around;
  (void)page;
  (void)when;
  fail();
}

static int listen_mutely(struct share_options *options)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  snprintf(address.sun_path, sizeof(address.sun_path), "%s/redis", folder);
  snprintf(options->server.path, sizeof(options->server.path), "%s/redis", folder);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
  assert_int_equal(listen(fd, 16), 0);
  return fd;
}

static void events_are_dropped_and_nobody_waits(void **state)
{
  enum { EVENTS = 10 * SHARE_QUEUE_ITEMS };
  struct share_options options = {.on = true, .prefix = "p:", .server = {.timeout = 1000}};
  struct store *store = open_store();
  struct share *share =
      share_open(store, &(struct share_ears){.note = hear, .refused = hear_refused});
  const struct ledger_entry entry = {.event = LEDGER_VRFY, .times = 1};
  struct ledger_settings ledger;
  int server = listen_mutely(&options);

  (void)state;
  ledger_defaults(&ledger);
  assert_non_null(share);
  share_counted(share, network(0), &entry, 1, now()); /* nothing is shared yet */
  assert_false(share_state_get(share).on);
  assert_true(share_change(share, &options, &ledger));
  for (unsigned waits = 0; atomic_load(&told[SHARE_ALONE]) == 0; waits++) {
    assert_true(waits < PATIENCE_MS / 5);
    pause_a_moment();
  }
  for (unsigned i = 0; i < EVENTS; i++)
    share_counted(share, network(i), &entry, 1, now());
  for (unsigned waits = 0; atomic_load(&told[SHARE_DROPPED]) == 0; waits++) {
    assert_true(waits < PATIENCE_MS / 5);
    pause_a_moment();
  }
  assert_true(share_state_get(share).on && !share_state_get(share).connected);
  assert_true(share_state_get(share).lost > 0 && share_state_get(share).lost <= EVENTS);
  assert_true(share_state_get(share).error[0] != '\0' && share_state_get(share).sent == 0);
  assert_int_equal(atomic_load(&told[SHARE_BACK]), 0);
  assert_true(share_close(share));
  close(server);
  store_close(store);
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_queue_is_bounded_and_in_order),
      cmocka_unit_test(whoever_waits_is_woken),
      cmocka_unit_test(pages_that_are_wanted_stay),
      cmocka_unit_test(the_longest_unused_page_makes_room),
      cmocka_unit_test(wanted_pages_are_collected),
      cmocka_unit_test(records_are_kept_as_long_as_they_say_anything),
      STORE_TEST(another_seed_wipes_the_sketches_alone),
      STORE_TEST(another_seed_stays),
      STORE_TEST(events_are_dropped_and_nobody_waits),
      STORE_TEST(exactly_this_network_is_looked_at),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
