"""milter-strict compare: any two replies, in columns or one after the other, and as JSON."""

import itertools
import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import daemon  # noqa: E402
import tables  # noqa: E402

LABELS = ("Class", "Meaning", "When seen", "As sender", "As operator")


def compare(*words, columns="80", status=0):
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("LANGUAGE", "LANG") and not name.startswith("LC_")}
    done = subprocess.run([*daemon.wrapper(), daemon.program(), "compare", *words],
                          env={**environment, "COLUMNS": columns}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=daemon.PATIENCE, check=False)
    assert done.returncode == status, done
    return done.stdout if status == 0 else done.stderr


class CompareTest(unittest.TestCase):
    def test_one_after_the_other(self):
        said = compare("550", "554")
        for label in LABELS:
            self.assertEqual(said.count(f"\n  {label:<11} "), 2)
        self.assertLess(said.index("550  Mailbox Unavailable\n"), said.index("554  Transaction"))
        self.assertLess(said.index("554  Transaction"), said.index("  Key differences "))
        self.assertLess(said.index("  Key differences "), said.index("  Which to use "))
        self.assertLessEqual(max(map(len, said.split("\n"))), 80)

    def test_side_by_side(self):
        for columns in ("100", "120", "160", "1000"):
            said = compare("550", "554", columns=columns)
            first = said.split("\n")[0]
            self.assertIn("550  Mailbox Unavailable", first)
            self.assertIn("554  Transaction Failed", first)
            for label in LABELS:
                self.assertEqual(said.count(f"\n  {label:<11} "), 1)
            column = first.index("554")
            for line in said.split("\n\n")[1].split("\n"):
                self.assertIn(line[column - 2:column], ("  ", ""))
            self.assertLessEqual(max(map(len, said.split("\n"))), min(int(columns), 160))

    def test_the_order_is_the_user_s(self):
        said = compare("554", "550")
        self.assertLess(said.index("554  Transaction"), said.index("550  Mailbox"))
        self.assertEqual(said.partition("Key differences")[2],
                         compare("550", "554").partition("Key differences")[2])

    def test_pairs_that_are_often_confused_have_their_own_words(self):
        for pair in ("500 501", "501 553", "500 502", "501 503", "250 252", "550 554", "421 451",
                     "450 451", "451 452", "450 452", "211 214", "550 553", "251 551", "214 252",
                     "214 500", "214 501", "214 502", "214 503"):
            self.assertIn(tuple(pair.split()), tables.pairs())
            told = json.loads(compare("--json", *pair.split()))
            self.assertNotRegex(told["key-differences"], r"\A(After \d+ the client|Both are of the same)")
            self.assertNotRegex(told["which-to-use"], r"; answer \d")

    def test_json(self):
        for pair in itertools.islice(itertools.combinations(tables.codes(), 2), 0, None, 97):
            with self.subTest(pair=pair):
                told = json.loads(compare("--json", *pair))
                self.assertEqual([reply["name"] for reply in told["replies"]], list(pair))
                self.assertLessEqual({"summary", "class", "meaning", "when-seen", "as-sender",
                                      "as-operator"}, set(told["replies"][0]))
                for key in ("key-differences", "which-to-use"):
                    self.assertRegex(told[key], r"\.\Z")

    def test_what_is_not_two_codes_is_usage(self):
        for words in ((), ("550",), ("550", "554", "450"), ("550", "550"), ("550", "999"),
                      ("5.1.1", "550"), ("550 5.1.1", "554"), ("550", "\x1b[31m"), ("550", "x"),
                      ("--nonsense", "550", "554")):
            with self.subTest(words=words):
                errors = compare(*words, status=2)
                self.assertIn("compare --help", errors)
                self.assertNotIn("\x1b", errors)


if __name__ == "__main__":
    unittest.main()
