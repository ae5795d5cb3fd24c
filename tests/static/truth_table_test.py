"""The table of what clients read, and the texts that show it."""

import os
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import tables  # noqa: E402
import truth  # noqa: E402

HEART = {"214", "252", "500", "501", "502", "503"}


class TruthTableTest(unittest.TestCase):
    def test_readme_has_the_table(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        self.assertIn(truth.markdown(), readme, "make it with: python3 tests/lib/truth.py")

    def test_headings_are_replies_of_ours(self):
        replies = tables.replies()
        headings = {row.heading for row in truth.rows()}
        self.assertEqual({heading for heading in headings
                          if replies.get(heading[:3]) != heading[4:]}, set())
        self.assertEqual(HEART - {heading[:3] for heading in headings}, set())

    def test_every_command_that_a_rule_decides_is_there(self):
        sent = {row.sent.split()[0] for row in truth.rows()}
        wanted = {verb for verb, kind in tables.commands().items() if kind == "OPTIONAL"}
        self.assertEqual(wanted - sent, set())

    def test_rules_exist(self):
        named = {match[3] for row in truth.rows() for reply in row.replies.values()
                 if (match := truth.OURS.match(reply.removesuffix(truth.HANGS_UP)))}
        self.assertEqual(named - set(tables.rules()), set())

    def test_manual_has_every_row(self):
        page = ROOT / os.environ.get("BUILD", "build") / "man" / "milter-strict.8"
        if not page.exists():
            self.skipTest(f"{page} has not been built")
        text = page.read_text(encoding="utf-8")
        for row in truth.rows():
            with self.subTest(row=str(row)):
                self.assertIn(f'.It Sy "{row.sent}" Pq "{row.when}', text)


if __name__ == "__main__":
    unittest.main()
