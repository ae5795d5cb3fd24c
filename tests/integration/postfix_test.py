"""What a client reads from a real Postfix behind which the daemon stands."""

import unittest

from refusals import Refusals
from support import NOBODY_EXEMPT, STRANGER, PostfixCase, dial, greet, send_message

MALFORMED = ("501", "5.1.7", "sender-syntax")


class Refused(Refusals, PostfixCase):
    """Each thing that Postfix by itself would take."""

    def arrived(self):
        return self.dial(STRANGER)

    def test_recipient_without_brackets(self):
        client = self.greeted()
        self.assert_accepted(client.command("MAIL FROM:<user@example.com>"))
        reply = client.command("RCPT TO: alice@example.org")
        self.assert_refused(reply, "501", "5.5.4", "recipient-brackets")
        self.assert_caret_under(reply, "alice@example.org")

    def test_second_at_sign_is_shown_to_the_column(self):
        reply = self.greeted().command("MAIL FROM:<user@@example.com>")
        self.assertEqual(reply[:3], [
            "501-5.1.7 Syntax error in parameters: sender address is malformed (sender-syntax)",
            "501-5.1.7 MAIL FROM:<user@@example.com>",
            "501-5.1.7                 ^ second \"@\" outside quotes"])
        self.assertEqual(len(reply), 4, reply)
        self.assertRegex(reply[3], r"^501 5\.1\.7 Write the address .*<user@example\.com>")

    def test_double_dot(self):
        reply = self.greeted().command("MAIL FROM:<a..b@d.example>")
        self.assert_refused(reply, "501", "5.1.7", "sender-dots")
        self.assert_caret_under(reply, ".b@d.example>")

    def test_unknown_recipient_with_a_double_dot(self):
        client = self.greeted()
        self.assert_accepted(client.command("MAIL FROM:<user@example.com>"))
        self.assertTrue(client.command("RCPT TO:<x..y@example.org>")[0].startswith("550 5.1.1"))

    def test_unqualified_sender(self):
        reply = self.greeted().command("MAIL FROM:<user>")
        self.assert_refused(reply, "501", "5.1.7", "sender-unqualified")

    def test_utf8_without_smtputf8(self):
        reply = self.greeted().command("MAIL FROM:<j\u00fcrgen@example.com>")
        self.assert_refused(reply, "550", "5.6.7", "sender-utf8")
        self.assertTrue(all(line.isascii() for line in reply), reply)

    def test_utf8_with_smtputf8(self):
        client = self.greeted()
        reply = send_message(client, "utf8", sender="<j\u00fcrgen@example.com> SMTPUTF8")
        self.assert_accepted(reply)

    def test_helo_after_being_told_so(self):
        client = self.dial(STRANGER)
        client.command("MAIL FROM:<user@example.com>")
        self.assert_accepted(send_message(greet(client), "late greeting"))

    def test_obsolete_commands(self):
        client = self.greeted()
        for verb in ("EXPN", "TURN", "SEND", "SOML", "SAML"):
            with self.subTest(verb=verb):
                reply = client.command(f"{verb} FROM:<a@example.com>")
                self.assert_refused(reply, "502", "5.5.1", f"command-{verb.lower()}")

    def test_percent_sign_arrives_single(self):
        reply = self.greeted().command("MAIL FROM:<a%s%@b@example.com>")
        self.assert_refused(reply, *MALFORMED)
        self.assertEqual(reply[1], "501-5.1.7 MAIL FROM:<a%s%@b@example.com>")

    def test_very_long_sender_gives_a_bounded_reply(self):
        reply = self.greeted().command(f"MAIL FROM:<{'x' * 900}@@example.com>")
        self.assert_refused(reply, *MALFORMED)

    def test_ipv6_client(self):
        for client in (self.dial("2001:db8::7"), self.dial(host=self.postfix.host6)):
            reply = greet(client).command("MAIL FROM:<user@@example.com>")
            self.assert_refused(reply, *MALFORMED)
        self.daemon.wait_log(event="refused", client="2001:db8::7")
        self.daemon.wait_log(event="refused", client="::1")

    def test_first_line_stands_alone_in_the_mail_log(self):
        self.greeted("192.0.2.99").command("MAIL FROM:<user@@example.com>")
        line = self.postfix.wait_log(r"milter-reject: MAIL from \S+\[192\.0\.2\.99\]")
        self.assertIn(": 501-5.1.7 Syntax error in parameters: sender address is malformed "
                      "(sender-syntax)??501-5.1.7 ", line)

    def test_own_log_tells_who_and_why(self):
        self.greeted("192.0.2.98").command("MAIL FROM:<user@@example.com>")
        line = self.daemon.wait_log(event="refused", client="192.0.2.98")[0]
        self.assertEqual(line["rule"], "sender-syntax")
        self.assertEqual(line["helo"], "client.example.net")
        self.assertEqual(line["from"], "<user@@example.com>")
        self.assertTrue(line["reply"].startswith("501 5.1.7"), line)


