"""Whom the policy spares, when it speaks, and what monitoring means."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from wire_case import WireCase  # noqa: E402


class HeldVerdicts(WireCase):
    CONFIG = 'our-names = [ "mx.example.org", "192.0.2.1" ];'

    def test_a_bad_helo_is_told_at_rcpt(self):
        mta = self.session(helo="bad name")
        self.assert_passes(mta.mail("<alice@example.net>"))
        self.assert_refused(mta.rcpt("<bob@example.org>"), "helo-syntax", 501, "5.5.4")

    def test_it_is_told_at_every_rcpt_and_in_every_transaction(self):
        mta = self.session(helo="bad name")
        for _ in range(2):
            self.assert_passes(mta.mail("<alice@example.net>"))
            for _ in range(2):
                self.assert_refused(mta.rcpt("<bob@example.org>"), "helo-syntax")
            mta.abort()

    def test_postmaster_and_abuse_can_be_reached_all_the_same(self):
        for path in ("<postmaster>", "<Postmaster@example.org>", "<abuse@example.org>"):
            with self.subTest(path=path):
                mta = self.session(helo="bad name")
                self.assert_message_passes(mta, "<alice@example.net>", path)

    def test_a_helo_name_of_ours(self):
        for name in ("mx.example.org", "MX.EXAMPLE.ORG", "[192.0.2.1]"):
            with self.subTest(name=name):
                mta = self.session(helo=name)
                self.assert_passes(mta.mail("<alice@example.net>"))
                self.assert_refused(mta.rcpt("<bob@example.org>"), "helo-ours", 550, "5.7.1")

    def test_a_better_helo_mends_it(self):
        mta = self.session(helo="mx.example.org")
        self.assert_passes(mta.mail("<alice@example.net>"))
        self.assert_refused(mta.rcpt("<bob@example.org>"), "helo-ours")
        mta.abort()
        self.assert_passes(mta.helo("client.example"))
        self.assert_message_passes(mta)

    def test_another_name_after_starttls_is_no_change(self):
        mta = self.session(helo="first.example")
        for stage in ("helo", "mail"):
            mta.macros(stage, {"{tls_version}": "TLSv1.3"})
        self.assert_passes(mta.helo("second.example"))
        self.assert_message_passes(mta)
        self.assertEqual(self.daemon.log_lines(rule="helo-changed", helo="second.example"), [])


class Exempt(WireCase):
    CONFIG = """
