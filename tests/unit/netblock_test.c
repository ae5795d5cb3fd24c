/*
 * Networks: notation, membership, and sorted lists against a plain search.
 */
#include "netblock.h"

#include "expect.h"
#include "protected.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static const struct {
  const char *name;
  const char *text;
  enum netblock_fault fault;
  const char *base; /* as written by ip_format() */
  unsigned bits;
} notations[] = {
    {"IPv4 network", "192.0.2.0/24", NETBLOCK_OK, "192.0.2.0", 120},
    {"IPv4 address", "192.0.2.1", NETBLOCK_OK, "192.0.2.1", 128},
    {"all of IPv4", "0.0.0.0/0", NETBLOCK_OK, "0.0.0.0", 96},
    {"IPv4 /32", "192.0.2.1/32", NETBLOCK_OK, "192.0.2.1", 128},
    {"IPv6 network", "2001:db8::/32", NETBLOCK_OK, "2001:db8::", 32},
    {"IPv6 address", "::1", NETBLOCK_OK, "::1", 128},
    {"IPv6 in brackets", "[2001:db8::1]", NETBLOCK_OK, "2001:db8::1", 128},
    {"IPv6 network in brackets", "[2001:db8::]/33", NETBLOCK_OK, "2001:db8::", 33},
    {"all of IPv6", "::/0", NETBLOCK_OK, "::", 0},
    {"IPv4 as IPv6", "::ffff:192.0.2.0/120", NETBLOCK_OK, "192.0.2.0", 120},
    {"empty", "", NETBLOCK_BAD_ADDRESS, NULL, 0},
    {"prefix alone", "/24", NETBLOCK_BAD_ADDRESS, NULL, 0},
    {"three numbers", "192.0.2/24", NETBLOCK_BAD_ADDRESS, NULL, 0},
    {"name", "localhost", NETBLOCK_BAD_ADDRESS, NULL, 0},
    {"IPv4 in brackets", "[192.0.2.1]", NETBLOCK_BAD_ADDRESS, NULL, 0},
    {"open bracket", "[::1", NETBLOCK_BAD_ADDRESS, NULL, 0},
    {"blank", "192.0.2.0 /24", NETBLOCK_BAD_ADDRESS, NULL, 0},
    {"prefix over 32", "192.0.2.0/33", NETBLOCK_BAD_PREFIX, NULL, 0},
    {"prefix over 128", "2001:db8::/129", NETBLOCK_BAD_PREFIX, NULL, 0},
    {"no prefix", "192.0.2.0/", NETBLOCK_BAD_PREFIX, NULL, 0},
    {"sign", "192.0.2.0/+8", NETBLOCK_BAD_PREFIX, NULL, 0},
    {"net mask", "192.0.2.0/255.255.255.0", NETBLOCK_BAD_PREFIX, NULL, 0},
    {"leading zero", "192.0.2.0/024", NETBLOCK_BAD_PREFIX, NULL, 0},
    {"many digits", "192.0.2.0/4294967320", NETBLOCK_BAD_PREFIX, NULL, 0},
    {"two prefixes", "192.0.2.0/24/24", NETBLOCK_BAD_PREFIX, NULL, 0},
    {"host bits of IPv4", "192.0.2.1/24", NETBLOCK_HOST_BITS, NULL, 0},
    {"host bits of IPv6", "2001:db8::1/64", NETBLOCK_HOST_BITS, NULL, 0},
    {"one bit", "192.0.2.128/24", NETBLOCK_HOST_BITS, NULL, 0},
};

