/*
 * The SMTP door by itself: conversations as bytes, and cut into pieces of any size.
 */
#include "smtp_client.h"

struct conversation {
  const char *name, *said, *codes;
};

static const struct conversation conversations[] = {
    {"a message", EHLO MAIL RCPT "DATA\r\nSubject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n",
     "250 250 250 354 250 221"},
    {"two messages", EHLO MAIL RCPT "DATA\r\n.\r\n" MAIL RCPT "DATA\r\n.\r\n",
     "250 250 250 354 250 250 250 354 250"},
    {"nothing after QUIT", "QUIT\r\nNOOP\r\n", "221"},
    {"lower case", "helo client.example\r\nmail from:<a@b.example>\r\nrcpt to:<c@d.example>\r\n",
     "250 250 250"},
    {"blanks after the colon and at the end",
     EHLO "MAIL FROM: <a@b.example>  \r\nRCPT TO:\t<c@d.example> \r\n", "250 250 250"},
    {"quoted bracket and space in the path",
     EHLO "MAIL FROM:<\"a> b\"@c.example> SIZE=3\r\nRCPT TO:<\"x \\\"y> z\"@c.example>\r\n",
     "250 250 250"},
    {"no FROM:", EHLO "MAIL <a@b.example>\r\nMAIL\r\nMAIL FROM <a@b.example>\r\n",
     "250 501 501 501"},
    {"no TO:", EHLO MAIL "RCPT <a@b.example>\r\nRCPT\r\n", "250 250 501 501"},
    {"no path", EHLO "MAIL FROM:\r\n" MAIL "RCPT TO:\r\n", "250 501 250 501"},
    {"no brackets", EHLO "MAIL FROM:a@b.example\r\n", "250 501"},
    {"second at sign", EHLO "MAIL FROM:<a@@b.example>\r\n" MAIL, "250 501 250"},
    {"MAIL before HELO", MAIL, "503"},
    {"nested MAIL", EHLO MAIL MAIL RCPT, "250 250 503 250"},
    {"RCPT before MAIL", EHLO RCPT, "250 503"},
    {"DATA before MAIL", EHLO "DATA\r\n", "250 503"},
    {"DATA before RCPT", EHLO MAIL "DATA\r\n" RCPT "DATA\r\n.\r\n", "250 250 503 250 354 250"},
    {"DATA when every recipient was refused", EHLO MAIL "RCPT TO:<b@@c>\r\nDATA\r\n",
     "250 250 501 503"},
    {"RSET ends a transaction", EHLO MAIL "RSET\r\n" RCPT MAIL, "250 250 250 503 250"},
    {"EHLO ends a transaction", EHLO MAIL EHLO RCPT, "250 250 250 503"},
    {"arguments that are not allowed", EHLO "RSET x\r\nQUIT now\r\nDATA x\r\nNOOP x\r\n",
     "250 501 501 501 250"},
    {"a HELO without a name is held until RCPT", "HELO\r\n" MAIL RCPT, "250 250 501"},
    {"commands that are not offered", "VRFY a\r\nEXPN a\r\nTURN\r\nSEND\r\nSOML\r\nSAML\r\n",
     "502 502 502 502 502 502"},
    {"unknown commands", "FOO\r\n\r\n \r\nEHLOx y\r\n", "500 500 500 500"},
    {"another protocol", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "421"},
    {"TLS without a line end", "\x16\x03\x01", "421"},
    {"bare LF", "NOOP\nNOOP\r\n", "500 250"},
    {"bare CR", "NOOP\rNOOP\r\nNOOP\r\r\n", "500 500"},
    {"HELP", "HELP\r\nHELP mail\r\nHELP sender-dots\r\nHELP 501\r\nHELP nothing\r\n",
     "214 214 214 214 504"},
    {"parameters",
     EHLO "MAIL FROM:<a@b.example> SIZE=5 BODY=8BITMIME SMTPUTF8\r\n"
          "RCPT TO:<a@b.example> NOTIFY=NEVER\r\n",
     "250 250 250"},
    {"unknown parameters",
     EHLO "MAIL FROM:<a@b.example> XYZ=1\r\n" MAIL "RCPT TO:<a@b.example> XYZ\r\n" RCPT,
     "250 555 250 555 250"},
    {"malformed parameters", EHLO "MAIL FROM:<a@b.example> SIZE=x\r\n", "250 501"},
    {"SIZE too big", EHLO "MAIL FROM:<a@b.example> SIZE=10485761\r\n" RCPT, "250 552 503"},
    {"UTF-8 with and without SMTPUTF8",
     EHLO "MAIL FROM:<\xc3\xa9@b.example>\r\nMAIL FROM:<\xc3\xa9@b.example> SMTPUTF8\r\n"
          "RCPT TO:<\xc3\xa9@b.example>\r\nRSET\r\n" MAIL "RCPT TO:<\xc3\xa9@b.example>\r\n",
     "250 550 250 250 250 250 553"},
    {"dots", EHLO MAIL RCPT "DATA\r\n..\r\n.x\r\n. \r\nx.\r\n.\r\nQUIT\r\n",
     "250 250 250 354 250 221"},
    {"LF . LF is no end", EHLO MAIL RCPT "DATA\r\nx\n.\nMAIL FROM:<x@y.example>\r\n.\r\nQUIT\r\n",
     "250 250 250 354 500 221"},
    {"LF . CRLF is no end", EHLO MAIL RCPT "DATA\r\nx\n.\r\nNOOP\r\n.\r\nQUIT\r\n",
     "250 250 250 354 500 221"},
    {"CRLF . LF is no end", EHLO MAIL RCPT "DATA\r\nx\r\n.\nNOOP\r\n.\r\nQUIT\r\n",
     "250 250 250 354 500 221"},
    {"CR . CR is no end", EHLO MAIL RCPT "DATA\r\nx\r.\rNOOP\r\n.\r\nQUIT\r\n",
     "250 250 250 354 500 221"},
    {"CR . CRLF is no end", EHLO MAIL RCPT "DATA\r\nx\r.\r\nNOOP\r\n.\r\nQUIT\r\n",
     "250 250 250 354 500 221"},
    {"CRLF . CR CRLF is no end", EHLO MAIL RCPT "DATA\r\nx\r\n.\r\r\nNOOP\r\n.\r\nQUIT\r\n",
     "250 250 250 354 500 221"},
};

