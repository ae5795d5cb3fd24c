/*
 * Replies of servers: what is read, what is found wrong with it, and where reading stops.
 */
#include "probe/smtp_reply.h"

#include "probe/recognise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static struct smtp_reply reply;

static void replies_are_read_whatever_they_are(void **state)
{
  static const struct {
    const char *name;
    struct span bytes;
    enum smtp_reply_state state;
    unsigned code, flaws, lines;
    size_t left; /* bytes not taken */
  } rows[] = {
      {"one line", SPAN("250 Ok\r\n"), SMTP_REPLY_WHOLE, 250, 0, 1, 0},
      {"a code alone", SPAN("250\r\n"), SMTP_REPLY_WHOLE, 250, 0, 1, 0},
      {"three lines", SPAN("250-a\r\n250-b\r\n250 c\r\n"), SMTP_REPLY_WHOLE, 250, 0, 3, 0},
      {"two replies", SPAN("250 a\r\n500 b\r\n"), SMTP_REPLY_WHOLE, 250, 0, 1, 7},
      {"not yet a line", SPAN("250 a"), SMTP_REPLY_MORE, 0, 0, 0, 0},
      {"not yet all lines", SPAN("250-a\r\n250"), SMTP_REPLY_MORE, 250, 0, 1, 0},
      {"nothing", SPAN(""), SMTP_REPLY_MORE, 0, 0, 0, 0},
      {"an empty line", SPAN("\r\n"), SMTP_REPLY_GARBAGE, 0, 0, 1, 0},
      {"HTTP", SPAN("HTTP/1.1 400 Bad\r\n"), SMTP_REPLY_GARBAGE, 0, 0, 1, 0},
      {"a code of another world", SPAN("650 a\r\n"), SMTP_REPLY_GARBAGE, 0, 0, 1, 0},
      {"two digits", SPAN("25\r\n"), SMTP_REPLY_GARBAGE, 0, 0, 1, 0},
      {"words in the middle", SPAN("250-a\r\nb\r\n"), SMTP_REPLY_GARBAGE, 250, 0, 2, 0},
      {"a bare LF", SPAN("250 a\n"), SMTP_REPLY_WHOLE, 250, SMTP_FLAW_LF, 1, 0},
      {"a bare CR", SPAN("250 a\rb\r\n"), SMTP_REPLY_WHOLE, 250, SMTP_FLAW_CONTROL, 1, 0},
      {"escapes", SPAN("250 \x1b[2J\r\n"), SMTP_REPLY_WHOLE, 250, SMTP_FLAW_CONTROL, 1, 0},
      {"a NUL", SPAN("250 a\0b\r\n"), SMTP_REPLY_WHOLE, 250, SMTP_FLAW_CONTROL, 1, 0},
      {"a tab", SPAN("250 a\tb\r\n"), SMTP_REPLY_WHOLE, 250, 0, 1, 0},
      {"8-bit", SPAN("250 \xc3\xbc\r\n"), SMTP_REPLY_WHOLE, 250, SMTP_FLAW_8BIT, 1, 0},
      {"two codes", SPAN("250-a\r\n251 b\r\n"), SMTP_REPLY_WHOLE, 250, SMTP_FLAW_CODES, 2, 0},
      {"no separator", SPAN("250a\r\n"), SMTP_REPLY_WHOLE, 250, SMTP_FLAW_SEPARATOR, 1, 0},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    size_t used;

    smtp_reply_begin(&reply);
    used = smtp_reply_feed(&reply, rows[i].bytes);
    if (reply.state != rows[i].state || reply.code != rows[i].code ||
        reply.flaws != rows[i].flaws || reply.lines != rows[i].lines ||
        rows[i].bytes.len - used != rows[i].left)
      fail_msg("%s: state %d, code %u, flaws %u, lines %u, left %zu", rows[i].name, reply.state,
               reply.code, reply.flaws, reply.lines, rows[i].bytes.len - used);
  }
}

