/*
 * The store: what is counted is seen at once and survives the process, however it ends; the bound
 * holds and offenders stay; a file that is damaged is set aside, whatever the damage.
 */
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOTES = STORE_LOST + 1, PATIENCE_MS = 60000, LIMIT = 10 };

static char folder[64], file[96];
static _Atomic unsigned noted[NOTES];
static char last_note[512];

static void note(enum store_note which, const char *detail)
{
  snprintf(last_note, sizeof(last_note), "%s", detail);
  noted[which]++;
}

static uint64_t now(void)
{
  struct timespec time;

  clock_gettime(CLOCK_REALTIME, &time);
  return (uint64_t)time.tv_sec * 1000;
}

static void pause_a_moment(void)
{
  nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

/* Folders */

static int make_folder(void **state)
{
  (void)state;
  snprintf(folder, sizeof(folder), "/tmp/store-test.XXXXXX");
  assert_non_null(mkdtemp(folder));
  snprintf(file, sizeof(file), "%s/ledger.mdb", folder);
  for (size_t i = 0; i < NOTES; i++)
    noted[i] = 0;
  return 0;
}

static int remove_folder(void **state)
{
  DIR *dir = opendir(folder);
  struct dirent *entry;
  char path[512];

  (void)state;
  while (dir != NULL && (entry = readdir(dir)) != NULL) {
    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
    if (entry->d_name[0] != '.')
      (void)remove(path);
  }
  if (dir != NULL)
    closedir(dir);
  return rmdir(folder);
}

static bool is_there(const char *name)
{
  char path[512];

  snprintf(path, sizeof(path), "%s/%s", folder, name);
  return access(path, F_OK) == 0;
}

/* Stores */

static struct store *open_with(unsigned entries)
{
  struct store_options options = {
      .directory = folder, .entries = entries, .ipv4_prefix = 32, .ipv6_prefix = 64, .note = note};
  struct store *store;

  ledger_defaults(&options.ledger);
  for (size_t i = 0; i < LEDGER_CAUSE_COUNT; i++)
    options.ledger.limit[i] = LIMIT;
  store = store_open(&options);
  if (store != NULL)
    assert_true(store_start(store));
  return store;
}

static struct store *open_store(void)
{
  struct store *store = open_with(1000);

  assert_non_null(store);
  return store;
}

static struct ip ip_of(const char *text)
{
  struct ip ip = {{0}};

  assert_true(ip_parse(span_from(text), &ip));
  return ip;
}

/* The n-th of many networks, by the first byte of a third of IPv6's. */
static struct ip nth(uint8_t third, unsigned n)
{
  struct ip ip = {
      {0x20, third, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, 1, 1}};

  return ip;
}

static struct store_view count_names(struct store *store, struct ip client, unsigned names)
{
  struct store_view view = {.known = false};

  for (unsigned i = 0; i < names; i++) {
    struct ledger_entry entry = {.event = LEDGER_UNKNOWN_RECIPIENT,
                                 .times = 1,
                                 .hash = (i + 1) * UINT64_C(0x9e3779b97f4a7c15)};

    for (unsigned waits = 0; !store_count(store, client, &entry, 1, now(), &view); waits++) {
      assert_true(waits < PATIENCE_MS / 5);
      pause_a_moment();
    }
    if (view.began)
      break;
  }
  return view;
}

static bool is_refused(struct store *store, struct ip client)
{
  struct store_view view;

  store_look(store, client, &view);
  return view.known && ledger_refused_for(&view.page, now()) > 0;
}

static bool is_known(struct store *store, struct ip client)
{
  struct store_view view;

  store_look(store, client, &view);
  return view.known;
}

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

/* Counts without an end, in a process of its own, which tells of the first refusal. */
static void count_until_killed(int tell)
{
  struct store *store = open_store();

  count_names(store, ip_of("192.0.2.7"), 100);
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
    assert_int_equal(read(tell[0], &byte, 1), 1);
    for (unsigned i = 0; i < 30 + round; i++)
      pause_a_moment();
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &how, 0), child);
    close(tell[0]);
    close(tell[1]);
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

/* Damage */

/* A store with a refusal and enough others for a tree of some height; as bytes. */
static size_t make_file(unsigned char **bytes)
{
  struct store *store = open_store();
  struct stat status;
  FILE *from;

  assert_true(count_names(store, ip_of("192.0.2.7"), 100).began);
  for (unsigned i = 0; i < 300; i++)
    count_names(store, nth(1, i), 1);
  store_close(store);
  from = fopen(file, "rb");
  assert_non_null(from);
  assert_int_equal(fstat(fileno(from), &status), 0);
  *bytes = malloc((size_t)status.st_size);
  assert_int_equal(fread(*bytes, 1, (size_t)status.st_size, from), status.st_size);
  fclose(from);
  return (size_t)status.st_size;
}

