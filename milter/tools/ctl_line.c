/*
 * A connection to the control socket. A daemon that is stopped or stuck is not waited for forever:
 * the socket's own time-outs end each step.
 */
#define _GNU_SOURCE /* strerror_r() */
#include "ctl_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_SECONDS = 60, LINE_MAX_BYTES = 1024 * 1024 };

static enum ctl_fault fail(struct text *why, enum ctl_fault fault, const char *what, int error)
{
  char memory[128];

  text_add(why, what);
  if (error != 0) {
    text_add(why, ": ");
    text_add(why, strerror_r(error, memory, sizeof(memory)));
  }
  return fault;
}

static enum ctl_fault connect_to(int fd, const char *path, struct text *why)
{
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};

  if (strlen(path) >= sizeof(name.sun_path))
    return fail(why, CTL_NOBODY, "the path of a socket has at most 107 bytes", 0);
  strcpy(name.sun_path, path);
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
      setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
    return fail(why, CTL_NOBODY, "no socket", errno);
  if (connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0)
    return CTL_OK;
  if (errno == EACCES || errno == EPERM)
    return fail(why, CTL_NOT_ALLOWED,
                "permission to use the control socket is missing; be root or the daemon's user", 0);
  if (errno == EAGAIN)
    return fail(why, CTL_SILENT, "the daemon does not answer", 0);
  return fail(why, CTL_NOBODY, "no daemon is running, or it has no control socket there", errno);
}

/* Whoever hangs up before all is sent may have said why. */
static bool send_all(int fd, struct span bytes)
{
  while (bytes.len > 0) {
    ssize_t sent = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);

    if (sent < 0 && errno != EINTR)
      return errno == EPIPE;
    if (sent > 0)
      bytes = span_slice(bytes, (size_t)sent, bytes.len);
  }
  return true;
}

enum ctl_fault ctl_ask(const char *path, struct span request, struct ctl_line *out,
                       struct text *why)
{
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  enum ctl_fault fault;

  *out = (struct ctl_line){.from = NULL};
  if (fd < 0)
    return fail(why, CTL_NOBODY, "no socket", errno);
  fault = connect_to(fd, path, why);
  if (fault == CTL_OK && !send_all(fd, request))
    fault = fail(why, CTL_SILENT, "the daemon hung up", errno);
  if (fault == CTL_OK) {
    out->from = fdopen(fd, "r");
    if (out->from != NULL)
      return CTL_OK;
    fault = fail(why, CTL_SILENT, "no memory", errno);
  }
  close(fd);
  return fault;
}

enum ctl_fault ctl_next(struct ctl_line *line, struct span *out, struct text *why)
{
  ssize_t length;

  errno = 0;
  length = getline(&line->memory, &line->size, line->from);
  if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return fail(why, CTL_SILENT, "the daemon does not answer; it may be stopped", 0);
  if (length <= 0 || line->memory[length - 1] != '\n' || length > LINE_MAX_BYTES)
    return fail(why, CTL_SILENT, "the daemon hung up amid its answer", errno);
  *out = (struct span){line->memory, (size_t)length - 1};
  return CTL_OK;
}

void ctl_close(struct ctl_line *line)
{
  if (line->from != NULL)
    fclose(line->from);
  free(line->memory);
  *line = (struct ctl_line){.from = NULL};
}
