"""Signals: none of them but SIGTERM and SIGINT ends the daemon, and those do at once."""

import datetime
import os
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from wire_case import OwnDaemonCase  # noqa: E402

STORM = 10_000


class SignalCase(OwnDaemonCase):
    def setUp(self):
        self.daemon = self.make()

    def send(self, *signals):
        for number in signals:
            self.daemon.process.send_signal(number)


class Reloading(SignalCase):
    def assert_reloads_and_stops(self):
        self.assertEqual(self.daemon.reload(how=signal.SIGHUP)["event"], "reloaded")
        self.assert_serves()
        self.daemon.stop()

    def quiet(self):
        """Wait until the reloads that are still to come have come."""
        count = -1
        while count != len(self.daemon.log_lines(event="reloaded")):
            count = len(self.daemon.log_lines(event="reloaded"))
            time.sleep(0.5)

    def test_ten_thousand_sighups(self):
        self.daemon.start()
        for _ in range(STORM):
            self.send(signal.SIGHUP)
        self.quiet()
        self.assert_reloads_and_stops()

    # A signal is given to any thread that does not block it: the more kinds of them arrive at once,
    # and the longer the main thread cannot run, the more are given to another one.
    def test_ten_thousand_that_cross_others(self):
        self.daemon.start()
        for number in range(STORM):
            self.send(signal.SIGHUP, signal.SIGUSR1)
            if number % 100 == 0:
                self.send(signal.SIGSTOP, signal.SIGHUP, signal.SIGUSR1, signal.SIGCONT)
        self.quiet()
        self.assert_reloads_and_stops()

    def test_a_storm_while_sessions_run(self):
        self.daemon.start()
        for _ in range(50):
            for _ in range(20):
                self.send(signal.SIGHUP)
            self.assert_serves()
        self.quiet()
        self.assert_reloads_and_stops()

    def test_sighup_counts_when_a_parent_had_it_ignored(self):
        self.daemon.launcher = ["nohup"]
        self.daemon.start()
        self.assert_reloads_and_stops()

    def test_others_mean_nothing(self):
        self.daemon.start()
        self.send(signal.SIGUSR2, signal.SIGPIPE, signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH)
        self.assert_reloads_and_stops()


class Stopping(SignalCase):
    def assert_ends(self):
        self.assertEqual(self.daemon.wait_exit(), 0, self.daemon.said())

    def seconds_to_stop(self):
        """From the signal to the line that tells of the end: a sanitizer may have a last word."""
        self.daemon.start()
        mta = self.session()
        self.assert_passes(mta.mail("<alice@example.net>"))
        began = datetime.datetime.now(datetime.timezone.utc)
        self.send(signal.SIGTERM)
        self.assert_ends()
        stamp = self.daemon.log_lines(event="stopped")[-1]["line"].split("Z ")[0]
        stopped = datetime.datetime.fromisoformat(f"{stamp}+00:00")
        return (stopped - began).total_seconds()

    def test_takes_no_five_seconds(self):
        """Much less, in fact; libmilter's wait would take them each time, a busy machine hardly."""
        took = []
        while len(took) < 3 and not (took and took[-1] < 4.5):
            took.append(self.seconds_to_stop())
        self.assertLess(took[-1], 4.5, took)
        self.assertEqual(len(self.daemon.log_lines(event="stopped")), len(took), self.daemon.said())

    def test_by_two_signals_at_once(self):
        for first, second in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM),
                              (signal.SIGHUP, signal.SIGTERM), (signal.SIGTERM, signal.SIGHUP)):
            with self.subTest(first=first.name, second=second.name):
                self.daemon.start()
                self.send(first, second)
                self.assert_ends()
                self.assertFalse(os.path.exists(self.daemon.milter.removeprefix("unix:")))

    def test_in_the_middle_of_the_start(self):
        """Whenever it comes, the daemon ends, by itself or by the signal, and leaves nothing behind."""
        for milliseconds in range(0, 40, 2):
            self.daemon.spawn()
            time.sleep(milliseconds / 1000)
            self.send(signal.SIGTERM)
            ended = self.daemon.wait_exit()
            self.assertIn(ended, (0, -signal.SIGTERM), self.daemon.said())
            self.assertFalse(os.path.exists(self.daemon.milter.removeprefix("unix:")))


if __name__ == "__main__":
    unittest.main()
