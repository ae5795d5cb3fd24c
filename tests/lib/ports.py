"""Ports for servers that cannot be handed a socket."""

import contextlib
import random
import socket

import postfix_config

_reservations = []  # for the life of this process


def free_port():
    """A port free on every loopback address now, below the range that the kernel hands out.

    No other test gets it while this process lives: abstract sockets are names that end with it.
    """
    for _ in range(200):
        port = random.randrange(20000, 32000)
        reservation = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            reservation.bind(f"\0milter-strict-port-{port}")
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                probe.bind((postfix_config.HOST4, port))
            if postfix_config.has_ipv6():
                with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
                    probe.bind((postfix_config.HOST6, port))
        except OSError:
            reservation.close()
            continue
        _reservations.append(reservation)
        return port
    raise RuntimeError("no free loopback port")


@contextlib.contextmanager
def deaf_port():
    """A port of 127.0.0.1 on which nobody listens, and nobody can meanwhile."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as bound:
        bound.bind((postfix_config.HOST4, 0))
        yield bound.getsockname()[1]
