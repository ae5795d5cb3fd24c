"""milter-strict explain: every code, every rule, and what command lines get."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import daemon  # noqa: E402
import tables  # noqa: E402

REPLY_LINE = re.compile(r"^    (\d{3})([ -])(?:(\d)\.\d{1,3}\.\d{1,3} )?[ -~]*$")
RFC_5321 = """211 214 220 221 250 251 252 354 421 450 451 452 455 500 501 502 503 504 550 551 552 553
554 555""".split()
EXTENSIONS = "235 334 432 454 521 523 525 530 534 535 538 556".split()
CONFIG_INDENT = "    rules: { "

# Command line, exit status, the verdict, the place; None: not said.
LINES = [
    ("MAIL FROM:<user@example.com>", 0, "accepted: no rule objects", None),
    ("MAIL FROM:<>", 0, "accepted: no rule objects", None),
    ("mail from: <user@example.com> size=10", 0, "accepted: no rule objects", None),
    ("MAIL FROM:<user@@example.com>", 1, "refused by sender-syntax (refuse, 501 5.1.7)",
     'offset 6 of <user@@example.com> - second "@" outside quotes'),
    ("MAIL FROM:user@example.com", 1, "refused by sender-brackets (refuse, 501 5.5.4)",
     'offset 0 of user@example.com - "<" expected before the address'),
    ("MAIL FROM:<a b@c.example>", 1, "refused by sender-syntax (refuse, 501 5.1.7)",
     "offset 2 of <a b@c.example> - space outside quotes"),
    ('MAIL FROM:<"a b"@c.example>', 0, "accepted: no rule objects", None),
    ("MAIL FROM:<user@example.com> SIZE=big", 1,
     "refused by sender-parameters (refuse, 501 5.5.4)",
     "offset 5 of SIZE=big - value not allowed for this parameter"),
    ("MAIL FROM:<j\u00f6rg@example.com>", 1, "refused by sender-utf8 (refuse, 550 5.6.7)",
     r"offset 2 of <j\xC3\xB6rg@example.com> - non-ASCII without SMTPUTF8"),
    ("MAIL FROM:<j\u00f6rg@example.com> SMTPUTF8", 0, "accepted: no rule objects", None),
    ("MAIL", 1, "refused by command-argument (refuse, 501 5.5.4)", None),
    ("RCPT TO:<a..b@d.example>", 1, "refused by recipient-dots (refuse, 501 5.1.3)",
     "offset 3 of <a..b@d.example> - two dots in a row"),
    ("RCPT TO:<postmaster>", 0, "accepted: no rule objects", None),
    ("RCPT TO:<user>", 1, "refused by recipient-unqualified (refuse, 501 5.1.3)",
     'offset 5 of <user> - "@" and a domain expected'),
    ("EHLO mail.example.com", 0, "accepted: no rule objects", None),
    ("EHLO foo_bar.example", 0, "accepted: what objects is only monitored",
     "offset 3 of foo_bar.example - underscore in a domain name"),
    ("EHLO foo bar", 1, "refused by helo-syntax (refuse, 501 5.5.4)",
     "offset 3 of foo bar - space outside quotes"),
    ("HELO", 1, "refused by helo-syntax (refuse, 501 5.5.4)", "offset 0 of nothing - no name here"),
    ("DATA", 0, "accepted: no rule objects", None),
    ("NOOP", 0, "accepted: no rule objects", None),
    ("QUIT now", 1, "refused by command-argument (refuse, 501 5.5.4)", None),
    ("VRFY alice", 1, "refused by command-vrfy (refuse, 502 5.5.1)", None),
    ("vrfy", 1, "refused by command-vrfy (refuse, 502 5.5.1)", None),
    ("HELP", 0, "answered by command-help (answer, 214 2.0.0)", None),
    ("GET /", 1, "refused and hung up by command-foreign (refuse, 421 4.7.0)", None),
    ("XYZZY", 1, "refused by command-unknown (refuse, 500 5.5.2)", None),
    ("user@example.com", 1, "refused by command-unknown (refuse, 500 5.5.2)", None),
    ("\x16\x03\x01", 1, "refused and hung up by command-foreign (refuse, 421 4.7.0)", None),
    ("X" * 511, 1, "refused by command-long (refuse, 500 5.5.2)", None),
]


def environment(columns):
    """Ours, in English, for a terminal of so many columns; None: it is not told."""
    kept = {name: value for name, value in os.environ.items()
            if name not in ("COLUMNS", "LANGUAGE", "LANG") and not name.startswith("LC_")}
    return kept if columns is None else {**kept, "COLUMNS": columns}


class Explained:
    """What the program said."""

    def __init__(self, *words, config="", columns=None):
        with tempfile.TemporaryDirectory(prefix="milter-strict-") as folder:
            path = os.path.join(folder, "milter-strict.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(config)
            command = [*daemon.wrapper(), daemon.program(), "explain"]
            options = [] if config is None else ["-c", path]
            ended = subprocess.run([*command, *options, *words], stdin=subprocess.DEVNULL,
                                   env=environment(columns), capture_output=True, timeout=daemon.PATIENCE, check=False)
        self.status = ended.returncode
        self.output = ended.stdout.decode("ascii")
        self.errors = ended.stderr.decode("utf-8", "backslashreplace")

    def paragraphs(self, label):
        """The texts under a label, each joined to one line."""
        texts, under = [], False
        for line in self.output.split("\n"):
            if line.startswith(f"  {label:<11} "):
                texts.append(line[14:])
                under = True
            elif under and line.startswith(" " * 14) and line.strip():
                texts[-1] += " " + line[14:]
            else:
                under = False
        return texts

    def reply(self):
        return [line[4:] for line in self.output.split("\n") if REPLY_LINE.match(line)]


class ExplainCase(unittest.TestCase):
    def explained(self, *words, status=0, config=""):
        explained = Explained(*words, config=config)
        self.assertEqual(explained.status, status, explained.output + explained.errors)
        if status != 2:
            self.assertEqual(explained.errors, "")
            if "--json" not in words:
                self.check_layout(explained.output)
        return explained

    def check_layout(self, output):
        for line in output.split("\n"):
            if not REPLY_LINE.match(line):
                self.assertEqual(line, line.rstrip(" "))
            if len(line) > 80:
                long_word = max(len(word) for word in line.split()) > 60
                self.assertTrue(long_word or REPLY_LINE.match(line)
                                or line.startswith(CONFIG_INDENT), line)

    def check_reply(self, lines):
        """RFC 5321, 4.2: one code throughout, hyphens but in the last line, 512 octets."""
        self.assertTrue(lines)
        parts = [REPLY_LINE.match("    " + line) for line in lines]
        self.assertEqual(len({part.group(1) for part in parts}), 1)
        self.assertEqual([part.group(2) for part in parts], ["-"] * (len(lines) - 1) + [" "])
        for part in parts:
            self.assertIn(part.group(3), (None, part.group(1)[0]))
        self.assertLessEqual(max(map(len, lines)), 510)


class CodesAndRulesTest(ExplainCase):
    def test_every_code(self):
        self.assertLessEqual({*RFC_5321, *EXTENSIONS}, set(tables.codes()))
        for code in tables.codes():
            with self.subTest(code=code):
                explained = self.explained(code)
                self.assertRegex(explained.output, rf"\A{code}  [A-Z]")
                for label in ("Class", "Meaning", "When seen", "As sender", "As operator",
                              "Enhanced", "Source", "Rules"):
                    self.assertEqual(len(explained.paragraphs(label)), 1, label)

    def test_codes_of_the_core_keep_its_words(self):
        for code, name in tables.replies().items():
            self.assertEqual(self.explained(code).output.split("\n")[0], f"{code}  {name}")

    def test_every_enhanced_code(self):
        for status, name in tables.enhanced().items():
            with self.subTest(status=status):
                explained = self.explained(f"5.{status}")
                self.assertEqual(explained.output.split("\n")[0], f"5.{status}  {name}")
                for label in ("Class", "Meaning", "Replies", "Source", "Rules"):
                    self.assertEqual(len(explained.paragraphs(label)), 1, label)

    def test_enhanced_codes_and_replies_know_each_other(self):
        self.assertIn("550 Mailbox Unavailable", self.explained("5.1.1").paragraphs("Replies")[0])
        self.assertIn("450 ", self.explained("4.1.1").paragraphs("Replies")[0])
        self.assertNotIn("550 ", self.explained("4.1.1").paragraphs("Replies")[0])
        self.assertIn("5.1.3 bad destination", self.explained("501").paragraphs("Enhanced")[0])
        self.assertIn("2.7.0", self.explained("235").paragraphs("Enhanced")[0])
        self.assertIn("sender-syntax", self.explained("5.1.7").paragraphs("Rules")[0].split())

    def test_json(self):
        for words, name in (("503", "503"), ("5.1.7", "5.1.7"), ("sender-dots", "sender-dots")):
            told = json.loads(self.explained("--json", words).output)
            self.assertEqual(told["name"], name)
            self.assertTrue(all(key == key.lower() and " " not in key for key in told))
        told = json.loads(self.explained("--json", "503").output)
        self.assertIn("helo-missing", told["rules"])
        self.assertIn("5.5.1 invalid command", told["enhanced"])
        self.assertEqual(json.loads(self.explained("--json", "521").output)["rules"], [])
        told = json.loads(self.explained("--json", "MAIL FROM:<\x01\u00f6@@x>", status=1).output)
        self.assertIn(r"\x01", told["line"])
        self.assertEqual(told["reply"][0][:3], "501")

    def test_lines_are_as_wide_as_the_terminal(self):
        for columns, most in (("40", 40), ("60", 60), ("200", 160), ("1", 40), ("x", 80), ("", 80),
                              ("-5", 80), ("9" * 30, 160)):
            with self.subTest(columns=columns):
                lines = [line for line in Explained("450", columns=columns).output.split("\n")
                         if "milter-strict.conf" not in line]
                widest = max(map(len, lines))
                self.assertLessEqual(widest, most)
                self.assertGreater(widest, most * 3 // 4)

    def test_the_rules_of_a_code_follow_the_policy(self):
        self.assertIn("command-vrfy", self.explained("502").paragraphs("Rules")[0])
        self.assertEqual(self.explained("252").paragraphs("Rules"), ["none answers with it"])
        config = 'rules: { command-vrfy = { reply = "252"; }; };'
        self.assertEqual(self.explained("252", config=config).paragraphs("Rules"),
                         ["command-vrfy"])

    def test_an_enhanced_code_narrows_the_rules(self):
        for words in (["501 5.1.3"], ["501", "5.1.3"]):
            rules = self.explained(*words).paragraphs("Rules")[0].split()
            self.assertIn("recipient-syntax", rules)
            self.assertNotIn("sender-syntax", rules)
        self.assertEqual(self.explained("501 5.9.9").paragraphs("Rules"),
                         ["none answers with it"])

    def test_every_rule(self):
        for rule in tables.rules():
            with self.subTest(rule=rule):
                explained = self.explained(rule)
                self.assertTrue(explained.output.startswith(f"{rule}  "))
                for label in ("Decided", "By default", "Cause", "Remedy", "Source"):
                    self.assertEqual(len(explained.paragraphs(label)), 1, label)
                self.assertEqual(explained.paragraphs("In force"), [])
                self.assertIn(f"{CONFIG_INDENT}{rule} = ", explained.output)
                self.check_reply(explained.reply())
                self.assertTrue(explained.reply()[0].endswith(f"({rule})"))

    def test_examples_show_the_place(self):
        """Rules about the form of an argument mark the wrong byte of an example that breaks them."""
        words = ("syntax", "address", "unqualified", "underscore", "brackets", "dots", "length",
                 "utf8", "idn", "literal", "parameters")
        for rule in tables.rules():
            if rule.endswith(words):
                with self.subTest(rule=rule):
                    reply = self.explained(rule).reply()
                    self.assertRegex(reply[2], r"^501-|^55\d-")
                    self.assertIn("^ ", reply[2])

    def test_how_to_set_a_rule_is_a_good_configuration(self):
        for rule in tables.rules():
            with self.subTest(rule=rule):
                lines = [line.strip() for line in self.explained(rule).output.split("\n")
                         if line.startswith(CONFIG_INDENT)]
                self.assertEqual(len(lines), 1 if rule == "helo-listed" else 2)
                for line in lines:
                    config = line.split("     or ")[0]
                    self.assertEqual(Explained(rule, config=config).errors, "")

    def test_what_is_in_force_is_told(self):
        explained = self.explained("sender-dots",
                                   config='rules: { sender-dots = { action = "monitor"; '
                                          'reply = "450 4.1.7"; text = "Not here"; }; };')
        self.assertEqual(explained.paragraphs("By default"), ["refuse, 501 5.1.7"])
        self.assertEqual(explained.paragraphs("In force"), ["monitor, 450 4.1.7"])
        self.assertEqual(explained.reply()[0], "450-4.1.7 Not here (sender-dots)")

    def test_case_of_a_rule_does_not_matter(self):
        self.assertTrue(self.explained("Sender-Syntax").output.startswith("sender-syntax  "))


class LinesTest(ExplainCase):
    def test_lines(self):
        for line, status, verdict, place in LINES:
            with self.subTest(line=line[:40]):
                explained = self.explained(line, status=status)
                self.assertEqual(explained.paragraphs("Verdict"), [verdict])
                self.assertEqual(explained.paragraphs("Place"), [place] if place else [])
                self.assertEqual(bool(explained.reply()), not verdict.startswith("accepted"))
                if explained.reply():
                    self.check_reply(explained.reply())

    def test_quotes_may_be_left_out(self):
        self.assertEqual(self.explained("VRFY", "alice", status=1).paragraphs("Line"),
                         ["VRFY alice"])

    def test_commands_of_extensions_are_left_to_the_mail_server(self):
        self.assertIn("no milter", self.explained("STARTTLS", status=1).paragraphs("Note")[0])
        self.assertEqual(self.explained("VRFY alice", status=1).paragraphs("Note"), [])

    def test_held_verdicts_are_said_to_wait(self):
        self.assertIn("at RCPT", self.explained("EHLO !", status=1).paragraphs("Spoken")[0])
        at_once = self.explained("EHLO !", status=1, config='speak = "at-once";')
        self.assertEqual(at_once.paragraphs("Spoken"), [])
        self.assertEqual(at_once.reply()[0], "501-5.5.4 Syntax error in parameters: "
                                             "HELO name is malformed (helo-syntax)")

    def test_the_reply_is_that_of_the_session(self):
        """What explain shows is, byte for byte, what a client of the session tool reads."""
        for line in ("MAIL FROM:<user@@example.com>", "VRFY alice", "MAIL FROM:<a@b.example> SIZE=x"):
            with self.subTest(line=line):
                dialog = f"EHLO client.example\r\n{line}\r\nQUIT\r\n".encode()
                session = subprocess.run(
                    [*daemon.wrapper(), daemon.program(), "session", "-c", os.devnull],
                    input=dialog, capture_output=True, timeout=daemon.PATIENCE, check=False)
                said = session.stdout.decode("ascii").split("\r\n")
                shown = self.explained(line, status=1).reply()
                start = said.index(shown[0])
                self.assertEqual(said[start:start + len(shown)], shown)

    def test_monitor_mode_accepts_and_tells(self):
        explained = self.explained("MAIL FROM:<a@@b.example>", config='mode = "monitor";')
        self.assertEqual(explained.paragraphs("Verdict"),
                         ["accepted: the policy is in monitor mode, which refuses nothing"])
        self.assertEqual(explained.paragraphs("Noticed"),
                         ["would be refused by sender-syntax (refuse, 501 5.1.7)"])

    def test_an_exempt_client(self):
        explained = self.explained("--client", "127.0.0.1", "MAIL FROM:<a@@b.example>")
        self.assertEqual(explained.paragraphs("Verdict"),
                         ["accepted: the client is exempt (network)"])
        self.assertEqual(explained.paragraphs("Overlooked"),
                         ["sender-syntax (refuse, 501 5.1.7)"])

    def test_our_name(self):
        config = 'our-names = [ "mx.example.org", "192.0.2.25" ];'
        for name in ("mx.example.org", "MX.example.org.", "[192.0.2.25]"):
            self.assertEqual(self.explained(f"EHLO {name}", status=1, config=config)
                             .paragraphs("Verdict"), ["refused by helo-ours (refuse, 550 5.7.1)"])

    def test_a_rule_may_defer_or_answer(self):
        deferred = self.explained("EXPN staff", status=1,
                                  config='rules: { command-expn = { reply = "450 4.7.1"; }; };')
        self.assertEqual(deferred.paragraphs("Verdict"),
                         ["deferred by command-expn (refuse, 450 4.7.1)"])
        answered = self.explained("VRFY alice",
                                  config='rules: { command-vrfy = { reply = "252"; }; };')
        self.assertEqual(answered.paragraphs("Verdict"),
                         ["answered by command-vrfy (answer, 252 2.0.0)"])
        self.assertIn("502 5.5.1", answered.paragraphs("Note")[0])

    def test_an_unknown_parameter_is_noted(self):
        explained = self.explained("MAIL FROM:<a@b.example> X-OWN=1")
        self.assertIn("X-OWN is not known here", explained.paragraphs("Note")[0])


class UsageTest(ExplainCase):
    def test_unknown_words(self):
        for word, hint in (("sender-sintax", "sender-syntax"), ("helo-unqualifed", "helo-unqualified"),
                           ("line-ends", "line-end")):
            explained = self.explained(word, status=2)
            self.assertIn(f'"{word}" is no reply code, rule or command', explained.errors)
            self.assertIn(f'did you mean "{hint}"?', explained.errors)
        self.assertNotIn("did you mean", self.explained("swordfish", status=2).errors)

    def test_unknown_codes(self):
        for word in ("599", "100", "5500", "501 4.1.7", "501 x", "42", "501\x1b[31m", "5.1.99", "3.1.1",
                     "5.01.1", "5.1", "5.1.1 550", "500 5.1.1 x"):
            explained = self.explained(word, status=2)
            self.assertIn("is no reply of SMTP", explained.errors)
            self.assertNotIn("\x1b", explained.errors)
        self.assertIn("its codes are of two classes", self.explained("501 4.1.7", status=2).errors)

    def test_nothing_and_too_much(self):
        self.assertIn("what shall be explained", self.explained(status=2).errors)
        self.assertIn("what shall be explained", self.explained("", status=2).errors)
        self.assertIn("too long", self.explained("X" * 5000, status=2).errors)

    def test_bad_options(self):
        self.assertIn("IPv6 address", self.explained("--client", "nobody", "501", status=2).errors)
        self.explained("--nonsense", "501", status=2)

    def test_bad_configuration(self):
        explained = Explained("501", config="nonsense = 1;")
        self.assertEqual(explained.status, 78)
        self.assertIn("milter-strict.conf:1:", explained.errors)

    def test_help(self):
        explained = self.explained("--help")
        for code in tables.codes():
            self.assertIn(code, explained.output)
        for rule in tables.rules():
            self.assertIn(rule, explained.output)


if __name__ == "__main__":
    unittest.main()
