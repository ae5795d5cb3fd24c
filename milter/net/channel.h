/*
 * An outgoing connection: TCP or a unix socket, plain or under TLS, with a deadline for every wait.
 *
 * A deadline is a time on channel_clock(); whatever the other side does, nothing waits longer, but
 * for the look-up of a host's name, which has the resolver's own time-outs: where that matters, use
 * an address. The process must ignore SIGPIPE. A channel is used by one thread at a time.
 */
#ifndef MILTER_STRICT_CHANNEL_H
#define MILTER_STRICT_CHANNEL_H

#include "../policy/literal.h"
#include "../policy/text.h"

#include <stdint.h>

struct ssl_st; /* OpenSSL's SSL */

enum channel_fault {
  CHANNEL_OK = 0,
  CHANNEL_TIMEOUT,      /* the deadline has passed */
  CHANNEL_CLOSED,       /* the other side has closed, or cut the connection */
  CHANNEL_REFUSED,      /* nobody listens there */
  CHANNEL_UNKNOWN_HOST, /* the name has no address */
  CHANNEL_TLS,    /* the handshake or a record went wrong, or the certificate is not trusted */
  CHANNEL_FAILED, /* anything else */
};

struct channel {
  int fd;             /* does not block; -1: not open */
  struct ssl_st *tls; /* NULL: plain */
};

#define CHANNEL_NONE ((struct channel){.fd = -1})

enum { CHANNEL_ADDRESSES_MAX = 16 }; /* of a host */

/* Milliseconds of a clock that is never set. */
uint64_t channel_clock(void);

/* Finds the addresses of a host's name or of an address in text, in the order in which they are to
 * be tried; at most CHANNEL_ADDRESSES_MAX, as many as `count` says then. */
enum channel_fault channel_resolve(const char *host, struct ip addresses[CHANNEL_ADDRESSES_MAX],
                                   size_t *count, struct text *why);

/*
 * Connects. On a fault nothing is open and `why` says in half a sentence what went wrong; so it
 * does in all calls below. channel_open() tries the host's addresses one after the other, each with
 * its share of the time that is left.
 */
enum channel_fault channel_open(struct channel *channel, const char *host, uint16_t port,
                                uint64_t deadline, struct text *why);
enum channel_fault channel_open_ip(struct channel *channel, struct ip ip, uint16_t port,
                                   uint64_t deadline, struct text *why);
enum channel_fault channel_open_unix(struct channel *channel, const char *path, uint64_t deadline,
                                     struct text *why);

/* Waits for some bytes: at least one, at most `size`. */
enum channel_fault channel_read(struct channel *channel, char *buffer, size_t size, size_t *got,
                                uint64_t deadline, struct text *why);

/* Writes all of them. After a fault some may have been sent. */
enum channel_fault channel_write(struct channel *channel, struct span bytes, uint64_t deadline,
                                 struct text *why);

/* Closes without a wait; one that is not open is fine. */
void channel_close(struct channel *channel);

/* For tls.c: waits until the descriptor is ready for `events` of poll(2). */
enum channel_fault channel_wait(const struct channel *channel, short events, uint64_t deadline,
                                struct text *why);

#endif
