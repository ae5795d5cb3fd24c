"""A complete Postfix of our own: private folders and loopback ports, the system's mail untouched.

    with Postfix(milter="unix:/tmp/x/milter.sock") as postfix:
        client = SmtpClient.dial(postfix.host, postfix.port)
        ...
        postfix.wait_delivered("alice", 1)

The programs come from the Debian package, unpacked beside the build by tests/lib/unpack-mta. Mail
for alice, bob, carol, postmaster and abuse at example.org is delivered to maildirs in the private
folder; any other local part there is unknown (550 5.1.1). Clients may relay only after AUTH, and
what is relayed is thrown away: no message and no name lookup leaves the machine. Only root can run
it (Postfix's master insists).
"""

import email
import email.policy
import functools
import os
import signal
import subprocess

import postfix_config
from certificates import Certificates
from mail_server import PATIENCE, MailServer, unpack
from sasl_stub import SaslStub

PASSWORDS = {"joe": "secret"}


@functools.lru_cache(maxsize=None)
def unpacked():
    """The folder of the unpacked package; raises Unavailable with the reason."""
    return unpack("postfix")


def xclient(address, name="client.example.net"):
    """The command that makes Postfix's .xclient_port believe in this address, IPv4 or IPv6."""
    return f"XCLIENT ADDR={'IPV6:' if ':' in address else ''}{address} NAME={name}"


class Postfix(MailServer):
    """One instance, running between start() and stop(); a context manager.

    milter           socket of the filter, as libmilter writes it, or a list of them; None for none
    default_action   milter_default_action: tempfail (Postfix's own default), accept, reject
    settings         further main.cf settings, which win over those made here
    tls              STARTTLS; .certificates has one for a trusted client and one for a stranger
    auth             AUTH PLAIN for joe with the password "secret"
    chroot           smtpd sees nothing but the queue directory, as Debian sets it up
    host             the address to listen on instead of the loopback ones
    launcher         a command in front of its programs, as that of a host (hosts.py)

    Listeners, all on 127.0.0.1 (and ::1 where there is IPv6) unless there is a `host`:
    .port            the public one
    .xclient_port    lets the client say with XCLIENT which address and name it comes from
    .submission_port as the public one, but its milter macro {daemon_name} is ORIGINATING
    """

    NAME = "Postfix"
    ERRORS = "log/stderr"
    PORTS = ("port", "xclient_port", "submission_port")

    def __init__(self, milter=None, default_action=None, settings=None, tls=False, auth=False,
                 chroot=False, host=None, launcher=()):
        super().__init__()
        self.milter = milter
        self.default_action = default_action
        self.settings = dict(settings or {})
        self.tls = tls
        self.auth = auth
        self.chroot = chroot
        self.certificates = None
        self.launcher = list(launcher)
        self._addresses = postfix_config.loopback_addresses()
        if host:
            self.host, self._addresses = host, (host,)
        self._programs = None
        self._sasl = None

    def reload(self, **settings):
        """Change main.cf settings and have them read, as `postfix reload` does."""
        self.settings.update(settings)
        before = self.log().count("reload -- version")
        self._write_main_cf()
        os.kill(self._process.pid, signal.SIGHUP)
        self.wait(lambda: self.log().count("reload -- version") > before,
                   "Postfix did not reload")

    # --- what happened ---------------------------------------------------------------------

    def log(self):
        """The mail log so far, as text."""
        try:
            with open(self.path("log/maillog"), encoding="utf-8", errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""

    def delivered(self, user):
        """Paths of the messages in the mailbox of this local part, oldest first."""
        new = self.path("mail", user, "new")
        try:
            paths = [os.path.join(new, name) for name in os.listdir(new)]
        except FileNotFoundError:
            return []
        return sorted(paths, key=lambda path: (os.stat(path).st_mtime_ns, path))

    def wait_delivered(self, user, count, seconds=PATIENCE):
        """Wait until at least `count` messages are in the mailbox; returns their paths."""
        self.wait(lambda: len(self.delivered(user)) >= count,
                   f"{count} messages for {user} were expected", seconds)
        return self.delivered(user)

    def messages(self, user):
        """The mailbox's messages, parsed."""
        parsed = []
        for path in self.delivered(user):
            with open(path, "rb") as message:
                parsed.append(email.message_from_binary_file(message, policy=email.policy.default))
        return parsed

    def queued(self):
        """Names of the queue files that wait for delivery."""
        return [name for queue in ("incoming", "active", "deferred", "maildrop")
                for _, _, files in os.walk(self.path("queue", queue)) for name in files]

    def run(self, program, *arguments, text="", seconds=600):
        """Run one of the package's commands (smtp-source, sendmail ...) with `text` as its input;
        returns its completed process."""
        command = [*self.launcher, os.path.join(self._programs, "usr/sbin", program), *arguments]
        return subprocess.run(command, env=self._environment(), input=text, capture_output=True,
                              text=True, timeout=seconds, check=False)

    # --- as MailServer asks ----------------------------------------------------------------

    def _prepare(self):
        self._programs = unpacked()
        postfix_config.make_folders(self.folder, self._programs)
        if self.tls:
            self.certificates = Certificates(self.path("tls"), postfix_config.HOST_NAME)
        if self.auth:
            self._sasl = SaslStub(self.path("auth.sock"), PASSWORDS)

    def _close(self):
        if self._sasl is not None:
            self._sasl.close()
            self._sasl = None

    def _configure(self):
        self._write_main_cf()
        ports = [getattr(self, name) for name in self.PORTS]
        services = postfix_config.master_cf(self._addresses, *ports, self.chroot)
        postfix_config.write(self.folder, "master.cf", services)

    def _command(self):
        # setpriv: should the test be killed, Postfix ends too instead of living on as an orphan.
        return [*self.launcher, "setpriv", "--pdeathsig", "TERM",
                os.path.join(self._programs, "usr/lib/postfix/sbin/master"),
                "-d", "-c", self.path("etc")]

    def _environment(self):
        return super()._environment() | {
            "MAIL_CONFIG": self.path("etc"),
            "LD_LIBRARY_PATH": os.path.join(self._programs, "usr/lib/postfix")}

    def _serves(self):
        return "daemon started -- version" in self.log()

    # --- inside ----------------------------------------------------------------------------

    def _write_main_cf(self):
        settings = postfix_config.main_cf(self.folder, self._programs)
        if self.milter:
            milters = [self.milter] if isinstance(self.milter, str) else self.milter
            settings["smtpd_milters"] = ", ".join(map(postfix_config.milter_endpoint, milters))
        if self.default_action:
            settings["milter_default_action"] = self.default_action
        if self.auth:
            settings.update(postfix_config.auth_settings(self.path("auth.sock")))
        if self.tls:
            settings.update(postfix_config.tls_settings(self.certificates))
        settings.update(self.settings)
        text = "".join(f"{name} = {value}\n" for name, value in settings.items())
        postfix_config.write(self.folder, "main.cf", text)
