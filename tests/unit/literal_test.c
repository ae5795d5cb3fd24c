/*
 * Address literals and IP addresses: each form of RFC 5321 section 4.1.3, and those that only look
 * like one.
 */
#include "literal.h"

#include "expect.h"
#include "protected.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  const char *literal;
  const char *ip; /* NULL: a general literal */
} valid[] = {
    {"IPv4", "[192.0.2.1]", "192.0.2.1"},
    {"IPv4, least and greatest", "[0.0.255.255]", "0.0.255.255"},
    {"IPv4 with leading zeros", "[001.02.003.4]", "1.2.3.4"},
    {"IPv6-full", "[IPv6:2001:db8:1:2:3:4:5:6]", "2001:db8:1:2:3:4:5:6"},
    {"IPv6-full, four digits each", "[IPv6:0001:0002:0003:0004:0005:0006:0007:0008]",
     "1:2:3:4:5:6:7:8"},
    {"tag in any case", "[iPV6:::1]", "::1"},
    {"capital digits", "[IPv6:ABCD::EF]", "abcd::ef"},
    {"IPv6-comp of nothing", "[IPv6:::]", "::"},
    {"IPv6-comp, six before", "[IPv6:1:2:3:4:5:6::]", "1:2:3:4:5:6::"},
    {"IPv6-comp, six after", "[IPv6:::1:2:3:4:5:6]", "::1:2:3:4:5:6"},
    {"IPv6-comp, three and three", "[IPv6:1:2:3::4:5:6]", "1:2:3::4:5:6"},
    {"IPv6v4-full", "[IPv6:1:2:3:4:5:6:192.0.2.1]", "1:2:3:4:5:6:c000:201"},
    {"IPv6v4-comp", "[IPv6:::ffff:192.0.2.1]", "192.0.2.1"},
    {"IPv6v4-comp of nothing", "[IPv6:::192.0.2.1]", "::c000:201"},
    {"IPv6v4-comp, four before", "[IPv6:1:2:3:4::192.0.2.1]", "1:2:3:4::c000:201"},
    {"general", "[x400:/c=de/]", NULL},
    {"general of one byte each", "[a:b]", NULL},
    {"general with digits and hyphens", "[a-1-b:!#Z^~]", NULL},
    {"general that begins as IPv6 does", "[IPv66:garbage]", NULL},
    {"general of another tag with colons", "[IPv7:::1]", NULL},
};

