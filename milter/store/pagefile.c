/*
 * LMDB with two promises of its own given up and kept by other means: it syncs what it writes but
 * not the word that this is the latest state (MDB_NOMETASYNC), so that a power cut may cost the
 * last commits but never the file; and it trusts its file, so that pagefile_check() reads it first
 * in a process that may fall.
 */
#include "pagefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FORMAT_VERSION = 2, FILE_MODE = 0600 };

/* The first entry of the file: what it is, so that no other program's file is taken for ours. */
struct format {
  char name[24];
  uint32_t version;
  uint32_t page_size;
  uint64_t seed;
};

static const char format_name[24] = "milter-strict ledger";
static uint8_t format_key = 0; /* shorter than a page's key, and before them all */

_Static_assert(sizeof(struct pagefile_key) == 17, "a key has no padding");

static enum pagefile_fault fault_of(int code, struct text *why)
{
  if (code == MDB_SUCCESS)
    return PAGEFILE_OK;
  if (why != NULL)
    text_add(why, mdb_strerror(code));
  if (code == MDB_PANIC)
    return PAGEFILE_BROKEN;
  return code == MDB_INVALID || code == MDB_VERSION_MISMATCH || code == MDB_CORRUPTED ||
                 code == MDB_PAGE_NOTFOUND || code == MDB_INCOMPATIBLE || code == MDB_BAD_VALSIZE ||
                 code == MDB_CURSOR_FULL || code == MDB_PAGE_FULL || code == EACCES
             ? PAGEFILE_DAMAGED
             : PAGEFILE_FAILED;
}

/* A page as it stands in the file, which may be aligned to two bytes only. */
static bool page_of(const MDB_val *value, struct ledger_page *page)
{
  if (value->mv_size != sizeof(*page))
    return false;
  memcpy(page, value->mv_data, sizeof(*page));
  return ledger_is_sane(page);
}

static MDB_val value_of_key(const struct pagefile_key *key)
{
  return (MDB_val){.mv_size = sizeof(*key), .mv_data = (void *)(uintptr_t)key};
}

/* Opening */

static uint64_t random_seed(void)
{
  uint64_t seed;

  if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
    seed = (uint64_t)time(NULL); /* early in the boot; good enough */
  return seed;
}

static int write_format(struct pagefile *file, MDB_txn *txn, uint64_t seed)
{
  struct format format = {
      .version = FORMAT_VERSION, .page_size = sizeof(struct ledger_page), .seed = seed};
  MDB_val key = {sizeof(format_key), &format_key}, value = {sizeof(format), &format};

  memcpy(format.name, format_name, sizeof(format.name));
  file->seed = seed;
  return mdb_put(txn, file->pages, &key, &value, 0);
}

/* Reads what the file is, or writes it when it is empty. */
static int settle_format(struct pagefile *file, MDB_txn *txn)
{
  MDB_val key = {sizeof(format_key), &format_key}, value;
  struct format format;
  MDB_stat stat;
  int code = mdb_dbi_open(txn, NULL, 0, &file->pages);

  if (code == MDB_SUCCESS)
    code = mdb_stat(txn, file->pages, &stat);
  if (code == MDB_SUCCESS && stat.ms_entries == 0)
    return write_format(file, txn, random_seed());
  if (code == MDB_SUCCESS)
    code = mdb_get(txn, file->pages, &key, &value);
  if (code == MDB_NOTFOUND || (code == MDB_SUCCESS && value.mv_size != sizeof(format)))
    return MDB_INVALID;
  if (code != MDB_SUCCESS)
    return code;
  memcpy(&format, value.mv_data, sizeof(format));
  file->seed = format.seed;
  return memcmp(format.name, format_name, sizeof(format.name)) == 0 &&
                 format.version == FORMAT_VERSION && format.page_size == sizeof(struct ledger_page)
             ? MDB_SUCCESS
             : MDB_VERSION_MISMATCH;
}

/*
 * Makes the file as long as it says it is: what is mapped and not there would end the process.
 * Pages at the end that were never written are LMDB's right; in a file that was cut short they are
 * found to be empty.
 */
static int fill_length(MDB_env *env)
{
  MDB_envinfo info;
  MDB_stat stat;
  struct stat status;
  off_t length;
  int fd;

  mdb_env_info(env, &info);
  mdb_env_stat(env, &stat);
  length = (off_t)((info.me_last_pgno + 1) * stat.ms_psize);
  if (mdb_env_get_fd(env, &fd) != MDB_SUCCESS || fstat(fd, &status) != 0 ||
      (status.st_size < length && ftruncate(fd, length) != 0))
    return errno;
  return MDB_SUCCESS;
}

/*
 * LMDB keeps account of its readers in a mapped file beside the other. Where the disk has no room
 * for what is mapped the process is ended, so room is made before.
 */
