/*
 * Where a socket listens or is connected to, as the configuration writes it. Plain values; any
 * thread.
 *
 *   unix:PATH          a socket file; PATH is absolute
 *   inet:PORT@HOST     IPv4; without "@HOST" every address of this machine
 *   inet6:PORT@HOST    IPv6, likewise; HOST may stand in square brackets
 *   fd:N               a descriptor that whoever started us has opened
 */
#ifndef MILTER_STRICT_ENDPOINT_H
#define MILTER_STRICT_ENDPOINT_H

#include "../policy/text.h"

#include <stdint.h>
#include <sys/un.h>

enum endpoint_kind { ENDPOINT_UNIX, ENDPOINT_INET, ENDPOINT_INET6, ENDPOINT_FD };

enum { ENDPOINT_HOST_MAX = 255 }; /* bytes of a host's name */

struct endpoint {
  enum endpoint_kind kind;
  int fd;                                                 /* ENDPOINT_FD */
  uint16_t port;                                          /* ENDPOINT_INET and _INET6 */
  char host[ENDPOINT_HOST_MAX + 1];                       /* likewise; "" is every address */
  char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* ENDPOINT_UNIX */
};

/* Reads an address. On false `out` is untouched and `why` says what would be right (static text).
 */
bool endpoint_parse(struct span address, struct endpoint *out, const char **why);

/* The address as it is written in the configuration. */
void endpoint_write(struct text *text, const struct endpoint *address);

#endif
