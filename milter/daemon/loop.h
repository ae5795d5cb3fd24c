/*
 * The doors that are not libmilter's: their connections are served by one thread, on libevent.
 */
#ifndef MILTER_STRICT_LOOP_H
#define MILTER_STRICT_LOOP_H

#include "../doors/door.h"
#include "../doors/streams.h"

struct loop;

/* A listening socket that does not block, and who listens there. */
struct loop_port {
  enum door door;
  int fd;
};

/* What the loop tells its owner: that it has ended, from its own thread. */
struct loop_owner {
  void (*ended)(void *context);
  void *context;
};

/*
 * Serves `count` ports in a thread of its own until loop_stop(). Takes the sockets over also when
 * it fails. Services and owner's context must outlive it. NULL: short of memory or threads.
 */
struct loop *loop_start(const struct loop_port *ports, size_t count,
                        const struct streams_limits *limits, const struct door_services *services,
                        const struct loop_owner *owner);

/* Asks it to end: connections are closed when their client has read all, after some seconds in any
 * case. From any thread. */
void loop_stop(struct loop *loop);

/* Stops it, waits for its end, frees it. NULL is fine. */
void loop_free(struct loop *loop);

#endif
