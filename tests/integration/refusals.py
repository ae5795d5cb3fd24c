"""Refusals that clients read from either mail server: things that it would take by itself."""


class Refusals:
    """Tests for a ReplyCase that says how a stranger comes in: greeted() and, before EHLO, arrived()."""

    def test_sender_without_brackets(self):
        reply = self.greeted().command("MAIL FROM: user@example.com")
        self.assert_refused(reply, "501", "5.5.4", "sender-brackets")
        self.assert_caret_under(reply, "user@example.com")

    def test_recipient_with_a_double_dot(self):
        client = self.greeted()
        self.assert_accepted(client.command("MAIL FROM:<user@example.com>"))
        # A recipient that the server knows: what it refuses itself gets its own reply, not ours.
        reply = client.command("RCPT TO:<alice+a..b@example.org>")
        self.assert_refused(reply, "501", "5.1.3", "recipient-dots")

    def test_mail_before_helo(self):
        reply = self.arrived().command("MAIL FROM:<user@example.com>")
        self.assert_refused(reply, "503", "5.5.1", "helo-missing")

    def test_unknown_command(self):
        client = self.greeted()
        self.assert_refused(client.command("XYZZY now"), "500", "5.5.2", "command-unknown")
        self.assert_accepted(client.command("NOOP"))

    def test_another_protocol_ends_the_session(self):
        # Postfix knows GET and POST by itself (smtpd_forbidden_commands) and hangs up unasked.
        client = self.greeted()
        reply = client.command("OPTIONS sip:example.org SIP/2.0")
        self.assert_refused(reply, "421", "4.7.0", "command-foreign")
        self.assertEqual(client.wait_closed(), [])
