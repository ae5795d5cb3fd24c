"""milter-strict(8) against the sources: what there is stands in it, and what stands in it there is."""

import pathlib
import re
import unittest

import tables

ROOT = pathlib.Path(__file__).resolve().parents[2]
MILTER = ROOT / "milter"
LONG_OPTION = re.compile(r'\[OPTION_\w+\] = \{"([a-z-]+)"|\.name = "([a-z]+)", \.letter')
EVENT = re.compile(r'(?:log_(?:begin|event)\((?:&?\w+, )?LOG_LEVEL_\w+, |= \{)"([a-z-]+)"')
RAW_EVENT = re.compile(r'"event=([a-z-]+)')
FIELD = re.compile(r'log_(?:text|string|number)\(line, "([a-z-]+)"|'
                   r'log_(?:text|string|number)\(&line, "([a-z-]+)"')
OPTION_PATH = re.compile(r'^OPTION\(\w+, "([a-z0-9.-]+)"', re.MULTILINE)
EXIT_CODE = re.compile(r"TOOL_\w+ = (\d+)")


def text_of(*names):
    return "\n".join((MILTER / name).read_text(encoding="utf-8") for name in names)


class ManualTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page = text_of("man/milter-strict.8.in")

    def assert_all_named(self, names, form):
        names = set(names)
        self.assertGreater(len(names), 2)
        missing = [name for name in sorted(names)
                   if not re.search(form.replace("NAME", re.escape(name)), self.page, re.MULTILINE)]
        self.assertEqual(missing, [])

    def test_every_subcommand_has_a_page_with_an_example(self):
        self.assertIn("@COMMANDS@\n", self.page)
        for name in tables.subcommands():
            page = text_of(f"man/milter-strict-{name}.8.in")
            with self.subTest(command=name):
                for mark in ("NAME", "SYNOPSIS", "OPTIONS", "EXITS"):
                    self.assertIn(f"\n@{mark} {name}@\n", page)
                self.assertRegex(page.partition(".Sh EXAMPLES")[2], rf"milter-strict {name}\b")

    def test_every_long_option_that_pages_name_exists(self):
        tools = sorted(path.relative_to(MILTER) for path in (MILTER / "tools").glob("*.[ch]"))
        known = {name for pair in LONG_OPTION.findall(text_of(*tools)) for name in pair if name}
        self.assertLessEqual({"config", "dump", "listen"}, known)
        for page in sorted((MILTER / "man").glob("*.8.in")):
            text = page.read_text(encoding="utf-8")
            named = set(re.findall(r"milter-strict \S.*? --([a-z-]+)|\bFl -([a-z-]+)", text))
            with self.subTest(page=page.name):
                self.assertLessEqual({name for pair in named for name in pair if name},
                                     known | {"help", "version"})

    def test_every_event_of_the_log(self):
        daemon = text_of("daemon/serve.c", "daemon/reload.c", "daemon/report.c", "daemon/log.c",
                         "daemon/remember.c", "daemon/control_talk.c")
        events = set(EVENT.findall(daemon)) | set(RAW_EVENT.findall(daemon))
        self.assertIn("refused", events)
        self.assertIn("log-lost", events)
        self.assertIn("store-failed", events)
        self.assert_all_named(events, r"^\.It Cm (?:.* )?NAME(?: ,|$)")

    def test_every_field_of_an_event_about_a_client(self):
        fields = {name for pair in FIELD.findall(text_of("daemon/report.c")) for name in pair if name}
        self.assertIn("client", fields)
        self.assert_all_named(fields, r"^\.(?:It )?Cm (?:.* )?NAME(?: ,|$)")

    def test_every_exit_code(self):
        self.assert_all_named(EXIT_CODE.findall(text_of("tools/tool.h")),
                              r"^\.It NAME$")

    def test_options_that_it_names_exist(self):
        known = set(OPTION_PATH.findall(text_of("config/options.def")))
        named = set(re.findall(r"\b(?:listen|exempt|replies|log|probing)\.[a-z0-9-]+\b", self.page))
        self.assertGreater(len(named), 5)
        self.assertEqual(sorted(named - known), [])


if __name__ == "__main__":
    unittest.main()
