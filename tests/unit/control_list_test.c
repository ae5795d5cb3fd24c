/*
 * Lists of refused networks, out of a real store: what is in them, in which order, and how many.
 */
#include "daemon/control_list.h"
#include "store_case.h"

enum { MANY = 2000 };

static const atomic_bool goes_on = false, stops = true;

static struct netblock block(const char *text)
{
  struct netblock network;

  assert_int_equal(netblock_parse(span_from(text), &network), NETBLOCK_OK);
  return network;
}

static struct control_request request_of(const char *line)
{
  char memory[256];
  struct text why = text_in(memory, sizeof(memory));
  struct control_request request;

  if (!control_request_parse(span_from(line), &request, &why))
    fail_msg("%s: %s", line, memory);
  return request;
}

/* Refuses for so many seconds, from `ago` seconds before now; the table may be full for a moment.
 */
static void refuse(struct store *store, const char *network, uint32_t seconds, uint64_t ago)
{
  for (unsigned waits = 0; !store_refuse(store, block(network), seconds, now() - ago * 1000);
       waits++) {
    assert_true(waits < PATIENCE_MS / 5);
    pause_a_moment();
  }
}

static struct store *filled(void)
{
  struct store *store = open_store();

  refuse(store, "192.0.2.0/24", 3000, 30);
  refuse(store, "10.0.0.0/8", 1000, 10);
  refuse(store, "2001:db8::/32", 2000, 20);
  refuse(store, "198.51.100.9", 5, 60); /* over */
  assert_true(count_names(store, ip_of("203.0.113.7"), 2 * LIMIT).began);
  return store;
}

static const struct {
  const char *line;
  const char *want; /* networks in their order, then how many were found */
} rows[] = {
    {"refused", "203.0.113.7/32 10.0.0.0/8 2001:db8::/32 192.0.2.0/24 4"},
    {"refused sort=until", "10.0.0.0/8 2001:db8::/32 192.0.2.0/24 203.0.113.7/32 4"},
    {"refused sort=network", "10.0.0.0/8 192.0.2.0/24 203.0.113.7/32 2001:db8::/32 4"},
    {"refused sort=points", "203.0.113.7/32 10.0.0.0/8 192.0.2.0/24 2001:db8::/32 4"},
    {"refused sort=times limit=1", "203.0.113.7/32 4"},
    {"refused sort=network limit=2", "10.0.0.0/8 192.0.2.0/24 4"},
    {"refused sort=until limit=3", "10.0.0.0/8 2001:db8::/32 192.0.2.0/24 4"},
    {"refused rule=client-refused", "10.0.0.0/8 2001:db8::/32 192.0.2.0/24 3"},
    {"refused rule=probe-recipients", "203.0.113.7/32 1"},
    {"refused rule=probe-vrfy", "0"},
    {"refused network=10.1.2.3", "10.0.0.0/8 1"},
    {"refused network=0.0.0.0/0 sort=network", "10.0.0.0/8 192.0.2.0/24 203.0.113.7/32 3"},
    {"refused network=::/0", "2001:db8::/32 1"},
    {"refused network=198.51.100.9", "0"},
};

static void lists_are_filtered_sorted_and_cut(void **state)
{
  struct store *store = filled();

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct control_request request = request_of(rows[i].line);
    struct control_list list = {0};
    char memory[512];
    struct text got = text_in(memory, sizeof(memory));

    assert_true(control_list_fill(&list, store, &request, now(), &goes_on));
    for (size_t row = 0; row < list.count; row++) {
      netblock_write(&got, list.rows[row].network);
      text_add_byte(&got, ' ');
    }
    text_add_number(&got, list.found);
    control_list_free(&list);
    if (strcmp(memory, rows[i].want) != 0)
      fail_msg("%s: got \"%s\", want \"%s\"", rows[i].line, memory, rows[i].want);
  }
  store_close(store);
}

static void rows_have_their_evidence(void **state)
{
  struct control_request request = request_of("refused network=203.0.113.7");
  struct store *store = filled();
  struct control_list list = {0};

  (void)state;
  assert_true(control_list_fill(&list, store, &request, now(), &goes_on));
  assert_int_equal(list.count, 1);
  assert_int_equal(list.rows[0].cause, LEDGER_CAUSE_RECIPIENTS);
  assert_int_equal(list.rows[0].evidence.points, LIMIT);
  assert_int_equal(list.rows[0].evidence.distinct, LIMIT);
  assert_int_equal(list.rows[0].times, 1);
  assert_int_equal((list.rows[0].until - list.rows[0].since) / 1000, 3600);
  control_list_free(&list);
  store_close(store);
}

/* What a limit keeps are the first ones of all, in their order, in memory that it bounds. */
static void a_limit_keeps_the_first_of_many(void **state)
{
  struct store *store = open_with(2 * MANY);
  struct control_request request = request_of("refused sort=until limit=100");
  struct control_list list = {0};
  uint64_t when = now();

  (void)state;
  for (unsigned i = 0; i < MANY; i++) {
    struct netblock network = netblock_around(nth(1, i), 64);
    uint32_t seconds = 1000 + i * 7919 % MANY; /* in no order */

    while (!store_refuse(store, network, seconds, when))
      pause_a_moment();
  }
  assert_true(control_list_fill(&list, store, &request, when, &goes_on));
  assert_int_equal(list.found, MANY);
  assert_int_equal(list.count, 100);
  assert_true(list.room <= 256);
  for (size_t i = 0; i < list.count; i++)
    assert_int_equal((list.rows[i].until - when) / 1000, 1000 + i);
  control_list_free(&list);
  store_close(store);
}

static void a_stop_breaks_off(void **state)
{
  struct control_request request = request_of("refused");
  struct store *store = filled();
  struct control_list list = {0};

  (void)state;
  assert_false(control_list_fill(&list, store, &request, now(), &stops));
  assert_null(list.rows);
  assert_int_equal(list.count, 0);
  store_close(store);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(lists_are_filtered_sorted_and_cut, make_folder,
                                      remove_folder),
      cmocka_unit_test_setup_teardown(rows_have_their_evidence, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_limit_keeps_the_first_of_many, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_stop_breaks_off, make_folder, remove_folder),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
