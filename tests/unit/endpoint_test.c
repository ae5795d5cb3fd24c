/*
 * Addresses of listening sockets.
 */
#include "../../milter/config/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#define A10 "aaaaaaaaaa"
#define A100 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10
#define A255 A100 A100 A10 A10 A10 A10 A10 "aaaaa"

static const struct {
  const char *text;
  const char *written; /* NULL: the same */
} right[] = {
    {"unix:/run/milter-strict/milter.sock", NULL},
    {"unix:/x", NULL},
    {"unix:/a b@c:1", NULL},
    {"inet:8890@127.0.0.1", NULL},
    {"inet:8890@[127.0.0.1]", "inet:8890@127.0.0.1"},
    {"inet:8890@mx.example.org", NULL},
    {"inet:8890", NULL},
    {"inet:1", NULL},
    {"inet:65535", NULL},
    {"inet6:8890@::1", NULL},
    {"inet6:8890@[::1]", "inet6:8890@::1"},
    {"inet6:8890", NULL},
    {"INET:8890", "inet:8890"},
    {"fd:3", NULL},
    {"fd:1000", NULL},
};

static const struct {
  const char *name, *text, *why;
} wrong[] = {
    {"empty", "", "an address is"},
    {"a path alone", "/run/milter.sock", "an address is"},
    {"another kind", "local:/run/milter.sock", "an address is"},
    {"unix without a path", "unix:", "begins with"},
    {"unix, relative", "unix:milter.sock", "begins with"},
    {"unix, 108 bytes", "unix:/" A100 "aaaaaaa", "at most 107"},
    {"inet without a port", "inet:", "from 1 to 65535"},
    {"port 0", "inet:0@127.0.0.1", "from 1 to 65535"},
    {"port 65536", "inet:65536@127.0.0.1", "from 1 to 65535"},
    {"a port that wraps around", "inet:4294967297", "from 1 to 65535"},
    {"a long port", "inet:" A100, "from 1 to 65535"},
    {"a port by name", "inet:smtp@127.0.0.1", "from 1 to 65535"},
    {"a negative port", "inet:-1@127.0.0.1", "from 1 to 65535"},
    {"a space before the port", "inet: 8890", "from 1 to 65535"},
    {"host before port", "inet:127.0.0.1:8890", "from 1 to 65535"},
    {"an empty host", "inet:8890@", "host name"},
    {"an empty host in brackets", "inet6:8890@[]", "host name"},
    {"a host of 256 bytes", "inet:8890@" A255 "a", "host name"},
    {"fd without a number", "fd:", "from 3"},
    {"standard error", "fd:2", "from 3"},
    {"a negative fd", "fd:-1", "from 3"},
    {"fd and more", "fd:3x", "from 3"},
};

static void right_addresses_are_read_and_written(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
    const char *want = right[i].written == NULL ? right[i].text : right[i].written;
    struct endpoint address;
    const char *why;
    char memory[512];
    struct text text = text_in(memory, sizeof(memory));

    if (!endpoint_parse(span_from(right[i].text), &address, &why))
      fail_msg("%s: %s", right[i].text, why);
    endpoint_write(&text, &address);
    assert_string_equal(memory, want);
  }
}

static void wrong_addresses_are_told(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    struct endpoint address = {.fd = 12345};
    const char *why = NULL;
    bool read = endpoint_parse(span_from(wrong[i].text), &address, &why);

    if (read || strstr(why, wrong[i].why) == NULL)
      fail_msg("%s: got %s, want %s", wrong[i].name, read ? "an address" : why, wrong[i].why);
    assert_int_equal(address.fd, 12345);
  }
}

static void bytes_in_addresses_are_no_strings(void **state)
{
  struct endpoint address;
  const char *why;

  (void)state;
  assert_false(endpoint_parse(SPAN("unix:/a\0b"), &address, &why));
  assert_false(endpoint_parse(SPAN("inet:25\0@x"), &address, &why));
  assert_false(endpoint_parse(SPAN("inet:25@x\0y"), &address, &why));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(right_addresses_are_read_and_written),
      cmocka_unit_test(wrong_addresses_are_told),
      cmocka_unit_test(bytes_in_addresses_are_no_strings),
  };

  return cmocka_run_group_tests_name("listener address", tests, NULL, NULL);
}
