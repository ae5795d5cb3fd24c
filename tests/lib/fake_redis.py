"""A server that speaks Redis's protocol as badly as a test wants.

    with FakeRedis({"XREAD": b"*2000000000\\r\\n"}) as fake: ...

Each command is answered with what the table has for its name, else as Redis would that has nothing:
enough for a daemon to believe that it is connected. An answer that is None hangs up. With
`everything` all commands have the same answer.
"""

import socket
import threading

OK, NIL = b"+OK\r\n", b"$-1\r\n"
SEED = b"$16\r\n0123456789abcdef\r\n"
SHA = b"$40\r\n" + b"a" * 40 + b"\r\n"
HONEST = {"SELECT": OK, "AUTH": OK, "SET": OK, "GET": SEED, "PEXPIRE": b":1\r\n", "SCRIPT": SHA,
          "XREAD": NIL, "EVALSHA": b":1\r\n", "EVAL": b":1\r\n"}


class FakeRedis:
    def __init__(self, answers=None, everything=None):
        self.answers = {**HONEST, **(answers or {})}
        self.everything = everything
        self.asked = []  # names of commands
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def address(self):
        return f"inet:{self._listener.getsockname()[1]}@127.0.0.1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which would go on listening
        self._acceptor.join()
        self._listener.close()
        for sock in self._sockets:
            sock.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            with sock.makefile("rb") as file:
                while self._answer(sock, self._read_command(file)):
                    pass
        except (OSError, ValueError):
            pass
        sock.close()

    @staticmethod
    def _read_command(file):
        words = []
        for _ in range(int(file.readline()[1:])):
            words.append(file.read(int(file.readline()[1:]) + 2)[:-2])
        return words

    def _answer(self, sock, words):
        name = words[0].decode().upper()
        self.asked.append(name)
        answer = self.answers[name] if self.everything is None else self.everything
        if callable(answer):
            return answer(sock)
        if answer is None:
            return False
        sock.sendall(answer)
        return True


def endless(begin, block=b"a" * 65536):
    """An answer that begins so and never ends."""
    def send(sock):
        sock.sendall(begin)
        while True:
            sock.sendall(block)
    return send
