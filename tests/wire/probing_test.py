"""What counts as probing, who is refused for it and what is remembered, at every door."""

import os
import pathlib
import random
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from askers import MapAsker, PolicyAsker  # noqa: E402
from milter_protocol import strings  # noqa: E402
from wire_case import OwnDaemonCase, WireCase  # noqa: E402

STATE = 'state-directory = "@DIR@";\n'
ACCEPTED = {"{rcpt_mailer}": "local", "{rcpt_host}": "", "{rcpt_addr}": "bob"}
ENOUGH = 25  # different unknown names


class ProbingCase(WireCase):
    CONFIG = STATE
    addresses = 0

    def stranger(self):
        """An address that no other test has."""
        ProbingCase.addresses += 1
        return f"198.51.{100 + ProbingCase.addresses // 250}.{ProbingCase.addresses % 250 + 1}"

    def visit(self, address, daemon=None):
        mta = self.session(address=address, daemon=daemon)
        mta.macros("rcpt", ACCEPTED)
        return mta

    def ask(self, mta, count=ENOUGH, enhanced="5.1.1"):
        """So many unknown recipients, in one transaction."""
        self.assert_passes(mta.mail("<list@example.net>"))
        for number in range(count):
            mta.rejected_rcpt(f"<user{number}@example.org>", enhanced)
        mta.abort()

    def assert_refused_now(self, mta, rule="probe-recipients"):
        reply = mta.mail("<alice@example.net>")
        self.assert_refused(reply, rule, 421, "4.7.0")
        self.assertIn("; try again in ", reply.client_lines[0])
        return reply

    def assert_welcome(self, address, daemon=None):
        mta = self.visit(address, daemon)
        self.assert_message_passes(mta)
        mta.quit()


class WhatCounts(ProbingCase):
    def test_unknown_recipients(self):
        for enhanced in ("5.1.1", "5.1.0", "5.1.6", "5.2.1"):
            with self.subTest(enhanced=enhanced):
                mta = self.visit(self.stranger())
                self.ask(mta, enhanced=enhanced)
                self.assert_refused_now(mta)

    def test_no_other_refusals(self):
        for enhanced in ("4.1.1", "4.2.0", "4.7.1", "5.7.1", "5.1.2", "5.1.3", "5.2.2", "5.1.11",
                         "", "5.1.1 ", "x"):
            with self.subTest(enhanced=enhanced):
                mta = self.visit(self.stranger())
                self.ask(mta, 60, enhanced=enhanced)
                self.assert_passes(mta.mail("<alice@example.net>"))

    def test_the_good_recipients_before_weigh_as_much(self):
        mta = self.visit(self.stranger())
        for _ in range(100):
            self.assert_message_passes(mta)
        self.ask(mta)
        self.assert_passes(mta.mail("<alice@example.net>"))

    def test_recipients_that_are_only_asked_for_do_not_weigh(self):
        mta = self.visit(self.stranger())
        self.assert_passes(mta.mail("<list@example.net>"))
        for number in range(100):
            self.assert_passes(mta.rcpt(f"<bob+{number}@example.org>"))
        mta.abort()
        self.ask(mta)
        self.assert_refused_now(mta)

    def test_callouts_count_when_the_client_just_leaves(self):
        address = self.stranger()
        for _ in range(150):
            mta = self.visit(address)
            reply = mta.mail("<>")
            if not reply.passes:
                break
            self.assert_passes(mta.rcpt("<bob@example.org>"))
            mta.close()
        self.assert_refused(reply, "probe-callout", 421, "4.7.0")

    def test_what_is_in_flight_does_not_count_twice(self):
        """Many recipients sent before an answer is read: one refusal, and it says so once."""
        address = self.stranger()
        mta = self.visit(address)
        self.assert_passes(mta.mail("<list@example.net>"))
        for number in range(100):
            mta.send_packet(b"D", b"R" + strings("{rcpt_mailer}", "error", "{rcpt_host}", "5.1.1"))
            mta.send_packet(b"R", strings(f"<user{number}@example.org>"))
        for _ in range(100):
            self.assert_passes(mta.read_reply())
        mta.macros("rcpt", ACCEPTED)
        self.assert_refused(mta.rcpt("<bob@example.org>"), "probe-recipients", 421)
        lines = self.daemon.wait_log(event="probing", network=f"{address}/32")
        self.assertEqual([(line["times"], line["seconds"]) for line in lines], [("1", "3600")])

    def test_exempt_sessions_are_not_counted(self):
        address = self.stranger()
        mta = self.session(address=address)
        mta.macros("mail", {"{auth_authen}": "joe"})
        self.ask(mta, 60)
        self.assert_message_passes(mta)
        self.assert_welcome(address)

    def test_clients_without_an_address(self):
        mta = self.session(address=None)
        self.ask(mta, 60)
        self.assert_message_passes(mta)


