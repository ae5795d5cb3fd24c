"""Known traffic through real mail servers: their logs give the numbers that were put in."""

import base64
import collections
import concurrent.futures
import time
import unittest

import support  # first: it says where the library is
from postfix import Postfix
from replay_tool import ReplayTool
from sendmail import Sendmail
from sendmail import unpacked as sendmail_unpacked
from smtp_client import SmtpClient

AT_ONCE = 8  # clients
PATIENCE_SECONDS = 300
CONFIG = ('exempt: { networks = []; };\n'
          'our-names = [ "mx.example.org" ];\n'
          'rules: { recipient-many = { action = "refuse"; limit = 2; };\n'
          '         helo-listed = { names = [ "ylmf-pc" ]; }; };\n')
PATIENT = {"smtpd_soft_error_limit": "100000", "smtpd_hard_error_limit": "100000",
           "smtpd_junk_command_limit": "100000"}
EHLO = "EHLO client.example.net"
SENDER = "MAIL FROM:<user@example.net>"
ALICE = "RCPT TO:<alice@example.org>"
STRANGER = "RCPT TO:<nosuch@example.org>"
BODY = "DATA", "Subject: replay\r\n\r\nOne line.\r\n."
LOGIN = "AUTH PLAIN " + base64.b64encode(b"\0joe\0secret").decode("ascii")


def mail(sender, *recipients, greeting=EHLO):
    """The commands of a session with one message."""
    return (*((greeting,) if greeting else ()), f"MAIL FROM:{sender}",
            *(f"RCPT TO:{recipient}" for recipient in recipients or ("<alice@example.org>",)),
            *BODY)


def greeted_as(name):
    """A message that is delivered; a stranger is asked for as well, for Postfix logs the HELO name
    with a refusal only."""
    return (f"EHLO {name}", SENDER, STRANGER, ALICE, *BODY)


class Traffic:
    """Sessions, each of a client of its own unless it is said otherwise."""

    def __init__(self):
        self.sessions = []
        self.clients = 0

    def client(self):
        self.clients += 1
        return f"127.2.{self.clients // 250}.{1 + self.clients % 250}"

    def add(self, count, commands, client=None):
        self.sessions += [(client or self.client(), commands) for _ in range(count)]

    def dictionary(self, count):
        """One client, one name a session."""
        client = self.client()
        for number in range(count):
            self.add(1, (EHLO, SENDER, f"RCPT TO:<user{number}@example.org>"), client)

    def messages(self):
        """How many are delivered."""
        return sum(commands.count("DATA") for _, commands in self.sessions)

    def play(self, port):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            # list() lets an exception of a client come out.
            list(pool.map(lambda session: play(port, *session), self.sessions))


def blocks(commands):
    """Commands that can be sent together: a greeting, AUTH and DATA end a block."""
    block = []
    for command in commands:
        block.append(command)
        if command.startswith(("EHLO", "AUTH", "DATA", "GET")):
            yield block
            block = []
    if block:
        yield block


def play(port, source, commands):
    client = SmtpClient.dial("127.0.0.1", port, source=source)
    try:
        client.read_reply()
        for block in blocks(commands):
            client.send("".join(f"{command}\r\n" for command in block).encode("utf-8"))
            for _ in block:
                client.read_reply()
        if not commands[-1].startswith("GET"):  # the server has hung up
            client.command("QUIT")
    finally:
        client.close()


def wait_until(found):
    """Logs are written behind the sessions."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while not found():
        if time.monotonic() > limit:
            raise AssertionError("the log is not complete")
        time.sleep(0.1)


class ReplayOfServer(unittest.TestCase):
    """What the classes below have in common."""

    @classmethod
    def read(cls, log):
        with ReplayTool() as tool:
            cls.report = tool.report(tool.write("mail.log", log), config=CONFIG)

    def assert_counts(self, field, want):
        """Exactly these; a pair is a least and a greatest, where the ledger's sketch may err."""
        got = self.report.counts(field)
        for rule, number in want.items():
            with self.subTest(field=field, rule=rule):
                least, most = number if isinstance(number, tuple) else (number, number)
                self.assertLessEqual(least, got.get(rule, 0))
                self.assertLessEqual(got.get(rule, 0), most)
        self.assertEqual(sorted(got), sorted(want), field)