class Sessions(PostfixCase):
    """More than one command, more than one message."""

    def test_two_messages_in_one_session_with_a_refusal_between(self):
        before = len(self.postfix.delivered("bob"))
        client = self.greeted()
        self.assert_accepted(send_message(client, "one", recipient="<bob@example.org>"))
        self.assert_refused(client.command("MAIL FROM:<user@@example.com>"), *MALFORMED)
        self.assert_accepted(send_message(client, "two", recipient="<bob@example.org>"))
        self.postfix.wait_delivered("bob", before + 2)
        subjects = [message["subject"] for message in self.postfix.messages("bob")]
        self.assertEqual(subjects[before:], ["one", "two"])

    def test_rset_forgets_the_transaction(self):
        client = self.greeted()
        self.assert_accepted(client.command("MAIL FROM:<user@example.com>"))
        self.assert_accepted(client.command("RSET"))
        self.assert_accepted(send_message(client, "after RSET"))

    def test_pipelined_commands_are_answered_in_order(self):
        before = len(self.postfix.delivered("carol"))
        client = self.greeted()
        client.send(b"MAIL FROM:<user@@example.com>\r\nRSET\r\nMAIL FROM:<user@example.com>\r\n"
                    b"RCPT TO:<carol@example.org>\r\nRCPT TO: bob@example.org\r\n"
                    b"RCPT TO:<nobody@example.org>\r\nDATA\r\n")
        replies = [client.read_reply() for _ in range(7)]
        self.assertEqual([reply[-1][:3] for reply in replies],
                         ["501", "250", "250", "250", "501", "550", "354"], replies)
        self.assert_refused(replies[0], *MALFORMED)
        self.assert_refused(replies[4], "501", "5.5.4", "recipient-brackets")
        self.assertTrue(replies[5][0].startswith("550 5.1.1"), replies)
        self.assert_accepted(client.command("Subject: piped\r\n\r\nText.\r\n."))
        self.postfix.wait_delivered("carol", before + 1)

    def test_many_messages_by_bdat_are_sent_and_not_abandoned(self):
        client = self.greeted()
        text = b"Subject: chunk\r\n\r\nText.\r\n"
        for _ in range(25):
            self.assert_accepted(client.command("MAIL FROM:<user@example.com>"))
            self.assert_accepted(client.command("RCPT TO:<alice@example.org>"))
            client.send(b"BDAT %d LAST\r\n" % len(text) + text)
            self.assert_accepted(client.read_reply())

    def test_null_sender_and_quoted_local_part(self):
        client = self.greeted()
        self.assert_accepted(send_message(client, "bounce", sender="<>"))
        self.assert_accepted(send_message(client, "quoted", sender='<"a b"@example.com>'))

    def test_source_route_is_taken(self):
        self.assert_accepted(self.greeted().command("MAIL FROM:<@a.example:c@d.example>"))

    def test_second_greeting_under_the_same_name(self):
        client = self.greeted()
        self.assert_accepted(client.command("EHLO client.example.net"))
        self.assert_accepted(send_message(client, "two greetings"))


