"""Runs the daemon under test in a private temporary folder.

    with Daemon('speak = "at-once";') as daemon:
        with Mta(daemon.milter) as mta:
            ...
        daemon.log_lines(event="refused", rule="sender-syntax")

`@DIR@` in a configuration stands for the private folder. `listen.milter`, `listen.control`, `log`
and `state-directory` are added when the configuration does not set them, in such a way that line
numbers in error messages stay true. Without a state-directory of its own a daemon remembers nobody: the tests
of one class come from one address, and break rules all the time.
Environment: MILTER_STRICT (the program; default build/milter-strict), MILTER_STRICT_WRAPPER
(a command to run it under, such as "valgrind --error-exitcode=99 -q").
"""

import os
import pathlib
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import time

from child import Child
from milter_wire import dial

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PATIENCE = 60.0  # seconds; only a broken daemon needs them
UNPRIVILEGED = "nobody"
SANITIZER = re.compile(r"(Address|Leak|Thread|Memory|UndefinedBehavior)Sanitizer|runtime error:"
                       r"|^==\d+== .*(Invalid|uninitialised|definitely lost)", re.MULTILINE)
FINDING = re.compile(r"^==\d+==|^ +#\d+ 0x|" + SANITIZER.pattern)
PAIR = re.compile(r'([a-z][a-z0-9_-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))')
ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)")


class DaemonError(AssertionError):
    """The daemon did not start, did not stop, or did not say what it should."""


def program():
    build = os.environ.get("BUILD", "build")
    return str(ROOT / os.environ.get("MILTER_STRICT", f"{build}/milter-strict"))


def wrapper():
    return shlex.split(os.environ.get("MILTER_STRICT_WRAPPER", ""))


def unescape(text):
    plain = {"n": "\n", "r": "\r", "t": "\t"}

    def one(match):
        what = match.group(1)
        return chr(int(what[1:], 16)) if len(what) == 3 else plain.get(what, what)
    return ESCAPE.sub(one, text)


def parse_line(line):
    """`event=refused from="a b"` as a dict; the whole line under the key `line`."""
    fields = {"line": line}
    for key, quoted, bare in PAIR.findall(line):
        fields.setdefault(key, unescape(quoted) or bare)
    return fields


