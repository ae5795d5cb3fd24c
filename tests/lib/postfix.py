"""A complete Postfix of our own: private folders, private loopback ports, nothing of the system's mail touched.

    with Postfix(milter="unix:/tmp/x/milter.sock") as postfix:
        client = socket.create_connection((postfix.host, postfix.port))
        ...
        postfix.wait_delivered("alice", 1)

The programs come from the Debian package, unpacked beside the build by tests/lib/unpack-mta. Mail for alice, bob,
carol, postmaster and abuse at example.org is delivered to maildirs in the private folder; any other local
part there is unknown (550 5.1.1). Clients may relay only after AUTH, and what is relayed is thrown away: no message
and no name lookup leaves the machine. Only root can run it (Postfix's master insists).
"""

import email
import email.policy
import functools
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from certificates import Certificates
from sasl_stub import SaslStub

HERE = os.path.dirname(os.path.abspath(__file__))
DOMAIN = "example.org"
HOST_NAME = "mx.example.org"
USERS = ("alice", "bob", "carol", "postmaster", "abuse")
PASSWORDS = {"joe": "secret"}

# Accounts that Debian's base-passwd always brings. Postfix wants its own uid and gid for its owner, another group
# for setgid programs, and none of them root's.
MAIL_OWNER = "news"
SETGID_GROUP = "uucp"
MAILBOX_OWNER = "games"

QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")
START_SECONDS = 60
STOP_SECONDS = 20

# Without the per-service options, columns as in master(5): private, unprivileged, chroot, wakeup, process limit.
SERVICES = """\
pickup     unix  n - n 60  1 pickup
cleanup    unix  n - n -   0 cleanup
qmgr       unix  n - n 300 1 qmgr
tlsmgr     unix  - - n 1000? 1 tlsmgr
rewrite    unix  - - n -   - trivial-rewrite
bounce     unix  - - n -   0 bounce
defer      unix  - - n -   0 bounce
trace      unix  - - n -   0 bounce
verify     unix  - - n -   1 verify
flush      unix  n - n 1000? 0 flush
proxymap   unix  - - n -   - proxymap
proxywrite unix  - - n -   1 proxymap
smtp       unix  - - n -   - smtp
relay      unix  - - n -   - smtp
showq      unix  n - n -   - showq
error      unix  - - n -   - error
retry      unix  - - n -   - error
discard    unix  - - n -   - discard
local      unix  - n n -   - local
virtual    unix  - n n -   - virtual
anvil      unix  - - n -   1 anvil
scache     unix  - - n -   1 scache
postlog    unix-dgram n - n - 1 postlogd
"""


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
    return done.stdout.strip()


