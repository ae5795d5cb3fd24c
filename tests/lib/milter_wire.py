"""An MTA double: speaks the MTA's side of the milter protocol (version 6) to a milter.

    with Mta("unix:/tmp/x/milter.sock") as mta:
        mta.negotiate()
        mta.connect("client.example", "192.0.2.7", 40000)
        mta.helo("client.example")
        reply = mta.mail("<user@@example.com>")     # Reply(action="replycode", lines=[...])

An event that the milter declined (SMFIP_NO*) is not sent, one that it never answers (SMFIP_NR_*) is
not waited for; both return a Reply with action "continue" and `sent` or `answered` false.
Every wait has a time-out; a late or broken answer raises WireError.
"""

import socket
import struct
import time

from milter_protocol import (ACTIONS, ALL_ACTIONS, ALL_STEPS, CHANGES, EVENTS, FAMILIES, PROGRESS,
                             STAGES, STEPS, VERDICTS, VERSION, Reply, WireError, check_reply,
                             packet, strings, to_bytes)


PATIENCE = 60.0  # seconds; only a broken milter needs them


def dial(address, timeout):
    """Connect to unix:PATH, inet:PORT@HOST or inet6:PORT@HOST.

    MTAs try again when too many wait to be accepted already, and so does this."""
    limit = time.monotonic() + timeout
    while True:
        try:
            return dial_once(address, timeout)
        except BlockingIOError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.05)


def dial_once(address, timeout):
    kind, _, rest = address.partition(":")
    if kind == "unix":
        sock = socket.socket(socket.AF_UNIX)
        target = rest
    elif kind in ("inet", "inet6"):
        port, _, host = rest.partition("@")
        sock = socket.socket(socket.AF_INET6 if kind == "inet6" else socket.AF_INET)
        target = (host.strip("[]"), int(port))
    else:
        raise ValueError(f"not a milter address: {address}")
    sock.settimeout(timeout)
    try:
        sock.connect(target)
    except OSError:
        sock.close()
        raise
    return sock


