"""The store under a flood of a million networks: what bench/store prints, and its bounds.

The times are those of the machine's best: whatever disturbs it makes nothing faster.
"""

import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("BUILD", "build") / "bench" / "store"
NETWORKS, ENTRIES = 1_000_000, 100_000
OFFENDERS = 1000
ENTRY_BYTES, MEMORY_KIB, LOOK_NS = 512, 8192, 5000
ATTEMPTS = 4


@unittest.skipUnless(PROGRAM.exists(), f"{PROGRAM} has not been built")
class FloodTest(unittest.TestCase):
    @staticmethod
    def flood(networks):
        """What was measured, by name."""
        with tempfile.TemporaryDirectory(prefix="milter-strict-flood-") as folder:
            ended = subprocess.run([PROGRAM, folder, str(networks), str(ENTRIES)],
                                   stdout=subprocess.PIPE, text=True, check=True, timeout=900)
        return {name: int(figure) for figure, name in
                (line.split("\t") for line in ended.stdout.splitlines())}

    @staticmethod
    def looks(measured):
        return {name: figure for name, figure in measured.items() if name.startswith("ns: look-up")}

    def test_a_million_networks(self):
        measured = self.flood(NETWORKS)
        self.assertEqual(measured["offenders still refused after the flood"], OFFENDERS)
        self.assertLessEqual(measured["KiB of the file"], ENTRIES * ENTRY_BYTES // 1024)
        self.assertLessEqual(measured["KiB of memory, at most"], MEMORY_KIB)
        best = self.looks(measured)
        self.assertEqual(len(best), 3)
        for _ in range(ATTEMPTS):
            if max(best.values()) > LOOK_NS:
                again = self.looks(self.flood(NETWORKS // 10))
                best = {name: min(best[name], again[name]) for name in best}
        self.assertLessEqual(max(best.values()), LOOK_NS, best)


if __name__ == "__main__":
    unittest.main()
