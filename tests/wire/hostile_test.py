"""Input that no MTA would send: the daemon may close, but must go on serving others."""

import os
import random
import socket
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from milter_protocol import EVENTS, WireError, packet, strings  # noqa: E402
from wire_case import WireCase  # noqa: E402


class Hostile(WireCase):
    """Two packets are left out, because libmilter reads past its own buffers with them before it
    calls anybody: SMFIC_UNKNOWN without a final NUL, and an odd number of strings in SMFIC_MACRO.
    Whoever may write to the socket can do that to any milter."""

    def finish(self, mta):
        """End our side and wait until all that was sent has been taken in: what is unread when
        a connection is closed outright would be lost."""
        try:
            mta.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return
        mta.expect_close()
        mta.close()

    def after(self, *packets, negotiate=True):
        """Send raw packets and hang up; the daemon must live on."""
        mta = self.dial()
        if negotiate:
            mta.negotiate()
        try:
            for data in packets:
                mta.send_raw(data)
        except WireError:
            pass
        self.finish(mta)

    def test_half_packets(self):
        for name, (command, *_) in EVENTS.items():
            with self.subTest(event=name):
                whole = packet(command, strings("<user@example.com>"))
                self.after(whole[:-1])
                self.after(whole[:5])
        self.assert_serves()

    def test_half_a_length(self):
        self.after(b"\0\0", negotiate=False)
        self.assert_serves()

    def test_half_a_negotiation(self):
        self.after(packet(b"O", b"\0\0\0\6" * 3)[:-5], negotiate=False)
        self.assert_serves()

    def test_garbage_before_negotiation(self):
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"EHLO client\r\n", b"\xff" * 4096, b"\0" * 4096,
                        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
            with self.subTest(garbage=garbage[:8]):
                self.after(garbage, negotiate=False)
        self.assert_serves()

    def test_events_before_negotiation(self):
        for name, (command, *_) in EVENTS.items():
            with self.subTest(event=name):
                self.after(packet(command, strings("<user@example.com>")), negotiate=False)
        self.assert_serves()

    def test_lengths_that_lie(self):
        for length in (0, 1, 65536, 1 << 20, 0x7fffffff, 0x80000000, 0xffffffff):
            with self.subTest(length=length):
                self.after(length.to_bytes(4, "big") + b"M" + b"x" * 64)
        self.assert_serves()

    def test_short_and_odd_negotiations(self):
        for data in (b"", b"\0\0\0\6", b"\0\0\0\1" * 3, b"\xff" * 12, b"\0" * 12, b"\0\0\0\6" * 30):
            with self.subTest(data=data[:8]):
                self.after(packet(b"O", data), packet(b"C", b"x\0U"), packet(b"M", b"<a@@b>\0"),
                           negotiate=False)
        self.assert_serves()

    def test_negotiating_twice(self):
        mta = self.dial()
        mta.negotiate()
        for _ in range(2):
            mta.send_packet(b"O", b"\0\0\0\6" * 3)
        self.begin(mta)  # libmilter ignores the second offer, and then the connection
        self.assert_message_passes(mta)
        self.assert_serves()

    def test_unterminated_and_empty_arguments(self):
        for command in "CHMRLBETN":
            for data in (b"", b"\0", b"\0\0\0", b"no end", b"a\0no end", b"\0" * 100):
                self.after(packet(command.encode(), data))
        for data in (b"", b"\0", b"\0\0\0", b"no end\0", b"\0" * 100):
            self.after(packet(b"U", data))
        self.assert_serves()

    def test_broken_connect_packets(self):
        for data in (b"host\0", b"host\0" + b"4", b"host\0" + b"4\0", b"host\0" + b"4\0\1192.0.2.7",
                     b"host\0" + b"4\0\1not an address\0", b"host\0" + b"6\0\1:::::\0",
                     b"host\0" + b"Z\0\1x\0", b"host\0" + b"L\0\0" + b"x" * 4000 + b"\0", b"\0U"):
            with self.subTest(data=data[:20]):
                self.after(packet(b"C", data), packet(b"H", b"x\0"), packet(b"M", b"<a@@b>\0"))
        self.assert_serves()

    def test_broken_macro_packets(self):
        for data in (b"", b"M", b"Mi", b"M\0\0", b"M\0\0\0\0", b"Mi\0x\0no end", b"\xff{x}\0y\0",
                     b"Mi\0" + b"q" * 60000 + b"\0", b"M" + b"{auth_authen}\0x\0" * 2000):
            with self.subTest(data=data[:12]):
                self.after(packet(b"D", data), packet(b"M", b"<a@@b>\0"))
        self.assert_serves()

    def test_events_in_every_wrong_order(self):
        steps = [packet(command, strings("<a@b.example>")) for command, *_ in EVENTS.values()]
        steps += [packet(b"A"), packet(b"K"), packet(b"X", b"?")]
        dice = random.Random(20261122)
        for _ in range(100):
            self.after(*(dice.choice(steps) for _ in range(8)))
        self.assert_serves()

    def test_events_after_quit(self):
        self.after(packet(b"Q"), packet(b"M", b"<a@@b>\0"), packet(b"A"), packet(b"Q"))
        self.after(packet(b"K"), packet(b"M", b"<a@@b>\0"), packet(b"Q"))
        self.assert_serves()

    def test_random_bytes_after_negotiation(self):
        dice = random.Random(19820801)
        for _ in range(50):
            commands = [dice.choice("ABCEHKLMNOQRTU").encode() for _ in range(6)]
            self.after(*(packet(command, dice.randbytes(dice.randrange(200)) + b"\0")
                         for command in commands))
        self.assert_serves()

    def test_everything_in_one_write(self):
        mta = self.session()
        burst = packet(b"M", b"<user@@example.com>\0") + packet(b"U", b"FOO\0")
        mta.send_raw(burst * 20)
        for _ in range(20):
            self.assert_refused(mta.read_reply(), "sender-syntax")
            self.assert_refused(mta.read_reply(), "command-unknown")

    def test_a_packet_byte_by_byte(self):
        mta = self.session()
        for byte in packet(b"M", b"<user@@example.com>\0"):
            mta.send_raw(bytes([byte]))
        self.assert_refused(mta.read_reply(), "sender-syntax")


if __name__ == "__main__":
    unittest.main()
