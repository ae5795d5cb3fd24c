"""Programs that others wrote: nmap learns nothing of who has a mailbox, swaks still delivers.

Both mail servers have the settings that `milter-strict mta` prints.
"""

import shutil
import subprocess
import tempfile
import unittest

import recommended
import sendmail_support
import support
from postfix import Postfix
from sendmail import Sendmail

USERS = ("alice", "bob", "nosuch")


def run(*command):
    if shutil.which(command[0]) is None:
        raise unittest.SkipTest(f"{command[0]} is missing")
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    return done.returncode, done.stdout


def nmap(port, script, arguments=""):
    """What a script of nmap says of a port of this machine."""
    status, output = run("nmap", "-Pn", "-n", "-p", str(port), "--script", f"+{script}",
                         "--script-args", arguments, "127.0.0.1")
    if status != 0 or f"{port}/tcp open" not in output:
        raise AssertionError(f"nmap ended with {status}:\n{output}")
    return output


def enumerate_users(port, methods):
    with tempfile.NamedTemporaryFile("w", prefix="milter-strict-users-") as users:
        users.write("\n".join(USERS) + "\n")
        users.flush()
        return nmap(port, "smtp-enum-users",
                    f"userdb={users.name},smtp-enum-users.domain=example.org,"
                    f"smtp-enum-users.methods={{{methods}}}")


class Strangers:
    """Tests of a class that has `server`, the mail server."""

    def test_nmap_learns_nothing_from_vrfy(self):
        output = enumerate_users(self.server.port, "VRFY")
        self.assertIn("smtp-enum-users", output)
        for user in USERS:
            self.assertNotIn(user, output)

    def test_nmap_learns_nothing_from_expn(self):
        output = enumerate_users(self.server.port, "EXPN")
        self.assertIn("smtp-enum-users", output)
        for user in USERS:
            self.assertNotIn(user, output)

    def test_nmap_lists_commands(self):
        output = nmap(self.server.port, "smtp-commands")
        self.assertRegex(output, r"smtp-commands: .*PIPELINING")
        for user in USERS:
            self.assertNotIn(user, output)

    def test_swaks_delivers(self):
        status, output = run("swaks", "--server", self.server.host, "--port",
                             str(self.server.port), "--ehlo", "client.example.net",
                             "--from", "sender@example.net", "--to", "alice@example.org",
                             "--header", "Subject: from swaks")
        self.assertEqual(status, 0, output)
        self.server.wait_delivered("alice", 1)
        self.assertEqual(self.server.messages("alice")[0]["subject"], "from swaks")


class AtPostfix(Strangers, support.PostfixCase):
    @classmethod
    def setUpClass(cls):
        recommended.start_postfix(cls)
        cls.server = cls.postfix


class AtSendmail(Strangers, sendmail_support.SendmailCase):
    @classmethod
    def setUpClass(cls):
        recommended.start_sendmail(cls)
        cls.server = cls.sendmail


class WithoutUs(unittest.TestCase):
    """What is told by mail servers as they come: without this, the tests above prove little."""

    def server(self, kind):
        return self.enterContext(kind())

    def test_sendmail_tells_nmap(self):
        self.assertIn("alice", enumerate_users(self.server(Sendmail).port, "VRFY"))

    def test_postfix_tells_by_its_code(self):
        # nmap takes 250 alone for a yes, and Postfix says 252.
        with support.dial(self.server(Postfix)) as client:
            codes = [client.command(f"VRFY {user}@example.org")[0][:3] for user in USERS]
        self.assertEqual(codes, ["252", "252", "550"])


if __name__ == "__main__":
    unittest.main()
