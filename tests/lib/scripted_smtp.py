"""A small SMTP server that answers as a test says, and remembers what it was told.

    with ScriptedSmtp({"VRFY alice": "250 2.1.5 yes"}) as server:
        ... server.host, server.port ...
        server.lines      what clients sent, without line ends
        server.messages   how many messages were sent to their end: a final dot after 354

Answers are the first that fits the beginning of a line, else those of a server that behaves well.
With `certificates` there is STARTTLS; `leaky` keeps what was read before the handshake. Mail from
the path `relays_for` goes anywhere. Clients are served one after the other.
"""

import socket
import ssl
import threading

CALM = {
    "EHLO": "250-mx.example.org\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES",
    "HELO": "250 mx.example.org",
    "MAIL": "250 2.1.0 fine", "RCPT TO:<alice@example.org>": "250 2.1.5 fine",
    "RCPT TO:<postmaster>": "250 2.1.5 fine", "RCPT": "550 5.1.1 no", "RSET": "250 2.0.0 fine",
    "NOOP": "250 2.0.0 fine", "QUIT": "221 2.0.0 bye", "VRFY": "252 2.0.0 send it",
    "DATA": "503 5.5.1 no", "HELP": "502 5.5.1 no", "": "500 5.5.2 what",
}
PATIENCE = 60


class ScriptedSmtp:
    def __init__(self, answers=None, certificates=None, leaky=False, tls=False,
                 family=socket.AF_INET, relays_for=None, address="127.0.0.1"):
        self._answers = {**(answers or {}), **{line: answer for line, answer in CALM.items()
                                               if line not in (answers or {})}}
        self._context = None
        if certificates is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificates.certificate("server"),
                                          certificates.key("server"))
        self._leaky, self._tls, self._relays_for = leaky, tls, relays_for
        self.lines, self.messages, self.connections, self.encrypted = [], 0, 0, 0
        self._lock = threading.Lock()
        self._socket = socket.create_server(
            ("::1" if family == socket.AF_INET6 else address, 0), family=family)
        self.host, self.port = self._socket.getsockname()[:2]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(PATIENCE)

    def _accept(self):
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            self._serve(sock)  # the next client waits until this one has gone

    def _serve(self, sock):
        with self._lock:
            self.connections += 1
        sock.settimeout(PATIENCE)
        try:
            if self._tls:
                sock = self._encrypt(sock)
            sock.sendall(self._answers.get("(greeting)", "220 mx.example.org ESMTP").encode() + b"\r\n")
            self._converse(sock)
        except (OSError, ValueError):
            pass
        finally:
            sock.close()

    def _encrypt(self, sock):
        sock = self._context.wrap_socket(sock, server_side=True)
        with self._lock:
            self.encrypted += 1
        return sock

    def _converse(self, sock):
        buffer, in_data, begun, trusted = b"", False, False, False
        while True:
            while b"\n" not in buffer:
                more = sock.recv(65536)
                if not more:
                    return
                buffer += more
            line, _, buffer = buffer.partition(b"\n")
            text = line.rstrip(b"\r").decode("latin-1")
            with self._lock:
                self.lines.append(text)
                self.messages += in_data and text == "."
            answer = self._answer(text, isinstance(sock, ssl.SSLSocket))
            if text.startswith("MAIL"):
                trusted = text == f"MAIL FROM:{self._relays_for}"
            if text.startswith("RCPT") and trusted:
                answer = "250 2.1.5 fine"
            if text.startswith("RCPT") and not begun:
                answer = "503 5.5.1 MAIL comes first"
            begun = text.startswith(("MAIL", "RCPT")) and (begun or answer.startswith("2"))
            sock.sendall(answer.encode("latin-1") + b"\r\n")
            in_data = in_data or answer.startswith("354")
            if answer.startswith(("221", "421")):
                return
            if text == "STARTTLS" and answer.startswith("220"):
                buffer = buffer if self._leaky else b""
                sock = self._encrypt(sock)

    def _answer(self, text, encrypted):
        if self._context is not None and text == "STARTTLS" and text not in self._answers:
            return "220 2.0.0 go"
        for begin, answer in self._answers.items():
            if text.upper().startswith(begin.upper()):
                break
        if text.startswith("EHLO") and self._context is not None and not encrypted:
            answer = answer.replace("250 ENH", "250-STARTTLS\r\n250 ENH")
        return answer
