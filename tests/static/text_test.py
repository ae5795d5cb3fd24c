"""The sources as text: layout, guards, and nothing in them of one machine or one day."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOP = {".ci", ".clang-format", ".editorconfig", ".gitignore", "LICENSE", "Makefile", "README.md",
       "conf", "contrib", "milter", "tests"}
C_SUFFIXES = (".c", ".h")
PLAIN_SUFFIXES = (".c", ".h", ".def", ".py", ".md", ".in", ".conf", ".service", ".socket", ".yml",
                  ".yaml", ".txt")
WIDTHS = {".c": 100, ".h": 100, ".def": 110}  # clang-format does not lay out tables
MACHINE = re.compile(r"/(work|home|root|shared|mnt|Users)/")
ISSUE = re.compile(r"\b(issue|ticket|pull request|PR)s? ?#?\d|(?<![\w&/?%])(?<!UTS )#\d+\b", re.IGNORECASE)
GUARD = re.compile(r"#ifndef (MILTER_STRICT_\w+_H)\n#define (\w+)\n.*\n#endif\n\Z", re.DOTALL)


def all_files():
    """Every file of the project: what git knows of, or, in a copy without git, what is there."""
    try:
        listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True,
                                check=True).stdout.decode().split("\0")
        names = [name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, folders, files in os.walk(ROOT):
            folders[:] = [name for name in folders
                          if name not in ("build", ".git", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, name), ROOT) for name in files]
    return [ROOT / name for name in sorted(names) if (ROOT / name).is_file()]


def is_script(path):
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def plain_files():
    """Files that people write, by hand and line by line; no seeds, no scenarios."""
    return [path for path in all_files() if "seeds" not in path.parts
            and (path.suffix in PLAIN_SUFFIXES or path.name == "Makefile" or is_script(path))]


def c_files():
    return [path for path in all_files() if path.suffix in C_SUFFIXES]


def name_of(path):
    return path.relative_to(ROOT).as_posix()


class TextTest(unittest.TestCase):
    def test_the_top_level_is_tidy(self):
        self.assertEqual(sorted({path.relative_to(ROOT).parts[0] for path in all_files()} - TOP), [])

    def test_layout(self):
        for path in plain_files():
            text = path.read_text(encoding="utf-8")
            with self.subTest(path=name_of(path)):
                self.assertTrue(text.endswith("\n") and not text.endswith("\n\n"), "its end")
                self.assertNotIn("\r", text)
                for number, line in enumerate(text.split("\n"), 1):
                    self.assertEqual(line, line.rstrip(), f"line {number} ends in blanks")
                    if path.name != "Makefile":
                        self.assertNotIn("\t", line, f"line {number}")

    def test_width_and_bytes_of_sources(self):
        for path in all_files():
            if path.suffix not in WIDTHS:
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
                with self.subTest(path=name_of(path), line=number):
                    self.assertLessEqual(len(line), WIDTHS[path.suffix])
                    self.assertTrue(line.isascii())

    def test_nothing_of_one_machine(self):
        for path in plain_files():
            if path == pathlib.Path(__file__).resolve():
                continue
            text = path.read_text(encoding="utf-8")
            with self.subTest(path=name_of(path)):
                self.assertIsNone(MACHINE.search(text))
                self.assertIsNone(ISSUE.search(text))

    def test_headers_have_guards(self):
        guards = {}
        for path in c_files():
            if path.suffix != ".h":
                continue
            with self.subTest(path=name_of(path)):
                found = GUARD.search(path.read_text(encoding="utf-8"))
                self.assertIsNotNone(found)
                self.assertEqual(found.group(1), found.group(2))
                self.assertTrue(found.group(1).endswith(path.stem.upper() + "_H"))
                self.assertNotIn(found.group(1), guards, f"guard of {guards.get(found.group(1))}")
                guards[found.group(1)] = name_of(path)

    def test_sources_begin_with_their_purpose(self):
        for path in all_files():
            if path.suffix in (".c", ".h", ".def"):
                with self.subTest(path=name_of(path)):
                    begins = path.read_text(encoding="utf-8").split("\n")[:2]
                    self.assertEqual(begins[0], "/*")
                    self.assertRegex(begins[1], r"^ \* \S")

    def test_tables_name_what_they_need(self):
        for path in all_files():
            if path.suffix == ".def":
                with self.subTest(path=name_of(path)):
                    asks = (r'#ifndef \w+\n#error "define \w+\(.*\) before including '
                            + re.escape(path.name))
                    self.assertTrue(re.search(asks, path.read_text(encoding="utf-8")))

    def test_clang_format(self):
        if shutil.which("clang-format") is None:
            self.skipTest("clang-format is missing")
        ended = subprocess.run(["clang-format", "--dry-run", "-Werror", *map(str, c_files())],
                               capture_output=True, text=True, cwd=ROOT, check=False)
        self.assertEqual(ended.returncode, 0, ended.stderr)


if __name__ == "__main__":
    unittest.main()