class ReplayOfPostfix(ReplayOfServer):
    @classmethod
    def setUpClass(cls):
        try:
            support.unpacked()
        except support.Unavailable as reason:
            raise unittest.SkipTest(str(reason)) from None
        traffic = Traffic()
        traffic.add(400, mail("<user@example.net>"))
        traffic.add(25, mail("<a..b@example.net>"))
        traffic.add(5, (EHLO, LOGIN, *mail("<a..b@example.net>", greeting=None)))
        traffic.add(24, mail("<user@@example.net>"))
        traffic.add(23, mail("<us\u00e9r@example.net>"))
        traffic.add(22, mail("<user@exa_mple.net>"))
        traffic.add(21, mail(f"<{'x' * 65}@example.net>"))
        traffic.add(20, mail("<user@example.net>", greeting=None))
        traffic.add(19, mail("<user@example.net>", "<alice@example.org>", "<bob@example.org>",
                             "<carol@example.org>"))
        traffic.add(18, mail("<>", "<alice@example.org>", "<bob@example.org>"))
        traffic.add(11, mail("<user@example.net>", "<alice+a..b@example.org>"))
        traffic.add(10, mail("<user@example.net>", f"<alice+{'x' * 65}@example.org>"))
        traffic.add(9, mail("<user@example.net>", "<alice>"))
        traffic.add(8, mail("<user@example.net>", "<alice+\u00e9@example.org>"))
        traffic.add(17, greeted_as("mx.example.org"))
        traffic.add(16, greeted_as("ylmf-pc."))  # one label as well
        traffic.add(15, greeted_as("my_host.example.net"))
        traffic.add(14, greeted_as("192.0.2.1"))
        traffic.add(13, greeted_as("pc7"))
        traffic.add(12, greeted_as("a..b.example.net"))
        traffic.add(600, (EHLO, SENDER, STRANGER))
        traffic.add(400, (EHLO, SENDER, "RCPT TO:<user@elsewhere.example>"))
        traffic.add(40, (EHLO, "VRFY alice", "VRFY nosuch"))
        traffic.add(35, (EHLO, "XYZZY", "EXPN staff", "TURN"))
        traffic.add(30, (EHLO, "GET / HTTP/1.0"))
        traffic.add(4, (EHLO, *((SENDER, ALICE, "RSET") * 25)))
        for _ in range(3):
            traffic.dictionary(60)
        prober, verifier = traffic.client(), traffic.client()
        traffic.add(6, (EHLO, *(["VRFY alice"] * 5)), prober)
        traffic.add(120, (EHLO, "MAIL FROM:<>", ALICE), verifier)
        with Postfix(settings=PATIENT, auth=True) as postfix:
            traffic.play(postfix.port)
            postfix.wait_idle(PATIENCE_SECONDS)
            wait_until(lambda: postfix.log().count(": disconnect from ") == len(traffic.sessions))
            wait_until(lambda: postfix.log().count(": removed\n") == traffic.messages())
            cls.read(postfix.log())
        cls.traffic = traffic

    def test_every_session_is_found(self):
        self.assertEqual(self.report.log["sessions"], len(self.traffic.sessions))
        self.assertGreater(len(self.traffic.sessions), 2000)
        for lost in ("sessions-cut", "messages-forgotten", "steps-lost", "lines-strange"):
            self.assertEqual(self.report.log[lost], 0, lost)

    def test_every_message_is_found(self):
        self.assertEqual(self.report.log["delivered"], self.traffic.messages())

    def test_refusals_of_mail_that_was_delivered(self):
        self.assert_counts("refused-delivered", {
            "sender-dots": 25, "sender-syntax": 24, "sender-utf8": 23, "helo-missing": 20,
            "recipient-many": 19, "helo-ours": 17, "helo-listed": 16, "helo-syntax": 12,
            "recipient-dots": 11, "recipient-unqualified": 9, "recipient-utf8": 8})

    def test_refusals(self):
        self.assert_counts("refused", {
            "sender-dots": 25, "sender-syntax": 24, "sender-utf8": 23, "helo-missing": 20,
            "recipient-many": 19, "helo-ours": 17, "helo-listed": 16, "helo-syntax": 12,
            "recipient-dots": 11, "recipient-unqualified": 9, "recipient-utf8": 8,
            "sequence-abandoned": 4 * 4, "command-vrfy": 80 + 9, "probe-vrfy": 30 - 9,
            "command-unknown": 35 * 3, "command-foreign": 30,
            "probe-recipients": (3 * (60 - 17), 3 * (60 - 13)), "probe-callout": (19, 21)})

    def test_what_is_only_watched(self):
        self.assert_counts("watched-delivered", {
            "sender-underscore": 22, "sender-length": 21, "bounce-recipients": 18,
            "recipient-length": 10, "helo-underscore": 15, "helo-bare-address": 14,
            "helo-unqualified": 13 + 16})

    def test_who_logged_in_is_exempt(self):
        self.assert_counts("exempt", {"sender-dots": 5})