class LocalSubmission(PostfixCase):
    """Mail of Postfix's sendmail command, for which Postfix plays a session on loopback."""

    options = {"settings": {"non_smtpd_milters": "$smtpd_milters"}}

    def test_is_exempt_and_delivered(self):
        done = self.postfix.run("sendmail", "-f", "a..b@example.com", "alice@example.org",
                                text="Subject: cron\n\nIt ran.\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.postfix.wait_delivered("alice", 1)
        self.postfix.wait_idle()
        self.assertEqual(self.postfix.messages("alice")[0]["subject"], "cron")
        self.assertEqual(self.daemon.log_lines(event="refused"), [])


class Greetings(PostfixCase):
    """A bad HELO name is told at RCPT, so that those who may use it are heard first."""

    config = NOBODY_EXEMPT + 'our-names = [ "mx.example.org", "example.org" ];\n'

    def at_rcpt(self, name, recipient="<alice@example.org>"):
        client = self.greeted(name=name)
        self.assert_accepted(client.command("MAIL FROM:<user@example.com>"))
        return client.command(f"RCPT TO:{recipient}")

    def test_name_of_ours(self):
        self.assert_refused(self.at_rcpt("mx.example.org"), "550", "5.7.1", "helo-ours")
        self.assert_refused(self.at_rcpt("EXAMPLE.ORG"), "550", "5.7.1", "helo-ours")

    def test_malformed_name(self):
        self.assert_refused(self.at_rcpt("bad!name"), "501", "5.5.4", "helo-syntax")

    def test_postmaster_and_abuse_stay_reachable(self):
        for recipient in ("<postmaster@example.org>", "<Abuse@example.org>"):
            with self.subTest(recipient=recipient):
                self.assert_accepted(self.at_rcpt("mx.example.org", recipient))

    def test_message_to_postmaster_is_delivered(self):
        client = self.greeted(name="mx.example.org")
        self.assert_accepted(send_message(client, "help", recipient="<postmaster@example.org>"))
        self.postfix.wait_delivered("postmaster", 1)

    def test_held_verdict_is_logged_with_its_recipient(self):
        self.at_rcpt("mx.example.org", "<carol@example.org>")
        line = self.daemon.wait_log(rule="helo-ours", to="<carol@example.org>")[0]
        self.assertEqual(line["event"], "refused")
        self.assertEqual(line["helo"], "mx.example.org")
        self.assertEqual(line["from"], "<user@example.com>")


class AtOnce(PostfixCase):
    """speak = "at-once": the verdict on the greeting is repeated until the client leaves."""

    config = (NOBODY_EXEMPT + 'speak = "at-once";\n'
              'our-names = [ "mx.example.org" ];\n')

    def test_name_of_ours(self):
        client = greet(self.dial(STRANGER), "mx.example.org")
        self.assert_refused(client.command("MAIL FROM:<a@example.com>"), "550", "5.7.1",
                            "helo-ours")


class Monitor(PostfixCase):
    """mode = "monitor": all is said in the log and nothing to the client."""

    config = NOBODY_EXEMPT + 'mode = "monitor";\nour-names = [ "mx.example.org" ];\n'

    def test_nothing_is_refused(self):
        client = dial(self.postfix, STRANGER)
        self.addCleanup(client.close)
        greet(client, "mx.example.org")
        reply = send_message(client, "tried", sender=" a..b@example.com")
        self.assert_accepted(reply)
        self.postfix.wait_delivered("alice", 1)
        for rule in ("helo-ours", "sender-brackets"):
            self.daemon.wait_log(rule=rule, event="would-refuse", client=STRANGER)
        self.assertEqual(self.daemon.log_lines(event="refused"), [])
        self.assertNotIn("milter-reject", self.postfix.log())


if __name__ == "__main__":
    unittest.main()
