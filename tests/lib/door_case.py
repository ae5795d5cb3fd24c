"""The base of the tests of the doors that MTAs ask questions at, and tests that all of them pass.

The questions are about VRFY, which every door is asked of.
"""

import daemon as daemon_module
from wire_case import WireCase

SLOW = bool(daemon_module.wrapper())
QUESTIONS = 500 if SLOW else 10000
AT_ONCE = 50 if SLOW else 500


class DoorCase(WireCase):
    """CONFIG opens the door, whose socket is SOCKET in the daemon's folder; ASKER is the class of
    those who ask there, NO_VRFY what they are told of VRFY."""

    SOCKET = NO_VRFY = ""
    ASKER = None

    def asker(self, daemon=None, **options):
        """Somebody who asks; a context manager, else to be closed."""
        return self.ASKER(f"unix:{(daemon or self.daemon).folder}/{self.SOCKET}", **options)

    def dial_door(self, daemon=None, **options):
        """Somebody who asks until the end of the test."""
        connection = self.asker(daemon, **options)
        self.addCleanup(connection.close)
        return connection


class EveryDoor:
    """Tests for a DoorCase."""

    def test_bytes_one_by_one_and_many_questions_in_one_piece(self):
        connection = self.dial_door()
        for byte in connection.vrfy_request("bob"):
            connection.send(bytes([byte]))
        self.assertEqual(connection.answer(), self.NO_VRFY)
        connection.send(b"".join(connection.vrfy_request(f"user{number}")
                                 for number in range(200)))
        for _ in range(200):
            self.assertEqual(connection.answer(), self.NO_VRFY)

    def test_many_questions_on_one_connection(self):
        connection = self.dial_door()
        request = connection.vrfy_request("bob")
        for _ in range(QUESTIONS):
            connection.send(request)
            self.assertEqual(connection.answer(), self.NO_VRFY)

    def test_many_connections_at_once(self):
        connections = [self.dial_door() for _ in range(AT_ONCE)]
        request = connections[0].vrfy_request("bob")
        for connection in connections:
            connection.send(request[:-1])
        for connection in connections:
            connection.send(request[-1:])
        for connection in reversed(connections):
            self.assertEqual(connection.answer(), self.NO_VRFY)
