/*
 * The store: what is counted is seen at once and survives the process, however it ends; the bound
 * holds and offenders stay.
 */
#include "store/store_inner.h"
#include "store_case.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Looking and counting */

static void what_is_counted_is_seen_at_once(void **state)
{
  struct store *store = open_store();
  struct ip client = ip_of("192.0.2.7");
  struct store_view view;

  (void)state;
  assert_false(is_known(store, client));
  for (unsigned i = 1; i <= 100 && !is_refused(store, client); i++) {
    view = count_names(store, client, 1);
    assert_true(view.known);
    assert_true(is_known(store, client));
    count_names(store, client, i);
  }
  assert_true(is_refused(store, client));
  assert_false(is_known(store, ip_of("192.0.2.8")));
  store_close(store);
}

static void good_deeds_alone_leave_nothing_behind(void **state)
{
  const struct ledger_entry good[] = {{.event = LEDGER_ACCEPTED_RECIPIENT, .times = 5},
                                      {.event = LEDGER_DELIVERED, .times = 1}};
  struct store *store = open_store();
  struct ip client = ip_of("192.0.2.7");
  struct store_view view;

  (void)state;
  assert_true(store_count(store, client, good, 2, now(), &view));
  assert_false(view.known);
  assert_false(is_known(store, client));
  count_names(store, client, 1);
  assert_true(store_count(store, client, good, 2, now(), &view));
  assert_true(view.known);
  assert_true(view.page.count[LEDGER_DELIVERED] > 0);
  store_close(store);
}

static void a_network_is_one_client(void **state)
{
  struct store *store = open_store();

  (void)state;
  assert_true(count_names(store, ip_of("2001:db8:1:2:3::4"), 100).began);
  assert_true(is_refused(store, ip_of("2001:db8:1:2:ffff::1")));
  assert_false(is_known(store, ip_of("2001:db8:1:3::1")));
  assert_int_equal(store_network(store, ip_of("192.0.2.7")).bits, 128);
  assert_int_equal(store_network(store, ip_of("2001:db8:1:2:3::4")).bits, 64);
  assert_true(
      ip_equals(store_network(store, ip_of("2001:db8:1:2:3::4")).base, ip_of("2001:db8:1:2::")));
  store_close(store);
}

static void new_limits_count_from_now_on(void **state)
{
  struct store *store = open_store();
  struct ledger_settings ledger;

  (void)state;
  ledger_defaults(&ledger); /* without limits */
  store_tune(store, &ledger);
  assert_false(count_names(store, ip_of("192.0.2.7"), 100).began);
  store_close(store);
}

/* Surviving */

static void refusals_survive_an_orderly_end(void **state)
{
  struct store *store = open_store();

  (void)state;
  assert_true(count_names(store, ip_of("192.0.2.7"), 100).began);
  count_names(store, ip_of("192.0.2.8"), 1);
  store_close(store);
  store = open_store();
  assert_true(is_refused(store, ip_of("192.0.2.7")));
  assert_true(is_known(store, ip_of("192.0.2.8")));
  assert_int_equal(noted[STORE_SET_ASIDE], 0);
  store_close(store);
}

/* The same secret, so that a name counted before the restart is no different one after it. */
static void names_are_the_same_after_a_restart(void **state)
{
  struct ip client = ip_of("192.0.2.7");
  struct store_view before, after;
  struct store *store = open_store();

  (void)state;
  before = count_names(store, client, 3);
  store_close(store);
  store = open_store();
  after = count_names(store, client, 3);
  assert_memory_equal(before.page.sketch, after.page.sketch, sizeof(before.page.sketch));
  store_close(store);
}

static bool all_is_written(struct store *store)
{
  unsigned count = 0;

  for (size_t i = 0; i < STORE_PARTS; i++) {
    pthread_mutex_lock(&store->parts[i].lock);
    count += store->parts[i].count;
    pthread_mutex_unlock(&store->parts[i].lock);
  }
  return count == 0;
}

/* Counts without an end, in a process of its own, which tells when the first refusal is written. */
static void count_until_killed(int tell)
{
  struct store *store = open_store();

  count_names(store, ip_of("192.0.2.7"), 100);
  for (unsigned waits = 0; !all_is_written(store); waits++) {
    if (waits == PATIENCE_MS / 5)
      _exit(1);
    pause_a_moment();
  }
  (void)!write(tell, "", 1);
  for (unsigned i = 0;; i++)
    count_names(store, nth(1, i), 3);
}

static void refusals_survive_being_killed(void **state)
{
  (void)state;
  for (unsigned round = 0; round < 8; round++) {
    struct store *store;
    int tell[2], how;
    pid_t child;
    char byte;

    assert_int_equal(pipe(tell), 0);
    child = fork();
    if (child == 0)
      count_until_killed(tell[1]);
    close(tell[1]);
    assert_int_equal(read(tell[0], &byte, 1), 1);
    for (unsigned i = 0; i < 30 + round; i++)
      pause_a_moment();
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &how, 0), child);
    close(tell[0]);
    store = open_store();
    assert_int_equal(noted[STORE_SET_ASIDE], 0);
    assert_true(is_refused(store, ip_of("192.0.2.7")));
    store_close(store);
  }
}

/* Bounds */

static void a_flood_does_not_push_out_offenders(void **state)
{
  enum { ENTRIES = 1000, OFFENDERS = 100, FLOOD = 12000 };
  struct store *store = open_with(ENTRIES);
  unsigned known = 0;

  (void)state;
  for (unsigned i = 0; i < OFFENDERS; i++)
    assert_true(count_names(store, nth(1, i), 100).began);
  for (unsigned i = 0; i < FLOOD; i++)
    count_names(store, nth(2, i), 1);
  store_close(store);
  store = open_with(ENTRIES);
  for (unsigned i = 0; i < OFFENDERS; i++)
    assert_true(is_refused(store, nth(1, i)));
  for (unsigned i = 0; i < FLOOD; i++)
    known += is_known(store, nth(2, i));
  assert_in_range(known, ENTRIES / 2 - OFFENDERS, ENTRIES - OFFENDERS);
  store_close(store);
}

