"""`milter-strict probe` at scripted servers: what it says, what it sends, and how it ends."""

import os
import pathlib
import pty
import re
import socket
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import daemon
import probe_tool
from certificates import Certificates
from ports import deaf_port
from scripted_smtp import ScriptedSmtp
from session_tool import SessionTool

MANUAL = (pathlib.Path(__file__).resolve().parents[2] / "milter" / "man"
          / "milter-strict-probe.8.in")
USER = ("--user", "alice@example.org")
EVERYTHING = (*USER, "--limits", "--enumerate", "--json")
STRICT = 'exempt: { networks = []; }; our-names = [ "mx.example.org" ];\n'


class Servers(unittest.TestCase):
    def assert_found(self, wanted, answers, *options, status=None, **server):
        with ScriptedSmtp(answers, **server) as scripted:
            done = probe_tool.probe(scripted, "--json", *USER, *options)
        found = {check: done.statuses[check] for check in wanted}
        self.assertEqual(found, wanted, done)
        self.assertEqual(scripted.messages, 0)
        if status is not None:
            self.assertEqual(done.status, status, done)
        return scripted, done

    def test_one_that_behaves(self):
        scripted, done = self.assert_found({"command-vrfy": "pass", "open-relay": "pass",
                                            "relay-routes": "pass", "null-sender": "pass",
                                            "postmaster": "pass", "enhanced-codes": "pass",
                                            "reply-form": "pass"}, {}, status=0)
        self.assertEqual(done.json["totals"]["fail"], 0)
        self.assertEqual(done.json["commands"] + 3, len(scripted.lines), "two times several as one")

    def test_one_that_leaks_names(self):
        _, done = self.assert_found(
            {"command-vrfy": "fail", "command-expn": "fail"},
            {"VRFY alice": "250 2.1.5 Alice <alice@example.org>", "VRFY": "550 5.1.1 unknown",
             "EXPN alice": "250 2.1.5 <alice@example.org>", "EXPN": "550 5.1.1 unknown"}, status=1)
        check = done.checks["command-vrfy"]
        said = [(line["from"], line["text"]) for line in check["transcript"]]
        self.assertIn(("client", "VRFY alice"), said)
        self.assertIn(("server", "250 2.1.5 Alice <alice@example.org>"), said)
        self.assertEqual(check["rules"], ["command-vrfy"])
        self.assertEqual(check["severity"], "high")

    def test_one_that_relays(self):
        relays = {"RCPT TO:<probe@example.com>": "250 2.1.5 fine"}
        self.assert_found({"open-relay": "unknown"}, relays, status=0)
        self.assert_found({"open-relay": "fail"}, relays, "--stranger", status=1)
        for sender in ("<alice@example.org>", "<probe@[127.0.0.1]>", "<root@localhost>"):
            with ScriptedSmtp(relays_for=sender) as server:
                done = probe_tool.probe(server, "--json", "--stranger", *USER)
            self.assertEqual(done.statuses["open-relay"], "fail", sender)
        self.assert_found({"open-relay": "pass", "relay-routes": "fail"},
                          {"RCPT TO:<probe%example.com@example.org>": "250 2.1.5 fine"}, status=1)

    def test_one_that_invites_to_send(self):
        scripted, _ = self.assert_found({"sequence-data": "fail"}, {"DATA": "354 go on"}, status=1)
        after = [scripted.lines[at + 1] for at, line in enumerate(scripted.lines[:-1])
                 if line == "DATA"]
        self.assertTrue(after)
        for line in after:  # the first of another connection
            self.assertTrue(line.startswith("EHLO "), line)

    def test_one_that_refuses_bounces_and_its_postmaster(self):
        self.assert_found({"null-sender": "fail", "postmaster": "fail", "sender-syntax": "warn"},
                          {"MAIL FROM:<>": "550 5.7.1 no", "RCPT TO:<postmaster>": "550 5.1.1 no"},
                          "--from-address", "joe@example.net", status=1)

    def test_one_whose_enhanced_codes_do_not_fit(self):
        for answer, status in (("550 no", "warn"), ("550 4.1.1 no", "fail"),
                               ("550-5.1.1 no\r\n550 5.7.1 never", "warn")):
            self.assert_found({"enhanced-codes": status}, {"RCPT": answer})

    def test_one_that_hangs_up_at_a_command(self):
        """What one check did not hear does not keep the others from being asked."""
        self.assert_found({"command-vrfy": "unknown", "command-turn": "unknown",
                           "command-unknown": "pass", "postmaster": "pass"},
                          {"VRFY": "421 4.7.0 enough", "TURN": "421 4.7.0 enough"}, status=0)

    def test_one_that_says_what_harms_terminals(self):
        with ScriptedSmtp({"HELP": "214 version 1.1\x1b]0;x\x07\x1b[2J\x9b"}) as server:
            done = probe_tool.probe(server, "--verbose")
        self.assertIn("\\x1B[2J", done.stdout)
        self.assertTrue(done.stdout.isascii())
        self.assertFalse(any(ord(byte) < 32 and byte != "\n" for byte in done.stdout))


