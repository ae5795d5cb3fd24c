"""Runs jobs side by side, each in a process of its own: what one does to itself, no other meets.

A job is (name, function); the function is given a note(outcome, name, details) and calls it as often
as it likes. run() yields what each job noted, in the order of the jobs, however they end. A job that
leaves processes behind has failed, and they are ended.
"""

import collections
import ctypes
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import signal
import time
import traceback

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
ENDING = 60.0   # seconds that a child has for its own ending after the job
GRACE = 60.0    # seconds from a job's time-out to its violent end
FORK = multiprocessing.get_context("fork")


class Timeout:
    """Ends a job that hangs, by an exception, so that it still cleans up."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        signal.signal(signal.SIGALRM, self.ring)
        signal.alarm(self.seconds)

    def __exit__(self, *_):
        signal.alarm(0)

    def ring(self, *_):
        raise AssertionError(f"took longer than {self.seconds} s")


class Running:
    """A job under way."""

    def __init__(self, job, seconds):
        self.name, function = job
        self.reader, writer = FORK.Pipe(duplex=False)
        self.process = FORK.Process(target=work, args=(writer, self.name, function, seconds))
        self.process.start()
        writer.close()  # so that its end is seen, even a sudden one
        self.limit = time.monotonic() + seconds + GRACE

    def collect(self):
        """What it noted; called when the reader is ready or the time is up."""
        if not self.reader.poll():
            self.process.kill()
        try:
            notes = self.reader.recv()
        except EOFError:
            notes = None
        self.process.join(GRACE)
        self.process.kill()  # where a thread of the test has not ended
        self.process.join()
        self.reader.close()
        if notes is None:
            status = self.process.exitcode
            notes = [("failed", self.name, f"its process ended with status {status}")]
        return notes


def run(jobs, count, seconds):
    """Yields (name, notes) for each job in order; at most `count` at once, `seconds` for each."""
    waiting, running, ended = collections.deque(enumerate(jobs)), {}, {}
    for number, (name, _) in enumerate(jobs):
        while number not in ended:
            while waiting and len(running) < count:
                begun, job = waiting.popleft()
                running[begun] = Running(job, seconds)
            settle(running, ended)
        yield name, ended.pop(number)


def settle(running, ended):
    """Wait until a job ends or its time is up."""
    first = min(job.limit for job in running.values())
    ready = multiprocessing.connection.wait([job.reader for job in running.values()],
                                            max(0.0, first - time.monotonic()))
    now = time.monotonic()
    for number, job in list(running.items()):
        if job.reader in ready or job.limit <= now:
            ended[number] = running.pop(number).collect()


# --- in the process of the job --------------------------------------------------------------


def work(writer, name, function, seconds):
    notes = []

    def note(*words):
        notes.append(words)
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, interrupt)
    patience = ENDING
    try:
        with Timeout(seconds):
            function(note)
    except Exception:  # pylint: disable=broad-except
        note("failed", name, traceback.format_exc())
    except KeyboardInterrupt:
        patience = 0.0
        note("failed", name, "interrupted")
    left = left_behind(patience)
    if left:
        note("failed", name, "\n".join(["left processes behind:", *left]))
    try:
        writer.send(notes)
    except BrokenPipeError:
        pass  # nobody is there to hear it


def interrupt(*_):
    """The one exception that unittest does not take for a failed test, to go on with the next."""
    raise KeyboardInterrupt


def prctl(what, value):
    if ctypes.CDLL(None, use_errno=True).prctl(what, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def left_behind(patience):
    """Ends the children that do not end by themselves; orphans of theirs are ours by now."""
    limit, left = time.monotonic() + patience, {}
    while children := alive():
        if time.monotonic() > limit:
            left.update(children)
            for pid in children:
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    return sorted(left.values())


def alive():
    """The children that have not ended, by pid: their command lines. Reaps those that have."""
    children = {}
    for pid in known_children():
        try:
            if os.waitpid(pid, os.WNOHANG) == (0, 0):
                command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                children[pid] = f"{pid}: {command.replace(bytes(1), b' ').decode('latin-1')}"
        except (ChildProcessError, FileNotFoundError):
            pass  # somebody else has reaped it
    return children


def known_children():
    for task in pathlib.Path("/proc/self/task").iterdir():
        try:
            yield from map(int, (task / "children").read_text(encoding="ascii").split())
        except FileNotFoundError:
            pass  # a thread that has just ended
