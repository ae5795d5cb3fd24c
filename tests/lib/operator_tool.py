"""`milter-strict ctl` and the control socket behind it."""

import json
import os
import socket
import subprocess

from daemon import PATIENCE, ROOT, program, wrapper


class Control:
    """A connection that speaks the control protocol itself."""

    def __init__(self, daemon, patience=PATIENCE):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(patience)
        self.socket.connect(daemon.control.removeprefix("unix:"))
        self.left = b""

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        """The next line as an object; None when the daemon has hung up."""
        while b"\n" not in self.left:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            self.left += more
        line, self.left = self.left.split(b"\n", 1)
        return json.loads(line)

    def answer(self):
        """All lines of an answer; the last one has the result."""
        lines = [self.line()]
        while lines[-1] is not None and "result" not in lines[-1]:
            lines.append(self.line())
        return lines

    def ask(self, request):
        self.send(request.encode("ascii") + b"\n")
        return self.answer()

    def close(self):
        self.socket.close()


class Result:
    def __init__(self, ended):
        self.status, self.out, self.err = ended.returncode, ended.stdout, ended.stderr

    def lines(self):
        """The lines of --json."""
        return [json.loads(line) for line in self.out.splitlines()]

    def __repr__(self):
        return f"status {self.status}\n{self.out}{self.err}"


def run(*arguments, launcher=(), tool=None):
    """`milter-strict ctl` with these arguments."""
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    environment.setdefault("TSAN_OPTIONS", f"suppressions={ROOT}/tests/tsan.supp")
    return Result(subprocess.run([*launcher, *wrapper(), tool or program(), "ctl", *arguments],
                                 stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                 env=environment, timeout=PATIENCE * 2, check=False))


def ctl(daemon, *arguments, **options):
    """The same at this daemon."""
    return run("-c", daemon.config, *arguments, **options)