static void a_long_line_is_a_flaw_and_a_longer_one_the_end(void **state)
{
  static char line[SMTP_REPLY_LINE_MAX + 16];

  (void)state;
  memset(line, 'x', sizeof(line));
  memcpy(line, "250 ", 4);
  memcpy(line + 510, "\r\n", 2);
  smtp_reply_begin(&reply);
  assert_int_equal(smtp_reply_feed(&reply, (struct span){line, 512}), 512);
  assert_int_equal(reply.flaws, 0);
  memcpy(line + 510, "x\r\n", 3);
  smtp_reply_begin(&reply);
  assert_int_equal(smtp_reply_feed(&reply, (struct span){line, 513}), 513);
  assert_int_equal(reply.state, SMTP_REPLY_WHOLE);
  assert_int_equal(reply.flaws, SMTP_FLAW_LENGTH);
  memset(line + 4, 'x', sizeof(line) - 4);
  smtp_reply_begin(&reply);
  assert_int_equal(smtp_reply_feed(&reply, (struct span){line, sizeof(line)}), SMTP_REPLY_LINE_MAX);
  assert_int_equal(reply.state, SMTP_REPLY_ENDLESS);
}

static void a_reply_without_end_ends(void **state)
{
  unsigned fed = 0;

  (void)state;
  smtp_reply_begin(&reply);
  while (reply.state == SMTP_REPLY_MORE && fed++ < 10 * SMTP_REPLY_LINES_MAX)
    smtp_reply_feed(&reply, SPAN("250-more\r\n"));
  assert_int_equal(reply.state, SMTP_REPLY_ENDLESS);
  assert_int_equal(reply.lines, SMTP_REPLY_LINES_MAX);
}

static void pieces_make_no_difference(void **state)
{
  const struct span bytes = SPAN("250-mx\r\n250-SIZE 10\r\n250 HELP\r\n");

  (void)state;
  smtp_reply_begin(&reply);
  for (size_t i = 0; i < bytes.len; i++) {
    assert_int_equal(reply.state, SMTP_REPLY_MORE);
    assert_int_equal(smtp_reply_feed(&reply, span_slice(bytes, i, i + 1)), 1);
  }
  assert_int_equal(reply.state, SMTP_REPLY_WHOLE);
  assert_true(span_equals(smtp_reply_bytes(&reply), bytes));
}

static void extensions_stand_after_the_first_line(void **state)
{
  struct span parameters;

  (void)state;
  smtp_reply_begin(&reply);
  smtp_reply_feed(&reply, SPAN("250-STARTTLS.example.org\r\n250-AUTH=PLAIN\r\n250-size 10\r\n"
                               "250-STARTTLSX\r\n250 8BITMIME\r\n"));
  assert_false(smtp_reply_keyword(&reply, "STARTTLS", NULL));
  assert_true(smtp_reply_keyword(&reply, "8BITMIME", &parameters));
  assert_int_equal(parameters.len, 0);
  assert_true(smtp_reply_keyword(&reply, "SIZE", &parameters));
  assert_true(span_equals(parameters, SPAN("10")));
  assert_true(smtp_reply_keyword(&reply, "AUTH", &parameters));
  assert_true(span_equals(parameters, SPAN("PLAIN")));
}

static void enhanced_codes(void **state)
{
  static const struct {
    struct span text;
    bool is;
    struct span rest;
  } rows[] = {
      {SPAN("5.1.1 no"), true, SPAN("no")},
      {SPAN("2.0.0"), true, SPAN("")},
      {SPAN("4.255.999 a"), true, SPAN("a")},
      {SPAN("5.1.1no"), false, SPAN("5.1.1no")},
      {SPAN("3.0.0 go"), false, SPAN("3.0.0 go")},
      {SPAN("5.1"), false, SPAN("5.1")},
      {SPAN("5.1234.1 a"), false, SPAN("5.1234.1 a")},
      {SPAN("55.1.1 a"), false, SPAN("55.1.1 a")},
      {SPAN(""), false, SPAN("")},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct smtp_enhanced enhanced;

    if (smtp_enhanced_parse(rows[i].text, &enhanced) != rows[i].is ||
        !span_equals(smtp_enhanced_skip(rows[i].text), rows[i].rest))
      fail_msg("%s", rows[i].text.at);
  }
}

