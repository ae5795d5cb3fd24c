/*
 * Sockets that never block, and poll(2) with what is left of the deadline.
 */
#include "channel.h"
#include "tls.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

uint64_t channel_clock(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static enum channel_fault fault(enum channel_fault fault, struct text *why, const char *words)
{
  text_add(why, words);
  return fault;
}

static enum channel_fault fault_of_errno(struct text *why)
{
  int number = errno;

  text_add(why, strerror(number));
  switch (number) {
  case ECONNREFUSED:
  case ENOENT: /* a unix socket's file */
    return CHANNEL_REFUSED;
  case ECONNRESET:
  case EPIPE:
    return CHANNEL_CLOSED;
  case ETIMEDOUT:
    return CHANNEL_TIMEOUT;
  default:
    return CHANNEL_FAILED;
  }
}

enum channel_fault channel_wait(const struct channel *channel, short events, uint64_t deadline,
                                struct text *why)
{
  struct pollfd wait = {.fd = channel->fd, .events = events};
  int found;

  do {
    uint64_t now = channel_clock(), left = deadline > now ? deadline - now : 0;

    found = poll(&wait, 1, left < INT_MAX ? (int)left : INT_MAX);
    if (found == 0 && channel_clock() >= deadline)
      return fault(CHANNEL_TIMEOUT, why, "no answer in time");
  } while (found == 0 || (found < 0 && errno == EINTR));
  return found > 0 ? CHANNEL_OK : fault_of_errno(why);
}

/* Opening */

static enum channel_fault finish_connecting(struct channel *channel, uint64_t deadline,
                                            struct text *why)
{
  enum channel_fault found = channel_wait(channel, POLLOUT, deadline, why);
  int number = 0;
  socklen_t size = sizeof(number);

  if (found != CHANNEL_OK)
    return found;
  if (getsockopt(channel->fd, SOL_SOCKET, SO_ERROR, &number, &size) == 0 && number == 0)
    return CHANNEL_OK;
  errno = number != 0 ? number : errno;
  return fault_of_errno(why);
}

static enum channel_fault open_to(struct channel *channel, const struct sockaddr *address,
                                  socklen_t size, uint64_t deadline, struct text *why)
{
  enum channel_fault found = CHANNEL_OK;
  const int yes = 1;

  *channel = CHANNEL_NONE;
  channel->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (channel->fd < 0)
    return fault_of_errno(why);
  if (address->sa_family != AF_UNIX)
    (void)setsockopt(channel->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  /* A unix socket whose queue is full says EAGAIN, and poll() would not tell when it has room. */
  if (connect(channel->fd, address, size) != 0)
    found = errno == EINPROGRESS || errno == EINTR ? finish_connecting(channel, deadline, why)
                                                   : fault_of_errno(why);
  if (found != CHANNEL_OK)
    channel_close(channel);
  return found;
}

enum channel_fault channel_open_ip(struct channel *channel, struct ip ip, uint16_t port,
                                   uint64_t deadline, struct text *why)
{
  if (ip_is_v4(ip)) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    memcpy(&address.sin_addr, ip.bytes + 12, sizeof(address.sin_addr));
    return open_to(channel, (const struct sockaddr *)&address, sizeof(address), deadline, why);
  }
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

  memcpy(&address.sin6_addr, ip.bytes, sizeof(address.sin6_addr));
  return open_to(channel, (const struct sockaddr *)&address, sizeof(address), deadline, why);
}

static bool ip_of(const struct addrinfo *info, struct ip *out)
{
  if (info->ai_family == AF_INET6) {
    const struct sockaddr_in6 *address = (const struct sockaddr_in6 *)(const void *)info->ai_addr;

    memcpy(out->bytes, &address->sin6_addr, sizeof(out->bytes));
    return true;
  }
  if (info->ai_family != AF_INET)
    return false;
  const struct sockaddr_in *address = (const struct sockaddr_in *)(const void *)info->ai_addr;

  *out = (struct ip){{[10] = 0xff, [11] = 0xff}};
  memcpy(out->bytes + 12, &address->sin_addr, sizeof(address->sin_addr));
  return true;
}

enum channel_fault channel_resolve(const char *host, struct ip addresses[CHANNEL_ADDRESSES_MAX],
                                   size_t *count, struct text *why)
{
  const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
  struct addrinfo *found = NULL;
  int wrong;

  *count = 0;
  if (ip_parse(span_from(host), &addresses[0])) {
    *count = 1;
    return CHANNEL_OK;
  }
  wrong = getaddrinfo(host, NULL, &wanted, &found);
  if (wrong != 0)
    return fault(CHANNEL_UNKNOWN_HOST, why, gai_strerror(wrong));
  for (const struct addrinfo *at = found; at != NULL && *count < CHANNEL_ADDRESSES_MAX;
       at = at->ai_next)
    *count += ip_of(at, &addresses[*count]);
  freeaddrinfo(found);
  return *count > 0 ? CHANNEL_OK : fault(CHANNEL_UNKNOWN_HOST, why, "the name has no address");
}

enum channel_fault channel_open(struct channel *channel, const char *host, uint16_t port,
                                uint64_t deadline, struct text *why)
{
  struct ip addresses[CHANNEL_ADDRESSES_MAX];
  size_t count;
  enum channel_fault found = channel_resolve(host, addresses, &count, why);

  *channel = CHANNEL_NONE;
  for (size_t i = 0; i < count; i++) {
    uint64_t now = channel_clock(), left = deadline > now ? deadline - now : 0;

    text_clear(why);
    found = channel_open_ip(channel, addresses[i], port, now + left / (count - i), why);
    if (found == CHANNEL_OK)
      break;
  }
  return found;
}

enum channel_fault channel_open_unix(struct channel *channel, const char *path, uint64_t deadline,
                                     struct text *why)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t len = strlen(path);

  *channel = CHANNEL_NONE;
  if (len >= sizeof(address.sun_path))
    return fault(CHANNEL_FAILED, why, "the socket's name is too long");
  memcpy(address.sun_path, path, len);
  return open_to(channel, (const struct sockaddr *)&address, sizeof(address), deadline, why);
}

