"""Relays whose Redis holds what no relay has written, or is none at all."""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from fake_redis import HONEST, NIL, FakeRedis, endless  # noqa: E402
from relays_case import ENOUGH, LATE, PREFIX, UNIT, RelaysCase  # noqa: E402


class Strange(RelaysCase):
    """Redis holds what no relay has written."""

    def test_records_that_are_none_are_written_over(self):
        daemon = self.relay()
        for record in (b"", b"garbage", b"\x01" + b"\xff" * 160, b"\x02" + b"\0" * 160,
                       b"x" * 100000):
            with self.subTest(record=record[:8]):
                address = self.stranger()
                self.redis.command("SET", f"{PREFIX}page:{address}/32", record)
                self.ask(address, daemon, range(3))
                self.wait_until(lambda at=address: self.names_counted(at) == 3 * UNIT, "a record")
        self.assert_no_fault(daemon)

    def test_a_key_of_another_type_costs_one_network(self):
        daemon, address, other = self.relay(), self.stranger(), self.stranger()
        self.redis.command("LPUSH", f"{PREFIX}page:{address}/32", "a")
        self.ask(address, daemon)
        self.ask(other, daemon)
        self.wait_until(lambda: self.record(other), "a record")
        daemon.wait_log(event="sharing-dropped")
        self.assertTrue(self.is_refused(address, daemon))
        self.assert_no_fault(daemon)

    def test_entries_that_are_none_are_passed_over(self):
        address = self.stranger()
        stream = f"{PREFIX}stream"
        for fields in (("a", "b"), ("network", "x", "page", "y"), ("page", "x", "network", "y"),
                       ("network", "192.0.2.1/33", "page", "z"),
                       ("network", "192.0.2.0/24", "page", b"\x01" + b"\xff" * 160),
                       ("network", "x" * 100000, "page", "y"), tuple("abcdefgh") * 50):
            self.redis.command("XADD", stream, "*", *fields)
        one, two = self.relay(), self.relay()
        self.ask(address, one)
        self.wait_refused(address, two)
        self.assert_no_fault(one, two)

    def test_a_stream_or_seed_that_is_none_ends_it(self):
        for name, why in (("stream", "WRONGTYPE"), ("seed", "seed|WRONGTYPE")):
            for make in ("LPUSH", "SET"):
                with self.subTest(name=name, make=make):
                    self.redis.command("FLUSHALL")
                    self.redis.command(make, f"{PREFIX}{name}", "not a seed")
                    daemon = self.relay(connected=False)
                    self.assertRegex(daemon.wait_log(event="sharing-lost")[0]["because"],
                                     f"{why}|{LATE}")
                    self.assert_serves(daemon)
                    count = len(daemon.log_lines(event="sharing-back"))
                    self.redis.command("DEL", f"{PREFIX}{name}")
                    daemon.wait_log(count + 1, event="sharing-back")
                    daemon.stop()

    def test_a_seed_that_changes_is_adopted_by_all(self):
        one, two = self.relay(), self.relay()
        before = [len(daemon.log_lines(event="sharing-back")) for daemon in (one, two)]
        self.redis.command("SET", f"{PREFIX}seed", "00000000000000aa")
        with self.redis.client() as client:
            client.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        for daemon, count in zip((one, two), before):
            daemon.wait_log(count + 1, event="sharing-back")
        self.assertEqual(self.redis.command("GET", f"{PREFIX}seed"), b"00000000000000aa")
        address = self.stranger()
        self.ask(address, one, range(12))
        self.wait_until(lambda: self.names_counted(address) == 12 * UNIT, "twelve names")
        self.ask(address, two, range(12, ENOUGH))
        self.wait_refused(address, one)