exempt: { networks = [ "198.51.100.0/24", "2001:db8:1::/48" ]; daemons = [ "submission" ]; };
"""

    def bad_session(self, macros=None, stages=("connect", "helo", "mail", "rcpt"), **connect):
        """Bad in HELO and recipient; whether all of it passed."""
        mta = self.dial()
        mta.negotiate()
        for stage in stages:
            mta.macros(stage, macros or {})
        self.begin(mta, helo="bad name", **connect)
        self.assert_passes(mta.mail("<alice@example.net>"))
        return mta.rcpt("<a..b@example.org>").passes

    def test_not_everybody_is(self):
        self.assertFalse(self.bad_session())

    def test_networks(self):
        for address in ("198.51.100.77", "2001:db8:1:2::3"):
            self.assertTrue(self.bad_session(address=address), address)
        for address in ("198.51.101.1", "2001:db8:2::3"):
            self.assertFalse(self.bad_session(address=address), address)

    def test_local_submission(self):
        self.assertTrue(self.bad_session(address=None))

    def test_authenticated_clients(self):
        self.assertTrue(self.bad_session({"{auth_authen}": "joe", "{auth_type}": "PLAIN"},
                                         stages=("mail", "rcpt")))
        self.assertFalse(self.bad_session({"{auth_authen}": ""}, stages=("mail", "rcpt")))

    def test_clients_with_a_verified_certificate(self):
        verified = {"{verify}": "OK", "{tls_version}": "TLSv1.3",
                    "{cert_subject}": "client.example",
                    "{cert_issuer}": "ca.example"}
        if self.bad_session(verified) is False:
            self.fail(f"not exempt; macros asked for: {self.session().wanted_macros}")
        self.assertFalse(self.bad_session({"{tls_version}": "TLSv1.3"}))

    def test_daemon_names(self):
        self.assertTrue(self.bad_session({"{daemon_name}": "submission"}))
        self.assertFalse(self.bad_session({"{daemon_name}": "smtpd"}))


class LoopbackIsExempt(WireCase):
    def test_by_default(self):
        for address in ("127.0.0.1", "::1"):
            mta = self.session(address=address)
            self.assert_passes(mta.mail("<user@@example.com>"))


class NobodyIsExempt(WireCase):
    CONFIG = "exempt: { networks = []; authenticated = false; };"

    def test_not_even_loopback(self):
        mta = self.session(address="127.0.0.1")
        self.assert_refused(mta.mail("<user@@example.com>"), "sender-syntax")

    def test_not_even_the_authenticated(self):
        mta = self.session()
        mta.macros("mail", {"{auth_authen}": "joe"})
        self.assert_refused(mta.mail("<user@@example.com>"), "sender-syntax")


class Monitoring(WireCase):
    CONFIG = 'mode = "monitor";'

    def test_nothing_is_refused_and_all_is_logged(self):
        mta = self.session(helo="bad name")
        for reply in mta.message("<user@@example.com>", "<a..b@example.org>"):
            self.assertEqual(reply.action, "continue")
        self.assertEqual(mta.unknown("EXPN").action, "continue")
        for rule in ("helo-syntax", "sender-syntax", "recipient-dots", "command-expn"):
            line = self.daemon.wait_log(rule=rule)[0]
            self.assertRegex(line["line"], r"would[- ]refuse", rule)

    def test_no_line_says_refused(self):
        mta = self.session(helo="bad name")
        self.assert_passes(mta.mail("<user@@example.com>"))
        self.daemon.wait_log(rule="sender-syntax")
        self.assertEqual(self.daemon.log_lines(event="refused"), [])


class RuleByRule(WireCase):
    CONFIG = """
rules: {
  sender-dots = "monitor";
  sender-syntax = "off";
  recipient-many = { action = "refuse"; limit = 3; };
  helo-listed = { action = "refuse"; names = [ "ylmf-pc", "*.bad.example" ]; };
};
"""

    def test_monitored(self):
        mta = self.session()
        self.assert_message_passes(mta, "<a..b@example.com>")
        self.assertRegex(self.daemon.wait_log(rule="sender-dots")[0]["line"], r"would[- ]refuse")

    def test_off(self):
        mta = self.session()
        self.assert_message_passes(mta, "<user@@example.com>")
        self.assertEqual(self.daemon.log_lines(rule="sender-syntax"), [])

    def test_the_same_fault_of_a_recipient_is_refused(self):
        mta = self.session()
        self.assert_passes(mta.mail("<alice@example.net>"))
        self.assert_refused(mta.rcpt("<a..b@example.com>"), "recipient-dots")
        self.assert_refused(mta.rcpt("<user@@example.com>"), "recipient-syntax")

    def test_recipient_limit(self):
        mta = self.session()
        for _ in range(2):
            self.assert_passes(mta.mail("<alice@example.net>"))
            for _ in range(3):
                self.assert_passes(mta.rcpt("<bob@example.org>"))
            self.assert_refused(mta.rcpt("<carol@example.org>"), "recipient-many", 452, "4.5.3")
            mta.abort()

    def test_listed_names(self):
        for name in ("ylmf-pc", "YLMF-PC", "x.bad.example"):
            mta = self.session(helo=name)
            self.assert_passes(mta.mail("<alice@example.net>"))
            self.assert_refused(mta.rcpt("<bob@example.org>"), "helo-listed", 550, "5.7.1")


if __name__ == "__main__":
    unittest.main()