class Encrypted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="milter-strict-probe-"))
        cls.certificates = Certificates(folder, "mx.example.org")

    def probe(self, *options, **server):
        with ScriptedSmtp(certificates=self.certificates, **server) as scripted:
            return scripted, probe_tool.probe(scripted, "--json", *USER, *options)

    def test_starttls_is_tried(self):
        _, done = self.probe()
        for check in ("starttls", "starttls-stripping", "starttls-injection"):
            self.assertEqual(done.statuses[check], "pass", done)

    def test_what_came_before_tls_is_read_after_it(self):
        _, done = self.probe(leaky=True)
        self.assertEqual(done.statuses["starttls-injection"], "fail", done)
        self.assertEqual(done.status, 1)

    def test_it_says_what_the_certificate_is_worth(self):
        """None of it is a failure: mail servers do not count on certificates of others."""
        trusted = {"SSL_CERT_FILE": self.certificates.certificate("authority")}
        for environment, words in (({}, "not trusted: unable to get local issuer certificate"),
                                   (trusted, "not trusted: IP address mismatch")):
            with unittest.mock.patch.dict(os.environ, environment):
                for scripted in ({}, {"tls": True}):
                    _, done = self.probe(*(["--tls"] if scripted else []), **scripted)
                    self.assertRegex(done.checks["starttls"]["note"], rf"^TLSv1\.[23], .*{words}$")
                    self.assertEqual(done.statuses["starttls"], "pass", done)

    def test_a_certificate_of_the_name(self):
        certificates = Certificates(os.path.join(self.certificates.folder, "named"), "localhost")
        trusted = {"SSL_CERT_FILE": certificates.certificate("authority")}
        with (unittest.mock.patch.dict(os.environ, trusted),
              ScriptedSmtp(certificates=certificates) as scripted):
            scripted.host = "localhost"
            done = probe_tool.probe(scripted, "--json", *USER)
        self.assertRegex(done.checks["starttls"]["note"], r"^TLSv1\.[23], the certificate is trusted$")

    def test_a_port_without_tls_passes_nothing(self):
        with ScriptedSmtp() as scripted:
            done = probe_tool.probe(scripted, "--json", "--tls", "--timeout", "5")
        self.assertEqual(set(done.statuses.values()), {"unknown"}, done)
        self.assertEqual(done.status, 69, done)

    def test_an_offer_that_was_taken_out(self):
        answers = {"EHLO": "250-mx.example.org\r\n250 PIPELINING"}
        _, done = self.probe(answers=answers)
        self.assertEqual(done.statuses["starttls-stripping"], "fail", done)

    def test_everything_under_starttls(self):
        scripted, done = self.probe("--starttls")
        self.assertEqual(done.statuses["postmaster"], "pass", done)
        self.assertGreater(scripted.encrypted, 10)

    def test_a_port_with_tls_from_the_start(self):
        scripted, done = self.probe("--tls", tls=True)
        self.assertEqual(done.statuses["postmaster"], "pass", done)
        self.assertEqual(scripted.encrypted, scripted.connections)


