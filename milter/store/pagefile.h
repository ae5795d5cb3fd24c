/*
 * The ledger's pages in a file: LMDB, and what its users must be spared.
 *
 * The file is read through a mapping, by any number of readers, while one writer at a time changes
 * it; what a commit has written is found by every look-up that begins after it. Pages of the file
 * that are being read are never overwritten, so that a process that ends in the middle leaves the
 * file as the last commit left it; so does a machine.
 */
#ifndef MILTER_STRICT_PAGEFILE_H
#define MILTER_STRICT_PAGEFILE_H

#include "../policy/ledger.h"
#include "../policy/text.h"

#include <lmdb.h>

enum {
  PAGEFILE_NAME_MAX = 300,          /* bytes of the file's path */
  PAGEFILE_ENTRY_BYTES = 1024,      /* room in the file for one page, at worst */
  PAGEFILE_ROOM = 32 * 1024 * 1024, /* for everything else */
};

enum pagefile_fault {
  PAGEFILE_OK = 0,
  PAGEFILE_NONE,    /* there is no such page, or one that is not sane */
  PAGEFILE_DAMAGED, /* not to be read as a file of ours, or somebody else's */
  PAGEFILE_BROKEN,  /* it must be closed and opened again */
  PAGEFILE_FAILED,  /* it cannot be opened or written: the disk, memory */
};

/* Whose page it is. No padding: it is the key as it stands in the file. */
struct pagefile_key {
  uint8_t bits; /* of the network, as struct netblock has them */
  uint8_t base[16];
};

/* All zero: not open. */
struct pagefile {
  char path[PAGEFILE_NAME_MAX];
  MDB_env *env;
  MDB_dbi pages;
  MDB_txn *writing; /* between pagefile_begin() and _commit() */
  uint64_t seed;    /* made with the file, for struct ledger_settings */
};

/* Reads one page after the other; to be used by one thread at a time. */
struct pagefile_reader {
  MDB_txn *txn;
};

/*
 * Opens the file, or makes it, with room for so many pages and readers. On a fault `why` says more,
 * and the file is not open.
 */
enum pagefile_fault pagefile_open(struct pagefile *file, const char *path, unsigned entries,
                                  unsigned readers, struct text *why);

/* Closes; the readers must have been closed. One that is not open is fine. */
void pagefile_close(struct pagefile *file);

bool pagefile_reader_open(struct pagefile *file, struct pagefile_reader *reader);
void pagefile_reader_close(struct pagefile_reader *reader); /* one that is not open is fine */

/* The page of this key: OK or NONE, or DAMAGED or BROKEN. */
enum pagefile_fault pagefile_get(struct pagefile *file, struct pagefile_reader *reader,
                                 const struct pagefile_key *key, struct ledger_page *page);

/* How many pages there are. */
size_t pagefile_count(const struct pagefile *file);

/* Goes through the pages as they are now, in the order of their keys, from the key `from` or what
 * comes after it, NULL for the first, until `see` returns false. A page that is not sane is shown
 * as one that is all zero. */
enum pagefile_fault pagefile_walk(struct pagefile *file, const struct pagefile_key *from,
                                  bool (*see)(void *context, const struct pagefile_key *key,
                                              const struct ledger_page *page),
                                  void *context);

/*
 * Changes of the file, for one thread. After a fault of one of them there is nothing to commit:
 * what was begun is forgotten. `why` says more.
 */
enum pagefile_fault pagefile_begin(struct pagefile *file, struct text *why);
enum pagefile_fault pagefile_put(struct pagefile *file, const struct pagefile_key *key,
                                 const struct ledger_page *page, struct text *why);
enum pagefile_fault pagefile_delete(struct pagefile *file, const struct pagefile_key *key,
                                    struct text *why);
enum pagefile_fault pagefile_commit(struct pagefile *file, struct text *why);

/* Makes sure that the last commit, too, survives a power cut. */
enum pagefile_fault pagefile_sync(struct pagefile *file);

/* Gives the file another seed: a change of its own, from begin to commit. */
enum pagefile_fault pagefile_change_seed(struct pagefile *file, uint64_t seed, struct text *why);

/* A copy begins in a new file with the seed of another, and goes on in the order of the keys: one
 * out of order is DAMAGED. */
enum pagefile_fault pagefile_begin_copy(struct pagefile *file, uint64_t seed);
enum pagefile_fault pagefile_append(struct pagefile *file, const struct pagefile_key *key,
                                    const struct ledger_page *page);

/* Renames the file to PATH.unreadable-N and writes the name to `aside`. False when it cannot be. */
bool pagefile_set_aside(const char *path, struct text *aside);

#endif
