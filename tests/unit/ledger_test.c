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

static void halves_counts_with_each_half_life(void **state)
{
  struct desk desk = open_desk();
  uint32_t half = desk.settings.half_life;

  (void)state;
  enter(&desk, LEDGER_ACCEPTED_RECIPIENT, 1000);
  for (uint32_t want = 1000 * 1024; want > 1024; want /= 2) {
    assert_in_range(desk.page.count[LEDGER_ACCEPTED_RECIPIENT], want - want / 50, want);
    desk.now += half * SECOND;
    ledger_settle(&desk.settings, &desk.page, desk.now);
  }
}

/* Many small steps come to the same as one big one. */
static void loses_nothing_to_rounding(void **state)
{
  struct desk desk = open_desk(), other;

  (void)state;
  enter(&desk, LEDGER_ACCEPTED_RECIPIENT, 1000);
  other = desk;
  for (unsigned i = 0; i < 100000; i++) {
    desk.now += DAY / 100000;
    ledger_settle(&desk.settings, &desk.page, desk.now);
  }
  ledger_settle(&other.settings, &other.page, other.now + DAY);
  assert_in_range(desk.page.count[LEDGER_ACCEPTED_RECIPIENT],
                  other.page.count[LEDGER_ACCEPTED_RECIPIENT] - 1024,
                  other.page.count[LEDGER_ACCEPTED_RECIPIENT] + 1024);
}

static void catches_a_dictionary_that_is_slow(void **state)
{
  struct desk desk = open_desk();
  unsigned days = 0;

  (void)state;
  while (days < 30 && names_until_refused(&desk, 7) == 0) {
    desk.now += DAY;
    days++;
  }
  assert_in_range(days, 2, 4);
}

static void forgets_names_of_long_ago(void **state)
{
  struct desk desk = open_desk();

  (void)state;
  for (unsigned i = 0; i < 40; i++, desk.now += DAY)
    for (unsigned name = 0; name < 2; name++)
      assert_false(wrong_name(&desk));
}

static void counts_nothing_while_refused(void **state)
{
  struct desk desk = open_desk();

  (void)state;
  assert_true(names_until_refused(&desk, 25) > 0);
  assert_int_equal(names_until_refused(&desk, 1000), 0);
  assert_int_equal(desk.page.count[LEDGER_UNKNOWN_RECIPIENT], 0);
  desk.now += HOUR;
  assert_in_range(names_until_refused(&desk, 25), 9, 13); /* a relapse: half the limit */
}

static void forgets_relapses_after_long_quiet(void **state)
{
  struct desk desk = open_desk();

  (void)state;
  for (unsigned i = 0; i < 3; i++) {
    assert_true(names_until_refused(&desk, 25) > 0);
    desk.now += refused_for(&desk) * SECOND;
  }
  assert_int_equal(desk.page.relapses, 3);
  desk.now += 8 * DAY;
  ledger_settle(&desk.settings, &desk.page, desk.now);
  assert_int_equal(desk.page.relapses, 2);
  assert_true(ledger_is_sane(&desk.page));
  desk.now += 7 * DAY;
  ledger_settle(&desk.settings, &desk.page, desk.now);
  assert_int_equal(desk.page.relapses, 1);
  desk.now += 70 * DAY;
  ledger_settle(&desk.settings, &desk.page, desk.now);
  assert_int_equal(desk.page.relapses, 0);
  assert_int_equal(ledger_weight(&desk.page, desk.now), 0);
}

static void takes_back_recipients_that_were_left(void **state)
{
  struct desk desk = open_desk();
  const struct ledger_entry left = {.event = LEDGER_ABANDONED, .times = 1, .withdrawn = 150};

  (void)state;
  enter(&desk, LEDGER_ACCEPTED_RECIPIENT, 100);
  for (unsigned i = 0; i < 30; i++)
    assert_false(wrong_name(&desk));
  assert_false(ledger_add(&desk.settings, &desk.page, &left, desk.now));
  assert_int_equal(desk.page.count[LEDGER_ACCEPTED_RECIPIENT], 0);
  assert_true(wrong_name(&desk));
}

