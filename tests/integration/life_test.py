"""The daemon's life behind a real Postfix: reload, sudden death, restart, and much mail."""

import threading
import unittest

from support import NOBODY_EXEMPT, PostfixCase, dial, greet, send_message

MESSAGES = 2000
LENIENT = NOBODY_EXEMPT + 'rules: { sender-dots = "off"; };\n'
DOTS = "MAIL FROM:<a..b@example.com>"


class Reload(PostfixCase):
    def tearDown(self):
        self.daemon.reload(self.config)

    def test_running_session_keeps_its_policy(self):
        old = self.greeted()
        self.assertEqual(self.daemon.reload(LENIENT)["event"], "reloaded")
        new = self.greeted()
        self.assert_refused(old.command(DOTS), "501", "5.1.7", "sender-dots")
        self.assert_accepted(new.command(DOTS))

    def test_broken_file_changes_nothing(self):
        line = self.daemon.reload('no-such-key = "x";\n')
        self.assertEqual(line["event"], "reload-failed")
        self.assert_refused(self.greeted().command(DOTS), "501", "5.1.7", "sender-dots")

    def test_no_message_is_lost_over_many_reloads(self):
        before = len(self.postfix.delivered("bob"))
        client = self.greeted()
        for number in range(10):
            self.daemon.reload(LENIENT if number % 2 else self.config)
            reply = send_message(client, f"reload {number}", recipient="<bob@example.org>")
            self.assert_accepted(reply)
        self.postfix.wait_delivered("bob", before + 10)


class DeathCase(PostfixCase):
    """The daemon is killed with a session open, and comes back."""

    def tearDown(self):
        if self.daemon.process is None:
            self.daemon.start()

    def session_at_its_death(self):
        client = self.greeted()
        self.assert_accepted(send_message(client, "before", recipient="<carol@example.org>"))
        self.assert_accepted(client.command("MAIL FROM:<user@example.com>"))
        self.assert_accepted(client.command("RCPT TO:<carol@example.org>"))
        self.daemon.kill()
        return client

    def deliver_all(self, seconds, accepted, stop):
        """Send messages one after another from one thread; those answered with 250 are noted."""
        number = 0
        while not stop.wait(seconds):
            number += 1
            subject = f"{threading.get_ident()}.{number}"
            try:
                with dial(self.postfix) as client:
                    reply = send_message(greet(client), subject, recipient="<bob@example.org>")
            except AssertionError:  # refused for now or hung up: the message stays with us
                continue
            if reply and reply[0].startswith("250"):
                accepted.append(subject)

    def assert_nothing_lost(self, kills=4, senders=3):
        """Kill and start it again while mail flows; what was accepted arrives, exactly once."""
        accepted, stop = [], threading.Event()
        threads = [threading.Thread(target=self.deliver_all, args=(0.01, accepted, stop))
                   for _ in range(senders)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(kills):
                target = len(accepted) + 10
                self.daemon.wait_for(lambda: len(accepted) >= target, "mail to flow")
                self.daemon.kill()
                stop.wait(0.2)
                self.daemon.start()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.postfix.wait_idle()
        arrived = [message["subject"] for message in self.postfix.messages("bob")]
        self.assertEqual(sorted(set(accepted) - set(arrived)), [])
        self.assertEqual(len(arrived), len(set(arrived)))


class DeathWithTempfail(DeathCase):
    options = {"default_action": "tempfail"}

    def test_rest_of_the_session_is_deferred(self):
        client = self.session_at_its_death()
        for command in ("RCPT TO:<bob@example.org>", "XYZZY"):
            reply = client.command(command)
            self.assertEqual(reply, ["451 4.7.1 Service unavailable - try again later"], command)
        self.postfix.wait_delivered("carol", 1)

    def test_orderly_stop_with_a_session_open(self):
        client = self.greeted()
        self.assert_accepted(client.command("MAIL FROM:<user@example.com>"))
        self.daemon.stop()
        self.assertEqual(client.command("RCPT TO:<alice@example.org>"),
                         ["451 4.7.1 Service unavailable - try again later"])

    def test_new_sessions_are_deferred_until_it_is_back(self):
        self.session_at_its_death()
        client = greet(dial(self.postfix))
        self.addCleanup(client.close)
        self.assertEqual(client.command("MAIL FROM:<user@example.com>"),
                         ["451 4.7.1 Service unavailable - try again later"])
        self.daemon.start()
        self.assert_accepted(send_message(self.greeted(), "after"))

    def test_what_was_accepted_is_delivered(self):
        self.assert_nothing_lost()


class DeathWithAccept(DeathCase):
    options = {"default_action": "accept"}

    def test_session_goes_on_without_it(self):
        client = self.session_at_its_death()
        before = len(self.postfix.delivered("carol"))
        self.assert_accepted(client.command("RCPT TO:<alice@example.org>"))
        self.assertTrue(client.command("DATA")[0].startswith("354"))
        self.assert_accepted(client.command("Subject: during\r\n\r\nText.\r\n."))
        self.assert_accepted(client.command(DOTS))
        self.postfix.wait_delivered("carol", before + 1)
        self.daemon.start()
        self.assert_refused(self.greeted().command(DOTS), "501", "5.1.7", "sender-dots")

    def test_what_was_accepted_is_delivered(self):
        self.assert_nothing_lost()


class AtASite(PostfixCase):
    """Started by root, listening on a unix socket that only Postfix's group may write to."""

    as_at_a_site = True

    def test_refuses_and_delivers(self):
        client = self.greeted()
        self.assert_refused(client.command(DOTS), "501", "5.1.7", "sender-dots")
        self.assert_accepted(send_message(client, "through the unix socket"))

    def test_is_not_root_any_more(self):
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="ascii") as status:
            ids = dict(line.split(":", 1) for line in status)
        self.assertNotIn("0", ids["Uid"].split())
        self.assertNotIn("0", ids["Gid"].split())

    def test_reloads_and_comes_back_after_sudden_death(self):
        self.assertEqual(self.daemon.reload()["event"], "reloaded")
        self.daemon.kill()
        self.daemon.start()
        self.assert_refused(self.greeted().command(DOTS), "501", "5.1.7", "sender-dots")


class MuchMail(PostfixCase):
    as_at_a_site = True

    def test_two_thousand_messages(self):
        done = self.postfix.run("smtp-source", "-m", str(MESSAGES), "-s", "10", "-l", "2000",
                                "-M", "client.example.net", "-f", "sender@example.net",
                                "-t", "alice@example.org",
                                f"inet:{self.postfix.host}:{self.postfix.port}")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.postfix.wait_delivered("alice", MESSAGES, seconds=600)
        self.postfix.wait_idle()
        self.assertEqual(len(self.postfix.delivered("alice")), MESSAGES)
        self.assertNotIn("reject", self.postfix.log())
        self.assertEqual(self.daemon.log_lines(event="refused"), [])
        # They did go through a policy that refuses what is wrong.
        self.assert_refused(greet(self.dial()).command(DOTS), "501", "5.1.7", "sender-dots")


if __name__ == "__main__":
    unittest.main()
