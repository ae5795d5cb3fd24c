"""Who is refused for probing at a real mail server: dictionaries and call-outs, and who only seems so.

Each test has client addresses of its own, for what one address has done stays with it.
"""

import base64
import random
import unittest

import recommended
from probes import CUT_OFF_AT_MOST, PATIENT, ProbeCase, names
from support import NOBODY_EXEMPT, PostfixCase, SmtpClient, greet, send_message
from operator_tool import ctl

REMEMBERS = NOBODY_EXEMPT + 'state-directory = "@DIR@";\n'
LOGIN = base64.b64encode(b"\0joe\0secret").decode("ascii")


class ProbingCase(ProbeCase, PostfixCase):
    config = REMEMBERS
    options = {"settings": PATIENT}

    def visit(self, address, **where):
        return greet(self.dial(address, **where))


class Recipients(ProbingCase):
    def test_dictionary_is_cut_off(self):
        answered, reply = self.harvest("198.51.100.1", names(1000))
        self.assertIsNotNone(reply, "nobody stopped it")
        self.assert_refused(reply, "421", "4.7.0", "probe-recipients")
        self.assertLessEqual(answered, CUT_OFF_AT_MOST)
        self.assertGreater(answered, 5)
        for _ in range(3):
            self.assert_turned_away("198.51.100.1")
        self.assert_welcome("198.51.100.2")
        began = self.daemon.wait_log(event="probing", network="198.51.100.1/32")
        self.assertEqual(len(began), 1)

    def test_dictionary_amid_good_names_is_cut_off(self):
        users = [f"alice+{user}" if number % 5 == 4 else user
                 for number, user in enumerate(names(1000))]
        answered, reply = self.harvest("198.51.100.3", users)
        self.assertIsNotNone(reply, "nobody stopped it")
        self.assertLessEqual(answered, CUT_OFF_AT_MOST * 5 / 4 + 1)

    def test_pipelined_dictionary_is_cut_off(self):
        lines = "".join("MAIL FROM:<sender@example.net>\r\n"
                        f"RCPT TO:<{user}@example.org>\r\nRSET\r\n" for user in names(300))
        client = self.visit("198.51.100.4")
        client.send(lines.encode("ascii"))
        replies = client.wait_closed()
        unknown = [line for line in replies if line.startswith("550 5.1.1")]
        self.assertLessEqual(len(unknown), CUT_OFF_AT_MOST)
        self.assertTrue(replies[-1].startswith("421 4.7.0 "), replies[-1])
        self.assert_turned_away("198.51.100.4")

    def test_whole_ipv6_network_is_one_client(self):
        refusals = 0
        for number, user in enumerate(names(100)):
            _, reply = self.harvest(f"2001:db8:1:1::{number + 1:x}", [user])
            refusals += reply is not None
        self.assertGreaterEqual(refusals, 100 - CUT_OFF_AT_MOST)
        self.assert_turned_away("2001:db8:1:1:ffff::1")
        self.assert_welcome("2001:db8:1:2::1")

    def test_one_wrong_address_again_and_again(self):
        answered, reply = self.harvest("198.51.100.11", ["nosuch", "NoSuch"] * 50)
        self.assertEqual((answered, reply), (100, None))
        self.assert_welcome("198.51.100.11")

    def test_unknown_users_of_a_relay_denied_do_not_count(self):
        client = self.visit("198.51.100.12")
        for user in names(60):
            self.assert_accepted(client.command("MAIL FROM:<sender@example.net>"))
            reply = client.command(f"RCPT TO:<{user}@elsewhere.example>")
            self.assertRegex(reply[0], "^[45]54 [45].7.1 ")
            client.command("RSET")
        self.assert_welcome("198.51.100.12")

    def test_clean_clients_are_not_remembered(self):
        self.assert_welcome("198.51.100.13")
        self.assertEqual(self.daemon.log_lines(network="198.51.100.13/32"), [])


