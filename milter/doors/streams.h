/*
 * Connections that speak a line protocol, served by one thread on libevent: accepting, limits,
 * time-outs and back-pressure in one place, for every door that listens itself.
 *
 * What a connection costs is bounded: a client whose replies pile up is not read from until it has
 * read them; one that does neither is dropped when its time is over; beyond the greatest number
 * of connections a new one hears the last word and is closed.
 *
 * All functions belong to the thread that runs the event base.
 */
#ifndef MILTER_STRICT_STREAMS_H
#define MILTER_STRICT_STREAMS_H

#include "../policy/literal.h"

#include <sys/types.h>

struct event_base;
struct stream;  /* one connection */
struct streams; /* a listening socket and its connections */

enum {
  STREAMS_INPUT_MAX = 16 * 1024,  /* bytes read ahead of a connection */
  STREAMS_OUTPUT_MAX = 64 * 1024, /* bytes waiting for a client, after which it is not read from */
};

/* The two ends of a connection. */
struct stream_ends {
  struct ip client, server;
  bool has_ip; /* false: a unix socket; the addresses are not set */
  bool has_user;
  uid_t user; /* who connected, at a unix socket, as the kernel tells */
};

enum stream_bye { STREAM_BYE_IDLE, STREAM_BYE_STOP, STREAM_BYE_CROWDED };

/* A protocol. `state` is the connection's own memory, zeroed before `begin` sees it. */
struct stream_protocol {
  size_t state_size;
  void (*begin)(struct stream *stream, void *state, const struct stream_ends *ends);

  /* May say something first, as a server's greeting. May be NULL. */
  void (*greet)(struct stream *stream, void *state);

  /* Takes bytes; returns how many were used up. Those left are offered again when there is more, or
   * when there is room for replies. A protocol that uses up nothing of STREAMS_INPUT_MAX bytes
   * is hung up on. */
  size_t (*feed)(struct stream *stream, void *state, struct span bytes);

  /* Whether an answer is under way that `feed` goes on with when its bytes are offered again: then
   * a client that says no more is still listened for. May be NULL: never. */
  bool (*answers)(const void *state);

  /* The last words, before the connection is closed from our side. A crowded connection has had
   * `begin` and nothing else. May be NULL. */
  void (*bye)(struct stream *stream, void *state, enum stream_bye why);

  /* The connection is gone, whoever ended it: frees what the state owns. After `begin`, once. May
   * be NULL. */
  void (*end)(void *state);
};

struct streams_limits {
  unsigned connections; /* at once */
  unsigned idle;        /* seconds without a byte from the client, or without one read by it */
};

/*
 * Serves connections on `fd`, a listening socket that does not block, which it takes over also when
 * it fails. `protocol` must outlive it; `context` is what stream_context() gives. NULL: no memory.
 */
struct streams *streams_open(struct event_base *base, int fd,
                             const struct stream_protocol *protocol,
                             const struct streams_limits *limits, void *context);

/* Accepts no more, says `bye` to all, and closes each when its client has read that, or after two
 * seconds. `done` is called when the last one is gone; never from within this call. */
void streams_stop(struct streams *streams, void (*done)(void *done_context), void *done_context);

/* Closes everything at once. NULL is fine. */
void streams_free(struct streams *streams);

/* Sends; everything is taken. False: enough is waiting now. */
bool stream_write(struct stream *stream, struct span bytes);

/* Hangs up when everything written has been read; no more input is fed. */
void stream_close(struct stream *stream);

/* Offers the input that is left once more: an answer can go on. Not from within `feed`. */
void stream_go_on(struct stream *stream);

void *stream_context(const struct stream *stream);

#endif
