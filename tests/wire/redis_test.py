"""Relays that share what they know through Redis, and what becomes of them when it misbehaves."""

import os
import pathlib
import re
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from certificates import Certificates  # noqa: E402
from daemon import Daemon  # noqa: E402
from fake_redis import HONEST, NIL, FakeRedis, endless  # noqa: E402
from ports import free_port  # noqa: E402
from redis_server import RedisServer, SlowProxy  # noqa: E402
from wire_case import WireCase  # noqa: E402

ACCEPTED = {"{rcpt_mailer}": "local", "{rcpt_host}": "", "{rcpt_addr}": "bob"}
ENOUGH = 25          # different unknown names
SOON = 30.0          # seconds; a second is what is promised, on a machine that is not busy
PREFIX = "milter-strict:"
COUNT_AT, UNIT = 41, 1024  # of unknown recipients in a record
LONG = "timeout = 1000;"   # for tests that are no matter of time


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

    def record(self, address):
        return self.redis.command("GET", f"{PREFIX}page:{address}/32")

    def wait_record(self, address):
        self.wait_until(lambda: self.record(address), "a record")
        return self.record(address)

    def names_counted(self, address):
        record = self.record(address)
        return int.from_bytes(record[COUNT_AT:COUNT_AT + 4], "big") if record else 0


class TwoRelays(RelaysCase):
    def setUp(self):
        super().setUp()
        self.one, self.two = self.relay(), self.relay()

    def test_whom_one_refuses_all_refuse(self):
        address = self.stranger()
        self.ask(address, self.one)
        took = self.wait_refused(address, self.two)
        if os.environ.get("MEASURE"):
            print(f"refused at the other relay after {took:.3f} s", file=sys.stderr)
        self.assertTrue(self.is_refused(address, self.one))
        line, = self.two.wait_log(event="probing", network=f"{address}/32")
        self.assertEqual((line["from"], line["times"]), ("relays", "1"))
        line, = self.one.wait_log(event="probing", network=f"{address}/32")
        self.assertNotIn("from", line)

    def test_what_each_counts_adds_up(self):
        address = self.stranger()
        self.ask(address, self.one, range(12))
        self.wait_until(lambda: self.names_counted(address) == 12 * UNIT, "twelve names")
        self.ask(address, self.two, range(12, ENOUGH))
        self.wait_refused(address, self.two)
        self.wait_refused(address, self.one)

    def test_the_same_names_count_once(self):
        """Both relays make their sketches with one seed."""
        address = self.stranger()
        for _ in range(3):
            for daemon in self.one, self.two:
                self.ask(address, daemon, range(8))
        self.wait_until(lambda: self.names_counted(address) == 6 * 8 * UNIT, "all names")
        time.sleep(0.5)
        for daemon in self.one, self.two:
            self.assertFalse(self.is_refused(address, daemon))

    def test_whom_one_forgives_all_forgive(self):
        """What another relay's operator says arrives as a page that was set later."""
        address = self.stranger()
        self.ask(address, self.one)
        self.wait_refused(address, self.two)
        now = int(time.time() * 1000).to_bytes(8, "big")
        page = b"\x01" + now + bytes(16) + now + now + bytes(120)
        self.redis.command("SET", f"{PREFIX}page:{address}/32", page)
        self.redis.command("XADD", f"{PREFIX}stream", "*", "network", f"{address}/32", "page", page)
        for daemon in self.one, self.two:
            self.wait_until(lambda at=daemon: not self.is_refused(address, at), "forgiveness")
        self.ask(address, self.two)
        self.wait_refused(address, self.one)

    def test_a_relay_that_comes_later_learns_all(self):
        addresses = [self.stranger() for _ in range(5)]
        for address in addresses:
            self.ask(address, self.one)
            self.wait_refused(address, self.two)
        late = self.relay()
        for address in addresses:
            self.wait_refused(address, late)

    def test_everything_is_prefixed_and_expires(self):
        address = self.stranger()
        self.ask(address, self.one)
        self.wait_refused(address, self.two)
        keys = [key.decode() for key in self.redis.keys()]
        self.assertEqual(keys, [f"{PREFIX}page:{address}/32", f"{PREFIX}seed", f"{PREFIX}stream"])
        for key in keys:
            self.assertGreater(self.redis.command("PTTL", key), 3600 * 1000)

    def test_the_seed_is_told_to_nobody(self):
        self.wait_until(lambda: self.redis.command("GET", f"{PREFIX}seed"), "a seed")
        seed = self.redis.command("GET", f"{PREFIX}seed").decode()
        self.assertRegex(seed, r"^[0-9a-f]{16}$")
        for daemon in self.one, self.two:
            self.assertNotIn(seed, daemon.log_text())

    def test_after_all_was_lost_it_is_filled_again(self):
        address = self.stranger()
        self.ask(address, self.one, range(5))
        self.wait_until(lambda: self.names_counted(address) == 5 * UNIT, "five names")
        self.redis.command("FLUSHALL")
        self.ask(address, self.one, range(5, 8))
        self.wait_until(lambda: self.names_counted(address) == 8 * UNIT, "all eight names")

    def test_a_forgotten_script_is_sent_again(self):
        address = self.stranger()
        self.ask(address, self.one, range(2))
        self.wait_record(address)
        self.redis.command("SCRIPT", "FLUSH")
        self.ask(address, self.one)
        self.wait_refused(address, self.two)
        self.assertEqual(self.one.log_lines(event="sharing-lost"), [])

    def test_who_stops_says_first_what_it_knows(self):
        address = self.stranger()
        self.ask(address, self.one, range(7))
        self.one.stop()
        self.assertEqual(self.names_counted(address), 7 * UNIT)


