/*
 * Socket addresses: copied out by memcpy(), for nobody promises that they are aligned.
 */
#include "socket_ip.h"

#include <netinet/in.h>
#include <string.h>

bool socket_ip(const struct sockaddr *address, struct ip *out, uint16_t *port)
{
  struct sockaddr_in6 v6;
  struct sockaddr_in v4;
  in_port_t number;

  if (address != NULL && address->sa_family == AF_INET6) {
    memcpy(&v6, address, sizeof(v6));
    memcpy(out->bytes, &v6.sin6_addr, sizeof(out->bytes));
    number = v6.sin6_port;
  } else if (address != NULL && address->sa_family == AF_INET) {
    memcpy(&v4, address, sizeof(v4));
    *out = (struct ip){{[10] = 0xff, [11] = 0xff}};
    memcpy(out->bytes + 12, &v4.sin_addr, 4);
    number = v4.sin_port;
  } else {
    return false;
  }
  if (port != NULL)
    *port = ntohs(number);
  return true;
}

bool socket_ip_of_client(const struct sockaddr *address, struct ip *out, uint16_t *port)
{
  static const struct ip loopback = {{[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}};

  return socket_ip(address, out, port) && (*port != 0 || !ip_equals(*out, loopback));
}

bool socket_ip_of_host(struct span address, struct ip *out)
{
  static const struct ip any_v4 = {{[10] = 0xff, [11] = 0xff}}, any_v6 = {{0}};

  if (span_starts_nocase(address, SPAN("IPv6:")))
    address = span_slice(address, 5, address.len);
  return ip_parse(address, out) && !ip_equals(*out, any_v4) && !ip_equals(*out, any_v6);
}
