/*
 * A connection to a Redis server: opened with all that must be said first, then one exchange after
 * the other, each a pipeline of commands with one deadline for all of its answers.
 *
 * Whoever calls waits: for one thread, which has nothing else to do. A channel that has had a fault
 * is closed at once, for nobody knows what it would say next.
 */
#ifndef MILTER_STRICT_REDIS_H
#define MILTER_STRICT_REDIS_H

#include "../net/channel.h"
#include "resp.h"

enum {
  REDIS_PATH_SIZE = 256, /* memory of a file's path, a host's name, a password */
  REDIS_NAME_SIZE = 128, /* of a user's name */
  REDIS_CONNECT_MS = 1000,
};

/* Where it is and how it is spoken to. A plain value; the memory after a text's NUL is zero. */
struct redis_server {
  char path[REDIS_PATH_SIZE]; /* of a unix socket; "": host and port */
  char host[REDIS_PATH_SIZE];
  uint16_t port;
  bool tls;
  char tls_ca[REDIS_PATH_SIZE];          /* PEM; "": the system's authorities */
  char tls_certificate[REDIS_PATH_SIZE]; /* PEM; "": none is shown */
  char tls_key[REDIS_PATH_SIZE];         /* PEM; "": it stands in the certificate's file */
  char tls_name[REDIS_PATH_SIZE];        /* whose certificate it must be; "": the host's */
  char user[REDIS_NAME_SIZE];            /* "": the default user */
  char password[REDIS_PATH_SIZE];        /* "": see password_file */
  char password_file[REDIS_PATH_SIZE];   /* its first line is the password; "": there is none */
  unsigned database;                     /* its number */
  unsigned timeout;                      /* milliseconds of an exchange */
};

struct redis {
  struct channel channel;
  struct resp *resp; /* the caller's */
};

/* Connects, shakes hands, authenticates, selects the database, within REDIS_CONNECT_MS and the
 * resolver's time for a host's name. False: nothing is open, and `why` says in half a sentence what
 * went wrong; never a password. */
bool redis_open(struct redis *redis, const struct redis_server *server, struct text *why);
bool redis_is_open(const struct redis *redis);
void redis_close(struct redis *redis); /* one that is not open is fine */

/* Sends the commands of redis->resp, at least one, and reads as many answers within so many
 * milliseconds. On false the connection is closed, and `why` says what went wrong. */
bool redis_exchange(struct redis *redis, const struct resp_value **answers, unsigned milliseconds,
                    struct text *why);

/* Adds what the server said instead of an answer, or that it was something else. */
void redis_add_complaint(struct text *why, const struct resp_value *answer);

#endif
