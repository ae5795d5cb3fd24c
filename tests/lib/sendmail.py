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
import signal
import socket
import subprocess
import tempfile
import threading
import time

import sendmail_config
from postfix import Unavailable, free_port
from postfix_config import HOST4, HOST6

HERE = os.path.dirname(os.path.abspath(__file__))
UNPACKED = os.path.normpath(os.path.join(HERE, "../../build/mta/sendmail"))
START_SECONDS = 90
STOP_SECONDS = 20


@functools.lru_cache(maxsize=None)
def unpacked():
    """The folder of the unpacked packages; raises Unavailable with the reason."""
    if os.geteuid() != 0:
        raise Unavailable("a private Sendmail can be run by root only")
    if shutil.which("m4") is None:
        raise Unavailable("m4 is missing, which makes sendmail.cf")
    names = subprocess.run(["unshare", "--mount", "--uts", "true"], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=60, check=False)
    if names.returncode != 0:
        raise Unavailable("a private Sendmail needs a host name and a /dev/log of its own, and "
                          f"may not have them here: {names.stderr.strip()}")
    done = subprocess.run([os.path.join(HERE, "unpack-mta"), "sendmail"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise Unavailable(done.stderr.strip() or "unpack-mta failed")
    return UNPACKED


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


class Sendmail:
    """One instance, running between start() and stop(); a context manager.

    milter           socket of the filter, as libmilter writes it; None for none
    default_action   what is done when the filter is away: accept, tempfail or reject
    lines            further lines of its .mc file, after those made here

    Listeners, all on 127.0.0.1 (and ::1 where there is IPv6):
    .port            the public one; its milter macro {daemon_name} is MTA
    .submission_port another; its milter macro {daemon_name} is MSA
    """

    host = HOST4
    host6 = HOST6

    def __init__(self, milter=None, default_action="accept", lines=""):
        self.milter = milter
        self.default_action = default_action
        self.lines = lines
        self.folder = None
        self.port = self.submission_port = None
        self._programs = None
        self._process = None
        self._syslog = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # --- life ------------------------------------------------------------------------------

    def start(self):
        self._programs = unpacked()
        self.folder = tempfile.mkdtemp(prefix="milter-strict-sendmail-")
        try:
            os.chmod(self.folder, 0o755)
            sendmail_config.make_folders(self.folder)
            self._syslog = Syslog(self.path("dev/log"))
            for _ in range(5):
                if self._launch():
                    return self
            raise RuntimeError("Sendmail found its ports taken again and again")
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """End every process of this instance and remove its folder. Safe to call twice."""
        self._end()
        if self._syslog is not None:
            self._syslog.close()
            self._syslog = None
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    # --- what happened ---------------------------------------------------------------------

    def log(self):
        """The mail log so far, as text."""
        return "".join(f"{line}\n" for line in self._syslog.lines) if self._syslog else ""

    def wait_log(self, pattern, seconds=30):
        """The first log line that the regular expression matches, as soon as there is one."""
        expression = re.compile(pattern)
        return self._wait(
            lambda: next(filter(expression.search, self._syslog.lines), None),
            f"no line in Sendmail's log matches {pattern!r}", seconds)

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

    def wait_delivered(self, user, count, seconds=60):
        """Wait until at least `count` messages are in the mailbox; returns them."""
        self._wait(lambda: self.delivered(user) >= count,
                   f"{count} messages for {user} were expected", seconds)
        return self.messages(user)

    def queued(self):
        """Names of the queue files that wait for delivery."""
        return [name for name in os.listdir(self.path("queue")) if name[:2] in ("qf", "df", "tf")]

    def wait_idle(self, seconds=60):
        """Wait until nothing is left in the queue."""
        self._wait(lambda: not self.queued(), "the queue did not drain", seconds)

    def path(self, *parts):
        """A path in the private folder."""
        return os.path.join(self.folder, *parts)

    # --- inside ----------------------------------------------------------------------------

    def _launch(self):
        """Start it on fresh ports; False if another process took one of them meanwhile."""
        self.port, self.submission_port = free_port(), free_port()
        if self.port == self.submission_port:
            return False
        lines = self.lines
        if self.milter:
            lines = sendmail_config.filter_line(self.milter, self.default_action) + lines
        ports = (self.port, self.submission_port)
        sendmail_config.make_cf(self.folder, self._programs,
                                sendmail_config.mc(self.folder, ports, lines))
        with open(self.path("errors"), "wb") as errors:
            self._process = subprocess.Popen(
                sendmail_config.command(self._programs, "-bD"), cwd=self.folder,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC"},
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, start_new_session=True)
        try:
            self._wait(self._started, "Sendmail did not start", START_SECONDS)
            return True
        except RuntimeError as error:
            if "Address already in use" not in str(error) + self.log():
                raise
            self._end()
            return False

    def _started(self):
        if self._process.poll() is not None:
            with open(self.path("errors"), encoding="utf-8", errors="replace") as errors:
                raise RuntimeError(f"Sendmail ended at once:\n{errors.read()}\n{self.log()}")
        try:
            with socket.create_connection((self.host, self.port), STOP_SECONDS):
                return True
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

    def _wait(self, found, complaint, seconds=30):
        limit = time.monotonic() + seconds
        while not (result := found()):
            if time.monotonic() > limit:
                raise RuntimeError(f"{complaint} (within {seconds} s); Sendmail's log ends:\n"
                                   f"{self.log()[-4000:]}")
            time.sleep(0.05)
        return result
