"""The scenarios against the tables: every rule is shown being told, and every scenario can be read."""

import pathlib
import re
import unittest

import scenario

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIOS = sorted((ROOT / "tests" / "scenarios").glob("*.smtp"))
RULE = re.compile(r'^RULE\(\w+,\s*"([a-z0-9-]+)"', re.MULTILINE)
ADDRESS_RULE = re.compile(r'^ADDRESS_RULE\(\w+,\s*"([a-z0-9-]+)"', re.MULTILINE)
CODE = re.compile(r"^S: (\d{3})[ -]", re.MULTILINE)
TOLD = re.compile(r"^S: .*\(([a-z0-9-]+)\)$", re.MULTILINE)


def rules():
    table = (ROOT / "milter" / "policy" / "rules.def").read_text(encoding="utf-8")
    pairs = [f"{who}-{word}" for word in ADDRESS_RULE.findall(table)
             for who in ("sender", "recipient")]
    return set(RULE.findall(table)) | set(pairs)


class ScenariosTest(unittest.TestCase):
    def test_every_rule_has_a_scenario(self):
        told = set()
        for path in SCENARIOS:
            told.update(TOLD.findall(path.read_text(encoding="utf-8")))
        told.discard("closed")  # not a rule: the connection's end
        self.assertGreater(len(rules()), 40)
        # An operator's word is needed for this one: tests/wire/ctl_test.py
        self.assertEqual(sorted(rules() - told), ["client-refused"], "rules that no scenario shows")
        self.assertEqual(sorted(told - rules()), [], "rules that do not exist")

    def test_every_scenario_can_be_read_in_each_ring(self):
        for path in SCENARIOS:
            for ring in scenario.RINGS:
                with self.subTest(path=path.name, ring=ring):
                    self.assertTrue(scenario.Scenario(path, ring).exchanges)

    def test_every_file_belongs_to_a_scenario(self):
        names = {path.stem for path in SCENARIOS}
        for path in sorted((ROOT / "tests" / "scenarios").iterdir()):
            with self.subTest(path=path.name):
                self.assertIn(path.suffix, (".smtp", ".conf", ".session", ".wire", ".postfix",
                                            ".sendmail"))
                self.assertIn(path.stem, names)

    def test_every_reply_code_of_the_session_is_shown(self):
        said = set()
        for path in SCENARIOS:
            said.update(CODE.findall(path.read_text(encoding="utf-8")))
        wanted = {"214", "220", "221", "250", "252", "354", "421", "452", "500", "501", "502",
                  "503", "504", "550", "552", "553", "555"}
        self.assertEqual(sorted(wanted - said), [])


if __name__ == "__main__":
    unittest.main()
