"""milter-strict replay: logs in, numbers out, whatever stands in them."""

import os
import pty
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import daemon  # noqa: E402
import maillog  # noqa: E402
import tables  # noqa: E402
from replay_case import STAMP, ReplayCase, refusal, session  # noqa: E402


class Rules(ReplayCase):
    def test_mail_that_was_delivered_comes_first(self):
        log = self.log(session("AAAAA", '"a..b"@example.net') + session("AAAAB", "fine@example.net"))
        ended = self.tool.run(log)
        said = ended.stdout.decode("ascii")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("MAIL LOST: of 2 messages that the log shows as delivered, this policy would "
                      "have refused 1 (50.0 %).", "\n".join(said.split("\n")[:12]))
        self.assertRegex(said, r"sender-dots ~ +1 +1  example\.net \(1\)")
        self.assertRegex(said, r"192\.0\.2\.7  AAAAA  .*mail\.log:2\n +from <a\.\.b@example\.net> "
                               r"to <alice@example\.org>: two dots in a row")

    def test_what_is_not_certain_is_said_with_it(self):
        """Where the log tells of a rule in part, the reason stands above the examples."""
        said = self.tool.run(self.log(session("AAAAA", "us\u00e9r@example.net"))).stdout.decode()
        self.assertRegex(said, r"\n  sender-utf8: .*\n    ~ no log says whether SMTPUTF8 was asked "
                               r"for: taken as if it was not\n    20")
        said = self.tool.run(self.log(session("AAAAA", '"a..b"@example.net'))).stdout.decode()
        self.assertIn("    ~ Postfix puts such an address in quotes: that the client had left them "
                      "out is likely, not\n      certain\n", said)
        said = self.tool.run(self.log(session("AAAAA", "a@example.net",
                                              counts="mail=1 rcpt=1 data=1 quit=1 commands=4")))
        self.assertRegex(said.stdout.decode(), r"\n  helo-missing ~? +1 +1 ")

    def test_nothing_lost(self):
        ended = self.tool.run(self.log(session("AAAAA", "fine@example.net")))
        self.assertEqual(ended.returncode, 0)
        self.assertIn(b"NO MAIL LOST: of 1 message ", ended.stdout)

    def test_without_deliveries_nothing_is_said_of_losses(self):
        lines = session("AAAAA", '"a..b"@example.net').splitlines(keepends=True)
        ended = self.tool.run(self.log("".join(line for line in lines if "virtual" not in line)))
        self.assertIn(b"NOTHING DELIVERED: ", ended.stdout)
        self.assertNotIn(b"NO MAIL LOST", ended.stdout)

    def test_bounced_mail_is_no_loss(self):
        report = self.report(session("AAAAA", '"a..b"@example.net', sent=False))
        self.assertEqual(report.counts("refused"), {"sender-dots": 1})
        self.assertEqual(report.counts("refused-delivered"), {})
        self.assertFalse(report.rule("sender-dots")["examples"][0]["delivered"])

    def test_mail_that_is_delivered_hours_later(self):
        lines = session("AAAAA", '"a..b"@example.net').splitlines(keepends=True)
        deferred = lines[5].replace("status=sent", "status=deferred").replace("dsn=2", "dsn=4")
        later = [line.replace("15:39:54", "18:20:00") for line in lines[5:]]
        report = self.report("".join([*lines[:5], deferred, *later]))
        self.assertEqual(report.counts("refused"), {"sender-dots": 1})
        self.assertEqual(report.counts("refused-delivered"), {"sender-dots": 1})
        self.assertEqual(report.policies[0]["delivered-refused"], 1)
        example, = report.rule("sender-dots")["examples"]
        self.assertTrue(example["delivered"])
        self.assertEqual((example["queue-id"], example["line"]), ("AAAAA", 2))
        self.assertEqual(example["fault"], "two dots in a row")

    def test_senders_by_rule(self):
        senders = {
            '"a..b"@example.net': "sender-dots", '"user@"@example.net': "sender-syntax",
            "user@exa_mple.net": "sender-underscore", "x" * 65 + "@example.net": "sender-length",
            "us\u00e9r@example.net": "sender-utf8", "user@[999.0.2.1]": "sender-literal",
        }
        text = "".join(session(f"AAAA{number}", sender) * 2
                       for number, sender in enumerate(senders, 10))
        report = self.report(text)
        for sender, rule in senders.items():
            with self.subTest(sender=sender):
                row = report.rule(rule)
                self.assertEqual(row["refused"] + row["watched"], 2)
                self.assertEqual(row["refused-delivered"] + row["watched-delivered"], 2)

    def test_recipients_are_taken_from_their_delivery(self):
        report = self.report(session("AAAAA", "a@example.net", recipient='"a..b"@example.org'))
        self.assertEqual(report.counts("refused-delivered"), {"recipient-dots": 1})

    def test_an_added_copy_is_no_recipient_of_the_client(self):
        """always_bcc = backup: the server's own recipient, first among the deliveries."""
        lines = session("AAAAA", "a@example.net").replace("nrcpt=1", "nrcpt=2").splitlines(True)
        copy = lines[5].replace("to=<alice@example.org>", "to=<backup@mx>, orig_to=<backup>")
        report = self.report("".join([*lines[:5], copy, *lines[5:]]))
        self.assertEqual(report.log["delivered"], 1)
        self.assertEqual(report.counts("refused"), {})

    def test_a_recipient_who_got_nothing_loses_nothing(self):
        """Others of the same message did: that one rule about the one recipient cost no mail."""
        lines = session("AAAAA", "a@example.net").splitlines(True)
        refused = (f"{STAMP} mx postfix/smtpd[1]: NOQUEUE: milter-reject: RCPT from "
                   'unknown[192.0.2.7]: 501 5.1.3 no; from=<a@example.net> to=<"a..b"@example.org> '
                   "proto=ESMTP helo=<client.example.net>\n")
        bounced = lines[5].replace("alice@", '"a..b"@').replace("=sent", "=bounced")
        two = [line.replace("nrcpt=1", "nrcpt=2").replace("rcpt=1 ", "rcpt=2 ") for line in lines]
        for name, text in (("refused by a filter", [lines[0], refused, *lines[1:]]),
                           ("bounced", [*two[:5], bounced, *two[5:]])):
            with self.subTest(name):
                report = self.report("".join(text))
                self.assertEqual(report.counts("refused"), {"recipient-dots": 1})
                self.assertEqual(report.counts("refused-delivered"), {})
                self.assertEqual(report.policies[0]["delivered-refused"], 0)
                self.assertFalse(report.rule("recipient-dots")["examples"][0]["delivered"])

    def test_what_is_said_of_the_sender_at_a_recipient_in_vain_counts(self):
        refused = (f"{STAMP} mx postfix/smtpd[1]: NOQUEUE: milter-reject: RCPT from "
                   "unknown[192.0.2.7]: 451 4.7.1 wait; from=<a@example.net> to=<bob@example.org> "
                   "proto=ESMTP helo=<mx.example.org>\n")
        lines = session("AAAAA", "a@example.net").splitlines(True)
        report = self.report("".join([lines[0], refused, *lines[1:]]),
                             config='our-names = [ "mx.example.org" ];\n')
        self.assertEqual(report.counts("refused-delivered"), {"helo-ours": 1})

    def test_no_helo(self):
        report = self.report(session("AAAAA", "a@example.net",
                                     counts="mail=1 rcpt=1 data=1 quit=1 commands=4"))
        self.assertEqual(report.counts("refused-delivered"), {"helo-missing": 1})

    def test_helo_name_of_an_earlier_session(self):
        config = 'our-names = [ "mx.example.org" ];\n'
        text = (refusal("alice@example.org", helo="mx.example.org", client="192.0.2.7",
                        code="450 4.2.0") + session("AAAAA", "a@example.net"))
        report = self.report(text, config=config)
        self.assertEqual(report.counts("refused-delivered"), {"helo-ours": 1})
        self.assertEqual(report.rule("helo-ours")["examples"][0]["said"], "mx.example.org")
        self.assertTrue(report.rule("helo-ours")["examples"][0]["said-before"])
        at_once = self.report(text, config=config + 'speak = "at-once";\n')
        self.assertEqual(at_once.rule("helo-ours")["refused-delivered"], 1)

    def test_postmaster_hears_no_verdict_on_helo(self):
        text = (refusal("alice@example.org", helo="mx.example.org", client="192.0.2.7",
                        code="450 4.2.0")
                + session("AAAAA", "a@example.net", recipient="postmaster@example.org"))
        report = self.report(text, config='our-names = [ "mx.example.org" ];\n')
        self.assertEqual(report.counts("refused-delivered"), {})

    def test_dictionary_meets_the_ledger(self):
        text = "".join(refusal(f"user{number}@example.org") for number in range(40))
        report = self.report(text + session("AAAAA", "a@example.net", client="192.0.2.9"))
        self.assertEqual(report.policies[0]["probing"], 1)
        # The fifteenth name is one too many; what follows is turned away at MAIL.
        self.assertEqual(report.counts("refused"), {"probe-recipients": 40 - 15 + 1})
        self.assertEqual(report.counts("refused-delivered"), {"probe-recipients": 1})

    def test_time_passes_by_the_clock_of_the_log(self):
        text = "".join(refusal(f"user{number}@example.org") for number in range(15))
        inside = session("AAAAA", "a@example.net", client="192.0.2.9", stamp="Nov 24 16:30:00")
        outside = session("AAAAB", "a@example.net", client="192.0.2.9", stamp="Nov 24 17:00:00")
        self.assertEqual(self.report(text + inside).counts("refused"), {"probe-recipients": 1})
        self.assertEqual(self.report(text + outside).counts("refused"), {})

    def test_no_state_directory_no_ledger(self):
        text = "".join(refusal(f"user{number}@example.org") for number in range(40))
        report = self.report(text, config='state-directory = "";\n')
        self.assertEqual(report.counts("refused"), {})

    def test_mail_that_a_filter_passes_on_is_told_of(self):
        """It is judged as the filter's, which is exempt: that none is lost says little then."""
        text = session("AAAAA", '"a..b"@example.net', client="127.0.0.1").replace(
            ": client=unknown[127.0.0.1]",
            ": client=unknown[127.0.0.1], orig_client=client.example.net[192.0.2.7]")
        self.assertEqual(self.report(text).log["passed-on"], 1)
        self.assertRegex(self.tool.run(self.log(text)).stdout.decode("ascii"),
                         r"\n +1  of them passed on by a filter: ")

    def test_exempt_clients_are_told_of(self):
        report = self.report(session("AAAAA", '"a..b"@example.net', client="127.0.0.1"))
        self.assertEqual(report.counts("refused"), {})
        self.assertEqual(report.counts("exempt"), {"sender-dots": 1})

    def test_exempt_clients_are_not_taken_for_others(self):
        """Who most: that is not known of the exempt, and not what others did by the same rule."""
        log = self.log(session("AAAAA", '"a..b"@example.net', client="127.0.0.1")
                       + session("AAAAB", '"a..b"@other.example', client="192.0.2.7"))
        said = self.tool.run(log).stdout.decode("ascii")
        overlooked = said[said.index("Overlooked"):said.index("What this log can tell")]
        self.assertRegex(overlooked, r"\n  sender-dots ~ +1\n")
        self.assertNotIn("other.example", overlooked)

    def test_monitor_mode_is_judged_as_if_it_enforced(self):
        log = self.log(session("AAAAA", '"a..b"@example.net'))
        ended = self.tool.run(log, config='mode = "monitor";\n')
        self.assertIn(b'judged as with mode = "enforce"', ended.stdout)
        self.assertIn(b"MAIL LOST", ended.stdout)

    def test_commands(self):
        text = (f"{STAMP} mx postfix/smtpd[1]: warning: non-SMTP command from unknown[192.0.2.7]: "
                "GET / HTTP/1.0\n"
                f"{STAMP} mx postfix/smtpd[1]: disconnect from unknown[192.0.2.7] ehlo=1 vrfy=0/3 "
                "unknown=0/3 commands=1/7\n")
        self.assertEqual(self.report(text).counts("refused"),
                         {"command-vrfy": 3, "command-unknown": 2, "command-foreign": 1})


