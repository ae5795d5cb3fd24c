"""Hosts of our own on a network of their own: network namespaces, a bridge, and nothing beyond.

    with Network() as network:
        relay = network.add("192.0.2.11")
        subprocess.Popen([*relay.launcher, "program"])      # runs there
        with relay.entered():
            ...                                             # sockets made here are that host's
        network.unplug(relay); network.plug(relay)
        with network.clients.entered():
            ...                                             # any address of CLIENTS may be bound

The bridge is in the namespace of the clients: interfaces and routes of the machine itself are not
touched. No other process uses the same names, and nothing is left when the network ends; what runs
there must be ended before. What a killed process has left the next network removes. Only root can
make one.
"""

import contextlib
import ctypes
import itertools
import os
import pathlib
import shutil
import subprocess

from mail_server import Unavailable

GATEWAY = "192.0.2.1"  # the way to the clients
CLIENTS = "198.51.0.0/16"
PREFIX = "milter-strict-"  # of the names: then the process, and a number
CLONE_NEWNET = 0x40000000
SECONDS = 60

_numbers = itertools.count(1)
_libc = ctypes.CDLL(None, use_errno=True)


def _ip(*arguments):
    done = subprocess.run(["ip", *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def _remove_orphans():
    """Namespaces of processes that were killed before they could clean up."""
    for path in pathlib.Path("/run/netns").glob(f"{PREFIX}*-*"):
        process = path.name.removeprefix(PREFIX).partition("-")[0]
        if not os.path.exists(f"/proc/{process}"):
            with contextlib.suppress(OSError):  # somebody else was faster
                _ip("netns", "del", path.name)


def _set_namespace(file):
    if _libc.setns(file.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Host:
    """One network namespace; `address` is its own on the network."""

    def __init__(self, address):
        self.address = address
        self.name = f"{PREFIX}{os.getpid()}-{next(_numbers)}"
        self.launcher = ["ip", "netns", "exec", self.name]
        _ip("netns", "add", self.name)

    def remove(self):
        _ip("netns", "del", self.name)

    def ip(self, *arguments):
        _ip("-n", self.name, *arguments)

    @contextlib.contextmanager
    def entered(self):
        """This thread, and the threads that it starts meanwhile, are on the host."""
        with open("/proc/thread-self/ns/net", "rb") as home, \
                open(f"/run/netns/{self.name}", "rb") as there:
            _set_namespace(there)
            try:
                yield self
            finally:
                _set_namespace(home)


class Network:
    """The clients' host and those that were added; a context manager."""

    def __init__(self):
        self.clients = None
        self._ports = {}  # of the bridge, by host
        self._hosts = contextlib.ExitStack()

    def __enter__(self):
        if os.geteuid() != 0:
            raise Unavailable("network namespaces can be made by root only")
        if shutil.which("ip") is None:
            raise Unavailable("ip is missing, which makes network namespaces")
        _remove_orphans()
        try:
            self.clients = self._make(GATEWAY)
            self.clients.ip("link", "add", "bridge", "type", "bridge")
            self._address(self.clients, "bridge")
            self.clients.ip("route", "add", "local", CLIENTS, "dev", "lo")
        except OSError as error:
            self._hosts.close()
            raise Unavailable(f"there can be no network namespace here: {error}") from None
        return self

    def __exit__(self, *_):
        self._hosts.close()

    def add(self, address):
        """A host with this address of 192.0.2.0/24, plugged in."""
        host = self._make(address)
        self._ports[host] = port = f"port{len(self._ports)}"
        self.clients.ip("link", "add", port, "type", "veth", "peer", "name", "eth0",
                        "netns", host.name)
        self.clients.ip("link", "set", port, "master", "bridge")
        self._address(host, "eth0")
        host.ip("route", "add", "default", "via", GATEWAY)
        self.plug(host)
        return host

    def plug(self, host):
        self.clients.ip("link", "set", self._ports[host], "up")

    def unplug(self, host):
        """What is sent to it is lost; nobody is told."""
        self.clients.ip("link", "set", self._ports[host], "down")

    # --- inside ----------------------------------------------------------------------------

    def _make(self, address):
        host = Host(address)
        self._hosts.callback(host.remove)
        host.ip("link", "set", "lo", "up")
        return host

    @staticmethod
    def _address(host, interface):
        host.ip("address", "add", f"{host.address}/24", "dev", interface)
        host.ip("link", "set", interface, "up")
