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

/* The same of a client, as an MTA tells it; false also for mail of Postfix's sendmail command, for
 * which cleanup(8) plays a session from port 0 of 127.0.0.1 that names addresses without brackets.
 */
bool socket_ip_of_client(const struct sockaddr *address, struct ip *out, uint16_t *port);

/* An MTA's own address in text: "192.0.2.1", "2001:db8::1" or, from Sendmail,
 * "IPv6:2001:db8:0:0:0:0:0:1"; false for "0.0.0.0" and "::", which are nobody's. */
bool socket_ip_of_host(struct span address, struct ip *out);

#endif