/* Reading and writing */

static bool would_block(void)
{
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

enum channel_fault channel_read(struct channel *channel, char *buffer, size_t size, size_t *got,
                                uint64_t deadline, struct text *why)
{
  enum channel_fault found;

  *got = 0;
  if (channel->tls != NULL)
    return tls_read(channel, buffer, size, got, deadline, why);
  do {
    ssize_t count = recv(channel->fd, buffer, size, 0);

    if (count > 0) {
      *got = (size_t)count;
      return CHANNEL_OK;
    }
    if (count == 0)
      return fault(CHANNEL_CLOSED, why, "the other side has closed the connection");
    if (!would_block())
      return fault_of_errno(why);
    found = channel_wait(channel, POLLIN, deadline, why);
  } while (found == CHANNEL_OK);
  return found;
}

enum channel_fault channel_write(struct channel *channel, struct span bytes, uint64_t deadline,
                                 struct text *why)
{
  enum channel_fault found = CHANNEL_OK;

  if (channel->tls != NULL)
    return tls_write(channel, bytes, deadline, why);
  while (bytes.len > 0 && found == CHANNEL_OK) {
    ssize_t count = send(channel->fd, bytes.at, bytes.len, MSG_NOSIGNAL);

    if (count >= 0)
      bytes = span_slice(bytes, (size_t)count, bytes.len);
    else if (would_block())
      found = channel_wait(channel, POLLOUT, deadline, why);
    else
      return fault_of_errno(why);
  }
  return found;
}

void channel_close(struct channel *channel)
{
  if (channel->tls != NULL)
    tls_end(channel);
  if (channel->fd >= 0)
    close(channel->fd);
  *channel = CHANNEL_NONE;
}
