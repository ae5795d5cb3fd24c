"""Relays of one site: two hosts, each with a Postfix, the daemon and a store of its own, a third
with the Redis by which they share what they know, and clients at the other end of the network.
"""

import contextlib
import functools
import itertools
import pathlib
import statistics
import time
import types
import unittest

import probes
import support
from hosts import Network
from operator_tool import ctl
from postfix_config import milter_socket
from redis_server import RedisServer, SlowProxy
from smtp_load import SmtpLoad

ALONE = 'state-directory = "@DIR@";\n'
# A busy machine's Redis may be late for the default: here it has all the time that there may be, and
# so has whoever should wait for it, which would show.
SHARES = ALONE + 'redis: {{ server = "{server}"; timeout = 1000; }};\n'
PROMISED = 1.0         # seconds until the other relays refuse as well
PROMISES = 20          # of which one must be kept: no disturbance makes anything faster
SHARED_WITHIN = 120.0  # on a machine that is busy
LONGER_AT_MOST = 0.5   # seconds that any reply may take longer than at a relay that shares nothing
USUALLY_AT_MOST = 0.02  # and those that five times the usual are too little for
ATTEMPTS = 5
TRIED_WITHIN = 8.0     # seconds: the longest pause before Redis is tried again, the try, and some
CLIENTS = 2            # at each relay
FEW = 12  # unknown names, which nobody is refused for


def usual(waits):
    """The median of the seconds, by command."""
    by_command = {}
    for wait in waits:
        by_command.setdefault(wait.command, []).append(wait.seconds)
    return {command: statistics.median(seconds) for command, seconds in by_command.items()}


class RelaysCase(probes.ProbeCase):
    @classmethod
    def setUpClass(cls):
        support.unpacked()
        cls.network = cls.enterClassContext(Network())
        cls.redis_host = cls.network.add("192.0.2.20")
        cls.redis = cls.enterClassContext(cls.run_redis())
        cls.relays = [cls.run_relay(f"192.0.2.{number}", SHARES.format(server=cls.redis.address))
                      for number in (11, 12)]

    @classmethod
    def run_redis(cls):
        return RedisServer(host=cls.redis_host.address, launcher=cls.redis_host.launcher)

    @classmethod
    def run_relay(cls, address, config):
        host = cls.network.add(address)
        milter, listen = cls.enterClassContext(milter_socket())
        daemon = cls.enterClassContext(support.Daemon(listen + config, listen=milter, as_root=True,
                                                      launcher=host.launcher))
        postfix = cls.enterClassContext(support.Postfix(
            milter=milter, settings=probes.PATIENT, host=address, launcher=host.launcher))
        return types.SimpleNamespace(host=host, daemon=daemon, postfix=postfix)

    def setUp(self):
        self.one, self.other = self.relays

    def connect(self, address, at):
        """A client from this address at a relay; nothing was said yet."""
        with self.network.clients.entered():
            return support.SmtpClient.dial(at.postfix.host, at.postfix.port, source=address)

    def visit(self, address, at):
        client = self.connect(address, at)
        self.addCleanup(client.close)
        self.assertRegex(client.read_reply()[0], "^220 ")
        return support.greet(client)

    def is_refused(self, address, at):
        with contextlib.closing(self.visit(address, at)) as client:
            return client.command("MAIL FROM:<sender@example.net>")[0].startswith("421")

    def offend(self, address, at):
        """A dictionary, cut off where it is asked."""
        answered, reply = self.harvest(address, probes.names(1000), at=at)
        self.assertIsNotNone(reply, "nobody stopped it")
        self.assertLessEqual(answered, probes.CUT_OFF_AT_MOST)
        self.assert_turned_away(address, at=at)

    @staticmethod
    def comes(condition, seconds):
        """Whether it becomes true within so many seconds."""
        limit = time.monotonic() + seconds
        while not (result := condition()):
            if time.monotonic() > limit:
                break
            time.sleep(0.01)
        return result

    def assert_refused_soon(self, address, at, rule="probe-recipients"):
        """Because of what the other relay knows."""
        self.assertTrue(self.comes(lambda: self.is_refused(address, at), SHARED_WITHIN),
                        "not shared")
        self.assert_turned_away(address, rule, at=at)


class Sharing(RelaysCase):
    def test_an_offender_on_one_is_refused_by_the_other(self):
        for number, (at, also_at) in enumerate((self.relays, self.relays[::-1])):
            address = f"198.51.100.{number + 1}"
            self.offend(address, at)
            self.assert_refused_soon(address, also_at)
            self.assert_welcome("198.51.100.3", at=also_at)

    def test_it_takes_less_than_a_second(self):
        """Machines may be busy at times. What were made to wait longer would always do so."""
        taken = []
        while len(taken) < PROMISES and min(taken, default=PROMISED) >= PROMISED:
            address = f"198.51.100.{20 + len(taken)}"
            self.offend(address, self.one)
            begun = time.monotonic()
            self.assertTrue(self.comes(lambda at=address: self.is_refused(at, self.other),
                                       SHARED_WITHIN), "not shared")
            taken.append(time.monotonic() - begun)
        self.assertLess(min(taken), PROMISED)

    def test_what_is_asked_of_each_adds_up(self):
        """Neither relay sees enough of a dictionary that is spread over both."""
        users = probes.names(2 * FEW)
        for address in ("198.51.100.4", "198.51.100.5"):
            self.assertEqual(self.harvest(address, users[:FEW], at=self.one), (FEW, None))
        self.harvest("198.51.100.5", users[FEW:], at=self.other)
        for at in self.relays:
            self.assert_refused_soon("198.51.100.5", at)
            self.assert_welcome("198.51.100.4", at=at)

    def test_forgiven_and_refused_by_an_operator_of_one(self):
        self.offend("198.51.100.8", self.one)
        self.assert_refused_soon("198.51.100.8", self.other)
        self.assertEqual(ctl(self.other.daemon, "forgive", "198.51.100.8").status, 0)
        self.assertFalse(self.is_refused("198.51.100.8", self.other))
        self.assertTrue(self.comes(lambda: not self.is_refused("198.51.100.8", self.one),
                                   SHARED_WITHIN), "not forgiven by the other")
        for at in self.relays:
            self.assert_welcome("198.51.100.8", at=at)
        self.assertEqual(ctl(self.one.daemon, "refuse", "198.51.100.9", "1h").status, 0)
        self.assert_refused_soon("198.51.100.9", self.other, "client-refused")

    def test_a_relay_without_a_past_learns_what_the_other_knows(self):
        self.offend("198.51.100.6", self.one)
        self.other.daemon.stop()
        for file in pathlib.Path(self.other.daemon.folder).glob("ledger.*"):
            file.unlink()
        self.other.daemon.start()
        self.assert_refused_soon("198.51.100.6", self.other)

    def test_what_the_other_knows_stays_in_the_own_store(self):
        self.offend("198.51.100.7", self.one)
        self.assert_refused_soon("198.51.100.7", self.other)
        self.redis.stop()
        self.addCleanup(self.redis.start)
        self.other.daemon.stop()
        self.other.daemon.start()
        self.assert_turned_away("198.51.100.7", at=self.other)


