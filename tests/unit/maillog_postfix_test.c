/*
 * Lines of Postfix, one of each kind, whole, cut off and forged.
 */
#include "maillog_case.h"

static const struct line_row rows[] = {
    {"connect", "Nov 24 15:39:54 mx postfix/smtpd[9]: connect from client.example.net[192.0.2.7]",
     "connect client=192.0.2.7"},
    {"connect, RFC 5424",
     "<22>1 2026-11-24T15:39:54.123Z mx postfix/smtpd 9 - - connect from c[192.0.2.7]",
     "connect client=192.0.2.7"},
    {"connect, RFC 5424 with data",
     "1 2026-11-24T15:39:54Z mx postfix/smtpd - ID47 [x@1 a=\"b c\" d=\"]\\\"\"][y] "
     "\xEF\xBB\xBF"
     "connect from c[192.0.2.7]",
     "connect client=192.0.2.7"},
    {"connect, RFC 5424 without a message",
     "1 2026-11-24T15:39:54Z mx postfix/smtpd 9 - [x a=\"b\"]", "no line"},
    {"connect, RFC 5424 with data without an end",
     "1 2026-11-24T15:39:54Z mx postfix/smtpd 9 - [x a=\"] connect from c[192.0.2.7]", "no line"},
    {"connect, kept by docker logs -t",
     "2026-11-24T15:39:54.123456789Z Nov 24 15:39:54 mx postfix/smtpd[9]: connect from "
     "c[192.0.2.7]",
     "connect client=192.0.2.7"},
    {"connect, kept by a container runtime",
     "2026-11-24T15:39:54.1Z stdout F Nov 24 15:39:54 mx postfix/smtpd[9]: connect from "
     "c[192.0.2.7]",
     "connect client=192.0.2.7"},
    {"connect, journalctl -o short-full",
     "Tue 2026-11-24 15:39:54 UTC mx postfix/smtpd[9]: connect from c[192.0.2.7]",
     "connect client=192.0.2.7"},
    {"connect, journalctl -o cat", "connect from c[192.0.2.7]", "no line"},
    {"connect with a port",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: connect from unknown[192.0.2.7]:4242",
     "connect client=192.0.2.7"},
    {"connect over IPv6", "Nov 24 15:39:54 mx postfix/smtpd[9]: connect from unknown[2001:db8::1]",
     "connect client=2001:db8::1"},
    {"connect from nobody knows where",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: connect from unknown[unknown]", "connect"},
    {"connect, cut off", "Nov 24 15:39:54 mx postfix/smtpd[9]: connect from unknown[192.0.",
     "nothing"},
    {"submission service",
     "Nov 24 15:39:54 mx postfix/submission/smtpd[9]: connect from unknown[192.0.2.7]",
     "connect client=192.0.2.7 submission"},
    {"smtps service", "Nov 24 15:39:54 mx postfix/smtps/smtpd[9]: connect from unknown[192.0.2.7]",
     "connect client=192.0.2.7 submission"},
    {"second instance", "Nov 24 15:39:54 mx postfix-in/smtpd[9]: connect from unknown[192.0.2.7]",
     "connect client=192.0.2.7"},
    {"queued",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: 49A4FA723B4: client=client.example.net[192.0.2.7]",
     "queued client=192.0.2.7 id=49A4FA723B4"},
    {"queued under a long id",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: 4XyZw1abcdz3Jk: client=client.example.net[192.0.2.7]",
     "queued client=192.0.2.7 id=4XyZw1abcdz3Jk"},
    {"queued after AUTH",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: 49A4FA723B4: client=client.example.net[192.0.2.7], "
     "sasl_method=PLAIN, sasl_username=joe",
     "queued client=192.0.2.7 id=49A4FA723B4 authenticated"},
    {"queued by a filter",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: 49A4FA723B4: client=localhost[127.0.0.1], "
     "orig_queue_id=49A4FA723B3, orig_client=client.example.net[192.0.2.7]",
     "queued client=127.0.0.1 id=49A4FA723B4 passed-on"},
    {"unknown user",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from "
     "client.example.net[192.0.2.7]: 550 5.1.1 <nosuch@example.org>: Recipient address rejected: "
     "User unknown in virtual mailbox table; from=<s@example.net> to=<nosuch@example.org> "
     "proto=ESMTP helo=<client.example.net>",
     "refused RCPT client=192.0.2.7 code=550 enhanced=5.1.1 sender=<s@example.net> "
     "recipient=<nosuch@example.org> helo=client.example.net"},
    {"refused within a message",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: 4ABEFA72009: reject: RCPT from "
     "client.example.net[192.0.2.7]: 550 5.1.1 <n@example.org>: no; from=<> to=<n@example.org> "
     "proto=ESMTP helo=<h>",
     "refused RCPT client=192.0.2.7 id=4ABEFA72009 code=550 enhanced=5.1.1 sender=<> "
     "recipient=<n@example.org> helo=h"},
    {"greylisted, without a HELO",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from "
     "client.example.net[192.0.2.7]: 450 4.2.0 <a@example.org>: Recipient address rejected: "
     "Greylisted; from=<s@example.net> to=<a@example.org> proto=SMTP",
     "refused RCPT client=192.0.2.7 code=450 enhanced=4.2.0 sender=<s@example.net> "
     "recipient=<a@example.org>"},
    {"VRFY has no sender",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: reject: VRFY from "
     "client.example.net[192.0.2.7]: 550 5.1.1 <nosuch>: Recipient address rejected: unknown; "
     "to=<nosuch> proto=ESMTP helo=<h>",
     "refused VRFY client=192.0.2.7 code=550 enhanced=5.1.1 recipient=<nosuch> helo=h"},
    {"accepted by a filter before the queue",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: proxy-accept: END-OF-MESSAGE from "
     "c[192.0.2.7]: 250 2.0.0 Ok: queued as 4A; from=<s@example.net> to=<a@example.org> "
     "proto=ESMTP helo=<h.example.net>",
     "helo client=192.0.2.7 code=250 enhanced=2.0.0 sender=<s@example.net> "
     "recipient=<a@example.org> helo=h.example.net"},
    {"refused by a filter before the queue",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: proxy-reject: END-OF-MESSAGE from "
     "c[192.0.2.7]: 550 5.7.1 spam; from=<s@example.net> to=<a@example.org> proto=ESMTP "
     "helo=<h.example.net>",
     "refused end client=192.0.2.7 code=550 enhanced=5.7.1 sender=<s@example.net> "
     "recipient=<a@example.org> helo=h.example.net"},
    {"permitted, which is logged on demand",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: permit: RCPT from c[192.0.2.7]: "
     "<a@example.org>: "
     "Recipient address permit; from=<s@example.net> to=<a@example.org> proto=ESMTP helo=<h>",
     "helo client=192.0.2.7 sender=<s@example.net> recipient=<a@example.org> helo=h"},
    {"MAIL refused",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: reject: MAIL from "
     "client.example.net[192.0.2.7]: 450 4.1.8 <s@example.net>: Sender address rejected: Domain "
     "not found; from=<s@example.net> proto=ESMTP helo=<h>",
     "refused MAIL client=192.0.2.7 code=450 enhanced=4.1.8 sender=<s@example.net> helo=h"},
    {"CONNECT refused",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: reject: CONNECT from "
     "client.example.net[192.0.2.7]: 554 5.7.1 <client>: Client host rejected: no; proto=SMTP",
     "refused other client=192.0.2.7 code=554 enhanced=5.7.1"},
    {"refused by a filter",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: milter-reject: RCPT from "
     "client.example.net[192.0.2.7]: 501 5.1.3 no (recipient-dots); from=<s@example.net> "
     "to=<a..b@example.org> proto=ESMTP helo=<h>",
     "refused RCPT client=192.0.2.7 code=501 enhanced=5.1.3 sender=<s@example.net> "
     "recipient=<a..b@example.org> helo=h milter"},
    {"whole message refused by a filter",
     "Nov 24 15:39:54 mx postfix/cleanup[9]: 49A4FA723B4: milter-reject: END-OF-MESSAGE from "
     "client.example.net[192.0.2.7]: 5.7.1 spam; from=<s@example.net> to=<a@example.org> "
     "proto=ESMTP helo=<h>",
     "refused end client=192.0.2.7 id=49A4FA723B4 enhanced=5.7.1 sender=<s@example.net> "
     "recipient=<a@example.org> helo=h milter"},
    {"only warned",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: reject_warning: RCPT from "
     "client.example.net[192.0.2.7]: 550 5.7.1 no; from=<s@example.net> to=<a@example.org> "
     "proto=ESMTP helo=<h>",
     "helo client=192.0.2.7 code=550 enhanced=5.7.1 sender=<s@example.net> "
     "recipient=<a@example.org> helo=h"},
    {"AUTH behind the HELO",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from "
     "client.example.net[192.0.2.7]: 554 5.7.1 no; from=<s@example.net> to=<a@example.org> "
     "proto=ESMTP helo=<h> sasl_username=<joe>",
     "refused RCPT client=192.0.2.7 code=554 enhanced=5.7.1 sender=<s@example.net> "
     "recipient=<a@example.org> helo=h"},
    {"fields forged in the text",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from "
     "client.example.net[192.0.2.7]: 550 5.1.1 <\"; from=<x> to=<y> proto=ESMTP "
     "helo=<z>\"@example.org>: no; from=<s@example.net> to=<\"; from=<x> to=<y> proto=ESMTP "
     "helo=<z>\"@example.org> proto=ESMTP helo=<h>",
     "refused RCPT client=192.0.2.7 code=550 enhanced=5.1.1 sender=<s@example.net> recipient=<\"; "
     "from=<x> to=<y> proto=ESMTP helo=<z>\"@example.org> helo=h"},
    {"fields forged in the sender",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from "
     "client.example.net[192.0.2.7]: 550 5.1.1 no; from=<\"> to=<z@example.org> proto=SMTP "
     "helo=<x\"@example.net> to=<a@example.org> proto=ESMTP helo=<h>",
     "refused RCPT client=192.0.2.7 code=550 enhanced=5.1.1 sender=<\"> to=<z@example.org> "
     "proto=SMTP helo=<x\"@example.net> recipient=<a@example.org> helo=h"},
    {"forged and unquoted, as old ones write it",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from "
     "client.example.net[192.0.2.7]: 550 5.1.1 no; from=<x> to=<y> proto=ESMTP helo=<evil> "
     "from=<s@example.net> to=<a@example.org> proto=ESMTP helo=<h>",
     "refused RCPT client=192.0.2.7 code=550 enhanced=5.1.1"},
    {"cut within the sender",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from "
     "client.example.net[192.0.2.7]: 550 5.1.1 no; from=<s@exam",
     "refused RCPT client=192.0.2.7 code=550 enhanced=5.1.1"},
    {"cut within the HELO name",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from "
     "client.example.net[192.0.2.7]: 550 5.1.1 no; from=<s@example.net> to=<a@example.org> "
     "proto=ESMTP helo=<cli",
     "refused RCPT client=192.0.2.7 code=550 enhanced=5.1.1"},
    {"disconnect",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: disconnect from client.example.net[192.0.2.7] ehlo=1 "
     "mail=1 rcpt=0/1 unknown=0/2 commands=2/5",
     "disconnect client=192.0.2.7"},
    {"stored", "Nov 24 15:39:54 mx postfix/cleanup[9]: 49A4FA723B4: message-id=<x@example.net>",
     "stored id=49A4FA723B4"},
    {"sender",
     "Nov 24 15:39:54 mx postfix/qmgr[9]: 49A4FA723B4: from=<s@example.net>, size=327, nrcpt=12 "
     "(queue active)",
     "sender id=49A4FA723B4 sender=<s@example.net> recipients=12 stored"},
    {"null sender",
     "Nov 24 15:39:54 mx postfix/qmgr[9]: 49A4FA723B4: from=<>, size=327, nrcpt=1 (queue active)",
     "sender id=49A4FA723B4 sender=<> recipients=1 stored"},
    {"sender with a forged size",
     "Nov 24 15:39:54 mx postfix/qmgr[9]: 49A4FA723B4: from=<\"a>, size=1, "
     "nrcpt=99\"@example.net>, size=327, nrcpt=1 (queue active)",
     "sender id=49A4FA723B4 sender=<\"a>, size=1, nrcpt=99\"@example.net> recipients=1 stored"},
    {"very many recipients",
     "Nov 24 15:39:54 mx postfix/qmgr[9]: 49A4FA723B4: from=<>, size=327, "
     "nrcpt=99999999999999999999 (queue active)",
     "sender id=49A4FA723B4 sender=<> recipients=4294967295 stored"},
    {"removed", "Nov 24 15:39:54 mx postfix/qmgr[9]: 49A4FA723B4: removed",
     "removed id=49A4FA723B4"},
    {"removed, says a log that does not",
     "Nov 24 15:39:54 mx postfix/qmgr[9]: 49A4FA723B4: removed by hand", "nothing"},
    {"sent by virtual",
     "Nov 24 15:39:54 mx postfix/virtual[9]: 49A4FA723B4: to=<alice@example.org>, relay=virtual, "
     "delay=0.02, delays=0/0.02/0/0, dsn=2.0.0, status=sent (delivered to maildir)",
     "delivery id=49A4FA723B4 recipient=<alice@example.org> sent"},
    {"sent to an alias",
     "Nov 24 15:39:54 mx postfix/local[9]: 49A4FA723B4: to=<root@example.org>, "
     "orig_to=<postmaster>, relay=local, dsn=2.0.0, status=sent (delivered to mailbox)",
     "delivery id=49A4FA723B4 recipient=<postmaster> sent"},
    {"sent by smtp",
     "Nov 24 15:39:54 mx postfix/smtp[9]: 49A4FA723B4: to=<a@example.com>, "
     "relay=mx.example.com[192.0.2.25]:25, delay=1, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
     "delivery id=49A4FA723B4 recipient=<a@example.com> sent"},
    {"sent by lmtp",
     "Nov 24 15:39:54 mx postfix/lmtp[9]: 49A4FA723B4: to=<a@example.org>, relay=mx[private/lmtp], "
     "dsn=2.0.0, status=sent (250 2.0.0 ok)",
     "delivery id=49A4FA723B4 recipient=<a@example.org> sent"},
    {"sent by a relay of its own name",
     "Nov 24 15:39:54 mx postfix/relay/smtp[9]: 49A4FA723B4: to=<a@example.org>, relay=x, "
     "dsn=2.0.0, status=sent (ok)",
     "delivery id=49A4FA723B4 recipient=<a@example.org> sent"},
    {"deferred",
     "Nov 24 15:39:54 mx postfix/smtp[9]: 49A4FA723B4: to=<a@example.com>, relay=none, delay=1, "
     "dsn=4.4.1, status=deferred (timed out)",
     "delivery id=49A4FA723B4 recipient=<a@example.com>"},
    {"thrown away by a content filter",
     "Nov 24 15:39:54 mx postfix/smtp[9]: 49A4FA723B4: to=<a@example.com>, "
     "relay=127.0.0.1[127.0.0.1]:10024, dsn=2.7.0, status=sent (250 2.7.0 Ok, discarded, "
     "id=123-01 - spam)",
     "delivery id=49A4FA723B4 recipient=<a@example.com> failed"},
    {"thrown away by an alias",
     "Nov 24 15:39:54 mx postfix/local[9]: 49A4FA723B4: to=<a@mx>, orig_to=<a@example.org>, "
     "relay=local, dsn=2.0.0, status=sent (delivered to file: /dev/null)",
     "delivery id=49A4FA723B4 recipient=<a@example.org> failed"},
    {"thrown away by a transport",
     "Nov 24 15:39:54 mx postfix/discard[9]: 49A4FA723B4: to=<a@example.com>, relay=none, "
     "dsn=2.0.0, status=sent (no such place)",
     "delivery id=49A4FA723B4 recipient=<a@example.com> failed"},
    {"bounced",
     "Nov 24 15:39:54 mx postfix/smtp[9]: 49A4FA723B4: to=<a@example.com>, relay=none, dsn=5.1.1, "
     "status=bounced (unknown; status=sent)",
     "delivery id=49A4FA723B4 recipient=<a@example.com> failed"},
    {"status forged in the address",
     "Nov 24 15:39:54 mx postfix/smtp[9]: 49A4FA723B4: to=<\"a>, status=sent (\"@example.com>, "
     "relay=none, dsn=5.1.1, status=bounced (no)",
     "delivery id=49A4FA723B4 recipient=<\"a>, status=sent (\"@example.com> failed"},
    {"not SMTP",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: warning: non-SMTP command from "
     "client.example.net[192.0.2.7]: GET / HTTP/1.0",
     "command client=192.0.2.7 text=GET / HTTP/1.0"},
    {"other warnings",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: warning: Illegal address syntax from "
     "client.example.net[192.0.2.7] in MAIL command: <a b@example.net>",
     "nothing"},
    {"lost connection",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: lost connection after RCPT from "
     "client.example.net[192.0.2.7]",
     "nothing"},
    {"time-out",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: timeout after DATA (0 bytes) from "
     "client.example.net[192.0.2.7]",
     "nothing"},
    {"too many errors",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: too many errors after RCPT from "
     "client.example.net[192.0.2.7]",
     "nothing"},
    {"improper pipelining",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: improper command pipelining after DATA from "
     "client.example.net[192.0.2.7]: QUIT",
     "nothing"},
    {"TLS",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: Anonymous TLS connection established from "
     "client.example.net[192.0.2.7]: TLSv1.3 with cipher X",
     "tls client=192.0.2.7"},
    {"TLS with a trusted certificate",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: Trusted TLS connection established from "
     "client.example.net[192.0.2.7]: TLSv1.3 with cipher X",
     "tls client=192.0.2.7 verified"},
    {"postscreen",
     "Nov 24 15:39:54 mx postfix/postscreen[9]: NOQUEUE: reject: RCPT from [192.0.2.9]:4242: 550 "
     "5.7.1 Service unavailable; client [192.0.2.9] blocked using list.example; "
     "from=<s@example.net>, to=<a@example.org>, proto=ESMTP, helo=<h>",
     "screened RCPT client=192.0.2.9 code=550 enhanced=5.7.1 sender=<s@example.net> "
     "recipient=<a@example.org> helo=h"},
    {"postscreen lets pass", "Nov 24 15:39:54 mx postfix/postscreen[9]: PASS NEW [192.0.2.9]:4242",
     "nothing"},
    {"local submission", "Nov 24 15:39:54 mx postfix/pickup[9]: 49A4FA723B4: uid=0 from=<root>",
     "nothing"},
    {"other programs", "Nov 24 15:39:54 mx postfix/anvil[9]: statistics: max connection rate 1/60s",
     "nothing"},
    {"queue id that is none", "Nov 24 15:39:54 mx postfix/qmgr[9]: 49A4 FA723B4: removed",
     "nothing"},
    {"without a pid", "Nov 24 15:39:54 mx postfix/smtpd: connect from unknown[192.0.2.7]",
     "connect client=192.0.2.7"},
    {"ISO time",
     "2026-11-24T15:39:54.123456+01:00 mx postfix/smtpd[9]: connect from unknown[192.0.2.7]",
     "connect client=192.0.2.7"},
    {"with a priority", "<22>Nov 24 15:39:54 mx postfix/smtpd[9]: connect from unknown[192.0.2.7]",
     "connect client=192.0.2.7"},
    {"with an id of the message",
     "Nov 24 15:39:54 mx postfix/smtpd[9]: [ID 197553 mail.info] connect from unknown[192.0.2.7]",
     "connect client=192.0.2.7"},
    {"CRLF", "Nov 24 15:39:54 mx postfix/smtpd[9]: connect from unknown[192.0.2.7]\r",
     "connect client=192.0.2.7"},
    {"our own", "Nov 24 15:39:54 mx milter-strict[9]: event=refused rule=sender-dots", "ours"},
    {"others", "Nov 24 15:39:54 mx dovecot: imap-login: Login", "nothing"},
    {"time alone", "Nov 24 15:39:54", "no line"},
    {"no time", "mx postfix/smtpd[9]: connect from unknown[192.0.2.7]", "no line"},
    {"empty", "", "no line"},
    {"pid cut off", "Nov 24 15:39:54 mx postfix/smtpd[9", "no line"},
};

static void reads_each_kind_of_line(void **state)
{
  (void)state;
  check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void reads_the_counts_of_a_session(void **state)
{
  static const char text[] =
      "Nov 24 15:39:54 mx postfix/smtpd[9]: disconnect from unknown[192.0.2.7] helo=1 ehlo=2/3 "
      "mail=4 "
      "rcpt=5/60 bdat=7 vrfy=0/8 auth=1 starttls=1 unknown=0/9 other=3 commands=20/70";
  struct maillog_line line;
  struct maillog_event event;

  (void)state;
  assert_true(maillog_cut(span_from(text), &line));
  assert_int_equal(line.pid, 9);
  maillog_read(&line, &event);
  assert_true(event.counted);
  assert_int_equal(event.counts[MAILLOG_COUNT_helo].good, 1);
  assert_int_equal(event.counts[MAILLOG_COUNT_ehlo].good, 2);
  assert_int_equal(event.counts[MAILLOG_COUNT_ehlo].all, 3);
  assert_int_equal(event.counts[MAILLOG_COUNT_mail].all, 4);
  assert_int_equal(event.counts[MAILLOG_COUNT_rcpt].good, 5);
  assert_int_equal(event.counts[MAILLOG_COUNT_rcpt].all, 60);
  assert_int_equal(event.counts[MAILLOG_COUNT_data].all, 0);
  assert_int_equal(event.counts[MAILLOG_COUNT_vrfy].all, 8);
  assert_int_equal(event.counts[MAILLOG_COUNT_unknown].all, 9);
  assert_int_equal(event.counts[MAILLOG_COUNT_commands].all, 70);
}

/* Each line, cut anywhere or with a byte of it changed, is read without reading beyond it. */
static void survives_damage(void **state)
{
  struct protected_area area = protected_make(2048);
  struct dice dice = {1};

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    for (unsigned turn = 0; turn < 200; turn++) {
      char memory[2048];
      size_t len = strlen(rows[i].line);
      struct maillog_line line;
      struct maillog_event event;

      memcpy(memory, rows[i].line, len);
      if (len > 0 && turn % 2 == 0)
        memory[dice_roll(&dice, len)] = (char)dice_roll(&dice, 256);
      if (turn % 3 == 0)
        len = dice_roll(&dice, len + 1);
      if (maillog_cut(protected_place(&area, (struct span){memory, len}, PROTECTED_AFTER), &line))
        maillog_read(&line, &event);
    }
  protected_free(&area);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_each_kind_of_line),
      cmocka_unit_test(reads_the_counts_of_a_session),
      cmocka_unit_test(survives_damage),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