static void each_cause_has_its_own_limit(void **state)
{
  (void)state;
  for (enum ledger_event event = LEDGER_VRFY; event < LEDGER_DELIVERED; event++) {
    struct desk desk = open_desk();
    unsigned times = 1;

    while (times < 100 && !enter(&desk, event, 1))
      times++;
    assert_int_equal(times, 20);
    desk = open_desk();
    memset(desk.settings.limit, 0, sizeof(desk.settings.limit));
    assert_false(enter(&desk, event, UINT32_MAX));
  }
}

/* A refusal that is only noticed does not keep one that is meant from beginning. */
static void what_is_meant_comes_before_what_is_noticed(void **state)
{
  struct desk desk = open_desk();

  (void)state;
  desk.settings.noticed[LEDGER_CAUSE_COMMANDS] = true;
  assert_true(enter(&desk, LEDGER_UNKNOWN_COMMAND, 20));
  assert_false(enter(&desk, LEDGER_UNKNOWN_COMMAND, 20));
  assert_true(names_until_refused(&desk, 25) > 0);
  assert_int_equal(desk.page.cause, LEDGER_CAUSE_RECIPIENTS);
  assert_false(enter(&desk, LEDGER_VRFY, 20));
}

static void a_clock_that_is_set_back(void **state)
{
  struct desk desk = open_desk();

  (void)state;
  desk.now += 3650 * DAY;
  assert_true(names_until_refused(&desk, 25) > 0);
  desk.now = START;
  assert_int_equal(refused_for(&desk), 3600);
  assert_false(wrong_name(&desk)); /* brings the page to the time that it is */
  assert_int_equal(refused_for(&desk), 3600);
  desk.now += HOUR;
  assert_int_equal(refused_for(&desk), 0);
  assert_true(ledger_is_sane(&desk.page));
}

static void a_clock_that_jumps_far_ahead(void **state)
{
  static const uint64_t times[] = {0, 1, START + 100000 * DAY, UINT64_MAX / 2, UINT64_MAX};

  (void)state;
  for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
    for (size_t j = 0; j < sizeof(times) / sizeof(times[0]); j++) {
      struct desk desk = open_desk();

      desk.now = times[i];
      assert_true(names_until_refused(&desk, 25) > 0);
      desk.now = times[j];
      ledger_settle(&desk.settings, &desk.page, desk.now);
      assert_true(refused_for(&desk) <= 3600);
      assert_true(desk.page.updated == 0 || ledger_is_sane(&desk.page));
    }
}

/* When a count is full all are halved: what a giant delivers does not make it a dictionary. */
static void full_counts_keep_their_ratio(void **state)
{
  struct desk desk = open_desk();

  (void)state;
  for (unsigned i = 0; i < 100; i++) {
    enter(&desk, LEDGER_ACCEPTED_RECIPIENT, UINT32_MAX);
    enter(&desk, LEDGER_DELIVERED, 1000000);
    assert_false(wrong_name(&desk));
    assert_true(ledger_is_sane(&desk.page));
  }
  assert_true(desk.page.count[LEDGER_ACCEPTED_RECIPIENT] > desk.page.count[LEDGER_DELIVERED]);
}

static void what_is_refused_weighs_most(void **state)
{
  struct desk refused = open_desk(), relapsed, busy = open_desk(), fresh = open_desk();

  (void)state;
  names_until_refused(&refused, 25);
  relapsed = refused;
  relapsed.now += HOUR;
  ledger_settle(&relapsed.settings, &relapsed.page, relapsed.now);
  memset(busy.settings.limit, 0, sizeof(busy.settings.limit));
  enter(&busy, LEDGER_UNKNOWN_COMMAND, UINT32_MAX);
  wrong_name(&fresh);
  assert_true(ledger_weight(&refused.page, START) > ledger_weight(&relapsed.page, START + HOUR));
  assert_true(ledger_weight(&relapsed.page, START + HOUR) > ledger_weight(&busy.page, START));
  assert_true(ledger_weight(&busy.page, START) > ledger_weight(&fresh.page, START));
  assert_true(ledger_weight(&fresh.page, START) > 0);
}

