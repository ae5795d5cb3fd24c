"""A door for clients that shall not come from 127.0.0.1, where mail servers trust everybody.

    with Stranger("127.0.0.1", sendmail.port, source="127.0.2.7") as door:
        ... 127.0.0.1, door.port leads to that server, who sees 127.0.2.7 ...

Bytes, ends and resets pass as they are.
"""

import socket
import struct
import threading

CHUNK = 1 << 16
RESET = struct.pack("ii", 1, 0)


def pump(source, target):
    """All bytes from one to the other, and the end of them."""
    try:
        while data := source.recv(CHUNK):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except ConnectionResetError:
        target.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        for sock in (target, source):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
    except OSError:
        pass


class Stranger:
    """A listener on loopback; a context manager."""

    host = "127.0.0.1"

    def __init__(self, host, port, source):
        self._where = (host, port)
        self._source = (source, 0)

    def __enter__(self):
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._lead, args=(client,), daemon=True).start()

    def _lead(self, client):
        with client:
            try:
                server = socket.create_connection(self._where, source_address=self._source)
            except OSError:
                return
            with server:
                there = threading.Thread(target=pump, args=(client, server), daemon=True)
                there.start()
                pump(server, client)
                there.join()