class Daemon(Child):
    def __init__(self, config="", *, listen=None, launcher=(), environment=(), pass_fds=(),
                 as_root=False):
        """`launcher`: a command in front, such as env; `as_root`: do not give root away first."""
        super().__init__("milter-strict-")
        self.milter = listen or f"unix:{self.folder}/milter.sock"
        self.control = f"unix:{self.folder}/control.sock"
        self.config = os.path.join(self.folder, "milter-strict.conf")
        self.launcher, self.pass_fds = list(launcher), tuple(pass_fds)
        self.environment = dict(environment)
        # Tests often run as root, who must not serve: then the daemon runs as somebody else.
        self.drops = os.geteuid() == 0 and not as_root
        if os.geteuid() == 0:
            user = pwd.getpwnam(UNPRIVILEGED)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.write_config(config)

    def write_config(self, text):
        text = text.replace("@DIR@", self.folder)
        if not text.endswith("\n"):
            text += "\n"
        if not re.search(r"^\s*listen\s*[:=]", text, re.MULTILINE):
            text += f'listen: {{ milter = "{self.milter}"; }};\n'
        if not re.search(r"\bcontrol\s*=", text):
            text = re.sub(r"^(\s*listen\s*[:=]\s*\{)", rf'\1 control = "{self.control}";', text, 1,
                          re.MULTILINE)
        if not re.search(r"^\s*log\s*[:=]", text, re.MULTILINE):
            text += 'log: { to = "stderr"; };\n'
        if not re.search(r"^\s*state-directory\s*=", text, re.MULTILINE):
            text += 'state-directory = "";\n'
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.config, 0o644)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.discard()
            raise

    def __exit__(self, kind, *_):
        if kind is None:
            try:
                self.stop()
            finally:
                self.discard()
        else:
            self.discard()

    # --- life ------------------------------------------------------------------------------

    def spawn(self):
        """Start it without waiting."""
        if not os.access(program(), os.X_OK):
            raise DaemonError(f"{program()} is missing: run make")
        who = {}
        if self.drops:
            user = pwd.getpwnam(UNPRIVILEGED)
            who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        command = [*self.launcher, *wrapper(), self.reachable_program(), "run", "-c", self.config]
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID")}
        environment["TMPDIR"] = self.folder  # of valgrind, which runs as whoever the daemon is
        environment.setdefault("TSAN_OPTIONS", f"suppressions={ROOT}/tests/tsan.supp")
        environment.update(self.environment)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, cwd=self.folder, env=environment,
                                            pass_fds=self.pass_fds, **who)
        return self

    def reachable_program(self):
        """The program; a copy when an unprivileged user runs it, who may not look into a home."""
        if not self.drops:
            return program()
        copy = os.path.join(self.folder, "milter-strict")
        if not os.path.exists(copy):
            shutil.copy(program(), copy)
        return copy

    def start(self):
        """Start it and wait until it says so and its socket accepts."""
        before = len(self.log_lines(event="started"))
        self.spawn()
        self.wait_for(lambda: len(self.log_lines(event="started")) > before, "event=started")
        self.wait_for(self.accepts, f"{self.milter} to accept")
        return self

    def accepts(self):
        try:
            dial(self.milter, PATIENCE).close()
        except OSError:
            return False
        return True

    def reload(self, config=None, how=signal.SIGUSR1):
        """Tell it to read its configuration again; returns the log line that follows."""
        def answers():
            return self.log_lines(event="reloaded") + self.log_lines(event="reload-failed")

        if config is not None:
            self.write_config(config)
        known = [line["line"] for line in answers()]
        self.process.send_signal(how)
        self.wait_for(lambda: len(answers()) > len(known), "a line about the reload")
        count = len(known)
        while count != len(answers()):
            count = len(answers())
            last = max(answers(), key=lambda fields: fields["number"])
            if last["event"] == "reload-failed":
                time.sleep(0.1)  # there is a line for each error
        return last

    def stop(self, patience=PATIENCE):
        """SIGTERM, a bounded wait, exit status 0, nothing said by a sanitizer."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.wait_exit(patience)
        if status != 0:
            raise DaemonError(f"the daemon ended with status {status}{self.said()}")
        if SANITIZER.search(self.log_text()):
            raise DaemonError(f"a sanitizer spoke{self.said()}")

    def wait_exit(self, patience=PATIENCE):
        """Its exit status, once it has ended by itself."""
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            raise DaemonError(f"the daemon did not end in {patience} s{self.said()}") from None
        self.process = None
        return status

    # --- what it says ----------------------------------------------------------------------

    def log_lines(self, **wanted):
        """The lines with all of these fields, as dicts; `queue_id=` asks for the key queue-id."""
        wanted = {key.rstrip("_"): str(value) for key, value in wanted.items()}
        found = []
        for number, line in enumerate(self.log_text().split("\n")):
            fields = parse_line(line)
            fields["number"] = number
            if all(fields.get(key, fields.get(key.replace("_", "-"))) == value
                   for key, value in wanted.items()):
                found.append(fields)
        return found if wanted else [fields for fields in found if fields["line"]]

    def wait_log(self, count=1, **wanted):
        """Wait until `count` such lines are there; returns them."""
        self.wait_for(lambda: len(self.log_lines(**wanted)) >= count,
                      f"{count} log line(s) with {wanted}")
        return self.log_lines(**wanted)

    def wait_for(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while True:
            # In this order: what it did just before it ended counts.
            ended, late = self.has_ended(), time.monotonic() > deadline
            if condition():
                return
            if ended:
                status = self.process.wait()
                self.process = None
                raise DaemonError(f"ended with status {status}, waiting for {what}{self.said()}")
            if late:
                raise DaemonError(f"waited in vain for {what}{self.said()}")
            time.sleep(0.02)

    def has_ended(self):
        return self.process is not None and self.process.poll() is not None

    def said(self):
        """The end of the log, and before it what a sanitizer or valgrind wrote."""
        text = self.log_text()
        findings = [line for line in text.split("\n") if FINDING.search(line)]
        shown = "\n--- found:\n" + "\n".join(findings[:150]) if findings else ""
        return f"{shown}\n--- log:\n{text[-4000:]}"

    def rss_kib(self):
        """Resident memory in KiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))
