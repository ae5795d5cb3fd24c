"""What a client reads from a real Sendmail behind which the daemon stands."""

import threading
import unittest

import support
from refusals import Refusals
from sendmail_support import STRANGER, SendmailCase, dial
from support import NOBODY_EXEMPT, greet, send_message

MESSAGES, SENDERS = 200, 5
DOTS = "MAIL FROM:<a..b@example.com>"


class Refused(Refusals, SendmailCase):
    """Things that Sendmail by itself would take."""

    def arrived(self):
        return self.dial()

    def test_all_lines_of_a_reply_arrive(self):
        self.assertEqual(self.greeted().command(DOTS), [
            "501-5.1.7 Syntax error in parameters: sender address has a misplaced dot "
            "(sender-dots)",
            "501-5.1.7 MAIL FROM:<a..b@example.com>",
            "501-5.1.7              ^ two dots in a row",
            "501 5.1.7 Remove the dot, or put the part before the \"@\" in quotes"])

    def test_percent_sign_arrives_single(self):
        reply = self.greeted().command("MAIL FROM:<a%s..%b@example.com>")
        self.assertEqual(reply[1], "501-5.1.7 MAIL FROM:<a%s..%b@example.com>")

    def test_other_loopback_addresses_are_other_clients(self):
        for address in ("127.0.2.8", self.sendmail.host6):
            with self.subTest(address=address):
                self.assert_refused(self.greeted(address).command(DOTS), "501", "5.1.7",
                                    "sender-dots")
                self.daemon.wait_log(event="refused", client=address)

    def test_refusal_is_in_the_mail_log(self):
        self.greeted("127.0.2.99").command(DOTS)
        line = self.sendmail.wait_log(r"Milter: from=<a\.\.b@example\.com>, reject=501 ?-?5\.1\.7")
        self.assertIn("(sender-dots)", line)


class Sessions(SendmailCase):
    def test_message_is_delivered_and_its_queue_id_logged(self):
        before = self.sendmail.delivered("alice")
        client = self.greeted()
        self.assert_accepted(client.command("MAIL FROM:<user@example.com>"))
        self.assert_accepted(client.command("RCPT TO:<alice@example.org>"))
        self.assert_refused(client.command("RCPT TO: bob@example.org"), "501", "5.5.4",
                            "recipient-brackets")
        refused = self.daemon.wait_log(event="refused", rule="recipient-brackets")[0]
        self.assertTrue(client.command("DATA")[0].startswith("354"))
        reply = client.command("Subject: one\r\n\r\nOne line.\r\n.")
        self.assert_accepted(reply)
        self.assertEqual(refused["queue"], reply[0].split()[2])
        self.sendmail.wait_delivered("alice", before + 1)
        self.assertEqual(self.sendmail.messages("alice")[before]["subject"], "one")

    def test_two_messages_with_a_refusal_between(self):
        before = self.sendmail.delivered("bob")
        client = self.greeted()
        self.assert_accepted(send_message(client, "one", recipient="<bob@example.org>"))
        self.assert_refused(client.command(DOTS), "501", "5.1.7", "sender-dots")
        self.assert_accepted(send_message(client, "two", recipient="<bob@example.org>"))
        self.sendmail.wait_delivered("bob", before + 2)
        subjects = sorted(message["subject"] for message in self.sendmail.messages("bob"))
        self.assertEqual(subjects[before:], ["one", "two"])

    def test_pipelined_commands_are_answered_in_order(self):
        before = self.sendmail.delivered("carol")
        client = self.greeted()
        client.send(b"MAIL FROM:<a..b@example.com>\r\nRSET\r\nMAIL FROM:<user@example.com>\r\n"
                    b"RCPT TO:<carol@example.org>\r\nRCPT TO: bob@example.org\r\n"
                    b"RCPT TO:<unknown@example.org>\r\nDATA\r\n")
        replies = [client.read_reply() for _ in range(7)]
        self.assertEqual([reply[-1][:3] for reply in replies],
                         ["501", "250", "250", "250", "501", "550", "354"], replies)
        self.assert_accepted(client.command("Subject: piped\r\n\r\nText.\r\n."))
        self.sendmail.wait_delivered("carol", before + 1)

    def test_reload_in_mid_session(self):
        old = self.greeted()
        try:
            line = self.daemon.reload(NOBODY_EXEMPT + 'rules: { sender-dots = "off"; };\n')
            self.assertEqual(line["event"], "reloaded")
            new = self.greeted()
            self.assert_refused(old.command(DOTS), "501", "5.1.7", "sender-dots")
            self.assert_accepted(new.command(DOTS))
        finally:
            self.daemon.reload(self.config)