class Mta:
    """One connection from an MTA to a milter."""

    def __init__(self, address, timeout=PATIENCE):
        self.address = address
        self.timeout = timeout
        self.sock = None
        self.version = None
        self.actions = None
        self.steps = 0
        self.offered = 0
        self.wanted_macros = {}
        self._macros = {}
        self._buffer = b""

    def __enter__(self):
        self.open()
        return self

    def __exit__(self, *_):
        self.close()

    def open(self):
        self.sock = dial(self.address, self.timeout)
        return self

    def close(self):
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    # --- bytes -----------------------------------------------------------------------------

    def send_raw(self, data):
        try:
            self.sock.sendall(data)
        except socket.timeout:
            raise WireError(f"the milter took no bytes for {self.timeout} s") from None
        except OSError as error:
            raise WireError(f"the milter is gone: {error}") from None

    def send_packet(self, command, data=b""):
        self.send_raw(packet(command, data))

    def send_half(self, command, data=b"", missing=1):
        """Send a packet without its last `missing` bytes."""
        whole = packet(command, data)
        self.send_raw(whole[:len(whole) - missing])

    def send_length(self, length, command=b"", data=b""):
        """Send a packet that claims to be `length` bytes long."""
        self.send_raw(struct.pack("!I", length) + command + data)

    def _read(self, size):
        while len(self._buffer) < size:
            try:
                chunk = self.sock.recv(65536)
            except socket.timeout:
                raise WireError(f"the milter kept silent for {self.timeout} s") from None
            except OSError as error:
                raise WireError(f"the milter is gone: {error}") from None
            if not chunk:
                raise WireError("the milter closed the connection")
            self._buffer += chunk
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def read_packet(self):
        size, = struct.unpack("!I", self._read(4))
        if not 1 <= size <= 1 << 20:
            raise WireError(f"the milter announced a packet of {size} bytes")
        data = self._read(size)
        return data[:1], data[1:]

    def read_reply(self):
        """Read packets up to the one that decides."""
        changes = []
        while True:
            command, data = self.read_packet()
            if command == PROGRESS:
                continue
            if command in CHANGES:
                changes.append((command.decode(), data))
                continue
            if command not in VERDICTS:
                raise WireError(f"unexpected packet {command!r} {data!r}")
            break
        if command == b"y":
            if not data.endswith(b"\0"):
                raise WireError(f"a reply without its final NUL: {data!r}")
            data = data[:-1]
            check_reply(data)
        reply = Reply(VERDICTS[command], data)
        reply.changes = changes
        return reply

    def expect_silence(self, seconds=0.2):
        """Raise WireError when the milter says anything within `seconds`."""
        self.sock.settimeout(seconds)
        try:
            chunk = self._buffer or self.sock.recv(65536)
        except socket.timeout:
            return
        finally:
            self.sock.settimeout(self.timeout)
        raise WireError(f"expected silence, got {chunk!r}" if chunk else "the milter closed")

    def expect_close(self):
        """Wait until the milter ends the connection; what it still says is returned."""
        said = self._buffer
        while True:
            try:
                chunk = self.sock.recv(65536)
            except socket.timeout:
                raise WireError("the milter did not close the connection") from None
            except OSError:
                return said
            if not chunk:
                return said
            said += chunk

    # --- negotiation -----------------------------------------------------------------------

    def negotiate(self, actions=ALL_ACTIONS, steps=ALL_STEPS, version=VERSION):
        self.offered = steps
        self.send_packet(b"O", struct.pack("!III", version, actions, steps))
        command, data = self.read_packet()
        if command != b"O" or len(data) < 12:
            raise WireError(f"negotiation answered with {command!r} {data!r}")
        self.version, self.actions, self.steps = struct.unpack("!III", data[:12])
        self.wanted_macros = self._read_symlists(data[12:])
        if self.version > version:
            raise WireError(f"offered version {version}, the milter chose {self.version}")
        if self.actions & ~actions:
            raise WireError(f"the milter chose actions that were not offered: {self!r}")
        # Unoffered steps are no error to any MTA: libmilter names NOBODY and NOHDRS in any case.
        if self.wanted_macros and not actions & ACTIONS["SETSYMLIST"]:
            raise WireError("the milter asked for macros although it may not")
        return self

    @staticmethod
    def _read_symlists(data):
        lists = {}
        while data:
            if len(data) < 5 or b"\0" not in data[4:]:
                raise WireError(f"broken macro list {data!r}")
            stage, = struct.unpack("!I", data[:4])
            names, _, data = data[4:].partition(b"\0")
            if stage not in STAGES:
                raise WireError(f"macro list for stage {stage}")
            lists[STAGES[stage]] = names.decode("ascii").replace(",", " ").split()
        return lists

    def chose(self, step):
        return bool(self.steps & STEPS[step])

    # --- macros and events -----------------------------------------------------------------

    def macros(self, stage, values):
        """Send `values` before each later event of this stage, until they are set anew.

        As with Postfix, a stage whose list was asked for gets only the macros on that list.
        """
        self._macros[stage] = dict(values)
        return self

    def forget_macros(self):
        self._macros = {}
        return self

    def _send_macros(self, stage):
        if stage not in self._macros:
            return
        values = self._macros[stage]
        if stage in self.wanted_macros:
            asked = [name.strip("{}") for name in self.wanted_macros[stage]]
            values = {name: value for name, value in values.items() if name.strip("{}") in asked}
        pairs = [part for item in values.items() for part in item]
        self.send_packet(b"D", EVENTS[stage][0] + strings(*pairs))

    def event(self, name, data=b""):
        command, unwanted, unanswered, _ = EVENTS[name]
        if unwanted is not None and self.chose(unwanted):
            return Reply("continue", sent=False, answered=False)
        self._send_macros(name)
        self.send_packet(command, data)
        if unanswered is not None and self.chose(unanswered):
            return Reply("continue", answered=False)
        return self.read_reply()

    def connect(self, hostname, address=None, port=0, family=None):
        """`family` follows from the address when not given; no address: family unknown."""
        if family is None:
            family = "unknown" if address is None else "inet6" if ":" in address else "inet"
        data = strings(hostname) + FAMILIES.get(family, to_bytes(family))
        if address is not None:
            data += struct.pack("!H", port) + strings(address)
        return self.event("connect", data)

    def helo(self, name):
        return self.event("helo", strings(name))

    def mail(self, path, *params):
        return self.event("mail", strings(path, *params))

    def rcpt(self, path, *params):
        return self.event("rcpt", strings(path, *params))

    def rejected_rcpt(self, path, enhanced="5.1.1", text="User unknown"):
        """A recipient that the MTA itself refuses: told only to a milter that asked for them."""
        if not self.chose("RCPT_REJ"):
            return Reply("continue", sent=False, answered=False)
        saved = self._macros.get("rcpt")
        self.macros("rcpt", {**(saved or {}), "{rcpt_mailer}": "error", "{rcpt_host}": enhanced,
                             "{rcpt_addr}": text})
        try:
            return self.rcpt(path)
        finally:
            self.macros("rcpt", saved or {})

    def data(self):
        return self.event("data")

    def header(self, name, value):
        return self.event("header", strings(name, value))

    def eoh(self):
        return self.event("eoh")

    def body(self, chunk):
        return self.event("body", to_bytes(chunk))

    def eom(self, chunk=b""):
        return self.event("eom", to_bytes(chunk))

    def unknown(self, line):
        return self.event("unknown", strings(line))

    def abort(self):
        self.send_packet(b"A")

    def quit(self):
        """Say goodbye; the milter closes the connection."""
        self.send_packet(b"Q")

    def quit_new_connection(self):
        """End this session; the next one starts with connect() on the same connection."""
        self.send_packet(b"K")

    # --- shorthands ------------------------------------------------------------------------

    def greet(self, name="client.example", address="192.0.2.7", port=40000):
        """Negotiate, connect and say HELO; none of the answers may refuse."""
        self.negotiate()
        for reply in (self.connect(name, address, port), self.helo(name)):
            if not reply.passes:
                raise WireError(f"refused at the start of the session: {reply}")
        return self

    def message(self, sender="<alice@example.net>", *recipients, body=b"Hello\r\n"):
        """One whole message; returns the replies of its events in order."""
        replies = [self.mail(sender)]
        replies += [self.rcpt(path) for path in recipients or ("<bob@example.org>",)]
        replies += [self.data(), self.header("Subject", "test"), self.eoh()]
        replies += [self.body(body), self.eom()]
        return replies

    def __repr__(self):
        steps = [name for name, bit in STEPS.items() if self.steps & bit]
        return f"Mta(version={self.version}, actions={self.actions}, steps={steps})"
