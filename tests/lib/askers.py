"""MTAs that ask: Postfix's policy delegation client and Sendmail's socket map client.

    with PolicyAsker(f"unix:{daemon.folder}/policy.sock") as asker:
        asker.vrfy("alice", client_address="192.0.2.7")     # "502 5.5.1 Command not ..."
    with MapAsker("inet:8892@127.0.0.1") as asker:
        asker.ask("check_vrfy", "alice", address="192.0.2.7")   # 'OK "502 5.5.1 ..."'

A connection that the daemon closes raises Closed; every wait has a time-out.
"""

import re

from milter_wire import PATIENCE, dial

SEPARATOR = b"\x9b"


class Closed(AssertionError):
    """The daemon has hung up."""


class Asker:
    def __init__(self, address, timeout=PATIENCE):
        self.sock = dial(address, timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Closed(str(error)) from None

    def read_until(self, pattern):
        """The match of a regular expression at the beginning of what has come."""
        while (found := re.match(pattern, self.buffer, re.DOTALL)) is None:
            try:
                data = self.sock.recv(65536)
            except ConnectionError as error:
                raise Closed(str(error)) from None
            if not data:
                raise Closed(f"closed after {self.buffer!r}")
            self.buffer += data
        self.buffer = self.buffer[found.end():]
        return found

    def expect_close(self):
        """Nothing more comes, and the connection ends."""
        try:
            data = self.buffer + self.sock.recv(65536)
        except ConnectionError:
            data = b""
        if data:
            raise AssertionError(f"not closed, but {data!r}")


class PolicyAsker(Asker):
    DEFAULTS = {
        "request": "smtpd_access_policy", "protocol_state": "VRFY", "protocol_name": "ESMTP",
        "client_address": "192.0.2.7", "client_name": "client.example", "client_port": "40000",
        "helo_name": "client.example", "sender": "", "recipient": "alice", "recipient_count": "0",
        "queue_id": "", "instance": "123.456.7", "size": "0", "sasl_method": "",
        "sasl_username": "", "ccert_subject": "", "encryption_protocol": "", "policy_context": "",
    }

    @classmethod
    def request(cls, recipient="alice", **attributes):
        """The bytes of a request as Postfix 3.7 sends it; None leaves an attribute out."""
        attributes = {**cls.DEFAULTS, "recipient": recipient, **attributes}
        lines = [f"{name}={value}\n" for name, value in attributes.items() if value is not None]
        return "".join(lines).encode("utf-8") + b"\n"

    vrfy_request = request

    def answer(self):
        return self.read_until(rb"action=([^\n]*)\n\n").group(1).decode("ascii")

    def vrfy(self, recipient="alice", **attributes):
        self.send(self.request(recipient, **attributes))
        return self.answer()


class MapAsker(Asker):
    @staticmethod
    def netstring(data):
        return b"%d:%s," % (len(data), data)

    @classmethod
    def request(cls, name, rest, address="192.0.2.7", port="40000", daemon="MTA", auth="",
                verify=""):
        fields = [address, port, daemon, auth, verify, rest]
        key = SEPARATOR.join(field if isinstance(field, bytes) else field.encode("utf-8")
                             for field in fields)
        return cls.netstring(name.encode("ascii") + b" " + key)

    def answer(self):
        length = int(self.read_until(rb"(\d+):").group(1))
        return self.read_until(rb"(.{%d})," % length).group(1).decode("ascii")

    def ask(self, name, rest, **fields):
        self.send(self.request(name, rest, **fields))
        return self.answer()

    @classmethod
    def vrfy_request(cls, argument="alice"):
        return cls.request("check_vrfy", argument)

    def vrfy(self, argument="alice", **fields):
        return self.ask("check_vrfy", argument, **fields)

    def other(self, line, reply_class="5", **fields):
        line = line if isinstance(line, bytes) else line.encode("utf-8")
        return self.ask("check_other", line + SEPARATOR + reply_class.encode("ascii"), **fields)
