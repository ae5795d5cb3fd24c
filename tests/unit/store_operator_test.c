/*
 * The store in the hands of operators and other relays: all pages shown, networks of any width
 * refused and forgiven, pages merged.
 */
#include "store_case.h"

#include <pthread.h>

static struct netblock block(const char *text)
{
  struct netblock network;

  assert_int_equal(netblock_parse(span_from(text), &network), NETBLOCK_OK);
  return network;
}

static uint32_t refused_for(struct store *store, const char *client)
{
  struct store_view view;

  store_look(store, ip_of(client), now(), &view);
  return ledger_refused_for(&view.page, now());
}

static unsigned forgive(struct store *store, struct netblock network)
{
  static const atomic_bool goes_on = false;
  unsigned forgiven;

  assert_true(store_forgive(store, network, now(), &goes_on, &forgiven));
  return forgiven;
}

struct seen {
  unsigned count, most; /* 0: no bound */
  uint8_t times[70000]; /* of 10.x.y.z: how often */
};

static bool see(void *context, struct netblock network, const struct ledger_page *page)
{
  struct seen *seen = context;
  unsigned number = 0;

  for (size_t i = 13; i < sizeof(network.base.bytes); i++)
    number = number << 8 | network.base.bytes[i];

  assert_true(ledger_is_sane(page));
  if (number < sizeof(seen->times))
    seen->times[number]++;
  return ++seen->count != seen->most;
}

static struct ip ten(unsigned number)
{
  char text[32];

  snprintf(text, sizeof(text), "10.%u.%u.%u", number >> 16, number >> 8 & 0xff, number & 0xff);
  return ip_of(text);
}

static void a_walk_shows_every_page_once(void **state)
{
  enum { NETWORKS = 1500 };
  struct store *store = open_with(5000);
  struct seen seen = {0};

  (void)state;
  for (unsigned i = 0; i < NETWORKS; i++)
    count_names(store, ten(i), 1);
  assert_true(store_walk(store, now(), see, &seen)); /* some in the file, some yet to be written */
  for (unsigned i = 0; i < NETWORKS; i++)
    assert_true(seen.times[i] >= 1);
  store_close(store);
  store = open_with(5000);
  assert_int_equal(store_networks(store), NETWORKS);
  seen = (struct seen){0};
  assert_true(store_walk(store, now(), see, &seen));
  assert_int_equal(seen.count, NETWORKS);
  for (unsigned i = 0; i < NETWORKS; i++)
    assert_int_equal(seen.times[i], 1);
  seen = (struct seen){.most = 300};
  assert_true(store_walk(store, now(), see, &seen));
  assert_int_equal(seen.count, 300);
  store_close(store);
}

static void a_client_is_refused_and_forgiven(void **state)
{
  struct store *store = open_store();

  (void)state;
  assert_true(store_refuse(store, block("192.0.2.7"), 3600, now()));
  assert_in_range(refused_for(store, "192.0.2.7"), 3500, 3600);
  assert_int_equal(refused_for(store, "192.0.2.8"), 0);
  assert_int_equal(forgive(store, block("192.0.2.7")), 1);
  assert_int_equal(refused_for(store, "192.0.2.7"), 0);
  assert_int_equal(forgive(store, block("192.0.2.7")), 0);
  store_close(store);
}

static void networks_of_any_width_are_refused(void **state)
{
  static const struct {
    const char *network, *inside, *outside;
  } rows[] = {
      {"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
      {"198.51.0.0/16", "198.51.100.1", "198.52.0.1"},
      {"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"},
      {"2001:db7::7/128", "2001:db7::7", "2001:db7::8"},
      {"2001:db6:0:1::/64", "2001:db6:0:1::5", "2001:db6:0:2::5"},
      {"::/64", "::5", "10.0.0.1"}, /* where the bits of IPv4 addresses lie */
  };
  struct store *store = open_store();

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    assert_true(store_refuse(store, block(rows[i].network), 3600, now()));
  for (unsigned restart = 0; restart < 2; restart++) {
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
      assert_true(refused_for(store, rows[i].inside) > 3500);
      assert_int_equal(refused_for(store, rows[i].outside), 0);
    }
    store_close(store);
    store = open_store(); /* widths are found in the file */
  }
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    assert_int_equal(forgive(store, block(rows[i].network)), 1);
    assert_int_equal(refused_for(store, rows[i].inside), 0);
  }
  store_close(store);
}

static void all_of_ipv4_and_all_of_ipv6_are_two_networks(void **state)
{
  struct store *store = open_store();

  (void)state;
  assert_true(store_refuse(store, block("::/0"), 3600, now()));
  assert_true(refused_for(store, "2001:db8::1") > 3500);
  assert_int_equal(refused_for(store, "192.0.2.7"), 0);
  assert_true(store_refuse(store, block("0.0.0.0/0"), 60, now()));
  assert_int_equal(forgive(store, block("::/0")), 1);
  assert_int_equal(refused_for(store, "2001:db8::1"), 0);
  assert_in_range(refused_for(store, "192.0.2.7"), 1, 60);
  assert_int_equal(forgive(store, block("0.0.0.0/0")), 1);
  assert_int_equal(refused_for(store, "192.0.2.7"), 0);
  store_close(store);
}

