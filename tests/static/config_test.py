"""The configuration files that come with the program, and `milter-strict check`."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
PROGRAM = pathlib.Path(os.environ.get("MILTER_STRICT", BUILD / "milter-strict"))
OPTION = re.compile(r'^OPTION\(\w+, "([a-z0-9.-]+)"', re.MULTILINE)


def check(*arguments):
    return subprocess.run([PROGRAM, "check", *arguments], capture_output=True, text=True,
                          timeout=60, check=False)


@unittest.skipUnless(PROGRAM.exists(), f"{PROGRAM} has not been built")
class CheckTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "test.conf"

    def write(self, text):
        self.file.write_text(text, encoding="utf-8")
        return str(self.file)

    def test_files_of_conf_are_fine(self):
        files = sorted((ROOT / "conf").glob("*.conf"))
        self.assertGreaterEqual(len(files), 4)
        for path in files:
            with self.subTest(path=path.name):
                result = check("-c", str(path))
                self.assertEqual(result.stderr, "")
                self.assertEqual(result.stdout, f"{path}: fine\n")
                self.assertEqual(result.returncode, 0)

    def test_wrong_file_is_told_with_its_lines(self):
        path = self.write('mode = "enforced";\ntimeout = 1;\n')
        result = check("--config", path)
        lines = result.stderr.splitlines()
        self.assertEqual(result.returncode, 78)
        self.assertEqual(result.stdout, "")
        self.assertEqual([line.split(" ")[0] for line in lines], [f"{path}:1:", f"{path}:2:"])

    def test_many_errors_end_in_their_number(self):
        path = self.write("".join(f"wrong{i} = 1;\n" for i in range(25)))
        result = check("-c", path)
        self.assertEqual(len(result.stderr.splitlines()), 21)
        self.assertTrue(result.stderr.endswith("and 5 more\n"))

    def test_useless_setting_is_a_warning(self):
        path = self.write('log: { level = "error"; };\n')
        result = check("-c", path)
        self.assertEqual(result.returncode, 0)
        self.assertIn(f"{path}:1: warning: log.level", result.stderr)
        self.assertEqual(result.stdout, f"{path}: fine\n")

    def test_missing_file_is_an_error(self):
        result = check("-c", str(self.file))
        self.assertEqual(result.returncode, 78)
        self.assertEqual(result.stderr,
                         f"{self.file}: cannot be opened: No such file or directory\n")

    def test_dump_can_be_read_again(self):
        path = self.write('mode = "monitor"; rules: { command-vrfy = "answer"; };\n')
        first = check("-c", path, "--dump")
        self.assertEqual(first.returncode, 0)
        self.assertIn('mode = "monitor";\n', first.stdout)
        self.assertIn('  command-vrfy = { action = "answer"; reply = "252 2.0.0"; };\n',
                      first.stdout)
        second = check("-d", "-c", self.write(first.stdout))
        self.assertEqual(second.stdout, first.stdout)

    def test_wrong_arguments_are_usage(self):
        for arguments in (["--nonsense"], ["-c"], ["file.conf"]):
            with self.subTest(arguments=arguments):
                result = check(*arguments)
                self.assertEqual(result.returncode, 2)
                self.assertIn("milter-strict check --help", result.stderr)

    def test_help_goes_to_stdout(self):
        result = check("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("usage: milter-strict check", result.stdout)


class ManualTest(unittest.TestCase):
    page = BUILD / "man" / "milter-strict.conf.5"

    def setUp(self):
        if not self.page.exists():
            self.skipTest(f"{self.page} has not been built")

    def test_every_option_is_in_the_manual(self):
        table = (ROOT / "milter" / "config" / "options.def").read_text(encoding="utf-8")
        page = self.page.read_text(encoding="utf-8")
        options = OPTION.findall(table)
        self.assertGreater(len(options), 20)
        for option in options:
            self.assertIn(f".It Cm {option}\n", page)

    def test_no_mark_is_left(self):
        for path in sorted((BUILD / "man").iterdir()):
            with self.subTest(path=path.name):
                self.assertNotRegex(path.read_text(encoding="utf-8"), r"@[A-Z-]+@")

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_manual_is_clean(self):
        for path in sorted((BUILD / "man").iterdir()):
            with self.subTest(path=path.name):
                result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path],
                                        capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual((result.returncode, result.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