static int reserve_lock(const char *path, unsigned readers)
{
  enum { READER_BYTES = 64, OTHERS = 8 };
  char memory[PAGEFILE_NAME_MAX + 8];
  struct text name = text_in(memory, sizeof(memory));
  int fd, code;

  text_add(&name, path);
  text_add(&name, "-lock");
  fd = open(name.at, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
  if (fd < 0 && errno == EACCES &&
      unlink(name.at) == 0) /* somebody else's; there is no more in it */
    fd = open(name.at, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
  if (fd < 0)
    return errno;
  code = posix_fallocate(fd, 0, (off_t)(readers + OTHERS) * READER_BYTES);
  close(fd);
  return code;
}

static int open_env(struct pagefile *file, unsigned entries, unsigned readers)
{
  size_t size = (size_t)entries * PAGEFILE_ENTRY_BYTES + PAGEFILE_ROOM;
  MDB_txn *txn = NULL;
  int code = mdb_env_create(&file->env);

  if (code != MDB_SUCCESS)
    return code;
  mdb_env_set_mapsize(file->env, size);
  mdb_env_set_maxreaders(file->env, readers);
  code = reserve_lock(file->path, readers);
  if (code == MDB_SUCCESS)
    code =
        mdb_env_open(file->env, file->path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NOMETASYNC, FILE_MODE);
  if (code == MDB_SUCCESS)
    code = fill_length(file->env);
  if (code == MDB_SUCCESS)
    code = mdb_txn_begin(file->env, NULL, 0, &txn);
  if (code == MDB_SUCCESS)
    code = settle_format(file, txn);
  if (code == MDB_SUCCESS) {
    code = mdb_txn_commit(txn);
    txn = NULL;
  }
  if (txn != NULL)
    mdb_txn_abort(txn);
  return code;
}

enum pagefile_fault pagefile_open(struct pagefile *file, const char *path, unsigned entries,
                                  unsigned readers, struct text *why)
{
  struct stat status;
  bool is_new = lstat(path, &status) != 0;
  int code;

  *file = (struct pagefile){.env = NULL};
  if (strlen(path) >= sizeof(file->path))
    return fault_of(ENAMETOOLONG, why);
  memcpy(file->path, path, strlen(path) + 1);
  code = open_env(file, entries, readers);
  if (code != MDB_SUCCESS)
    pagefile_close(file);
  if (code != MDB_SUCCESS && is_new) /* or half of it would be taken for a damaged one */
    (void)unlink(path);
  if (code == ENOMEM || code == EFBIG) /* it says that it is larger than anything can be */
    code = MDB_CORRUPTED;
  return fault_of(code, why);
}

void pagefile_close(struct pagefile *file)
{
  if (file->writing != NULL)
    mdb_txn_abort(file->writing);
  if (file->env != NULL)
    mdb_env_close(file->env);
  file->writing = NULL;
  file->env = NULL;
}

bool pagefile_set_aside(const char *path, struct text *aside)
{
  enum { KEPT = 9 };
  char digit[2] = "1";

  for (;; digit[0]++) {
    struct stat status;

    text_clear(aside);
    text_add(aside, path);
    text_add(aside, ".unreadable-");
    text_add(aside, digit);
    if (digit[0] == '0' + KEPT || (lstat(aside->at, &status) != 0 && errno == ENOENT))
      return !aside->cut && rename(path, aside->at) == 0;
  }
}

/* Reading */

bool pagefile_reader_open(struct pagefile *file, struct pagefile_reader *reader)
{
  if (mdb_txn_begin(file->env, NULL, MDB_RDONLY, &reader->txn) != MDB_SUCCESS) {
    reader->txn = NULL;
    return false;
  }
  mdb_txn_reset(reader->txn);
  return true;
}

void pagefile_reader_close(struct pagefile_reader *reader)
{
  if (reader->txn != NULL)
    mdb_txn_abort(reader->txn);
  reader->txn = NULL;
}

enum pagefile_fault pagefile_get(struct pagefile *file, struct pagefile_reader *reader,
                                 const struct pagefile_key *key, struct ledger_page *page)
{
  MDB_val name = value_of_key(key), value;
  enum pagefile_fault fault = PAGEFILE_FAILED;
  int code;

  if (mdb_txn_renew(reader->txn) != MDB_SUCCESS)
    return PAGEFILE_BROKEN;
  code = mdb_get(reader->txn, file->pages, &name, &value);
  if (code == MDB_SUCCESS)
    fault = page_of(&value, page) ? PAGEFILE_OK : PAGEFILE_NONE;
  else
    fault = code == MDB_NOTFOUND ? PAGEFILE_NONE : fault_of(code, NULL);
  mdb_txn_reset(reader->txn);
  return fault;
}

size_t pagefile_count(const struct pagefile *file)
{
  MDB_stat stat;

  return mdb_env_stat(file->env, &stat) == MDB_SUCCESS && stat.ms_entries > 0 ? stat.ms_entries - 1
                                                                              : 0;
}

/* A key that no network has is not one of ours, and goes when the file is written anew. */
static bool key_of(const MDB_val *value, struct pagefile_key *key)
{
  if (value->mv_size != sizeof(*key))
    return false;
  memcpy(key, value->mv_data, sizeof(*key));
  return key->bits <= 8 * sizeof(key->base);
}

enum pagefile_fault pagefile_walk(struct pagefile *file, const struct pagefile_key *from,
                                  bool (*see)(void *context, const struct pagefile_key *key,
                                              const struct ledger_page *page),
                                  void *context)
{
  MDB_cursor *cursor = NULL;
  MDB_txn *txn = NULL;
  MDB_val key, value;
  int code = mdb_txn_begin(file->env, NULL, MDB_RDONLY, &txn);

  if (code == MDB_SUCCESS)
    code = mdb_cursor_open(txn, file->pages, &cursor);
  if (from != NULL)
    key = value_of_key(from);
  if (code == MDB_SUCCESS)
    code = mdb_cursor_get(cursor, &key, &value, from == NULL ? MDB_FIRST : MDB_SET_RANGE);
  for (; code == MDB_SUCCESS; code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
    struct pagefile_key name;
    struct ledger_page page;

    if (!key_of(&key, &name))
      continue;
    if (!page_of(&value, &page))
      page = (struct ledger_page){0};
    if (!see(context, &name, &page))
      break;
  }
  if (cursor != NULL)
    mdb_cursor_close(cursor);
  if (txn != NULL)
    mdb_txn_abort(txn);
  return code == MDB_NOTFOUND ? PAGEFILE_OK : fault_of(code, NULL);
}

/* Writing */

static enum pagefile_fault written(struct pagefile *file, int code, struct text *why)
{
  if (code != MDB_SUCCESS && file->writing != NULL) {
    mdb_txn_abort(file->writing);
    file->writing = NULL;
  }
  return fault_of(code, why);
}

enum pagefile_fault pagefile_begin(struct pagefile *file, struct text *why)
{
  return written(file, mdb_txn_begin(file->env, NULL, 0, &file->writing), why);
}

enum pagefile_fault pagefile_put(struct pagefile *file, const struct pagefile_key *key,
                                 const struct ledger_page *page, struct text *why)
{
  MDB_val name = value_of_key(key);
  MDB_val value = {.mv_size = sizeof(*page), .mv_data = (void *)(uintptr_t)page};

  return written(file, mdb_put(file->writing, file->pages, &name, &value, 0), why);
}

enum pagefile_fault pagefile_delete(struct pagefile *file, const struct pagefile_key *key,
                                    struct text *why)
{
  MDB_val name = value_of_key(key);
  int code = mdb_del(file->writing, file->pages, &name, NULL);

  return written(file, code == MDB_NOTFOUND ? MDB_SUCCESS : code, why);
}

enum pagefile_fault pagefile_sync(struct pagefile *file)
{
  return fault_of(mdb_env_sync(file->env, 1), NULL);
}

enum pagefile_fault pagefile_begin_copy(struct pagefile *file, uint64_t seed)
{
  enum pagefile_fault fault = pagefile_begin(file, NULL);

  return fault == PAGEFILE_OK ? written(file, write_format(file, file->writing, seed), NULL)
                              : fault;
}

enum pagefile_fault pagefile_append(struct pagefile *file, const struct pagefile_key *key,
                                    const struct ledger_page *page)
{
  MDB_val name = value_of_key(key);
  MDB_val value = {.mv_size = sizeof(*page), .mv_data = (void *)(uintptr_t)page};
  int code = mdb_put(file->writing, file->pages, &name, &value, MDB_APPEND);

  return written(file, code == MDB_KEYEXIST ? MDB_CORRUPTED : code, NULL);
}

enum pagefile_fault pagefile_commit(struct pagefile *file, struct text *why)
{
  MDB_txn *txn = file->writing;

  file->writing = NULL;
  return written(file, mdb_txn_commit(txn), why);
}

enum pagefile_fault pagefile_change_seed(struct pagefile *file, uint64_t seed, struct text *why)
{
  uint64_t before = file->seed;
  enum pagefile_fault fault = pagefile_begin(file, why);

  if (fault == PAGEFILE_OK)
    fault = written(file, write_format(file, file->writing, seed), why);
  if (fault == PAGEFILE_OK)
    fault = pagefile_commit(file, why);
  if (fault != PAGEFILE_OK)
    file->seed = before;
  return fault;
}
