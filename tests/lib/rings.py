"""The places where a scenario can be played: the session tool, the milter wire, a real mail server.

A ring has a name and open(scenario), which returns a conversation: send(bytes), read_line(timeout)
(None at the end), close() (raises AssertionError when the program behind it ended badly).
"""

import os
import tempfile

import daemon
from mini_mta import MiniMta
from smtp_client import SmtpClient


class SessionConversation:
    """`milter-strict session` on a child's stdin and stdout."""

    def __init__(self, scenario):
        self.folder = tempfile.TemporaryDirectory(prefix="milter-strict-")
        config = os.path.join(self.folder.name, "milter-strict.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(scenario.config.replace("@DIR@", self.folder.name))
        command = [*daemon.wrapper(), daemon.program(), "session", "-c", config]
        if scenario.client:
            command += ["--client", scenario.client]
        self.errors = os.path.join(self.folder.name, "stderr")
        with open(self.errors, "wb") as errors:
            self.smtp = SmtpClient.spawn(command, timeout=daemon.PATIENCE, stderr=errors)
        self.send, self.read_line = self.smtp.send, self.smtp.read_line

    def close(self):
        try:
            self.smtp.close()
            with open(self.errors, encoding="utf-8", errors="backslashreplace") as file:
                said = file.read()
            status = self.smtp.process.returncode
            if status != 0 or daemon.SANITIZER.search(said):
                raise AssertionError(f"the session tool ended with status {status}:\n{said}")
        finally:
            self.folder.cleanup()


class SessionRing:
    name = "session"

    @staticmethod
    def open(scenario):
        return SessionConversation(scenario)

    def shutdown(self):
        pass


class WireRing:
    """The daemon and a small MTA in front of it; scenarios with one configuration share a daemon."""

    name = "wire"

    def __init__(self):
        self.daemons = {}

    def open(self, scenario):
        if scenario.config not in self.daemons:
            running = daemon.Daemon(scenario.config)
            try:
                running.start()
            except BaseException:
                running.discard()
                raise
            self.daemons[scenario.config] = running
        return MiniMta(self.daemons[scenario.config].milter,
                       client=scenario.client or "192.0.2.7", macros=scenario.macros)

    def shutdown(self):
        """Stop the daemons; raises when one of them ended badly."""
        failures = []
        for running in self.daemons.values():
            try:
                running.stop()
            except AssertionError as failure:
                failures.append(str(failure))
            running.discard()
        self.daemons = {}
        if failures:
            raise AssertionError("\n".join(failures))


class PostfixRing:
    """A Postfix that somebody else runs.

    `connect` is a connected SmtpClient whose banner is unread, or a function from a scenario to
    one: it starts or reloads the daemon with scenario.config and speaks as scenario.client.
    """

    name = "postfix"

    def __init__(self, connect):
        self.connect = connect

    def open(self, scenario):
        return self.connect(scenario) if callable(self.connect) else self.connect

    def shutdown(self):
        pass


def on_loopback(text):
    """The same with addresses that clients on this machine can have: 127.0.2.7 for 192.0.2.7."""
    return text.replace("192.0.2.", "127.0.2.")


class SendmailRing(PostfixRing):
    """A Sendmail that somebody else runs. It cannot be told where a client comes from, so that the
    scenario is moved to loopback addresses before it is played."""

    name = "sendmail"

    def open(self, scenario):
        scenario.client = scenario.client and on_loopback(scenario.client)
        for exchange in scenario.exchanges:
            if exchange.sent is not None:
                exchange.sent = on_loopback(exchange.sent.decode("latin-1")).encode("latin-1")
            exchange.expected = [(place, on_loopback(line)) for place, line in exchange.expected]
        return super().open(scenario)
