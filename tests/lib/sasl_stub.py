"""An authentication service for a private Postfix, so that a client can log in with AUTH PLAIN.

It speaks as much of Dovecot's authentication protocol (version 1.1: lines of tab-separated fields
over a unix socket) as Postfix asks for, in threads of the test's own process: no daemon, no
password file of the system.
"""

import base64
import binascii
import os
import socketserver
import threading

GREETING = ("VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\n"
            "COOKIE\t00112233445566778899aabbccddeeff\nDONE\n")


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        self._say(GREETING)
        for raw in self.rfile:
            verb, *fields = raw.decode("utf-8", "replace").rstrip("\n").split("\t")
            if verb == "AUTH" and len(fields) >= 2:
                self._auth(fields[0], fields[2:])
            elif verb == "CONT" and len(fields) >= 2:
                self._judge(fields[0], fields[1])

    def _auth(self, request, parameters):
        for parameter in parameters:
            if parameter.startswith("resp="):
                self._judge(request, parameter[len("resp="):])
                return
        self._say(f"CONT\t{request}\t\n")

    def _judge(self, request, response):
        """A PLAIN response: authorisation identity, user and password, NUL bytes between them."""
        try:
            decoded = base64.b64decode(response, validate=True).decode("utf-8")
            _, user, password = decoded.split("\0")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            self._say(f"FAIL\t{request}\treason=malformed\n")
            return
        if self.server.passwords.get(user) == password:
            self._say(f"OK\t{request}\tuser={user}\n")
        else:
            self._say(f"FAIL\t{request}\tuser={user}\n")

    def _say(self, text):
        self.wfile.write(text.encode("utf-8"))


class SaslStub(socketserver.ThreadingUnixStreamServer):
    """Answers on the unix socket `path` until close(); `passwords` maps user names to passwords."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, path, passwords):
        super().__init__(path, _Conversation)
        os.chmod(path, 0o666)
        self.passwords = dict(passwords)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def handle_error(self, request, client_address):
        """Postfix hangs up whenever it likes: nothing to tell."""

    def close(self):
        self.shutdown()
        self.server_close()
        self._thread.join(5)
