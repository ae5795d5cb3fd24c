/*
 * Requests of operators: what is read from a line, and what is said of a wrong one.
 */
#include "daemon/control_request.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static const struct {
  const char *line;
  const char *want; /* as shown by show() */
} good[] = {
    {"status", "status"},
    {"  status\t", "status"},
    {"reload", "reload"},
    {"refused", "refused sort=0 limit=100000"},
    {"refused sort=until limit=5", "refused sort=1 limit=5"},
    {"refused sort=network", "refused sort=2 limit=100000"},
    {"refused network=192.0.2.7 rule=probe-vrfy",
     "refused network=192.0.2.7/32 sort=0 rule=probe-vrfy limit=100000"},
    {"refused rule=client-refused sort=times sort=points",
     "refused sort=3 rule=client-refused limit=100000"},
    {"refused limit=100000", "refused sort=0 limit=100000"},
    {"refuse 192.0.2.0/24", "refuse network=192.0.2.0/24 seconds=86400"},
    {"refuse 192.0.2.7 90s", "refuse network=192.0.2.7/32 seconds=90"},
    {"refuse 0.0.0.0/0 30m", "refuse network=0.0.0.0/0 seconds=1800"},
    {"refuse ::/0 12h", "refuse network=::/0 seconds=43200"},
    {"refuse 2001:db8::/32 7d", "refuse network=2001:db8::/32 seconds=604800"},
    {"refuse [2001:db8::1] 2w", "refuse network=2001:db8::1/128 seconds=1209600"},
    {"refuse 192.0.2.7 366d", "refuse network=192.0.2.7/32 seconds=31622400"},
    {"forgive  10.0.0.0/8 ", "forgive network=10.0.0.0/8"},
};

static const struct {
  const char *line;
  const char *want; /* stands in what is said */
} bad[] = {
    {"", "a request is one of status"},
    {"   ", "a request is one of status"},
    {"Status", "\"Status\": is not one of status"},
    {"status now", "\"now\": is one word too many"},
    {"reload reload", "\"reload\": is one word too many"},
    {"refuse", "the network is missing"},
    {"refuse 192.0.2.1/24", "bits are set after the prefix"},
    {"refuse 192.0.2.256", "not an IP address"},
    {"refuse 192.0.2.0/33", "the number after \"/\""},
    {"refuse 192.0.2.1 1h more", "\"more\": is one word too many"},
    {"refuse 192.0.2.1 1", "a time is written as"},
    {"refuse 192.0.2.1 1y", "a time is written as"},
    {"refuse 192.0.2.1 h", "a time is written as"},
    {"refuse 192.0.2.1 0h", "a time is at least 1s"},
    {"refuse 192.0.2.1 -1h", "a time is written as"},
    {"refuse 192.0.2.1 367d", "at most 366d"},
    {"refuse 192.0.2.1 4294967297s", "at most 366d"},
    {"refuse 192.0.2.1 53w", "at most 366d"},
    {"forgive", "the network is missing"},
    {"forgive 192.0.2.1 1h", "\"1h\": is one word too many"},
    {"refused all", "\"all\": is not one of sort="},
    {"refused sort=", "the order is one of"},
    {"refused sort=size", "\"size\": the order is one of"},
    {"refused limit=0", "a number from 1 to 100000"},
    {"refused limit=100001", "a number from 1 to 100000"},
    {"refused limit=+5", "a number from 1 to 100000"},
    {"refused rule=none", "there is no such rule"},
    {"refused rule=sender-dots", "no network is refused by it"},
    {"refused network=x", "not an IP address"},
    {"refused a b c d e f g h", "one word too many"},
    {"status\x7f", "a line of printable ASCII"},
    {"st\xc3\xa4tus", "\"st\\xC3\\xA4tus\": a request is a line"},
    {"\x1b[2J", "\"\\x1B[2J\": a request"},
};

static void show(const struct control_request *request, struct text *out)
{
  bool lists = request->command == CONTROL_REFUSED;

  text_add(out, control_command_name(request->command));
  if (request->has_network) {
    text_add(out, " network=");
    netblock_write(out, request->network);
  }
  if (request->command == CONTROL_REFUSE) {
    text_add(out, " seconds=");
    text_add_number(out, request->seconds);
  }
  if (lists) {
    text_add(out, " sort=");
    text_add_number(out, request->sort);
  }
  if (request->rule != RULE_NONE) {
    text_add(out, " rule=");
    text_add(out, rule_entry(request->rule)->name);
  }
  if (lists) {
    text_add(out, " limit=");
    text_add_number(out, request->limit);
  }
}

static void good_requests_are_read(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    char memory[256], shown[256];
    struct text why = text_in(memory, sizeof(memory)), got = text_in(shown, sizeof(shown));
    struct control_request request;

    if (!control_request_parse(span_from(good[i].line), &request, &why))
      fail_msg("%s: %s", good[i].line, memory);
    show(&request, &got);
    if (strcmp(shown, good[i].want) != 0)
      fail_msg("%s: got \"%s\", want \"%s\"", good[i].line, shown, good[i].want);
  }
}

static void wrong_requests_are_told(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    char memory[256];
    struct text why = text_in(memory, sizeof(memory));
    struct control_request request;

    if (control_request_parse(span_from(bad[i].line), &request, &why))
      fail_msg("%s: was read", bad[i].line);
    if (strstr(memory, bad[i].want) == NULL)
      fail_msg("%s: got \"%s\", want \"%s\" in it", bad[i].line, memory, bad[i].want);
  }
}

static void a_nul_ends_nothing(void **state)
{
  char memory[256];
  struct text why = text_in(memory, sizeof(memory));
  struct control_request request;

  (void)state;
  assert_false(control_request_parse((struct span){"status\0", 7}, &request, &why));
  assert_non_null(strstr(memory, "status\\x00"));
}

/* Only a part of a long word is said again. */
static void long_words_are_shown_in_part(void **state)
{
  char line[400], memory[256];
  struct text why = text_in(memory, sizeof(memory));
  struct control_request request;

  (void)state;
  memset(line, 'x', sizeof(line));
  assert_false(control_request_parse((struct span){line, sizeof(line)}, &request, &why));
  assert_false(why.cut);
  assert_non_null(strstr(memory, "xxx\"...: is not one of"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(good_requests_are_read),
      cmocka_unit_test(wrong_requests_are_told),
      cmocka_unit_test(a_nul_ends_nothing),
      cmocka_unit_test(long_words_are_shown_in_part),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