class Greetings(SendmailCase):
    config = NOBODY_EXEMPT + 'our-names = [ "mx.example.org", "example.org" ];\n'

    def at_rcpt(self, recipient):
        client = self.greeted(name="mx.example.org")
        self.assert_accepted(client.command("MAIL FROM:<user@example.com>"))
        return client.command(f"RCPT TO:{recipient}")

    def test_name_of_ours_is_told_at_rcpt(self):
        self.assert_refused(self.at_rcpt("<alice@example.org>"), "550", "5.7.1", "helo-ours")

    def test_postmaster_stays_reachable(self):
        self.assert_accepted(self.at_rcpt("<postmaster@example.org>"))


class Listener(SendmailCase):
    config = 'exempt: { networks = []; daemons = [ "MSA" ]; };\n'

    def test_listed_listener_is_exempt(self):
        client = greet(self.dial(port=self.sendmail.submission_port))
        self.assert_accepted(client.command(DOTS))

    def test_other_listener_is_not(self):
        self.assert_refused(self.greeted().command(DOTS), "501", "5.1.7", "sender-dots")


class Loopback(SendmailCase):
    config = ""

    def test_all_of_loopback_is_exempt_by_default(self):
        for address in (self.sendmail.host, STRANGER, self.sendmail.host6):
            with self.subTest(address=address):
                self.assert_accepted(self.greeted(address).command(DOTS))


class Death(SendmailCase):
    """The daemon is killed with a session open, and comes back."""

    def tearDown(self):
        if self.daemon.process is None:
            self.daemon.start()

    def test_session_goes_on_and_new_ones_are_served(self):
        client = self.greeted()
        self.assert_accepted(client.command("MAIL FROM:<user@example.com>"))
        self.daemon.kill()
        self.assert_accepted(client.command("RCPT TO:<alice@example.org>"))
        self.assertTrue(client.command("DATA")[0].startswith("354"))
        self.assert_accepted(client.command("Subject: during\r\n\r\nText.\r\n."))
        self.assert_accepted(self.greeted().command(DOTS))
        self.sendmail.wait_delivered("alice", 1)
        self.daemon.start()
        self.assert_refused(self.greeted().command(DOTS), "501", "5.1.7", "sender-dots")


class DeathWithTempfail(Death):
    options = {"default_action": "tempfail"}

    def test_session_goes_on_and_new_ones_are_served(self):
        client = self.greeted()
        self.daemon.kill()
        reply = client.command("MAIL FROM:<user@example.com>")
        self.assertTrue(reply[0].startswith("451 4.3.2 "), reply)
        self.daemon.start()
        self.assert_accepted(send_message(self.greeted(), "after"))


class MuchMail(SendmailCase):
    def send_many(self, sent):
        with dial(self.sendmail) as client:
            greet(client)
            for number in range(MESSAGES // SENDERS):
                subject = f"{threading.get_ident()}.{number}"
                reply = send_message(client, subject)
                if reply and reply[0].startswith("250"):
                    sent.append(subject)

    def test_two_hundred_messages_none_lost(self):
        sent = []
        threads = [threading.Thread(target=self.send_many, args=(sent,)) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(sent), MESSAGES)
        self.sendmail.wait_delivered("alice", MESSAGES, seconds=600)
        self.sendmail.wait_idle()
        arrived = [message["subject"] for message in self.sendmail.messages("alice")]
        self.assertEqual(sorted(arrived), sorted(sent))
        self.assertEqual(self.daemon.log_lines(event="refused"), [])
        self.assert_refused(support.greet(self.dial()).command(DOTS), "501", "5.1.7",
                            "sender-dots")


if __name__ == "__main__":
    unittest.main()
