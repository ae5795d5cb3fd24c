"""What private mail servers have in common: their life, and waiting for what they do.

The processes of a server form one process group; stop() ends it, whatever state it is in.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import postfix_config
from ports import free_port

HERE = os.path.dirname(os.path.abspath(__file__))
ATTEMPTS = 5  # at finding ports that no other process takes meanwhile
STOP_SECONDS = 60
PATIENCE = 120  # seconds; only a broken server needs them


class Unavailable(unittest.SkipTest):
    """A private server cannot be run here; the text says what is missing. Skips the test."""


def unpack(package, namespaces=False):
    """The folder where tests/lib/unpack-mta has unpacked it; raises Unavailable with the reason.

    With `namespaces` it must see a host name and files that nobody else sees."""
    if os.geteuid() != 0:
        raise Unavailable(f"a private {package} can be run by root only")
    if namespaces:
        done = subprocess.run(["unshare", "--mount", "--uts", "true"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise Unavailable(f"a private {package} needs namespaces of its own, and may not have "
                              f"them here: {done.stderr.strip()}")
    done = subprocess.run([os.path.join(HERE, "unpack-mta"), package], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise Unavailable(done.stderr.strip() or "unpack-mta failed")
    return os.path.normpath(os.path.join(HERE, "../../build/mta", package))


class MailServer:
    """One instance, running between start() and stop(); a context manager.

    A server has a NAME, the PORTS that it listens on (names of its attributes), the file in its
    folder that takes what its first process writes (ERRORS), and says how it is prepared,
    configured, called and asked whether it serves.
    """

    NAME = ERRORS = ""
    PORTS = ()

    host = postfix_config.HOST4
    host6 = postfix_config.HOST6

    def __init__(self):
        self.folder = None
        self._process = None
        for name in self.PORTS:
            setattr(self, name, None)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # --- life ------------------------------------------------------------------------------

    def start(self):
        self.folder = tempfile.mkdtemp(prefix=f"milter-strict-{self.NAME.lower()}-")
        try:
            os.chmod(self.folder, 0o755)
            self._prepare()
            for _ in range(ATTEMPTS):
                if self._launch():
                    return self
            raise RuntimeError(f"{self.NAME} found its ports taken again and again")
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """End every process of this instance and remove its folder. Safe to call twice."""
        self._end()
        self._close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    # --- what happened ---------------------------------------------------------------------

    def wait(self, found, complaint, seconds=PATIENCE):
        """Wait until found() is true; returns what it gives."""
        limit = time.monotonic() + seconds
        while not (result := found()):
            if time.monotonic() > limit:
                raise RuntimeError(f"{complaint} (within {seconds} s); {self.NAME}'s log ends:\n"
                                   f"{self.log()[-4000:]}")
            time.sleep(0.05)
        return result

    def wait_log(self, pattern, seconds=PATIENCE):
        """The first log line that the regular expression matches, as soon as there is one."""
        expression = re.compile(pattern)
        return self.wait(
            lambda: next(filter(expression.search, self.log().splitlines()), None),
            f"no line in {self.NAME}'s log matches {pattern!r}", seconds)

    def wait_idle(self, seconds=PATIENCE):
        """Wait until nothing is left in the queue."""
        self.wait(lambda: not self.queued(), "the queue did not drain", seconds)

    def path(self, *parts):
        """A path in the private folder."""
        return os.path.join(self.folder, *parts)

    # --- what each server does in its own way ----------------------------------------------

    def log(self):
        """The mail log so far, as text."""
        raise NotImplementedError

    def queued(self):
        """Names of the queue files that wait for delivery."""
        raise NotImplementedError

    def _prepare(self):
        """Fill the folder, and start what the server needs beside itself."""
        raise NotImplementedError

    def _close(self):
        """End what _prepare() has started, all of it or not."""

    def _configure(self):
        """Write the configuration; the ports are known."""
        raise NotImplementedError

    def _command(self):
        """The command line of the first process."""
        raise NotImplementedError

    def _environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC"}

    def _serves(self):
        """Whether it has started."""
        raise NotImplementedError

    # --- inside ----------------------------------------------------------------------------

    def _launch(self):
        """Start it on fresh ports; False if another process took one of them meanwhile."""
        ports = [free_port() for _ in self.PORTS]
        if len(set(ports)) < len(ports):
            return False
        for name, port in zip(self.PORTS, ports):
            setattr(self, name, port)
        self._configure()
        with open(self.path(self.ERRORS), "wb") as errors:
            self._process = subprocess.Popen(self._command(), env=self._environment(),
                                             cwd=self.folder, stdin=subprocess.DEVNULL,
                                             stdout=errors, stderr=errors, start_new_session=True)
        try:
            self.wait(self._started, f"{self.NAME} did not start")
            return True
        except RuntimeError as error:
            if "Address already in use" not in str(error) + self.log():
                raise
            self._end()
            return False

    def _started(self):
        if self._process.poll() is None:
            return self._serves()
        with open(self.path(self.ERRORS), encoding="utf-8", errors="replace") as errors:
            raise RuntimeError(f"{self.NAME} ended at once:\n{errors.read()}\n{self.log()}")

    def _end(self):
        """The first process leads a process group of its own, in which all its children stay."""
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
