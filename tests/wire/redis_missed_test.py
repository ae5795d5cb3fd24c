"""Relays that have missed what was told: more than the stream keeps, or while they were away."""

import contextlib
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from fake_redis import FakeRedis  # noqa: E402
from operator_tool import Control  # noqa: E402
from relays_case import PREFIX, RelaysCase  # noqa: E402

KEPT = 4096   # entries of the stream
MANY = 3000   # networks: more than the queue takes at once


class Missed(RelaysCase):
    @staticmethod
    def say(request, daemon):
        with contextlib.closing(Control(daemon)) as control:
            return control.ask(request)[-1]

    def count_refused(self, daemon):
        return self.say("refused limit=1", daemon).get("found")

    def lose_the_stream(self):
        self.redis.command("XTRIM", f"{PREFIX}stream", "MAXLEN", 0)

    def test_forgiven_while_it_was_away(self):
        one, two = self.relay(), self.relay()
        self.say("refuse 203.0.113.0/24 300d", one)
        self.wait_until(lambda: self.count_refused(two) == 1, "a refusal")
        two.stop()
        self.say("forgive 203.0.113.0/24", one)
        self.wait_until(lambda: self.redis.command("XLEN", f"{PREFIX}stream") == 2, "its telling")
        self.lose_the_stream()
        two.start()
        self.wait_until(lambda: self.count_refused(two) == 0, "forgiveness")

    def test_more_was_told_than_is_kept(self):
        """The relay is connected, and yet the stream was cut off before it came to read it."""
        daemon = self.relay()
        self.say("refuse 203.0.113.0/24 300d", daemon)
        self.wait_until(lambda: self.redis.keys(f"{PREFIX}page:*"), "a record")
        now = int(time.time() * 1000 + 1000).to_bytes(8, "big")
        page = b"\x01" + now + bytes(16) + now + now + bytes(120)
        with self.redis.client() as client:
            client.send("MULTI")
            client.send("SET", f"{PREFIX}page:203.0.113.0/24", page)
            for number in range(KEPT):
                client.send("XADD", f"{PREFIX}stream", "*", "others", number)
            client.send("EXEC")
            for _ in range(KEPT + 3):
                client.read()
        self.wait_until(lambda: self.count_refused(daemon) == 0, "forgiveness")

    def refuse_many(self, daemon):
        with contextlib.closing(Control(daemon)) as control:
            for number in range(MANY):
                request = f"refuse 10.{number >> 8}.{number & 255}.7 1h"
                while control.ask(request)[-1]["result"] != "ok":
                    time.sleep(0.01)

    def test_many_are_forgiven_at_once(self):
        one, two = self.relay(), self.relay()
        self.refuse_many(one)
        self.wait_until(lambda: self.count_refused(two) == MANY, "all refusals")
        self.assertEqual(self.say("forgive 10.0.0.0/8", one)["forgiven"], MANY)
        self.wait_until(lambda: self.count_refused(two) == 0, "all forgiven")

    def test_comparing_has_more_time_than_the_budget(self):
        """Or one late answer of many would begin it anew, for ever."""
        def late(sock):
            time.sleep(0.5)
            sock.sendall(b":1\r\n")
            return True
        with FakeRedis({"EVALSHA": late}) as fake:
            daemon = self.make('state-directory = "@DIR@";\n').start()
            self.say("refuse 203.0.113.0/24 1h", daemon)
            daemon.reload(self.config(fake.address, more="timeout = 200;"))
            daemon.wait_log(event="sharing-back")
            daemon.stop()

    def test_a_daemon_stops_amid_comparing(self):
        """It does not go on trying until it is left behind, after five seconds, each time."""
        tries = []
        while len(tries) < 3 and not (tries and tries[-1] < 15):
            tries.append(self.tries_before_the_end())
        self.assertLess(tries[-1], 15, tries)

    def tries_before_the_end(self):
        """Of comparing, each of which takes a fifth of a second."""
        def late(sock):
            time.sleep(0.2)
            sock.sendall(b"$-1\r\n")  # there is no record yet: try again
            return True
        with FakeRedis({"EVALSHA": late}) as fake:
            daemon = self.make('state-directory = "@DIR@";\n').start()
            self.say("refuse 203.0.113.0/24 1h", daemon)
            daemon.reload(self.config(fake.address))
            self.wait_until(lambda: "EVALSHA" in fake.asked, "a comparison")
            daemon.stop()
            self.assert_no_fault(daemon)
            return fake.asked.count("EVALSHA")

    def test_a_server_that_has_lost_all_is_told_again(self):
        """Whom a relay refuses, and nobody asks for anything meanwhile."""
        one, two = self.relay(), self.relay()
        address = self.stranger()
        self.ask(address, one)
        self.say("refuse 203.0.113.0/24 1h", one)
        self.wait_until(lambda: self.count_refused(two) == 2, "both refusals")
        two.stop()
        self.redis.stop()
        one.wait_log(event="sharing-lost")
        self.redis.start()
        one.wait_log(2, event="sharing-back")
        self.wait_until(lambda: len(self.redis.keys(f"{PREFIX}page:*")) == 2, "both records")
        self.wait_refused(address, self.relay())


if __name__ == "__main__":
    unittest.main()
