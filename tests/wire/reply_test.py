"""What is refused, and in which words."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from milter_protocol import WireError, check_reply  # noqa: E402
from wire_case import WireCase  # noqa: E402


class Checker(unittest.TestCase):
    """The function that all replies of all these tests go through."""

    def test_takes_good_replies(self):
        for data in (b"550 5.7.1 no", b"501-5.1.7 a\r\n501 5.1.7 b", b"421 4.7.0 100%%",
                     b"550 5.7.1"):
            check_reply(data)

    def test_finds_bad_ones(self):
        rows = {
            "class of the enhanced code": b"550 4.7.1 no", "no enhanced code": b"550 no",
            "a 2xx": b"250 2.0.0 ok", "bare LF": b"550 5.7.1 a\nb", "bare CR": b"550 5.7.1 a\rb",
            "an 8-bit byte": b"550 5.7.1 \xff", "a single percent": b"550 5.7.1 100%",
            "a long line": b"550 5.7.1 " + b"x" * 501,
            "33 lines": b"\r\n".join([b"550-5.7.1 x"] * 32 + [b"550 5.7.1 x"]),
            "two codes": b"550-5.7.1 a\r\n551 5.7.1 b", "no end": b"550-5.7.1 a",
            "an end too early": b"550 5.7.1 a\r\n550 5.7.1 b", "nothing": b"",
        }
        for name, data in rows.items():
            with self.subTest(name), self.assertRaises(WireError):
                check_reply(data)


class Wording(WireCase):
    def sender(self, path, *parameters):
        return self.session().mail(path, *parameters)

    def test_full_reply_marks_the_place(self):
        lines = self.sender("<user@@example.com>").client_lines
        self.assertEqual(lines[0], "501-5.1.7 Syntax error in parameters: "
                                   "sender address is malformed (sender-syntax)")
        self.assertEqual(lines[1], "501-5.1.7 MAIL FROM:<user@@example.com>")
        self.assertTrue(lines[2].startswith("501-5.1.7                 ^ "), lines)
        self.assertTrue(lines[-1].startswith("501 5.1.7 "), lines)
        self.assertEqual(lines[1].index("@@") + 1, lines[2].index("^"))

    def test_each_bad_sender(self):
        rows = [("user@example.com", "sender-brackets", 501, "5.5.4"),
                ("<user@@example.com>", "sender-syntax", 501, "5.1.7"),
                ("<user", "sender-brackets", 501, "5.5.4"),
                ("<user>", "sender-unqualified", 501, "5.1.7"),
                ("<a..b@example.com>", "sender-dots", 501, "5.1.7"),
                ("<.a@example.com>", "sender-dots", 501, "5.1.7"),
                ("<a.@example.com>", "sender-dots", 501, "5.1.7"),
                ("<a@[IPv6:garbage]>", "sender-literal", 501, "5.1.7"),
                ("<a@[999.1.1.1]>", "sender-literal", 501, "5.1.7"),
                ("<us\"er@example.com>", "sender-syntax", 501, "5.1.7"),
                ("<user name@example.com>", "sender-syntax", 501, "5.1.7"),
                ("<müller@example.com>", "sender-utf8", 550, "5.6.7"),
                (b"<a\xff@example.com>", "sender-utf8", 550, "5.6.7"),
                ("<" + "a" * 70 + "@" + "b" * 64 + ".example>", "sender-syntax", 501, "5.1.7")]
        for path, rule, code, enhanced in rows:
            with self.subTest(path=path):
                self.assert_refused(self.sender(path), rule, code, enhanced)

    def test_each_bad_recipient(self):
        rows = [("bob@example.org", "recipient-brackets", 501, "5.5.4"),
                ("<bob@@example.org>", "recipient-syntax", 501, "5.1.3"),
                ("<bob>", "recipient-unqualified", 501, "5.1.3"),
                ("<b..b@example.org>", "recipient-dots", 501, "5.1.3"),
                ("<b@[IPv6:::1::]>", "recipient-literal", 501, "5.1.3"),
                ("<bøb@example.org>", "recipient-utf8", 553, "5.6.7")]
        for path, rule, code, enhanced in rows:
            with self.subTest(path=path):
                mta = self.session()
                self.assert_passes(mta.mail("<alice@example.net>"))
                self.assert_refused(mta.rcpt(path), rule, code, enhanced)

    def test_good_paths(self):
        for path in ("<>", "<user@example.com>", "<\"a b\"@example.com>", "<a@[192.0.2.1]>",
                     "<a@[IPv6:2001:db8::1]>", "<@a.example,@b.example:user@example.com>",
                     "<a+b=c@xn--bcher-kva.example>"):
            with self.subTest(path=path):
                self.assert_message_passes(self.session(), path)
        mta = self.session()
        self.assert_passes(mta.mail("<müller@bücher.example>", "SMTPUTF8"))
        self.assert_passes(mta.rcpt("<jürgen@example.org>"))

    def test_percent_signs_reach_the_client_single(self):
        reply = self.sender("<50%s%n@@example.com>")
        self.assert_refused(reply, "sender-syntax")
        self.assertIn("MAIL FROM:<50%s%n@@example.com>", reply.client_lines[1])
        self.assertIn("%%s%%n", reply.lines[1])

    def test_eight_bit_and_control_bytes_are_shown_escaped(self):
        for path in (b"<a\xff\xfe\x00", b"<a\x01\x1b[31m@@b>", b"<a\r\n250 ok@@b>", b"<\x7f\t@@b>",
                     bytes(range(1, 256))):
            with self.subTest(path=path):
                reply = self.sender(path)
                self.assertEqual(reply.action, "replycode")

    def test_60_kb_of_argument(self):
        for path in (b"<" + b"a" * 60000 + b"@@example.com>", b"<" + b"%" * 60000,
                     b"<" + b"\xff" * 60000, b"<" + b"a." * 30000 + b"@example.com>",
                     b"<" + b"@a," * 20000 + b":b@c>", b"\"" * 60000):
            with self.subTest(path=path[:10]):
                mta = self.session()
                self.assertEqual(mta.mail(path).action, "replycode")
                self.assert_message_passes(mta)

    def test_thousands_of_parameters(self):
        mta = self.session()
        reply = mta.mail("<alice@example.net>", *[f"X{number}=y" for number in range(5000)])
        self.assertIn(reply.action, ("continue", "replycode"))
        reply = mta.mail("<alice@example.net>", *["SIZE=1"] * 5000)
        self.assert_refused(reply, "sender-parameters")

    def test_60_kb_of_helo_and_of_command(self):
        mta = self.session(helo="a." * 30000)
        self.assert_passes(mta.mail("<alice@example.net>"))
        self.assert_refused(mta.rcpt("<bob@example.org>"), "helo-syntax")
        self.assert_refused(mta.unknown("X" * 60000), "command-long")
        self.assert_refused(mta.unknown(b"\xff\x01%s" * 20), "command-unknown")

    def test_the_log_names_who_and_what(self):
        mta = self.session(helo="logged.example", address="192.0.2.99")
        self.assert_passes(mta.mail("<alice@example.net>"))
        self.assert_refused(mta.rcpt("<log\"me@example.org>"), "recipient-syntax")
        line = self.daemon.wait_log(rule="recipient-syntax", helo="logged.example")[0]
        self.assertEqual(line["client"], "192.0.2.99")
        self.assertIn("alice@example.net", line["from"])
        self.assertIn("log\"me@example.org", line["to"])
        self.assertIn("501 5.1.3", line["reply"])

    def test_bytes_from_outside_stay_inside_their_line_of_the_log(self):
        evil = "x\" event=started rule=forged\nevent=forged rule=forged\r\x1b[2J"
        mta = self.session(helo=evil)
        mta.mail("<alice@example.net>")
        mta.rcpt("<bob@example.org>")
        self.daemon.wait_log(rule="helo-syntax")
        self.assertEqual(self.daemon.log_lines(event="forged"), [])
        self.assertEqual(self.daemon.log_lines(rule="forged"), [])
        self.assertNotIn("\x1b", self.daemon.log_text())


class BriefWording(WireCase):
    CONFIG = 'replies: { detail = "brief"; };'

    def test_one_line(self):
        reply = self.session().mail("<user@@example.com>")
        self.assertEqual(reply.client_lines, ["501 5.1.7 Syntax error in parameters: "
                                              "sender address is malformed (sender-syntax)"])


class OwnWording(WireCase):
    CONFIG = """
replies: { url = "https://mx.example.org/policy#%rule"; contact = "postmaster@example.org"; };
rules: { command-expn = { reply = "502 5.7.0"; text = "Our lists are 100% private"; }; };
"""

    def test_text_reply_link_and_contact(self):
        mta = self.session()
        reply = mta.unknown("EXPN staff")
        self.assertEqual((reply.code, reply.enhanced), (502, "5.7.0"))
        self.assertIn("Our lists are 100% private", reply.client_lines[0])
        self.assertIn("https://mx.example.org/policy#command-expn", reply.text)
        self.assertIn("postmaster@example.org", reply.text)


if __name__ == "__main__":
    unittest.main()
