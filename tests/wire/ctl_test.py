"""`milter-strict ctl`: what operators see and do."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from operator_case import STATE, CtlCase  # noqa: E402
from operator_tool import run  # noqa: E402


class Commands(CtlCase):
    def setUp(self):
        self.ctl("forgive", "0.0.0.0/0")
        self.ctl("forgive", "::/0")

    def test_status(self):
        before, = self.json("status")
        mta = self.session()
        self.assert_refused(mta.mail("<user@@example.com>"), "sender-syntax")
        after, = self.json("status")
        self.assertEqual(after["result"], "ok")
        self.assertEqual(after["pid"], self.daemon.process.pid)
        self.assertEqual(after["sessions"]["served"], before["sessions"]["served"] + 1)
        self.assertGreaterEqual(after["sessions"]["open"], 1)
        decided = {row["rule"]: row for row in after["decisions"]}
        self.assertGreaterEqual(decided["sender-syntax"]["refused"], 1)
        self.assertEqual(after["store"]["state"], "fine")
        self.assertEqual(after["store"]["file"], f"{self.daemon.folder}/ledger.mdb")
        self.assertEqual(after["configuration"]["file"], self.daemon.config)
        self.assertEqual(after["configuration"]["mode"], "enforce")
        self.assertNotIn("error", after["configuration"])

    def test_status_for_people(self):
        self.assert_refused(self.session().mail("<user@@example.com>"), "sender-syntax")
        shown = self.ctl("status").out
        self.assertRegex(shown, r"^milter-strict \d+\.\d+\S*  running since 20\d\d-")
        self.assertRegex(shown, r"\n  Sessions +\d+ open, \d+ served\n")
        self.assertRegex(shown, r"\n  Store +fine: \d+ networks of at most 100000, in\s")
        self.assertRegex(shown, r"\n    sender-syntax +[1-9]\d* +0 +0 +0\n")
        self.assertTrue(all(len(line) <= 80 for line in shown.splitlines()
                            if self.daemon.folder not in line), shown)

    def test_nobody_is_refused(self):
        self.assertEqual(self.ctl("refused").out, "No network is refused.\n")
        self.assertEqual(self.json("refused"),
                         [{"result": "ok", "command": "refused", "shown": 0, "found": 0}])

    def test_dictionary_is_shown_with_its_evidence(self):
        self.probe("198.51.100.1")
        row, end = self.json("refused")
        self.assertEqual(row["network"], "198.51.100.1/32")
        self.assertEqual(row["rule"], "probe-recipients")
        self.assertEqual(row["action"], "refuse")
        self.assertEqual((row["points"], row["distinct"], row["accepted"], row["delivered"]),
                         (15, 15, 0, 0))
        self.assertEqual(row["times"], 1)
        self.assertTrue(3500 < row["seconds"] <= 3600, row)
        self.assertEqual((end["shown"], end["found"]), (1, 1))
        shown = self.ctl("refused").out
        self.assertRegex(shown, r"\n198\.51\.100\.1/32 +[A-Z][a-z]{2} [ \d]\d \d\d:\d\d  "
                                r"probe-recipients +1 +15 +15 +0 +0\n")

    def test_forgive_takes_effect_in_an_open_session(self):
        mta = self.probe("198.51.100.2")
        other = self.session(address="198.51.100.2")
        self.assert_refused_now(other, "probe-recipients")
        self.assert_refused_now(mta, "probe-recipients")
        self.assertEqual(self.ctl("forgive", "198.51.100.2").out,
                         "198.51.100.2/32: 1 network forgiven\n")
        self.assert_passes(mta.mail("<alice@example.net>"))
        self.assert_message_passes(self.session(address="198.51.100.2"))
        self.assertEqual(self.networks(), [])
        line = self.daemon.wait_log(event="operator", command="forgive",
                                    network="198.51.100.2/32")[0]
        self.assertEqual((line["uid"], line["networks"]), (str(os.getuid()), "1"))

    def test_refuse_takes_effect_in_an_open_session(self):
        mta = self.session(address="203.0.113.77")
        self.assert_message_passes(mta)
        shown = self.ctl("refuse", "203.0.113.0/24", "12h").out
        self.assertRegex(shown, r"^203\.0\.113\.0/24 is refused for 12 h, until 20\d\d-")
        self.assert_refused_now(mta, "client-refused")
        self.assert_refused_now(self.session(address="203.0.113.1"), "client-refused")
        self.assert_message_passes(self.session(address="203.0.114.1"))
        self.daemon.wait_log(event="operator", command="refuse", network="203.0.113.0/24",
                             seconds="43200", uid=os.getuid())

    def test_networks_of_any_width(self):
        for network, inside, outside in (("203.1.0.0/8", None, None),
                                         ("203.0.113.0/24", "203.0.113.9", "203.0.112.9"),
                                         ("203.0.113.9", "203.0.113.9", "203.0.113.8"),
                                         ("2001:db8::/32", "2001:db8:9::1", "2001:db9::1"),
                                         ("2001:db8:1:2::/64", "2001:db8:1:2:3::", "2001:db8:1:3::"),
                                         ("0.0.0.0/0", "192.0.2.1", "2001:db8::1")):
            with self.subTest(network=network):
                if inside is None:
                    self.assertIn("bits are set after", self.ctl("refuse", network, status=2).err)
                    continue
                self.ctl("refuse", network)
                self.assert_refused_now(self.session(address=inside), "client-refused")
                self.assert_message_passes(self.session(address=outside))
                self.ctl("forgive", network)
                self.assert_message_passes(self.session(address=inside))

    def test_forgiven_amid_a_wider_refusal(self):
        self.probe("203.0.113.5")
        self.ctl("refuse", "203.0.113.0/24", "7d")
        shown = self.ctl("forgive", "203.0.113.5").out
        self.assertRegex(shown, r"^203\.0\.113\.5/32: 1 network forgiven\nstill refused: it lies in "
                                r"203\.0\.113\.0/24, refused until .* by client-refused\n$")
        answer, = self.json("forgive", "203.0.113.5")
        self.assertEqual(answer["forgiven"], 0)
        self.assertEqual([row["network"] for row in answer["still-refused"]], ["203.0.113.0/24"])

    def test_forgive_counts_what_lies_inside(self):
        for number in range(3):
            self.probe(f"198.51.100.{10 + number}")
        self.assertEqual(self.ctl("forgive", "198.51.100.0/24").out,
                         "198.51.100.0/24: 3 networks forgiven\n")
        self.assertEqual(self.ctl("forgive", "198.51.100.0/24").out,
                         "198.51.100.0/24: there was nothing to forgive\n")

    def test_sorted_and_filtered(self):
        self.probe("198.51.100.30")
        for network, time_ in (("192.0.2.0/24", "3h"), ("2001:db8::/48", "1h"),
                               ("10.1.0.0/16", "2h")):
            self.ctl("refuse", network, time_)
        probing = "198.51.100.30/32"
        self.assertEqual(self.networks("--sort", "network"),
                         ["10.1.0.0/16", "192.0.2.0/24", probing, "2001:db8::/48"])
        self.assertEqual(self.networks("--sort", "until", "--rule", "client-refused"),
                         ["2001:db8::/48", "10.1.0.0/16", "192.0.2.0/24"])
        self.assertEqual(self.networks("--sort", "points", "-l", "1"), [probing])
        self.assertEqual(self.networks("--rule", "probe-recipients"), [probing])
        self.assertEqual(self.networks("--rule", "probe-vrfy"), [])
        self.assertEqual(self.networks("--network", "10.1.2.3"), ["10.1.0.0/16"])
        self.assertEqual(self.networks("--network", "10.0.0.0/8"), ["10.1.0.0/16"])
        self.assertEqual(self.networks("--network", "10.2.0.0/16"), [])
        self.assertEqual(self.ctl("refused", "--limit", "2").out.splitlines()[-1],
                         "2 of 4 networks.")

    def test_what_has_no_effect_is_told(self):
        self.assertIn("note: clients in exempt.networks are not refused\n",
                      self.ctl("refuse", "127.0.0.0/8", "1m").out)

    def test_what_hits_everybody_is_told(self):
        for network, family, hit, other in (("0.0.0.0/0", "IPv4", "192.0.2.1", "2001:db8::1"),
                                            ("::/0", "IPv6", "2001:db8::1", "192.0.2.1")):
            with self.subTest(network=network):
                shown = self.ctl("refuse", network, "1m").out.splitlines()
                self.assertEqual(shown[1:], [f"note: these are all clients with an {family} address",
                                             "note: clients in exempt.networks are not refused"])
                self.assert_refused_now(self.session(address=hit), "client-refused")
                for address in other, "127.0.0.1", "::1":
                    self.assert_message_passes(self.session(address=address))
                self.ctl("forgive", network)
        for network in "128.0.0.0/1", "::ffff:128.0.0.0/97", "8000::/1":
            self.assertNotIn("note: these are all", self.ctl("refuse", network, "1s").out)

    def test_wrong_requests(self):
        for arguments in ([], ["bla"], ["refuse"], ["refuse", "1.2.3"], ["forgive"],
                          ["refuse", "192.0.2.1", "5"], ["refuse", "192.0.2.1", "0m"],
                          ["refuse", "192.0.2.1", "367d"], ["refuse", "192.0.2.1", "m"],
                          ["refuse", "192.0.2.1", "9999999999h"], ["refuse", "192.0.2.1", "1h", "x"],
                          ["forgive", "192.0.2.1", "1h"], ["status", "now"], ["refuse", "a b"],
                          ["refused", "--sort", "x"], ["refused", "--limit", "0"],
                          ["refused", "--rule", "no-such"], ["refused", "--rule", "helo-syntax"], ["refused", "--limit", "100001"],
                          ["status", "--sort", "since"], ["refuse", "192.0.2.0/33"],
                          ["refuse", "x" * 600], ["--nonsense"]):
            with self.subTest(arguments=arguments):
                result = self.ctl(*arguments, status=2)
                self.assertEqual(result.out, "")
                self.assertRegex(result.err, r"^milter-strict( ctl)?: ")

    def test_what_a_time_looks_like_is_told(self):
        for time_, told in (("5", "is written as"), ("1.5h", "is written as"), ("-1h", "no option"),
                            ("1h30m", "is written as"), ("h", "is written as"), ("1D", "is written"),
                            ("0h", "at least 1s and at most 366d"), ("367d", "at most 366d"),
                            ("8785h", "at most 366d"), ("99999999999s", "at most 366d")):
            with self.subTest(time=time_):
                self.assertIn(told, self.ctl("refuse", "192.0.2.1", time_, status=2).err)

    def test_help(self):
        result = run("--help")
        self.assertEqual((result.status, result.err), (0, ""))
        for word in ("status", "refused", "refuse NET [FOR]", "forgive NET", "reload", "--json"):
            self.assertIn(word, result.out)


class Reload(CtlCase):
    def test_what_has_changed_is_told(self):
        self.daemon.write_config(STATE + 'speak = "at-once"; timeout = 100;\n'
                                 'rules: { helo-ours = "off"; };\n')
        self.assertEqual(self.ctl("reload").out,
                         "The configuration was read again.\nchanged: speak\n"
                         "changed: rules.helo-ours\nchanged, needs a restart: timeout\n")
        self.daemon.write_config(STATE)
        answer, = self.json("reload")
        self.assertEqual(answer["changed"], ["speak", "rules.helo-ours"])
        self.assertEqual(answer["restart-needed"], ["timeout"])
        self.assertEqual(self.ctl("reload").out,
                         "The configuration was read again; nothing has changed.\n")
        self.daemon.wait_log(event="operator", command="reload", uid=os.getuid())

    def test_a_change_at_the_end_of_a_long_list_is_told(self):
        def reload(last):
            networks = ", ".join(f'"10.{number}.0.0/24"' for number in (*range(250), last))
            hosts = ", ".join(f'"host-number-{number}.example"' for number in (*range(250), last))
            self.daemon.write_config(STATE + f"exempt: {{ networks = [ {networks} ]; }};\n"
                                     f"our-names = [ {hosts} ];\n")
            answer, = self.json("reload")
            return answer["changed"]
        reload(251)
        self.assertEqual(reload(251), [])
        self.assertEqual(sorted(reload(252)), ["exempt.networks", "our-names"])

    def test_mistakes_are_told_with_their_lines(self):
        self.daemon.write_config(STATE + 'mode = "foo";\ntimeout = 1;\n')
        socket_ = ("-s", self.daemon.control)
        result = self.ctl(*socket_, "reload", status=78)
        path = self.daemon.config
        self.assertRegex(result.err, rf"^{path}:2: mode = .*\n{path}:3: timeout = 1 .*\n"
                                     "The configuration was NOT read again: ")
        status, = self.json(*socket_, "status")
        self.assertRegex(status["configuration"]["error"], f"^{path}:2: mode = ")
        self.assertIn("NOT reloaded", self.ctl(*socket_, "status").out)
        self.assert_serves()
        # Without its address nobody is asked, and the mistake is told all the same.
        result = self.ctl("reload", status=78)
        self.assertIn(f"{path}:2: mode = ", result.err)
        self.daemon.write_config(STATE)
        self.ctl("reload")
        status, = self.json("status")
        self.assertNotIn("error", status["configuration"])

    def test_many_at_once_are_all_answered(self):
        controls = [self.control() for _ in range(10)]
        for control in controls:
            control.send(b"reload\nreload\n")
        for control in controls:
            for _ in range(2):
                self.assertEqual(control.answer()[-1]["result"], "ok")

    def test_warnings_are_told(self):
        self.daemon.write_config(STATE + 'log: { to = "stderr"; level = "error"; };\n')
        self.assertRegex(self.ctl("reload").out, r":2: warning: log.level = ")
        self.daemon.write_config(STATE)
        self.ctl("reload")


if __name__ == "__main__":
    unittest.main()
