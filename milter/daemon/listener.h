/*
 * Listening sockets: how they are opened, taken over from the service manager, and cleaned up.
 *
 * For the main thread, while the process starts and stops; opening changes the umask for a moment.
 */
#ifndef MILTER_STRICT_LISTENER_H
#define MILTER_STRICT_LISTENER_H

#include "../config/endpoint.h"

#include <sys/types.h>

/* For socket files. */
struct listener_access {
  mode_t mode; /* permission bits, such as 0660 */
  uid_t owner; /* (uid_t)-1: leave it */
  gid_t group; /* (gid_t)-1: leave it */
};

struct listener {
  int fd; /* listening, close-on-exec; -1 when not open */
  struct endpoint address;
  bool made_file; /* the socket file is ours */
  dev_t device;   /* which file that is */
  ino_t inode;
};

#define LISTENER_NONE ((struct listener){.fd = -1})

/*
 * Opens the address. A socket file on which nobody answers is replaced, a live one and a file that
 * is no socket are left alone: that is an error. Nobody can connect before the file has its mode
 * and group. On false nothing is left open or behind, and `why` has the reason.
 */
bool listener_open(const struct endpoint *address, const struct listener_access *access,
                   int backlog, struct listener *out, struct text *why);

/*
 * The descriptor that the service manager passes under this name (FileDescriptorName= of a .socket
 * unit), or -1. With `nameless` a single descriptor without a name of its own will do.
 */
int listener_passed(const char *name, bool nameless);

/* Closes it and removes the socket file that listener_open() made, when it is still that file and
 * we still may. LISTENER_NONE is fine. */
void listener_close(struct listener *listener);

#endif
