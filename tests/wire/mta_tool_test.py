"""milter-strict mta: what it prints for many configurations, what it writes, what it finds wrong."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import daemon  # noqa: E402
import mta_tool  # noqa: E402
import tables  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = {"postfix": {"main.cf", "command_filter.pcre"}, "sendmail": {"milter-strict.mc", "helpfile"}}
POLICY, MAP = mta_tool.POLICY, mta_tool.MAP
VRFY_252 = 'command-vrfy = { reply = "252"; };'


class ToolCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="milter-strict-mta-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def tool(self, *arguments, config="", stdin=""):
        """Run it with this configuration; None: without one."""
        path = self.folder / "milter-strict.conf"
        options = []
        if config is not None:
            path.write_text(config, encoding="utf-8")
            options = ["-c", str(path)]
        return subprocess.run([*daemon.wrapper(), daemon.program(), "mta", *options, *arguments],
                              input=stdin, capture_output=True, text=True,
                              timeout=daemon.PATIENCE, check=False)

    def made(self, server, config, status=0):
        """The files by name, and what was said on stderr."""
        done = self.tool(server, config=config)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertTrue(done.stdout.isascii())
        self.assertNotRegex(done.stdout, r"(?m)[ \t]$")
        parts = re.split(r"^(?:#|dnl) ==> (.*) <==\n", done.stdout, flags=re.MULTILINE)
        return dict(zip(parts[1::2], parts[2::2])), done.stderr

    def postfix(self, config, status=0):
        files, said = self.made("postfix", config, status)
        return mta_tool.settings(files["main.cf"]), files.get("command_filter.pcre", ""), said

    def sendmail(self, config, status=0):
        files, said = self.made("sendmail", config, status)
        return mta_tool.code(files["milter-strict.mc"]), files.get("helpfile", ""), said


class ContribTest(ToolCase):
    def test_files_are_what_the_tool_writes(self):
        for server, names in FILES.items():
            with self.subTest(server=server):
                conf = ROOT / "conf" / f"{server}.conf"
                done = self.tool("-c", str(conf), "--output", str(self.folder / server), server,
                                 config=None)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
                there = ROOT / "contrib" / server
                self.assertEqual({path.name for path in there.iterdir()}, names)
                for name in names:
                    self.assertEqual((there / name).read_text(encoding="ascii"),
                                     (self.folder / server / name).read_text(encoding="ascii"),
                                     f"write it anew: milter-strict mta -c conf/{server}.conf "
                                     f"--output contrib/{server} {server}")

    def test_every_setting_has_a_reason(self):
        text = (ROOT / "contrib/postfix/main.cf").read_text(encoding="ascii")
        for name in mta_tool.settings(text):
            with self.subTest(setting=name):
                self.assertRegex(text, rf"(?m)^#.*\n{name} =")


class PostfixTest(ToolCase):
    def test_all_doors(self):
        settings, table, said = self.postfix(mta_tool.all_doors())
        self.assertEqual(said, "")
        self.assertEqual(set(settings), {
            "smtpd_milters", "smtpd_helo_required", "smtpd_forbidden_commands",
            "smtpd_relay_restrictions", "smtpd_relay_before_recipient_restrictions",
            "disable_vrfy_command", "smtpd_command_filter"})
        self.assertEqual(settings["smtpd_relay_before_recipient_restrictions"], "yes")
        self.assertEqual(settings["disable_vrfy_command"], "no")
        self.assertEqual(settings["smtpd_helo_required"], "no")
        self.assertEqual(settings["smtpd_forbidden_commands"], "")
        self.assertTrue(settings["smtpd_relay_restrictions"].startswith(
            f"check_policy_service {{ {POLICY}, "))
        self.assertIn("default_action=DUNNO", settings["smtpd_relay_restrictions"])
        self.assertIn("default_action=accept", settings["smtpd_milters"])
        for line in ("EXPN staff", "expn", "TURN", "SEND FROM:<a@b.example>", "SOML x", "SAML"):
            self.assertEqual(mta_tool.filtered(table, line), f"VRFY {line.split(' ')[0]}")
        for line in ("VRFY postmaster", "vrfy <postmaster>", 'VRFY "Postmaster"'):
            self.assertEqual(mta_tool.filtered(table, line), "VRFY VRFY")
        for line in ("VRFY alice", "VRFY postmaster@example.org", "HELP", "EXPND", "EXPN-x",
                     "MAIL FROM:<expn@example.org>", "NOOP EXPN", "X EXPN", "VRFY"):
            self.assertEqual(mta_tool.filtered(table, line), line)

    def test_252_asks_in_both_lists(self):
        settings, table, _ = self.postfix(mta_tool.all_doors(VRFY_252))
        ask = f"check_policy_service {{ {POLICY}, "
        self.assertTrue(settings["smtpd_relay_restrictions"].startswith(ask))
        self.assertTrue(settings["smtpd_recipient_restrictions"].startswith(ask))
        self.assertTrue(
            settings["smtpd_recipient_restrictions"].endswith(", reject_unlisted_recipient"))
        self.assertEqual(settings["smtpd_reject_unlisted_recipient"], "no")
        self.assertEqual(mta_tool.filtered(table, "VRFY postmaster"), "VRFY postmaster")
        self.assertEqual(mta_tool.filtered(table, "EXPN x"), "VRFY EXPN")

    def test_only_rules_that_refuse_are_in_the_table(self):
        rules = ('command-expn = "off"; command-turn = "monitor"; command-send = { reply = "450"; };'
                 'command-help = { reply = "502"; };')
        _, table, _ = self.postfix(mta_tool.all_doors(rules))
        for line, becomes in (("EXPN x", "EXPN x"), ("TURN", "TURN"), ("SEND x", "VRFY SEND"),
                              ("SAML x", "VRFY SAML"), ("HELP", "VRFY HELP")):
            self.assertEqual(mta_tool.filtered(table, line), becomes)

    def test_commands_without_vrfy_need_the_policy_service_too(self):
        settings, table, _ = self.postfix(mta_tool.all_doors('command-vrfy = "off";'))
        self.assertIn("smtpd_relay_restrictions", settings)
        self.assertEqual(settings["disable_vrfy_command"], "no")
        self.assertEqual(mta_tool.filtered(table, "VRFY postmaster"), "VRFY postmaster")
        self.assertEqual(mta_tool.filtered(table, "TURN"), "VRFY TURN")

    def test_nothing_to_ask_about(self):
        off = " ".join(f'command-{name} = "off";' for name in ("vrfy", *mta_tool.TURNED))
        settings, table, said = self.postfix(mta_tool.all_doors(off))
        self.assertEqual(table, "")
        self.assertEqual(said, "")
        self.assertEqual(set(settings), {"smtpd_milters", "smtpd_helo_required",
                                         "smtpd_forbidden_commands"})

    def test_monitoring_asks_and_changes_no_reply(self):
        for config in ('mode = "monitor";' + mta_tool.all_doors(),
                       mta_tool.all_doors(" ".join(
                           f'command-{name} = "monitor";'
                           for name in ("vrfy", "foreign", *mta_tool.TURNED))
                           + 'helo-missing = "monitor";')):
            settings, table, said = self.postfix(config)
            self.assertEqual(set(settings), {"smtpd_milters", "smtpd_relay_restrictions",
                                             "smtpd_relay_before_recipient_restrictions"})
            self.assertEqual((table, said), ("", ""))

    def test_without_a_policy_service(self):
        for rules, status in (("", 0), (VRFY_252, 1)):
            settings, table, said = self.postfix(
                f'listen: {{ milter = "{mta_tool.MILTER_AT}"; }}; rules: {{ {rules} }};', status)
            self.assertEqual(settings["disable_vrfy_command"], "yes")
            self.assertNotIn("smtpd_relay_restrictions", settings)
            self.assertEqual(table, "")
            self.assertIn("listen.policy is not set", said)
        settings, _, _ = self.postfix(
            f'listen: {{ milter = "{mta_tool.MILTER_AT}"; }}; rules: {{ command-vrfy = "off"; }};')
        self.assertNotIn("disable_vrfy_command", settings)

    def test_addresses(self):
        rows = (("unix:/var/spool/postfix/private/m", "unix:private/m", ""),
                ("unix:/run/x/m.sock", "unix:/run/x/m.sock", "chroot"),
                ("unix:/var/spool/postfixes/m", "unix:/var/spool/postfixes/m", "chroot"),
                ("inet:8890@127.0.0.1", "inet:127.0.0.1:8890", ""),
                ("inet:8890@filter.example.org", "inet:filter.example.org:8890", ""),
                ("inet:8890", "inet:127.0.0.1:8890", ""),
                ("inet:8890@0.0.0.0", "inet:127.0.0.1:8890", ""),
                ("inet6:8890@::1", "inet:[::1]:8890", ""),
                ("inet6:8890@[2001:db8::1]", "inet:[2001:db8::1]:8890", ""),
                ("inet6:8890", "inet:[::1]:8890", ""))
        for address, written, told in rows:
            with self.subTest(address=address):
                settings, _, said = self.postfix(
                    f'listen: {{ milter = "{address}"; policy = "inet:8891@127.0.0.1"; }};')
                self.assertTrue(settings["smtpd_milters"].startswith(f"{{ {written}, "))
                self.assertIn(told, said)
                self.assertEqual(said == "", told == "")

    def test_addresses_that_postfix_cannot_be_told(self):
        for address in ("fd:3", "unix:/run/a b/m.sock", "unix:/run/a,b", "unix:/run/$x",
                        "unix:/run/{x}", "unix:/run/x\\nsmtpd_milters = evil", "inet:1@a b"):
            for door in ("milter", "policy"):
                with self.subTest(address=address, door=door):
                    other = {"milter": "policy", "policy": "milter"}[door]
                    settings, _, said = self.postfix(
                        f'listen: {{ {door} = "{address}"; {other} = "inet:8892@127.0.0.1"; }};', 1)
                    self.assertIn(f"listen.{door}", said)
                    missing = {"milter": "smtpd_milters", "policy": "smtpd_relay_restrictions"}
                    self.assertNotIn(missing[door], settings)
                    self.assertNotIn("evil", "".join(settings.values()))


class SendmailTest(ToolCase):
    def test_all_doors(self):
        lines, helpfile, said = self.sendmail(mta_tool.all_doors())
        self.assertEqual(said, "")
        self.assertIn("INPUT_MAIL_FILTER(`milter-strict', `S=unix:", lines)
        self.assertEqual(mta_tool.privacy(lines), {"authwarnings", "noverb", "restrictqrun",
                                                   "restrictexpand", "nobodyreturn"})
        for name in ("check_vrfy", "check_expn", "check_other"):
            self.assertRegex(lines, rf"(?m)^K{name} socket -f -d5s -T<TMPF> {re.escape(MAP)}$")
            self.assertRegex(lines, rf"(?m)^S{name}$")
            self.assertIn(f"$({name} ", lines)
        self.assertIn("define(`HELP_FILE', ", lines)
        self.assertTrue(helpfile)

    def test_each_side_of_a_rule_is_set_off_with_a_tab(self):
        lines, _, _ = self.sendmail(mta_tool.all_doors())
        rules = [line for line in lines.splitlines() if line.startswith("R")]
        self.assertGreater(len(rules), 10)
        for line in rules:
            self.assertEqual(line.count("\t"), 1, line)

    def test_what_is_said_while_the_daemon_is_away(self):
        """Never Sendmail's own answer, where a rule is in force."""
        rows = (("", {'"502 5.5.1 Command not implemented"'}),
                (VRFY_252, {'"502 5.5.1 Command not implemented"',
                            '"252 2.0.0 Cannot verify user; send the message, and delivery will be '
                            'tried"'}),
                ('command-vrfy = { reply = "550 5.7.1"; }; command-expn = "off";',
                 {'"550 5.7.1 Refused by policy"'}),
                ('command-vrfy = "monitor"; command-expn = "monitor";', set()))
        for rules, said in rows:
            lines, _, _ = self.sendmail(mta_tool.all_doors(rules))
            self.assertEqual(set(re.findall(r'^R\$\* <TMPF>\t\$#error \$: (".*")$', lines,
                                            re.MULTILINE)), said)

    def test_only_what_rules_decide(self):
        lines, _, _ = self.sendmail(mta_tool.all_doors('command-expn = "off";'))
        self.assertNotIn("check_expn", lines)
        self.assertIn("needexpnhelo", mta_tool.privacy(lines))
        self.assertIn("check_other", lines)
        off = " ".join(f'command-{name} = "off";'
                       for name in ("vrfy", "help", *mta_tool.TURNED))
        off += 'helo-missing = "off"; helo-syntax = "off";'
        lines, helpfile, said = self.sendmail(mta_tool.all_doors(off))
        self.assertEqual(lines.count("\n"), 1, lines)
        self.assertEqual((helpfile, said), ("", ""))

    def test_without_a_socket_map(self):
        lines, _, said = self.sendmail("", 1)
        self.assertIn("VRFY cannot be refused", said)
        self.assertTrue({"novrfy", "noexpn"} < mta_tool.privacy(lines))
        self.assertNotIn("LOCAL_RULESETS", lines)
        _, _, said = self.sendmail(f"rules: {{ {VRFY_252} }};")
        self.assertIn("listen.socketmap is not set", said)

    def test_monitoring_asks_and_changes_no_reply(self):
        lines, helpfile, said = self.sendmail('mode = "monitor";' + mta_tool.all_doors())
        self.assertIn("Scheck_vrfy", lines)
        self.assertNotRegex(lines, r'\$#error \$: "')
        self.assertNotIn("define(", lines)
        self.assertEqual((helpfile, said), ("", ""))

    def test_help(self):
        lines, helpfile, _ = self.sendmail(mta_tool.all_doors('command-help = { reply = "502"; };'))
        self.assertIn("define(`HELP_FILE', `/dev/null')", lines)
        self.assertEqual(helpfile, "")
        _, _, said = self.sendmail(mta_tool.all_doors('command-help = { reply = "550"; };'), 1)
        self.assertIn("command-help cannot answer 550", said)

    def test_helpfile_comes_from_the_tables(self):
        config = ('replies: { contact = "$5 # postmaster@example.org"; };'
                  + mta_tool.all_doors('command-help = { text = "Ask $us"; };'))
        _, text, _ = self.sendmail(config)
        self.assertEqual(text.splitlines()[1], "#vers\t2")
        rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
        self.assertTrue(all(len(row) == 2 and len(row[1]) <= 80 for row in rows))
        topics = {row[0] for row in rows}
        commands = {verb.lower() for verb, kind in tables.commands().items() if kind != "FOREIGN"}
        self.assertTrue({"smtp", *commands, *tables.replies(), *tables.rules()} <= topics)
        self.assertIn(["smtp", "Ask $$us"], rows)
        self.assertIn(["smtp", "Contact: $$5 \\# postmaster@example.org"], rows)
        self.assertIn(["vrfy", "Syntax: VRFY user"], rows)

    def test_addresses(self):
        rows = (("unix:/var/spool/postfix/m", "unix:/var/spool/postfix/m"),
                ("inet:8890@127.0.0.1", "inet:8890@127.0.0.1"), ("inet:8890", "inet:8890@127.0.0.1"),
                ("inet6:8890@[::1]", "inet6:8890@::1"), ("inet6:8890", "inet6:8890@::1"))
        for address, written in rows:
            with self.subTest(address=address):
                lines, _, _ = self.sendmail(f'listen: {{ milter = "inet:1@127.0.0.1"; '
                                            f'socketmap = "{address}"; }};')
                self.assertRegex(lines, rf"(?m)^Kcheck_vrfy .* {re.escape(written)}$")
        for address in ("fd:3", "unix:/run/it's", "unix:/run/`x", "unix:/run/a b", "unix:/run/a,b"):
            with self.subTest(address=address):
                lines, _, said = self.sendmail(f'listen: {{ socketmap = "{address}"; }};', 1)
                self.assertNotIn("Kcheck", lines)
                self.assertIn("listen.socketmap", said)


