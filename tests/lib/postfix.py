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
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import postfix_config
from certificates import Certificates
from sasl_stub import SaslStub

HERE = os.path.dirname(os.path.abspath(__file__))
UNPACKED = os.path.normpath(os.path.join(HERE, "../../build/mta/postfix"))
PASSWORDS = {"joe": "secret"}
START_SECONDS = 60
STOP_SECONDS = 20


class Unavailable(Exception):
    """A private Postfix cannot be run here; the text says what is missing."""


@functools.lru_cache(maxsize=None)
def unpacked():
    """The folder of the unpacked package; raises Unavailable with the reason."""
    if os.geteuid() != 0:
        raise Unavailable("a private Postfix can be run by root only")
    done = subprocess.run([os.path.join(HERE, "unpack-mta"), "postfix"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise Unavailable(done.stderr.strip() or "unpack-mta failed")
    return UNPACKED


_reservations = []  # for the life of this process


def free_port():
    """A port free on every loopback address now, below the range that the kernel hands out.

    No other test gets it while this process lives: abstract sockets are names that end with it.
    """
    for _ in range(200):
        port = random.randrange(20000, 32000)
        reservation = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            reservation.bind(f"\0milter-strict-port-{port}")
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                probe.bind((postfix_config.HOST4, port))
            if postfix_config.has_ipv6():
                with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
                    probe.bind((postfix_config.HOST6, port))
        except OSError:
            reservation.close()
            continue
        _reservations.append(reservation)
        return port
    raise Unavailable("no free loopback port")


def xclient(address, name="client.example.net"):
    """The command that makes Postfix's .xclient_port believe in this address, IPv4 or IPv6."""
    return f"XCLIENT ADDR={'IPV6:' if ':' in address else ''}{address} NAME={name}"


class Postfix:
    """One instance, running between start() and stop(); a context manager.

    milter           socket of the filter, as libmilter writes it, or a list of them; None for none
    default_action   milter_default_action: tempfail (Postfix's own default), accept, reject
    settings         further main.cf settings, which win over those made here
    tls              STARTTLS; .certificates has one for a trusted client and one for a stranger
    auth             AUTH PLAIN for joe with the password "secret"
    chroot           smtpd sees nothing but the queue directory, as Debian sets it up

    Listeners, all on 127.0.0.1 (and ::1 where there is IPv6):
    .port            the public one
    .xclient_port    lets the client say with XCLIENT which address and name it comes from
    .submission_port as the public one, but its milter macro {daemon_name} is ORIGINATING
    """

    host = postfix_config.HOST4
    host6 = postfix_config.HOST6

    def __init__(self, milter=None, default_action=None, settings=None, tls=False, auth=False,
                 chroot=False):
        self.milter = milter
        self.default_action = default_action
        self.settings = dict(settings or {})
        self.tls = tls
        self.auth = auth
        self.chroot = chroot
        self.certificates = None
        self.folder = None
        self.port = self.xclient_port = self.submission_port = None
        self._programs = None
        self._master = None
        self._sasl = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # --- life ------------------------------------------------------------------------------

    def start(self):
        self._programs = unpacked()
        self.folder = tempfile.mkdtemp(prefix="milter-strict-postfix-")
        try:
            os.chmod(self.folder, 0o755)
            postfix_config.make_folders(self.folder, self._programs)
            if self.tls:
                self.certificates = Certificates(self.path("tls"), postfix_config.HOST_NAME)
            if self.auth:
                self._sasl = SaslStub(self.path("auth.sock"), PASSWORDS)
            for _ in range(5):
                if self._launch():
                    return self
            raise RuntimeError("Postfix found its ports taken again and again")
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """End every process of this instance and remove its folder. Safe to call twice."""
        self._end_master()
        if self._sasl is not None:
            self._sasl.close()
            self._sasl = None
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def reload(self, **settings):
        """Change main.cf settings and have them read, as `postfix reload` does."""
        self.settings.update(settings)
        before = self.log().count("reload -- version")
        self._write_main_cf()
        os.kill(self._master.pid, signal.SIGHUP)
        self._wait(lambda: self.log().count("reload -- version") > before,
                   "Postfix did not reload")

    # --- what happened ---------------------------------------------------------------------

    def log(self):
        """The mail log so far, as text."""
        try:
            with open(self.path("log/maillog"), encoding="utf-8", errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, pattern, seconds=30):
        """The first log line that the regular expression matches, as soon as there is one."""
        expression = re.compile(pattern)
        return self._wait(
            lambda: next(filter(expression.search, self.log().splitlines()), None),
            f"no line in Postfix's log matches {pattern!r}", seconds)

    def delivered(self, user):
        """Paths of the messages in the mailbox of this local part, oldest first."""
        new = self.path("mail", user, "new")
        try:
            paths = [os.path.join(new, name) for name in os.listdir(new)]
        except FileNotFoundError:
            return []
        return sorted(paths, key=lambda path: (os.stat(path).st_mtime_ns, path))

    def wait_delivered(self, user, count, seconds=60):
        """Wait until at least `count` messages are in the mailbox; returns their paths."""
        self._wait(lambda: len(self.delivered(user)) >= count,
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

    def wait_idle(self, seconds=60):
        """Wait until nothing is left in the queue."""
        self._wait(lambda: not self.queued(), "the queue did not drain", seconds)

    def run(self, program, *arguments, text="", seconds=300):
        """Run one of the package's commands (smtp-source, sendmail ...) with `text` as its input;
        returns its completed process."""
        return subprocess.run([os.path.join(self._programs, "usr/sbin", program), *arguments],
                              env=self._environment(), input=text, capture_output=True, text=True,
                              timeout=seconds, check=False)

    def path(self, *parts):
        """A path in the private folder."""
        return os.path.join(self.folder, *parts)

    # --- inside ----------------------------------------------------------------------------

    def _environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC",
                "MAIL_CONFIG": self.path("etc"),
                "LD_LIBRARY_PATH": os.path.join(self._programs, "usr/lib/postfix")}

    def _launch(self):
        """Start master on fresh ports; False if another process took one of them meanwhile."""
        ports = [free_port() for _ in range(3)]
        if len(set(ports)) < len(ports):
            return False
        self.port, self.xclient_port, self.submission_port = ports
        self._write_main_cf()
        services = postfix_config.master_cf(*ports, self.chroot)
        postfix_config.write(self.folder, "master.cf", services)
        # setpriv: should the test be killed, Postfix ends too instead of living on as an orphan.
        command = ["setpriv", "--pdeathsig", "TERM",
                   os.path.join(self._programs, "usr/lib/postfix/sbin/master"),
                   "-d", "-c", self.path("etc")]
        with open(self.path("log/stderr"), "wb") as errors:
            self._master = subprocess.Popen(command, env=self._environment(), cwd="/",
                                            stdin=subprocess.DEVNULL, stdout=errors,
                                            stderr=errors, start_new_session=True)
        try:
            self._wait(self._started, "Postfix did not start", START_SECONDS)
            return True
        except RuntimeError as error:
            if "Address already in use" not in str(error):
                raise
            self._end_master()
            return False

    def _started(self):
        if self._master.poll() is None:
            return "daemon started -- version" in self.log()
        with open(self.path("log/stderr"), encoding="utf-8", errors="replace") as errors:
            raise RuntimeError(f"Postfix ended at once:\n{errors.read()}\n{self.log()}")

    def _end_master(self):
        """Master leads a process group of its own, in which all its children stay."""
        if self._master is None:
            return
        self._master.terminate()
        try:
            self._master.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self._master.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._master.wait(STOP_SECONDS)
        self._master = None

    def _wait(self, found, complaint, seconds=30):
        limit = time.monotonic() + seconds
        while not (result := found()):
            if time.monotonic() > limit:
                raise RuntimeError(f"{complaint} (within {seconds} s); Postfix's log ends:\n"
                                   f"{self.log()[-4000:]}")
            time.sleep(0.05)
        return result

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
