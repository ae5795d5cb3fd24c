"""milter/po against the sources: every heading is in every catalogue, translated, and nothing else."""

import pathlib
import re
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PO = sorted((ROOT / "milter" / "po").glob("*.po"))
TOOLS = ROOT / "milter" / "tools"
KEYWORDS = ("page_say", "page_say_string", "page_item", "page_no_item", "page_line", "explain_reply",
            "say_rule")
ENTRY = re.compile(r'^msgid "(.+)"$', re.MULTILINE)


def headings():
    """What the sources have as labels, as xgettext sees it."""
    sources = sorted([*TOOLS.glob("explain*.c"), TOOLS / "compare.c"])
    found = subprocess.run(["xgettext", "--keyword", *(f"--keyword={name}:2" for name in KEYWORDS),
                            "--no-location", "--omit-header", "--output=-", *map(str, sources)],
                           stdout=subprocess.PIPE, text=True, check=True).stdout
    return set(ENTRY.findall(found))


class LanguagesTest(unittest.TestCase):
    def setUp(self):
        if shutil.which("xgettext") is None:
            self.skipTest("xgettext is missing: package gettext")

    def test_there_are_four(self):
        self.assertLessEqual({"fr", "tr", "vi", "id"}, {path.stem for path in PO})

    def test_every_heading_and_nothing_else(self):
        wanted = headings()
        self.assertLessEqual({"Class", "Meaning", "Key differences", "Reply, for an example"}, wanted)
        for path in PO:
            with self.subTest(path=path.name):
                self.assertEqual(set(ENTRY.findall(path.read_text(encoding="utf-8"))), wanted)

    def test_all_are_translated_and_none_is_fuzzy(self):
        for path in PO:
            with self.subTest(path=path.name):
                done = subprocess.run(["msgfmt", "--check", "--statistics", "-o", "/dev/null",
                                       str(path)], stderr=subprocess.PIPE, text=True, check=False,
                                      env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stderr, r"\A\d+ translated messages\.\n\Z")

    def test_headings_are_not_twice_the_same(self):
        """Two headings of one page must be told apart."""
        for path in PO:
            found = re.findall(r'^msgstr "(.+)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
            with self.subTest(path=path.name):
                self.assertEqual(len(found), len(set(found)))


if __name__ == "__main__":
    unittest.main()
