/*
 * The store: the ledger's pages by client network, in a file of the state directory.
 *
 * Looking and counting never wait for a disk: pages that have changed stay in a small table in
 * memory, where every look-up finds them at once, and one thread writes them to the file. An event
 * for which the table has no room is lost and counted. What is written survives the process,
 * however it ends, and the machine; what happened in the last second may not.
 *
 * store_open() and store_close() are for a process that has one thread, as is store_start() which
 * starts the writer; everything else is for any thread.
 */
#ifndef MILTER_STRICT_STORE_H
#define MILTER_STRICT_STORE_H

#include "../policy/ledger.h"
#include "../policy/netblock.h"

#include <stdatomic.h>

struct store;

/* What the store has to tell; `detail` is text in one line, valid during the call. */
enum store_note {
  STORE_SET_ASIDE, /* the file could not be read, or is not ours: `detail` is its new name */
  STORE_FAILED,    /* it cannot be opened or written: `detail` is why; told once until it works */
  STORE_RECOVERED, /* it can be written again */
  STORE_LOST,      /* events were lost: `detail` is how many; at most once a minute */
};

struct store_options {
  const char *directory;         /* of the file: absolute, ours to write to */
  unsigned entries;              /* bound of networks that are remembered */
  unsigned ipv4_prefix;          /* bits of a network: 1 to 32 */
  unsigned ipv6_prefix;          /* 1 to 128 */
  struct ledger_settings ledger; /* its seed is the store's own */
  void (*note)(enum store_note note,
               const char *detail); /* from the caller's or the writer's thread */

  /* Told what was counted here, and what an operator has set here: for others that keep an account
   * of the same networks. From the caller's thread, with no lock held; must not wait. May be NULL.
   */
  void (*counted)(void *context, struct netblock network, const struct ledger_entry *entries,
                  size_t count, uint64_t now);
  void (*set)(void *context, struct netblock network, const struct ledger_page *page, uint64_t now);
  void *context; /* for these two */
};

/* What is known of a network, or of a wider one that is refused for longer. */
struct store_view {
  bool known; /* there is a page */
  bool began; /* a refusal began with the events just counted */
  struct ledger_page page;
};

/*
 * Opens the file, or makes it. A file that is damaged or not ours is renamed to *.unreadable-N and
 * a new one made. NULL, after a note, when there can be none: then nobody is remembered.
 */
struct store *store_open(const struct store_options *options);

/* Starts the thread that writes. False when there can be none. */
bool store_start(struct store *store);

/* Takes new settings of the ledger, for all that comes. */
void store_tune(struct store *store, const struct ledger_settings *ledger);

/* What is known of the client's network at `now`: about a microsecond. When a network of another
 * width around it is refused as well, the refusal that goes before: see ledger_goes_before(). */
void store_look(struct store *store, struct ip client, uint64_t now, struct store_view *view);

/* What is known of exactly this network. */
void store_look_at(struct store *store, struct netblock network, struct store_view *view);

/*
 * Counts events of a client at `now`, milliseconds since the epoch, and says what is known then. A
 * network without a page gets one only if one of the entries is wrong: accepted recipients and
 * deliveries alone leave nothing behind. False when there was no room: nothing is counted.
 */
bool store_count(struct store *store, struct ip client, const struct ledger_entry *entries,
                 size_t count, uint64_t now, struct store_view *view);

/*
 * Adds what another relay knows of a network, at `now`: see ledger_merge(). `began` in the view
 * says that it is refused now and was not before, or was only noticed. What is no news is not
 * written. False when there was no room.
 */
bool store_merge(struct store *store, struct netblock network, const struct ledger_page *page,
                 uint64_t now, struct store_view *view);

/*
 * For operators, and for threads that may wait for the writer. A network is refused as a whole,
 * whether it is wider or narrower than those that stand for clients. Forgiving is for the pages of
 * all networks that lie inside, and for the page of a client that is named more closely than its
 * network; `forgiven` is how many there were that weighed anything. False: there is no room for it,
 * the file cannot be read, or `stops` was set meanwhile; then some may not be forgiven.
 */
bool store_refuse(struct store *store, struct netblock network, uint32_t seconds, uint64_t now);
bool store_forgive(struct store *store, struct netblock network, uint64_t now,
                   const atomic_bool *stops, unsigned *forgiven);

/*
 * Shows all pages as they are when their turn comes, settled at `now`, in no particular order,
 * until `see` returns false. No lock is held meanwhile, so `see` may take its time and may change
 * pages. A page that changes during the walk may be shown twice. False when the file cannot be
 * read.
 */
bool store_walk(struct store *store, uint64_t now,
                bool (*see)(void *context, struct netblock network, const struct ledger_page *page),
                void *context);

/* Milliseconds since the epoch. */
uint64_t store_now(void);

/* How many networks are remembered: pages of the file. */
size_t store_networks(struct store *store);

/*
 * The secret of the ledger's sketches. Relays that share pages must have one in common: another one
 * is adopted by the writer, soon; the pages stay, but for their sketches.
 */
uint64_t store_seed(struct store *store);
void store_adopt_seed(struct store *store, uint64_t seed);

/* The network that stands for the client. */
struct netblock store_network(const struct store *store, struct ip client);

/* Writes what waits and closes. NULL is fine. */
void store_close(struct store *store);

/* Writes what waits, and leaves the rest to the end of the process: while there are threads that
 * may still look and count. NULL is fine. */
void store_leave(struct store *store);

#endif
