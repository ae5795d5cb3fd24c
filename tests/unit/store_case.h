/*
 * What the tests of the store share: a private folder, a store in it, and clients that probe.
 */
#ifndef MILTER_STRICT_STORE_CASE_H
#define MILTER_STRICT_STORE_CASE_H

#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NOTES = STORE_LOST + 1, PATIENCE_MS = 60000, LIMIT = 10 };

static char folder[64], file[96];
static _Atomic unsigned noted[NOTES];
static char last_note[512];

static inline void note(enum store_note which, const char *detail)
{
  snprintf(last_note, sizeof(last_note), "%s", detail);
  noted[which]++;
}

static inline uint64_t now(void)
{
  struct timespec time;

  clock_gettime(CLOCK_REALTIME, &time);
  return (uint64_t)time.tv_sec * 1000;
}

static inline void pause_a_moment(void)
{
  nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

/* Folders */

static inline int make_folder(void **state)
{
  (void)state;
  snprintf(folder, sizeof(folder), "/tmp/store-test.XXXXXX");
  assert_non_null(mkdtemp(folder));
  snprintf(file, sizeof(file), "%s/ledger.mdb", folder);
  for (size_t i = 0; i < NOTES; i++)
    noted[i] = 0;
  return 0;
}

static inline int remove_folder(void **state)
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

/* Stores */

static inline struct store_options options_of(unsigned entries)
{
  struct store_options options = {
      .directory = folder, .entries = entries, .ipv4_prefix = 32, .ipv6_prefix = 64, .note = note};

  ledger_defaults(&options.ledger);
  for (size_t i = 0; i < LEDGER_CAUSE_COUNT; i++)
    options.ledger.limit[i] = LIMIT;
  return options;
}

static inline struct store *open_with(unsigned entries)
{
  struct store_options options = options_of(entries);
  struct store *store = store_open(&options);

  if (store != NULL)
    assert_true(store_start(store));
  return store;
}

static inline struct store *open_store(void)
{
  struct store *store = open_with(1000);

  assert_non_null(store);
  return store;
}

static inline struct ip ip_of(const char *text)
{
  struct ip ip = {{0}};

  assert_true(ip_parse(span_from(text), &ip));
  return ip;
}

/* The n-th of many networks, by the first byte of a third of IPv6's. */
static inline struct ip nth(uint8_t third, unsigned n)
{
  struct ip ip = {
      {0x20, third, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, 1, 1}};

  return ip;
}

static inline struct store_view count_names(struct store *store, struct ip client, unsigned names)
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

static inline bool is_refused(struct store *store, struct ip client)
{
  struct store_view view;

  store_look(store, client, now(), &view);
  return view.known && ledger_refused_for(&view.page, now()) > 0;
}

static inline bool is_known(struct store *store, struct ip client)
{
  struct store_view view;

  store_look(store, client, now(), &view);
  return view.known;
}

#endif