class Totals(RelaysCase):
    """Many clients at two relays ask at the same time, and nothing is lost or counted twice."""

    VISITS, NAMES, CLIENTS = 8, 10, 3

    def test_totals_are_exact(self):
        rest = ('probing: { half-life = 31622400; };\n'
                'rules: { probe-recipients = "off"; probe-callout = "off"; };\n')
        relays = [self.relay(rest=rest), self.relay(rest=rest)]
        addresses = [self.stranger(), self.stranger()]
        failures = []

        def hammer(daemon):
            try:
                for _ in range(self.VISITS):
                    for address in addresses:
                        self.ask(address, daemon, range(self.NAMES))
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)
        threads = [threading.Thread(target=hammer, args=(daemon,))
                   for daemon in relays for _ in range(self.CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        total = len(threads) * self.VISITS * self.NAMES * UNIT
        for address in addresses:
            self.wait_until(lambda at=address: self.names_counted(at) >= total, "the total")
        for daemon in relays:
            daemon.stop()
            self.assertEqual(daemon.log_lines(event="sharing-lost"), [])
        self.assertEqual([self.names_counted(address) for address in addresses], [total] * 2)


class SecretCase(RelaysCase):
    @classmethod
    def setUpClass(cls):
        cls.redis = RedisServer(password="tell nobody")
        cls.addClassCleanup(cls.redis.discard)
        cls.redis.start()

    def assert_shares(self, daemon, redis=None):
        address = self.stranger()
        self.ask(address, daemon)
        self.wait_until(lambda: (redis or self.redis).keys(f"{PREFIX}page:{address}/*"), "a record")
        self.assertNotIn("tell nobody", daemon.log_text())

    def assert_lost(self, daemon, why):
        line = daemon.wait_log(event="sharing-lost")[0]
        self.assertRegex(line["because"], why)
        self.assertNotIn("tell nobody", daemon.log_text())
        self.assert_serves(daemon)


class Access(SecretCase):
    def test_password(self):
        self.assert_shares(self.relay(more=LONG + 'password = "tell nobody";'))

    def test_password_of_a_user(self):
        manual = pathlib.Path(__file__, "../../../milter/man/milter-strict.8.in").resolve().read_text()
        rights = re.search(r"^user milter-strict on >PASSWORD (.*?)^\.Ed", manual, re.S | re.M)
        self.redis.command("ACL", "SETUSER", "relay", "on", ">of a relay",
                           *rights.group(1).replace("\\e\n", " ").split())
        self.assert_shares(self.relay(more=LONG + 'user = "relay"; password = "of a relay";'))

    def test_password_in_a_file(self):
        daemon = self.make(self.config(more=LONG + 'password-file = "@DIR@/password";'))
        path = os.path.join(daemon.folder, "password")
        with open(path, "w", encoding="ascii") as file:
            file.write("not yet\n")
        os.chmod(path, 0o644)
        daemon.start()
        self.assert_lost(daemon, "WRONGPASS")
        with open(path, "w", encoding="ascii") as file:
            file.write("tell nobody\nand nothing else\n")
        daemon.wait_log(event="sharing-back")
        self.assert_shares(daemon)

    def test_wrong_password_until_reload(self):
        daemon = self.relay(more=LONG + 'password = "wrong";', connected=False)
        self.assert_lost(daemon, "WRONGPASS")
        daemon.reload(self.config(more=LONG + 'password = "tell nobody";'))
        daemon.wait_log(event="sharing-back")
        self.assert_shares(daemon)

    def test_no_password(self):
        self.assert_lost(self.relay(connected=False), "NOAUTH")

    def test_no_such_file(self):
        self.assert_lost(self.relay(more=LONG + 'password-file = "/nowhere";', connected=False),
                         "^/nowhere: No such file")

    def test_unix_socket_and_database(self):
        daemon = self.relay(self.redis.unix_address,
                            more=LONG + 'password = "tell nobody"; database = 3;')
        address = self.stranger()
        self.ask(address, daemon)
        with self.redis.client() as client:
            client.command("SELECT", 3)
            self.wait_until(lambda: client.command("EXISTS", f"{PREFIX}page:{address}/32"),
                            "a record")

    def test_no_such_database(self):
        self.assert_lost(self.relay(more=LONG + 'password = "tell nobody"; database = 77;',
                                    connected=False), "out of range")


class Tls(SecretCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = os.path.join(cls.redis.folder, "certificates")
        cls.certificates = Certificates(folder, "redis.example.org")
        cls.strangers = Certificates(os.path.join(cls.redis.folder, "others"), "redis.example.org")
        for where in folder, cls.strangers.folder:
            for name in os.listdir(where):
                os.chmod(os.path.join(where, name), 0o644)
        cls.tls = RedisServer(password="tell nobody", certificates=cls.certificates)
        cls.addClassCleanup(cls.tls.discard)
        cls.tls.start()

    def tls_relay(self, more, authority=None, connected=True):
        authority = authority or self.certificates.certificate("authority")
        return self.relay(self.tls.address, connected=connected,
                          more=f'{LONG} password = "tell nobody"; tls = true; '
                               f'tls-ca = "{authority}"; {more}')

    def test_shares(self):
        self.assert_shares(self.tls_relay('tls-name = "redis.example.org";'), self.tls)

    def test_with_a_certificate_of_its_own(self):
        self.tls.command("CONFIG", "SET", "tls-auth-clients", "yes")
        self.addCleanup(self.tls.command, "CONFIG", "SET", "tls-auth-clients", "optional")
        name = 'tls-name = "redis.example.org";'
        self.assert_shares(self.tls_relay(
            f'{name} tls-certificate = "{self.certificates.certificate("client")}";'
            f'tls-key = "{self.certificates.key("client")}";'), self.tls)
        self.assert_lost(self.tls_relay(name, connected=False), ".")

    def test_a_server_of_another_name(self):
        self.assert_lost(self.tls_relay('tls-name = "redis.example.com";', connected=False),
                         "certificate: ")

    def test_a_server_that_nobody_vouches_for(self):
        self.assert_lost(self.tls_relay('tls-name = "redis.example.org";', connected=False,
                                        authority=self.strangers.certificate("authority")),
                         "certificate: ")

    def test_a_server_without_tls(self):
        daemon = self.relay(more=LONG + 'password = "tell nobody"; tls = true; tls-name = "a.b";',
                            connected=False)
        self.assert_lost(daemon, ".")


class Away(RelaysCase):
    """Redis is not there, or as good as. What may take a second would show, if it were waited for."""

    def setUp(self):
        self.redis.stop()
        self.redis.start()
        super().setUp()

    def assert_nobody_waits(self, daemon):
        """Sessions that count all the while; and refusals are made."""
        waits = []

        def timed(what, *arguments):
            begin = time.monotonic()
            reply = what(*arguments)
            waits.append(time.monotonic() - begin)
            return reply
        for _ in range(4):
            address = self.stranger()
            mta = self.visit(address, daemon)
            self.assert_passes(timed(mta.mail, "<list@example.net>"))
            for name in range(ENOUGH):
                timed(mta.rejected_rcpt, f"<user{name}@example.org>")
            mta.abort()
            self.assert_refused(timed(mta.mail, "<list@example.net>"), "probe-recipients", 421)
            mta.close()
        self.assertLess(sum(waits), 1 + len(waits) * 0.005)
        if os.environ.get("MEASURE"):
            print(f"{self.id()}: {len(waits)} replies in {sum(waits):.3f} s, "
                  f"the longest after {max(waits):.3f} s",
                  file=sys.stderr)
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
        self.assertEqual(daemon.log_lines(event="sharing-lost"), [])

    def test_a_key_of_another_type_costs_one_network(self):
        daemon, address, other = self.relay(), self.stranger(), self.stranger()
        self.redis.command("LPUSH", f"{PREFIX}page:{address}/32", "a")
        self.ask(address, daemon)
        self.ask(other, daemon)
        self.wait_until(lambda: self.record(other), "a record")
        daemon.wait_log(event="sharing-dropped")
        self.assertTrue(self.is_refused(address, daemon))
        self.assertEqual(daemon.log_lines(event="sharing-lost"), [])

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
        for daemon in one, two:
            self.assertEqual(daemon.log_lines(event="sharing-lost"), [])

    def test_a_stream_or_seed_that_is_none_ends_it(self):
        for name, why in (("stream", "WRONGTYPE"), ("seed", "seed|WRONGTYPE")):
            for make in ("LPUSH", "SET"):
                with self.subTest(name=name, make=make):
                    self.redis.command("FLUSHALL")
                    self.redis.command(make, f"{PREFIX}{name}", "not a seed")
                    daemon = self.relay(connected=False)
                    self.assertRegex(daemon.wait_log(event="sharing-lost")[0]["because"], why)
                    self.assert_serves(daemon)
                    count = len(daemon.log_lines(event="sharing-back"))
                    self.redis.command("DEL", f"{PREFIX}{name}")
                    daemon.wait_log(count + 1, event="sharing-back")
                    daemon.stop()

    def test_a_seed_that_changes_is_adopted_by_all(self):
        one, two = self.relay(), self.relay()
        self.redis.command("SET", f"{PREFIX}seed", "00000000000000aa")
        with self.redis.client() as client:
            client.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        for daemon in one, two:
            daemon.wait_log(2, event="sharing-back")
        self.assertEqual(self.redis.command("GET", f"{PREFIX}seed"), b"00000000000000aa")
        address = self.stranger()
        self.ask(address, one, range(12))
        self.wait_until(lambda: self.names_counted(address) == 12 * UNIT, "twelve names")
        self.ask(address, two, range(12, ENOUGH))
        self.wait_refused(address, one)


class Hostile(RelaysCase):
    """A server that answers what no Redis would."""

    WRONG = (b"HTTP/1.0 400 Bad Request\r\n\r\n", b"\0" * 100, b"*2000000000\r\n", b"*5000\r\n",
             b"$2000000000\r\n", b"$-5\r\n", b"*-9\r\n", b":x\r\n", b"*1\r\n" * 50, b"%1\r\n",
             b"-ERR no\r\n", b"-" + b"x" * 100000 + b"\r\n", b"+QUEUED\r\n", b"*1\r\n$-1\r\n",
             b"*1\r\n*2\r\n$1\r\na\r\n*1\r\n:1\r\n", None, endless(b"$2000000000\r\n"),
             endless(b"*4000\r\n", b":1\r\n" * 4096), endless(b"+"))

    def assert_holds_out(self, fake):
        daemon = self.relay(fake.address, connected=False)
        address = self.stranger()
        self.ask(address, daemon)
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
                self.ask(address, daemon)
                self.assertTrue(self.is_refused(address, daemon))
                before = fake.asked.count("XREAD")
                self.wait_until(lambda: fake.asked.count("XREAD") > before + 2, "more questions")
                daemon.stop()

    def test_the_fake_is_believed_when_honest(self):
        with FakeRedis() as fake:
            daemon = self.relay(fake.address)
            self.ask(self.stranger(), daemon)
            self.wait_until(lambda: "EVALSHA" in fake.asked, "an update")
            self.assertEqual(daemon.log_lines(event="sharing-lost"), [])
            self.assertLessEqual(set(fake.asked), set(HONEST))
            daemon.stop()


if __name__ == "__main__":
    unittest.main()
