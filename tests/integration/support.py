"""What tests with real mail servers share: one server and one daemon for each class of tests."""

import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from daemon import Daemon  # noqa: E402
from ports import free_port  # noqa: E402
from postfix import Postfix, unpacked, xclient  # noqa: E402
from postfix_config import milter_socket  # noqa: E402
from smtp_client import SmtpClient  # noqa: E402

# Loopback is exempt by default, and it is where the tests come from.
NOBODY_EXEMPT = "exempt: { networks = []; };\n"
STRANGER = "192.0.2.7"


def dial(postfix, address=None, port=None, host=None):
    """A client with the banner read; with `address`, one that Postfix believes to come from there.

    XCLIENT also wipes out the EHLO that was needed to say it.
    """
    client = SmtpClient.dial(host or postfix.host,
                             port or (postfix.xclient_port if address else postfix.port))
    banner = client.read_reply()
    if banner and address:
        client.command("EHLO xclient.example")
        banner = client.command(xclient(address))
    if not banner or not banner[0].startswith("220"):
        raise AssertionError(f"no greeting: {banner}")
    return client


def greet(client, name="client.example.net"):
    """EHLO; returns the client."""
    reply = client.command(f"EHLO {name}")
    if not reply or not reply[0].startswith("250"):
        raise AssertionError(f"EHLO was answered with {reply}")
    return client


def send_message(client, subject, sender="<sender@example.net>", recipient="<alice@example.org>"):
    """MAIL, RCPT, DATA and a message; the reply to its final dot."""
    for command in (f"MAIL FROM:{sender}", f"RCPT TO:{recipient}", "DATA"):
        reply = client.command(command)
        if reply[0][0] not in "23":
            raise AssertionError(f"{command} was answered with {reply}")
    return client.command(f"Subject: {subject}\r\n\r\nOne line.\r\n.")


class ReplyCase(unittest.TestCase):
    """What can be said of a reply, whichever mail server sent it."""

    def assert_refused(self, reply, code, enhanced, rule):
        """A refusal: one code on all lines, and a first line that stands alone."""
        self.assertTrue(reply, "the connection was closed")
        self.assertTrue(reply[0].startswith(f"{code}-{enhanced} "), reply)
        self.assertTrue(reply[0].endswith(f" ({rule})"), reply)
        for line in reply:
            self.assertRegex(line, f"^{code}[- ]{enhanced} ")
            self.assertLess(len(line) + 2, 512)

    def assert_caret_under(self, reply, rest):
        """The third line's caret stands under the place in the second where `rest` begins."""
        caret = reply[2].index("^")
        self.assertEqual(reply[2][len("501-5.1.7 "):caret].strip(), "", reply)
        self.assertTrue(reply[1][caret:].startswith(rest), reply)

    def assert_accepted(self, reply):
        self.assertTrue(reply and reply[0].startswith("250"), reply)


class PostfixCase(ReplyCase):
    """`config` is the daemon's configuration, `options` are arguments of Postfix().

    The daemon listens on TCP; with `as_at_a_site` it is started by root, who opens a unix socket.
    """

    config = NOBODY_EXEMPT
    options = {}
    as_at_a_site = False

    @classmethod
    def setUpClass(cls):
        unpacked()
        if cls.options.get("tls") and shutil.which("openssl") is None:
            raise unittest.SkipTest("openssl is missing, which makes the certificates")
        if cls.as_at_a_site:
            address, more = cls.enterClassContext(milter_socket())
            cls.config = more + cls.config
        else:
            address = f"inet:{free_port()}@127.0.0.1"
        daemon = Daemon(cls.config, listen=address, as_root=cls.as_at_a_site)
        cls.daemon = cls.enterClassContext(daemon)
        cls.postfix = cls.enterClassContext(Postfix(milter=address, **cls.options))

    def dial(self, address=None, **where):
        """A client, closed at the end of the test."""
        client = dial(self.postfix, address, **where)
        self.addCleanup(client.close)
        return client

    def greeted(self, address=STRANGER, name="client.example.net"):
        return greet(self.dial(address), name)
