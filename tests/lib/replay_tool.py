"""Runs `milter-strict replay` for tests."""

import json
import os
import subprocess
import tempfile

import daemon

LONGEST = 600  # seconds


class ReplayTool:
    """A private folder for logs and configurations, and the tool run on them."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="milter-strict-replay-")
        self.folder = self._folder.name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def write(self, name, contents):
        """A file in the folder; its path."""
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(contents if isinstance(contents, bytes) else contents.encode("utf-8"))
        return path

    def run(self, *arguments, stdin=b"", config="", environment=None):
        """The completed process; `config` is the policy, None for no -c."""
        options = [] if config is None else ["-c", self.write("milter-strict.conf", config)]
        ended = subprocess.run([*daemon.wrapper(), daemon.program(), "replay", *options, *arguments],
                               input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               timeout=LONGEST, check=False,
                               env={**os.environ, "TZ": "UTC", **(environment or {})})
        if daemon.SANITIZER.search(ended.stderr.decode("utf-8", "replace")):
            raise AssertionError(ended.stderr.decode("utf-8", "replace"))
        return ended

    def peak(self, *arguments):
        """What --json says, and how much memory it took at most, in kilobytes."""
        command = [*daemon.wrapper(), daemon.program(), "replay", "-c",
                   self.write("milter-strict.conf", ""), "--json", *arguments]
        path = os.path.join(self.folder, "report")
        with open(path, "wb") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            raise AssertionError(f"status {process.returncode}")
        with open(path, encoding="ascii") as told:
            return Report(json.load(told)), used.ru_maxrss

    def report(self, *arguments, status=None, **how):
        """What --json says, as a Report; fails on errors."""
        ended = self.run("--json", *arguments, **how)
        if ended.returncode not in ((0, 1) if status is None else (status,)):
            raise AssertionError(f"status {ended.returncode}: {ended.stderr.decode()}")
        return Report(json.loads(ended.stdout.decode("ascii")))


class Report:
    """The JSON object, with the ways into it that tests want."""

    def __init__(self, told):
        self.log = told["log"]
        self.policies = told["policies"]
        self.both = told.get("refused-by-both")

    def rule(self, name, side=0):
        return next(rule for rule in self.policies[side]["rules"] if rule["rule"] == name)

    def counts(self, field, side=0):
        """Rules by name for which this number is not 0."""
        return {rule["rule"]: rule[field] for rule in self.policies[side]["rules"] if rule[field]}