class Networks(ProbingCase):
    CONFIG = STATE + "probing: { ipv4-prefix = 24; ipv6-prefix = 48; };\n"

    def test_neighbours_are_refused_together(self):
        for first, second, stranger in (("203.0.113.1", "203.0.113.254", "203.0.114.1"),
                                        ("2001:db8:1::1", "2001:db8:1:ffff::1", "2001:db8:2::1")):
            with self.subTest(first=first):
                self.ask(self.visit(first))
                self.assert_refused_now(self.visit(second))
                self.assert_welcome(stranger)


class Words(ProbingCase):
    CONFIG = STATE + """
replies: { url = "https://mx.example.org/%rule"; contact = "postmaster@example.org"; };
rules: { probe-recipients = { reply = "550 5.7.1"; text = "Enough"; limit = 5; }; };
"""

    def test_everything_can_be_said_otherwise(self):
        mta = self.visit(self.stranger())
        self.ask(mta, 20)  # now and then two names are taken for one
        reply = mta.mail("<alice@example.net>")
        self.assertEqual(reply.client_lines[0],
                         "550-5.7.1 Enough; try again in 60 minutes (probe-recipients)")
        self.assertIn("https://mx.example.org/probe-recipients", reply.client_lines[-1])
        self.assertIn("postmaster@example.org", reply.client_lines[-1])


class Doors(ProbingCase):
    CONFIG = STATE + """
listen: {
  milter = "unix:@DIR@/milter.sock";
  policy = "unix:@DIR@/policy.sock";
  socketmap = "unix:@DIR@/socketmap.sock";
};
"""

    def asker(self, kind, name):
        asker = kind(f"unix:{self.daemon.folder}/{name}.sock")
        self.addCleanup(asker.close)
        return asker

    def until_refused(self, ask):
        """How often it was answered otherwise before."""
        for number in range(1000):
            answer = ask(f"user{number}")
            if "(probe-vrfy)" in answer:
                return number, answer
            self.assertIn("502 5.5.1 ", answer)
        raise AssertionError("asked 1,000 times")

    def test_vrfy_from_postfix(self):
        address, policy = self.stranger(), self.asker(PolicyAsker, "policy")
        answered, answer = self.until_refused(
            lambda name: policy.vrfy(name, client_address=address))
        self.assertLessEqual(answered, ENOUGH)
        self.assertRegex(answer, r"^421 4\.7\.0 .*; try again in 60 minutes \(probe-vrfy\)$")
        self.assert_refused_now(self.visit(address), "probe-vrfy")
        self.assertEqual(policy.vrfy("bob", client_address=address, protocol_state="RCPT"), answer)
        self.assertEqual(policy.vrfy("bob", client_address=self.stranger(), protocol_state="RCPT"),
                         "DUNNO")

    def test_vrfy_and_expn_from_sendmail(self):
        for name in ("check_vrfy", "check_expn"):
            with self.subTest(name=name):
                address, ask = self.stranger(), self.asker(MapAsker, "socketmap").ask
                answered, answer = self.until_refused(lambda who, at=address, map_name=name:
                                                      ask(map_name, who, address=at))
                self.assertLessEqual(answered, ENOUGH)
                self.assertIn("421 4.7.0 ", answer)
                self.assert_refused_now(self.visit(address), "probe-vrfy")

    def test_policy_requests_for_rcpt_do_not_count(self):
        address, policy = self.stranger(), self.asker(PolicyAsker, "policy")
        for number in range(60):
            self.assertEqual(policy.vrfy(f"user{number}@example.org", client_address=address,
                                         protocol_state="RCPT"), "DUNNO")
        self.assert_welcome(address)

    def test_recipients_in_one_transaction_are_cut_off(self):
        """The milter hears what was refused, and the policy door stops what comes next."""
        address, policy = self.stranger(), self.asker(PolicyAsker, "policy")
        mta = self.visit(address)
        self.assert_passes(mta.mail("<list@example.net>"))
        for number in range(1000):
            if policy.vrfy(f"user{number}@example.org", client_address=address,
                           protocol_state="RCPT") != "DUNNO":
                break
            mta.rejected_rcpt(f"<user{number}@example.org>")
        self.assertLessEqual(number, ENOUGH)


class Reload(ProbingCase):
    def test_limits_can_change(self):
        address = self.stranger()
        self.daemon.reload(STATE + "rules: { probe-recipients = { limit = 200; }; };\n")
        self.ask(self.visit(address), 60)
        self.assert_welcome(address)
        self.daemon.reload(STATE)
        self.ask(self.visit(address), 1)
        self.assert_refused_now(self.visit(address))

    def test_monitor_and_back(self):
        address = self.stranger()
        self.daemon.reload(STATE + 'rules: { probe-recipients = "monitor"; };\n')
        mta = self.visit(address)
        self.ask(mta)
        self.assert_message_passes(mta)
        self.daemon.wait_log(event="would-refuse", rule="probe-recipients", client=address)
        self.assertEqual(self.daemon.log_lines(event="refused", client=address), [])
        self.daemon.reload(STATE)


