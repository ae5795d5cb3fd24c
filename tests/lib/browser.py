"""A headless Chromium, driven through its DevTools protocol over a pair of pipes.

    with Browser() as browser:
        browser.emulate(width=360, dark=True)
        browser.open("/path/of/a/page.html")
        browser.evaluate("document.title")

It runs with an empty profile of its own, which goes with it, and asks nobody for anything but the
page that it was given.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

PATIENCE = 120
PROGRAM = "chromium"
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync",
           "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe")

# The browser reads commands from descriptor 3 and answers on 4.
LAUNCHER = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
for number, end in zip((3, 4), ends):
    os.dup2(end, number)
    os.close(end)
os.execvp(sys.argv[3], sys.argv[3:])
"""


def is_there():
    return shutil.which(PROGRAM) is not None


class Browser:
    """One page of one browser. `requests` has the address of everything that was asked for."""

    def __init__(self):
        self.requests = []
        self._loaded = set()  # loader identifiers of pages that are complete
        self._number = 0
        self._buffer = b""
        self._session = None

    def __enter__(self):
        self._profile = tempfile.TemporaryDirectory(prefix="milter-strict-browser-")
        self._errors = open(os.path.join(self._profile.name, "stderr"), "wb")
        ours_out, theirs_out = os.pipe()
        theirs_in, ours_in = os.pipe()
        self._pipes = [ours_in, ours_out]
        self._process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(theirs_in), str(theirs_out), PROGRAM, *OPTIONS,
             f"--user-data-dir={self._profile.name}/profile", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=self._errors, stderr=self._errors,
            pass_fds=(theirs_in, theirs_out), env={**os.environ, "HOME": self._profile.name})
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            self._session = self.call("Target.attachToTarget", targetId=target,
                                      flatten=True)["sessionId"]
            for domain in ("Page", "Network", "Runtime"):
                self.call(f"{domain}.enable")
            self.call("Page.setLifecycleEventsEnabled", enabled=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for pipe in self._pipes:  # with its pipes closed it ends by itself
            os.close(pipe)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()
        self._profile.cleanup()

    def emulate(self, width, dark=False, height=800, media=""):
        """A screen of this width (CSS pixels; a phone's when it is small), and what is preferred."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def open(self, path):
        """Load this file; comes back when it is complete."""
        self.requests.clear()
        page = self.call("Page.navigate", url=f"file://{os.path.abspath(path)}")["loaderId"]
        deadline = time.monotonic() + PATIENCE
        while page not in self._loaded:
            self._take(deadline)

    def evaluate(self, expression):
        """The value of a JavaScript expression; of a promise, what becomes of it."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def call(self, method, **parameters):
        """One command of the protocol; its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._pipes[0], json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
        while (answer := self._take(deadline)).get("id") != self._number:
            pass
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def _take(self, deadline):
        """The next message; what it tells of pages and requests is noted."""
        while b"\0" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._pipes[1]], [], [], left)[0]:
                raise AssertionError(f"the browser kept silent for {PATIENCE} s")
            more = os.read(self._pipes[1], 1 << 20)
            if not more:
                raise AssertionError(f"the browser ended:\n{self._said()}")
            self._buffer += more
        message, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(message)
        what, parameters = message.get("method"), message.get("params")
        if what == "Page.lifecycleEvent" and parameters["name"] == "load":
            self._loaded.add(parameters["loaderId"])
        elif what == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        return message

    def _said(self):
        with open(os.path.join(self._profile.name, "stderr"), encoding="utf-8",
                  errors="replace") as file:
            return file.read()[-2000:]
