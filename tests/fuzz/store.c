/*
 * Fuzz target: what stands in the store's file. LMDB itself crashes on a file that is damaged in
 * its structure, which is why a child process reads it first; what is here arbitrary are the keys
 * and pages in a file that is whole.
 *
 * The input is a row of records: a byte that says how long key and value are, the key, the value;
 * what is left after the last one are events for the sane pages among them.
 *
 * Checked: a look-up and a walk give pages that are sane, of networks that there can be, the same
 * both ways; a sane page stays sane whatever happens to it; who is merged with a page that they
 * have seen does not change.
 */
#include "store/pagefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGES = 8, KEY_MAX = 100 };

static struct pagefile file;
static struct pagefile_reader reader;
static struct ledger_page pages[PAGES];
static size_t page_count;

static void require(bool holds)
{
  if (!holds)
    abort();
}

/* A file without a name: nothing is left of it. */
static void open_file(void)
{
  char folder[] = "/tmp/milter-strict-fuzz-XXXXXX", path[64], lock[64], memory[200];
  struct text why = text_in(memory, sizeof(memory));

  require(mkdtemp(folder) != NULL);
  snprintf(path, sizeof(path), "%s/ledger.mdb", folder);
  snprintf(lock, sizeof(lock), "%s/ledger.mdb-lock", folder);
  require(pagefile_open(&file, path, 1000, 4, &why) == PAGEFILE_OK);
  require(pagefile_reader_open(&file, &reader));
  require(unlink(path) == 0 && unlink(lock) == 0 && rmdir(folder) == 0);
  /* a power cut is no concern of ours */
  require(mdb_env_set_flags(file.env, MDB_NOSYNC, 1) == MDB_SUCCESS);
}

/* As many bytes of the input as there are, and zeros. */
static void take(struct span *rest, void *out, size_t size)
{
  size_t have = rest->len < size ? rest->len : size;

  memset(out, 0, size);
  if (have > 0)
    memcpy(out, rest->at, have);
  *rest = span_slice(*rest, have, rest->len);
}

static void put_record(struct span *rest)
{
  char name[KEY_MAX], bytes[sizeof(struct ledger_page) + 8];
  unsigned char how;
  MDB_val key = {.mv_data = name}, value = {.mv_data = bytes};

  take(rest, &how, 1);
  key.mv_size = (how & 1) == 0 ? sizeof(struct pagefile_key) : 1 + how % KEY_MAX;
  value.mv_size = (how & 2) == 0 ? sizeof(struct ledger_page) : how % sizeof(bytes);
  take(rest, name, key.mv_size);
  take(rest, bytes, value.mv_size);
  require(mdb_put(file.writing, file.pages, &key, &value, 0) == MDB_SUCCESS);
}

static void write_file(struct span *rest)
{
  unsigned char count;

  take(rest, &count, 1);
  require(pagefile_begin(&file, NULL) == PAGEFILE_OK);
  require(mdb_drop(file.writing, file.pages, 0) == MDB_SUCCESS);
  for (unsigned i = 0; i < count % PAGES + 1U; i++)
    put_record(rest);
  require(pagefile_commit(&file, NULL) == PAGEFILE_OK);
}

static bool see(void *unused, const struct pagefile_key *key, const struct ledger_page *page)
{
  static const struct ledger_page none;
  struct ledger_page found;

  (void)unused;
  require(key->bits <= 128);
  if (pagefile_get(&file, &reader, key, &found) != PAGEFILE_OK) {
    require(memcmp(page, &none, sizeof(none)) == 0);
    return true;
  }
  require(ledger_is_sane(page) && memcmp(page, &found, sizeof(found)) == 0);
  require(page_count < PAGES);
  pages[page_count++] = found;
  return true;
}

struct happening {
  uint8_t what, page, event, times;
  uint8_t name, other, now[6];
};

static void happen(const struct ledger_settings *settings, const struct happening *it)
{
  struct ledger_page *page = &pages[it->page % page_count], *other = &pages[it->other % page_count];
  struct ledger_entry entry = {.event = it->event % LEDGER_EVENT_COUNT,
                               .times = UINT32_C(1) << it->times % 32,
                               .hash = it->name,
                               .withdrawn = it->other};
  struct ledger_page before;
  uint64_t now = 0;

  memcpy(&now, it->now, sizeof(it->now));
  switch (it->what % 4) {
  case 0:
    ledger_add(settings, page, &entry, now);
    break;
  case 1:
    ledger_refuse(settings, page, entry.times, now);
    break;
  case 2:
    ledger_forgive(page, now);
    break;
  default:
    ledger_merge(settings, page, other, now);
    before = *page;
    ledger_merge(settings, page, other, now);
    require(memcmp(page, &before, sizeof(before)) == 0);
  }
  require(now == 0 || ledger_is_sane(page));
  ledger_weight(page, now);
  ledger_standing(page, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct span rest = {(const char *)data, size};
  struct ledger_settings settings;
  struct happening it;

  if (file.env == NULL)
    open_file();
  ledger_defaults(&settings);
  for (size_t i = 0; i < LEDGER_CAUSE_COUNT; i++)
    settings.limit[i] = 15;
  write_file(&rest);
  page_count = 0;
  require(pagefile_walk(&file, NULL, see, NULL) == PAGEFILE_OK);
  while (page_count > 0 && rest.len > 0) {
    take(&rest, &it, sizeof(it));
    happen(&settings, &it);
  }
  return 0;
}