class Session(unittest.TestCase):
    def test_the_built_in_server_passes(self):
        with SessionTool(config=STRICT) as server:
            done = probe_tool.probe(server, *EVERYTHING)
        self.assertEqual(done.status, 0, done)
        self.assertEqual(done.json["server"], "milter-strict session")
        for check in ("command-vrfy", "command-expn", "sender-syntax", "sender-dots", "sender-utf8",
                      "recipient-brackets", "helo-syntax", "limit-errors", "limit-abandoned",
                      "enhanced-codes", "reply-form", "line-lf", "line-cr", "command-long"):
            self.assertEqual(done.statuses[check], "pass", (check, done.checks[check]))

    def test_it_says_when_rules_are_off(self):
        rules = 'rules: { sender-dots = "off"; command-unknown = "off"; };'
        with SessionTool(config=STRICT + rules) as server:
            done = probe_tool.probe(server, *EVERYTHING)
        self.assertEqual(done.statuses["sender-dots"], "warn", done)


class CommandLine(unittest.TestCase):
    def test_help(self):
        done = probe_tool.run("--help")
        self.assertEqual((done.status, done.stderr), (0, ""))
        for option in ("--user", "--json", "--junit", "--html", "--dry-run", "--yes", "--pace"):
            self.assertIn(option, done.stdout)

    def test_bad_usage(self):
        for words in ([], ["a", "b"], ["127.0.0.1:0"], ["127.0.0.1:65536"], ["127.0.0.1:x"],
                      ["[::1"], ["a b"], ["--user", "a\r\nb", "localhost"],
                      ["--user", "@example.org", "localhost"], ["--helo", "a b", "localhost"],
                      ["--from-address", "a>", "localhost"], ["--timeout", "0", "localhost"],
                      ["--pace", "x", "localhost"], ["--tls", "--starttls", "localhost"],
                      ["--dry-run", "--json", "localhost"],
                      ["--dry-run", "--junit", "/dev/null", "localhost"],
                      ["--html", "/dev/null", "--dry-run", "localhost"]):
            with self.subTest(words=words):
                done = probe_tool.run(*words)
                self.assertEqual((done.status, done.stdout), (2, ""))
                self.assertIn("--help", done.stderr)

    def test_strangers_are_not_asked_without_yes(self):
        for host in ("192.0.2.1", "[2001:db8::1]:25", "203.0.113.7:2525"):
            with self.subTest(host=host):
                done = probe_tool.run("--timeout", "1", host)
                self.assertEqual((done.status, done.stdout), (2, ""))
                self.assertIn("--yes", done.stderr)

    def test_dry_run_sends_nothing(self):
        with ScriptedSmtp() as server:
            done = probe_tool.run("--dry-run", *USER, f"{server.host}:{server.port}")
        self.assertEqual((done.status, server.connections), (0, 0))
        for line in ("C VRFY alice", "C RCPT TO:<probe%example.com@example.org>", "C STARTTLS"):
            self.assertIn(line, done.stdout)
        self.assertEqual(probe_tool.run("--dry-run", "192.0.2.1").status, 0)

    def test_dry_run_tells_what_any_server_gets(self):
        """Whatever it answers: the lines shown, and those that the words above them name."""
        others = re.compile(r"HELO [\w.-]+|NOOP|RSET|QUIT|MAIL FROM:<(probe@[\w.]+)?>( SMTPUTF8)?|"
                            r"RCPT TO:<no-such-user-milter-strict-probe(@[][\w.]+)?>")
        for answers in ({}, {"EHLO": "500 what"}, {"RCPT": "250 fine"}, {"GET": "500 what"},
                        {"MAIL FROM:<>": "550 no"}, {"VRFY": "550 5.1.1 no"}, {"DATA": "354 go on"}):
            with self.subTest(answers=answers), ScriptedSmtp(answers) as server:
                target = f"{server.host}:{server.port}"
                shown = {line[4:] for line in
                         probe_tool.run("--dry-run", *USER, target).stdout.splitlines()
                         if line.startswith("  C ")}
                cut = {line.partition(" [... ")[0] for line in shown if line.endswith(" octets]")}
                probe_tool.probe(server, *USER)
                sent = {"".join(c if " " <= c <= "~" else f"\\x{ord(c):02X}" for c in line)
                        for line in server.lines}
                self.assertGreater(len(sent & shown), 20)
                self.assertEqual([line for line in sent - shown if line[:160] not in cut
                                  and not others.fullmatch(line)], [])

    def test_nobody_listens(self):
        with deaf_port() as port:
            done = probe_tool.run("--pace", "0", f"127.0.0.1:{port}")
        self.assertEqual(done.status, 69, done)
        self.assertIn("no connection", done.stdout)

    def test_a_name_that_is_none(self):
        done = probe_tool.run("--pace", "0", "no-such-host.invalid")
        self.assertEqual((done.status, done.stdout), (69, ""))
        self.assertIn("no-such-host.invalid", done.stderr)

    def test_ipv6(self):
        try:
            server = ScriptedSmtp(family=socket.AF_INET6)
        except OSError as reason:
            self.skipTest(f"no IPv6: {reason}")
        with server:
            done = probe_tool.run("--pace", "0", "--json", f"[::1]:{server.port}")
        self.assertEqual(done.status, 0, done)
        self.assertEqual((done.json["host"], done.json["address"]), ("::1", "::1"))

    def test_the_manual_has_every_key_of_json(self):
        page = MANUAL.read_text(encoding="ascii")
        section = page[page.index(".Sh JSON"):page.index(".Sh ENVIRONMENT")]
        with ScriptedSmtp() as server:
            found = probe_tool.probe(server, "--json").json
        check = found["checks"][0]
        for keys in (found, found["totals"], check, check["transcript"][0]):
            for key in keys:
                self.assertRegex(section, rf"(?m)^\.(It )?Cm (.* )?{key}( |$)|^\.Cm (.* , )?{key}\b")

    def test_reports_are_written(self):
        with tempfile.TemporaryDirectory(prefix="milter-strict-probe-") as folder:
            xml, page = (pathlib.Path(folder, name) for name in ("a.xml", "a.html"))
            with ScriptedSmtp() as server:
                done = probe_tool.probe(server, "--junit", str(xml), "--html", str(page))
            self.assertEqual(done.status, 0, done)
            self.assertIn("command-vrfy", xml.read_text(encoding="ascii"))
            self.assertIn("command-vrfy", page.read_text(encoding="ascii"))
            with ScriptedSmtp() as server:
                done = probe_tool.probe(server, "--junit", f"{folder}/no/such/folder")
            self.assertEqual(done.status, 75, done)


