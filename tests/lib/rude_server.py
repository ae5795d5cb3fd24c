"""A server that misbehaves on purpose: what clients must survive.

    with RudeServer("silence") as server:
        ... 127.0.0.1, server.port ...

MANNERS has every way it knows. Each connection is served by a thread of its own, until the client
or the test has had enough; `sent` counts the bytes that it got rid of, `connections` its visitors.
"""

import random
import socket
import struct
import threading

ENOUGH = 120  # seconds after which a connection is given up
CHUNK = 1 << 16
LONG_LINE = 100_000_000
MARKUP = b"</style><script>document.title='owned'</script><img src=http://192.0.2.1/x>\"' onload='"
CONTROLS = bytes(byte for byte in range(256) if byte not in b"\r\n")


class Gone(Exception):
    """The client has closed, or the test is over."""


class Visit:
    """One connection, as manners see it."""

    def __init__(self, server, sock):
        self._server = server
        self._sock = sock
        self._buffer = b""
        sock.settimeout(ENOUGH)

    def send(self, data):
        try:
            self._sock.sendall(data)
        except OSError:
            raise Gone from None
        self._server.count(len(data))

    def line(self):
        """The next line from the client, whatever ends it."""
        while b"\n" not in self._buffer:
            more = self._receive()
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def wait(self):
        """Say nothing until the client goes."""
        while True:
            self._receive()

    def pause(self, seconds):
        if self._server.over.wait(seconds):
            raise Gone

    def reset(self):
        """Go without a farewell: RST instead of FIN."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _receive(self):
        try:
            more = self._sock.recv(CHUNK)
        except OSError:
            raise Gone from None
        if not more:
            raise Gone
        return more


def verb(line):
    return line.split(b" ")[0].split(b":")[0].upper()


def silence(visit):
    """Takes the connection and says nothing, ever."""
    visit.wait()


def silence_after_greeting(visit):
    """Greets and says nothing more."""
    visit.send(b"220 mx.example.org ESMTP\r\n")
    visit.wait()


def close_at_once(visit):
    """Takes the connection and closes it."""
    del visit


def reset_at_once(visit):
    """Takes the connection and tears it down."""
    visit.reset()


def close_after_greeting(visit):
    """Greets and closes."""
    visit.send(b"220 mx.example.org ESMTP\r\n")


def close_at_every_command(visit):
    """Greets, reads one line and closes."""
    visit.send(b"220 mx.example.org ESMTP\r\n")
    visit.line()


def close_amid_a_reply(visit):
    """The connection ends within a line of a reply."""
    visit.send(b"220 mx.example.org ESMTP\r\n")
    while True:
        if verb(visit.line()) not in (b"EHLO", b"HELO"):
            visit.send(b"250-half a re")
            return
        visit.send(b"250 mx.example.org\r\n")


def garbage(visit):
    """Bytes without sense, as many as are taken, always the same ones."""
    noise = random.Random(1)
    while True:
        visit.send(noise.randbytes(CHUNK))


def garbage_replies(visit):
    """A greeting, then a line of bytes without sense for each line."""
    noise = random.Random(2)
    visit.send(b"220 mx.example.org ESMTP\r\n")
    while True:
        visit.line()
        visit.send(noise.randbytes(300).replace(b"\n", b"") + b"\r\n")


def endless_reply(visit):
    """A greeting whose last line never comes."""
    line = b"220-welcome to this server\r\n"
    while True:
        visit.send(line * (CHUNK // len(line)))


def endless_ehlo(visit):
    """An EHLO reply whose last line never comes."""
    visit.send(b"220 mx.example.org ESMTP\r\n")
    visit.line()
    while True:
        visit.send(b"250-X-EXTENSION\r\n" * 4000)


def long_line(visit):
    """A greeting of one line of 100 MB, then as usual."""
    visit.send(b"220 ")
    for _ in range(LONG_LINE // CHUNK):
        visit.send(b"x" * CHUNK)
    visit.send(b"\r\n")
    always_250(visit)


def drip(visit):
    """A greeting that comes byte by byte, too slow to wait for its end."""
    while True:
        visit.send(b"2")
        visit.pause(0.1)


def always_250(visit):
    """250 to everything, DATA and STARTTLS included."""
    visit.send(b"220 mx.example.org ESMTP\r\n")
    while True:
        visit.line()
        visit.send(b"250 2.0.0 Ok\r\n")


def always_421(visit):
    """421 to everything, and yet it stays."""
    visit.send(b"220 mx.example.org ESMTP\r\n")
    while True:
        visit.line()
        visit.send(b"421 4.3.2 Not now\r\n")


def many_replies(visit):
    """A hundred replies to every line."""
    visit.send(b"220 mx.example.org ESMTP\r\n")
    while True:
        visit.line()
        visit.send(b"250 2.0.0 Ok\r\n" * 100)


def endless_farewell(visit):
    """One reply to every line, and replies without end to QUIT."""
    visit.send(b"220 mx.example.org ESMTP\r\n")
    while verb(visit.line()) != b"QUIT":
        visit.send(b"250 2.0.0 Ok\r\n")
    while True:
        visit.send(b"250 2.0.0 Ok\r\n" * 4000)


def bare_line_feeds(visit):
    """Lines that end in LF alone, CR alone, and CR CR LF."""
    visit.send(b"220 mx.example.org ESMTP\n")
    while True:
        visit.line()
        visit.send(b"250-one\r250-two\r\r\n250 three\n")


def hostile_text(visit):
    """Markup, terminal sequences and every byte there is, in replies that are well formed."""
    visit.send(b"220 mx.example.org " + MARKUP + CONTROLS + b"\r\n")
    while True:
        code = {b"EHLO": b"250", b"HELO": b"250", b"QUIT": b"221"}.get(verb(visit.line()), b"550")
        for kind in (b"-", b" "):
            visit.send(code + kind + MARKUP + b"\x1b]0;owned\x07\x1b[31m%s%n" + CONTROLS + b"\r\n")


def starttls_garbage(visit):
    """Offers STARTTLS, agrees to it, and then does not speak TLS."""
    noise = random.Random(3)
    visit.send(b"220 mx.example.org ESMTP\r\n")
    while True:
        command = verb(visit.line())
        if command == b"EHLO":
            visit.send(b"250-mx.example.org\r\n250 STARTTLS\r\n")
        elif command == b"STARTTLS":
            visit.send(b"220 2.0.0 Go ahead\r\n")
            visit.send(noise.randbytes(1 << 20))
            visit.wait()
        else:
            visit.send(b"250 2.0.0 Ok\r\n")


MANNERS = {function.__name__.replace("_", " "): function for function in (
    silence, silence_after_greeting, close_at_once, reset_at_once, close_after_greeting,
    close_at_every_command, close_amid_a_reply, garbage, garbage_replies, endless_reply,
    endless_ehlo, long_line, drip, always_250, always_421, many_replies, endless_farewell,
    bare_line_feeds, hostile_text, starttls_garbage)}


class RudeServer:
    """A port that is served in one of the MANNERS; a context manager."""

    host = "127.0.0.1"

    def __init__(self, manner):
        self._serve = MANNERS[manner]
        self._lock = threading.Lock()
        self._sockets = set()
        self.over = threading.Event()
        self.sent = self.connections = 0

    def __enter__(self):
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        # A listener that is merely closed would leave accept() waiting.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(ENOUGH)
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def count(self, sent):
        with self._lock:
            self.sent += sent

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._sockets.add(sock)
                self.connections += 1
            threading.Thread(target=self._visit, args=(sock,), daemon=True).start()

    def _visit(self, sock):
        try:
            self._serve(Visit(self, sock))
        except Gone:
            pass
        finally:
            with self._lock:
                self._sockets.discard(sock)
            sock.close()
