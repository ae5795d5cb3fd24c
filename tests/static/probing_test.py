"""The simulation of probing: nobody honest is refused, every prober is, and the manual shows it."""

import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("BUILD", "build") / "bench" / "probing"


@unittest.skipUnless(PROGRAM.exists(), f"{PROGRAM} has not been built")
class SimulationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ended = subprocess.run([PROGRAM], capture_output=True, text=True, timeout=600,
                                   check=False)

    def test_everybody_gets_what_is_due(self):
        self.assertEqual((self.ended.returncode, self.ended.stderr), (0, ""))

    def test_a_dictionary_is_cut_off_within_25_names(self):
        found = re.findall(r"^  names .* after (\d+), ", self.ended.stdout, re.MULTILINE)
        self.assertGreater(len(found), 3)
        self.assertLessEqual(max(map(int, found)), 25)

    def test_the_manual_shows_the_table(self):
        page = (ROOT / "milter" / "man" / "milter-strict.8.in").read_text(encoding="utf-8")
        self.assertIn(f".Bd -literal\n{self.ended.stdout}.Ed\n", page)

    def test_the_readme_has_the_same_numbers(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        first = re.search(r"^  names from one address .* after (\d+), ", self.ended.stdout,
                          re.MULTILINE)[1]
        month = re.search(r"^  names without a pause.* 2592000 +(\d+) ", self.ended.stdout,
                          re.MULTILINE)[1]
        self.assertIn(f"A dictionary has {first} points", readme)
        self.assertIn(f"learns {month} answers", readme)


if __name__ == "__main__":
    unittest.main()