static void reads_cidr_notation(void **state)
{
  struct protected_area area = protected_make(64);

  (void)state;
  for (size_t i = 0; i < sizeof(notations) / sizeof(notations[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span in = protected_place(&area, span_from(notations[i].text), side);
      struct netblock block = {.bits = 77};
      enum netblock_fault fault = netblock_parse(in, &block);
      char text[IP_TEXT_SIZE];

      if (fault != notations[i].fault)
        fail_msg("%s: %s", notations[i].name, netblock_fault_text(fault));
      ip_format(block.base, text);
      if (fault != NETBLOCK_OK)
        assert_int_equal(block.bits, 77);
      else if (block.bits != notations[i].bits || strcmp(text, notations[i].base) != 0)
        fail_msg("%s: %s/%u", notations[i].name, text, block.bits);
    }
  protected_free(&area);
}

static void each_fault_has_a_text(void **state)
{
  (void)state;
  for (unsigned fault = NETBLOCK_OK; fault <= NETBLOCK_HOST_BITS + 1; fault++)
    assert_true(strlen(netblock_fault_text((enum netblock_fault)fault)) > 5);
}

static struct netblock block_of(const char *text)
{
  struct netblock block = {0};

  if (netblock_parse(span_from(text), &block) != NETBLOCK_OK)
    fail_msg("%s is no network", text);
  return block;
}

static struct ip ip_of(const char *text)
{
  struct ip ip = {0};

  if (!ip_parse(span_from(text), &ip))
    fail_msg("%s is no address", text);
  return ip;
}

static void knows_what_lies_in_a_network(void **state)
{
  static const struct {
    const char *block, *ip;
    bool want;
  } rows[] = {
      {"192.0.2.0/24", "192.0.2.255", true},
      {"192.0.2.0/24", "192.0.3.0", false},
      {"192.0.2.0/24", "192.0.1.255", false},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.1", "192.0.2.1", true},
      {"0.0.0.0/0", "255.255.255.255", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "192.0.2.1", false},
      {"2001:db8::/33", "2001:db8:7fff::", true},
      {"2001:db8::/33", "2001:db8:8000::", false},
      {"192.0.2.0/24", "::ffff:192.0.2.1", true},
      {"::/96", "::192.0.2.1", true},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (netblock_contains(block_of(rows[i].block), ip_of(rows[i].ip)) != rows[i].want)
      fail_msg("%s in %s", rows[i].ip, rows[i].block);
}

static void finds_the_network_around_an_address(void **state)
{
  static const struct {
    const char *ip;
    unsigned bits;
    const char *want;
  } rows[] = {
      {"192.0.2.1", 128, "192.0.2.1"},
      {"192.0.2.255", 120, "192.0.2.0/24"},
      {"192.0.2.255", 96, "0.0.0.0/0"},
      {"2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::/64"},
      {"2001:db8:1:2:3:4:5:6", 128, "2001:db8:1:2:3:4:5:6"},
      {"2001:db8:ffff::", 33, "2001:db8:8000::/33"},
      {"ffff::", 0, "::/0"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct netblock got = netblock_around(ip_of(rows[i].ip), rows[i].bits);
    struct netblock want = block_of(rows[i].want);

    if (got.bits != want.bits || !ip_equals(got.base, want.base))
      fail_msg("%u bits of %s", rows[i].bits, rows[i].ip);
  }
}

static void sorting_drops_what_lies_within(void **state)
{
  struct netblock blocks[] = {
      block_of("192.0.2.1"),      block_of("::/0"),          block_of("192.0.2.0/24"),
      block_of("10.0.0.0/8"),     block_of("2001:db8::/32"), block_of("192.0.2.0/24"),
      block_of("192.0.2.128/25"), block_of("10.0.0.0"),
  };

  (void)state;
  assert_int_equal(netblocks_sort(blocks, sizeof(blocks) / sizeof(blocks[0])), 3);
  assert_true(netblocks_contain(blocks, 3, ip_of("192.0.2.200")));
  assert_true(netblocks_contain(blocks, 3, ip_of("10.255.0.1")));
  assert_true(netblocks_contain(blocks, 3, ip_of("::1")));
  assert_false(netblocks_contain(blocks, 3, ip_of("11.0.0.0")));
  assert_false(netblocks_contain(blocks, 0, ip_of("192.0.2.1")));
  assert_int_equal(netblocks_sort(blocks, 0), 0);
  assert_int_equal(netblocks_sort(blocks, 1), 1);
}

static void all_of_ipv6_and_all_of_ipv4_stand_side_by_side(void **state)
{
  struct netblock blocks[] = {block_of("::/0"), block_of("0.0.0.0/0")};

  (void)state;
  assert_int_equal(netblocks_sort(blocks, 2), 2);
  assert_true(netblocks_contain(blocks, 2, ip_of("192.0.2.1")));
  assert_true(netblocks_contain(blocks, 2, ip_of("::1")));
  assert_true(netblocks_contain(blocks, 2, ip_of("ffff::")));
}

/* Addresses close to one another, so that networks meet, contain and miss them. */
static struct ip roll_ip(struct dice *dice)
{
  struct ip ip = ip_of(dice_roll(dice, 2) == 0 ? "192.0.2.0" : "2001:db8::");

  for (size_t i = 14; i < 16; i++)
    ip.bytes[i] = (uint8_t)(dice_roll(dice, 4) << 6 | dice_roll(dice, 4));
  return ip;
}

static struct netblock roll_block(struct dice *dice)
{
  struct netblock block = {roll_ip(dice), (uint8_t)(110 + dice_roll(dice, 19))};

  for (unsigned bit = block.bits; bit < 128; bit++)
    block.base.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
  return block;
}

static void finds_what_a_plain_search_finds(void **state)
{
  enum { BLOCKS = 24 };
  struct dice dice = {4632};

  (void)state;
  for (size_t round = 0; round < 2000; round++) {
    struct netblock plain[BLOCKS], sorted[BLOCKS];
    size_t count = dice_roll(&dice, BLOCKS + 1), kept;

    for (size_t i = 0; i < count; i++)
      sorted[i] = plain[i] = roll_block(&dice);
    kept = netblocks_sort(sorted, count);
    assert_true(kept <= count);
    for (size_t n = 0; n < 50; n++) {
      struct ip ip = roll_ip(&dice);
      bool found = false;

      for (size_t i = 0; i < count; i++)
        found |= netblock_contains(plain[i], ip);
      assert_int_equal(netblocks_contain(sorted, kept, ip), found);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_cidr_notation),
      cmocka_unit_test(each_fault_has_a_text),
      cmocka_unit_test(knows_what_lies_in_a_network),
      cmocka_unit_test(finds_the_network_around_an_address),
      cmocka_unit_test(sorting_drops_what_lies_within),
      cmocka_unit_test(all_of_ipv6_and_all_of_ipv4_stand_side_by_side),
      cmocka_unit_test(finds_what_a_plain_search_finds),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