class Troubles(RelaysCase):
    """What becomes of Redis while mail comes in on both relays, and on a third that shares nothing:
    it tells what replies take on this machine, as busy as it is."""

    FIRST = "198.51.100.1"

    @contextlib.contextmanager
    def stopped(self):
        self.redis.stop()
        try:
            yield
        finally:
            self.redis.start()

    @contextlib.contextmanager
    def frozen(self):
        self.redis.pause()
        try:
            yield
        finally:
            self.redis.resume()

    @contextlib.contextmanager
    def unplugged(self):
        self.network.unplug(self.redis_host)
        try:
            yield
        finally:
            self.network.plug(self.redis_host)

    @contextlib.contextmanager
    def slow(self):
        """In its place stands one whose answers take two seconds."""
        with self.stopped(), self.run_redis() as behind:
            with self.redis_host.entered():
                proxy = SlowProxy(behind.target, *self.redis.target)
            with proxy:
                proxy.delay = 2
                yield

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alone = cls.run_relay("192.0.2.13", ALONE)

    def setUp(self):
        super().setUp()
        clients = [functools.partial(self.connect, f"198.51.100.{200 + number}", relay)
                   for relay in (self.alone, *self.relays) for number in range(CLIENTS)]
        self.load = self.enterContext(SmtpLoad(clients))
        self.numbers = itertools.count()

    def stranger(self):
        number = next(self.numbers)
        return f"198.51.{101 + number // 250}.{1 + number % 250}"

    def test_nothing_is_lost_but_sharing(self):
        self.assert_shares()
        self.assert_nobody_waits()
        self.offend(self.FIRST, self.one)
        self.assert_refused_soon(self.FIRST, self.other)
        for trouble in (self.stopped, self.frozen, self.unplugged, self.slow):
            with self.subTest(trouble=trouble.__name__):
                with trouble():
                    self.assert_nobody_waits()
                    offenders = self.assert_each_refuses_its_own()
                    for relay in self.relays:
                        relay.daemon.wait_for(functools.partial(self.says_it_is_alone, relay),
                                              "sharing-lost as the last word on sharing")
                self.assert_shares()
                self.assert_nobody_waits()
                for address, apart in zip(offenders, self.relays[::-1]):
                    self.assert_refused_soon(address, apart)

    @staticmethod
    def says_it_is_alone(relay):
        """Whatever it said before: on a busy machine even a healthy Redis may be late at times."""
        said = [fields["event"] for fields in relay.daemon.log_lines()
                if fields.get("event", "").startswith("sharing-")]
        return said[-1:] == ["sharing-lost"]

    def assert_nobody_waits(self):
        """No reply takes notably longer than at the third relay, and no kind of them usually does.

        A busy machine may hold up a reply now and then; whoever waits for Redis does it whenever
        Redis is tried."""
        for attempt in range(ATTEMPTS):
            by_client = self.load.measure(seconds=TRIED_WITHIN if attempt else 0.0)
            alone, waits = sum(by_client[:CLIENTS], []), sum(by_client[CLIENTS:], [])
            longer = self.longer(waits, alone)
            if not longer:
                return
        self.fail("; ".join(longer))

    @staticmethod
    def longer(waits, alone):
        """What takes too long."""
        found, usually = [], usual(alone)
        if max(waits).seconds >= max(alone).seconds + LONGER_AT_MOST:
            found.append(f"at the longest {max(waits)}, else {max(alone)}")
        for command, seconds in usual(waits).items():
            if seconds >= 5 * usually[command] + USUALLY_AT_MOST:
                found.append(f"{command}: usually {seconds} s, else {usually[command]} s")
        return found

    def assert_each_refuses_its_own(self):
        """Old offenders and new ones; returns the new one of either relay."""
        offenders = []
        for at, apart in (self.relays, self.relays[::-1]):
            self.assert_turned_away(self.FIRST, at=at)
            address = self.stranger()
            self.offend(address, at)
            self.assert_welcome(address, at=apart)  # else the trouble was none
            offenders.append(address)
        return offenders

    def assert_shares(self):
        """What one relay sees now is known to the other, both ways."""
        for at, also_at in (self.relays, self.relays[::-1]):
            address = self.stranger()
            self.offend(address, at)
            self.assert_refused_soon(address, also_at)


if __name__ == "__main__":
    unittest.main()
