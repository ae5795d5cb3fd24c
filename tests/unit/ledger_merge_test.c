/*
 * The ledger when several have a say in it: operators, and relays that share what they know.
 */
#include "ledger.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#define START UINT64_C(1700000000000)
#define SECOND UINT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

static struct ledger_settings settings;

static int begin(void **state)
{
  (void)state;
  ledger_defaults(&settings);
  settings.seed = 42;
  for (size_t i = 0; i < LEDGER_CAUSE_COUNT; i++)
    settings.limit[i] = 20;
  return 0;
}

static void enter(struct ledger_page *page, enum ledger_event event, uint32_t times, uint64_t now)
{
  const struct ledger_entry entry = {.event = event, .times = times};

  ledger_add(&settings, page, &entry, now);
}

/* Wrong names "a0", "a1" ... of a letter; whether a refusal began. */
static bool ask(struct ledger_page *page, char letter, unsigned count, uint64_t now)
{
  bool began = false;

  for (unsigned i = 0; i < count; i++) {
    char name[] = {letter, (char)('0' + i % 10), (char)('0' + i / 10), '\0'};
    struct ledger_entry entry = {.event = LEDGER_UNKNOWN_RECIPIENT, .times = 1};

    entry.hash = ledger_hash(span_from(name));
    began |= ledger_add(&settings, page, &entry, now);
  }
  return began;
}

static void merge(struct ledger_page *into, const struct ledger_page *other, uint64_t now)
{
  ledger_merge(&settings, into, other, now);
  assert_true(ledger_is_sane(into));
}

/* Operators */

static void an_operator_refuses_for_as_long_as_is_said(void **state)
{
  struct ledger_page page = {0};

  (void)state;
  ledger_refuse(&settings, &page, 7200, START);
  assert_true(ledger_is_sane(&page));
  assert_int_equal(page.cause, LEDGER_CAUSE_OPERATOR);
  assert_int_equal(ledger_refused_for(&page, START), 7200);
  assert_int_equal(ledger_refused_for(&page, START + 7199 * SECOND), 1);
  assert_int_equal(ledger_refused_for(&page, START + 7200 * SECOND), 0);
  ledger_refuse(&settings, &page, 60, START + SECOND); /* thinks better of it */
  assert_int_equal(ledger_refused_for(&page, START + SECOND), 60);
}

static void an_operator_cannot_refuse_for_ever(void **state)
{
  struct ledger_page page = {0};

  (void)state;
  ledger_refuse(&settings, &page, UINT32_MAX, UINT64_MAX);
  assert_true(ledger_is_sane(&page));
  assert_int_equal(page.refused_until - page.refused_since, LEDGER_SECONDS_MAX * SECOND);
}

static void forgiving_leaves_no_trace_but_that_it_was_done(void **state)
{
  struct ledger_page page = {0};
  struct ledger_page wiped = {
      .updated = START + HOUR, .sketch_since = START + HOUR, .set = START + HOUR};

  (void)state;
  assert_true(ask(&page, 'a', 30, START));
  ledger_forgive(&page, START + HOUR);
  assert_true(ledger_is_sane(&page));
  assert_memory_equal(&page, &wiped, sizeof(page));
  assert_int_equal(ledger_weight(&page, START + HOUR), 0);
}

static void what_is_said_later_holds_even_in_the_same_moment(void **state)
{
  struct ledger_page page = {0}, refused;

  (void)state;
  ledger_refuse(&settings, &page, 3600, START);
  refused = page;
  ledger_forgive(&page, START - 5 * SECOND); /* another relay, whose clock goes behind */
  merge(&refused, &page, START);
  assert_int_equal(ledger_refused_for(&refused, START), 0);
}

/* Relays */

