"""The base of the tests of sharing: a private Redis for each class, and relays that share through it."""

import time

from daemon import Daemon
from redis_server import RedisServer
from wire_case import WireCase

ACCEPTED = {"{rcpt_mailer}": "local", "{rcpt_host}": "", "{rcpt_addr}": "bob"}
ENOUGH = 25         # different unknown names
SOON = 120.0        # seconds; a second is what is promised, on a machine that is not busy
PREFIX = "milter-strict:"
COUNT_AT, UNIT = 41, 1024  # of unknown recipients in a record
LONG = "timeout = 1000;"   # for tests that are no matter of time
LATE = "no answer in time"


class RelaysCase(WireCase):
    addresses = 0

    @classmethod
    def setUpClass(cls):
        cls.redis = RedisServer()
        cls.addClassCleanup(cls.redis.discard)
        cls.redis.start()

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        self.daemons = []
        self.redis.command("FLUSHALL")

    def tearDown(self):
        """They end in order, and no sanitizer has anything to say."""
        for daemon in self.daemons:
            daemon.stop()

    def stranger(self):
        RelaysCase.addresses += 1
        return f"198.51.{100 + RelaysCase.addresses // 250}.{RelaysCase.addresses % 250 + 1}"

    def config(self, server=None, more=LONG, rest=""):
        server = server or self.redis.address
        return (f'state-directory = "@DIR@";\n'
                f'redis: {{ server = "{server}"; {more} }};\n{rest}')

    def make(self, config):
        daemon = Daemon(config)
        self.addCleanup(daemon.discard)
        self.daemons.append(daemon)
        return daemon

    def relay(self, *arguments, connected=True, **options):
        daemon = self.make(self.config(*arguments, **options)).start()
        if connected:
            daemon.wait_log(event="sharing-back")
        return daemon

    def visit(self, address, daemon):
        mta = self.session(address=address, daemon=daemon)
        mta.macros("rcpt", ACCEPTED)
        return mta

    def ask(self, address, daemon, names=range(ENOUGH)):
        mta = self.visit(address, daemon)
        self.assert_passes(mta.mail("<list@example.net>"))
        for name in names:
            mta.rejected_rcpt(f"<user{name}@example.org>")
        mta.close()

    def is_refused(self, address, daemon):
        mta = self.visit(address, daemon)
        reply = mta.mail("<alice@example.net>")
        mta.close()
        return reply.action == "replycode" and "(probe-recipients)" in reply.client_lines[0]

    def wait_until(self, condition, what):
        begin = time.monotonic()
        while not condition():
            self.assertLess(time.monotonic() - begin, SOON, f"waited in vain for {what}")
            time.sleep(0.01)
        return time.monotonic() - begin

    def wait_refused(self, address, daemon):
        return self.wait_until(lambda: self.is_refused(address, daemon), f"{address} refused")

    @staticmethod
    def outages(*daemons):
        """Why they lost Redis, each time; a busy machine's may be late now and then."""
        return [line["because"] for daemon in daemons
                for line in daemon.log_lines(event="sharing-lost")]

    def assert_no_fault(self, *daemons):
        """Nothing else but that Redis was late has come between."""
        self.assertEqual([why for why in self.outages(*daemons) if why != LATE], [])

    def record(self, address):
        return self.redis.command("GET", f"{PREFIX}page:{address}/32")

    def wait_record(self, address):
        self.wait_until(lambda: self.record(address), "a record")
        return self.record(address)

    def names_counted(self, address):
        record = self.record(address)
        return int.from_bytes(record[COUNT_AT:COUNT_AT + 4], "big") if record else 0
