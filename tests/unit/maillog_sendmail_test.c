/*
 * Lines of Sendmail, one of each kind, whole, cut off and forged.
 */
#include "maillog_case.h"

static const struct line_row rows[] = {
    {"connect",
     "Nov 24 15:39:57 mx sm-mta[7]: NOQUEUE: connect from client.example.net [192.0.2.7]",
     "connect client=192.0.2.7"},
    {"connect without a name", "Nov 24 15:39:57 mx sm-mta[7]: NOQUEUE: connect from [192.0.2.7]",
     "connect client=192.0.2.7"},
    {"connect over IPv6", "Nov 24 15:39:57 mx sm-mta[7]: NOQUEUE: connect from [IPv6:2001:db8::1]",
     "connect client=2001:db8::1"},
    {"name that may be forged",
     "Nov 24 15:39:57 mx sm-mta[7]: NOQUEUE: connect from mx.example.com [192.0.2.7] (may be "
     "forged)",
     "connect client=192.0.2.7"},
    {"message",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: from=<s@example.net>, size=18, class=0, "
     "nrcpts=2, msgid=<x@example.net>, proto=ESMTP, daemon=MTA, relay=client.example.net "
     "[192.0.2.7]",
     "sender client=192.0.2.7 id=6AOFdv16012582 sender=<s@example.net> recipients=2 stored"},
    {"sender without brackets",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: from=s@example.net, size=18, class=0, "
     "nrcpts=1, msgid=<x>, proto=ESMTP, daemon=MTA, relay=[192.0.2.7]",
     "sender client=192.0.2.7 id=6AOFdv16012582 sender=s@example.net recipients=1 stored"},
    {"sender with a blank",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: from=<user name@example.net>, size=0, class=0, "
     "nrcpts=0, proto=ESMTP, daemon=MTA, relay=[192.0.2.7]",
     "sender client=192.0.2.7 id=6AOFdv16012582 sender=<user name@example.net> recipients=0"},
    {"null sender",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: from=<>, size=18, class=0, nrcpts=1, "
     "msgid=<x>, proto=ESMTP, daemon=MTA, relay=[192.0.2.7]",
     "sender client=192.0.2.7 id=6AOFdv16012582 sender=<> recipients=1 stored"},
    {"left before the message",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: from=<s@example.net>, size=0, class=0, "
     "nrcpts=1, proto=ESMTP, daemon=MTA, relay=[192.0.2.7]",
     "sender client=192.0.2.7 id=6AOFdv16012582 sender=<s@example.net> recipients=1"},
    {"relay forged in the message id",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: from=<s@example.net>, size=18, class=0, "
     "nrcpts=1, msgid=<x, relay=[198.51.100.1]>, proto=ESMTP, daemon=MTA, relay=[192.0.2.7]",
     "sender client=192.0.2.7 id=6AOFdv16012582 sender=<s@example.net> recipients=1 stored"},
    {"local user",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: from=root, size=18, class=0, nrcpts=1, "
     "msgid=<x>, relay=root@localhost",
     "sender id=6AOFdv16012582 sender=root recipients=1 stored"},
    {"unknown user",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: <nosuch@example.org>... User unknown",
     "refused RCPT id=6AOFdv16012582 recipient=<nosuch@example.org> unknown"},
    {"unknown user without brackets",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: nosuch@example.org... User unknown",
     "refused RCPT id=6AOFdv16012582 recipient=nosuch@example.org unknown"},
    {"relaying denied",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: ruleset=check_rcpt, arg1=<u@example.com>, "
     "relay=[192.0.2.7], reject=550 5.7.1 <u@example.com>... Relaying denied",
     "refused RCPT client=192.0.2.7 id=6AOFdv16012582 code=550 enhanced=5.7.1 "
     "recipient=<u@example.com>"},
    {"sender refused",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: ruleset=check_mail, arg1=<user>, "
     "relay=c.example.net [192.0.2.7] (may be forged), reject=553 5.5.4 <user>... Domain name "
     "required",
     "refused MAIL client=192.0.2.7 id=6AOFdv16012582 code=553 enhanced=5.5.4 sender=<user>"},
    {"client refused",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: ruleset=check_relay, arg1=c.example.net, "
     "arg2=192.0.2.7, relay=[192.0.2.7], reject=550 5.7.1 no",
     "refused other client=192.0.2.7 id=6AOFdv16012582 code=550 enhanced=5.7.1"},
    {"recipient refused by a filter",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: Milter: to=<a..b@example.org>, reject=501 "
     "5.1.3 no",
     "refused RCPT id=6AOFdv16012582 code=501 enhanced=5.1.3 recipient=<a..b@example.org> milter"},
    {"sender refused by a filter",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: Milter: from=<a..b@example.net>, reject=501 "
     "5.1.7 no",
     "refused MAIL id=6AOFdv16012582 code=501 enhanced=5.1.7 sender=<a..b@example.net> milter"},
    {"message refused by a filter",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: Milter: data, reject=554 5.7.1 spam",
     "refused end id=6AOFdv16012582 code=554 enhanced=5.7.1 milter"},
    {"no filter", "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: Milter: no active filter",
     "nothing"},
    {"VRFY", "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: c.example.net [192.0.2.7]: VRFY alice",
     "command client=192.0.2.7 id=6AOFdv16012582 text=VRFY alice"},
    {"EXPN", "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: [192.0.2.7]: EXPN staff",
     "command client=192.0.2.7 id=6AOFdv16012582 text=EXPN staff"},
    {"browser",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: [192.0.2.7]: probable open proxy: command=GET "
     "/ HTTP/1.0\\r\\n",
     "command client=192.0.2.7 id=6AOFdv16012582 text=GET / HTTP/1.0"},
    {"nothing done",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: [192.0.2.7] did not issue MAIL/EXPN/VRFY/ETRN "
     "during connection to MTA",
     "nothing"},
    {"malformed HELO",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: invalid domain name (evil> from=<x) from "
     "[192.0.2.7]",
     "helo client=192.0.2.7 id=6AOFdv16012582 helo=evil> from=<x"},
    {"malformed HELO that forges",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: invalid domain name (a) from [198.51.100.1]) "
     "from [192.0.2.7]",
     "helo client=192.0.2.7 id=6AOFdv16012582 helo=a) from [198.51.100.1]"},
    {"no HELO",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: Authentication-Warning: mx.example.org: "
     "[192.0.2.7] didn't use HELO protocol",
     "helo client=192.0.2.7 id=6AOFdv16012582 no-helo"},
    {"sent to a file",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: to=/var/mail/alice, "
     "ctladdr=<alice@example.org> (5/0), delay=00:00:00, xdelay=00:00:00, mailer=*file*, "
     "pri=30323, dsn=2.0.0, stat=Sent",
     "delivery id=6AOFdv16012582 recipient=<alice@example.org> sent"},
    {"thrown away by an alias",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: to=/dev/null, ctladdr=<a@example.org> (5/0), "
     "delay=00:00:00, mailer=*file*, pri=30323, dsn=2.0.0, stat=Sent",
     "delivery id=6AOFdv16012582 recipient=<a@example.org> failed"},
    {"sent on by a member of an alias",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: to=bob@example.com, ctladdr=alice (1000/1000), "
     "delay=00:00:00, mailer=esmtp, pri=1, dsn=2.0.0, stat=Sent (ok)",
     "delivery id=6AOFdv16012582 sent"},
    {"asked for without brackets",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: to=/var/mail/alice, "
     "ctladdr=alice@example.org (5/0), delay=00:00:00, dsn=2.0.0, stat=Sent",
     "delivery id=6AOFdv16012582 recipient=alice@example.org sent"},
    {"sent on",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: to=<a@example.com>,<b@example.com>, "
     "delay=00:00:00, mailer=esmtp, pri=1, relay=mx.example.com. [192.0.2.25], dsn=2.0.0, "
     "stat=Sent (ok)",
     "delivery id=6AOFdv16012582 recipient=<a@example.com> sent"},
    {"deferred",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: to=<a@example.com>, delay=00:00:00, "
     "mailer=esmtp, dsn=4.0.0, stat=Deferred: Connection timed out",
     "delivery id=6AOFdv16012582 recipient=<a@example.com>"},
    {"failed for good",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: to=<a@example.com>, delay=00:00:00, "
     "mailer=esmtp, dsn=5.1.1, stat=User unknown",
     "delivery id=6AOFdv16012582 recipient=<a@example.com> failed"},
    {"taken back",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: to=<a@example.org>, delay=00:00:00, pri=0, "
     "stat=aborted by sender",
     "delivery id=6AOFdv16012582 recipient=<a@example.org> aborted"},
    {"taken back by RSET",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: to=<a@example.org>, delay=00:00:00, pri=0, "
     "stat=RSET",
     "delivery id=6AOFdv16012582 recipient=<a@example.org> aborted"},
    {"done", "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: done; delay=00:00:00, ntries=1",
     "removed id=6AOFdv16012582"},
    {"AUTH",
     "Nov 24 15:39:57 mx sm-mta[7]: AUTH=server, relay=[192.0.2.7], authid=joe, mech=PLAIN, bits=0",
     "auth client=192.0.2.7"},
    {"TLS",
     "Nov 24 15:39:57 mx sm-mta[7]: STARTTLS=server, relay=[192.0.2.7], version=TLSv1.3, "
     "verify=NO, cipher=X",
     "tls client=192.0.2.7"},
    {"TLS, verified",
     "Nov 24 15:39:57 mx sm-mta[7]: STARTTLS=server, relay=[192.0.2.7], version=TLSv1.3, "
     "verify=OK, cipher=X",
     "tls client=192.0.2.7 verified"},
    {"TLS, as a client",
     "Nov 24 15:39:57 mx sm-mta[7]: STARTTLS=client, relay=mx.example.com., version=TLSv1.3, "
     "verify=OK",
     "nothing"},
    {"without a host", "Nov 24 15:39:57 sendmail[7]: NOQUEUE: connect from [192.0.2.7]",
     "connect client=192.0.2.7"},
    {"cut in the middle",
     "Nov 24 15:39:57 mx sm-mta[7]: 6AOFdv16012582: from=<s@example.net>, size=18, class=0, nrc",
     "nothing"},
    {"start", "Nov 24 15:39:57 mx sm-mta[7]: starting daemon (8.17.1.9): SMTP", "nothing"},
};

static void reads_each_kind_of_line(void **state)
{
  (void)state;
  check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_each_kind_of_line),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