static void the_refusal_of_a_wide_network_is_told_when_counting(void **state)
{
  struct store *store = open_store();
  struct store_view view;

  (void)state;
  assert_true(store_refuse(store, block("192.0.2.0/24"), 3600, now()));
  view = count_names(store, ip_of("192.0.2.7"), 1);
  assert_true(ledger_refused_for(&view.page, now()) > 3500);
  assert_int_equal(view.page.cause, LEDGER_CAUSE_OPERATOR);
  store_close(store);
}

/* Nobody goes free because a network around him, or his own, is refused for longer by a rule that
 * only watches. */
static void what_is_meant_is_shown_before_what_is_noticed(void **state)
{
  static const enum ledger_cause noticed[] = {LEDGER_CAUSE_OPERATOR, LEDGER_CAUSE_RECIPIENTS};
  const uint32_t seconds[] = {LEDGER_SECONDS_MAX, 60}; /* a first refusal by counts is an hour */

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    struct store_options options = options_of(1000);
    struct store_view view;
    struct store *store;

    options.ledger.noticed[noticed[i]] = true;
    store = store_open(&options);
    assert_true(store_start(store));
    count_names(store, ip_of("10.0.0.1"), LIMIT * 3);
    assert_true(store_refuse(store, block("10.0.0.0/16"), seconds[i], now()));
    store_look(store, ip_of("10.0.0.1"), now(), &view);
    assert_int_equal(view.page.cause, noticed[1 - i]);
    store_look(store, ip_of("10.0.0.1"), now() + UINT64_C(7200000), &view); /* one is over */
    assert_int_equal(view.page.cause, noticed[i]);
    assert_int_equal(forgive(store, block("10.0.0.0/8")), 2);
    store_close(store);
  }
}

static void forgiving_a_wide_network_forgives_all_within(void **state)
{
  enum { CLIENTS = 600 }; /* more than a walk shows at once */
  struct store *store = open_store();

  (void)state;
  for (unsigned i = 0; i < CLIENTS; i++)
    count_names(store, ten(i), LIMIT * 3);
  assert_true(count_names(store, ip_of("192.0.2.7"), LIMIT * 3).began);
  assert_int_equal(forgive(store, block("10.0.0.0/8")), CLIENTS);
  for (unsigned i = 0; i < CLIENTS; i++)
    assert_false(is_refused(store, ten(i)));
  assert_true(is_refused(store, ip_of("192.0.2.7")));
  store_close(store);
}

/* Somebody who forgives millions does not hold up the end of the daemon, nor hears that all is
 * done.
 */
static void a_client_named_closely_is_forgiven_and_no_neighbour(void **state)
{
  struct store *store = open_store();

  (void)state;
  assert_true(count_names(store, ip_of("2001:db8::1"), 100).began);
  assert_true(store_refuse(store, block("2001:db8::1"), 3600, now()));
  assert_true(store_refuse(store, block("2001:db8::2"), 3600, now()));
  assert_true(store_refuse(store, block("2001:db8::/32"), 60, now()));
  assert_int_equal(forgive(store, block("2001:db8::1")), 2); /* itself, and its /64 */
  assert_in_range(refused_for(store, "2001:db8::1"), 1, 60);
  assert_true(refused_for(store, "2001:db8::2") > 3500);
  assert_int_equal(forgive(store, block("2001:db8::/64")), 1);
  assert_in_range(refused_for(store, "2001:db8::2"), 1, 60);
  store_close(store);
}

static void forgiving_is_broken_off_when_it_must_stop(void **state)
{
  static const atomic_bool stops = true;
  struct store *store = open_store();
  unsigned forgiven = 1;

  (void)state;
  assert_true(count_names(store, ten(1), LIMIT * 3).began);
  assert_false(store_forgive(store, block("10.0.0.0/8"), now(), &stops, &forgiven));
  assert_int_equal(forgiven, 0);
  assert_true(is_refused(store, ten(1)));
  store_close(store);
}

