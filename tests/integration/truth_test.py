"""The table of truth, milter/man/truth.table, cell by cell at a real Postfix and a real Sendmail.

Both have the settings that `milter-strict mta` prints for the configuration, and all doors of the
daemon are open. One class for each mail server and configuration, one test for each row.
"""

import unittest

import recommended
import sendmail_support
import support
import truth
from scenario import matches

NAMES = ("alice", "nosuch", "alice@example.org", "nosuch@example.org", "alice@elsewhere.example")
LONG = "x" * 600
STEPS = (("before HELO", ()), ("after HELO", ("EHLO client.example.net",)),
         ("after MAIL", ("MAIL FROM:<sender@example.net>",)),
         ("after RCPT", ("RCPT TO:<bob@example.org>",)),
         ("after a message", ("DATA", "Subject: Hello\r\n\r\nHello.\r\n.")))


class TruthCase(unittest.TestCase):
    """`name` is the column of the table; dial() gives a client whose banner is read."""

    def session(self, when):
        """A client that has come to this point of a session."""
        client = self.dial()
        for time, commands in STEPS:
            for command in commands:
                self.assertIn(client.command(command)[0][:3], ("250", "354"))
            if time == when:
                break
        return client

    def reply(self, when, sent):
        """The reply to this line, and whether the server hangs up; one reply and no more."""
        client = self.session(when)
        reply = client.command(sent)
        self.assertTrue(reply, "hung up without a word")
        try:
            after = client.command("NOOP")
        except AssertionError:  # the connection is broken
            after = []
        self.assertTrue(not after or after[0].startswith("250"), (reply, after))
        return reply, not after

    def hold(self, row):
        """Every name and time of a row gets the reply of the table, and all names the same."""
        wanted, problems = row.replies[self.name], []
        pattern = wanted.removesuffix(truth.HANGS_UP)
        names = NAMES if "{name}" in row.sent else ("",)
        for when in row.times:
            first = None
            for name in names:
                sent = row.sent.replace("{name}", name).replace("{600}", LONG)
                reply, closed = self.reply(when, sent)
                nameless = [line.replace(name, "{name}") for line in reply] if name else reply
                first = first or nameless
                if (not matches(pattern.replace("{name}", name), reply[0]) or nameless != first
                        or closed != wanted.endswith(truth.HANGS_UP)):
                    problems.append(f"{when}: {sent}: {reply}, {closed and 'closed'}")
        self.assertEqual(problems, [], f"wanted: {wanted}")


class PostfixTruth(TruthCase, support.PostfixCase):
    name = truth.SERVERS[0]

    @classmethod
    def setUpClass(cls):
        recommended.start_postfix(cls)

    def dial(self, address=support.STRANGER, **where):
        return support.PostfixCase.dial(self, address, **where)


class SendmailTruth(TruthCase, sendmail_support.SendmailCase):
    name = truth.SERVERS[1]

    @classmethod
    def setUpClass(cls):
        recommended.start_sendmail(cls)


def test_of(row):
    def test(self):
        self.hold(row)
    test.__doc__ = str(row)
    return test


def classes(base):
    """Name and members of the tests of each configuration at one mail server."""
    by_config = {}
    for row in truth.rows():
        by_config.setdefault(row.config, []).append(row)
    for number, (config, rows) in enumerate(by_config.items(), 1):
        members = {f"test_line_{row.number}": test_of(row) for row in rows}
        yield f"{base.__name__}{number}", {"config": support.NOBODY_EXEMPT + config,
                                           "__module__": __name__, **members}


for server in (PostfixTruth, SendmailTruth):
    for label, body in classes(server):
        globals()[label] = type(label, (server,), body)

if __name__ == "__main__":
    unittest.main()