class StoreCase(OwnDaemonCase, ProbingCase):
    """Each test has its own daemon, and treats its file badly."""

    CONFIG = ""

    def make(self, config=STATE, **options):
        return super().make(config, **options)

    def file_of(self, daemon):
        return pathlib.Path(daemon.folder) / "ledger.mdb"

    def refuse(self, daemon, address="192.0.2.7"):
        mta = self.visit(address, daemon)
        self.ask(mta)
        self.assert_refused_now(mta)

    def assert_served_from(self, content):
        """A daemon that finds this in its file remembers at least what happens from now on."""
        daemon = self.make()
        self.file_of(daemon).write_bytes(content)
        os.chmod(self.file_of(daemon), 0o666)
        daemon.start()
        self.refuse(daemon, "203.0.113.99")
        self.assert_welcome("203.0.113.100", daemon)
        daemon.stop()
        daemon.start()
        self.assert_refused_now(self.visit("203.0.113.99", daemon))
        daemon.stop()


class Store(StoreCase):
    def test_nobody_is_remembered_without_a_folder(self):
        daemon = self.make('state-directory = "";\n').start()
        self.ask(self.visit("192.0.2.7", daemon), 60)
        self.assert_welcome("192.0.2.7", daemon)
        self.assertFalse(self.file_of(daemon).exists())
        daemon.stop()

    def test_nothing_is_written_of_clean_clients(self):
        daemon = self.make().start()
        before = self.file_of(daemon).read_bytes()
        for number in range(50):
            self.assert_welcome(f"192.0.2.{number}", daemon)
        daemon.stop()
        self.assertEqual(self.file_of(daemon).read_bytes(), before)

    def test_a_folder_that_is_not_there(self):
        daemon = self.make('state-directory = "@DIR@/nowhere";\n').start()
        self.assertEqual(len(daemon.wait_log(event="store-failed")), 1)
        self.ask(self.visit("192.0.2.7", daemon), 60)
        self.assert_serves(daemon)
        daemon.stop()

    def test_a_file_that_is_none_is_set_aside(self):
        for content in (b"", b"\0", b"not a database at all", random.Random(1).randbytes(8192),
                        b"\0" * 100000, b"\xff" * 4096):
            with self.subTest(content=content[:8]):
                self.assert_served_from(content)

    def test_what_is_set_aside_can_be_looked_at(self):
        daemon = self.make()
        self.file_of(daemon).write_bytes(b"not a database at all")
        os.chmod(self.file_of(daemon), 0o666)
        daemon.start()
        line, = daemon.wait_log(event="store-set-aside")
        aside = pathlib.Path(daemon.folder) / "ledger.mdb.unreadable-1"
        self.assertEqual(line["file"], str(aside))
        self.assertEqual(aside.read_bytes(), b"not a database at all")
        daemon.stop()

    def test_a_file_that_may_not_be_read(self):
        """It belongs to somebody else, as after a visit of root's."""
        daemon = self.make().start()
        self.refuse(daemon)
        daemon.stop()
        folder = pathlib.Path(daemon.folder)
        os.chmod(folder / "ledger.mdb-lock", 0)
        daemon.start()
        self.assert_refused_now(self.visit("192.0.2.7", daemon))
        daemon.stop()
        os.chmod(folder / "ledger.mdb", 0)
        daemon.start()
        line, = daemon.wait_log(event="store-set-aside")
        self.assertEqual(line["file"], f"{folder}/ledger.mdb.unreadable-1")
        self.assert_welcome("192.0.2.7", daemon)
        self.refuse(daemon)
        self.assertEqual(daemon.log_lines(event="store-failed"), [])
        daemon.stop()

    def test_sudden_death_amid_a_flood(self):
        daemon = self.make().start()
        self.refuse(daemon)
        daemon.stop()  # it may take a disk a while to have the refusal
        daemon.start()
        for life in range(5):
            for number in range(40):
                mta = self.visit(f"203.0.113.{number + life}", daemon)
                self.ask(mta, 3)
                mta.close()
            daemon.kill()
            daemon.start()
        self.assert_refused_now(self.visit("192.0.2.7", daemon))
        self.assertEqual(daemon.log_lines(event="store-set-aside"), [])
        daemon.stop()


class Damage(StoreCase):
    def test_a_damaged_file(self):
        daemon = self.make().start()
        self.refuse(daemon)
        daemon.stop()
        whole = self.file_of(daemon).read_bytes()
        for start in range(0, len(whole), max(len(whole) // 24, 1)):
            with self.subTest(start=start):
                broken = bytearray(whole)
                length = len(broken[start:start + 64])
                broken[start:start + length] = random.Random(start).randbytes(length)
                self.assert_served_from(broken)
        for length in (0, 1, 100, 4096, len(whole) - 1, len(whole) // 2):
            with self.subTest(length=length):
                self.assert_served_from(whole[:length])


if __name__ == "__main__":
    unittest.main()
