"""Relays that share what they know through Redis, and how they get there."""

import os
import pathlib
import re
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from certificates import Certificates  # noqa: E402
from operator_tool import Control  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from relays_case import ENOUGH, LATE, LONG, PREFIX, UNIT, RelaysCase  # noqa: E402


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

    def say(self, request, daemon):
        control = Control(daemon)
        self.addCleanup(control.close)
        answer = control.ask(request)[-1]
        self.assertEqual(answer["result"], "ok", answer)
        return answer

    def test_what_an_operator_says_holds_everywhere(self):
        address = self.stranger()

        def passes(daemon, where):
            mta = self.visit(where, daemon)
            reply = mta.mail("<alice@example.net>")
            mta.close()
            return reply.passes
        for network, within in ((f"{address}/32", address), ("203.0.113.0/24", "203.0.113.9")):
            self.say(f"refuse {network} 1h", self.one)
            self.wait_until(lambda at=within: not passes(self.two, at), "a refusal")
            self.say(f"forgive {network}", self.two)
            self.wait_until(lambda at=within: passes(self.one, at), "forgiveness")
            self.assertTrue(passes(self.two, within))

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
        self.assert_no_fault(self.one)

    def test_who_stops_says_first_what_it_knows(self):
        address = self.stranger()
        self.ask(address, self.one, range(7))
        self.one.stop()
        self.assertEqual(self.names_counted(address), 7 * UNIT)


class Totals(RelaysCase):
    """Many clients at two relays ask at the same time, and nothing is lost or counted twice."""

    VISITS, NAMES, CLIENTS = 8, 10, 3
    ATTEMPTS = 5

    def test_totals_are_exact(self):
        """As long as there is no outage: what is counted meanwhile is brought together otherwise."""
        rest = ('probing: { half-life = 31622400; };\n'
                'rules: { probe-recipients = "off"; probe-callout = "off"; };\n')
        relays = [self.relay(rest=rest), self.relay(rest=rest)]
        for _ in range(self.ATTEMPTS):
            addresses, before = [self.stranger(), self.stranger()], self.outages(*relays)
            total = self.hammer(relays, addresses)
            self.wait_until(lambda: self.outages(*relays) != before or all(
                self.names_counted(address) >= total for address in addresses), "the totals")
            if self.outages(*relays) == before:
                break
        for daemon in relays:
            daemon.stop()
        self.assert_no_fault(*relays)
        self.assertEqual([self.names_counted(address) for address in addresses], [total] * 2)

    def hammer(self, relays, addresses):
        """All ask for all; what is to be counted for each address."""
        failures = []

        def visit_often(daemon):
            try:
                for _ in range(self.VISITS):
                    for address in addresses:
                        self.ask(address, daemon, range(self.NAMES))
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)
        threads = [threading.Thread(target=visit_often, args=(daemon,))
                   for daemon in relays for _ in range(self.CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        return len(threads) * self.VISITS * self.NAMES * UNIT


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

    def last_error(self, daemon):
        """What the status tells; the log has only what an outage began with."""
        control = Control(daemon)
        try:
            return control.ask("status")[-1]["sharing"]["error"]
        finally:
            control.close()

    def assert_lost(self, daemon, why):
        line = daemon.wait_log(event="sharing-lost")[0]
        self.assertRegex(line["because"], f"{why}|{LATE}")
        daemon.wait_for(lambda: re.search(why, self.last_error(daemon)), why)
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

    def test_a_password_too_long_is_not_cut(self):
        daemon = self.make(self.config(more=LONG + 'password-file = "@DIR@/password";'))
        path = os.path.join(daemon.folder, "password")
        with open(path, "w", encoding="ascii") as file:
            file.write("x" * 255 + "\n")
        daemon.start()
        self.assert_lost(daemon, "the first line is too long")

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


if __name__ == "__main__":
    unittest.main()
