/*
 * The ledger: who is refused, when, for how long, and what becomes of it in time.
 */
#include "ledger.h"

#include "expect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#define START UINT64_C(1700000000000)
#define SECOND UINT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

/* A ledger of one network under way. */
struct desk {
  struct ledger_settings settings;
  struct ledger_page page;
  uint64_t now, names;
};

static struct desk open_desk(void)
{
  struct desk desk = {.now = START};

  ledger_defaults(&desk.settings);
  desk.settings.seed = 42;
  for (size_t i = 0; i < LEDGER_CAUSE_COUNT; i++)
    desk.settings.limit[i] = 20;
  return desk;
}

static bool enter(struct desk *desk, enum ledger_event event, uint32_t times)
{
  const struct ledger_entry entry = {.event = event, .times = times};

  return ledger_add(&desk->settings, &desk->page, &entry, desk->now);
}

/* A name that was never asked for before. */
static bool wrong_name(struct desk *desk)
{
  char name[] = "name-0000";
  struct ledger_entry entry = {.event = LEDGER_UNKNOWN_RECIPIENT, .times = 1};
  uint64_t number = desk->names++;

  for (size_t i = 8; i > 4; i--, number /= 10)
    name[i] = (char)('0' + number % 10);
  entry.hash = ledger_hash(span_from(name));
  return ledger_add(&desk->settings, &desk->page, &entry, desk->now);
}

/* New wrong names until a refusal begins; how many it took. */
static unsigned names_until_refused(struct desk *desk, unsigned most)
{
  for (unsigned count = 1; count <= most; count++)
    if (wrong_name(desk))
      return count;
  return 0;
}

static uint32_t refused_for(const struct desk *desk)
{
  return ledger_refused_for(&desk->page, desk->now);
}

static void refuses_a_dictionary_within_25_names(void **state)
{
  (void)state;
  for (uint64_t seed = 0; seed < 2000; seed++) {
    struct desk desk = open_desk();
    unsigned count;

    desk.settings.seed = seed * UINT64_C(0x9e3779b97f4a7c15);
    desk.names = seed * 31 % 5000;
    count = names_until_refused(&desk, 100);
    if (count < 17 || count > 25)
      fail_msg("seed %llu: refused at name %u", (unsigned long long)seed, count);
    assert_int_equal(desk.page.cause, LEDGER_CAUSE_RECIPIENTS);
    assert_int_equal(refused_for(&desk), 3600);
    assert_in_range(desk.page.evidence.distinct, 20, 21);
  }
}

static void lets_a_list_with_stale_addresses_pass(void **state)
{
  struct desk desk = open_desk();

  (void)state;
  for (unsigned i = 0; i < 630; i++)
    if (i % 21 == 10)
      assert_false(wrong_name(&desk));
    else
      assert_false(enter(&desk, LEDGER_ACCEPTED_RECIPIENT, 1));
  assert_int_equal(refused_for(&desk), 0);
}

/* Mail pays for what is malformed and for call-outs, but only half for asking who exists. */
static void delivered_mail_forgives(void **state)
{
  static const struct {
    enum ledger_event event;
    bool want;
  } rows[] = {
      {LEDGER_MALFORMED_COMMAND, false},
      {LEDGER_CALLOUT, false},
      {LEDGER_VRFY, true},
  };

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct desk desk = open_desk();
    bool refused = false;

    enter(&desk, LEDGER_DELIVERED, 1000);
    for (unsigned times = 0; times < 100; times++)
      refused |= enter(&desk, rows[i].event, 1);
    if (refused != rows[i].want)
      fail_msg("%s: refused %d", ledger_event_name(rows[i].event), refused);
  }
  (void)state;
}

static void counts_one_wrong_name_once(void **state)
{
  struct desk desk = open_desk();
  const struct ledger_entry entry = {
      .event = LEDGER_UNKNOWN_RECIPIENT, .times = 1, .hash = ledger_hash(span_from("wrong"))};

  (void)state;
  for (unsigned i = 0; i < 100000; i++, desk.now += SECOND)
    assert_false(ledger_add(&desk.settings, &desk.page, &entry, desk.now));
}

static void hashes_without_case(void **state)
{
  (void)state;
  assert_true(ledger_hash(span_from("Sales")) == ledger_hash(span_from("sALES")));
  assert_true(ledger_hash(span_from("sales")) != ledger_hash(span_from("sale5")));
}

static void doubles_refusals_up_to_the_longest(void **state)
{
  struct desk desk = open_desk();
  uint32_t want = 3600;

  (void)state;
  for (unsigned i = 0; i < 20; i++) {
    assert_true(names_until_refused(&desk, 30) > 0);
    assert_int_equal(refused_for(&desk), want);
    desk.now += refused_for(&desk) * SECOND;
    assert_int_equal(refused_for(&desk), 0);
    want = want * 2 < 7 * 86400 ? want * 2 : 7 * 86400;
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refuses_a_dictionary_within_25_names),
      cmocka_unit_test(lets_a_list_with_stale_addresses_pass),
      cmocka_unit_test(delivered_mail_forgives),
      cmocka_unit_test(counts_one_wrong_name_once),
      cmocka_unit_test(hashes_without_case),
      cmocka_unit_test(doubles_refusals_up_to_the_longest),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