class StaleLists(ProbingCase):
    """30 stale addresses among 600 good ones: a list that nobody has looked after."""

    as_at_a_site = True
    STALE, GOOD = 30, 600

    def mail(self, client, recipients):
        """One message; how many recipients were unknown."""
        self.assert_accepted(client.command("MAIL FROM:<list@example.net>"))
        unknown = 0
        for recipient in recipients:
            reply = client.command(f"RCPT TO:<{recipient}@example.org>")
            self.assertRegex(reply[0], "^(250 2.1.5|550 5.1.1) ")
            unknown += reply[0].startswith("550")
        if unknown == len(recipients):
            self.assert_accepted(client.command("RSET"))
        else:
            self.assertRegex(client.command("DATA")[0], "^354 ")
            self.assert_accepted(client.command("Subject: list\r\n\r\nNews.\r\n."))
        return unknown

    def assert_goes_through(self, address, messages):
        recipients = [recipient for message in messages for recipient in message]
        good = [recipient for recipient in recipients if recipient.startswith("bob")]
        self.assertEqual((len(good), len(recipients)), (self.GOOD, self.GOOD + self.STALE))
        before, client = len(self.postfix.delivered("bob")), self.visit(address)
        unknown = sum(self.mail(client, message) for message in messages)
        self.assertEqual(unknown, self.STALE)
        self.postfix.wait_delivered("bob", before + self.GOOD)
        self.assertEqual(self.daemon.log_lines(client=address, event="refused"), [])
        self.assertEqual(self.daemon.log_lines(network=f"{address}/32", event="probing"), [])
        self.assert_welcome(address)

    def shuffled(self, seed):
        recipients = names(self.STALE) + [f"bob+{number}" for number in range(self.GOOD)]
        random.Random(seed).shuffle(recipients)
        return recipients

    def test_one_stale_address_a_message(self):
        messages = []
        for number, stale in enumerate(names(self.STALE)):
            good = [f"bob+{number}.{part}" for part in range(self.GOOD // self.STALE)]
            messages.append([*good[:10], stale, *good[10:]])
        self.assert_goes_through("198.51.100.10", messages)

    def test_one_message_for_all(self):
        self.assert_goes_through("198.51.100.14", [self.shuffled(1)])

    def test_messages_of_fifty(self):
        recipients = self.shuffled(2)
        self.assert_goes_through("198.51.100.15", [recipients[at:at + 50]
                                                   for at in range(0, len(recipients), 50)])

    def test_a_message_for_each(self):
        self.assert_goes_through("198.51.100.16", [[one] for one in self.shuffled(3)])


class ImpatientPostfix(ProbingCase):
    """Postfix itself hangs up after 20 errors, as it does unless told otherwise."""

    options = {}

    def test_one_transaction_after_another_connection(self):
        answered = 0
        for _ in range(50):
            client = self.visit("198.51.100.1")
            reply = client.command("MAIL FROM:<sender@example.net>")
            if reply[0].startswith("421"):
                break
            for user in names(1000)[answered:]:
                reply = client.command(f"RCPT TO:<{user}@example.org>")
                if not reply or not reply[0].startswith("550 5.1.1"):
                    break
                answered += 1
        self.assertLessEqual(answered, CUT_OFF_AT_MOST)
        self.assert_turned_away("198.51.100.1")


class OtherProbes(ProbingCase):
    def test_callouts(self):
        for _ in range(500):  # each in a session of its own, as they are
            client = self.visit("198.51.100.20")
            reply = client.command("MAIL FROM:<>")
            if reply[0].startswith("421"):
                break
            self.assert_accepted(client.command("RCPT TO:<alice@example.org>"))
            client.command("QUIT")
            client.close()
        self.assert_refused(reply, "421", "4.7.0", "probe-callout")
        self.assert_turned_away("198.51.100.20", "probe-callout")

    def test_unknown_commands(self):
        client, answered = self.visit("198.51.100.21"), 0
        while answered < 500:
            reply = client.command(f"XYZZY{answered}")
            if reply[0].startswith("421"):
                break
            self.assertRegex(reply[0], "^500")
            answered += 1
        self.assert_refused(reply, "421", "4.7.0", "probe-commands")
        self.assert_turned_away("198.51.100.21", "probe-commands")


class EveryDoor(ProbingCase):
    """With the settings that `milter-strict mta` prints, and a Postfix that does not hang up."""

    @classmethod
    def setUpClass(cls):
        recommended.start_postfix(cls, **PATIENT)

    def vrfy(self, address, verb):
        client, answered = self.visit(address), 0
        for user in names(1000):
            reply = client.command(f"{verb} {user}")
            if reply[0].startswith("421"):
                return answered, reply
            self.assertRegex(reply[0], "^502 5.5.1 ")
            answered += 1
        self.fail(f"{verb} was answered 1,000 times")

    def test_dictionary_over_vrfy_is_cut_off(self):
        answered, reply = self.vrfy("198.51.100.30", "VRFY")
        self.assertLessEqual(answered, CUT_OFF_AT_MOST)
        self.assertRegex(reply[0], r"^421 4.7.0 .*\(probe-vrfy\)$")
        self.assert_turned_away("198.51.100.30", "probe-vrfy")
        reply = self.visit("198.51.100.30").command("VRFY alice")
        self.assertRegex(reply[0], r"^421 4.7.0 .*\(probe-vrfy\)$")

    def test_expn_counts_as_well(self):
        answered, _ = self.vrfy("198.51.100.31", "EXPN")
        self.assertLessEqual(answered, CUT_OFF_AT_MOST)

    def test_dictionary_in_one_transaction_is_cut_off(self):
        lines = "".join(f"RCPT TO:<{user}@example.org>\r\n" for user in names(1000))
        client = self.visit("198.51.100.32")
        self.assert_accepted(client.command("MAIL FROM:<sender@example.net>"))
        client.send(lines.encode("ascii"))
        replies = client.wait_closed()
        unknown = [line for line in replies if line.startswith("550 5.1.1")]
        self.assertLessEqual(len(unknown), CUT_OFF_AT_MOST)
        self.assertRegex(replies[-1], r"^421 4.7.0 .*\(probe-recipients\)$")
        self.assert_turned_away("198.51.100.32")

    def test_good_recipients_pass_through_all_doors(self):
        self.assert_welcome("198.51.100.33")


class AtSendmail(unittest.TestCase):
    """With the settings that `milter-strict mta` prints; clients come from loopback addresses."""

    config = REMEMBERS

    @classmethod
    def setUpClass(cls):
        recommended.start_sendmail(cls)

    def visit(self, address):
        client = SmtpClient.dial(self.sendmail.host, self.sendmail.port, source=address)
        self.addCleanup(client.close)
        self.assertRegex(client.read_reply()[0], "^220")
        return greet(client)

    def assert_cut_off(self, address, verb, rule):
        for answered, user in enumerate(names(1000)):
            client = self.visit(address)
            if verb == "RCPT":
                reply = client.command("MAIL FROM:<sender@example.net>")
                if reply[0].startswith("250"):
                    reply = client.command(f"RCPT TO:<{user}@example.org>")
            else:
                reply = client.command(f"{verb} {user}")
            client.close()
            if reply[0].startswith("421"):
                break
            self.assertRegex(reply[0], "^550 5.1.1 " if verb == "RCPT" else "^502 5.5.1 ")
        self.assertRegex(reply[0], rf"^421.4.7.0 .*\({rule}\)$")
        self.assertLessEqual(answered, CUT_OFF_AT_MOST)

    def test_recipients(self):
        self.assert_cut_off("127.0.2.80", "RCPT", "probe-recipients")

    def test_vrfy_and_expn(self):
        self.assert_cut_off("127.0.2.81", "VRFY", "probe-vrfy")
        self.assert_cut_off("127.0.2.82", "EXPN", "probe-vrfy")


class Operators(ProbingCase):
    """Seen, forgiven and refused with `milter-strict ctl`, while Postfix serves."""

    def ctl(self, *arguments):
        result = ctl(self.daemon, *arguments)
        self.assertEqual((result.status, result.err), (0, ""), result)
        return result

    def test_dictionary_is_shown_and_forgiven(self):
        answered, reply = self.harvest("198.51.100.70", names(1000))
        self.assertIsNotNone(reply, "nobody stopped it")
        self.assertLessEqual(answered, CUT_OFF_AT_MOST)
        self.assert_turned_away("198.51.100.70")
        row, end = self.ctl("--json", "refused", "--network", "198.51.100.70").lines()
        self.assertEqual((row["network"], row["rule"], row["action"]),
                         ("198.51.100.70/32", "probe-recipients", "refuse"))
        self.assertGreaterEqual(row["distinct"], 10)
        self.assertEqual((row["delivered"], end["found"]), (0, 1))
        open_session = self.visit("198.51.100.70")
        self.assertEqual(self.ctl("forgive", "198.51.100.70").out,
                         "198.51.100.70/32: 1 network forgiven\n")
        self.assert_accepted(send_message(open_session, "forgiven"))
        self.assert_welcome("198.51.100.70")
        status, = self.ctl("--json", "status").lines()
        refused = {row["rule"]: row["refused"] for row in status["decisions"]}
        self.assertGreaterEqual(refused["probe-recipients"], 2)

    def test_refused_by_hand(self):
        client = self.visit("203.0.113.70")
        self.assert_accepted(send_message(client, "before"))
        self.ctl("refuse", "203.0.113.0/24", "2h")
        reply = client.command("MAIL FROM:<sender@example.net>")
        self.assert_refused(reply, "421", "4.7.0", "client-refused")
        self.assert_turned_away("203.0.113.71", "client-refused")
        self.assert_welcome("203.0.112.1")
        self.ctl("forgive", "203.0.113.0/24")
        self.assert_welcome("203.0.113.70")


class Memory(ProbingCase):
    def refuse(self, address):
        _, reply = self.harvest(address, names(CUT_OFF_AT_MOST + 1))
        self.assertIsNotNone(reply)
        self.daemon.wait_log(event="probing", network=f"{address}/32")

    def networks_written(self):
        """What happened in the last second may be lost when it is killed."""
        status, = ctl(self.daemon, "--json", "status").lines()
        return status["store"]["networks"]

    def test_restart_keeps_refusals(self):
        self.refuse("198.51.100.40")
        self.daemon.stop()
        self.daemon.start()
        self.assert_turned_away("198.51.100.40")
        self.assert_welcome("198.51.100.41")

    def test_sudden_deaths_amid_attacks_keep_refusals(self):
        """It is killed while others are being counted, several times in a row."""
        before = self.networks_written()
        self.refuse("198.51.100.44")
        self.daemon.wait_for(lambda: self.networks_written() > before, "the refusal in the file")
        for death in range(3):
            others = [self.visit(f"198.51.100.{64 + death * 8 + number}") for number in range(8)]
            for user in names(6):
                for client in others:
                    client.command("MAIL FROM:<sender@example.net>")
                    client.send(f"RCPT TO:<{user}@example.org>\r\nRSET\r\n".encode("ascii"))
                for client in others:
                    client.read_reply()
                    client.read_reply()
            self.daemon.kill()
            self.daemon.start()
            self.assert_turned_away("198.51.100.44")
        self.assertEqual(self.daemon.log_lines(event="store-set-aside"), [])
        self.assertEqual(self.daemon.log_lines(event="store-failed"), [])
        self.assert_welcome("198.51.100.45")

    def test_reload_keeps_refusals(self):
        self.refuse("198.51.100.43")
        self.assertEqual(self.daemon.reload()["event"], "reloaded")
        self.assert_turned_away("198.51.100.43")


class Exempt(ProbingCase):
    config = REMEMBERS.replace("networks = []", 'networks = [ "203.0.113.0/24" ]')
    options = {"settings": PATIENT, "auth": True}

    def test_networks(self):
        answered, reply = self.harvest("203.0.113.1", names(60))
        self.assertEqual((answered, reply), (60, None))
        self.assert_welcome("203.0.113.1")

    def test_whoever_logs_in(self):
        _, reply = self.harvest("198.51.100.50", names(60))
        self.assertIsNotNone(reply)
        client = self.visit("198.51.100.50")
        self.assertRegex(client.command(f"AUTH PLAIN {LOGIN}")[0], "^235 ")
        self.assert_accepted(send_message(client, "mine"))
        self.assert_turned_away("198.51.100.50")


class Monitored(ProbingCase):
    config = REMEMBERS + 'rules: { probe-recipients = "monitor"; };\n'

    def test_nothing_is_refused_and_the_log_tells(self):
        answered, reply = self.harvest("198.51.100.60", names(60))
        self.assertEqual((answered, reply), (60, None))
        self.assert_welcome("198.51.100.60")
        self.daemon.wait_log(event="would-refuse", rule="probe-recipients", client="198.51.100.60")
        self.assertEqual(self.daemon.log_lines(event="refused", client="198.51.100.60"), [])


class Off(ProbingCase):
    config = REMEMBERS + 'rules: { probe-recipients = "off"; };\n'

    def test_nobody_counts(self):
        answered, reply = self.harvest("198.51.100.61", names(60))
        self.assertEqual((answered, reply), (60, None))
        self.assertEqual(self.daemon.log_lines(rule="probe-recipients"), [])


if __name__ == "__main__":
    unittest.main()
