/*
 * Address literals, RFC 5321 section 4.1.3, and IP addresses in general.
 *
 *   address-literal = "[" ( IPv4-address-literal / IPv6-address-literal /
 *                           General-address-literal ) "]"
 *
 * The tag of an IPv6 literal is "IPv6:" in any case; what follows must be one of IPv6-full,
 * IPv6-comp, IPv6v4-full or IPv6v4-comp. A broken one is a fault and not a general literal with
 * the tag "IPv6", although the general form's ABNF would let it through.
 */
#ifndef MILTER_STRICT_LITERAL_H
#define MILTER_STRICT_LITERAL_H

#include "fault.h"

#include <stdint.h>

/* An IP address in network byte order; IPv4 as ::ffff:a.b.c.d. */
struct ip {
  uint8_t bytes[16];
};

enum { IP_TEXT_SIZE = 46 }; /* memory for ip_format(), the final NUL included */

/*
 * Scans the literal in `in` whose "[" stands at offset `from`. Returns the offset after its "]";
 * when the literal is broken, notes a LITERAL fault and returns the offset after the first "]" if
 * there is one, else the end of `in`. `out` (may be NULL) receives the address of an IPv4 or IPv6
 * literal, and `*is_ip` (may be NULL) whether there was one.
 */
size_t literal_scan(struct span in, size_t from, struct ip *out, bool *is_ip,
                    struct faults *faults);

/* Dotted quad without leading zeros longer than three digits, each 0 to 255 (RFC 5321 Snum). */
bool ip_parse_v4(struct span span, struct ip *out);

/* IPv6 in any form of RFC 4291 section 2.2. No zone, no brackets. */
bool ip_parse_v6(struct span span, struct ip *out);

/* Either of the two. */
bool ip_parse(struct span span, struct ip *out);

bool ip_is_v4(struct ip ip);
bool ip_equals(struct ip a, struct ip b);

/* Canonical text: dotted quad for IPv4, RFC 5952 for IPv6. `text` holds IP_TEXT_SIZE bytes. */
void ip_format(struct ip ip, char *text);

#endif
