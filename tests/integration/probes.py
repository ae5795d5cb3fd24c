"""Clients that probe, and what can be said of how they fare; visit() says where."""

import support

CUT_OFF_AT_MOST = 25
# Postfix hangs up by itself after 20 errors; where that is not the point, it must not.
PATIENT = {"smtpd_soft_error_limit": "100000", "smtpd_hard_error_limit": "100000",
           "smtpd_junk_command_limit": "100000"}


def names(count):
    return [f"user{number}" for number in range(count)]


class ProbeCase(support.ReplyCase):
    def visit(self, address, **where):
        """A client from this address, after EHLO."""
        raise NotImplementedError

    def harvest(self, address, users, transactions=True, **where):
        """Ask for each of these users until refused: how many were answered, and the refusal.

        With `transactions` each is asked for in a transaction of its own."""
        client, answered = self.visit(address, **where), 0
        for number, user in enumerate(users):
            if transactions or number == 0:
                reply = client.command("MAIL FROM:<sender@example.net>")
                if reply[0].startswith("421"):
                    return answered, reply
                self.assert_accepted(reply)
            reply = client.command(f"RCPT TO:<{user}@example.org>")
            if reply[0].startswith("421"):
                return answered, reply
            self.assertRegex(reply[0], "^(550 5.1.1|250) ")
            answered += 1
            if transactions:
                client.command("RSET")
        return answered, None

    def assert_turned_away(self, address, rule="probe-recipients", **where):
        """Refused at MAIL, with the time that is left; then the connection ends."""
        client = self.visit(address, **where)
        reply = client.command("MAIL FROM:<sender@example.net>")
        self.assert_refused(reply, "421", "4.7.0", rule)
        self.assertRegex(" ".join(reply), r"try again in \d+ (second|minute|hour|day)")
        self.assertEqual(client.wait_closed(), [])

    def assert_welcome(self, address, recipient="<alice@example.org>", **where):
        client = self.visit(address, **where)
        self.assert_accepted(support.send_message(client, "welcome", recipient=recipient))
