"""A complete Sendmail of our own: private folders and loopback ports, the system's mail untouched.

    with Sendmail(milter="inet:4000@127.0.0.1") as sendmail:
        client = SmtpClient.dial(sendmail.host, sendmail.port, source="127.0.2.7")
        ...
        sendmail.wait_delivered("alice", 1)

The program and the macros of its configuration come from the Debian packages, unpacked beside the
build by tests/lib/unpack-mta. Mail for alice, bob, carol, postmaster and abuse at example.org goes
to mailboxes in the private folder; any other local part there is unknown (550 5.1.1). Clients on
127.0.0.1 and ::1 may relay, those on other loopback addresses may not. What is relayed is thrown
away: no message and no name lookup leaves the machine. Its log is a socket of ours instead of the
system's. Only root can run it.
"""

import email
import email.policy
import functools
import mailbox
import os
import re
import shutil
import socket
import threading

import sendmail_config
from mail_server import PATIENCE, STOP_SECONDS, MailServer, Unavailable, unpack


@functools.lru_cache(maxsize=None)
def unpacked():
    """The folder of the unpacked packages; raises Unavailable with the reason."""
    if shutil.which("m4") is None:
        raise Unavailable("m4 is missing, which makes sendmail.cf")
    return unpack("sendmail", namespaces=True)


class Syslog:
    """The other end of /dev/log: collects what is logged."""

    def __init__(self, path):
        self.lines = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        os.chmod(path, 0o666)
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self):
        while message := self._socket.recv(65536):
            text = message.decode("utf-8", "replace").rstrip("\0\n")
            self.lines.append(re.sub(r"^<\d+>", "", text))

    def close(self):
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
                last.connect(self._socket.getsockname())
                last.send(b"")
            self._thread.join(STOP_SECONDS)
        finally:
            self._socket.close()


class Sendmail(MailServer):
    """One instance, running between start() and stop(); a context manager.

    milter           socket of the filter, as libmilter writes it; None for none
    default_action   what is done when the filter is away: accept, tempfail or reject
    lines            further lines of its .mc file, after those made here

    Listeners, all on 127.0.0.1 (and ::1 where there is IPv6):
    .port            the public one; its milter macro {daemon_name} is MTA
    .submission_port another; its milter macro {daemon_name} is MSA
    """

    NAME = "Sendmail"
    ERRORS = "errors"
    PORTS = ("port", "submission_port")

    def __init__(self, milter=None, default_action="accept", lines=""):
        super().__init__()
        self.milter = milter
        self.default_action = default_action
        self.lines = lines
        self._programs = None
        self._syslog = None

    # --- what happened ---------------------------------------------------------------------

    def log(self):
        """The mail log so far, as text."""
        return "".join(f"{line}\n" for line in self._syslog.lines) if self._syslog else ""

    def messages(self, user):
        """The messages in the mailbox of this local part, parsed, oldest first."""
        box = mailbox.mbox(self.path("mail", user), factory=None, create=False)
        try:
            return [email.message_from_bytes(box.get_bytes(key), policy=email.policy.default)
                    for key in box.keys()]
        finally:
            box.close()

    def delivered(self, user):
        """How many messages are in the mailbox of this local part."""
        return len(self.messages(user))

    def wait_delivered(self, user, count, seconds=PATIENCE):
        """Wait until at least `count` messages are in the mailbox; returns them."""
        self.wait(lambda: self.delivered(user) >= count,
                   f"{count} messages for {user} were expected", seconds)
        return self.messages(user)

    def queued(self):
        """Names of the queue files that wait for delivery."""
        return [name for name in os.listdir(self.path("queue")) if name[:2] in ("qf", "df", "tf")]

    # --- as MailServer asks ----------------------------------------------------------------

    def _prepare(self):
        self._programs = unpacked()
        sendmail_config.make_folders(self.folder)
        self._syslog = Syslog(self.path("dev/log"))

    def _close(self):
        if self._syslog is not None:
            self._syslog.close()
            self._syslog = None

    def _configure(self):
        lines = self.lines
        if self.milter:
            lines = sendmail_config.filter_line(self.milter, self.default_action) + lines
        ports = [getattr(self, name) for name in self.PORTS]
        sendmail_config.make_cf(self.folder, self._programs,
                                sendmail_config.mc(self.folder, ports, lines))

    def _command(self):
        return sendmail_config.command(self._programs, "-bD")

    def _serves(self):
        try:
            with socket.create_connection((self.host, self.port), STOP_SECONDS):
                return True
        except OSError:
            return False
