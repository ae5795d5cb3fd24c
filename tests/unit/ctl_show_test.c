/*
 * What people read of the daemon's answers, and that nothing in an answer does harm: to the
 * terminal, or to the program.
 */
#include "tools/ctl_show.h"
#include "policy/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SHOWN_MAX = 65536 };

static char shown[2][SHOWN_MAX]; /* standard output and standard error */

/* Reads back what was written into the temporary file behind `fd`, and puts `fd` right. */
static void restore(int fd, int saved, FILE *file, char *out)
{
  size_t length;

  rewind(file);
  length = fread(out, 1, SHOWN_MAX - 1, file);
  out[length] = '\0';
  fclose(file);
  assert_true(dup2(saved, fd) == fd);
  close(saved);
}

/* Shows `count` lines; returns the exit status, or -1 when the answer has not ended. */
static int show(bool plain, const char *const *lines, size_t count)
{
  FILE *files[2] = {tmpfile(), tmpfile()};
  int saved[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
  struct ctl_show show;

  fflush(NULL);
  dup2(fileno(files[0]), STDOUT_FILENO);
  dup2(fileno(files[1]), STDERR_FILENO);
  ctl_show_begin(&show, plain);
  for (size_t i = 0; i < count && !show.ended; i++)
    ctl_show_line(&show, span_from(lines[i]));
  ctl_show_end(&show);
  fflush(NULL);
  restore(STDOUT_FILENO, saved[0], files[0], shown[0]);
  restore(STDERR_FILENO, saved[1], files[1], shown[1]);
  return show.ended ? show.status : -1;
}

static const struct {
  const char *line;
  int status;
  const char *out, *err; /* whole */
} rows[] = {
    {"{\"result\":\"ok\",\"command\":\"refused\",\"shown\":0,\"found\":0}", 0,
     "No network is refused.\n", ""},
    {"{\"result\":\"ok\",\"command\":\"refused\",\"shown\":1,\"found\":1}", 0, "\n1 network.\n",
     ""},
    {"{\"result\":\"ok\",\"command\":\"refuse\",\"network\":\"192.0.2.0/24\",\"seconds\":5400,"
     "\"until\":\"2026-11-25T04:10:17Z\",\"notes\":[\"it rains\"]}",
     0, "192.0.2.0/24 is refused for 1 h 30 min, until 2026-11-25 04:10:17\nnote: it rains\n", ""},
    {"{\"result\":\"ok\",\"command\":\"forgive\",\"network\":\"192.0.2.7/32\",\"forgiven\":0,"
     "\"still-refused\":[{\"network\":\"192.0.2.0/24\",\"rule\":\"client-refused\","
     "\"until\":\"2026-11-25T04:10:17Z\"}]}",
     0,
     "192.0.2.7/32: there was nothing to forgive\n"
     "still refused: it lies in 192.0.2.0/24, refused until 2026-11-25 04:10:17 by "
     "client-refused\n",
     ""},
    {"{\"result\":\"ok\",\"command\":\"forgive\",\"network\":\"::/0\",\"forgiven\":2}", 0,
     "::/0: 2 networks forgiven\n", ""},
    {"{\"result\":\"ok\",\"command\":\"reload\",\"changed\":[],\"restart-needed\":[]}", 0,
     "The configuration was read again; nothing has changed.\n", ""},
    {"{\"result\":\"ok\",\"command\":\"reload\",\"changed\":[\"mode\"],"
     "\"restart-needed\":[\"user\"],\"warnings\":[\"f:1: warning: w\"]}",
     0,
     "The configuration was read again.\nchanged: mode\nchanged, needs a restart: user\n"
     "f:1: warning: w\n",
     ""},
    {"{\"result\":\"error\",\"kind\":\"config\",\"error\":\"f:1: a\","
     "\"errors\":[\"f:1: a\",\"f:2: b\"],\"more\":3}",
     78, "",
     "f:1: a\nf:2: b\nand 3 more\n"
     "The configuration was NOT read again: the old one stays in force.\n"},
    {"{\"result\":\"error\",\"kind\":\"usage\",\"error\":\"bad\"}", 2, "",
     "milter-strict ctl: bad\n"},
    {"{\"result\":\"error\",\"kind\":\"busy\",\"error\":\"later\"}", 75, "",
     "milter-strict ctl: later\n"},
    {"{\"result\":\"error\",\"kind\":\"unavailable\",\"error\":\"no\"}", 69, "",
     "milter-strict ctl: no\n"},
    {"{\"result\":\"error\",\"kind\":\"new\",\"error\":\"x\\u001b[2J\\u00e4\"}", 69, "",
     "milter-strict ctl: x\\x1B[2J\\xC3\\xA4\n"},
    {"{\"result\":7}", 69, "", "milter-strict ctl: \n"},
    {"220 mail.example.org", 69, "",
     "milter-strict ctl: whoever answers there is not milter-strict\n"},
    {"", 69, "", "milter-strict ctl: whoever answers there is not milter-strict\n"},
    {"[{\"result\":\"ok\"}]", 69, "",
     "milter-strict ctl: whoever answers there is not milter-strict\n"},
};

static void answers_are_shown(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    int status = show(false, &rows[i].line, 1);

    if (status != rows[i].status || strcmp(shown[0], rows[i].out) != 0 ||
        strcmp(shown[1], rows[i].err) != 0)
      fail_msg("%s: %d\n%s%s", rows[i].line, status, shown[0], shown[1]);
  }
}

