"""Who is exempt, as a real Postfix tells the daemon: networks, AUTH, TLS, listed listeners."""

import base64
import unittest

from support import NOBODY_EXEMPT, STRANGER, PostfixCase, greet, send_message

OURS = 'our-names = [ "mx.example.org" ];\n'
LOGIN = base64.b64encode(b"\0joe\0secret").decode("ascii")
BAD_LOGIN = base64.b64encode(b"\0joe\0guess").decode("ascii")


class ExemptCase(PostfixCase):
    def assert_passes(self, client):
        """A greeting and a sender that others are refused for."""
        greet(client, "mx.example.org")
        self.assert_accepted(send_message(client, "exempt", sender="<a..b@example.com>"))

    def assert_judged(self, client):
        reply = greet(client, "mx.example.org").command("MAIL FROM:<a..b@example.com>")
        self.assert_refused(reply, "501", "5.1.7", "sender-dots")


class Networks(ExemptCase):
    config = OURS + 'exempt: { networks = [ "192.0.2.0/24", "2001:db8:1::/48" ]; };\n'

    def test_inside(self):
        for address in ("192.0.2.7", "192.0.2.255", "2001:db8:1::7", "2001:DB8:1:ffff::1"):
            with self.subTest(address=address):
                self.assert_passes(self.dial(address))

    def test_outside(self):
        for address in ("192.0.3.7", "2001:db8:2::7"):
            with self.subTest(address=address):
                self.assert_judged(self.dial(address))

    def test_loopback_when_it_is_not_listed(self):
        self.assert_judged(self.dial())


class Loopback(ExemptCase):
    config = OURS

    def test_loopback_is_exempt_by_default(self):
        self.assert_passes(self.dial())
        self.assert_passes(self.dial(host=self.postfix.host6))

    def test_others_are_not(self):
        self.assert_judged(self.dial(STRANGER))


class Authenticated(ExemptCase):
    config = OURS + NOBODY_EXEMPT
    options = {"auth": True}

    def login(self, secret):
        client = greet(self.dial(STRANGER), "mx.example.org")
        return client, client.command(f"AUTH PLAIN {secret}")

    def test_greeting_is_forgiven_after_login(self):
        client, reply = self.login(LOGIN)
        self.assertTrue(reply[0].startswith("235"), reply)
        self.assert_accepted(send_message(client, "mine", recipient="<friend@elsewhere.example>"))

    def test_failed_login_forgives_nothing(self):
        client, reply = self.login(BAD_LOGIN)
        self.assertTrue(reply[0].startswith("535"), reply)
        self.assert_accepted(client.command("MAIL FROM:<a@example.com>"))
        self.assert_refused(client.command("RCPT TO:<alice@example.org>"), "550", "5.7.1",
                            "helo-ours")


class AuthenticatedButNotExempt(Authenticated):
    config = OURS + "exempt: { networks = []; authenticated = false; };\n"

    def test_greeting_is_forgiven_after_login(self):
        client, _ = self.login(LOGIN)
        self.assert_accepted(client.command("MAIL FROM:<a@example.com>"))
        self.assert_refused(client.command("RCPT TO:<alice@example.org>"), "550", "5.7.1",
                            "helo-ours")


class Tls(ExemptCase):
    config = OURS + NOBODY_EXEMPT
    options = {"tls": True}

    def encrypted(self, who=None):
        certificates = self.postfix.certificates
        client = greet(self.dial(), "mx.example.org")
        if who:
            client.starttls(certificates.certificate("authority"), certificates.certificate(who),
                            certificates.key(who))
        else:
            client.starttls(certificates.certificate("authority"))
        return client

    def test_verified_client(self):
        self.assert_passes(self.encrypted("client"))

    def test_certificate_of_a_stranger(self):
        self.assert_judged(self.encrypted("stranger"))

    def test_no_certificate(self):
        self.assert_judged(self.encrypted())

    def test_greeting_before_tls_is_forgotten(self):
        client = greet(self.encrypted())
        self.assert_accepted(send_message(client, "renamed"))


class Listener(ExemptCase):
    config = OURS + 'exempt: { networks = []; daemons = [ "ORIGINATING" ]; };\n'

    def test_listed_listener(self):
        self.assert_passes(self.dial(port=self.postfix.submission_port))

    def test_other_listener(self):
        self.assert_judged(self.dial())


if __name__ == "__main__":
    unittest.main()