class Unwilling(RelaysCase):
    """A server that answers, and does not do what it is asked."""

    SAID = {("SET",): b"-READONLY You can't write against a read only replica.\r\n",
            ("SET", "GET", "PEXPIRE"): b"-LOADING Redis is loading the dataset in memory\r\n",
            ("EVALSHA", "EVAL"): b"-MOVED 3999 127.0.0.1:6381\r\n",
            ("XREAD",): b"-NOPERM this user has no permissions to run the 'xread' command\r\n"}

    def setUp(self):
        super().setUp()
        self.addCleanup(self.redis.command, "CONFIG", "SET", "maxmemory", 0)
        self.addCleanup(self.redis.command, "REPLICAOF", "NO", "ONE")

    def assert_told_once(self, daemon, why):
        """However often it was tried: nothing is said of sharing after that."""
        told = [line for line in daemon.log_lines()
                if line.get("event") in ("sharing-lost", "sharing-back")]
        because = [line.get("because", "") for line in told]
        self.assertIn(why, because[-1])
        self.assertEqual(sum(why in reason for reason in because), 1, told)
        self.assert_serves(daemon)

    def test_what_it_says_is_told_once(self):
        for names, said in self.SAID.items():
            with self.subTest(names=names), FakeRedis(dict.fromkeys(names, said)) as fake:
                daemon = self.relay(fake.address, connected=False)
                self.ask(self.stranger(), daemon)
                daemon.wait_log(event="sharing-lost")
                before = fake.asked.count("SELECT")
                self.wait_until(lambda: fake.asked.count("SELECT") >= before + 3, "other tries")
                self.assert_told_once(daemon, said.split()[0].decode().lstrip("-"))
                daemon.stop()

    def tries(self):
        """How often anybody has selected a database."""
        found = re.search(rb"cmdstat_select:calls=(\d+)", self.redis.command("INFO", "commandstats"))
        return int(found[1]) if found else 0

    def assert_comes_back(self, daemon, why, *change):
        """Nothing of what was counted meanwhile is lost."""
        address = self.stranger()
        self.ask(address, daemon)
        daemon.wait_log(event="sharing-lost")
        before = self.tries()
        self.wait_until(lambda: self.tries() >= before + 3, "other tries")
        self.assert_told_once(daemon, why)
        told = len(daemon.log_lines(event="sharing-back"))
        self.redis.command(*change)
        daemon.wait_log(told + 1, event="sharing-back")
        self.wait_refused(address, self.relay())

    def test_it_has_no_room(self):
        for connected in (False, True):
            with self.subTest(connected=connected):
                daemon = self.relay() if connected else None
                self.redis.command("CONFIG", "SET", "maxmemory", 1)
                daemon = daemon or self.relay(connected=False)
                self.assert_comes_back(daemon, "OOM", "CONFIG", "SET", "maxmemory", 0)

    def test_it_may_only_be_read(self):
        for connected in (False, True):
            with self.subTest(connected=connected):
                daemon = self.relay() if connected else None
                self.redis.command("REPLICAOF", "127.0.0.1", 1)
                daemon = daemon or self.relay(connected=False)
                self.assert_comes_back(daemon, "READONLY", "REPLICAOF", "NO", "ONE")


class Hostile(RelaysCase):
    """A server that answers what no Redis would."""

    WRONG = (b"HTTP/1.0 400 Bad Request\r\n\r\n", b"\0" * 100, b"*2000000000\r\n", b"*5000\r\n",
             b"$2000000000\r\n", b"$-5\r\n", b"*-9\r\n", b":x\r\n", b"*1\r\n" * 50, b"%1\r\n",
             b"-ERR no\r\n", b"-" + b"x" * 100000 + b"\r\n", b"+QUEUED\r\n", b"*1\r\n$-1\r\n",
             b"*1\r\n*2\r\n$1\r\na\r\n*1\r\n:1\r\n", None, endless(b"$2000000000\r\n"),
             endless(b"*4000\r\n", b":1\r\n" * 4096), endless(b"+"))

    def ask_enough(self, address, daemon):
        """The seed that the fake has comes amid the questions, and what was counted is forgotten."""
        self.ask(address, daemon, range(2 * ENOUGH))

    def assert_holds_out(self, fake):
        daemon = self.relay(fake.address, connected=False)
        address = self.stranger()
        self.ask_enough(address, daemon)
        daemon.wait_log(event="sharing-lost")
        self.assertTrue(self.is_refused(address, daemon))
        daemon.stop()

    def test_whatever_is_asked(self):
        for wrong in self.WRONG:
            with self.subTest(wrong=wrong if callable(wrong) or not wrong else wrong[:20]):
                with FakeRedis(everything=wrong if wrong is not None else endless(b"")) as fake:
                    self.assert_holds_out(fake)

    def test_amid_honest_answers(self):
        for name in ("GET", "SCRIPT", "XREAD", "EVALSHA"):
            for wrong in (b"*2000000000\r\n", b":7777777777777777777777\r\n", b"+QUEUED\r\n", None,
                          b"$3\r\nabc\r\n" if name != "EVALSHA" else b"*0\r\n",
                          endless(b"$2000000000\r\n")):
                with self.subTest(name=name, wrong=wrong):
                    with FakeRedis({name: wrong}) as fake:
                        self.assert_holds_out(fake)

    def test_a_record_that_never_fits(self):
        """Each update is answered with another record: tries end, and all else goes on."""
        for answer in (b"$7\r\ngarbage\r\n", NIL, b"-NOSCRIPT no\r\n"):
            with self.subTest(answer=answer), FakeRedis({"EVALSHA": answer, "EVAL": answer}) as fake:
                daemon = self.relay(fake.address)
                address = self.stranger()
                self.ask_enough(address, daemon)
                self.assertTrue(self.is_refused(address, daemon))
                before = fake.asked.count("XREAD")
                self.wait_until(lambda: fake.asked.count("XREAD") > before + 2, "more questions")
                daemon.stop()

    def test_the_fake_is_believed_when_honest(self):
        with FakeRedis() as fake:
            daemon = self.relay(fake.address)
            self.ask(self.stranger(), daemon)
            self.wait_until(lambda: "EVALSHA" in fake.asked, "an update")
            self.assert_no_fault(daemon)
            self.assertLessEqual(set(fake.asked), set(HONEST))
            daemon.stop()


if __name__ == "__main__":
    unittest.main()
