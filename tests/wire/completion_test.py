"""What bash, zsh and fish complete: each shell loads the script that the program prints, and is asked."""

import os
import pathlib
import pty
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import tables  # noqa: E402
from daemon import PATIENCE, program, wrapper  # noqa: E402

BASH = """
source "$SCRIPT"
complete -p milter-strict >/dev/null || exit 1
compopt() { :; }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_milter_strict
printf '%s\\n' "${COMPREPLY[@]}"
"""

# All that compadd would offer goes to a file.
ZSH = """PROMPT=; fpath=($FOLDER $fpath); autoload -Uz compinit; compinit -u -D
compadd() {
  [[ " ${@[1,(i)(-|--)]} " == *" -"[OAD]" "* ]] || {
    local -a hits; builtin compadd -A hits "$@"; print -rl -- $hits >>$FOLDER/caught }
  builtin compadd "$@"
}
answered() { BUFFER=; print end >>$FOLDER/caught }
zle -N answered; bindkey '^I' complete-word; bindkey '^X' answered; setopt no_list_beep; print ready >>$FOLDER/caught
"""


def printed(shell):
    return subprocess.run([*wrapper(), program(), "completion", shell], check=True, text=True,
                          stdout=subprocess.PIPE, timeout=PATIENCE).stdout


class ShellCase:
    """The same questions for each shell; `offers` answers them."""

    def setUp(self):
        if shutil.which(self.shell) is None:
            self.skipTest(f"{self.shell} is not installed")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="milter-strict-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        for name in ("a plain.conf", "other.txt"):
            (self.folder / name).write_text("", encoding="ascii")
        (self.folder / "a-folder").mkdir()
        self.script = self.folder / self.script_name
        self.script.write_text(printed(self.shell), encoding="ascii")

    def test_sub_commands(self):
        self.assertLessEqual(set(tables.subcommands()), self.offers(""))
        self.assertEqual(self.offers("ex"), {"explain"})

    def test_options(self):
        offered = self.offers("session", "--")
        self.assertLessEqual({"--config", "--listen", "--help"}, offered)
        self.assertNotIn("--output", offered)

    def test_words(self):
        self.assertEqual(self.offers("explain", "50"), {"500", "501", "502", "503", "504"})
        self.assertEqual(self.offers("explain", "probe-v"), {"probe-vrfy"})
        self.assertEqual(self.offers("mta", ""), {"postfix", "sendmail"})
        self.assertEqual(self.offers("mta", "-o", "x", "p"), {"postfix"})

    def test_files(self):
        self.assertIn("a plain.conf", self.offers("check", "-c", "a"))
        self.assertIn("other.txt", self.offers("mta", "--check", ""))

    def test_folders(self):
        offered = {name.rstrip("/") for name in self.offers("mta", "--output", "")}
        self.assertIn("a-folder", offered)
        self.assertNotIn("other.txt", offered)

    def test_nothing_where_nothing_is_known(self):
        self.assertEqual(self.offers("session", "--timeout", ""), set())
        # zsh shows the options when there is nothing else
        self.assertEqual({word for word in self.offers("check", "") if word[0] != "-"}, set())


class BashTest(ShellCase, unittest.TestCase):
    shell = "bash"
    script_name = "milter-strict"

    def offers(self, *words):
        done = subprocess.run(["bash", "--norc", "-c", BASH, "bash", "milter-strict", *words],
                              cwd=self.folder, env={**os.environ, "SCRIPT": str(self.script)},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return set(filter(None, done.stdout.split("\n")))

    @unittest.skipIf(shutil.which("shellcheck") is None, "shellcheck is not installed")
    def test_shellcheck_has_nothing_to_say(self):
        done = subprocess.run(["shellcheck", "--shell=bash", str(self.script)], check=False,
                              stdout=subprocess.PIPE, text=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_a_value_after_an_equals_sign(self):
        self.assertIn("a plain.conf", self.offers("check", "--config", "="))
        self.assertEqual(self.offers("check", "--config", "=", "oth"), {"other.txt"})


class FishTest(ShellCase, unittest.TestCase):
    shell = "fish"
    script_name = "milter-strict.fish"

    def offers(self, *words):
        done = subprocess.run(
            ["fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"',
             str(self.script), " ".join(("milter-strict", *words))],
            cwd=self.folder, env={**os.environ, "HOME": str(self.folder), "TERM": "dumb"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE,
            check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return {line.split("\t")[0] for line in done.stdout.splitlines()}


class ZshTest(ShellCase, unittest.TestCase):
    shell = "zsh"
    script_name = "_milter-strict"

    def setUp(self):
        super().setUp()
        self.caught = self.folder / "caught"
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(self.folder)
            os.execvpe("zsh", ["zsh", "-f", "-i"],
                       {**os.environ, "FOLDER": str(self.folder), "TERM": "dumb", "LC_ALL": "C",
                        "HOME": str(self.folder)})
        self.addCleanup(self.end)
        (self.folder / "setup").write_text(ZSH, encoding="ascii")
        self.said = b""
        self.type("source $FOLDER/setup\n")
        self.wait_for("ready")

    def end(self):
        os.close(self.terminal)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)

    def type(self, keys):
        os.write(self.terminal, keys.encode("ascii"))

    def wait_for(self, word):
        """Until the file has the word; what zsh shows is read, so that it goes on."""
        deadline = time.monotonic() + PATIENCE
        os.set_blocking(self.terminal, False)
        while time.monotonic() < deadline:
            try:
                self.said += os.read(self.terminal, 65536)
            except BlockingIOError:
                time.sleep(0.01)
            lines = self.caught.read_text(encoding="utf-8").split("\n") if self.caught.exists() else []
            if word in lines:
                self.caught.unlink()
                return {line.replace("\\ ", " ") for line in lines if line not in ("", word)}
        self.fail(f"zsh says nothing; so far: {self.said!r}")

    def offers(self, *words):
        # No key here means anything to a terminal that zsh has not taken over yet.
        self.type(" ".join(("milter-strict", *words)) + "\t\x18")
        return self.wait_for("end")


if __name__ == "__main__":
    unittest.main()
