/*
 * The store under a flood: offenders are refused, then so many other networks each ask for one
 * unknown name, and it is measured what a look-up costs meanwhile and afterwards, whether the
 * offenders are still refused, and how large file and process have become.
 *
 *   store FOLDER NETWORKS ENTRIES    an empty folder; networks of the flood; bound of the store
 *
 * Prints a line a figure: the number, its name.
 */
#include "store/store.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { OFFENDERS = 1000, NAMES = 30, ROUNDS = 10000, ROUND = 100 };

static uint64_t now; /* milliseconds; stands still during the flood */

/* The n-th /64 of one of some /32s. */
static struct ip network_of(uint32_t kind, uint32_t number)
{
  struct ip ip = {{0x20, 0x01, 0x0d, (uint8_t)kind}};

  for (unsigned i = 0; i < 4; i++)
    ip.bytes[4 + i] = (uint8_t)(number >> (24 - 8 * i));
  return ip;
}

/* Counts an unknown name, waiting for room where a door would lose the event. */
static void ask(struct store *store, struct ip ip, uint64_t name)
{
  const struct ledger_entry entry = {
      .event = LEDGER_UNKNOWN_RECIPIENT, .times = 1, .hash = name * 0x9e3779b97f4a7c15};
  struct store_view view;

  while (!store_count(store, ip, &entry, 1, now, &view))
    sched_yield();
}

static double nanoseconds(void)
{
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int ascending(const void *left, const void *right)
{
  double one = *(const double *)left, other = *(const double *)right;

  return (one > other) - (one < other);
}

/* Nanoseconds of one of a round of look-ups. */
static double look_round(struct store *store, uint32_t kind, uint32_t networks)
{
  static uint32_t number;
  struct store_view view;
  double before = nanoseconds();

  for (unsigned i = 0; i < ROUND; i++)
    store_look(store, network_of(kind, number = (number + 7919) % networks), now, &view);
  return (nanoseconds() - before) / ROUND;
}

static double rounds[ROUNDS];

/* The median of so many rounds: the scheduler makes some of them longer. */
static double median(size_t count)
{
  qsort(rounds, count, sizeof(rounds[0]), ascending);
  return rounds[count / 2];
}

static double look(struct store *store, uint32_t kind, uint32_t networks)
{
  for (unsigned i = 0; i < ROUNDS; i++)
    rounds[i] = look_round(store, kind, networks);
  return median(ROUNDS);
}

static unsigned still_refused(struct store *store)
{
  struct store_view view;
  unsigned count = 0;

  for (uint32_t i = 0; i < OFFENDERS; i++) {
    store_look(store, network_of(1, i), now, &view);
    count += view.known && ledger_refused_for(&view.page, now) > 0;
  }
  return count;
}

/* Bytes of all files in the folder, as they take room on the disk. */
static double folder_size(const char *path)
{
  DIR *folder = opendir(path);
  double size = 0;

  for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
    struct stat about;

    if (fstatat(dirfd(folder), entry->d_name, &about, 0) == 0 && S_ISREG(about.st_mode))
      size += (double)about.st_blocks * 512;
  }
  if (folder != NULL)
    closedir(folder);
  return size;
}

/* Bytes of memory that the process has to itself, pages of the mapped file left out. */
static double own_memory(void)
{
  FILE *file = fopen("/proc/self/statm", "r");
  unsigned long resident = 0, shared = 0;

  if (file != NULL) {
    if (fscanf(file, "%*u %lu %lu", &resident, &shared) != 2)
      resident = shared = 0;
    fclose(file);
  }
  return (double)(resident - shared) * (double)sysconf(_SC_PAGESIZE);
}

/* Lost events are repeated. */
static void note(enum store_note kind, const char *detail)
{
  if (kind != STORE_LOST)
    fprintf(stderr, "store: note %d: %s\n", (int)kind, detail);
}

static struct {
  struct store *store;
  uint32_t networks;
  double memory; /* the most that was taken */
  atomic_bool over;
} flood;

static void *pour(void *unused)
{
  (void)unused;
  for (uint32_t i = 0; i < flood.networks; i++) {
    ask(flood.store, network_of(2, i), i);
    if (i % (flood.networks / 100) == 0 && own_memory() > flood.memory)
      flood.memory = own_memory();
  }
  atomic_store(&flood.over, true);
  return NULL;
}

/* Nanoseconds of a look-up of an offender while the flood is counted, written and swept. */
static double look_in_flood(void)
{
  const struct timespec pause = {.tv_nsec = 200000};
  pthread_t thread;
  size_t count = 0;

  if (pthread_create(&thread, NULL, pour, NULL) != 0)
    exit(EXIT_FAILURE);
  do {
    rounds[count++ % ROUNDS] = look_round(flood.store, 1, OFFENDERS);
    nanosleep(&pause, NULL);
  } while (!atomic_load(&flood.over));
  pthread_join(thread, NULL);
  return median(count < ROUNDS ? count : ROUNDS);
}

static void measure(const char *folder)
{
  printf("%.0f\tns: look-up of a client refused, in a flood\n", look_in_flood());
  printf("%.0f\tns: look-up of a client not known\n", look(flood.store, 3, flood.networks));
  printf("%.0f\tns: look-up of a client refused\n", look(flood.store, 1, OFFENDERS));
  printf("%u\toffenders still refused after the flood\n", still_refused(flood.store));
  printf("%.0f\tKiB of the file\n", folder_size(folder) / 1024);
  printf("%.0f\tKiB of memory, at most\n",
         (flood.memory > own_memory() ? flood.memory : own_memory()) / 1024);
}

int main(int argc, char **argv)
{
  struct store_options options = {.ipv4_prefix = 32, .ipv6_prefix = 64, .note = note};
  struct store *store;

  if (argc != 4) {
    fputs("usage: store FOLDER NETWORKS ENTRIES\n", stderr);
    return EXIT_FAILURE;
  }
  now = (uint64_t)time(NULL) * 1000;
  options.directory = argv[1];
  flood.networks = (uint32_t)strtoul(argv[2], NULL, 10);
  options.entries = (unsigned)strtoul(argv[3], NULL, 10);
  ledger_defaults(&options.ledger);
  options.ledger.limit[LEDGER_CAUSE_RECIPIENTS] = 20;
  store = store_open(&options);
  if (store == NULL || !store_start(store) || flood.networks < 100)
    return EXIT_FAILURE;
  flood.store = store;
  for (uint32_t i = 0; i < OFFENDERS; i++)
    for (uint64_t name = 0; name < NAMES; name++)
      ask(store, network_of(1, i), name);
  measure(argv[1]);
  store_close(store);
  return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
