/*
 * Networks: CIDR notation (RFC 4632 section 3.1, RFC 4291 section 2.3), and sorted lists of them.
 *
 * IPv4 lies at ::ffff:0:0/96 of the IPv6 space, but the two are kept apart: "::/0" means every
 * IPv6 client and no IPv4 client.
 */
#include "netblock.h"

#include <string.h>

enum { BITS_V4 = 32, BITS_V6 = 128, BITS_BEFORE_V4 = BITS_V6 - BITS_V4 };

/* 1*3DIGIT, at most `most`, without leading zeros. */
static bool prefix(struct span digits, unsigned most, unsigned *out)
{
  unsigned value = 0;

  if (digits.len < 1 || digits.len > 3 || (digits.len > 1 && digits.at[0] == '0'))
    return false;
  for (size_t i = 0; i < digits.len; i++) {
    if (!byte_is_digit(digits.at[i]))
      return false;
    value = value * 10 + (unsigned)(digits.at[i] - '0');
  }
  *out = value;
  return value <= most;
}

/* IPv4, or IPv6 with or without square brackets. */
static bool address(struct span span, struct ip *out)
{
  if (span.len >= 2 && span.at[0] == '[' && span.at[span.len - 1] == ']')
    return ip_parse_v6(span_slice(span, 1, span.len - 1), out);
  return ip_parse(span, out);
}

/* `ip` with all bits after the first `bits` cleared. */
static struct ip masked(struct ip ip, unsigned bits)
{
  for (unsigned i = 0; i < sizeof(ip.bytes); i++) {
    unsigned before = 8 * i;
    unsigned keep = bits <= before ? 0 : bits - before >= 8 ? 8 : bits - before;

    ip.bytes[i] &= (uint8_t)(0xff00u >> keep);
  }
  return ip;
}

enum netblock_fault netblock_parse(struct span span, struct netblock *out)
{
  size_t slash = span_find(span, '/');
  struct span host = span_slice(span, 0, slash);
  bool dotted = span_find(host, ':') == host.len;
  unsigned most = dotted ? BITS_V4 : BITS_V6, bits = most;
  struct ip base;

  if (!address(host, &base))
    return NETBLOCK_BAD_ADDRESS;
  if (slash < span.len && !prefix(span_slice(span, slash + 1, span.len), most, &bits))
    return NETBLOCK_BAD_PREFIX;
  if (dotted)
    bits += BITS_BEFORE_V4;
  if (!ip_equals(base, masked(base, bits)))
    return NETBLOCK_HOST_BITS;
  *out = (struct netblock){base, (uint8_t)bits};
  return NETBLOCK_OK;
}

const char *netblock_fault_text(enum netblock_fault fault)
{
  switch (fault) {
  case NETBLOCK_OK:
    return "nothing is wrong";
  case NETBLOCK_BAD_ADDRESS:
    return "not an IP address or network; write 192.0.2.0/24 or 2001:db8::/32";
  case NETBLOCK_BAD_PREFIX:
    return "the number after \"/\" must be 0 to 32 for IPv4, 0 to 128 for IPv6";
  case NETBLOCK_HOST_BITS:
    return "bits are set after the prefix; write 192.0.2.0/24, not 192.0.2.1/24";
  }
  return "unknown fault";
}

/* Whether the whole block lies in the part that stands for IPv4. */
static bool is_v4(struct netblock block)
{
  return block.bits >= BITS_BEFORE_V4 && ip_is_v4(block.base);
}

void netblock_write(struct text *text, struct netblock block)
{
  char address[IP_TEXT_SIZE];

  ip_format(block.base, address);
  text_add(text, address);
  text_add_byte(text, '/');
  text_add_number(text, is_v4(block) ? block.bits - (unsigned)BITS_BEFORE_V4 : block.bits);
}

struct netblock netblock_around(struct ip ip, unsigned bits)
{
  return (struct netblock){masked(ip, bits), (uint8_t)bits};
}

bool netblock_contains(struct netblock block, struct ip ip)
{
  return is_v4(block) == ip_is_v4(ip) && ip_equals(block.base, masked(ip, block.bits));
}

static bool lies_within(struct netblock inner, struct netblock outer)
{
  return inner.bits >= outer.bits && is_v4(inner) == is_v4(outer) &&
         ip_equals(outer.base, masked(inner.base, outer.bits));
}

bool netblocks_overlap(struct netblock a, struct netblock b)
{
  return lies_within(a, b) || lies_within(b, a);
}

int netblock_compare(struct netblock a, struct netblock b)
{
  int order = is_v4(b) - is_v4(a);

  if (order == 0)
    order = memcmp(a.base.bytes, b.base.bytes, sizeof(a.base.bytes));
  return order != 0 ? order : a.bits - b.bits;
}

/* Moves the block at `root` down until neither of its two successors is greater. */
static void sift(struct netblock *blocks, size_t root, size_t count)
{
  struct netblock moving = blocks[root];

  while (root < count / 2) {
    size_t child = 2 * root + 1;

    if (child + 1 < count && netblock_compare(blocks[child], blocks[child + 1]) < 0)
      child++;
    if (netblock_compare(moving, blocks[child]) >= 0)
      break;
    blocks[root] = blocks[child];
    root = child;
  }
  blocks[root] = moving;
}

/* Heapsort: in place, no memory, no bad case. */
static void sort(struct netblock *blocks, size_t count)
{
  for (size_t root = count / 2; root > 0; root--)
    sift(blocks, root - 1, count);
  for (size_t end = count; end > 1; end--) {
    struct netblock greatest = blocks[0];

    blocks[0] = blocks[end - 1];
    blocks[end - 1] = greatest;
    sift(blocks, 0, end - 1);
  }
}

size_t netblocks_sort(struct netblock *blocks, size_t count)
{
  size_t kept = 0;

  sort(blocks, count);
  for (size_t i = 0; i < count; i++)
    if (kept == 0 || !lies_within(blocks[i], blocks[kept - 1]))
      blocks[kept++] = blocks[i];
  return kept;
}

bool netblocks_contain(const struct netblock *blocks, size_t count, struct ip ip)
{
  struct netblock host = {ip, BITS_V6};
  size_t from = 0, to = count;

  while (from < to) {
    size_t middle = from + (to - from) / 2;

    if (netblock_compare(blocks[middle], host) <= 0)
      from = middle + 1;
    else
      to = middle;
  }
  return from > 0 && netblock_contains(blocks[from - 1], ip);
}
