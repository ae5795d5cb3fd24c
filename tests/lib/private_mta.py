"""The life of a mail server that runs unpacked in a private folder and namespaces of its own.

Exim and OpenSMTPD have paths and accounts compiled in. They see a private folder in the place of
some of the system's (mounts that nobody else sees) and their own list of accounts; what the system
has is untouched. exim.py and opensmtpd.py say what is theirs.
"""

import functools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from postfix import Unavailable, free_port
from postfix_config import DOMAIN, HOST4, HOST6, HOST_NAME, MAILBOX_OWNER, USERS, has_ipv6

__all__ = ["PrivateServer", "Unavailable", "unpacked", "DOMAIN", "HOST_NAME", "USERS"]

HERE = os.path.dirname(os.path.abspath(__file__))
UNPACKED = os.path.normpath(os.path.join(HERE, "../../build/mta"))
START_SECONDS = 60
STOP_SECONDS = 20

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


@functools.lru_cache(maxsize=None)
def unpacked(name):
    """The folder of the unpacked packages; raises Unavailable with the reason."""
    if os.geteuid() != 0:
        raise Unavailable(f"a private {name} can be run by root only")
    names = subprocess.run(["unshare", "--mount", "--uts", "true"], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=60, check=False)
    if names.returncode != 0:
        raise Unavailable(f"a private {name} needs namespaces of its own, and may not have them "
                          f"here: {names.stderr.strip()}")
    done = subprocess.run([os.path.join(HERE, "unpack-mta"), name], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise Unavailable(done.stderr.strip() or "unpack-mta failed")
    return os.path.join(UNPACKED, name)


def with_accounts(path, lines):
    """The system's list of accounts or groups with lines of ours; a name of ours wins."""
    with open(path, encoding="utf-8") as file:
        return "".join(f"{line}\n" for line in lines) + file.read()


class PrivateServer:
    """One instance, running between start() and stop(); a context manager.

    It listens on .port of 127.0.0.1 (and ::1 where there is IPv6). Mail for alice, bob, carol,
    postmaster and abuse at example.org goes to the private folder; any other local part there is
    unknown, and nobody may relay. Only root can run it.
    """

    host = HOST4
    host6 = HOST6
    name = None  # what unpack-mta calls it
    accounts = {}  # its users, and the groups of the same names: name -> number
    folders = ("etc", "mail", "log", "lib", "spool", "run")

    def __init__(self):
        self.folder = self.port = None
        self.programs = None
        self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

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

    def queued(self):
        """Names of files of messages that it has taken and not delivered."""
        raise NotImplementedError

    # --- life ------------------------------------------------------------------------------

    def start(self):
        self.programs = unpacked(self.name)
        self.folder = tempfile.mkdtemp(prefix=f"milter-strict-{self.name}-")
        try:
            os.chmod(self.folder, 0o755)
            for name in self.folders:
                os.mkdir(self.path(name), 0o755)
            shutil.chown(self.path("mail"), MAILBOX_OWNER, MAILBOX_OWNER)
            self._write_accounts()
            for _ in range(5):
                if self._launch():
                    return self
            raise RuntimeError(f"{self.name} found its port taken again and again")
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """End every process of this instance and remove its folder. Safe to call twice."""
        self._end()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

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

    def wait(self, found, complaint, seconds=60):
        """Wait until found() is true; returns what it gives."""
        limit = time.monotonic() + seconds
        while not (result := found()):
            if time.monotonic() > limit:
                raise RuntimeError(f"{complaint} (within {seconds} s); the log ends:\n"
                                   f"{self.log()[-4000:]}")
            time.sleep(0.05)
        return result

    def path(self, *parts):
        """A path in the private folder."""
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        """A file in the private folder; returns its path."""
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    @property
    def addresses(self):
        """Where it listens."""
        return (HOST4, HOST6) if has_ipv6() else (HOST4,)

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

    def _launch(self):
        """Start it on a fresh port; False if another process took it meanwhile."""
        self.port = free_port()
        self.write_configuration()
        mounts = {"etc/passwd": "/etc/passwd", "etc/group": "/etc/group", **self.mounts()}
        pairs = [path for name, place in mounts.items() for path in (self.path(name), place)]
        with open(self.path("log/stderr"), "wb") as errors:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--uts", "sh", "-euc", LAUNCHER, "launcher", HOST_NAME,
                 *pairs, "--", *self.command()],
                cwd=self.folder, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC"},
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, start_new_session=True)
        try:
            self.wait(self._started, f"{self.name} did not start", START_SECONDS)
            return True
        except RuntimeError as error:
            if "Address already in use" not in str(error):
                raise
            self._end()
            return False

    def _started(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.name} ended at once:\n{self.log()}")
        try:
            with socket.create_connection((self.host, self.port), STOP_SECONDS) as client:
                client.settimeout(STOP_SECONDS)
                return client.recv(4) == b"220 "
        except OSError:
            return False

    def _end(self):
        """It leads a process group of its own, in which all its children stay."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait(STOP_SECONDS)
        self._process = None
