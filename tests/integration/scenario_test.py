"""Every tests/scenarios/*.smtp that has `postfix` among its rings, typed at a real Postfix.

One class for each configuration, as the scenarios that share it also share a daemon and a Postfix;
one test for each scenario. The client comes from the scenario's address by means of XCLIENT.
"""

import pathlib
import unittest

import support
from scenario import PostfixRing, Scenario, run

SCENARIOS = pathlib.Path(__file__).resolve().parent.parent / "scenarios"


def play(path):
    """The test method that plays one scenario."""
    def test(self):
        def connect(scenario):
            client = support.SmtpClient.dial(self.postfix.host, self.postfix.xclient_port)
            client.read_reply()
            support.greet(client, "xclient.example")
            # Postfix answers XCLIENT with a new banner, which is the one that the scenario reads.
            client.line(support.xclient(scenario.client or support.STRANGER))
            return client
        run(path, PostfixRing(connect))
    test.__doc__ = f"{path.name} behind Postfix"
    return test


def classes():
    """Name and class of the tests of each configuration."""
    by_config = {}
    for path in sorted(SCENARIOS.glob("*.smtp")):
        scenario = Scenario(path, "postfix")
        if "postfix" in scenario.rings:
            by_config.setdefault(scenario.config, []).append(path)
    for number, (config, paths) in enumerate(by_config.items(), 1):
        members = {"test_" + path.stem.replace("-", "_"): play(path) for path in paths}
        yield f"Scenarios{number}", {"config": config, "__module__": __name__, **members}


for name, members in classes():
    globals()[name] = type(name, (support.PostfixCase,), members)

if __name__ == "__main__":
    unittest.main()
