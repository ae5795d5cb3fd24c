/*
 * What hostile clients do to the SMTP door: long lines, floods, too many errors, random bytes.
 */
#include "smtp_client.h"

/* `len` bytes of a line that begins with `head`. */
static struct span long_line(const char *head, size_t len)
{
  static char line[1 << 20];

  memset(line, 'x', sizeof(line));
  memcpy(line, head, strlen(head));
  memcpy(line + len - 2, "\r\n", 2);
  return (struct span){line, len};
}

static void long_lines_are_swallowed(void **state)
{
  static const struct {
    const char *name, *head;
    size_t len;
    const char *codes;
  } rows[] = {
      {"512 octets", "NOOP ", 512, "250 250"},
      {"513 octets", "NOOP ", 513, "500 250"},
      {"RCPT as long as it may be", "RCPT TO:<a@b.example> ORCPT=rfc822;", SMTP_RCPT_MAX,
       "503 250"},
      {"RCPT longer", "RCPT TO:<a@b.example> ORCPT=rfc822;", SMTP_RCPT_MAX + 1, "500 250"},
      {"MAIL as long as it may be", "MAIL FROM:<a@b.example> ENVID=", SMTP_MAIL_MAX, "503 250"},
      {"MAIL longer", "MAIL FROM:<a@b.example> ENVID=", SMTP_MAIL_MAX + 1, "500 250"},
      {"as long as is kept", "NOOP ", SMTP_LINE_KEPT + 2, "500 250"},
      {"one byte longer", "NOOP ", SMTP_LINE_KEPT + 3, "500 250"},
      {"a megabyte", "NOOP ", 1 << 20, "500 250"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    begin(&one, 0);
    feed(&one, long_line(rows[i].head, rows[i].len), 4096);
    say(&one, "NOOP\r\n");
    if (strcmp(codes(&one), rows[i].codes) != 0)
      fail_msg("%s: got %s, want %s\n%s", rows[i].name, codes(&one), rows[i].codes, one.said);
  }
}

static void tolerated_long_lines_are_obeyed_when_they_were_kept(void **state)
{
  (void)state;
  begin(&one, 0);
  one.policy.rules[RULE_COMMAND_LONG].action = ACTION_OFF;
  feed(&one, long_line("NOOP ", 1000), 4096);
  feed(&one, long_line("NOOP ", 3000), 4096);
  assert_string_equal(codes(&one), "250 500");
}

static void a_flood_of_errors_ends_the_session(void **state)
{
  (void)state;
  begin(&one, 0);
  for (int i = 0; i < 200; i++)
    say(&one, "FOO\r\n");
  assert_true(one.smtp.closed);
  assert_non_null(strstr(one.said, "421 4.7.0 too many errors"));
  assert_int_equal(one.refused, SMTP_ERRORS_MAX);
}

/* A flood of commands is taken piece by piece, as the sink has room. */
static void a_full_sink_stops_the_flood(void **state)
{
  static char flood[6 * 5000];
  size_t used;

  (void)state;
  for (size_t i = 0; i < sizeof(flood); i += 6)
    memcpy(flood + i, "HELP\r\n", 6);
  begin(&one, 0);
  one.enough = 4096;
  used = smtp_feed(&one.smtp, (struct span){flood, sizeof(flood)});
  assert_true(used > 0 && used <= 6 * 4);
  assert_true(one.len < 3 * 4096);
}

static void a_connection_is_small(void **state)
{
  (void)state;
  assert_true(sizeof(struct smtp) <= 4096);
}

static unsigned next_random(unsigned *seed)
{
  *seed = *seed * 1103515245u + 12345u;
  return *seed >> 16;
}

static void check_reply_lines(const char *said)
{
  for (const char *at = said, *end; *at != '\0'; at = end + 2) {
    end = strstr(at, "\r\n");
    assert_non_null(end);
    assert_true(end - at <= 510 && end - at >= 4);
    assert_true(byte_is_digit(at[0]) && byte_is_digit(at[1]) && byte_is_digit(at[2]));
    assert_true(at[3] == ' ' || at[3] == '-');
    for (const char *byte = at; byte < end; byte++)
      assert_false(byte_is_control(*byte) || byte_is_8bit(*byte));
  }
}

static void random_bytes_get_whole_replies(void **state)
{
  static const char *const words[] = {"MAIL FROM:<", "RCPT TO:<",   "DATA\r\n", "\r\n",
                                      "\r\n.\r\n",   "EHLO ",       "HELP ",    "@",
                                      ">",           "example.com", " SIZE=",   "RSET\r\n"};
  static char bytes[20000];
  unsigned seed = 7;

  (void)state;
  for (int round = 0; round < 300; round++) {
    size_t len = 0;

    while (len + 32 < sizeof(bytes) && len < 2000) {
      const char *word = words[next_random(&seed) % (sizeof(words) / sizeof(words[0]))];

      if (next_random(&seed) % 4 == 0)
        bytes[len++] = (char)next_random(&seed);
      len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, "%s", word);
    }
    begin(&one, 0);
    feed(&one, (struct span){bytes, len}, len);
    check_reply_lines(one.said);
    begin(&other, 0);
    feed(&other, (struct span){bytes, len}, 1 + next_random(&seed) % 9);
    assert_string_equal(one.said, other.said);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(long_lines_are_swallowed),
      cmocka_unit_test(tolerated_long_lines_are_obeyed_when_they_were_kept),
      cmocka_unit_test(a_flood_of_errors_ends_the_session),
      cmocka_unit_test(a_full_sink_stops_the_flood),
      cmocka_unit_test(a_connection_is_small),
      cmocka_unit_test(random_bytes_get_whole_replies),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
