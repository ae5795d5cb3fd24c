"""Ordinary clients that send mail without end, and how long they wait for each reply.

    with SmtpLoad([connect, connect]) as load:      # each returns an SmtpClient; one thread each
        for waits in load.measure():                # of the next sessions, by client
            max(waits).seconds, max(waits).command

Each session has a message for somebody known and, as a typo, the same unknown recipient again and
again, so that the daemon has something to count. A reply of another kind is a failure, which
measure() and the end raise.
"""

import threading
import time
import typing

from smtp_client import SmtpError

PAUSE = 0.02  # seconds between a client's sessions
PATIENCE = 300
DIALOGUE = (("EHLO client.example.net", "250"), ("MAIL FROM:<sender@example.net>", "250"),
            ("RCPT TO:<alice@example.org>", "250"), ("RCPT TO:<typo@example.org>", "550"),
            ("DATA", "354"), ("Subject: load\r\n\r\nOne line.\r\n.", "250"), ("QUIT", "221"))


class Wait(typing.NamedTuple):
    seconds: float
    command: str


class SmtpLoad:
    def __init__(self, connects):
        self._connects = connects
        self._sessions = [[] for _ in connects]  # by client: each session's waits
        self._failures = []
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=both, daemon=True)
                         for both in zip(connects, self._sessions)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self._ends.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        if kind is None:
            self._raise_failures()

    def measure(self, sessions=15, seconds=0.0):
        """For each client its waits of at least so many sessions, all of them begun after this call;
        and it takes at least so many seconds."""
        begun = [len(of_client) + 1 for of_client in self._sessions]  # one may be under way
        start = time.monotonic()
        while time.monotonic() < start + seconds or any(
                len(of_client) < first + sessions
                for of_client, first in zip(self._sessions, begun)):
            self._raise_failures()
            if time.monotonic() > start + PATIENCE:
                raise AssertionError(f"{sessions} sessions took longer than {PATIENCE} s")
            time.sleep(0.02)
        return [[wait for session in of_client[first:] for wait in session]
                for of_client, first in zip(self._sessions, begun)]

    def _raise_failures(self):
        if self._failures:
            raise AssertionError("; ".join(self._failures))

    def _work(self, connect, sessions):
        try:
            while not self._ends.wait(PAUSE):
                sessions.append(self._visit(connect))
        except (OSError, SmtpError) as error:
            self._failures.append(str(error))

    @staticmethod
    def _visit(connect):
        """One session; its waits."""
        waits, begun = [], time.monotonic()
        with connect() as client:
            for command, wanted in (("connection", "220"), *DIALOGUE):
                reply = client.command(command) if waits else client.read_reply()
                if not reply or not reply[-1].startswith(wanted):
                    raise SmtpError(f"{command}: {reply}")
                waits.append(Wait(time.monotonic() - begun, command))
                begun = time.monotonic()
        return waits
