/*
 * What carries a probe's bytes: a real connection, or a played one for --dry-run and for tests.
 * One connection at a time, one thread.
 */
#ifndef MILTER_STRICT_PROBE_CARRIER_H
#define MILTER_STRICT_PROBE_CARRIER_H

#include "../net/tls.h"

/*
 * As the functions of channel.h and tls.h do: deadlines are on clock(), `why` is half a sentence.
 * When start_tls() has gone well, it is what was agreed on, or nothing.
 * After open() has gone well, close() is called once. A carrier belongs to whoever made it.
 */
struct probe_carrier {
  enum channel_fault (*open)(void *context, uint64_t deadline, struct text *why);
  enum channel_fault (*read)(void *context, char *buffer, size_t size, size_t *got,
                             uint64_t deadline, struct text *why);
  enum channel_fault (*write)(void *context, struct span bytes, uint64_t deadline,
                              struct text *why);
  enum channel_fault (*start_tls)(void *context, uint64_t deadline, struct text *why);
  void (*close)(void *context);
  uint64_t (*clock)(void *context);                    /* milliseconds */
  void (*pause)(void *context, uint64_t milliseconds); /* waits */
  void *context;
};

/* A server on the network. */
struct probe_net {
  struct ip addresses[CHANNEL_ADDRESSES_MAX]; /* tried in this order */
  size_t count;
  uint16_t port;
  const char *name;       /* told to the server with TLS (SNI) */
  struct tls_client *tls; /* does not verify: whom we talk to is the caller's matter */
  char *address;          /* where to write the one that answered */
  struct channel channel; /* CHANNEL_NONE at first */
  int chosen;             /* the address that answered; -1 until one has */
};

/* `address`, of PROBE_ADDRESS_SIZE bytes, receives the one that was connected to. */
struct probe_carrier probe_carrier_net(struct probe_net *net, char *address);

/* A server that offers everything and behaves well: what is said to it is what would be sent. */
struct probe_dry {
  const char *user, *domain; /* whom it has a mailbox for */
  uint64_t now;              /* its clock */
  bool tls, greeted;
  size_t data;        /* octets that belong to a BDAT, and are not read */
  struct text answer; /* not read yet */
  size_t read;
  char memory[8192];
};

struct probe_carrier probe_carrier_dry(struct probe_dry *dry);

#endif
