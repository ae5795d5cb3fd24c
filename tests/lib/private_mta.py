"""The life of a mail server that runs unpacked in a private folder and namespaces of its own.

Exim and OpenSMTPD have paths and accounts compiled in. They see a private folder in the place of
some of the system's (mounts that nobody else sees) and their own list of accounts; what the system
has is untouched. exim.py and opensmtpd.py say what is theirs.
"""

import os
import pwd
import shutil
import socket

import postfix_config
from mail_server import STOP_SECONDS, MailServer, Unavailable, unpack
from postfix_config import DOMAIN, HOST_NAME, MAILBOX_OWNER, USERS

__all__ = ["PrivateServer", "Unavailable", "DOMAIN", "HOST_NAME", "USERS"]

# Should the test be killed, the server ends too.
LAUNCHER = """\
hostname "$1"
shift
while [ "$1" != -- ]; do
  mount --bind "$1" "$2"
  shift 2
done
shift
exec setpriv --pdeathsig TERM "$@"
"""


def with_accounts(path, lines):
    """The system's list of accounts or groups with lines of ours; a name of ours wins."""
    with open(path, encoding="utf-8") as file:
        return "".join(f"{line}\n" for line in lines) + file.read()


class PrivateServer(MailServer):
    """One instance, running between start() and stop(); a context manager.

    It listens on .port of 127.0.0.1 (and ::1 where there is IPv6). Mail for alice, bob, carol,
    postmaster and abuse at example.org goes to the private folder; any other local part there is
    unknown, and nobody may relay. Only root can run it.
    """

    ERRORS = "log/stderr"
    PORTS = ("port",)

    accounts = {}  # its users, and the groups of the same names: name -> number
    folders = ("etc", "mail", "log", "lib", "spool", "run")

    def __init__(self):
        super().__init__()
        self.programs = None

    # --- what each server says of itself ---------------------------------------------------

    def write_configuration(self):
        """Everything in the private folder that tells it .port."""
        raise NotImplementedError

    def mounts(self):
        """Paths in the private folder, and the system's paths in whose place they are seen."""
        raise NotImplementedError

    def command(self):
        """The command line that runs it in the foreground."""
        raise NotImplementedError

    # --- what happened ---------------------------------------------------------------------

    def log(self):
        """What it has logged so far."""
        texts = []
        for name in sorted(os.listdir(self.path("log"))):
            with open(self.path("log", name), encoding="utf-8", errors="replace") as file:
                texts.append(file.read())
        return "".join(texts)

    def delivered(self):
        """Paths of all files in the mailboxes."""
        return [os.path.join(folder, name) for folder, _, names in os.walk(self.path("mail"))
                for name in names]

    def write(self, name, text):
        """A file in the private folder; returns its path."""
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    @property
    def addresses(self):
        """Where it listens."""
        return postfix_config.loopback_addresses()

    # --- as MailServer asks ----------------------------------------------------------------

    def _prepare(self):
        self.programs = unpack(self.NAME.lower(), namespaces=True)
        for name in self.folders:
            os.mkdir(self.path(name), 0o755)
        shutil.chown(self.path("mail"), MAILBOX_OWNER, MAILBOX_OWNER)
        self._write_accounts()

    def _configure(self):
        self.write_configuration()

    def _command(self):
        mounts = {"etc/passwd": "/etc/passwd", "etc/group": "/etc/group", **self.mounts()}
        pairs = [path for name, place in mounts.items() for path in (self.path(name), place)]
        return ["unshare", "--mount", "--uts", "sh", "-euc", LAUNCHER, "launcher", HOST_NAME,
                *pairs, "--", *self.command()]

    def _serves(self):
        try:
            with socket.create_connection((self.host, self.port), STOP_SECONDS) as client:
                client.settimeout(STOP_SECONDS)
                return client.recv(4) == b"220 "
        except OSError:
            return False

    # --- inside ----------------------------------------------------------------------------

    def _write_accounts(self):
        """Users and groups as the server sees them: its own, and one for each mailbox."""
        owner = pwd.getpwnam(MAILBOX_OWNER)
        users = [f"{name}:x:{number}:{number}::{self.path('lib', name, 'empty')}:/usr/sbin/nologin"
                 for name, number in self.accounts.items()]
        users += [f"{name}:x:{owner.pw_uid}:{owner.pw_gid}::{self.path('mail')}:/usr/sbin/nologin"
                  for name in USERS]
        groups = [f"{name}:x:{number}:" for name, number in self.accounts.items()]
        self.write("etc/passwd", with_accounts("/etc/passwd", users))
        self.write("etc/group", with_accounts("/etc/group", groups))
