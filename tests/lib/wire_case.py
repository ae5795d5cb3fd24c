"""The base of the wire tests: a daemon for each class or each test, and sessions with it."""

import contextlib
import threading
import unittest

from daemon import Daemon
from milter_wire import Mta


class WireCase(unittest.TestCase):
    CONFIG = ""

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(cls.CONFIG)
        cls.addClassCleanup(cls.daemon.discard)
        cls.daemon.start()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def tearDown(self):
        if self.daemon.process.poll() is not None:
            self.fail(f"the daemon died{self.daemon.said()}")

    def dial(self, daemon=None):
        """A connection that has not negotiated yet."""
        mta = Mta((daemon or self.daemon).milter).open()
        self.addCleanup(mta.close)
        return mta

    def session(self, helo="client.example", daemon=None, **connect):
        """A session after HELO (before it when `helo` is None)."""
        mta = self.dial(daemon)
        mta.negotiate()
        self.begin(mta, helo, **connect)
        return mta

    def begin(self, mta, helo="client.example", name="client.example", address="192.0.2.7",
              port=40000, family=None):
        self.assert_passes(mta.connect(name, address, port, family))
        if helo is not None:
            self.assert_passes(mta.helo(helo))

    def assert_passes(self, reply):
        self.assertTrue(reply.passes, f"refused: {reply}")

    def assert_refused(self, reply, rule, code=None, enhanced=None):
        self.assertEqual(reply.action, "replycode", f"not refused by {rule}")
        self.assertTrue(reply.client_lines[0].endswith(f" ({rule})"), reply)
        if code is not None:
            self.assertEqual(reply.code, code, reply)
        if enhanced is not None:
            self.assertEqual(reply.enhanced, enhanced, reply)

    def assert_message_passes(self, mta, *arguments, **options):
        for reply in mta.message(*arguments, **options):
            self.assert_passes(reply)
        mta.abort()

    def assert_serves(self, daemon=None):
        """A fresh session refuses what is bad and takes what is good."""
        mta = self.session(daemon=daemon)
        self.assert_refused(mta.mail("<user@@example.com>"), "sender-syntax", 501, "5.1.7")
        self.assert_message_passes(mta)
        mta.quit()
        mta.expect_close()

    @contextlib.contextmanager
    def visitors(self, count, visit, stop=None):
        """Meanwhile visit(0), visit(1) ... run in threads of their own, and none of them fails.

        At the end `stop`, an event, is set for them, and they are waited for."""
        failures = []

        def run(number):
            try:
                visit(number)
            except Exception as error:  # pylint: disable=broad-except
                failures.append(f"{number}: {error}")
        threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            if stop is not None:
                stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])


class OwnDaemonCase(WireCase):
    """Each test makes its own daemons; their configurations begin with CONFIG."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def tearDown(self):
        pass

    def make(self, config="", **options):
        """A daemon that was not started yet; it ends with the test."""
        daemon = Daemon(self.CONFIG + config, **options)
        self.addCleanup(daemon.discard)
        return daemon

    def run_daemon(self, config="", **options):
        return self.make(config, **options).start()
