"""What reaches the system's log: by default the log goes nowhere else."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from daemon import PATIENCE, Daemon, parse_line  # noqa: E402
from milter_wire import Mta  # noqa: E402

MAIL, NOTICE, INFO = 2 << 3, 5, 6

# Shows the daemon a /dev of its own, in which /dev/log is ours.
LAUNCHER = """\
for name in null zero random urandom; do
  mount --bind "/dev/$name" "$1/$name"
done
mount --rbind "$1" /dev
shift
exec "$@"
"""


def may_mount():
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "--mount", "true"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        timeout=PATIENCE, check=False).returncode == 0


@unittest.skipUnless(may_mount(), "a /dev/log of its own takes root and mount namespaces")
class SystemLog(unittest.TestCase):
    def setUp(self):
        devices = tempfile.mkdtemp(prefix="milter-strict-dev-")
        self.addCleanup(shutil.rmtree, devices, ignore_errors=True)
        os.chmod(devices, 0o755)
        for name in ("null", "zero", "random", "urandom"):
            with open(os.path.join(devices, name), "x", encoding="ascii"):
                pass
        self.log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.log.close)
        self.log.bind(os.path.join(devices, "log"))
        self.log.settimeout(PATIENCE)
        os.chmod(os.path.join(devices, "log"), 0o666)
        self.daemon = Daemon('user = "nobody";\nlog: { level = "info"; };', as_root=True,
                             launcher=["unshare", "--mount", "sh", "-euc", LAUNCHER, "sh", devices])
        self.addCleanup(self.daemon.discard)
        self.daemon.spawn()
        self.daemon.wait_for(self.daemon.accepts, "its socket")

    def next_line(self):
        """Priority and fields of the next line, which names the program and its process."""
        text = self.log.recv(65536).decode("ascii").rstrip("\0\n")
        self.assertRegex(text, rf"^<\d+>.* milter-strict\[{self.daemon.process.pid}\]: event=")
        self.assertNotIn("\n", text)
        return int(text[1:text.index(">")]), parse_line(text)

    def test_gets_one_line_an_event(self):
        priority, line = self.next_line()
        self.assertEqual((priority, line["event"]), (MAIL | INFO, "started"))
        with Mta(self.daemon.milter) as mta:
            mta.negotiate()
            mta.connect("client.example", "192.0.2.7", 40000, None)
            mta.helo("client.example")
            mta.mail("<user@@example.com>")
        priority, line = self.next_line()
        self.assertEqual((priority, line["event"]), (MAIL | NOTICE, "refused"))
        self.assertEqual((line["rule"], line["client"], line["from"]),
                         ("sender-syntax", "192.0.2.7", "<user@@example.com>"))
        self.assertEqual(self.daemon.log_text(), "")


if __name__ == "__main__":
    unittest.main()
