/*
 * Pages as bytes: the same on all machines, and nothing else is taken for one.
 */
#include "ledger_bytes.h"

#include "protected.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#define NOW UINT64_C(1700000000000)

/* Each field has a value of its own. */
static struct ledger_page full_page(void)
{
  struct ledger_page page = {
      .updated = NOW,
      .refused_since = NOW + 1,
      .refused_until = NOW + 3600002,
      .sketch_since = NOW + 3,
      .set = NOW + 4,
      .evidence = {.points = 11, .distinct = 12, .accepted = 13, .delivered = 14},
      .relapses = 15,
      .cause = LEDGER_CAUSE_CALLOUT};

  for (uint32_t i = 0; i < LEDGER_EVENT_COUNT; i++)
    page.count[i] = 0x01020304 + i;
  for (size_t i = 0; i < LEDGER_SKETCH_BYTES; i++) {
    page.sketch[0][i] = (uint8_t)i;
    page.sketch[1][i] = (uint8_t)(0xff - i);
  }
  return page;
}

static void a_page_comes_back_as_it_was(void **state)
{
  struct ledger_page page = full_page(), again = {0};
  char bytes[LEDGER_BYTES];

  (void)state;
  ledger_write(&page, bytes);
  assert_true(ledger_read((struct span){bytes, sizeof(bytes)}, &again));
  assert_memory_equal(&again, &page, sizeof(page));
}

/* What another machine wrote: a change here is a new version. */
static void the_form_is_kept(void **state)
{
  static const unsigned char begin[] = {
      1,                                     /* the version */
      0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0x00, /* updated */
      0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0x01, /* refused_since */
      0, 0, 1, 0x8b, 0xd0, 0x1c, 0x56, 0x82, /* refused_until */
      0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0x03, /* sketch_since */
      0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0x04, /* set */
      1, 2, 3, 4,    1,    2,    3,    5,    /* the first counts */
  };
  struct ledger_page page = full_page();
  char bytes[LEDGER_BYTES];

  (void)state;
  ledger_write(&page, bytes);
  assert_int_equal(LEDGER_BYTES, 161);
  assert_memory_equal(bytes, begin, sizeof(begin));
}

static void equal_pages_make_equal_bytes(void **state)
{
  struct ledger_page page = full_page();
  char bytes[LEDGER_BYTES], again[LEDGER_BYTES];

  (void)state;
  memset(bytes, 0, sizeof(bytes));
  memset(again, 0xff, sizeof(again));
  ledger_write(&page, bytes);
  ledger_write(&page, again);
  assert_memory_equal(bytes, again, sizeof(bytes));
}

static void other_lengths_and_versions_are_refused(void **state)
{
  struct ledger_page page = full_page(), out = {.relapses = 7};
  struct protected_area area = protected_make(LEDGER_BYTES + 1);
  char bytes[LEDGER_BYTES + 1] = {0};

  (void)state;
  ledger_write(&page, bytes);
  for (size_t len = 0; len <= sizeof(bytes); len++) {
    struct span span = protected_place(&area, (struct span){bytes, len}, PROTECTED_AFTER);

    assert_int_equal(ledger_read(span, &out), len == LEDGER_BYTES);
    if (len < LEDGER_BYTES)
      assert_int_equal(out.relapses, 7);
  }
  protected_free(&area);
  for (int version = 0; version < 256; version++) {
    bytes[0] = (char)version;
    assert_int_equal(ledger_read((struct span){bytes, LEDGER_BYTES}, &out),
                     version == LEDGER_BYTES_VERSION);
  }
}

static const struct {
  const char *name;
  size_t at;
} insane[] = {
    {"updated in ten thousand years", 1},
    {"refused until then", 17},
    {"sketch from then", 25},
    {"set then", 33},
    {"count", 41},
    {"last count", 69},
    {"relapses", 89},
    {"cause", 93},
};

static void what_is_not_sane_is_refused(void **state)
{
  struct ledger_page page = full_page(), out = {.relapses = 7};
  char bytes[LEDGER_BYTES];

  (void)state;
  for (size_t i = 0; i < sizeof(insane) / sizeof(insane[0]); i++) {
    ledger_write(&page, bytes);
    bytes[insane[i].at] = (char)0xff;
    if (ledger_read((struct span){bytes, sizeof(bytes)}, &out))
      fail_msg("%s is taken", insane[i].name);
  }
  memset(bytes, 0, sizeof(bytes));
  bytes[0] = LEDGER_BYTES_VERSION;
  assert_false(ledger_read((struct span){bytes, sizeof(bytes)}, &out));
  assert_int_equal(out.relapses, 7);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_page_comes_back_as_it_was),
      cmocka_unit_test(the_form_is_kept),
      cmocka_unit_test(equal_pages_make_equal_bytes),
      cmocka_unit_test(other_lengths_and_versions_are_refused),
      cmocka_unit_test(what_is_not_sane_is_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
