"""Relays whose Redis is gone, frozen or slow, and comes back: nobody waits."""

import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from redis_server import SlowProxy, free_port  # noqa: E402
from relays_case import ENOUGH, UNIT, RelaysCase  # noqa: E402

NO_WAIT = 0.4       # seconds: less than any redis.timeout in these tests
ATTEMPTS = 3
TRIED_WITHIN = 8.0  # seconds: the longest pause before Redis is tried again, the try, and some


class Away(RelaysCase):
    """Redis is not there, or as good as. What may take a second would show, if it were waited for.

    What replies take on this machine, as busy as it is, another daemon tells that shares nothing."""

    def setUp(self):
        self.redis.stop()
        self.redis.start()
        super().setUp()
        self.alone = self.make('state-directory = "@DIR@";\n').start()

    def assert_nobody_waits(self, daemon):
        """Sessions that count all the while; and refusals are made.

        A busy machine may hold up one of the two daemons alone, but hardly so again and again."""
        for attempt in range(ATTEMPTS):
            waits, usual = [], []
            begun = time.monotonic()
            while len(waits) < 100 or (attempt > 0 and time.monotonic() - begun < TRIED_WITHIN):
                address = self.offend(daemon, waits)
                self.offend(self.alone, usual)
            if os.environ.get("MEASURE"):
                print(f"{self.id()}: {len(waits)} replies in {sum(waits):.3f} s, "
                      f"the longest after {max(waits):.3f} s; without Redis {sum(usual):.3f} s, "
                      f"{max(usual):.3f} s", file=sys.stderr)
            if max(waits) < max(usual) + NO_WAIT and sum(waits) < 5 * sum(usual) + NO_WAIT:
                return address
        return self.fail(f"replies took {sum(waits)} s, up to {max(waits)} s, and without Redis "
                         f"{sum(usual)} s, up to {max(usual)} s")

    def offend(self, daemon, waits):
        """A client that asks for many unknown names, and is refused; notes what each reply took."""
        def timed(what, *arguments):
            begin = time.monotonic()
            reply = what(*arguments)
            waits.append(time.monotonic() - begin)
            return reply
        address = self.stranger()
        mta = self.visit(address, daemon)
        self.assert_passes(timed(mta.mail, "<list@example.net>"))
        for name in range(ENOUGH):
            timed(mta.rejected_rcpt, f"<user{name}@example.org>")
        mta.abort()
        self.assert_refused(timed(mta.mail, "<list@example.net>"), "probe-recipients", 421)
        mta.close()
        return address

    def assert_comes_back(self, daemon, address, count=1):
        """And others learn what was counted meanwhile."""
        daemon.wait_log(count, event="sharing-back")
        self.wait_refused(address, self.relay())

    def test_it_is_not_there_at_the_start(self):
        self.redis.stop()
        daemon = self.relay(connected=False)
        daemon.wait_log(event="sharing-lost")
        address = self.assert_nobody_waits(daemon)
        self.redis.start()
        self.assert_comes_back(daemon, address)

    def test_it_ends_and_comes_back(self):
        daemon = self.relay()
        self.redis.stop()
        address = self.assert_nobody_waits(daemon)
        daemon.wait_log(event="sharing-lost")
        self.redis.start()
        self.assert_comes_back(daemon, address, 2)

    def longest_wait(self, daemon):
        """Of all replies, from before it was noticed that Redis is away until after."""
        address, waits = self.stranger(), []
        lost = len(daemon.log_lines(event="sharing-lost"))
        while len(daemon.log_lines(event="sharing-lost")) == lost:
            mta = self.visit(address, daemon)
            for what in (lambda: mta.mail("<list@example.net>"),
                         lambda: mta.rejected_rcpt("<nobody@example.org>"), mta.abort):
                begin = time.monotonic()
                what()
                waits.append(time.monotonic() - begin)
            mta.close()
        return max(waits)

    def test_not_a_single_reply_waits_for_the_budget(self):
        """The budget is made a second. Nothing else takes as long, unless the machine is busy: then
        it is tried again, and whoever waits for Redis does so each time."""
        daemon, waits = self.relay(more="timeout = 1000;"), []
        while len(waits) < 5 and min(waits, default=1) >= 0.5:
            backs = len(daemon.log_lines(event="sharing-back"))
            self.redis.pause()
            self.addCleanup(self.redis.resume)
            waits.append(self.longest_wait(daemon))
            self.redis.resume()
            daemon.wait_log(backs + 1, event="sharing-back")
        self.assertLess(min(waits), 0.5)

    def load(self, daemon):
        """Other clients that ask all the while, until the returned function is called."""
        ends, failures = threading.Event(), []

        def ask():
            try:
                while not ends.is_set():
                    self.ask(f"203.0.113.{threading.get_native_id() % 250}", daemon, range(3))
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)
        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()

        def end():
            ends.set()
            for thread in threads:
                thread.join()
            self.assertEqual(failures, [])
        self.addCleanup(ends.set)
        return end

    def test_it_is_frozen_under_load(self):
        daemon = self.relay(rest='rules: { probe-callout = "off"; };\n')
        end = self.load(daemon)
        self.redis.pause()
        self.addCleanup(self.redis.resume)
        address = self.assert_nobody_waits(daemon)
        daemon.wait_log(event="sharing-lost")
        self.redis.resume()
        self.assert_comes_back(daemon, address, 2)
        end()

    def test_a_daemon_stops_while_it_is_frozen(self):
        daemon = self.relay()
        self.redis.pause()
        self.addCleanup(self.redis.resume)
        self.assert_nobody_waits(daemon)
        daemon.stop()
        daemon.start()
        daemon.stop()

    def test_it_is_slow(self):
        with SlowProxy(self.redis.target) as proxy:
            daemon = self.relay(proxy.address, more="timeout = 500;")
            proxy.delay = 2
            address = self.assert_nobody_waits(daemon)
            daemon.wait_log(event="sharing-lost")
            proxy.delay = 0
            self.assert_comes_back(daemon, address, 2)

    def test_answers_come_in_drops(self):
        """An exchange has one deadline, not one for each byte."""
        with SlowProxy(self.redis.target) as proxy:
            daemon = self.relay(proxy.address, more="timeout = 500;")
            proxy.delay, proxy.piece = 0.1, 1
            self.assert_nobody_waits(daemon)
            line = daemon.wait_log(event="sharing-lost")[0]
            self.assertRegex(line["because"], "time|answer")

    def test_answers_are_cut(self):
        with SlowProxy(self.redis.target) as proxy:
            daemon = self.relay(proxy.address)
            for cut in (0, 1, 7, 20, 60):
                proxy.cut_after = cut
                proxy.cut()
                self.assert_nobody_waits(daemon)
            proxy.cut_after = None
            address = self.stranger()
            self.ask(address, daemon)
            self.wait_until(lambda: self.record(address), "a record")

    def test_an_outage_counts_nothing_twice(self):
        daemon = self.relay(rest="probing: { half-life = 31622400; };\n")
        address = self.stranger()
        self.ask(address, daemon, range(5))
        self.wait_until(lambda: self.names_counted(address) == 5 * UNIT, "five names")
        self.redis.pause()
        self.addCleanup(self.redis.resume)
        self.ask(address, daemon, range(5, 9))
        daemon.wait_log(event="sharing-lost")
        self.redis.resume()
        self.wait_until(lambda: self.names_counted(address) >= 9 * UNIT, "nine names")
        daemon.stop()
        self.assertEqual(self.names_counted(address), 9 * UNIT)

    def test_after_an_outage_both_accounts_are_brought_together(self):
        rest = 'rules: { probe-recipients = "off"; };\nprobing: { half-life = 31622400; };\n'
        with SlowProxy(self.redis.target) as proxy:
            one, two = self.relay(proxy.address, rest=rest), self.relay(rest=rest)
            address = self.stranger()
            self.ask(address, one, range(5))
            self.wait_until(lambda: self.names_counted(address) == 5 * UNIT, "five names")
            proxy.cut_after = 0
            proxy.cut()
            self.ask(address, one, range(5, 15))
            one.wait_log(event="sharing-lost")
            self.ask(address, two, range(20, 22))
            self.wait_until(lambda: self.names_counted(address) == 7 * UNIT, "seven names")
            proxy.cut_after = None
            one.wait_log(2, event="sharing-back")
            self.wait_until(lambda: self.names_counted(address) == 15 * UNIT, "the greater count")
            self.ask(address, two, range(22, 24))
            self.wait_until(lambda: self.names_counted(address) == 17 * UNIT, "seventeen names")

    def test_nobody_listens(self):
        daemon = self.relay(f"inet:{free_port()}@127.0.0.1", connected=False)
        line = daemon.wait_log(event="sharing-lost")[0]
        self.assertIn("refused", line["because"].lower())
        self.assert_nobody_waits(daemon)
        self.assertEqual(len(daemon.log_lines(event="sharing-lost")), 1)

    def test_it_can_be_switched_on_and_off(self):
        daemon = self.make('state-directory = "@DIR@";\n').start()
        address = self.stranger()
        self.ask(address, daemon, range(3))
        daemon.reload(self.config())
        daemon.wait_log(event="sharing-back")
        self.ask(address, daemon, range(3, 6))
        self.wait_until(lambda: self.names_counted(address) == 3 * UNIT, "three names")
        daemon.reload('state-directory = "@DIR@";\n')
        self.wait_until(lambda: self.redis.command("CLIENT", "LIST").count(b"\n") == 1,
                        "the connection's end")
        self.ask(address, daemon, range(6, 9))
        time.sleep(0.5)
        self.assertEqual(self.names_counted(address), 3 * UNIT)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
