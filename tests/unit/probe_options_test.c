/*
 * Whom a probe may ask: hosts and ports as they are written, and addresses that nobody else uses.
 */
#include "tools/probe_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void targets(void **state)
{
  static const struct {
    const char *word, *host; /* NULL: refused */
    uint16_t port;
  } rows[] = {
      {"mx.example.org", "mx.example.org", 25},
      {"mx.example.org:2525", "mx.example.org", 2525},
      {"192.0.2.1:1", "192.0.2.1", 1},
      {"2001:db8::1", "2001:db8::1", 25},
      {"[2001:db8::1]", "2001:db8::1", 25},
      {"[2001:db8::1]:65535", "2001:db8::1", 65535},
      {"[2001:db8::1]65535", NULL, 0},
      {"[2001:db8::1", NULL, 0},
      {"[mx.example.org]:25", NULL, 0},
      {"[]", NULL, 0},
      {"mx:65536", NULL, 0},
      {"mx:0", NULL, 0},
      {"mx:", NULL, 0},
      {"mx:2 5", NULL, 0},
      {":25", NULL, 0},
      {"", NULL, 0},
      {"-mx", NULL, 0},
      {"m\r\nx", NULL, 0},
      {"m\xc3\xbcx", NULL, 0},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char host[PROBE_HOST_SIZE];
    uint16_t port = 25;
    bool taken = probe_target_parse(rows[i].word, host, &port);

    if (taken != (rows[i].host != NULL) ||
        (taken && (strcmp(host, rows[i].host) != 0 || port != rows[i].port)))
      fail_msg("\"%s\": %d, \"%s\", %u", rows[i].word, taken, host, port);
  }
}

static void a_host_that_is_too_long(void **state)
{
  char word[PROBE_HOST_SIZE + 1], host[PROBE_HOST_SIZE];
  uint16_t port = 25;

  (void)state;
  memset(word, 'a', sizeof(word));
  word[PROBE_HOST_SIZE] = '\0';
  assert_false(probe_target_parse(word, host, &port));
  word[PROBE_HOST_SIZE - 1] = '\0';
  assert_true(probe_target_parse(word, host, &port));
}

static void who_is_private(void **state)
{
  static const struct {
    const char *address;
    bool is_private, is_loopback;
  } rows[] = {
      {"127.0.0.1", true, true},    {"127.255.255.255", true, true}, {"::1", true, true},
      {"10.0.0.1", true, false},    {"172.31.255.255", true, false}, {"172.32.0.0", false, false},
      {"192.168.1.1", true, false}, {"169.254.0.1", true, false},    {"fd00::1", true, false},
      {"fe80::1", true, false},     {"fec0::1", false, false},       {"128.0.0.1", false, false},
      {"192.0.2.1", false, false},  {"2001:db8::1", false, false},   {"0.0.0.0", false, false},
      {"100.64.0.1", false, false}, {"11.0.0.0", false, false},      {"::", false, false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct ip ip;

    assert_true(ip_parse(span_from(rows[i].address), &ip));
    if (probe_is_private(ip) != rows[i].is_private || probe_is_loopback(ip) != rows[i].is_loopback)
      fail_msg("%s", rows[i].address);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(targets),
      cmocka_unit_test(a_host_that_is_too_long),
      cmocka_unit_test(who_is_private),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
