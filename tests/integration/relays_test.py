"""Relays of one site: two hosts, each with a Postfix, the daemon and a store of its own, a third
with the Redis by which they share what they know, and clients at the other end of the network.
"""

import contextlib
import functools
import statistics
import time
import types
import unittest

import probes
import support
from hosts import Network
from postfix_config import milter_socket
from redis_server import RedisServer, SlowProxy
from smtp_load import SmtpLoad

CONFIG = 'state-directory = "@DIR@";\nredis: {{ server = "{server}"; }};\n'
SHARED_WITHIN = 5.0  # seconds; on an idle machine it is a small part of one
BACK_WITHIN = 60.0
LONGER_AT_MOST = 1.0  # seconds that any reply may take longer than without trouble
CLIENTS = 4


class RelaysCase(probes.ProbeCase):
    @classmethod
    def setUpClass(cls):
        try:
            support.unpacked()
            cls.network = cls.enterClassContext(Network())
        except support.Unavailable as reason:
            raise unittest.SkipTest(str(reason)) from None
        cls.redis_host = cls.network.add("192.0.2.20")
        cls.redis = cls.enterClassContext(cls.run_redis())
        cls.relays = [cls.run_relay(f"192.0.2.{number}") for number in (11, 12)]

    @classmethod
    def run_redis(cls):
        return RedisServer(host=cls.redis_host.address, launcher=cls.redis_host.launcher)

    @classmethod
    def run_relay(cls, address):
        host = cls.network.add(address)
        milter, config = cls.enterClassContext(milter_socket())
        config += CONFIG.format(server=cls.redis.address)
        daemon = cls.enterClassContext(support.Daemon(config, listen=milter, as_root=True,
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

    def wait_refused(self, address, at, seconds):
        """How long it took until the client was refused there as well; None: it was not."""
        begun = time.monotonic()
        while not self.is_refused(address, at):
            if time.monotonic() - begun > seconds:
                return None
            time.sleep(0.01)
        return time.monotonic() - begun


class Sharing(RelaysCase):
    def test_an_offender_on_one_is_refused_by_the_other(self):
        for number, (at, also_at) in enumerate((self.relays, self.relays[::-1])):
            address = f"198.51.100.{number + 1}"
            self.offend(address, at)
            self.assertIsNotNone(self.wait_refused(address, also_at, SHARED_WITHIN), "not shared")
            self.assert_turned_away(address, at=also_at)
            self.assert_welcome("198.51.100.3", at=also_at)


class Troubles(RelaysCase):
    """What becomes of Redis while mail comes in on both relays."""

    FIRST = "198.51.100.1"

    @contextlib.contextmanager
    def stopped(self):
        self.redis.stop()
        yield
        self.redis.start()

    @contextlib.contextmanager
    def frozen(self):
        self.redis.pause()
        yield
        self.redis.resume()

    @contextlib.contextmanager
    def unplugged(self):
        self.network.unplug(self.redis_host)
        yield
        self.network.plug(self.redis_host)

    @contextlib.contextmanager
    def slow(self):
        """In its place stands one whose answers take a fifth of a second."""
        with self.stopped(), self.run_redis() as behind:
            with self.redis_host.entered():
                proxy = SlowProxy(behind.target, *self.redis.target)
            with proxy:
                proxy.delay = 0.2
                yield

    def setUp(self):
        super().setUp()
        clients = [functools.partial(self.connect, f"198.51.100.{200 + number}", relay)
                   for number in range(CLIENTS // 2) for relay in self.relays]
        self.load = self.enterContext(SmtpLoad(clients))
        self.numbers = iter(range(10, 200))

    def stranger(self):
        return f"198.51.100.{next(self.numbers)}"

    def test_nothing_is_lost_but_sharing(self):
        self.wait_sharing()
        self.offend(self.FIRST, self.one)
        self.assertIsNotNone(self.wait_refused(self.FIRST, self.other, SHARED_WITHIN))
        calm = self.load.measure()
        for trouble in (self.stopped, self.frozen, self.unplugged, self.slow):
            with self.subTest(trouble=trouble.__name__):
                with trouble():
                    self.assert_no_worse(self.load.measure(), calm)
                    self.assert_each_refuses_its_own()
                self.wait_sharing()
                self.assert_no_worse(self.load.measure(), calm)

    def assert_no_worse(self, waits, calm):
        """No reply, and not the usual one either, takes notably longer than without trouble."""
        longest, usual = max(waits), statistics.median(wait.seconds for wait in waits)
        self.assertLess(longest.seconds, max(calm).seconds + LONGER_AT_MOST, longest)
        self.assertLess(usual, 10 * statistics.median(wait.seconds for wait in calm) + 0.02)

    def assert_each_refuses_its_own(self):
        for at, apart in (self.relays, self.relays[::-1]):
            self.assert_turned_away(self.FIRST, at=at)
            address = self.stranger()
            self.offend(address, at)
            self.assert_welcome(address, at=apart)  # else the trouble was none

    def wait_sharing(self):
        """What one relay sees now is known to the other, both ways."""
        for at, also_at in (self.relays, self.relays[::-1]):
            begun, shared = time.monotonic(), None
            while shared is None:
                self.assertLess(time.monotonic() - begun, BACK_WITHIN, "sharing did not come back")
                address = self.stranger()
                self.offend(address, at)
                shared = self.wait_refused(address, also_at, 1.0)


if __name__ == "__main__":
    unittest.main()
