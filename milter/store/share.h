/*
 * Sharing: several relays keep one account of each network, in Redis.
 *
 * Nobody who serves a client ever waits for Redis. What is counted goes into a queue; one thread
 * takes it from there, adds it to the network's record in Redis, and writes what other relays have
 * added, or whom they refuse, into the local store, where every look-up finds it. When Redis does
 * not answer in time the daemon goes on alone with its own store, tries again by itself, and then
 * brings both accounts together. When the queue is full, sharing loses events, and nothing else
 * does.
 *
 * Records are PREFIXpage:NETWORK, each a page of the ledger with an expiry; PREFIXstream tells of
 * refusals that begin or are lifted; PREFIXseed is the secret of all sketches. Whoever can write to
 * them can have anybody refused.
 *
 * share_open(), share_change() and share_close() are for the main thread; all else for any thread.
 */
#ifndef MILTER_STRICT_SHARE_H
#define MILTER_STRICT_SHARE_H

#include "redis.h"
#include "store.h"

enum { SHARE_PREFIX_SIZE = 65, SHARE_ERROR_SIZE = 200 };

/* What sharing has to tell; `detail` is text in one line, valid during the call. */
enum share_note {
  SHARE_BACK,    /* Redis answers: what is counted is shared; no detail */
  SHARE_ALONE,   /* it does not: `detail` is why; told once until it is back */
  SHARE_DROPPED, /* events were not shared: `detail` is how many; at most once a minute */
};

struct share_options {
  bool on;                        /* false: nothing is shared, and the rest is void */
  char prefix[SHARE_PREFIX_SIZE]; /* of all keys */
  struct redis_server server;
};

/* Where it reports to: called from its thread. */
struct share_ears {
  void (*note)(enum share_note note, const char *detail);
  /* A network is refused from now on because of what other relays know. */
  void (*refused)(struct netblock network, const struct ledger_page *page, uint64_t now);
};

struct share_state {
  bool on;
  bool connected;               /* and answering */
  uint64_t since;               /* when that last changed, milliseconds since the epoch; 0: never */
  unsigned long long sent;      /* changes of records made in Redis */
  unsigned long long learned;   /* networks refused because of what others know */
  unsigned long long lost;      /* events and records that were not shared */
  char error[SHARE_ERROR_SIZE]; /* the last one; "": none so far */
};

struct share;

/* NULL: not enough memory. The store must outlive it, unless share_close() says otherwise. Nothing
 * is shared before share_change(). */
struct share *share_open(struct store *store, const struct share_ears *ears);

/* Takes new options and settings of the ledger, whose seed is Redis's. Starts the thread when it is
 * needed first: false when there can be none. */
bool share_change(struct share *share, const struct share_options *options,
                  const struct ledger_settings *ledger);

/* For struct store_options: what was counted, and what an operator has set. Neither waits. */
void share_counted(void *share, struct netblock network, const struct ledger_entry *entries,
                   size_t count, uint64_t now);
void share_set(void *share, struct netblock network, const struct ledger_page *page, uint64_t now);

struct share_state share_state_get(struct share *share);

/*
 * Sends what waits, if that can be done at once, and ends. False when its thread hangs in the
 * look-up of a host's name: then it is left behind, the store with it, and neither may be closed
 * any more. NULL is fine.
 */
bool share_close(struct share *share);

/* The same, but leaves its memory to the end of the process: while there are threads that may still
 * count. */
bool share_leave(struct share *share);

#endif