/* The table is full and nobody writes. */
static void forgiving_without_room_is_no_success(void **state)
{
  enum { CLIENTS = 4 };
  static const atomic_bool goes_on = false;
  struct store_options options = options_of(1000);
  struct store *store = open_store();
  const struct ledger_entry wrong = {.event = LEDGER_UNKNOWN_RECIPIENT, .times = 1, .hash = 1};
  struct store_view view;
  unsigned forgiven, lost = 0;

  (void)state;
  for (unsigned i = 0; i < CLIENTS; i++)
    assert_true(count_names(store, ten(i), LIMIT * 3).began);
  store_close(store);
  store = store_open(&options); /* without a writer */
  for (unsigned i = 0; lost < 20000; i++)
    lost += !store_count(store, nth(1, i), &wrong, 1, now(), &view);
  assert_false(store_forgive(store, block("10.0.0.0/8"), now(), &goes_on, &forgiven));
  assert_int_equal(forgiven, 0);
  assert_true(is_refused(store, ten(0)));
  store_close(store);
}

static void what_another_relay_refuses_is_refused_here(void **state)
{
  struct store *store = open_store();
  struct ledger_settings ledger;
  struct ledger_page page = {0};
  struct store_view view;

  (void)state;
  ledger_defaults(&ledger);
  ledger_refuse(&ledger, &page, 600, now());
  assert_true(store_merge(store, block("192.0.2.7"), &page, now(), &view));
  assert_true(view.known && view.began);
  assert_true(is_refused(store, ip_of("192.0.2.7")));
  assert_true(store_merge(store, block("192.0.2.7"), &page, now(), &view));
  assert_false(view.began);
  assert_true(store_merge(store, block("198.51.100.0/24"), &page, now(), &view));
  assert_true(is_refused(store, ip_of("198.51.100.9")));
  store_close(store);
}

/* Others that keep the account */

static unsigned counted_entries, set_pages;
static struct netblock told_network;

static void on_counted(void *context, struct netblock network, const struct ledger_entry *entries,
                       size_t count, uint64_t when)
{
  assert_ptr_equal(context, &told_network);
  assert_true(entries != NULL && when > 0);
  counted_entries += (unsigned)count;
  told_network = network;
}

static void on_set(void *context, struct netblock network, const struct ledger_page *page,
                   uint64_t when)
{
  assert_ptr_equal(context, &told_network);
  assert_true(page->set >= when);
  set_pages++;
  told_network = network;
}

static void others_are_told_what_is_counted_and_set(void **state)
{
  struct store_options options = options_of(1000);
  struct store *store;
  const struct ledger_entry good = {.event = LEDGER_DELIVERED, .times = 1};
  struct store_view view;

  (void)state;
  options.counted = on_counted;
  options.set = on_set;
  options.context = &told_network;
  store = store_open(&options);
  assert_true(store_start(store));
  assert_true(store_count(store, ip_of("192.0.2.9"), &good, 1, now(), &view));
  assert_int_equal(counted_entries, 0); /* nothing was counted here either */
  count_names(store, ip_of("192.0.2.7"), 3);
  assert_int_equal(counted_entries, 3);
  assert_true(netblock_contains(told_network, ip_of("192.0.2.7")));
  assert_int_equal(told_network.bits, 128);
  assert_true(store_refuse(store, block("203.0.113.0/24"), 60, now()));
  assert_int_equal(forgive(store, block("203.0.113.0/24")), 1);
  assert_int_equal(set_pages, 2);
  assert_int_equal(told_network.bits, 120);
  store_close(store);
}

/* Threads */

static void *walk_and_set(void *context)
{
  struct store *store = context;

  for (unsigned i = 0; i < 40; i++) {
    struct seen *seen = calloc(1, sizeof(*seen));

    store_refuse(store, block("10.0.0.0/24"), 60, now());
    assert_true(store_walk(store, now(), see, seen));
    forgive(store, block("10.0.0.0/16"));
    free(seen);
  }
  return NULL;
}

static void operators_are_no_trouble_for_the_doors(void **state)
{
  struct store *store = open_store();
  pthread_t operator;

  (void)state;
  assert_int_equal(pthread_create(&operator, NULL, walk_and_set, store), 0);
  for (unsigned i = 0; i < 4000; i++) {
    count_names(store, ten(i % 300), 1);
    is_known(store, ten(i % 500));
  }
  pthread_join(operator, NULL);
  forgive(store, block("10.0.0.0/8"));
  assert_false(is_refused(store, ten(5)));
  store_close(store);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
      TEST(a_walk_shows_every_page_once),
      TEST(a_client_is_refused_and_forgiven),
      TEST(networks_of_any_width_are_refused),
      TEST(all_of_ipv4_and_all_of_ipv6_are_two_networks),
      TEST(the_refusal_of_a_wide_network_is_told_when_counting),
      TEST(what_is_meant_is_shown_before_what_is_noticed),
      TEST(forgiving_a_wide_network_forgives_all_within),
      TEST(a_client_named_closely_is_forgiven_and_no_neighbour),
      TEST(forgiving_is_broken_off_when_it_must_stop),
      TEST(forgiving_without_room_is_no_success),
      TEST(what_another_relay_refuses_is_refused_here),
      TEST(others_are_told_what_is_counted_and_set),
      TEST(operators_are_no_trouble_for_the_doors),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
