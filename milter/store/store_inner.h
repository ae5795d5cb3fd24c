/*
 * What the files of the store share: the table of changed pages, in parts with a lock each, and the
 * writer.
 */
#ifndef MILTER_STRICT_STORE_INNER_H
#define MILTER_STRICT_STORE_INNER_H

#include "pagefile.h"
#include "store.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
  STORE_PARTS = 64,   /* of the table: threads rarely meet in one */
  STORE_SLOTS = 64,   /* changed pages in a part */
  STORE_WIDTHS = 128, /* the widest prefix */
};

/* A page that has changed and is not written yet. */
struct store_slot {
  struct pagefile_key key;
  uint32_t changes; /* counted, so that the writer sees whether it wrote the latest */
  struct ledger_page page;
};

struct store_part {
  pthread_mutex_t lock;
  struct pagefile_reader reader;
  struct ledger_settings ledger;
  unsigned count; /* slots in use: the first ones */
  struct store_slot slots[STORE_SLOTS];
};

/* What the writer has collected of a part. */
struct store_batch {
  unsigned count;
  struct store_slot slots[STORE_SLOTS];
};

/* How soon the writer is wanted. */
enum store_haste {
  STORE_NOTHING, /* there is nothing to write */
  STORE_SOON,    /* pages have changed */
  STORE_NOW,     /* room is short, or a refusal has begun, which should outlive the process */
};

struct store {
  struct store_options options; /* without the directory and the ledger's settings */
  char path[PAGEFILE_NAME_MAX];
  uint64_t seed; /* so that clients cannot choose their part of the table */
  struct store_part parts[STORE_PARTS];
  _Atomic(unsigned long long) lost; /* events, since the last note of them */

  /* The writer's; the parts' readers read from `file` as well. Whoever else reads from it holds
   * `reading` for that long: it is opened and closed with `reading` held for writing. */
  struct pagefile file;
  pthread_rwlock_t reading;
  bool failing;              /* the last attempt failed, and that was noted */
  atomic_bool damaged;       /* the file must be set aside */
  atomic_bool broken;        /* it must be opened anew */
  uint64_t lost_told, swept; /* milliseconds of the monotonic clock: when that was last done */
  struct store_batch *batch; /* as many as there are parts */

  /* A bit for each width of networks that are neither clients' IPv4 nor IPv6 networks: those that
   * operators have refused. Set, never cleared while the process lives. */
  _Atomic uint64_t widths[STORE_WIDTHS / 64 + 1];

  pthread_mutex_t lock; /* of what follows */
  pthread_cond_t wake;
  atomic_uint haste; /* raised under the lock */
  bool runs, stops;
  bool adopts; /* another seed: `adopted` */
  uint64_t adopted;
  pthread_t writer;
};

/* Pages by their key; for store.c and its neighbours. */

struct store_part *store_part_of(struct store *store, const struct pagefile_key *key);
struct pagefile_key store_key(struct netblock network);
struct netblock store_network_of(const struct pagefile_key *key);

/* The slot of the page; NULL when it has not changed. The part must be locked. */
struct store_slot *store_find_slot(struct store_part *part, const struct pagefile_key *key);

/* Changes the page of this key under the lock of its part, or makes one, and shows what it is then.
 * False when there is no room in the table. */
bool store_change(struct store *store, const struct pagefile_key *key, enum store_haste haste,
                  void (*change)(void *context, const struct ledger_settings *ledger,
                                 struct ledger_page *page),
                  void *context, struct store_view *view);

/* Notes that there are networks of this width, if clients of its family have another. */
void store_note_width(struct store *store, struct netblock network);

/* Finds out which widths the file has. */
void store_find_widths(struct store *store);

/*
 * Opens the file and the parts' readers, after setting aside what is damaged; for store_open() and
 * the writer, while no reader is open. False, after a note, when there can be no file.
 */
bool store_open_file(struct store *store);

/* Closes the readers and the file: for now nobody finds what is in it. */
void store_close_file(struct store *store);

/* Notes that the file must be opened anew, if it is that kind of fault. Any thread. */
void store_note_fault(struct store *store, enum pagefile_fault fault);

/* Notes that it does not work, once until store_works() was called. */
void store_fails(struct store *store, const char *why);
void store_works(struct store *store);

/* Tells the writer. */
void store_hurry(struct store *store, enum store_haste haste);

/* Ends the writer, if it runs, after it has written everything. */
void store_stop(struct store *store);

/* Forgets pages that weigh nothing, and the lightest ones while there are more than the bound. */
enum pagefile_fault store_sweep(struct store *store, struct text *why);

/* Takes the seed that store_adopt_seed() was given last, if it was. For the writer. */
enum pagefile_fault store_take_seed(struct store *store, struct text *why);

/* Milliseconds of the monotonic clock. */
uint64_t store_clock(void);

#endif
