"""What contrib/systemd says, as systemd itself reads it."""

import configparser
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
UNITS = ROOT / "contrib" / "systemd"
EXPOSURE_MAX = 2.0
PATIENCE = 120


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=PATIENCE, check=False)


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is missing")


def unit(name):
    # A key may stand twice (SystemCallFilter=): the last one is enough here.
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(UNITS / name)
    return parser


class Units(unittest.TestCase):
    @needs("systemd-analyze")
    def test_are_understood(self):
        with tempfile.TemporaryDirectory() as folder:
            names = [path.name for path in UNITS.iterdir() if path.suffix in (".service", ".socket")]
            for name in names:
                # The program and the manual need not be installed here.
                text = (UNITS / name).read_text(encoding="utf-8")
                text = text.replace("/usr/sbin/milter-strict", shutil.which("true"))
                (pathlib.Path(folder) / name).write_text(text, encoding="utf-8")
            result = run("systemd-analyze", "verify", "--man=no",
                         *(f"{folder}/{name}" for name in names))
        complaints = [line for line in result.stdout.split("\n") if "milter-strict" in line]
        self.assertEqual((result.returncode, complaints), (0, []), result.stdout)

    @needs("systemd-analyze")
    def test_leave_little_exposed(self):
        result = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                     str(UNITS / "milter-strict.service"))
        if "unrecognized option" in result.stdout:
            self.skipTest("this systemd-analyze has no --offline")
        exposure = re.search(r"exposure level for \S+ (\d+\.\d+)", result.stdout)
        self.assertIsNotNone(exposure, result.stdout)
        self.assertLessEqual(float(exposure.group(1)), EXPOSURE_MAX, result.stdout)

    @needs("systemd-sysusers")
    def test_the_user_is_understood(self):
        result = run("systemd-sysusers", "--dry-run", str(UNITS / "milter-strict.sysusers"))
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertNotRegex(result.stdout, r"milter-strict\.sysusers:\d+:")

    @needs("systemd-tmpfiles")
    def test_the_folder_is_understood(self):
        with tempfile.TemporaryDirectory() as folder:
            # Neither milter-strict nor Postfix need be installed here.
            text = (UNITS / "milter-strict.tmpfiles").read_text(encoding="utf-8")
            copy = pathlib.Path(folder) / "milter-strict.conf"
            copy.write_text(text.replace(" milter-strict postfix ", " root root "),
                            encoding="utf-8")
            result = run("systemd-tmpfiles", f"--root={folder}", "--remove", str(copy))
        self.assertEqual((result.returncode, result.stdout), (0, ""))


class Together(unittest.TestCase):
    def test_the_socket_has_the_name_that_the_daemon_asks_for(self):
        doors = (ROOT / "milter" / "doors" / "door.c").read_text(encoding="utf-8")
        names = {unit(path.name)["Socket"]["FileDescriptorName"]
                 for path in UNITS.glob("*.socket")}
        self.assertEqual(names, {"milter", "policy", "socketmap"})
        for name in names:
            self.assertIn(f'= "{name}"', doors)

    def test_service_and_folders_have_one_user(self):
        user = unit("milter-strict.service")["Service"]["User"]
        for path in UNITS.glob("*.socket"):
            self.assertEqual(unit(path.name)["Socket"]["SocketUser"], user)
        for name in ("milter-strict.sysusers", "milter-strict.tmpfiles"):
            self.assertRegex((UNITS / name).read_text(encoding="utf-8"), rf"\b{user}\b")

    def test_the_runtime_folder_is_the_default_socket_s(self):
        folder = unit("milter-strict.service")["Service"]["RuntimeDirectory"]
        options = (ROOT / "milter" / "config" / "options.def").read_text(encoding="utf-8")
        self.assertIn(f"unix:/run/{folder}/milter.sock", options)
        self.assertIn(f"unix:/run/{folder}/control.sock", options)

    def test_every_file_is_told_of(self):
        readme = (ROOT / "contrib" / "README.md").read_text(encoding="utf-8")
        for path in UNITS.iterdir():
            self.assertIn(f"(systemd/{path.name})", readme)


if __name__ == "__main__":
    unittest.main()
