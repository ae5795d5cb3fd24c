"""A state directory on a disk that is full, becomes full, or may only be read."""

import contextlib
import ctypes
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from operator_case import CtlCase  # noqa: E402
from wire_case import OwnDaemonCase  # noqa: E402

PAGE = 4096  # bytes, of which such a disk is made
ROOM = 1 << 20
CLONE_NEWNS = 0x00020000


def unshare_mounts():
    """From now on what this process mounts is seen by it and its children alone, and ends with it."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


@unittest.skipUnless(os.geteuid() == 0, "only root can mount a disk")
class Disk(OwnDaemonCase, CtlCase):
    """A disk in memory, of any size; the daemon's own folder lies elsewhere."""

    CONFIG = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        unshare_mounts()

    def disk(self, size=ROOM):
        folder = tempfile.mkdtemp(prefix="milter-strict-disk-")
        self.addCleanup(os.rmdir, folder)
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "tmpfs",
                               folder], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            self.skipTest(f"no disk can be mounted here: {made.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        return folder

    def make_at(self, disk):
        return self.make(f'state-directory = "{disk}";\n')

    @contextlib.contextmanager
    def filled(self, disk):
        path = os.path.join(disk, "filling")
        with open(path, "wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * PAGE)
        try:
            yield
        finally:
            os.unlink(path)

    def offend(self, daemon, address="192.0.2.7"):
        self.assert_refused_now(self.probe(address, daemon=daemon), "probe-recipients")

    def assert_still_refused(self, daemon, address="192.0.2.7"):
        self.assert_refused_now(self.session(address=address, daemon=daemon), "probe-recipients")

    def test_no_disk_is_too_small_to_start(self):
        """Whatever does not fit: the file, what LMDB has beside it, the copy that is made."""
        for pages in range(1, 13):
            with self.subTest(pages=pages):
                daemon = self.make_at(self.disk(pages * PAGE))
                for _ in range(2):
                    daemon.start()
                    self.assert_serves(daemon)
                    daemon.stop()
                self.assertEqual(daemon.log_lines(event="store-set-aside"), [])

    def test_a_full_disk_at_the_start_costs_nothing_that_was_written(self):
        disk = self.disk()
        daemon = self.make_at(disk).start()
        self.offend(daemon)
        daemon.stop()
        with self.filled(disk):
            daemon.start()
            self.assert_still_refused(daemon)
            daemon.stop()
        daemon.start()
        self.assert_still_refused(daemon)
        self.assertEqual(daemon.log_lines(event="store-set-aside"), [])
        daemon.stop()

    def test_it_becomes_full_and_has_room_again(self):
        disk = self.disk()
        daemon = self.make_at(disk).start()
        with self.filled(disk):
            number = 0
            while not daemon.log_lines(event="store-failed"):
                self.offend(daemon, f"198.51.{100 + number // 250}.{number % 250}")
                number += 1
                self.assertLess(number, 3000, "there was room all the while")
            self.assertEqual(self.json("status", daemon=daemon)[0]["store"]["state"], "failing")
            self.ctl("refuse", "203.0.113.0/24", daemon=daemon)
            for address in "198.51.100.0", "203.0.113.9":
                mta = self.session(address=address, daemon=daemon)
                self.assertFalse(mta.mail("<alice@example.net>").passes)
        daemon.wait_log(event="store-recovered")
        self.assertEqual(self.json("status", daemon=daemon)[0]["store"]["state"], "fine")
        daemon.stop()
        daemon.start()
        self.assertEqual(len(self.networks(daemon=daemon)), number + 1)
        daemon.stop()

    def test_it_may_only_be_read(self):
        disk = self.disk()
        daemon = self.make_at(disk).start()
        self.offend(daemon)
        daemon.stop()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        daemon.start()
        line, = daemon.wait_log(event="store-failed")
        self.assertEqual(line["error"], "Read-only file system")
        self.assert_serves(daemon)
        daemon.stop()
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        daemon.start()
        self.assert_still_refused(daemon)
        self.assertEqual(daemon.log_lines(event="store-set-aside"), [])
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