static const char *const table[] = {
    "{\"network\":\"203.0.113.0/24\",\"rule\":\"client-refused\",\"action\":\"refuse\","
    "\"until\":\"2026-11-25T04:10:17Z\"}",
    "{\"network\":\"2001:db8:7:7::/64\",\"rule\":\"probe-recipients\",\"action\":\"monitor\","
    "\"until\":\"2026-11-24T17:10:17Z\",\"times\":2,\"points\":15,\"distinct\":14,\"accepted\":3,"
    "\"delivered\":1}",
    "{\"network\":\"2001:db8:1111:2222:3333:4444:5555:6666/128\",\"rule\":\"probe-vrfy\","
    "\"action\":\"refuse\",\"until\":\"soon\",\"times\":1000,\"points\":100000,\"distinct\":1500,"
    "\"accepted\":0,\"delivered\":0}",
    "{\"result\":\"ok\",\"command\":\"refused\",\"shown\":3,\"found\":5}",
};

static void columns_are_as_wide_as_they_need(void **state)
{
  (void)state;
  assert_int_equal(show(false, table, 2), -1);
  assert_string_equal(shown[0],
                      "NETWORK             UNTIL         RULE             TIMES POINTS WRONG GOOD "
                      "SENT\n"
                      "203.0.113.0/24      Nov 25 04:10  client-refused\n"
                      "2001:db8:7:7::/64   Nov 24 17:10  probe-recipients     2     15    14    3 "
                      "   1  (monitor)\n");
  assert_int_equal(show(false, table, 4), 0);
  assert_non_null(strstr(shown[0], "\n203.0.113.0/24                              Nov 25 04:10  "));
  assert_non_null(strstr(shown[0], ":5555:6666/128  soon          probe-vrfy        1000 100000 "));
  assert_non_null(strstr(shown[0], "\n\n3 of 5 networks.\n"));
}

static void json_is_left_as_it_is(void **state)
{
  char want[SHOWN_MAX];

  (void)state;
  assert_int_equal(show(true, table, 4), 0);
  snprintf(want, sizeof(want), "%s\n%s\n%s\n%s\n", table[0], table[1], table[2], table[3]);
  assert_string_equal(shown[0], want);
  assert_string_equal(shown[1], "");
}

static void status_is_a_page(void **state)
{
  static const char *const line =
      "{\"result\":\"ok\",\"command\":\"status\",\"version\":\"1.2\",\"pid\":7,"
      "\"since\":\"2026-11-24T15:59:49Z\",\"seconds\":93784,"
      "\"sessions\":{\"open\":3,\"served\":40},"
      "\"decisions\":[{\"rule\":\"sender-dots\",\"refused\":1,\"answered\":0,\"would-refuse\":22,"
      "\"exempt\":333}],"
      "\"store\":{\"state\":\"failing\",\"error\":\"disk full\",\"file\":\"/x/ledger.mdb\","
      "\"networks\":5,\"networks-max\":100,\"lost\":9},"
      "\"sharing\":{\"state\":\"alone\",\"since\":\"2026-11-24T16:00:00Z\",\"sent\":11,"
      "\"learned\":3,\"lost\":2,\"error\":\"timed out\"},"
      "\"configuration\":{\"file\":\"/etc/c.conf\",\"mode\":\"monitor\","
      "\"since\":\"2026-11-24T15:59:49Z\",\"reload-failed\":\"2026-11-24T16:00:00Z\","
      "\"error\":\"/etc/c.conf:5: wrong\"}}";

  (void)state;
  assert_int_equal(show(false, &line, 1), 0);
  assert_string_equal(
      shown[0],
      "milter-strict 1.2  running since 2026-11-24 15:59:49, for 1 d 2 h\n\n"
      "  Process     7\n"
      "  Sessions    3 open, 40 served\n"
      "  Store       failing: 5 networks of at most 100, 9 events lost, in\n"
      "              /x/ledger.mdb\n"
      "              disk full\n"
      "  Sharing     alone since 2026-11-24 16:00:00: 11 changes sent, 3 refusals\n"
      "              learned, 2 lost\n"
      "              timed out\n"
      "  Settings    /etc/c.conf, mode monitor, in force since 2026-11-24 15:59:49\n"
      "              NOT reloaded 2026-11-24 16:00:00: /etc/c.conf:5: wrong\n"
      "\n"
      "  Decisions by rule            refused      answered  would-refuse        exempt\n"
      "    sender-dots                      1             0            22           333\n");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_are_shown),
      cmocka_unit_test(columns_are_as_wide_as_they_need),
      cmocka_unit_test(json_is_left_as_it_is),
      cmocka_unit_test(status_is_a_page),
  };

  setenv("TZ", "UTC", 1);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