class ReplayBesideTheDaemon(ReplayOfServer):
    """The daemon sits behind Postfix, and refuses: its log and the replay of Postfix's agree, but
    for what Postfix does not log."""

    @classmethod
    def setUpClass(cls):
        try:
            support.unpacked()
        except support.Unavailable as reason:
            raise unittest.SkipTest(str(reason)) from None
        traffic = Traffic()
        traffic.add(20, mail("<user@example.net>"))
        traffic.add(15, (EHLO, "MAIL FROM:<a..b@example.net>"))
        traffic.add(14, (EHLO, "MAIL FROM:<user@@example.net>"))
        traffic.add(13, ("EHLO mx.example.org", SENDER, ALICE))
        traffic.add(12, (SENDER,))
        traffic.add(11, (EHLO, SENDER, "RCPT TO:<alice+a..b@example.org>"))
        traffic.add(10, (EHLO, SENDER, ALICE, "RCPT TO:<bob@example.org>",
                         "RCPT TO:<carol@example.org>"))
        traffic.add(9, (EHLO, "XYZZY"))
        traffic.add(8, (EHLO, "MAIL FROM: user@example.net"))
        address = f"inet:{support.free_port()}@127.0.0.1"
        with support.Daemon(CONFIG, listen=address) as strict, Postfix(milter=address) as postfix:
            traffic.play(postfix.port)
            wait_until(lambda: postfix.log().count(": disconnect from ") == len(traffic.sessions))
            cls.read(postfix.log())
            cls.logged = collections.Counter(line["rule"]
                                             for line in strict.log_lines(event="refused"))

    def test_both_logs_agree(self):
        logged = dict(self.logged)
        self.assertEqual(logged.pop("sender-brackets"), 8)
        self.assertEqual(self.report.rule("sender-brackets")["log-tells"], "cannot be told")
        self.assertEqual(self.report.counts("refused"), logged)
        self.assertEqual(len(logged), 7)
        self.assertEqual(self.report.counts("refused-delivered"), {})


class ReplayOfSendmail(ReplayOfServer):
    @classmethod
    def setUpClass(cls):
        try:
            sendmail_unpacked()
        except support.Unavailable as reason:
            raise unittest.SkipTest(str(reason)) from None
        traffic = Traffic()
        # Each session costs a process: several messages in one.
        traffic.add(20, (EHLO, *(mail("<user@example.net>", greeting=None) * 5)))
        traffic.add(15, mail("<a..b@example.net>"))
        traffic.add(14, mail("user@example.net"))
        traffic.add(13, mail("<user@example.net>", "alice@example.org"))
        traffic.add(12, mail("<user@exa_mple.net>"))
        traffic.add(11, mail("<us\u00e9r@example.net>"))
        traffic.add(10, mail("<user@example.net>", greeting=None))
        traffic.add(9, mail("<>", "<alice@example.org>", "<bob@example.org>"))
        traffic.add(8, mail("<user@example.net>", "<alice@example.org>", "<bob@example.org>",
                            "<carol@example.org>"))
        traffic.add(20, (EHLO, SENDER, STRANGER))
        traffic.add(7, (EHLO, "VRFY alice", "EXPN staff"))
        traffic.add(6, ("GET / HTTP/1.0",))
        traffic.add(2, (EHLO, *((SENDER, ALICE, "RSET") * 23)))
        traffic.dictionary(25)
        with Sendmail() as sendmail:
            traffic.play(sendmail.port)
            play(sendmail.port, "127.0.0.2", (EHLO, "VRFY the-end"))
            sendmail.wait_idle(PATIENCE_SECONDS)
            sendmail.wait_log("VRFY the-end")
            wait_until(lambda: sendmail.log().count(", stat=Sent") >= traffic.messages())
            cls.read(sendmail.log())
        cls.traffic = traffic

    def test_every_message_is_found(self):
        self.assertEqual(self.report.log["delivered"], self.traffic.messages())
        self.assertEqual(self.report.log["lines-strange"], 0)

    def test_refusals_of_mail_that_was_delivered(self):
        self.assert_counts("refused-delivered", {
            "sender-dots": 15, "sender-brackets": 14, "recipient-brackets": 13, "sender-utf8": 11,
            "helo-missing": 10, "recipient-many": 8})

    def test_refusals(self):
        self.assert_counts("refused", {
            "sender-dots": 15, "sender-brackets": 14, "recipient-brackets": 13, "sender-utf8": 11,
            "helo-missing": 10, "recipient-many": 8, "command-vrfy": 7 + 1, "command-expn": 7,
            "command-foreign": 6, "sequence-abandoned": 2 * 2, "probe-recipients": (8, 12)})

    def test_what_is_only_watched(self):
        self.assert_counts("watched-delivered", {"sender-underscore": 12, "bounce-recipients": 9})


if __name__ == "__main__":
    unittest.main()
