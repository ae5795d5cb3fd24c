"""Many sessions: at once, and one after another."""

import os
import re
import struct
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import daemon as daemon_module  # noqa: E402
from milter_protocol import ALL_ACTIONS, ALL_STEPS, VERSION, packet, strings  # noqa: E402
from milter_wire import Mta  # noqa: E402
from wire_case import WireCase  # noqa: E402


def instrumented():
    """Sanitizers keep freed memory for a while; then only a leak report can tell."""
    with open(daemon_module.program(), "rb") as file:
        return re.search(rb"__(asan|tsan|msan)_init", file.read()) is not None


SLOW = bool(daemon_module.wrapper())
AT_ONCE = 20 if SLOW else 200
# Where memory is not looked at, fewer sessions show that sockets and threads do not pile up.
WARM_UP, SESSIONS = (100, 500) if SLOW else (500, 4000) if instrumented() else (2000, 20000)
ROUNDS = 4
GROWTH_KIB = 1024  # in each round: a leak of 256 bytes a session would show


class ManySessions(WireCase):
    def test_at_once(self):
        sessions = [self.session(address=f"198.51.100.{number % 250}") for number in range(AT_ONCE)]
        for mta in sessions:
            self.assert_passes(mta.mail("<alice@example.net>"))
        for mta in reversed(sessions):
            self.assert_refused(mta.rcpt("<b..b@example.org>"), "recipient-dots")
        for mta in sessions:
            self.assert_passes(mta.rcpt("<bob@example.org>"))
        for mta in sessions[::2]:
            mta.quit()
        for mta in sessions[1::2]:
            mta.close()
        self.assert_serves()

    def test_from_several_threads(self):
        def visit(number):
            for _ in range(10):
                mta = self.session(helo=f"host{number}.example")
                self.assert_message_passes(mta)
                reply = mta.mail(f"<u{number}@@example.com>")
                self.assert_refused(reply, "sender-syntax")
                self.assertIn(f"<u{number}@@example.com>", reply.text)
                mta.quit()
                mta.close()
        with self.visitors(8, visit):
            pass


class Memory(WireCase):
    """A whole session in two writes, so that thousands take seconds."""

    OFFER = packet(b"O", struct.pack("!III", VERSION, ALL_ACTIONS, ALL_STEPS))
    REFUSED = packet(b"M", strings("<user@@example.com>", "SIZE=1"))
    ACCEPTED = packet(b"M", strings("<alice@example.net>", "SIZE=1"))

    def visit(self, number):
        mta = Mta(self.daemon.milter).open()
        mta.send_raw(self.OFFER)
        mta.read_packet()
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        mta.send_raw(packet(b"C", strings("client.example") + b"4\1\1" + strings(address))
                     + packet(b"H", strings(f"host{number}.example"))
                     + packet(b"D", b"M" + strings("i", f"4X{number}")) + self.REFUSED
                     + self.ACCEPTED + packet(b"R", strings(f"<user{number}@example.org>")))
        refused = 0
        while refused < 1:
            refused += mta.read_reply().action == "replycode"
        for _ in range(2):
            self.assert_passes(mta.read_reply())
        if number % 2:
            mta.send_raw(packet(b"A") + packet(b"Q"))
        mta.close()

    def test_does_not_grow(self):
        """Memory may grow once, when more sessions end late than before; a leak grows on."""
        for number in range(WARM_UP):
            self.visit(number)
        files, grown = self.open_files(), []
        for start in range(0, SESSIONS, SESSIONS // ROUNDS):
            before = self.daemon.rss_kib()
            for number in range(start, start + SESSIONS // ROUNDS):
                self.visit(number)
            grown.append(self.daemon.rss_kib() - before)
        self.daemon.wait_for(lambda: self.open_files() <= files + 8, "the sockets to be closed")
        self.daemon.wait_for(lambda: self.daemon.threads() < 64, "the threads to end")
        if not instrumented() and not SLOW:
            self.assertLess(min(grown), GROWTH_KIB, f"memory grows: {grown}")
        self.assert_serves()

    def open_files(self):
        return len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))


if __name__ == "__main__":
    unittest.main()