/* xorshift: the same bytes on every run. */
static uint64_t noise(uint64_t *seed)
{
  *seed ^= *seed << 13;
  *seed ^= *seed >> 7;
  *seed ^= *seed << 17;
  return *seed;
}

/* Whatever stands in a page, nothing goes wrong; and a sane one stays sane. */
static void survives_hostile_pages(void **state)
{
  uint64_t seed = 88172645463325252;

  (void)state;
  for (unsigned round = 0; round < 20000; round++) {
    struct desk desk = open_desk();
    bool sane;

    for (size_t i = 0; i < sizeof(desk.page); i++)
      ((unsigned char *)&desk.page)[i] = (unsigned char)(noise(&seed) & (round % 2 ? 0xff : 0x81));
    if (round % 3 > 0) {
      desk.page.updated %= 2 * START;
      desk.page.sketch_since %= 2 * START;
      desk.page.refused_since %= 2 * START;
      desk.page.refused_until = desk.page.refused_since + noise(&seed) % (2 * 366 * DAY);
      desk.page.cause %= LEDGER_CAUSE_COUNT + 1;
      desk.page.relapses %= LEDGER_RELAPSES_MAX + 10;
      for (size_t i = 0; i < LEDGER_EVENT_COUNT; i++)
        desk.page.count[i] /= 2;
    }
    sane = ledger_is_sane(&desk.page);
    for (unsigned step = 0; step < 5; step++) {
      desk.now = noise(&seed) % (3 * START);
      enter(&desk, (enum ledger_event)(noise(&seed) % LEDGER_EVENT_COUNT), (uint32_t)noise(&seed));
      (void)ledger_weight(&desk.page, desk.now);
      if (sane && !ledger_is_sane(&desk.page))
        fail_msg("round %u: a sane page is not sane any more", round);
    }
  }
}

static void tells_pages_that_cannot_be_ours(void **state)
{
  struct desk desk = open_desk();
  struct ledger_page page;

  (void)state;
  names_until_refused(&desk, 25);
  assert_true(ledger_is_sane(&desk.page));
#define SPOILT(member, value)                                                                      \
  page = desk.page;                                                                                \
  page.member = (value);                                                                           \
  assert_false(ledger_is_sane(&page))
  SPOILT(updated, 0);
  SPOILT(updated, UINT64_MAX);
  SPOILT(sketch_since, UINT64_MAX);
  SPOILT(refused_until, UINT64_MAX);
  SPOILT(refused_until, page.refused_since - 1);
  SPOILT(refused_until, page.refused_since + 400 * DAY);
  SPOILT(count[LEDGER_VRFY], UINT32_MAX);
  SPOILT(relapses, LEDGER_RELAPSES_MAX + 1);
  SPOILT(cause, LEDGER_CAUSE_COUNT);
#undef SPOILT
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
      cmocka_unit_test(halves_counts_with_each_half_life),
      cmocka_unit_test(loses_nothing_to_rounding),
      cmocka_unit_test(catches_a_dictionary_that_is_slow),
      cmocka_unit_test(forgets_names_of_long_ago),
      cmocka_unit_test(counts_nothing_while_refused),
      cmocka_unit_test(forgets_relapses_after_long_quiet),
      cmocka_unit_test(takes_back_recipients_that_were_left),
      cmocka_unit_test(each_cause_has_its_own_limit),
      cmocka_unit_test(what_is_meant_comes_before_what_is_noticed),
      cmocka_unit_test(a_clock_that_is_set_back),
      cmocka_unit_test(a_clock_that_jumps_far_ahead),
      cmocka_unit_test(full_counts_keep_their_ratio),
      cmocka_unit_test(what_is_refused_weighs_most),
      cmocka_unit_test(survives_hostile_pages),
      cmocka_unit_test(tells_pages_that_cannot_be_ours),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