class TwoPolicies(ReplayCase):
    def test_only_what_differs(self):
        other = self.tool.write("other.conf", 'rules: { sender-dots = "off"; '
                                              'sender-underscore = "refuse"; };\n')
        log = self.log(session("AAAAA", '"a..b"@example.net')
                       + session("AAAAB", "a@exa_mple.net")
                       + session("AAAAC", '"user@"@example.net')
                       + session("AAAAD", "fine@example.net"))
        report = self.tool.report("--diff", other, log, status=1)
        self.assertEqual(report.counts("refused"), {"sender-dots": 1})
        self.assertEqual(report.counts("refused", side=1), {"sender-underscore": 1})
        self.assertEqual(report.both, 1)
        said = self.tool.run("--diff", other, log).stdout.decode("ascii")
        self.assertIn("other.conf would have refused 1 message and 0 other commands; of the "
                      "messages, 1 was delivered.", said)

    def test_no_difference(self):
        same = self.tool.write("same.conf", "")
        ended = self.tool.run("--diff", same, self.log(session("AAAAA", '"a..b"@example.net')))
        self.assertEqual(ended.returncode, 0)
        self.assertIn(b"NO DIFFERENCE", ended.stdout)

    def test_each_has_a_ledger_of_its_own(self):
        other = self.tool.write("other.conf", "rules: { probe-recipients = { limit = 30; }; };\n")
        text = "".join(refusal(f"user{number}@example.org") for number in range(40))
        report = self.tool.report("--diff", other, self.log(text))
        self.assertAlmostEqual(report.counts("refused")["probe-recipients"], 15, delta=2)
        self.assertEqual(report.counts("refused", side=1), {})
        self.assertAlmostEqual(report.both, 10, delta=2)


