"""Whether real mail servers take what `milter-strict mta` prints, for many configurations."""

import os
import subprocess
import tempfile
import unittest

import daemon
import mta_tool
import postfix_config
import sendmail
import sendmail_config
import support

CONFIGURATIONS = {
    "all doors": mta_tool.all_doors(),
    "252": mta_tool.all_doors('command-vrfy = { reply = "252"; };'),
    "only watching": 'mode = "monitor";' + mta_tool.all_doors(),
    "little refused": mta_tool.all_doors('command-vrfy = "off"; command-turn = "monitor";'
                                         'helo-missing = "off"; command-foreign = "off";'),
    "HELP refused": mta_tool.all_doors('command-help = { reply = "502"; };'),
    "other codes": mta_tool.all_doors('command-vrfy = { reply = "421 4.7.0"; };'
                                      'command-expn = { reply = "450"; };'),
    "TCP": 'listen: { milter = "inet:8890@127.0.0.1"; policy = "inet6:8891@::1";'
           'socketmap = "inet6:8892@::1"; };',
    "no doors": "",
    "descriptors": 'listen: { milter = "fd:3"; policy = "fd:4"; socketmap = "fd:5"; };',
}
LINES = ("HELO x", "EHLO x", "MAIL FROM:<a@b.example>", "RCPT TO:<expn@b.example>", "DATA", "RSET",
         "NOOP", "QUIT", "HELP", "help expn", "VRFY alice", "VRFY postmaster", "vrfy <postmaster>",
         "EXPN", "expn staff", "TURN", "SEND FROM:<a@b.example>", "SOML x", "TURNS",
         "EXPN-x", "GET / HTTP/1.1", "BDAT 5 LAST", "STARTTLS", "AUTH PLAIN")


def write(server, config, folder):
    path = os.path.join(folder, "milter-strict.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(config)
    done = subprocess.run([daemon.program(), "mta", "-c", path, "--output", folder, server],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False)
    if done.returncode not in (0, 1) or done.stdout:
        raise AssertionError(f"{done.returncode}: {done.stdout}{done.stderr}")


def read(*names):
    try:
        with open(os.path.join(*names), encoding="ascii") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def check(case, server, folder, path, text=""):
    """--check finds nothing."""
    done = subprocess.run([daemon.program(), "mta", "-c", f"{folder}/milter-strict.conf", "--check",
                           path, server], input=text, capture_output=True, text=True, timeout=60,
                          check=False)
    case.assertEqual((done.returncode, done.stderr), (0, ""))


class PostfixTakesIt(unittest.TestCase):
    """postconf and postmap of the real Postfix, which is not started for this."""

    @classmethod
    def setUpClass(cls):
        cls.programs = support.unpacked()

    def run_program(self, folder, name, *arguments, text=""):
        libraries = os.path.join(self.programs, "usr/lib/postfix")
        done = subprocess.run([os.path.join(self.programs, "usr/sbin", name), "-c", f"{folder}/etc",
                               *arguments], input=text, capture_output=True, text=True,
                              env={"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": libraries},
                              timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def prepare(self, config):
        """A folder with the settings of a whole Postfix in etc, those of the tool at their end."""
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="milter-strict-postfix-"))
        os.chmod(folder, 0o755)
        postfix_config.make_folders(folder, self.programs)
        write("postfix", config, folder)
        settings = {**postfix_config.main_cf(folder, self.programs),
                    **mta_tool.settings(read(folder, "main.cf"))}
        postfix_config.write(folder, "main.cf", "".join(f"{name} = {value}\n"
                                                        for name, value in settings.items()))
        postfix_config.write(folder, "master.cf", "")
        return folder

    def test_postconf_reads_every_setting(self):
        for name, config in CONFIGURATIONS.items():
            with self.subTest(configuration=name):
                folder = self.prepare(config)
                read_back = mta_tool.settings(self.run_program(folder, "postconf", "-n"))
                for setting, value in mta_tool.settings(read(folder, "main.cf")).items():
                    self.assertEqual(read_back[setting], value)

    def test_postmap_turns_the_commands_that_it_shall(self):
        for name, config in CONFIGURATIONS.items():
            with self.subTest(configuration=name):
                folder = self.prepare(config)
                table = read(folder, mta_tool.FILTER_FILE)
                if table:
                    found = self.run_program(folder, "postmap", "-q", "-",
                                             f"pcre:{folder}/{mta_tool.FILTER_FILE}",
                                             text="\n".join(LINES) + "\n")
                    becomes = {line: mta_tool.filtered(table, line) for line in LINES}
                    self.assertEqual(found.splitlines(), [f"{line}\t{new}" for line, new in
                                                          becomes.items() if new != line])

    def test_check_of_what_postconf_prints_is_fine(self):
        for name in ("all doors", "252", "HELP refused", "TCP", "only watching"):
            with self.subTest(configuration=name):
                folder = self.prepare(CONFIGURATIONS[name])
                check(self, "postfix", folder, "-", self.run_program(folder, "postconf", "-n"))


class SendmailTakesIt(unittest.TestCase):
    """m4 and the parser of the real Sendmail."""

    @classmethod
    def setUpClass(cls):
        cls.programs = sendmail.unpacked()

    def prepare(self, config):
        """A folder with a whole sendmail.cf."""
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="milter-strict-sendmail-"))
        os.chmod(folder, 0o755)
        sendmail_config.make_folders(folder)
        write("sendmail", config, folder)
        lines = read(folder, "milter-strict.mc")
        sendmail_config.make_cf(folder, self.programs, sendmail_config.mc(folder, (25, 587), lines))
        return folder

    def test_sendmail_reads_its_lines(self):
        for name, config in CONFIGURATIONS.items():
            with self.subTest(configuration=name):
                folder = self.prepare(config)
                done = subprocess.run(
                    sendmail_config.command(self.programs, "-bt"), cwd=folder,
                    input="=Scheck_vrfy\n=Scheck_expn\n=Scheck_other\n", capture_output=True,
                    text=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, timeout=120,
                    check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
                lines = mta_tool.code(read(folder, "milter-strict.mc"))
                for ruleset in ("check_vrfy", "check_expn", "check_other"):
                    self.assertEqual(f"S{ruleset}" in lines.splitlines(),
                                     f"$( {ruleset} " in done.stdout, done.stdout)

    def test_check_of_its_sendmail_cf_is_fine(self):
        for name in ("all doors", "252", "little refused", "HELP refused", "TCP", "only watching"):
            with self.subTest(configuration=name):
                folder = self.prepare(CONFIGURATIONS[name])
                check(self, "sendmail", folder, f"{folder}/etc/sendmail.cf")


if __name__ == "__main__":
    unittest.main()
