/*
 * Listening sockets whose connections are served by one thread, on libevent: the doors that are not
 * libmilter's, and the control socket in a loop of its own.
 */
#ifndef MILTER_STRICT_LOOP_H
#define MILTER_STRICT_LOOP_H

#include "../doors/streams.h"

struct loop;

enum { LOOP_PORTS_MAX = 4 };

/* A listening socket that does not block, what is spoken there, and what stream_context() gives. */
struct loop_port {
  const struct stream_protocol *protocol;
  void *context;
  int fd;
};

/* What the loop tells its owner, from its own thread. */
struct loop_owner {
  void (*woken)(void *context); /* loop_wake() was called, once or more often; NULL: it never is */
  void (*ended)(void *context);
  void *context;
};

/*
 * Serves `count` ports, at most LOOP_PORTS_MAX, in a thread of its own until loop_stop(). Takes the
 * sockets over also when it fails. All contexts must outlive it. NULL: short of memory or threads.
 */
struct loop *loop_start(const struct loop_port *ports, size_t count,
                        const struct streams_limits *limits, const struct loop_owner *owner);

/* Has the owner's `woken` called. From any thread. */
void loop_wake(struct loop *loop);

/* Asks it to end: connections are closed when their client has read all, after some seconds in any
 * case. From any thread. */
void loop_stop(struct loop *loop);

/* Stops it, waits for its end, frees it. NULL is fine. */
void loop_free(struct loop *loop);

#endif