class Terminal(unittest.TestCase):
    def shown(self, **environment):
        """What a terminal gets, of both outputs."""
        ours, theirs = pty.openpty()
        with ScriptedSmtp() as server:
            process = subprocess.Popen(
                [*daemon.wrapper(), daemon.program(), "probe", "--pace", "0",
                 f"{server.host}:{server.port}"], stdin=subprocess.DEVNULL, stdout=theirs,
                stderr=theirs, env={**os.environ, "TERM": "xterm", **environment})
            os.close(theirs)
            said = b""
            while True:
                try:
                    more = os.read(ours, 65536)
                except OSError:  # EIO: the other side is closed
                    break
                if not more:
                    break
                said += more
            process.wait(daemon.PATIENCE)
        os.close(ours)
        return said.decode("ascii")

    def test_colour_and_progress(self):
        said = self.shown(NO_COLOR="")
        self.assertIn("\x1b[32mpass\x1b[0m", said)
        self.assertRegex(said, r"7 of \d+: VRFY does not tell")

    def test_no_colour(self):
        self.assertNotIn("\x1b[32m", self.shown(NO_COLOR="1"))

    def test_a_terminal_that_knows_lines_only(self):
        said = self.shown(NO_COLOR="", TERM="dumb")
        self.assertNotIn("\x1b", said)
        self.assertRegex(said, r"\n7 of \d+: VRFY does not tell")

    def test_neither_in_a_pipe(self):
        with ScriptedSmtp() as server:
            done = probe_tool.probe(server)
        self.assertEqual(done.stderr, "")
        self.assertNotIn("\x1b", done.stdout)


if __name__ == "__main__":
    unittest.main()