static void names_asked_of_two_relays_add_up(void **state)
{
  struct ledger_page one = {0}, two = {0};

  (void)state;
  assert_false(ask(&one, 'a', 12, START));
  assert_false(ask(&two, 'b', 12, START + SECOND));
  merge(&one, &two, START + SECOND);
  assert_int_equal(ledger_refused_for(&one, START + SECOND), 0);
  assert_true(ask(&one, 'c', 1, START + SECOND));
  assert_in_range(one.evidence.distinct, 23, 26);
}

static void the_same_names_and_counts_do_not(void **state)
{
  struct ledger_page one = {0}, two = {0};

  (void)state;
  assert_false(ask(&one, 'a', 15, START));
  enter(&one, LEDGER_ACCEPTED_RECIPIENT, 7, START);
  two = one;
  enter(&two, LEDGER_ACCEPTED_RECIPIENT, 2, START);
  merge(&one, &two, START);
  merge(&one, &two, START);
  assert_memory_equal(&one, &two, sizeof(one));
}

static void a_refusal_of_one_is_one_of_the_other(void **state)
{
  struct ledger_page one = {0}, two = {0};

  (void)state;
  assert_true(ask(&one, 'a', 30, START));
  assert_false(ask(&two, 'b', 5, START - HOUR));
  merge(&two, &one, START + SECOND);
  assert_int_equal(ledger_refused_for(&two, START + SECOND), 3599);
  assert_int_equal(two.cause, LEDGER_CAUSE_RECIPIENTS);
  assert_memory_equal(&two.evidence, &one.evidence, sizeof(two.evidence));
  assert_int_equal(two.relapses, 1);
  assert_int_equal(two.count[LEDGER_UNKNOWN_RECIPIENT], 0); /* wiped when it began */
}

/* One relay has a refusal that is spoken, the other one that lasts longer and is not. */
static void what_is_meant_is_not_hidden_by_what_is_noticed(void **state)
{
  struct ledger_page spoken = {0}, noticed = {0}, one, two;

  (void)state;
  settings.noticed[LEDGER_CAUSE_VRFY] = true;
  assert_true(ask(&spoken, 'a', 30, START));
  enter(&noticed, LEDGER_VRFY, 30, START + HOUR / 2);
  assert_int_equal(ledger_refused_for(&noticed, START + HOUR / 2), 3600);
  one = spoken;
  two = noticed;
  merge(&one, &noticed, START + HOUR / 2);
  merge(&two, &spoken, START + HOUR / 2);
  assert_int_equal(one.cause, LEDGER_CAUSE_RECIPIENTS);
  assert_int_equal(two.cause, LEDGER_CAUSE_RECIPIENTS);
  assert_int_equal(ledger_refused_for(&one, START + HOUR / 2), 1800);
  assert_int_equal(ledger_refused_for(&two, START + HOUR / 2), 1800);
  merge(&one, &noticed, START + HOUR); /* over by now: the other is all that is left */
  assert_int_equal(one.cause, LEDGER_CAUSE_VRFY);
  settings.noticed[LEDGER_CAUSE_VRFY] = false;
}

static void forgiven_by_one_is_forgiven_by_the_other(void **state)
{
  struct ledger_page one = {0}, two;

  (void)state;
  assert_true(ask(&one, 'a', 30, START));
  two = one;
  ledger_forgive(&one, START + HOUR / 2);
  merge(&two, &one, START + HOUR / 2);
  assert_int_equal(ledger_refused_for(&two, START + HOUR / 2), 0);
  assert_memory_equal(&two, &one, sizeof(two));
  /* and what the one that did not hear of it knows, does not come back */
  two = (struct ledger_page){0};
  assert_true(ask(&two, 'a', 30, START));
  merge(&one, &two, START + HOUR / 2);
  assert_int_equal(ledger_refused_for(&one, START + HOUR / 2), 0);
}

/* Pages as relays may have them, by a number. */
static struct ledger_page page_of(unsigned number)
{
  struct ledger_page page = {0};
  uint64_t when = START + number * 977 * SECOND;

