/*
 * Networks in CIDR notation and sorted lists of them, IPv4 and IPv6 alike.
 */
#ifndef MILTER_STRICT_NETBLOCK_H
#define MILTER_STRICT_NETBLOCK_H

#include "literal.h"
#include "text.h"

struct netblock {
  struct ip base; /* bits after the prefix are 0 */
  uint8_t bits;   /* prefix of the 128-bit form: 96 + n for IPv4 */
};

enum netblock_fault {
  NETBLOCK_OK = 0,
  NETBLOCK_BAD_ADDRESS, /* not an IPv4 or IPv6 address before the "/" */
  NETBLOCK_BAD_PREFIX,  /* prefix is not a number from 0 to 32 (IPv4) or 128 (IPv6) */
  NETBLOCK_HOST_BITS,   /* bits after the prefix are set: 192.0.2.1/24 */
};

/* "192.0.2.0/24", "2001:db8::/32", "[2001:db8::1]"; without "/n" one address. `out` is set only on
 * OK. */
enum netblock_fault netblock_parse(struct span span, struct netblock *out);

/* Adds the network as netblock_parse() takes it, always with "/n". */
void netblock_write(struct text *text, struct netblock block);

/* What is wrong and what would be right, as half a sentence. Static. */
const char *netblock_fault_text(enum netblock_fault fault);

/* The network of so many bits (of the 128-bit form, at most 128) that `ip` lies in. */
struct netblock netblock_around(struct ip ip, unsigned bits);

bool netblock_contains(struct netblock block, struct ip ip);

/* Whether one of the two lies within the other: networks overlap so, or not at all. */
bool netblocks_overlap(struct netblock a, struct netblock b);

/* The order of a sorted list: IPv4 first, by address, then wider blocks before those within.
 * Negative, 0, positive. */
int netblock_compare(struct netblock a, struct netblock b);

/* Sorts in place and removes blocks that lie within others; returns how many are left. */
size_t netblocks_sort(struct netblock *blocks, size_t count);

/* Whether `ip` lies in one of the blocks, which netblocks_sort() has sorted. O(log count). */
bool netblocks_contain(const struct netblock *blocks, size_t count, struct ip ip);

#endif
