/*
 * Socket addresses as the policy sees addresses.
 */
#ifndef MILTER_STRICT_SOCKET_IP_H
#define MILTER_STRICT_SOCKET_IP_H

#include "../policy/literal.h"

struct sockaddr;

/* The address and port of an IPv4 or IPv6 socket. False, with nothing set, for other families and
 * for NULL. `port` may be NULL. */
bool socket_ip(const struct sockaddr *address, struct ip *out, uint16_t *port);

#endif
