"""A small raw SMTP client: sends exact bytes, reads whole replies line by line, waits bounded.

It speaks over a socket (SmtpClient.dial) or over a child process's stdin and stdout
(SmtpClient.spawn). Lines are str, one character a byte (latin-1), without their CRLF.
"""

import os
import selectors
import socket
import ssl
import subprocess
import time

LONGEST_LINE = 1 << 20
PATIENCE = 60.0  # seconds; only a broken server needs them


class SmtpError(AssertionError):
    """The server was late, closed too early, or sent what is no reply."""


class SmtpClient:
    def __init__(self, reader, write, close, timeout=PATIENCE):
        self._reader = reader  # a file descriptor or a socket: whatever select() takes
        self._write = write
        self._close = close
        self._buffer = b""
        self.timeout = timeout
        self.sock = None
        self.process = None
        self.transcript = []

    @classmethod
    def dial(cls, host, port, timeout=PATIENCE, source=None):
        address = (source, 0) if source else None
        sock = socket.create_connection((host, port), timeout, source_address=address)
        return cls.over(sock, timeout)

    @classmethod
    def over(cls, sock, timeout=PATIENCE):
        sock.settimeout(timeout)
        client = cls(sock, sock.sendall, sock.close, timeout)
        client.sock = sock
        return client

    @classmethod
    def spawn(cls, command, timeout=PATIENCE, **popen):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   bufsize=0, **popen)
        os.set_blocking(process.stdin.fileno(), False)
        client = cls(process.stdout, lambda data: _write_pipe(process.stdin, data, timeout),
                     lambda: _end(process, timeout), timeout)
        client.process = process
        return client

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._close()

    # --- bytes -----------------------------------------------------------------------------

    def send(self, data):
        """Send exactly these bytes."""
        self.transcript.append(("C", data))
        view = memoryview(data)
        try:
            if self.sock is not None:
                self.sock.settimeout(self.timeout)
            while view:
                written = self._write(view)
                view = view[written:] if written is not None else view[:0]
        except (OSError, ValueError) as error:
            raise SmtpError(f"the server took no more: {error}") from None

    def line(self, text):
        """Send one line, CRLF added."""
        self.send((text if isinstance(text, bytes) else text.encode("utf-8")) + b"\r\n")

    def _receive(self, deadline):
        """Some more bytes, b"" at the end, or SmtpError when the time is over."""
        left = max(0.0, deadline - time.monotonic())
        if self.sock is not None:
            self.sock.settimeout(left or 0.001)
            try:
                return self.sock.recv(65536)
            except (socket.timeout, ssl.SSLWantReadError):
                raise SmtpError("the server kept silent") from None
            except OSError:
                return b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            if not selector.select(left):
                raise SmtpError("the server kept silent")
        return os.read(self._reader.fileno(), 65536)

    def read_line(self, timeout=None):
        """The next line without CRLF, or None at the end of the connection."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while b"\n" not in self._buffer:
            if len(self._buffer) > LONGEST_LINE:
                raise SmtpError("the server sends a line without end")
            chunk = self._receive(deadline)
            if not chunk:
                if self._buffer:
                    raise SmtpError(f"closed within a line: {self._buffer!r}")
                return None
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        if not line.endswith(b"\r"):
            raise SmtpError(f"a line that ends in a bare LF: {line!r}")
        self.transcript.append(("S", line + b"\n"))
        return line[:-1].decode("latin-1")

    def read_reply(self, timeout=None):
        """All lines of one reply, [] at the end of the connection."""
        lines = []
        while True:
            line = self.read_line(timeout)
            if line is None:
                if lines:
                    raise SmtpError(f"closed within a reply: {lines}")
                return []
            if len(line) < 3 or not line[:3].isdigit() or line[3:4] not in ("", " ", "-"):
                raise SmtpError(f"not a reply line: {line!r}")
            if lines and line[:3] != lines[0][:3]:
                raise SmtpError(f"a reply with two codes: {lines + [line]}")
            lines.append(line)
            if line[3:4] != "-":
                return lines

    def command(self, text, timeout=None):
        """Send one line and read one reply."""
        self.line(text)
        return self.read_reply(timeout)

    def pending(self, seconds=0.0):
        """Bytes that have arrived and were not read; waits up to `seconds` for some."""
        if not self._buffer:
            try:
                self._buffer += self._receive(time.monotonic() + seconds)
            except SmtpError:
                pass
        return self._buffer

    def wait_closed(self, timeout=None):
        """Read up to the end of the connection; returns the lines that were still said."""
        lines = []
        while True:
            line = self.read_line(timeout)
            if line is None:
                return lines
            lines.append(line)

    def half_close(self):
        """No more from us; what the server still says can be read."""
        if self.sock is not None:
            self.sock.shutdown(socket.SHUT_WR)
        else:
            self.process.stdin.close()

    # --- TLS -------------------------------------------------------------------------------

    def starttls(self, cafile=None, certificate=None, key=None):
        """STARTTLS and the handshake; the server is verified only when `cafile` is given."""
        reply = self.command("STARTTLS")
        if not reply or not reply[0].startswith("220"):
            raise SmtpError(f"STARTTLS answered with {reply}")
        context = ssl.create_default_context(cafile=cafile)
        context.check_hostname = False
        if cafile is None:
            context.verify_mode = ssl.CERT_NONE
        if certificate is not None:
            context.load_cert_chain(certificate, key)
        self.sock.settimeout(self.timeout)
        self.sock = self._reader = context.wrap_socket(self.sock)
        self._write, self._close = self.sock.sendall, self.sock.close
        return self


def _write_pipe(pipe, data, timeout):
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_WRITE)
        if not selector.select(timeout):
            raise SmtpError(f"the server took no bytes for {timeout} s")
    return os.write(pipe.fileno(), data)


def _end(process, timeout):
    """Close the child's stdin and wait for its end; kill it when it does not come."""
    for pipe in (process.stdin, process.stdout):
        try:
            pipe.close()
        except OSError:
            pass
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise SmtpError(f"the child did not end within {timeout} s of the end of input") from None