@functools.lru_cache(maxsize=None)
def has_ipv6():
    """Whether ::1 can be listened on."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def free_port():
    """A port free on every loopback address just now, below the range that the kernel hands out by itself."""
    for _ in range(200):
        port = random.randrange(20000, 32000)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                probe.bind(("127.0.0.1", port))
            if has_ipv6():
                with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
                    probe.bind(("::1", port))
            return port
        except OSError:
            continue
    raise Unavailable("no free loopback port")


def milter_endpoint(address):
    """Turn libmilter's way of writing a socket (unix:PATH, inet:PORT@HOST, inet6:PORT@HOST) into Postfix's."""
    family, _, rest = address.partition(":")
    if family in ("unix", "local"):
        return f"unix:{rest}"
    port, _, host = rest.partition("@")
    return f"inet:[{host}]:{port}" if family == "inet6" else f"inet:{host}:{port}"


class Postfix:
    """One instance, running between start() and stop(); a context manager.

    milter           socket of the filter, as libmilter writes it, or a list of them; None for none
    default_action   milter_default_action: tempfail (Postfix's own default), accept, reject
    settings         further main.cf settings, which win over those made here
    tls              STARTTLS with a certificate of our own; .certificates has one for a trusted client
    auth             AUTH PLAIN for joe with the password "secret"

    Listeners, all on 127.0.0.1 (and ::1 where there is IPv6):
    .port            the public one
    .xclient_port    lets the client say with XCLIENT which address and name it comes from
    .submission_port as the public one, but its milter macro {daemon_name} is ORIGINATING
    """

    host = "127.0.0.1"
    host6 = "::1"

    def __init__(self, milter=None, default_action=None, settings=None, tls=False, auth=False):
        self.milter = milter
        self.default_action = default_action
        self.settings = dict(settings or {})
        self.tls = tls
        self.auth = auth
        self.certificates = None
        self.folder = None
        self.port = self.xclient_port = self.submission_port = None
        self._master = None
        self._sasl = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # Life

    def start(self):
        self._programs = unpacked()
        self.folder = tempfile.mkdtemp(prefix="milter-strict-postfix-")
        try:
            os.chmod(self.folder, 0o755)
            self._make_folders()
            if self.tls:
                self.certificates = Certificates(self._path("tls"), HOST_NAME)
            if self.auth:
                self._sasl = SaslStub(self._path("auth.sock"), PASSWORDS)
            for attempts_left in (4, 3, 2, 1, 0):
                if self._launch(may_fail=attempts_left > 0):
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
        """Change main.cf settings and have the running instance read them, as `postfix reload` does."""
        self.settings.update(settings)
        before = len(re.findall("reload -- version", self.log()))
        self._write_main_cf()
        os.kill(self._master.pid, signal.SIGHUP)
        self._wait(lambda: len(re.findall("reload -- version", self.log())) > before, "Postfix did not reload")

    # What happened

    def log(self):
        """The mail log so far, as text."""
        try:
            with open(self._path("log/maillog"), encoding="utf-8", errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, pattern, seconds=30):
        """The first log line that the regular expression matches, as soon as there is one."""
        expression = re.compile(pattern)
        return self._wait(lambda: next((line for line in self.log().splitlines() if expression.search(line)), None),
                          f"no line in Postfix's log matches {pattern!r}", seconds)

    def delivered(self, user):
        """Paths of the messages in the mailbox of this local part, oldest first."""
        new = self._path("mail", user, "new")
        try:
            names = os.listdir(new)
        except FileNotFoundError:
            return []
        paths = [os.path.join(new, name) for name in names]
        return sorted(paths, key=lambda path: (os.stat(path).st_mtime_ns, path))

    def wait_delivered(self, user, count, seconds=60):
        """Wait until at least `count` messages are in the mailbox; returns their paths."""
        return self._wait(lambda: (paths := self.delivered(user)) and len(paths) >= count and paths,
                          f"{count} messages for {user} were expected", seconds)

    def messages(self, user):
        """The mailbox's messages, parsed."""
        parsed = []
        for path in self.delivered(user):
            with open(path, "rb") as message:
                parsed.append(email.message_from_binary_file(message, policy=email.policy.default))
        return parsed

    def queued(self):
        """Names of the queue files that wait for delivery (incoming, active, deferred, maildrop)."""
        names = []
        for queue in ("incoming", "active", "deferred", "maildrop"):
            for _, _, files in os.walk(self._path("queue", queue)):
                names += files
        return names

    def wait_idle(self, seconds=60):
        """Wait until nothing is left in the queue."""
        self._wait(lambda: not self.queued(), "the queue did not drain", seconds)

    def run(self, program, *arguments, seconds=300):
        """Run a program of the package's usr/sbin (smtp-source, postconf ...) and return its completed process."""
        return subprocess.run([os.path.join(self._programs, "usr/sbin", program), *arguments],
                              env=self._environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=seconds, check=False)

    # Inside

    def _path(self, *parts):
        return os.path.join(self.folder, *parts)

    def _environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC", "MAIL_CONFIG": self._path("etc"),
                "LD_LIBRARY_PATH": os.path.join(self._programs, "usr/lib/postfix")}

    def _make_folders(self):
        owner = pwd.getpwnam(MAIL_OWNER)
        mailbox_owner = pwd.getpwnam(MAILBOX_OWNER)
        for name in ("etc", "log", "queue", "queue/pid", "data", "mail", *(f"queue/{queue}" for queue in QUEUES),
                     "queue/maildrop", "queue/public"):
            os.mkdir(self._path(name), 0o755)
        for name in ("data", *(f"queue/{queue}" for queue in QUEUES)):
            os.chmod(self._path(name), 0o700)
            os.chown(self._path(name), owner.pw_uid, -1)
        for name, mode in (("queue/maildrop", 0o730), ("queue/public", 0o710)):
            shutil.chown(self._path(name), MAIL_OWNER, SETGID_GROUP)
            os.chmod(self._path(name), mode)
        os.chown(self._path("mail"), mailbox_owner.pw_uid, mailbox_owner.pw_gid)
        with open(self._path("etc/mailboxes"), "w", encoding="ascii") as table:
            table.writelines(f"{user}@{DOMAIN} {user}/\n" for user in USERS)
        shutil.copy(os.path.join(self._programs, "usr/share/postfix/dynamicmaps.cf"), self._path("etc"))

    def _launch(self, may_fail):
        """Start master on fresh ports; False if another process took one of them meanwhile."""
        self.port, self.xclient_port, self.submission_port = free_port(), free_port(), free_port()
        if len({self.port, self.xclient_port, self.submission_port}) < 3:
            return False
        self._write_main_cf()
        self._write_master_cf()
        # setpriv: should the test be killed, Postfix ends too instead of living on as an orphan.
        with open(self._path("log/stderr"), "wb") as errors:
            self._master = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", os.path.join(self._programs, "usr/lib/postfix/sbin/master"),
                 "-d", "-c", self._path("etc")],
                env=self._environment(), cwd="/", stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                start_new_session=True)
        try:
            self._wait(self._started, "Postfix did not start", START_SECONDS)
            return True
        except RuntimeError:
            taken = "Address already in use" in self.log() + self._stderr()
            if not (taken and may_fail):
                raise
            self._end_master()
            return False

    def _started(self):
        if self._master.poll() is not None:
            raise RuntimeError(f"Postfix ended at once:\n{self._stderr()}\n{self.log()}")
        return "daemon started -- version" in self.log()

    def _stderr(self):
        with open(self._path("log/stderr"), encoding="utf-8", errors="replace") as errors:
            return errors.read()

    def _end_master(self):
        """master leads a process group of its own, in which all its children stay."""
        if self._master is None:
            return
        group = self._master.pid
        if self._master.poll() is None:
            self._master.terminate()
            try:
                self._master.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._master.wait(STOP_SECONDS)
        self._master = None

    def _wait(self, found, complaint, seconds=30):
        limit = time.monotonic() + seconds
        while True:
            result = found()
            if result:
                return result
            if time.monotonic() > limit:
                raise RuntimeError(f"{complaint} (within {seconds} s); Postfix's log ends:\n{self.log()[-4000:]}")
            time.sleep(0.05)

    def _write_main_cf(self):
        settings = self._basic_settings()
        if self.milter:
            milters = [self.milter] if isinstance(self.milter, str) else self.milter
            settings["smtpd_milters"] = ", ".join(milter_endpoint(milter) for milter in milters)
        if self.default_action:
            settings["milter_default_action"] = self.default_action
        if self.auth:
            settings.update(smtpd_sasl_auth_enable="yes", smtpd_sasl_type="dovecot",
                            smtpd_sasl_path=self._path("auth.sock"))
        if self.tls:
            chain = f"{self.certificates.key('server')}, {self.certificates.certificate('server')}"
            settings.update(smtpd_tls_security_level="may", smtpd_tls_ask_ccert="yes", tls_append_default_CA="no",
                            smtpd_tls_chain_files=chain,
                            smtpd_tls_CAfile=self.certificates.certificate("authority"))
        settings.update(self.settings)
        self._replace("main.cf", "".join(f"{name} = {value}\n" for name, value in settings.items()))

    def _basic_settings(self):
        programs = self._programs
        mailbox_owner = pwd.getpwnam(MAILBOX_OWNER)
        return {
            "compatibility_level": "3.6",
            "config_directory": self._path("etc"),
            "meta_directory": self._path("etc"),
            "queue_directory": self._path("queue"),
            "data_directory": self._path("data"),
            "command_directory": f"{programs}/usr/sbin",
            "daemon_directory": f"{programs}/usr/lib/postfix/sbin",
            "shlib_directory": f"{programs}/usr/lib/postfix",
            "import_environment": f"MAIL_CONFIG TZ LD_LIBRARY_PATH={programs}/usr/lib/postfix",
            "maillog_file": self._path("log/maillog"),
            "maillog_file_prefixes": self._path("log"),
            "mail_owner": MAIL_OWNER,
            "setgid_group": SETGID_GROUP,
            "myhostname": HOST_NAME,
            "myorigin": DOMAIN,
            "mydestination": "",
            "mynetworks": "",
            "alias_maps": "",
            "alias_database": "",
            "local_recipient_maps": "",
            "inet_interfaces": "loopback-only",
            "inet_protocols": "all" if has_ipv6() else "ipv4",
            "virtual_mailbox_domains": DOMAIN,
            "virtual_mailbox_maps": f"texthash:{self._path('etc/mailboxes')}",
            "virtual_mailbox_base": self._path("mail"),
            "virtual_minimum_uid": "1",
            "virtual_uid_maps": f"static:{mailbox_owner.pw_uid}",
            "virtual_gid_maps": f"static:{mailbox_owner.pw_gid}",
            "recipient_delimiter": "+",
            "smtpd_relay_restrictions": "permit_sasl_authenticated, reject_unauth_destination",
            # Nothing leaves the machine: neither mail for others nor bounces to made-up senders.
            "default_transport": "discard:outside the test",
            "relay_transport": "discard:outside the test",
            "disable_dns_lookups": "yes",
            "notify_classes": "",
            # Many errors and many connections from one address are what tests are made of.
            "smtpd_error_sleep_time": "0s",
            "smtpd_client_connection_count_limit": "0",
            "in_flow_delay": "0s",
        }

    def _write_master_cf(self):
        lines = []
        for address in (self.host, f"[{self.host6}]") if has_ipv6() else (self.host,):
            for port, options in ((self.port, ""),
                                  (self.xclient_port, " -o smtpd_authorized_xclient_hosts=127.0.0.1,[::1]"),
                                  (self.submission_port, " -o milter_macro_daemon_name=ORIGINATING")):
                lines.append(f"{address}:{port} inet n - n - - smtpd{options}\n")
        self._replace("master.cf", "".join(lines) + SERVICES)

    def _replace(self, name, text):
        """Postfix may be reading: the file changes in one step."""
        with open(self._path("etc", name + ".new"), "w", encoding="utf-8") as new:
            new.write(text)
        os.rename(self._path("etc", name + ".new"), self._path("etc", name))