class Hostile(ReplayCase):
    def test_what_the_log_holds_is_shown_escaped(self):
        helo = "\x1b[2J\x07\x00\xff"
        text = (f"{STAMP} mx postfix/smtpd[1]: warning: non-SMTP command from unknown[192.0.2.7]: "
                + helo + "\n").encode("latin-1") + session(
                    "AAAAA", '"a..b"@\x1b]0;x\x07example.net').encode("latin-1")
        name = "mail\x1b[31m.log"
        for option in ((), ("--json",)):
            ended = self.tool.run(*option, self.log(text, name))
            self.assertRegex(ended.stdout, rb"\A[ -~\n\t]+\Z")

    def test_names_of_files_are_complained_of_escaped(self):
        for path in (self.log(b"\x1f\x8b\x08\x00", "cut\x1b[31m.gz"),
                     os.path.join(self.tool.folder, "missing\x1b]0;x\x07")):
            ended = self.tool.run(path)
            self.assertEqual(ended.returncode, 69)
            self.assertRegex(ended.stderr, rb"\A[ -~\n]*\\x1B[ -~\n]*\Z")

    def test_forged_lines_within_addresses(self):
        forged = '"> to=<x@example.org> proto=ESMTP helo=<mx.example.org> from=<a..b"@example.net'
        text = refusal("alice@example.org", sender=forged)
        report = self.report(text, config='our-names = [ "mx.example.org" ];\n')
        self.assertEqual(report.counts("refused"), {})

    def test_megabyte_lines(self):
        long = b"x" * 3_000_000
        text = session("AAAAA", '"a..b"@example.net').encode("ascii")
        head = STAMP.encode("ascii") + b" mx postfix/smtpd[1]: connect from "
        report = self.report(long + b"\n" + text + head + long + b"\n" + text + long)
        self.assertEqual(report.counts("refused-delivered"), {"sender-dots": 2})
        self.assertEqual(report.log["lines-cut"], 3)

    def test_every_prefix_and_any_order(self):
        text = (session("AAAAA", '"a..b"@example.net') + refusal("n@example.org")).encode("ascii")
        for cut in range(100, len(text), 211):
            self.report(text[:cut])
        lines = text.split(b"\n")
        self.report(b"\n".join(reversed(lines)))
        self.report(b"\n".join(sorted(lines)))

    def test_no_log_at_all(self):
        for data in (b"", b"\n" * 1000, bytes(range(256)) * 1000, b"\0" * 100_000):
            report = self.report(data, status=69 if data else 0)
            self.assertEqual(report.log["sessions"], 0)
        for program in ("cron", "/usr/sbin/cron", "/usr/sbin/smtpd"):
            ended = self.tool.run(self.log(f"Nov 24 15:39:54 mx {program}[1]: job\n"))
            self.assertEqual(ended.returncode, 69, program)
            self.assertIn(b"NOTHING JUDGED", ended.stdout)