static void enhanced_codes_fit_or_not(void **state)
{
  static const struct {
    struct span says;
    enum smtp_enhanced_fit fit;
  } rows[] = {
      {SPAN("550 5.1.1 no\r\n"), SMTP_ENHANCED_FITS},
      {SPAN("550-5.1.1 no\r\n550 5.1.1 never\r\n"), SMTP_ENHANCED_FITS},
      {SPAN("550-5.1.1 no\r\n550 5.7.1 never\r\n"), SMTP_ENHANCED_MIXED},
      {SPAN("550-5.1.1 no\r\n550 5.1.10 never\r\n"), SMTP_ENHANCED_MIXED},
      {SPAN("550-5.1.1 no\r\n550 never\r\n"), SMTP_ENHANCED_MISSING},
      {SPAN("550-5.1.1 no\r\n550-never\r\n550 5.7.1 no\r\n"), SMTP_ENHANCED_MISSING},
      {SPAN("550 no\r\n"), SMTP_ENHANCED_MISSING},
      {SPAN("550\r\n"), SMTP_ENHANCED_MISSING},
      {SPAN("450 5.1.1 no\r\n"), SMTP_ENHANCED_WRONG},
      {SPAN("250-2.1.5 yes\r\n250 4.1.5 no\r\n"), SMTP_ENHANCED_WRONG},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    smtp_reply_begin(&reply);
    smtp_reply_feed(&reply, rows[i].says);
    if (smtp_reply_enhanced(&reply) != rows[i].fit)
      fail_msg("%s: %u", rows[i].says.at, smtp_reply_enhanced(&reply));
  }
}

static void servers_are_known_by_what_they_say(void **state)
{
  static const struct {
    struct span says;
    enum probe_server server;
  } rows[] = {
      {SPAN("220 mx.example.org ESMTP Postfix (Debian/GNU)\r\n"), PROBE_SERVER_POSTFIX},
      {SPAN("220 mx.example.org ESMTP\r\n"), PROBE_SERVER_UNKNOWN},
      {SPAN("503 5.5.1 Error: need MAIL command\r\n"), PROBE_SERVER_POSTFIX},
      {SPAN("220 mx ESMTP Sendmail 8.17.1.9/8.17.1.9; Tue\r\n"), PROBE_SERVER_SENDMAIL},
      {SPAN("220 mx ESMTP Exim 4.96 Tue\r\n"), PROBE_SERVER_EXIM},
      {SPAN("220 mx ESMTP OpenSMTPD\r\n"), PROBE_SERVER_OPENSMTPD},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (recognise_server(rows[i].says) != rows[i].server)
      fail_msg("%s", rows[i].says.at);
}

static void versions(void **state)
{
  static const struct {
    struct span says, version;
  } rows[] = {
      {SPAN("mx ESMTP Sendmail 8.17.1.9/8.17.1.9; Tue"), SPAN("8.17.1.9")},
      {SPAN("This is sendmail version 8.17.1.9"), SPAN("8.17.1.9")},
      {SPAN("mx ESMTP Exim 4.96 Tue"), SPAN("4.96")},
      {SPAN("mx ESMTP Postfix"), SPAN("")},
      {SPAN("hello [192.0.2.1] 192.0.2.1"), SPAN("")},
      {SPAN("Postfix version"), SPAN("")},
      {SPAN(""), SPAN("")},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct span version = {"", 0};
    bool found = recognise_version(rows[i].says, &version);

    if (found != (rows[i].version.len > 0) || !span_equals(version, rows[i].version))
      fail_msg("%s: %.*s", rows[i].says.at, (int)version.len, version.at);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(replies_are_read_whatever_they_are),
      cmocka_unit_test(a_long_line_is_a_flaw_and_a_longer_one_the_end),
      cmocka_unit_test(a_reply_without_end_ends),
      cmocka_unit_test(pieces_make_no_difference),
      cmocka_unit_test(extensions_stand_after_the_first_line),
      cmocka_unit_test(enhanced_codes),
      cmocka_unit_test(enhanced_codes_fit_or_not),
      cmocka_unit_test(servers_are_known_by_what_they_say),
      cmocka_unit_test(versions),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
