"""The walls between the rooms: the core is pure, arrows go down only, and who alone may know what."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MILTER = ROOT / "milter"
LINES_MAX = 500
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"')

# What a room may include of others. main.c is a room by itself; man/ holds a tool of the build.
BELOW = {
    "policy": set(),
    "doors": {"policy"},
    "maillog": {"policy"},
    "net": {"policy"},
    "store": {"net", "policy"},
    "config": {"policy"},
    "daemon": {"config", "doors", "store", "policy"},
    "probe": {"net", "policy"},
    "tools": {"config", "daemon", "doors", "maillog", "net", "policy", "probe"},
    "man": {"tools", "config", "maillog", "probe", "policy"},
    "main.c": {"tools", "daemon"},
}
PURE_HEADERS = {"string.h", "stdint.h", "stddef.h", "stdbool.h", "stdlib.h", "limits.h", "idn2.h"}

# Functions that the core may ask of the world, and what compilers call on their own.
PURE_SYMBOLS = {"memchr", "memcmp", "memcpy", "memmove", "memset", "strchr", "strlen", "qsort"}
RUNTIME = re.compile(r"_*(idn2_\w+|stack_chk_fail|mem\w+_chk|asan_\w+|ubsan_\w+|tsan_\w+|"
                     r"sanitizer_\w+|sancov_\w+|GLOBAL_OFFSET_TABLE_)|__(start|stop)___sancov\w+")

# Headers that one place alone may include.
ALONE = {
    re.compile(r"libmilter/"): re.compile(r"doors/milter\w*\.c"),
    re.compile(r"libconfig\.h"): re.compile(r"config/config\w*\.[ch]"),
    re.compile(r"syslog\.h"): re.compile(r"daemon/log\.c"),
    re.compile(r"idn2\.h"): re.compile(r"policy/hostname\.c"),
    re.compile(r"openssl/"): re.compile(r"net/tls\.c"),
    re.compile(r"cjson/"):
        re.compile(r"(daemon/control_answer|tools/(ctl_\w+|page\w*|compare|probe_json|replay_json))\.[ch]"),
    re.compile(r"hiredis/"): re.compile(r"store/resp\.c"),
    re.compile(r"lmdb\.h"): re.compile(r"store/pagefile\.[ch]"),
    re.compile(r"zlib\.h"): re.compile(r"tools/replay_file\.c"),
    re.compile(r"event2/"): re.compile(r"(doors/streams|daemon/loop|tools/session_listen)\.[ch]"),
}


def sources():
    return sorted(path for path in MILTER.rglob("*") if path.suffix in (".c", ".h", ".def"))


def name_of(path):
    return path.relative_to(MILTER).as_posix()


def room_of(path):
    return name_of(path).split("/")[0]


def includes(path):
    """Pairs of the bracket and the name."""
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def code_of(path):
    """The text without comments and string literals."""
    return TEXT.sub('""', COMMENT.sub(" ", path.read_text(encoding="utf-8")))


class IncludesTest(unittest.TestCase):
    def test_the_core_includes_itself_and_pure_headers_only(self):
        for path in sources():
            if room_of(path) != "policy":
                continue
            for bracket, name in includes(path):
                with self.subTest(path=name_of(path), include=name):
                    if bracket == "<":
                        self.assertIn(name, PURE_HEADERS)
                    else:
                        self.assertNotIn("/", name)
                        self.assertTrue((path.parent / name).is_file())

    def test_arrows_go_down(self):
        seen = set()
        for path in sources():
            for bracket, name in includes(path):
                if bracket == "<":
                    continue
                target = (path.parent / name).resolve()
                with self.subTest(path=name_of(path), include=name):
                    self.assertTrue(target.is_file(), "includes are relative to the file")
                    rooms = room_of(path), room_of(target)
                    self.assertTrue(rooms[0] == rooms[1] or rooms[1] in BELOW[rooms[0]],
                                    f"{rooms[0]} must not know {rooms[1]}")
                    seen.add(rooms)
        self.assertGreater(len(seen), 8)

    def test_some_headers_belong_to_one_place(self):
        found = set()
        for path in sources():
            for _, name in includes(path):
                for header, place in ALONE.items():
                    if header.match(name):
                        found.add(header)
                        with self.subTest(path=name_of(path), include=name):
                            self.assertTrue(place.fullmatch(name_of(path)))
        self.assertEqual(found, set(ALONE), "a row of ALONE that nothing needs")

    def test_only_main_ends_the_process(self):
        for path in sources():
            found = re.search(r"\b(exit|quick_exit|abort|err|errx)\s*\(", code_of(path))
            with self.subTest(path=name_of(path)):
                self.assertTrue(found is None or name_of(path) == "main.c", found)

    def test_no_dangerous_functions(self):
        for path in sources():
            found = re.search(r"\b(gets|strcat|sprintf|vsprintf|strtok|alloca|mktemp|system|popen)\s*\(",
                              code_of(path))
            with self.subTest(path=name_of(path)):
                self.assertIsNone(found)

    def test_no_file_is_long(self):
        for path in sources() + sorted((ROOT / "tests").rglob("*.[chp]*")):
            if path.suffix in (".c", ".h", ".def", ".py"):
                with self.subTest(path=path.relative_to(ROOT).as_posix()):
                    lines = path.read_text(encoding="utf-8").count("\n")
                    self.assertLessEqual(lines, LINES_MAX)


class SymbolsTest(unittest.TestCase):
    """What the built core needs and holds, whatever its sources look like."""

    archive = ROOT / os.environ.get("BUILD", "build") / "libpolicy.a"

    def setUp(self):
        for tool in ("nm", "objdump"):
            if shutil.which(tool) is None:
                self.skipTest(f"{tool} (binutils) is missing")
        if not self.archive.exists():
            self.skipTest(f"{self.archive} is missing: run make")

    def run_tool(self, *command):
        return subprocess.run([*command, str(self.archive)], capture_output=True, text=True,
                              check=True).stdout.split("\n")

    def test_the_core_needs_nothing(self):
        needed, defined = set(), set()
        for line in self.run_tool("nm"):
            parts = line.split()
            if len(parts) == 2 and parts[0] in "Uw":
                needed.add(parts[1])
            elif len(parts) == 3:
                defined.add(parts[2])
        self.assertIn("policy_judge", defined)
        strange = {name for name in needed - defined - PURE_SYMBOLS
                   if not RUNTIME.fullmatch(name)}
        self.assertEqual(sorted(strange), [])

    def test_the_core_remembers_nothing(self):
        """No variable outlives a call: .data and .bss are empty."""
        symbols = "\n".join(self.run_tool("nm"))
        if re.search(r"__(asan|tsan|sancov|sanitizer)_", symbols):
            self.skipTest("sanitizers keep variables of their own: another build shows it")
        sizes = {}
        for line in self.run_tool("objdump", "-h"):
            parts = line.split()
            if len(parts) > 2 and re.match(r"\.(data|bss|tdata|tbss)(?!\.rel\.ro)", parts[1]):
                sizes[parts[1]] = sizes.get(parts[1], 0) + int(parts[2], 16)
        self.assertTrue(sizes)
        self.assertEqual({name: size for name, size in sizes.items() if size}, {})


if __name__ == "__main__":
    unittest.main()
