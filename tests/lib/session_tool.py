"""Runs `milter-strict session --listen` for tests."""

import os
import signal
import subprocess
import tempfile

import daemon
from smtp_client import SmtpClient


class SessionTool:
    """A port that is served; `clients` are closed and the tool is stopped at the end."""

    def __init__(self, *options, config="", address="127.0.0.1:0"):
        self.folder = tempfile.TemporaryDirectory(prefix="milter-strict-")
        file_name = os.path.join(self.folder.name, "milter-strict.conf")
        with open(file_name, "w", encoding="utf-8") as file:
            file.write(config)
        self.command = [*daemon.wrapper(), daemon.program(), "session", "-c", file_name,
                        "--listen", address, *options]
        self.errors = os.path.join(self.folder.name, "stderr")
        self.clients = []
        self.process = None

    def __enter__(self):
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=errors)
        line = self.process.stdout.readline().decode("ascii").strip()
        if not line.startswith("listening on "):
            self.stop()
            raise AssertionError(f"does not listen: {line!r}\n{self.said()}")
        host, _, port = line.removeprefix("listening on ").rpartition(":")
        self.host, self.port = host.strip("[]"), int(port)
        return self

    def __exit__(self, kind, *_):
        for client in self.clients:
            client.close()
        try:
            status = self.stop()
            if kind is None and (status != 0 or daemon.SANITIZER.search(self.said())):
                raise AssertionError(f"ended with status {status}:\n{self.said()}")
        finally:
            self.folder.cleanup()

    def dial(self, timeout=daemon.PATIENCE):
        client = SmtpClient.dial(self.host, self.port, timeout)
        self.clients.append(client)
        return client

    def said(self):
        with open(self.errors, encoding="utf-8", errors="backslashreplace") as file:
            return file.read()

    def kill(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, patience=daemon.PATIENCE):
        """End it; returns the exit status."""
        if self.process.poll() is None:
            self.kill(number)
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"did not end within {patience} s") from None
        finally:
            self.process.stdout.close()
        return status

    def resident(self):
        """Memory in use, in KiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        raise AssertionError("no VmRSS")
