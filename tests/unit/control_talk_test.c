/*
 * A talk with an operator: what is answered, and what is not begun any more.
 */
#include "daemon/control_talk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static atomic_bool stops;
static struct control_services services = {.stops = &stops}; /* nobody is remembered */
static char said[4096];

static bool hear(void *context, struct span bytes)
{
  (void)context;
  assert_true(strlen(said) + bytes.len < sizeof(said));
  strncat(said, bytes.at, bytes.len);
  return true;
}

static struct control_talk talk_anew(void)
{
  static const struct door_sink sink = {.write = hear};
  struct control_talk talk;

  said[0] = '\0';
  control_talk_open(&talk, &services, &sink, 0);
  return talk;
}

static void requests_are_taken_one_by_one(void **state)
{
  struct control_talk talk = talk_anew();

  (void)state;
  atomic_store(&stops, false);
  assert_int_equal(control_talk_feed(&talk, SPAN("refused\nrefu")), 8);
  assert_non_null(strstr(said, "nobody is remembered"));
  assert_int_equal(control_talk_feed(&talk, SPAN("refu")), 0);
  assert_false(talk.closed);
  control_talk_close(&talk);
}

static void none_is_begun_when_the_daemon_stops(void **state)
{
  struct control_talk talk = talk_anew();

  (void)state;
  atomic_store(&stops, true);
  assert_int_equal(control_talk_feed(&talk, SPAN("refu")), 0);
  assert_string_equal(said, "");
  assert_int_equal(control_talk_feed(&talk, SPAN("refused\nrefused\n")), 16);
  assert_null(strstr(said, "nobody is remembered"));
  assert_non_null(strstr(said, "the daemon stops"));
  assert_true(talk.closed);
  control_talk_close(&talk);
}

static void a_request_without_an_end_is_not_kept(void **state)
{
  char much[600];
  struct control_talk talk = talk_anew();

  (void)state;
  atomic_store(&stops, false);
  memset(much, 'x', sizeof(much));
  assert_int_equal(control_talk_feed(&talk, (struct span){much, sizeof(much)}), sizeof(much));
  assert_non_null(strstr(said, "at most 512 bytes"));
  assert_true(talk.closed);
  control_talk_close(&talk);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_are_taken_one_by_one),
      cmocka_unit_test(none_is_begun_when_the_daemon_stops),
      cmocka_unit_test(a_request_without_an_end_is_not_kept),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