static const struct {
  const char *name;
  struct span literal;
  size_t end;
  struct fault want[WANT_MAX];
} invalid[] = {
    {"empty", SPAN("[]"), 2, {{FAULT_BAD_LITERAL, 1}}},
    {"open", SPAN("[192.0.2.1"), 10, {{FAULT_OPEN_LITERAL, 0}}},
    {"bracket alone", SPAN("["), 1, {{FAULT_OPEN_LITERAL, 0}}},
    {"space", SPAN("[ 192.0.2.1]"), 12, {{FAULT_BAD_LITERAL, 1}}},
    {"bracket inside", SPAN("[a:[b]"), 6, {{FAULT_BAD_LITERAL, 3}}},
    {"backslash", SPAN("[a:\\b]"), 6, {{FAULT_BAD_LITERAL, 3}}},
    {"NUL", SPAN("[a:\0]"), 5, {{FAULT_BAD_LITERAL, 3}}},
    {"8-bit", SPAN("[a:\xc3\xbc]"), 6, {{FAULT_BAD_LITERAL, 3}}},
    {"DEL", SPAN("[a:\x7f]"), 5, {{FAULT_BAD_LITERAL, 3}}},
    {"three numbers", SPAN("[1.2.3]"), 7, {{FAULT_BAD_IPV4, 6}}},
    {"five numbers", SPAN("[1.2.3.4.5]"), 11, {{FAULT_BAD_IPV4, 8}}},
    {"number over 255", SPAN("[999.1.1.1]"), 11, {{FAULT_BAD_IPV4, 3}}},
    {"256", SPAN("[1.1.1.256]"), 11, {{FAULT_BAD_IPV4, 9}}},
    {"four digits", SPAN("[0001.1.1.1]"), 12, {{FAULT_BAD_IPV4, 4}}},
    {"empty number", SPAN("[1..1.1]"), 8, {{FAULT_BAD_IPV4, 3}}},
    {"final dot", SPAN("[1.2.3.4.]"), 10, {{FAULT_BAD_IPV4, 8}}},
    {"letter in a number", SPAN("[1.2.3.x]"), 9, {{FAULT_BAD_IPV4, 7}}},
    {"network", SPAN("[192.0.2.0/24]"), 14, {{FAULT_BAD_IPV4, 10}}},
    {"garbage IPv6", SPAN("[IPv6:garbage]"), 14, {{FAULT_BAD_IPV6, 6}}},
    {"tag alone", SPAN("[IPv6:]"), 7, {{FAULT_BAD_IPV6, 6}}},
    {"seven groups", SPAN("[IPv6:1:2:3:4:5:6:7]"), 20, {{FAULT_BAD_IPV6, 19}}},
    {"nine groups", SPAN("[IPv6:1:2:3:4:5:6:7:8:9]"), 24, {{FAULT_BAD_IPV6, 22}}},
    {"seven groups and a gap", SPAN("[IPv6:1:2:3:4:5:6:7::]"), 22, {{FAULT_BAD_IPV6, 20}}},
    {"gap and seven groups", SPAN("[IPv6:::1:2:3:4:5:6:7]"), 22, {{FAULT_BAD_IPV6, 20}}},
    {"two gaps", SPAN("[IPv6:1::2::3]"), 14, {{FAULT_BAD_IPV6, 11}}},
    {"three colons", SPAN("[IPv6:1:::2]"), 12, {{FAULT_BAD_IPV6, 9}}},
    {"single colon first", SPAN("[IPv6::1]"), 9, {{FAULT_BAD_IPV6, 7}}},
    {"single colon last", SPAN("[IPv6:1:2:]"), 11, {{FAULT_BAD_IPV6, 10}}},
    {"five digits", SPAN("[IPv6:12345::]"), 14, {{FAULT_BAD_IPV6, 10}}},
    {"zone", SPAN("[IPv6:fe80::1%eth0]"), 19, {{FAULT_BAD_IPV6, 13}}},
    {"prefix", SPAN("[IPv6:2001:db8::/32]"), 20, {{FAULT_BAD_IPV6, 16}}},
    {"IPv4 alone with the tag", SPAN("[IPv6:192.0.2.1]"), 16, {{FAULT_BAD_IPV6, 15}}},
    {"IPv4 not last", SPAN("[IPv6:::192.0.2.1:1]"), 20, {{FAULT_BAD_IPV6, 17}}},
    {"broken IPv4 last", SPAN("[IPv6:::192.0.2]"), 16, {{FAULT_BAD_IPV6, 15}}},
    {"five groups, gap and IPv4", SPAN("[IPv6:1:2:3:4:5::1.2.3.4]"), 25, {{FAULT_BAD_IPV6, 17}}},
    {"seven groups and IPv4", SPAN("[IPv6:1:2:3:4:5:6:7:1.2.3.4]"), 28, {{FAULT_BAD_IPV6, 20}}},
    {"no tag", SPAN("[2001:db8::1]"), 13, {{FAULT_NO_IPV6_TAG, 1}}},
    {"no tag, loopback", SPAN("[::1]"), 5, {{FAULT_NO_IPV6_TAG, 1}}},
    {"name", SPAN("[mail.example]"), 14, {{FAULT_BAD_TAG, 5}}},
    {"tag without colon", SPAN("[IPv6]"), 6, {{FAULT_BAD_TAG, 5}}},
    {"empty tag", SPAN("[:abc]"), 6, {{FAULT_BAD_TAG, 1}}},
    {"tag ends in a hyphen", SPAN("[tag-:x]"), 8, {{FAULT_BAD_TAG, 4}}},
    {"nothing after the colon", SPAN("[tag:]"), 6, {{FAULT_BAD_TAG, 5}}},
    {"the first bracket ends it", SPAN("[]x]"), 2, {{FAULT_BAD_LITERAL, 1}}},
};

static void accepts_each_form(void **state)
{
  struct protected_area area = protected_make(256);

  (void)state;
  for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span in = protected_place(&area, span_from(valid[i].literal), side);
      struct faults faults = {0};
      char text[IP_TEXT_SIZE] = "";
      struct ip ip;
      bool is_ip;

      assert_int_equal(literal_scan(in, 0, &ip, &is_ip, &faults), in.len);
      expect_faults(valid[i].name, protected_side_name(side), &faults, (struct fault[1]){{0}});
      if (is_ip)
        ip_format(ip, text);
      if (strcmp(text, valid[i].ip == NULL ? "" : valid[i].ip) != 0)
        fail_msg("%s: address \"%s\"", valid[i].name, text);
      assert_int_equal(literal_scan(in, 0, NULL, NULL, &faults), in.len);
    }
  protected_free(&area);
}

static void tells_each_fault_and_its_place(void **state)
{
  struct protected_area area = protected_make(256);

  (void)state;
  for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span in = protected_place(&area, invalid[i].literal, side);
      struct faults faults = {0};
      size_t end = literal_scan(in, 0, NULL, NULL, &faults);

      expect_faults(invalid[i].name, protected_side_name(side), &faults, invalid[i].want);
      if (end != invalid[i].end)
        fail_msg("%s: ends at %zu", invalid[i].name, end);
    }
  protected_free(&area);
}

static void counts_offsets_from_the_whole_input(void **state)
{
  struct span in = SPAN("<u@[1.2.3.x]>");
  struct faults faults = {0};

  (void)state;
  assert_int_equal(literal_scan(in, 3, NULL, NULL, &faults), 12);
  assert_int_equal(faults.of[ASPECT_LITERAL].at, 10);
}