static void write_file(const void *bytes, size_t size)
{
  FILE *to = fopen(file, "wb");

  assert_non_null(to);
  assert_int_equal(fwrite(bytes, 1, size, to), size);
  fclose(to);
}

/* Whether it was set aside; in any case there is a store that works. */
static bool is_set_aside(void)
{
  unsigned before = noted[STORE_SET_ASIDE];
  struct store *store = open_store();

  count_names(store, ip_of("192.0.2.9"), 1);
  store_close(store);
  store = open_store();
  assert_true(is_known(store, ip_of("192.0.2.9")));
  store_close(store);
  return noted[STORE_SET_ASIDE] > before;
}

static void what_is_no_file_of_ours_is_set_aside(void **state)
{
  static const char garbage[8192] = "this is no file of pages";

  (void)state;
  write_file(garbage, sizeof(garbage));
  assert_true(is_set_aside());
  assert_true(is_there("ledger.mdb.unreadable-1"));
  write_file(garbage, 24);
  assert_true(is_set_aside());
  assert_true(is_there("ledger.mdb.unreadable-2"));
  assert_int_equal(unlink(file), 0);
  assert_int_equal(mkfifo(file, 0600), 0);
  assert_true(is_set_aside());
  assert_int_equal(unlink(file), 0);
  assert_int_equal(mkdir(file, 0700), 0);
  assert_true(is_set_aside());
  write_file("", 0);
  assert_false(is_set_aside());
  for (unsigned i = 0; i < 10; i++) {
    write_file(garbage, sizeof(garbage));
    assert_true(is_set_aside());
  }
}

static void another_version_is_set_aside(void **state)
{
  const char name[] = "milter-strict ledger";
  unsigned char *bytes;
  size_t size = make_file(&bytes), found = 0;

  (void)state;
  for (size_t i = 0; i + 32 < size; i++)
    if (memcmp(bytes + i, name, sizeof(name)) == 0) {
      bytes[i + 24]++;
      found++;
    }
  assert_true(found > 0);
  write_file(bytes, size);
  assert_true(is_set_aside());
  free(bytes);
}

static void a_file_cut_short_is_set_aside(void **state)
{
  unsigned char *bytes;
  size_t size = make_file(&bytes);

  (void)state;
  for (unsigned eighths = 1; eighths < 8; eighths++) {
    write_file(bytes, size / 8 * eighths);
    is_set_aside();
  }
  assert_true(noted[STORE_SET_ASIDE] >= 4);
  free(bytes);
}

/* Most damage is found; some hits what nobody reads. None of it does harm. */
static void damage_anywhere_does_no_harm(void **state)
{
  enum { ROUNDS = 40, PAGE = 4096 };
  unsigned char *bytes, *damaged;
  size_t size = make_file(&bytes);

  (void)state;
  damaged = malloc(size);
  assert_non_null(damaged);
  srand(7);
  for (unsigned round = 0; round < ROUNDS; round++) {
    size_t at = (size_t)rand() % size;

    memcpy(damaged, bytes, size);
    for (unsigned i = 0; i < 64; i++)
      damaged[round % 2 == 0 ? (at / PAGE * PAGE + (size_t)rand() % PAGE) % size
                             : (size_t)rand() % size] = (unsigned char)rand();
    if (round % 4 == 0)
      memset(damaged + at / PAGE * PAGE, round % 8 == 0 ? 0 : 0xff,
             size - at / PAGE * PAGE < PAGE ? size - at / PAGE * PAGE : PAGE);
    write_file(damaged, size);
    is_set_aside();
  }
  assert_true(noted[STORE_SET_ASIDE] > 0);
  assert_int_equal(noted[STORE_FAILED], 0);
  free(damaged);
  free(bytes);
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
  store_look(store, nth(3, 7), &view);
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
      TEST(without_a_folder_there_is_no_store),
      TEST(a_full_disk_is_told_and_survived),
      TEST(what_is_no_file_of_ours_is_set_aside),
      TEST(another_version_is_set_aside),
      TEST(a_file_cut_short_is_set_aside),
      TEST(damage_anywhere_does_no_harm),
      TEST(many_threads_count_together),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
