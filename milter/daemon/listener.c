/*
 * Listening sockets. The care is in the socket file: it is replaced only when nobody answers on it,
 * it has its mode from its first moment, and it is removed only while it is still ours.
 */
#define _GNU_SOURCE /* O_PATH, AT_EMPTY_PATH */
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

/* "ADDRESS: what: why" */
static bool fail(struct text *why, const struct endpoint *address, const char *what, int error)
{
  char memory[128];

  endpoint_write(why, address);
  text_add(why, ": ");
  text_add(why, what);
  if (error != 0) {
    text_add(why, ": ");
    text_add(why, strerror_r(error, memory, sizeof(memory)));
  }
  return false;
}

/* Descriptors from outside */

static const char *not_listening(int fd)
{
  int listening = 0, type = 0, domain = 0;
  socklen_t size = sizeof(int);

  if (fcntl(fd, F_GETFD) < 0)
    return "no such descriptor was passed to this process";
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
    return "this descriptor is no socket";
  if (type != SOCK_STREAM || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 ||
      (domain != AF_UNIX && domain != AF_INET && domain != AF_INET6))
    return "this socket is neither a unix nor a TCP socket";
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 || !listening)
    return "this socket does not listen";
  return NULL;
}

static bool open_fd(struct listener *listener, struct text *why)
{
  int fd = listener->address.fd;
  const char *wrong = not_listening(fd);
  int flags;

  if (wrong != NULL)
    return fail(why, &listener->address, wrong, 0);
  flags = fcntl(fd, F_GETFL);
  /* A manager may hand it over non-blocking or not; libmilter wants to wait in accept(). */
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || flags < 0 ||
      fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
    return fail(why, &listener->address, "cannot be used", errno);
  listener->fd = fd;
  return true;
}

/* What a descriptor is called when its unit does not say: by the unit's own name, or not at all. */
static bool is_nameless(const char *name)
{
  size_t len = strlen(name), suffix = strlen(".socket");

  return strcmp(name, "unknown") == 0 ||
         (len > suffix && strcmp(name + len - suffix, ".socket") == 0);
}

int listener_passed(const char *name, bool nameless)
{
  char **names = NULL;
  int count = sd_listen_fds_with_names(0, &names);
  int found = -1;

  for (int i = 0; i < count && names != NULL; i++) {
    if (found < 0 &&
        (strcmp(names[i], name) == 0 || (nameless && count == 1 && is_nameless(names[i]))))
      found = SD_LISTEN_FDS_START + i;
    free(names[i]);
  }
  free(names);
  return found;
}

/* Socket files */

/* Why nobody answers on a socket file: 0 when somebody does, else connect()'s errno. */
static int try_socket(const struct sockaddr_un *name)
{
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int error;

  if (fd < 0)
    return errno;
  error = connect(fd, (const struct sockaddr *)name, sizeof(*name)) == 0 ? 0 : errno;
  close(fd);
  /* EAGAIN: the queue of those who wait to be accepted is full. EPROTOTYPE: a datagram socket. */
  return error == EAGAIN || error == EPROTOTYPE ? 0 : error;
}

static bool remove_leftover(struct listener *listener, const struct sockaddr_un *name,
                            struct text *why)
{
  struct stat status;
  int error;

  if (lstat(name->sun_path, &status) < 0)
    return errno == ENOENT || fail(why, &listener->address, "cannot be looked at", errno);
  if (!S_ISSOCK(status.st_mode))
    return fail(why, &listener->address, "there is a file of this name, and it is no socket", 0);
  error = try_socket(name);
  if (error == 0)
    return fail(why, &listener->address, "another process is serving there", 0);
  if (error != ECONNREFUSED)
    return fail(why, &listener->address, "there is a socket that cannot be tried", error);
  if (unlink(name->sun_path) < 0 && errno != ENOENT)
    return fail(why, &listener->address, "the old socket cannot be removed", errno);
  return true;
}

/*
 * Two daemons that start at the same moment must not both find a stale file and remove each other's
 * new one: the folder is locked from the look to listen(). Returns a descriptor, or -1 without a
 * lock, where the folder cannot be read or somebody keeps it locked.
 */
static int lock_folder(const char *path)
{
  char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
  size_t len = (size_t)(strrchr(path, '/') - path);
  const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
  int fd;

  memcpy(folder, path, len);
  folder[len] = '\0';
  fd = open(len == 0 ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int tries = 0; fd >= 0 && tries < 100; tries++) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
      return fd;
    nanosleep(&pause, NULL);
  }
  if (fd >= 0)
    close(fd);
  return -1;
}