  ask(&page, (char)('a' + number % 5), number * 7 % 23, when);
  enter(&page, LEDGER_VRFY, number * 3 % 17, when);
  enter(&page, LEDGER_DELIVERED, number % 4, when + HOUR);
  if (number % 7 == 3)
    ledger_refuse(&settings, &page, number * 100, when + 2 * HOUR);
  if (number % 11 == 5)
    ledger_forgive(&page, when + 3 * HOUR);
  return page;
}

/* Whichever of two comes first, and however often: what both see of the network is the same. */
static void the_order_of_merging_does_not_matter(void **state)
{
  uint64_t now = START + HOUR / 2;

  (void)state;
  settings.noticed[LEDGER_CAUSE_VRFY] = true;
  for (unsigned a = 0; a < 60; a++)
    for (unsigned b = 0; b < 60; b++, now += b % 10 == 0 ? HOUR : 0) {
      struct ledger_page one = page_of(a), two = page_of(b), first = one, second = two, again;

      merge(&first, &two, now);
      merge(&second, &one, now);
      if (ledger_refused_for(&first, now) != ledger_refused_for(&second, now) ||
          memcmp(first.count, second.count, sizeof(first.count)) != 0 ||
          memcmp(first.sketch, second.sketch, sizeof(first.sketch)) != 0 ||
          first.set != second.set || first.relapses != second.relapses ||
          ledger_is_meant(&settings, &first, now) != ledger_is_meant(&settings, &second, now))
        fail_msg("pages %u and %u", a, b);
      again = first;
      merge(&again, &two, now);
      assert_memory_equal(&again, &first, sizeof(first));
    }
  settings.noticed[LEDGER_CAUSE_VRFY] = false;
}

static void survives_hostile_pages(void **state)
{
  uint64_t random = 1;

  (void)state;
  for (unsigned i = 0; i < 20000; i++) {
    struct ledger_page pages[2];
    unsigned char *bytes = (unsigned char *)pages;

    for (size_t at = 0; at < sizeof(pages); at++) {
      random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      bytes[at] = at % 8 < 5 ? (unsigned char)(random >> 56) : 0; /* times within range */
    }
    pages[0].cause %= LEDGER_CAUSE_COUNT;
    if (ledger_is_sane(&pages[1]))
      merge(&pages[0], &pages[1], START);
    ledger_merge(&settings, &pages[0], &pages[1], random); /* must not crash at least */
  }
}

/* However late the last word was, the next one leaves a page that can be stored. */
static void a_word_after_the_latest_leaves_a_sane_page(void **state)
{
  struct ledger_page page = {.updated = START, .sketch_since = START};

  (void)state;
  page.set = UINT64_C(1) << 49;
  assert_true(ledger_is_sane(&page));
  ledger_refuse(&settings, &page, 3600, START);
  assert_true(ledger_is_sane(&page));
  ledger_forgive(&page, START);
  assert_true(ledger_is_sane(&page));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_operator_refuses_for_as_long_as_is_said),
      cmocka_unit_test(an_operator_cannot_refuse_for_ever),
      cmocka_unit_test(forgiving_leaves_no_trace_but_that_it_was_done),
      cmocka_unit_test(what_is_said_later_holds_even_in_the_same_moment),
      cmocka_unit_test(names_asked_of_two_relays_add_up),
      cmocka_unit_test(the_same_names_and_counts_do_not),
      cmocka_unit_test(a_refusal_of_one_is_one_of_the_other),
      cmocka_unit_test(what_is_meant_is_not_hidden_by_what_is_noticed),
      cmocka_unit_test(forgiven_by_one_is_forgiven_by_the_other),
      cmocka_unit_test(the_order_of_merging_does_not_matter),
      cmocka_unit_test(survives_hostile_pages),
      cmocka_unit_test(a_word_after_the_latest_leaves_a_sane_page),
  };

  return cmocka_run_group_tests(tests, begin, NULL);
}