class Volume(ReplayCase):
    MEGABYTES = 3 if daemon.wrapper() else 30  # under valgrind everything takes its time

    def peak(self, megabytes):
        """Kilobytes of memory at most, for a log of this length; its report is checked."""
        facts = maillog.Facts()
        path = os.path.join(self.tool.folder, f"{megabytes}.log")
        with open(path, "wb") as file:
            for block in maillog.postfix(megabytes << 20, facts):
                file.write(block)
        report, kilobytes = self.tool.peak(path)
        self.assertEqual(report.log["lines"], facts["lines"])
        self.assertEqual(report.log["sessions"], facts["sessions"])
        self.assertEqual(report.log["delivered"], facts["delivered"])
        self.assertEqual(report.log["refused-by-server"], facts["refused"])
        self.assertEqual(report.counts("refused-delivered"), {"sender-dots": facts["dots"]})
        return kilobytes

    def test_memory_stays_flat(self):
        small, large = self.peak(max(1, self.MEGABYTES // 10)), self.peak(self.MEGABYTES)
        self.assertLess(large, small + 8192)


class Progress(ReplayCase):
    def test_none_without_a_terminal(self):
        self.assertEqual(self.tool.run(self.log(session("AAAAA", "a@example.net"))).stderr, b"")

    def test_on_a_terminal(self):
        """A log is sent until progress is seen; how fast does not matter."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        os.set_blocking(ours, False)
        process = subprocess.Popen([daemon.program(), "replay", "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        seen = b""
        for block in maillog.postfix(1 << 32, maillog.Facts()):
            process.stdin.write(block)
            try:
                seen += os.read(ours, 4096)
                break
            except BlockingIOError:
                pass
        self.assertIn(b" MB, ", seen)
        process.communicate(timeout=daemon.PATIENCE)
        self.assertIn(process.returncode, (0, 1))


class Tells(ReplayCase):
    def test_what_the_log_tells_is_said_of_every_rule(self):
        report = self.report(session("AAAAA", "a@example.net"))
        rules = {rule["rule"]: rule for rule in report.policies[0]["rules"]}
        self.assertEqual(set(rules), set(tables.rules()))
        for name, rule in rules.items():
            with self.subTest(rule=name):
                self.assertIn(rule["log-tells"], ("seen", "partly", "cannot be told"))
                if rule["log-tells"] != "seen":
                    self.assertTrue(rule["why-not-more"])
        said = self.tool.run(self.log(session("AAAAA", "a@example.net"))).stdout.decode("ascii")
        for name in rules:
            self.assertRegex(said, rf"(?<![a-z-]){re.escape(name)}(?![a-z-])")


if __name__ == "__main__":
    unittest.main()
