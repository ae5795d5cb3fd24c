/*
 * Who the daemon is: from root, who opens its sockets, to the user it serves as.
 *
 * For the main thread while it is the only one: what the kernel keeps by thread (capabilities,
 * "no new privileges") would stay with the others.
 */
#ifndef MILTER_STRICT_PRIVILEGES_H
#define MILTER_STRICT_PRIVILEGES_H

#include "../policy/text.h"

#include <sys/types.h>

enum { PRIVILEGES_NAME_MAX = 255 }; /* bytes of a user's name */

struct identity {
  bool changes; /* we are root and become somebody else */
  uid_t uid;    /* as whom we serve */
  gid_t gid;
  char user[PRIVILEGES_NAME_MAX + 1]; /* whose supplementary groups we take; when `changes` */
};

enum privileges_fault {
  PRIVILEGES_OK = 0,
  PRIVILEGES_UNKNOWN, /* no such user or group */
  PRIVILEGES_ROOT,    /* it would serve as root */
  PRIVILEGES_KEPT,    /* the kernel did not take away what it should have */
};

/*
 * Finds out as whom to serve. Started by root: as `user` and `group` (empty: the user's own), names
 * or numbers. Started by anybody else: as that one, whatever `user` is. On a fault `why` says more.
 */
enum privileges_fault privileges_find(struct span user, struct span group, struct identity *out,
                                      struct text *why);

/* Whether we are `user` already, or there is no such user to be. */
bool privileges_already(struct span user);

/* The group of this name or number, for a socket file. */
enum privileges_fault privileges_group(struct span group, gid_t *out, struct text *why);

/*
 * Becomes `identity` for good: groups, user, no capability left, none to be had by executing
 * anything. Looks afterwards that it is so, and that root does not come back.
 */
enum privileges_fault privileges_drop(const struct identity *identity, struct text *why);

#endif