enum { CONVERSATIONS = sizeof(conversations) / sizeof(conversations[0]) };

static void says_the_codes_it_should(void **state)
{
  (void)state;
  for (size_t i = 0; i < CONVERSATIONS; i++) {
    begin(&one, 0);
    say(&one, conversations[i].said);
    if (strcmp(codes(&one), conversations[i].codes) != 0)
      fail_msg("%s: got %s, want %s\n%s", conversations[i].name, codes(&one),
               conversations[i].codes, one.said);
  }
}

/* Every way of cutting gives the same replies. */
static void pieces_do_not_matter(void **state)
{
  static const size_t sizes[] = {1, 2, 3, 7, 64};

  (void)state;
  for (size_t i = 0; i < CONVERSATIONS; i++) {
    begin(&one, 0);
    say(&one, conversations[i].said);
    for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
      begin(&other, 0);
      other.enough = j; /* a sink that soon has enough, too */
      feed(&other, span_from(conversations[i].said), sizes[j]);
      if (strcmp(one.said, other.said) != 0)
        fail_msg("%s in pieces of %zu: got\n%s\nwant\n%s", conversations[i].name, sizes[j],
                 other.said, one.said);
    }
  }
}

static void greets_and_takes_leave(void **state)
{
  static const char *const words[] = {"421 4.4.2 mx.example.org ", "421 4.3.2 mx.example.org ",
                                      "421 4.3.2 mx.example.org "};

  (void)state;
  for (enum smtp_bye why = SMTP_BYE_IDLE; why <= SMTP_BYE_CROWDED; why++) {
    begin(&one, 0);
    smtp_greet(&one.smtp);
    assert_string_equal(one.said,
                        "220 mx.example.org ESMTP milter-strict; nothing is delivered here\r\n");
    one.len = 0;
    smtp_bye(&one.smtp, why);
    assert_memory_equal(one.said, words[why], strlen(words[why]));
    assert_true(one.smtp.closed);
    one.len = 0;
    smtp_bye(&one.smtp, why);
    say(&one, "NOOP\r\n");
    assert_int_equal(one.len, 0);
  }
}

