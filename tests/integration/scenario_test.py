"""Every tests/scenarios/*.smtp that has `postfix` or `sendmail` among its rings, typed at one.

Both have the settings that `milter-strict mta` prints for the scenario's configuration. One class
for each mail server and configuration, as the scenarios that share it also share a daemon and a
server; one test for each scenario. The client comes from the scenario's address: Postfix is told so
with XCLIENT, for Sendmail the scenario is moved to loopback addresses.
"""

import pathlib
import re
import unittest

import recommended
import sendmail_support
import support
from rings import on_loopback
from scenario import PostfixRing, Scenario, SendmailRing, run

SCENARIOS = pathlib.Path(__file__).resolve().parent.parent / "scenarios"


class PostfixScenarios(support.PostfixCase):
    ring = PostfixRing

    @classmethod
    def setUpClass(cls):
        recommended.start_postfix(cls)

    def connect(self, scenario):
        client = support.SmtpClient.dial(self.postfix.host, self.postfix.xclient_port)
        client.read_reply()
        support.greet(client, "xclient.example")
        # Postfix answers XCLIENT with a new banner, which is the one that the scenario reads.
        client.line(support.xclient(scenario.client or support.STRANGER))
        return client

    @staticmethod
    def settle(config):
        return config


class SendmailScenarios(sendmail_support.SendmailCase):
    ring = SendmailRing

    @classmethod
    def setUpClass(cls):
        recommended.start_sendmail(cls)

    def connect(self, scenario):
        return support.SmtpClient.dial(self.sendmail.host, self.sendmail.port,
                                       source=scenario.client or sendmail_support.STRANGER)

    @staticmethod
    def settle(config):
        """Loopback is exempt unless told otherwise, and that is where all clients come from."""
        if not re.search(r"^exempt:.*networks", config, re.MULTILINE):
            exempt = 'networks = [ "127.0.0.1" ];'
            config, count = re.subn(r"^exempt: \{", f"exempt: {{ {exempt}", config,
                                    flags=re.MULTILINE)
            config += "" if count else f"exempt: {{ {exempt} }};\n"
        return on_loopback(config)


def play(path):
    """The test method that plays one scenario."""
    def test(self):
        run(path, self.ring(self.connect))
    test.__doc__ = path.name
    return test


def classes(base):
    """Name and class of the tests of each configuration at one mail server."""
    by_config = {}
    for path in sorted(SCENARIOS.glob("*.smtp")):
        scenario = Scenario(path, base.ring.name)
        if base.ring.name in scenario.rings:
            by_config.setdefault(base.settle(scenario.config), []).append(path)
    for number, (config, paths) in enumerate(by_config.items(), 1):
        members = {"test_" + path.stem.replace("-", "_"): play(path) for path in paths}
        yield (f"{base.__name__}{number}",
               {"config": config, "__module__": __name__, **members})


for server in (PostfixScenarios, SendmailScenarios):
    for name, members in classes(server):
        globals()[name] = type(name, (server,), members)

if __name__ == "__main__":
    unittest.main()
