"""Runs `milter-strict probe` for tests."""

import json
import os
import subprocess
import tempfile
import time

import daemon

QUICK = ("--yes", "--pace", "0")
LETTERS = {"client": "C", "server": "S", "event": "-"}


class Probed:
    """What a run has left: .status, .stdout, .stderr, .seconds, and .peak, its memory in KiB."""

    def __init__(self, status, stdout, stderr, seconds, peak):
        self.status, self.stdout, self.stderr = status, stdout, stderr
        self.seconds, self.peak = seconds, peak

    def __str__(self):
        return (f"status {self.status}, {self.seconds:.1f} s, {self.peak} KiB\n"
                f"{self.stdout[:1000]}\n{self.stderr[-2000:]}")

    @property
    def json(self):
        return json.loads(self.stdout)

    @property
    def checks(self):
        """The checks of --json by identifier."""
        return {check["id"]: check for check in self.json["checks"]}

    def said(self, name):
        """What was said for this check: "C VRFY alice", "S 252 2.0.0 alice", "- connected"."""
        return [f"{LETTERS[line['from']]} {line['text']}"
                for line in self.checks[name]["transcript"]]

    @property
    def statuses(self):
        """{"command-vrfy": "fail"}, in the order of the report."""
        return {name: check["status"] for name, check in self.checks.items()}


def probe(server, *options, patience=daemon.PATIENCE):
    """Probe what listens at server.host and server.port; `patience` seconds at most."""
    return run(*QUICK, *options, f"{server.host}:{server.port}", patience=patience)


def run(*arguments, patience=daemon.PATIENCE):
    """`milter-strict probe` with these arguments."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        begun = time.monotonic()
        process = subprocess.Popen([*daemon.wrapper(), daemon.program(), "probe", *arguments],
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        killed = False
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            if time.monotonic() - begun > patience and not killed:
                process.kill()
                killed = True
            time.sleep(0.02)
        process.returncode = status = os.waitstatus_to_exitcode(ended[1])
        said = [file.seek(0) or file.read().decode("utf-8", "backslashreplace")
                for file in (output, errors)]
        done = Probed(status, *said, time.monotonic() - begun, ended[2].ru_maxrss)
    if killed:
        raise AssertionError(f"not at its end within {patience} s: {done}")
    if daemon.SANITIZER.search(done.stderr) or status < 0:
        raise AssertionError(f"crashed: {done}")
    return done
