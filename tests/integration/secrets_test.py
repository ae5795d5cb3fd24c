"""However a client asks with VRFY or EXPN, it reads the same of users who exist and of others.

Both mail servers have the settings that `milter-strict mta` prints.
"""

import unittest

import recommended
import sendmail_support
import support

KNOWN, UNKNOWN = "alice", "zzzzz"  # of the same length
LONG = "x" * 600
FORMS = ("{}", "<{}>", '"{}"', "{}@example.org", "<{}@example.org>", "{}@mx.example.org",
         "{}@[127.0.0.1]", "@example.net:{}@example.org", "<@example.net:{}@example.org>",
         "{}%example.org", "example.org!{}", "\\{}", "{}.", "{}+detail", "Some One <{}@example.org>",
         "({}) {}", "<{}", "{} {}", "{},{}", "{}, bob", "bob, {}", "{},<bob",
         "{}@example.org SMTPUTF8", "{}@example.org,{}@elsewhere.example", "{},(" + LONG + ")",
         "{}," + LONG, LONG + ",{}", "{}," + "x." * 600, "{} \x01", "{}\t", "  {}")
COMMANDS = ("VRFY {}", "vrfy {}", "  VRFY {}", "VRFY\t{}", "EXPN {}")


class Secrets:
    """Tests of a class that has dial()."""

    def replies(self, name):
        """What is said to each form of each command, with the name made out."""
        said = {}
        for command in COMMANDS:
            for form in FORMS if command in ("VRFY {}", "EXPN {}") else FORMS[:4]:
                text = command.replace("{}", form)
                client = self.dial()
                reply = client.command(text.replace("{}", name))
                said[text] = [line.replace(name, "{}") for line in reply]
                client.close()
        return said

    def test_nothing_is_told(self):
        known, unknown = self.replies(KNOWN), self.replies(UNKNOWN)
        self.assertEqual({text: (reply, unknown[text]) for text, reply in known.items()
                          if reply != unknown[text]}, {})
        for text, reply in known.items():
            with self.subTest(sent=text[:80]):
                self.assertRegex(reply[0], r"^(5|252 )")


class AtPostfix(Secrets, support.PostfixCase):
    @classmethod
    def setUpClass(cls):
        recommended.start_postfix(cls)


class AtPostfixOfOld(AtPostfix):
    """A main.cf that was begun with an earlier version, and looks for mailboxes itself."""

    @classmethod
    def setUpClass(cls):
        recommended.start_postfix(cls, compatibility_level="2",
                                  smtpd_recipient_restrictions="reject_unlisted_recipient")


class AtSendmail(Secrets, sendmail_support.SendmailCase):
    @classmethod
    def setUpClass(cls):
        recommended.start_sendmail(cls)


def list_too_long(name):
    return name + "," * 1600


class AtSendmailTooLong(sendmail_support.SendmailCase):
    """What no ruleset is shown, as the manual says under LIMITS."""

    flags = ""

    @classmethod
    def setUpClass(cls):
        recommended.start_sendmail(cls, privacy=cls.flags)

    def asked(self, name):
        return [self.dial().command(f"{verb} {list_too_long(name)}")[0][:9]
                for verb in ("VRFY", "EXPN")]

    def test_list(self):
        self.assertEqual(self.asked(KNOWN), ["250 2.1.5"] * 2)
        self.assertEqual(self.asked(UNKNOWN), ["550 5.1.1"] * 2)


class AtSendmailShut(AtSendmailTooLong):
    flags = "novrfy,noexpn"

    def test_list(self):
        for name in (KNOWN, UNKNOWN):
            self.assertEqual(self.asked(name), ["252 2.5.2", "502 5.7.0"])


ANSWERED = support.NOBODY_EXEMPT + 'rules: { command-vrfy = { reply = "252"; }; };\n'


class AtPostfixAnswered(AtPostfix):
    config = ANSWERED


class AtSendmailAnswered(AtSendmail):
    config = ANSWERED


class AtPostfixAlone(support.PostfixCase):
    """The daemon is away, and the policy service with it."""

    @classmethod
    def setUpClass(cls):
        recommended.start_postfix(cls)

    def test_mail_flows_and_the_session_asks_again_when_it_is_back(self):
        before, client = len(self.postfix.delivered(KNOWN)), self.greeted()
        ours = client.command("VRFY alice")
        self.assertIn("(command-vrfy)", ours[0])
        self.daemon.kill()
        self.assertNotIn("(command-vrfy)", client.command("VRFY alice")[0])
        self.assert_accepted(support.send_message(self.greeted(), "alone"))
        self.postfix.wait_delivered(KNOWN, before + 1)
        self.daemon.start()
        self.assertEqual(client.command("VRFY alice"), ours)


class AtSendmailAlone(AtSendmail):
    """The daemon is away: mail flows, and the rulesets keep the secret by themselves."""

    def setUp(self):
        self.daemon.kill()
        self.addCleanup(self.daemon.start)

    def test_mail_flows(self):
        before = self.sendmail.delivered(KNOWN)
        self.assert_accepted(support.send_message(self.greeted(), "alone"))
        self.sendmail.wait_delivered(KNOWN, before + 1)

    def test_session_that_was_open_asks_again_when_it_is_back(self):
        self.daemon.start()
        client = self.greeted()
        ours = client.command("VRFY alice")
        self.assertIn("(command-vrfy)", ours[0])
        self.daemon.kill()
        self.assertEqual(client.command("VRFY alice"), ["502 5.5.1 Command not implemented"])
        self.daemon.start()
        client.command("VRFY alice")  # finds out that its connection has ended
        self.assertEqual(client.command("VRFY alice"), ours)
        self.daemon.kill()


if __name__ == "__main__":
    unittest.main()