static void announces_its_extensions(void **state)
{
  (void)state;
  begin(&one, 0);
  say(&one, EHLO);
  assert_string_equal(one.said, "250-mx.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
                                "250-SMTPUTF8\r\n250-SIZE 10485760\r\n250-HELP\r\n"
                                "250 ENHANCEDSTATUSCODES\r\n");
  begin(&one, 0);
  one.policy.rules[RULE_COMMAND_HELP].status = (struct reply_status){502, "5.5.1"};
  say(&one, EHLO "HELP\r\n");
  assert_null(strstr(one.said, "250-HELP"));
  assert_string_equal(codes(&one), "250 502");
}

static void counts_the_octets_of_a_message(void **state)
{
  static const struct {
    const char *message, *octets;
  } rows[] = {
      {".\r\n", "of 0 octets"},         {"a\r\n.\r\n", "of 3 octets"},
      {"..\r\n.\r\n", "of 3 octets"},   {".a\r\n...\r\n.\r\n", "of 7 octets"},
      {"\r\n\r\n.\r\n", "of 4 octets"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    begin(&one, 0);
    say(&one, EHLO MAIL RCPT "DATA\r\n");
    say(&one, rows[i].message);
    if (strstr(one.said, rows[i].octets) == NULL)
      fail_msg("row %zu: no \"%s\" in\n%s", i, rows[i].octets, one.said);
  }
}

static void refuses_a_message_that_is_too_big(void **state)
{
  static char block[65536];

  (void)state;
  memset(block, 'x', sizeof(block));
  for (size_t i = 998; i < sizeof(block); i += 1000)
    memcpy(block + i, "\r\n", 2);
  begin(&one, 0);
  say(&one, EHLO MAIL RCPT "DATA\r\n");
  for (size_t sent = 0; sent <= SMTP_SIZE_MAX; sent += sizeof(block))
    feed(&one, (struct span){block, sizeof(block)}, sizeof(block));
  say(&one, "\r\n.\r\nNOOP\r\n");
  assert_string_equal(codes(&one), "250 250 250 354 552 250");
  assert_non_null(strstr(one.said, "552 5.3.4 "));
}

static void typed_lines_may_end_in_lf(void **state)
{
  (void)state;
  begin(&one, SMTP_LINES_LF);
  say(&one, "EHLO client.example\nMAIL FROM:<a@example.net>\nRCPT TO:<b@example.org>\r\n"
            "DATA\nhello\n.\nQUIT\n");
  assert_non_null(strstr(one.said, "Message of 7 octets"));
  assert_string_equal(codes(&one), "250 250 250 354 250 221");
  begin(&one, SMTP_LINES_LF); /* begun with CRLF: held to it */
  say(&one, EHLO "NOOP\n");
  assert_string_equal(codes(&one), "250 500");
}

/* What the policy lets pass and the server itself cannot do is refused in one line. */
static void keeps_its_own_order_in_monitor_mode(void **state)
{
  (void)state;
  begin(&one, 0);
  one.policy.mode = POLICY_MONITOR;
  say(&one, "MAIL FROM:a@@b\r\nMAIL FROM:<x@y.example>\r\nDATA\r\nRSET\r\nRCPT TO:<x@y.example>\r\n"
            "FOO\r\nEXPN x\r\nVRFY x\r\nVRFY\r\nGET /\r\nRSET x\r\nMAIL\r\nHELP\r\nNOOP\n");
  assert_string_equal(codes(&one), "250 503 503 250 503 500 502 252 501 500 501 501 214 250");
  assert_int_equal(one.refused, 0);
  assert_true(one.noticed >= 10);
  assert_null(strstr(one.said, "("));
}

static void authenticated_clients_are_exempt(void **state)
{
  (void)state;
  begin(&one, SMTP_AUTHENTICATED);
  say(&one, "HELO bad name\r\nMAIL FROM:<a..b@c.example>\r\nRCPT TO:<d@e.example>\r\nVRFY x\r\n");
  assert_string_equal(codes(&one), "250 250 250 252");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(says_the_codes_it_should),
      cmocka_unit_test(pieces_do_not_matter),
      cmocka_unit_test(greets_and_takes_leave),
      cmocka_unit_test(announces_its_extensions),
      cmocka_unit_test(counts_the_octets_of_a_message),
      cmocka_unit_test(refuses_a_message_that_is_too_big),
      cmocka_unit_test(typed_lines_may_end_in_lf),
      cmocka_unit_test(keeps_its_own_order_in_monitor_mode),
      cmocka_unit_test(authenticated_clients_are_exempt),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
