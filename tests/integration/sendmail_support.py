"""What the tests with a real Sendmail share: one of it and one daemon for each class of tests."""


import support
from rings import on_loopback
from sendmail import Sendmail, unpacked

# Sendmail believes what it sees, so a stranger is another loopback address.
STRANGER = on_loopback(support.STRANGER)


def dial(sendmail, address=STRANGER, port=None):
    """A client at this loopback address with the banner read; IPv6 when it is ::1."""
    host = sendmail.host6 if ":" in address else sendmail.host
    client = support.SmtpClient.dial(host, port or sendmail.port, source=address)
    banner = client.read_reply()
    if not banner or not banner[0].startswith("220"):
        raise AssertionError(f"no greeting: {banner}")
    return client


class SendmailCase(support.ReplyCase):
    """`config` is the daemon's configuration, `options` are arguments of Sendmail()."""

    config = support.NOBODY_EXEMPT
    options = {}

    @classmethod
    def setUpClass(cls):
        unpacked()
        address = f"inet:{support.free_port()}@127.0.0.1"
        cls.daemon = cls.enterClassContext(support.Daemon(cls.config, listen=address))
        cls.sendmail = cls.enterClassContext(Sendmail(milter=address, **cls.options))

    def dial(self, address=STRANGER, **where):
        """A client, closed at the end of the test."""
        client = dial(self.sendmail, address, **where)
        self.addCleanup(client.close)
        return client

    def greeted(self, address=STRANGER, name="client.example.net"):
        return support.greet(self.dial(address), name)