static const struct {
  const char *name;
  const char *text;
  const char *want; /* NULL: no address */
} addresses[] = {
    {"IPv4", "198.51.100.7", "198.51.100.7"},
    {"IPv6", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
    {"seven groups and a gap", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {"gap and seven groups", "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
    {"first of two equal runs", "1:0:0:2:0:0:3:4", "1::2:0:0:3:4"},
    {"longer of two runs", "1:0:0:2:0:0:0:4", "1:0:0:2::4"},
    {"one zero is not shortened", "1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
    {"IPv4 in IPv6 is IPv4", "::ffff:c000:0201", "192.0.2.1"},
    {"all ones", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"nothing", "::", "::"},
    {"eight groups and a gap", "1:2:3:4:5:6:7:8::", NULL},
    {"empty", "", NULL},
    {"colon", ":", NULL},
    {"brackets", "[::1]", NULL},
    {"tag", "IPv6:::1", NULL},
    {"zone", "fe80::1%1", NULL},
    {"blank", "1.2.3.4 ", NULL},
    {"hexadecimal IPv4", "0x7f.0.0.1", NULL},
    {"number", "2130706433", NULL},
};

static void reads_and_writes_addresses(void **state)
{
  struct protected_area area = protected_make(256);

  (void)state;
  for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span in = protected_place(&area, span_from(addresses[i].text), side);
      char text[IP_TEXT_SIZE] = "";
      struct ip ip;

      if (ip_parse(in, &ip))
        ip_format(ip, text);
      if (strcmp(text, addresses[i].want == NULL ? "" : addresses[i].want) != 0)
        fail_msg("%s: \"%s\"", addresses[i].name, text);
    }
  protected_free(&area);
}

/* What glibc makes of the same bytes; it takes no leading zeros, so those are not compared. */
static bool known_to_libc(const char *text, struct ip *out)
{
  return inet_pton(AF_INET6, text, out->bytes) == 1;
}

static void agrees_with_the_c_library_on_ipv6(void **state)
{
  static const char *const pieces[] = {":",  ":",  ":",    ":",    "::",         "0",
                                       "1",  "ab", "FFFF", "1234", ":192.0.2.1", ":1",
                                       ":2", ":3", ":4",   ".",    "12345"};
  struct dice dice = {4291};
  char text[256];
  size_t good = 0;

  (void)state;
  for (size_t i = 0; i < 200000; i++) {
    size_t len = dice_join(&dice, pieces, sizeof(pieces) / sizeof(pieces[0]), text, 255);
    struct ip ours, theirs;
    bool is_ours;

    text[len] = '\0';
    is_ours = ip_parse_v6((struct span){text, len}, &ours);
    if (is_ours != known_to_libc(text, &theirs) || (is_ours && !ip_equals(ours, theirs)))
      fail_msg("\"%s\": we say %d", text, is_ours);
    good += is_ours;
  }
  assert_true(good > 1000);
}

static void what_is_written_is_read_again(void **state)
{
  struct dice dice = {5952};

  (void)state;
  for (size_t i = 0; i < 50000; i++) {
    char text[IP_TEXT_SIZE], theirs[INET6_ADDRSTRLEN];
    struct ip ip, again;

    for (size_t n = 0; n < sizeof(ip.bytes); n++)
      ip.bytes[n] = (uint8_t)(dice_roll(&dice, 3) == 0 ? dice_roll(&dice, 256) : 0);
    ip_format(ip, text);
    assert_true(ip_parse(span_from(text), &again));
    assert_true(ip_equals(ip, again));
    inet_ntop(AF_INET6, ip.bytes, theirs, sizeof(theirs));
    if (strchr(theirs, '.') == NULL) /* it writes ::a.b.c.d for some that are not IPv4 */
      assert_string_equal(text, theirs);
  }
}

static void stays_in_bounds_on_any_bytes(void **state)
{
  static const char *const pieces[] = {"[", "]", "IPv6:", ":", "::", ".", "1",     "255", "ffff",
                                       "",  " ", "a",     "-", "x:", "@", "1.2.3", "\xff"};
  struct protected_area area = protected_make(256);
  struct dice dice = {413};
  char memory[256] = "[";

  (void)state;
  for (size_t i = 0; i < 40000; i++) {
    size_t len = 1 + dice_join(&dice, pieces, sizeof(pieces) / sizeof(pieces[0]), memory + 1, 255);
    struct span in = protected_place(&area, (struct span){memory, len}, i % PROTECTED_SIDES);
    struct faults faults = {0};
    struct ip ip;
    bool is_ip;
    size_t end = literal_scan(in, 0, &ip, &is_ip, &faults);

    assert_true(end > 0 && end <= in.len);
    expect_sound(&faults, in, false);
  }
  protected_free(&area);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accepts_each_form),
      cmocka_unit_test(tells_each_fault_and_its_place),
      cmocka_unit_test(counts_offsets_from_the_whole_input),
      cmocka_unit_test(reads_and_writes_addresses),
      cmocka_unit_test(agrees_with_the_c_library_on_ipv6),
      cmocka_unit_test(what_is_written_is_read_again),
      cmocka_unit_test(stays_in_bounds_on_any_bytes),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
