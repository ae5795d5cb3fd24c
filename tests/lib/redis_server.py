"""A private Redis for the tests, a client of it, and a proxy that stands in between and is slow.

    with RedisServer(password="secret") as redis:
        redis.address                       # "inet:PORT@127.0.0.1", as the configuration has it
        redis.command("GET", "key")         # b"value", 12, None, a list; RedisError
        redis.pause(); redis.resume()       # SIGSTOP, SIGCONT
        redis.stop(); redis.start()         # at the same place, and empty
        with SlowProxy(redis.target) as proxy:
            proxy.delay = 0.5               # seconds before each piece is passed on

It keeps nothing on disk but its log, listens on loopback unless told otherwise, and is ended by its
process id. Commands go through a unix socket in its folder, so that they reach it in whatever network
namespace it runs (`launcher`) and whatever is between it and the daemon.
"""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time

from child import Child
import unittest

from ports import free_port

PATIENCE = 60.0  # seconds; only a broken server needs them
ATTEMPTS = 5     # another process may take the free port first


class RedisError(Exception):
    """The server answered with an error, or not at all."""


class RedisClient:
    """One connection; `target` is a path or (host, port)."""

    def __init__(self, target, timeout=PATIENCE):
        family = socket.AF_UNIX if isinstance(target, str) else socket.AF_INET
        self._sock = socket.socket(family, socket.SOCK_STREAM)
        self._sock.settimeout(timeout)
        try:
            self._sock.connect(target)
        except OSError:
            self._sock.close()
            raise
        self._file = self._sock.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._file.close()
        self._sock.close()

    def send(self, *words):
        encoded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self._sock.sendall(b"*%d\r\n" % len(encoded)
                           + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))

    def read(self):
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise RedisError("the server hung up")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b"+":
            return rest.decode()
        if kind == b":":
            return int(rest)
        length = int(rest)
        if length < 0:
            return None
        if kind == b"*":
            return [self.read() for _ in range(length)]
        return self._file.read(length + 2)[:length]

    def command(self, *words):
        self.send(*words)
        return self.read()


class RedisServer(Child):
    def __init__(self, *, password=None, certificates=None, host="127.0.0.1", launcher=()):
        """`certificates`: TLS only, with those of the server, and the authority's for clients;
        `launcher`: a command in front, such as ip netns exec NAME."""
        super().__init__("milter-strict-redis-")
        self.host, self.port = host, None
        self.password, self.certificates = password, certificates
        self.launcher = list(launcher)
        self.control = os.path.join(self.folder, "redis.sock")

    @property
    def target(self):
        return (self.host, self.port)

    @property
    def address(self):
        return f"inet:{self.port}@{self.host}"

    @property
    def unix_address(self):
        return f"unix:{self.control}"

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.discard()
            raise

    def __exit__(self, *_):
        self.discard()

    # --- life ------------------------------------------------------------------------------

    def start(self):
        """Start it, on the port that it had before if it had one, and wait until it answers."""
        for attempt in range(ATTEMPTS):
            if self.port is None:
                self.port = free_port()
            if self._started():
                return self
            if attempt < ATTEMPTS - 1:
                time.sleep(0.1)
        raise RedisError(f"redis-server does not start:\n{self.log_text()[-2000:]}")

    def _program(self):
        """Debian's redis-tools has the server, too, under another name, and starts none by itself."""
        found = shutil.which("redis-server")
        if found is not None:
            return found
        other, link = shutil.which("redis-check-rdb"), os.path.join(self.folder, "redis-server")
        if other is None:
            raise unittest.SkipTest("redis-server is not installed")
        if not os.path.lexists(link):
            os.symlink(other, link)
        return link

    def _arguments(self):
        tls = self.certificates
        port = ("--tls-port", self.port, "--port", 0) if tls else ("--port", self.port)
        yield from ("--bind", self.host, *port, "--dir", self.folder, "--save", "",
                    "--appendonly", "no", "--daemonize", "no", "--unixsocket", self.control,
                    "--unixsocketperm", "777", "--protected-mode", "no", "--databases", 4)
        if tls:
            yield from ("--tls-cert-file", tls.certificate("server"),
                        "--tls-key-file", tls.key("server"),
                        "--tls-ca-cert-file", tls.certificate("authority"),
                        "--tls-auth-clients", "optional")
        if self.password:
            yield from ("--requirepass", self.password)

    def _started(self):
        os.chmod(self.folder, 0o755)  # so that a daemon that gave root away finds the socket
        if os.path.exists(self.control):
            os.unlink(self.control)
        command = [*self.launcher, self._program(), *map(str, self._arguments())]
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, cwd=self.folder)
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                self.command("PING")
                return True
            except (OSError, RedisError):
                time.sleep(0.02)
        self.kill()
        return False

    def stop(self):
        """SIGTERM; start() brings it back, empty."""
        if self.process is not None:
            self.resume()
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                pass
            self.kill()

    def pause(self):
        """It stays connected and connectable, and says nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    # --- what it knows ---------------------------------------------------------------------

    def client(self, timeout=PATIENCE):
        client = RedisClient(self.control, timeout)
        if self.password:
            client.command("AUTH", self.password)
        return client

    def command(self, *words):
        with self.client() as client:
            return client.command(*words)

    def keys(self, pattern="*"):
        return sorted(self.command("KEYS", pattern))


class SlowProxy:
    """Passes bytes on between whoever connects and `target`, as badly as it is told.

    `delay`: seconds before each piece of an answer is passed on; `piece`: its greatest length;
    `cut_after`: answers end after so many bytes, with the connection. None of them: it is no
    obstacle. All may be changed while it runs.
    """

    def __init__(self, target, host="127.0.0.1", port=0):
        self.target = target
        self.delay, self.piece, self.cut_after = 0.0, 65536, None
        self._listener = socket.create_server((host, port))
        self.host, self.port = self._listener.getsockname()[:2]
        self._lock = threading.Lock()
        self._sockets = set()
        self._ends = threading.Event()
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self):
        return f"inet:{self.port}@{self.host}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._ends.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which would keep the port
        self._listener.close()
        self.cut()

    def cut(self):
        """End all connections."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for sock in sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def _accept(self):
        while not self._ends.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(self.target, PATIENCE)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._sockets |= {client, server}
            for source, sink, answers in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pump, args=(source, sink, answers),
                                 daemon=True).start()

    def _pump(self, source, sink, answers):
        passed = 0
        try:
            while True:
                data = source.recv(self.piece if answers else 65536)
                if answers and self.delay and self._ends.wait(self.delay):
                    break
                if answers and self.cut_after is not None:
                    data = data[:max(self.cut_after - passed, 0)]
                if not data:
                    break
                sink.sendall(data)
                passed += len(data)
                if answers and self.cut_after is not None and passed >= self.cut_after:
                    break
        except OSError:
            pass
        for sock in (source, sink):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            with self._lock:
                self._sockets.discard(sock)
            sock.close()
