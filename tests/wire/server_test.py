"""The address that a client came to, as Postfix and Sendmail tell it: it is ours."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from wire_case import WireCase  # noqa: E402

STRANGER = "203.0.113.9"


class ServerAddress(WireCase):
    CONFIG = "exempt: { networks = []; };"

    def at_rcpt(self, helo, macros, address=STRANGER):
        """The reply to a good recipient after this greeting."""
        mta = self.dial()
        mta.negotiate()
        mta.macros("connect", {"j": "mx.example.org", **macros})
        self.begin(mta, helo=helo, address=address)
        self.assert_passes(mta.mail("<alice@example.net>"))
        return mta.rcpt("<bob@example.org>")

    def test_postfix(self):
        macros = {"{daemon_addr}": "192.0.2.25"}
        self.assert_refused(self.at_rcpt("[192.0.2.25]", macros), "helo-ours")
        self.assert_passes(self.at_rcpt("[192.0.2.26]", macros))

    def test_sendmail_that_listens_on_every_address(self):
        macros = {"{daemon_addr}": "0.0.0.0", "{if_addr}": "192.0.2.25"}
        self.assert_refused(self.at_rcpt("[192.0.2.25]", macros), "helo-ours")
        self.assert_passes(self.at_rcpt("[0.0.0.0]", macros))

    def test_sendmail_over_ipv6(self):
        macros = {"{daemon_addr}": "IPv6:0:0:0:0:0:0:0:0", "{if_addr}": "IPv6:2001:db8:0:0:0:0:0:25"}
        self.assert_refused(self.at_rcpt("[IPv6:2001:db8::25]", macros), "helo-ours")

    def test_programs_of_this_host_may_use_its_name(self):
        for macros, own in (
                ({"{daemon_addr}": "192.0.2.25"}, "192.0.2.25"),
                ({"{daemon_addr}": "0.0.0.0", "{if_addr}": "192.0.2.25"}, "192.0.2.25"),
                ({"{daemon_addr}": "IPv6:0:0:0:0:0:0:0:0",
                  "{if_addr}": "IPv6:2001:db8:0:0:0:0:0:25"}, "2001:db8::25")):
            with self.subTest(macros=macros):
                self.assert_passes(self.at_rcpt("mx.example.org", macros, address=own))
                self.assert_refused(self.at_rcpt("mx.example.org", macros), "helo-ours")


if __name__ == "__main__":
    unittest.main()