/* In a folder with the set-group-ID bit a new file has the folder's group: then a user who is not
 * in that group has nothing to change. */
static bool has_owner(const struct stat *status, const struct listener_access *access)
{
  return (access->owner == (uid_t)-1 || access->owner == status->st_uid) &&
         (access->group == (gid_t)-1 || access->group == status->st_gid);
}

/* Notes which file the new socket has, and gives it its owner. By descriptor: whoever may write to
 * the folder cannot put another file in its place in between. */
static bool own_file(struct listener *listener, const struct listener_access *access,
                     struct text *why)
{
  int file = open(listener->address.path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;
  bool done = true;

  if (file < 0)
    return fail(why, &listener->address, "was taken away while it was created", errno);
  if (fstat(file, &status) < 0 || !S_ISSOCK(status.st_mode)) {
    done = fail(why, &listener->address, "was replaced while it was created", 0);
  } else {
    listener->made_file = true;
    listener->device = status.st_dev;
    listener->inode = status.st_ino;
    if (!has_owner(&status, access) &&
        fchownat(file, "", access->owner, access->group, AT_EMPTY_PATH) < 0)
      done = fail(why, &listener->address, "cannot be given its owner and group", errno);
  }
  close(file);
  return done;
}

/* Binds with the mode that is wanted from the file's first moment; the owner follows before
 * listen(), and until then nobody gets in whatever the mode. */
static bool bind_file(struct listener *listener, const struct sockaddr_un *name,
                      const struct listener_access *access, struct text *why)
{
  mode_t before = umask(0777 & ~access->mode);
  int error = bind(listener->fd, (const struct sockaddr *)name, sizeof(*name)) == 0 ? 0 : errno;

  umask(before);
  if (error != 0)
    return fail(why, &listener->address, "cannot be created", error);
  return own_file(listener, access, why);
}

static bool open_unix(struct listener *listener, const struct listener_access *access, int backlog,
                      struct text *why)
{
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  int lock;
  bool done;

  memcpy(name.sun_path, listener->address.path, sizeof(name.sun_path));
  listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener->fd < 0)
    return fail(why, &listener->address, "no socket", errno);
  lock = lock_folder(name.sun_path);
  done = remove_leftover(listener, &name, why) && bind_file(listener, &name, access, why);
  if (done && listen(listener->fd, backlog) < 0)
    done = fail(why, &listener->address, "cannot be listened on", errno);
  if (lock >= 0)
    close(lock);
  return done;
}

/* TCP */

static bool open_inet(struct listener *listener, int backlog, struct text *why)
{
  const struct endpoint *address = &listener->address;
  struct addrinfo hints = {
      .ai_family = address->kind == ENDPOINT_INET ? AF_INET : AF_INET6,
      .ai_socktype = SOCK_STREAM,
      .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
  };
  struct addrinfo *found;
  char port[8];
  const int on = 1;
  int error;

  snprintf(port, sizeof(port), "%u", (unsigned)address->port);
  error = getaddrinfo(address->host[0] == '\0' ? NULL : address->host, port, &hints, &found);
  if (error != 0)
    return fail(why, address, gai_strerror(error), 0);
  listener->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  error = 0;
  /* "inet6:" means IPv6 alone, so that it can stand beside "inet:" on one port. */
  if (listener->fd < 0 || setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
      (found->ai_family == AF_INET6 &&
       setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
      bind(listener->fd, found->ai_addr, found->ai_addrlen) < 0 ||
      listen(listener->fd, backlog) < 0)
    error = errno;
  freeaddrinfo(found);
  return error == 0 || fail(why, address, "cannot be listened on", error);
}

bool listener_open(const struct endpoint *address, const struct listener_access *access,
                   int backlog, struct listener *out, struct text *why)
{
  bool done = false;

  *out = LISTENER_NONE;
  out->address = *address;
  switch (address->kind) {
  case ENDPOINT_UNIX:
    done = open_unix(out, access, backlog, why);
    break;
  case ENDPOINT_INET:
  case ENDPOINT_INET6:
    done = open_inet(out, backlog, why);
    break;
  case ENDPOINT_FD:
    done = open_fd(out, why);
    break;
  }
  if (!done)
    listener_close(out);
  return done;
}

void listener_close(struct listener *listener)
{
  const char *path = listener->address.path;
  struct stat status;

  if (listener->made_file && lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) &&
      status.st_dev == listener->device && status.st_ino == listener->inode)
    unlink(path); /* after privileges were dropped it may be refused: the next start removes it */
  if (listener->fd >= 0)
    close(listener->fd);
  *listener = LISTENER_NONE;
}
