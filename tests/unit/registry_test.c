/*
 * Open sessions: entered, found, gone; and all of that from many threads at once.
 */
#include "doors/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { POLICIES = 4, THREADS = 4, ROUNDS = 3000, ENTRIES = 32 };

static struct policy policies[POLICIES];
static atomic_int holds[POLICIES];
static struct registry registry;

static const struct policy *keep(const struct policy *policy)
{
  atomic_fetch_add(&holds[policy - policies], 1);
  return policy;
}

static const struct door_services services = {.policy_keep = keep};

static struct ip address(const char *text)
{
  struct ip ip;

  assert_true(ip_parse(span_from(text), &ip));
  return ip;
}

/* The number of the policy that is found, -1 for none; the daemon's name goes to `daemon`. */
static int find(const char *client, uint16_t port, char *daemon)
{
  struct session session;
  const struct policy *found;
  struct span name;

  session_begin(&session, NULL);
  session_set_daemon(&session, SPAN("untouched"));
  found = registry_find(&registry, address(client), port, &session);
  name = session_daemon(&session);
  memcpy(daemon, name.at, name.len);
  daemon[name.len] = '\0';
  return found == NULL ? -1 : (int)(found - policies);
}

static void sessions_are_found_by_address_and_port(void **state)
{
  struct registry_entry first = {.entered = false}, second = {.entered = false},
                        sixth = {.entered = false};
  char daemon[80];

  (void)state;
  registry_open(&registry, &services);
  assert_int_equal(find("192.0.2.1", 1000, daemon), -1);
  assert_string_equal(daemon, "untouched");
  registry_enter(&registry, &first, address("192.0.2.1"), 1000, &policies[1], SPAN("MTA"));
  registry_enter(&registry, &second, address("192.0.2.1"), 1001, &policies[2], SPAN(""));
  registry_enter(&registry, &sixth, address("2001:db8::1"), 1000, &policies[3], SPAN("MSA"));
  assert_int_equal(find("192.0.2.1", 1000, daemon), 1);
  assert_string_equal(daemon, "MTA");
  assert_int_equal(find("192.0.2.1", 1001, daemon), 2);
  assert_string_equal(daemon, "");
  assert_int_equal(find("2001:db8::1", 1000, daemon), 3);
  assert_int_equal(find("2001:db8::1", 1001, daemon), -1);
  assert_int_equal(find("192.0.2.2", 1000, daemon), -1);
  registry_leave(&registry, &first);
  registry_leave(&registry, &first);
  assert_int_equal(find("192.0.2.1", 1000, daemon), -1);
  assert_int_equal(find("192.0.2.1", 1001, daemon), 2);
  registry_leave(&registry, &second);
  registry_leave(&registry, &sixth);
  assert_int_equal(atomic_load(&holds[2]), 2); /* one for each time it was found */
}

/* A proxy may bring one client twice; one connection may begin a second session. */
static void the_last_one_counts(void **state)
{
  struct registry_entry first = {.entered = false}, second = {.entered = false};
  char daemon[80];

  (void)state;
  registry_open(&registry, &services);
  registry_enter(&registry, &first, address("::1"), 1, &policies[1], SPAN("one"));
  registry_enter(&registry, &second, address("::1"), 1, &policies[2], SPAN("two"));
  assert_int_equal(find("::1", 1, daemon), 2);
  registry_leave(&registry, &second);
  assert_int_equal(find("::1", 1, daemon), 1);
  registry_enter(&registry, &first, address("::2"), 1, &policies[3], SPAN("three"));
  assert_int_equal(find("::1", 1, daemon), -1);
  assert_int_equal(find("::2", 1, daemon), 3);
  assert_string_equal(daemon, "three");
  registry_leave(&registry, &first);
  assert_int_equal(find("::2", 1, daemon), -1);
}

static void a_long_name_is_cut(void **state)
{
  struct registry_entry entry = {.entered = false};
  char daemon[80], name[200];

  (void)state;
  memset(name, 'n', sizeof(name));
  registry_open(&registry, &services);
  registry_enter(&registry, &entry, address("::1"), 1, &policies[0],
                 (struct span){name, sizeof(name)});
  assert_int_equal(find("::1", 1, daemon), 0);
  assert_int_equal(strlen(daemon), REGISTRY_DAEMON_MAX);
}

/* One milter's worth of sessions, which come and go; each looks for those of the others, too. */
static void *come_and_go(void *argument)
{
  static struct registry_entry entries[THREADS][ENTRIES];
  unsigned own = *(unsigned *)argument;

  for (unsigned round = 0; round < ROUNDS; round++) {
    struct registry_entry *entry = &entries[own][round % ENTRIES];
    struct ip client = {{[15] = (uint8_t)(round % 7)}};
    struct session session;

    registry_enter(&registry, entry, client, (uint16_t)(round % 5), &policies[own], SPAN("x"));
    session_begin(&session, NULL);
    for (uint16_t port = 0; port < 5; port++)
      if (registry_find(&registry, client, port, &session) != NULL &&
          !registry_take_passed(&registry, client, port))
        session_set_daemon(&session, SPAN(""));
    registry_note_unknown(&registry, entry, round % 2 == 0);
    if (round % 3 == 0)
      registry_leave(&registry, entry);
  }
  for (unsigned i = 0; i < ENTRIES; i++)
    registry_leave(&registry, &entries[own][i]);
  return NULL;
}

static void many_threads_come_and_go(void **state)
{
  pthread_t threads[THREADS];
  unsigned numbers[THREADS];

  (void)state;
  registry_open(&registry, &services);
  for (unsigned i = 0; i < THREADS; i++) {
    numbers[i] = i;
    assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &numbers[i]), 0);
  }
  for (unsigned i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  for (unsigned i = 0; i < REGISTRY_LISTS; i++)
    assert_null(registry.lists[i].first);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sessions_are_found_by_address_and_port),
      cmocka_unit_test(the_last_one_counts),
      cmocka_unit_test(a_long_name_is_cut),
      cmocka_unit_test(many_threads_come_and_go),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
