/*
 * The milter sessions that are open, found by the client's address and port: what one door has
 * learnt of a client, for another door that is asked about the same client.
 *
 * Any thread may call any of the functions. Each locks one of many short lists for a moment; memory
 * is the entries', one a session, and belongs to whoever enters them.
 */
#ifndef MILTER_STRICT_REGISTRY_H
#define MILTER_STRICT_REGISTRY_H

#include "door.h"

#include <pthread.h>

enum { REGISTRY_LISTS = 1024, REGISTRY_DAEMON_MAX = 64 };

/*
 * A session in the registry; all zero before it is entered for the first time. While it is entered
 * it must stay where it is. One thread at a time enters it and takes it out.
 */
struct registry_entry {
  bool entered;
  struct registry_entry *next, **link; /* the neighbours', too: locked */
  struct ip client;
  uint16_t port;
  bool passed; /* the last unknown command was judged in this session, and let pass */
  const struct policy *policy;
  size_t daemon_len;
  char daemon[REGISTRY_DAEMON_MAX];
};

struct registry {
  const struct door_services *services;
  uint64_t seed; /* so that clients cannot choose a list */
  struct registry_list {
    pthread_mutex_t lock;
    struct registry_entry *first;
  } lists[REGISTRY_LISTS];
};

/* Makes an empty one; `services` must outlive it. There is nothing to free. */
void registry_open(struct registry *registry, const struct door_services *services);

/*
 * Enters a session; one that is entered is entered anew. Of `daemon` as much is kept as a session
 * keeps. The policy must be held until the entry has left.
 */
void registry_enter(struct registry *registry, struct registry_entry *entry, struct ip client,
                    uint16_t port, const struct policy *policy, struct span daemon);

/* Takes a session out; nothing when it is not in: `registry` may be NULL then. */
void registry_leave(struct registry *registry, struct registry_entry *entry);

/* Notes that a command which the MTA does not know was judged in this session, and whether it was
 * let pass. Nothing when the session is not in; likewise. */
void registry_note_unknown(struct registry *registry, struct registry_entry *entry, bool passed);

/* Whether the last unknown command was let pass in a session with this address and port; asked once
 * it is forgotten. */
bool registry_take_passed(struct registry *registry, struct ip client, uint16_t port);

/*
 * Finds the session entered last with this address and port: returns its policy, which is to be
 * released, and sets the daemon's name of `session`. NULL, with nothing changed, when there is
 * none.
 */
const struct policy *registry_find(struct registry *registry, struct ip client, uint16_t port,
                                   struct session *session);

#endif
