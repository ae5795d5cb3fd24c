"""Debian runs Postfix in a chroot: the socket lies in the queue directory, for Postfix's group."""

import os
import shutil
import unittest

import support
from postfix_config import MILTER_OWNER, mail_group


class Chroot(unittest.TestCase):
    """The set-up that README.md tells."""

    def setUp(self):
        support.unpacked()
        settings = {"smtpd_milters": "unix:milter-strict/milter.sock"}
        self.postfix = self.enterContext(support.Postfix(chroot=True, settings=settings))
        folder = self.postfix.path("queue/milter-strict")
        os.mkdir(folder)
        shutil.chown(folder, MILTER_OWNER, mail_group())
        os.chmod(folder, 0o2750)
        self.socket = f"unix:{folder}/milter.sock"
        self.config = (support.NOBODY_EXEMPT + f'user = "{MILTER_OWNER}";\n'
                       f'listen: {{ milter = "{self.socket}"; group = "{mail_group()}"; }};\n')

    def assert_works(self, as_root):
        with support.Daemon(self.config, listen=self.socket, as_root=as_root):
            client = support.greet(support.dial(self.postfix, support.STRANGER))
            self.addCleanup(client.close)
            reply = client.command("MAIL FROM:<user@@example.com>")
            self.assertTrue(reply[0].startswith("501-5.1.7 "), reply)
            reply = support.send_message(client, "through the chroot")
            self.assertTrue(reply[0].startswith("250 "), reply)
        self.postfix.wait_delivered("alice", 1)

    def test_started_by_root(self):
        self.assert_works(as_root=True)

    def test_started_by_a_service_manager_as_its_own_user(self):
        self.assert_works(as_root=False)


if __name__ == "__main__":
    unittest.main()