class OutputTest(ToolCase):
    def test_written_twice(self):
        folder = self.folder / "new"
        for config, names in ((mta_tool.all_doors(VRFY_252), FILES["postfix"]),
                              (mta_tool.all_doors(), FILES["postfix"])):
            done = self.tool("postfix", "-o", str(folder), config=config)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
            self.assertEqual({path.name for path in folder.iterdir()}, names)
        self.assertNotIn("smtpd_recipient_restrictions", mta_tool.settings(
            (folder / "main.cf").read_text(encoding="ascii")))

    def test_files_of_others_stay(self):
        for text in ("myhostname = mx.example.org\n", "", "\nMade by milter-strict mta\n"):
            path = self.folder / "main.cf"
            path.write_text(text, encoding="ascii")
            done = self.tool("--output", str(self.folder), "postfix")
            self.assertEqual(done.returncode, 2)
            self.assertIn("is there and is not ours", done.stderr)
            self.assertEqual(path.read_text(encoding="ascii"), text)

    def test_links_are_not_followed(self):
        target = self.folder / "target"
        target.write_text("precious\n", encoding="ascii")
        (self.folder / "main.cf.new").symlink_to(target)
        done = self.tool("--output", str(self.folder), "postfix")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(target.read_text(encoding="ascii"), "precious\n")
        self.assertFalse((self.folder / "main.cf.new").exists())

    def test_no_place(self):
        for place in ("/dev/null/x", str(self.folder / "a" / "b"), "/" + "x" * 5000):
            done = self.tool("--output", place, "postfix")
            self.assertEqual(done.returncode, 75, done.stderr)
            self.assertIn(place[:50], done.stderr)

    def test_full_disk(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([*daemon.wrapper(), daemon.program(), "mta", "-c", "/dev/null",
                                   "postfix"], stdin=subprocess.DEVNULL, stdout=full,
                                  stderr=subprocess.PIPE, timeout=daemon.PATIENCE, check=False)
        self.assertEqual(done.returncode, 75)


class CheckTest(ToolCase):
    def found(self, server, settings, config=None):
        done = self.tool(server, "--check", "-", stdin=settings,
                         config=mta_tool.all_doors() if config is None else config)
        self.assertEqual(done.returncode, 1 if done.stderr else 0, done.stderr)
        self.assertEqual(done.stdout, "" if done.stderr else "-: fine\n")
        return [line.removeprefix("milter-strict mta: ") for line in done.stderr.splitlines()]

    def test_what_it_prints_is_fine(self):
        for rules in ("", VRFY_252, 'command-vrfy = "off";', 'helo-missing = "off";'):
            for door in ('policy = "unix:/var/spool/postfix/x/policy.sock";', ""):
                config = (f'listen: {{ milter = "unix:/var/spool/postfix/x/milter.sock"; {door} }};'
                          f'rules: {{ {rules} }};')
                printed = self.tool("postfix", config=config).stdout
                self.assertEqual(self.found("postfix", printed, config), [])

    def test_what_contradicts_in_postfix(self):
        good = self.tool("postfix", config=mta_tool.all_doors()).stdout
        rows = (("disable_vrfy_command = yes", "disable_vrfy_command"),
                ("smtpd_helo_required = yes", "smtpd_helo_required"),
                ("soft_bounce=yes", "soft_bounce"),
                ("smtpd_milters = inet:localhost:1", "smtpd_milters"),
                ("smtpd_forbidden_commands = GET", "smtpd_forbidden_commands"),
                ("smtpd_noop_commands = x,\n\texpn", "smtpd_noop_commands has EXPN"),
                ("smtpd_command_filter =", "smtpd_command_filter is not set"),
                ("smtpd_command_filter = pcre:/etc/postfix/x", "smtpd_command_filter is another"),
                ("smtpd_relay_restrictions = permit_mynetworks", "does not ask"),
                (f"smtpd_relay_restrictions =\n  permit_mynetworks\n  check_policy_service {POLICY}",
                 "asks others first"),
                ("smtpd_sender_restrictions = reject_unlisted_recipient",
                 "smtpd_sender_restrictions has reject_unlisted_recipient"),
                ("smtpd_relay_before_recipient_restrictions = no\n"
                 "smtpd_recipient_restrictions = reject_unlisted_recipient",
                 "smtpd_recipient_restrictions does not ask"))
        self.assertEqual(self.found("postfix", good), [])
        for line, told in rows:
            with self.subTest(line=line):
                found = self.found("postfix", f"{good}\n{line}\n")
                self.assertEqual(len(found), 1, found)
                self.assertIn(told, found[0])

    def test_the_order_of_lists_goes_by_the_compatibility_level(self):
        order = "smtpd_relay_before_recipient_restrictions = yes\n"
        good = self.tool("postfix", config=mta_tool.all_doors()).stdout
        self.assertIn(order, good)
        others = (good.replace(order, "")
                  + "smtpd_recipient_restrictions = reject_unlisted_recipient\n")
        for level, fine in ((None, False), ("2", False), ("3.5", False), ("3.6", True),
                            ("3.10", True), ("4", True), ("9999", True)):
            with self.subTest(level=level):
                said = f"compatibility_level = {level}\n" if level else ""
                found = self.found("postfix", others + said)
                self.assertEqual(found == [], fine, found)
                self.assertTrue(fine or "smtpd_recipient_restrictions" in found[0])

    def test_252_needs_more_of_postfix(self):
        config = mta_tool.all_doors(VRFY_252)
        found = self.found("postfix", self.tool("postfix", config=mta_tool.all_doors()).stdout,
                           config)
        self.assertEqual([line.split(" ")[0] for line in found],
                         ["smtpd_recipient_restrictions", "smtpd_reject_unlisted_recipient"])

    def test_no_policy_service_and_vrfy_open(self):
        found = self.found("postfix", "smtpd_milters = unix:/run/milter-strict/milter.sock\n"
                                      "smtpd_forbidden_commands =\n", "")
        self.assertEqual(len(found), 1, found)
        self.assertIn("tells who has a mailbox", found[0])

    def test_what_contradicts_in_sendmail(self):
        good = (f"O AllowBogusHELO=True\nO PrivacyOptions=authwarnings,noverb\nKcheck_vrfy socket {MAP}\n"
                f"Xmilter-strict, S={mta_tool.MILTER_AT}, T=C:10s\nScheck_vrfy\nScheck_expn\n")
        rows = (("O PrivacyOptions=goaway\n", "goaway"), ("O PrivacyOptions=x, novrfy\n", "novrfy"),
                ("O PrivacyOptions=noexpn\n", "noexpn"),
                ("O PrivacyOptions=needmailhelo\n", "needmailhelo"),
                ("O PrivacyOptions=needvrfyhelo\n", "needvrfyhelo"),
                ("O PrivacyOptions=needexpnhelo\n", "needexpnhelo"))
        self.assertEqual(self.found("sendmail", good), [])
        for line, told in rows:
            found = self.found("sendmail", good + line)
            self.assertEqual(len(found), 1, found)
            self.assertIn(f"PrivacyOptions has {told}", found[0])
        for line in good.splitlines():
            if line.startswith("O PrivacyOptions"):
                continue
            self.assertEqual(len(self.found("sendmail", good.replace(f"{line}\n", ""))), 1, line)
        self.assertEqual(len(self.found("sendmail", "O PrivacyOptions=x\n", 'rules: {};')), 3)

    def test_any_bytes_are_read(self):
        for text in ("", "=", "=\n=\n", "\n \n=x", "a\0b = c\n", "smtpd_milters =\n ", " ", "x" * 9000,
                     "smtpd_noop_commands = ,,{}{ = =", "O PrivacyOptions=", "smtpd_milters"):
            for server in FILES:
                done = self.tool(server, "--check", "-", stdin=text)
                self.assertEqual(done.returncode, 1, done.stderr)

    def test_files_that_cannot_be_read(self):
        for path in (str(self.folder), str(self.folder / "none")):
            done = self.tool("postfix", "--check", path)
            self.assertEqual(done.returncode, 2)
            self.assertIn(path, done.stderr)


class UsageTest(ToolCase):
    def test_wrong_arguments(self):
        for arguments in ((), ("exim",), ("postfix", "sendmail"), ("--what", "postfix"),
                          ("postfix", "--output"), ("--output", "x", "--check", "y", "postfix")):
            done = self.tool(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("--help", done.stderr)

    def test_help(self):
        for word in ("-h", "--help"):
            done = self.tool(word)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(all(len(line) <= 90 for line in done.stdout.splitlines()))

    def test_bad_configuration(self):
        done = self.tool("postfix", config="mode = 1;")
        self.assertEqual((done.returncode, done.stdout), (78, ""))
        done = self.tool("-c", str(self.folder / "none"), "postfix", config=None)
        self.assertEqual(done.returncode, 78)


if __name__ == "__main__":
    unittest.main()
