"""The life of a session: every order of events that an MTA may produce."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from wire_case import WireCase  # noqa: E402


class ShortSessions(WireCase):
    def test_closed_before_anything_was_said(self):
        self.dial().close()
        self.assert_serves()

    def test_negotiated_and_closed(self):
        mta = self.dial()
        mta.negotiate()
        mta.close()
        self.assert_serves()

    def test_negotiated_then_quit(self):
        mta = self.dial()
        mta.negotiate()
        mta.quit()
        mta.expect_close()
        self.assert_serves()

    def test_negotiated_then_abort_and_quit(self):
        mta = self.dial()
        mta.negotiate()
        mta.abort()
        mta.quit()
        mta.expect_close()
        self.assert_serves()

    def test_closed_after_each_event(self):
        steps = [lambda mta: mta.connect("client.example", "192.0.2.7", 40000),
                 lambda mta: mta.helo("client.example"),
                 lambda mta: mta.mail("<alice@example.net>"),
                 lambda mta: mta.rcpt("<bob@example.org>"),
                 lambda mta: mta.data(), lambda mta: mta.eom()]
        for count in range(1, len(steps) + 1):
            with self.subTest(events=count):
                mta = self.dial()
                mta.negotiate()
                for step in steps[:count]:
                    self.assert_passes(step(mta))
                mta.close()
        self.assert_serves()


class Connections(WireCase):
    def test_without_an_address(self):
        mta = self.session(name="localhost", address=None)
        self.assert_message_passes(mta)

    def test_of_unknown_family_with_a_name_only(self):
        mta = self.session(name="unknown", address=None, family="unknown")
        self.assert_message_passes(mta)

    def test_over_a_unix_socket(self):
        mta = self.session(name="localhost", address="/run/some.sock", port=0, family="unix")
        self.assert_message_passes(mta)

    def test_over_ipv6(self):
        for address in ("2001:db8::7", "IPv6:2001:db8::7", "::ffff:192.0.2.7"):
            with self.subTest(address=address):
                mta = self.session(address=address, family="inet6")
                self.assert_refused(mta.mail("<user@@example.com>"), "sender-syntax")
                self.assert_message_passes(mta)

    def test_with_an_empty_name(self):
        mta = self.session(name="")
        self.assert_message_passes(mta)

    def test_with_a_name_of_eight_bit_and_control_bytes(self):
        mta = self.session(name=b"\xff\x01\x1b[2J\"%s%n\xc3")
        self.assert_refused(mta.mail("<user@@example.com>"), "sender-syntax")

    def test_with_a_name_of_60_kb(self):
        mta = self.session(name="a" * 60000)
        self.assert_refused(mta.mail("<user@@example.com>"), "sender-syntax")


class Helo(WireCase):
    CONFIG = 'rules: { helo-changed = "refuse"; };'

    def test_no_helo_is_told_at_mail(self):
        mta = self.session(helo=None)
        self.assert_refused(mta.mail("<alice@example.net>"), "helo-missing", 503, "5.5.1")

    def test_helo_after_a_refusal_mends_the_session(self):
        mta = self.session(helo=None)
        self.assert_refused(mta.mail("<alice@example.net>"), "helo-missing")
        self.assert_passes(mta.helo("client.example"))
        self.assert_message_passes(mta)

    def test_a_second_helo_of_the_same_name_as_after_starttls(self):
        mta = self.session()
        self.assert_passes(mta.helo("client.example"))
        self.assert_message_passes(mta)

    def test_a_second_helo_in_other_letter_case_is_no_change(self):
        mta = self.session()
        self.assert_passes(mta.helo("CLIENT.Example"))
        self.assert_message_passes(mta)

    def test_a_second_helo_of_another_name_is_refused_at_rcpt(self):
        mta = self.session()
        self.assert_passes(mta.helo("other.example"))
        self.assert_passes(mta.mail("<alice@example.net>"))
        self.assert_refused(mta.rcpt("<bob@example.org>"), "helo-changed", 503, "5.5.1")


class Transactions(WireCase):
    def test_two_messages_in_a_session(self):
        mta = self.session()
        for sender in ("<alice@example.net>", "<carol@example.net>"):
            self.assert_message_passes(mta, sender)

    def test_a_bad_message_between_two_good_ones(self):
        mta = self.session()
        self.assert_message_passes(mta)
        self.assert_refused(mta.mail("<user@@example.com>"), "sender-syntax")
        self.assert_message_passes(mta)

    def test_rset_between_messages(self):
        mta = self.session()
        self.assert_passes(mta.mail("<alice@example.net>"))
        self.assert_passes(mta.rcpt("<bob@example.org>"))
        mta.abort()
        self.assert_message_passes(mta)

    def test_abort_twice_and_before_any_mail(self):
        mta = self.session()
        for _ in range(2):
            mta.abort()
        self.assert_message_passes(mta)
        for _ in range(2):
            mta.abort()
        self.assert_message_passes(mta)

    def test_mail_without_abort_before(self):
        mta = self.session()
        self.assert_passes(mta.mail("<alice@example.net>"))
        self.assert_passes(mta.rcpt("<bob@example.org>"))
        self.assert_passes(mta.mail("<carol@example.net>"))
        self.assert_passes(mta.rcpt("<bob@example.org>"))
        self.assert_refused(mta.rcpt("<user@@example.com>"), "recipient-syntax", 501, "5.1.3")

    def test_one_bad_recipient_among_good_ones(self):
        mta = self.session()
        self.assert_passes(mta.mail("<alice@example.net>"))
        self.assert_passes(mta.rcpt("<bob@example.org>"))
        self.assert_refused(mta.rcpt("<a..b@example.org>"), "recipient-dots", 501, "5.1.3")
        self.assert_passes(mta.rcpt("<carol@example.org>"))
        self.assert_passes(mta.data())
        self.assert_passes(mta.eom())

    def test_recipient_that_the_mta_rejects(self):
        mta = self.session()
        self.assertTrue(mta.chose("RCPT_REJ"), "rejected recipients were not asked for")
        self.assert_passes(mta.mail("<alice@example.net>"))
        self.assert_passes(mta.rejected_rcpt("<nobody@example.org>"))
        self.assert_passes(mta.rcpt("<bob@example.org>"))

    def test_mail_and_rcpt_parameters(self):
        mta = self.session()
        self.assert_passes(mta.mail("<alice@example.net>", "SIZE=1000", "BODY=8BITMIME"))
        self.assert_passes(mta.rcpt("<bob@example.org>", "NOTIFY=SUCCESS,FAILURE"))
        self.assert_refused(mta.rcpt("<bob@example.org>", "NOTIFY=NEVER", "notify=NEVER"),
                            "recipient-parameters", 501, "5.5.4")
        mta.abort()
        self.assert_refused(mta.mail("<alice@example.net>", "SIZE=1", "SIZE=2"),
                            "sender-parameters", 501, "5.5.4")

    def test_a_session_that_abandons_transaction_after_transaction(self):
        mta = self.session()
        for _ in range(200):
            reply = mta.mail("<alice@example.net>")
            if not reply.passes:
                break
            self.assert_passes(mta.rcpt("<bob@example.org>"))
            mta.abort()
        self.assert_refused(reply, "sequence-abandoned", 421, "4.7.0")


class UnknownCommands(WireCase):
    ROWS = [("FOO", "command-unknown", 500, "5.5.2"), ("EXPN", "command-expn", 502, "5.5.1"),
            ("expn staff", "command-expn", 502, "5.5.1"), ("TURN", "command-turn", 502, "5.5.1"),
            ("SEND", "command-send", 502, "5.5.1"), ("SOML", "command-soml", 502, "5.5.1"),
            ("SAML", "command-saml", 502, "5.5.1"), ("HELP", "command-help", 502, "5.5.1"),
            ("GET / HTTP/1.1", "command-foreign", 421, "4.7.0"),
            ("A" * 2000, "command-long", 500, "5.5.2")]

    def test_each_gets_its_reply(self):
        for line, rule, code, enhanced in self.ROWS:
            with self.subTest(line=line[:20]):
                mta = self.session()
                self.assert_refused(mta.unknown(line), rule, code, enhanced)

    def test_before_helo(self):
        mta = self.session(helo=None)
        self.assert_refused(mta.unknown("FOO"), "command-unknown")

    def test_inside_a_transaction_leave_it_as_it_is(self):
        mta = self.session()
        self.assert_passes(mta.mail("<alice@example.net>"))
        self.assert_refused(mta.unknown("FOO"), "command-unknown")
        self.assert_passes(mta.rcpt("<bob@example.org>"))
        self.assert_passes(mta.data())
        self.assert_passes(mta.eom())

    def test_with_an_empty_line(self):
        mta = self.session()
        self.assertEqual(mta.unknown("").action, "replycode")


if __name__ == "__main__":
    unittest.main()