static struct netblock v4(unsigned second, unsigned n)
{
  struct ip ip = {{[10] = 0xff, [11] = 0xff, 10, (uint8_t)second, (uint8_t)(n >> 8), (uint8_t)n}};

  return netblock_around(ip, 128);
}

static void refuse_many(struct store *store, bool is_v4, unsigned which, unsigned count,
                        uint32_t seconds)
{
  for (unsigned i = 0; i < count; i++)
    assert_true(store_refuse(
        store, is_v4 ? v4(which, i) : netblock_around(nth((uint8_t)which, i), 64), seconds, now()));
}

static unsigned count_refused(struct store *store, bool is_v4, unsigned which, unsigned count)
{
  unsigned refused = 0;

  for (unsigned i = 0; i < count; i++)
    refused += is_refused(store, is_v4 ? v4(which, i).base : nth((uint8_t)which, i));
  return refused;
}

/* Whatever their addresses are. */
static void of_the_refused_the_lightest_leave_first(void **state)
{
  enum { HEAVY = 400, LIGHT = 900 };
  struct store *store = open_with(1000);

  (void)state;
  refuse_many(store, true, 2, LIGHT, 3600);
  refuse_many(store, true, 1, HEAVY, 7200);
  refuse_many(store, true, 3, HEAVY, 7200);
  store_close(store);
  store = open_with(1000);
  assert_int_equal(count_refused(store, true, 1, HEAVY), HEAVY);
  assert_int_equal(count_refused(store, true, 3, HEAVY), HEAVY);
  assert_in_range(count_refused(store, true, 2, LIGHT), 1, 1000 - 2 * HEAVY);
  store_close(store);
}

/* As when each of countless networks asks until it is refused. */
static void a_flood_of_refused_ipv6_does_not_push_out_ipv4(void **state)
{
  enum { OFFENDERS = 400, FLOOD = 3000 };
  struct store *store = open_with(1000);

  (void)state;
  refuse_many(store, true, 1, OFFENDERS, 3600);
  refuse_many(store, false, 2, FLOOD, 7200);
  store_close(store);
  store = open_with(1000);
  assert_int_equal(count_refused(store, true, 1, OFFENDERS), OFFENDERS);
  assert_in_range(count_refused(store, false, 2, FLOOD), 1, 1000 - OFFENDERS);
  store_close(store);
}

/* Disks */

static void without_a_folder_there_is_no_store(void **state)
{
  (void)state;
  snprintf(folder + strlen(folder), 2, "x");
  assert_null(open_with(1000));
  folder[strlen(folder) - 1] = '\0';
  assert_int_equal(noted[STORE_FAILED], 1);
  assert_string_equal(last_note, "No such file or directory");
}

static void wait_for_note(enum store_note which)
{
  for (unsigned waits = 0; noted[which] == 0; waits++) {
    assert_true(waits < PATIENCE_MS / 5);
    pause_a_moment();
  }
}

static void a_full_disk_is_told_and_survived(void **state)
{
  struct rlimit before, small;
  struct store *store = open_store();
  struct stat status;

  (void)state;
  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &before);
  stat(file, &status);
  small = (struct rlimit){(rlim_t)status.st_size, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  for (unsigned i = 0; i < 200; i++)
    count_names(store, nth(1, i), 1);
  assert_true(count_names(store, ip_of("192.0.2.7"), 100).began);
  wait_for_note(STORE_FAILED);
  assert_true(is_refused(store, ip_of("192.0.2.7")));
  setrlimit(RLIMIT_FSIZE, &before);
  wait_for_note(STORE_RECOVERED);
  assert_true(is_refused(store, ip_of("192.0.2.7")));
  assert_int_equal(noted[STORE_FAILED], 1);
  assert_int_equal(noted[STORE_SET_ASIDE], 0);
  store_close(store);
  store = open_store();
  assert_true(is_refused(store, ip_of("192.0.2.7")));
  store_close(store);
}

/* Threads */

static void *count_and_look(void *context)
{
  struct store *store = context;

  for (unsigned i = 0; i < 2000; i++) {
    count_names(store, nth(3, i % 50), 1);
    is_known(store, nth(3, i % 70));
  }
  return NULL;
}

static void many_threads_count_together(void **state)
{
  enum { THREADS = 4 };
  struct store *store = open_store();
  pthread_t threads[THREADS];
  struct store_view view;

  (void)state;
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, count_and_look, store), 0);
  for (size_t i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  store_look(store, nth(3, 7), now(), &view);
  assert_in_range(view.page.count[LEDGER_UNKNOWN_RECIPIENT], 159 * 1024, 160 * 1024);
  store_close(store);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
      TEST(what_is_counted_is_seen_at_once),
      TEST(good_deeds_alone_leave_nothing_behind),
      TEST(a_network_is_one_client),
      TEST(new_limits_count_from_now_on),
      TEST(refusals_survive_an_orderly_end),
      TEST(names_are_the_same_after_a_restart),
      TEST(refusals_survive_being_killed),
      TEST(a_flood_does_not_push_out_offenders),
      TEST(of_the_refused_the_lightest_leave_first),
      TEST(a_flood_of_refused_ipv6_does_not_push_out_ipv4),
      TEST(without_a_folder_there_is_no_store),
      TEST(a_full_disk_is_told_and_survived),
      TEST(many_threads_count_together),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
