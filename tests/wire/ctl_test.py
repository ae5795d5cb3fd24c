"""`milter-strict ctl`: what operators see and do, and what the control socket bears."""

import os
import pathlib
import socket
import stat
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from daemon import PATIENCE, UNPRIVILEGED, Daemon, program  # noqa: E402
from milter_wire import Mta  # noqa: E402
from operator_tool import Control, ctl, run  # noqa: E402
from wire_case import WireCase  # noqa: E402

STATE = 'state-directory = "@DIR@";\n'
DICTIONARY = 25  # names, more than it takes to be refused


class CtlCase(WireCase):
    CONFIG = STATE

    def ctl(self, *arguments, status=0, daemon=None):
        result = ctl(daemon or self.daemon, *arguments)
        self.assertEqual(result.status, status, result)
        if status == 0:
            self.assertEqual(result.err, "")
        return result

    def json(self, *arguments, **options):
        return self.ctl("--json", *arguments, **options).lines()

    def control(self, daemon=None):
        control = Control(daemon or self.daemon)
        self.addCleanup(control.close)
        return control

    def probe(self, address, names=DICTIONARY, daemon=None):
        """A client that asks for so many unknown names, in a session that stays open."""
        mta = self.session(address=address, daemon=daemon)
        self.assert_passes(mta.mail("<list@example.net>"))
        for number in range(names):
            mta.rejected_rcpt(f"<user{number}@example.org>")
        mta.abort()
        return mta

    def assert_refused_now(self, mta, rule):
        self.assert_refused(mta.mail("<alice@example.net>"), rule, 421, "4.7.0")

    def networks(self, *arguments, daemon=None):
        rows = self.json("refused", *arguments, daemon=daemon)
        return [row["network"] for row in rows[:-1]]


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

    def test_wrong_requests(self):
        for arguments in ([], ["bla"], ["refuse"], ["refuse", "1.2.3"], ["forgive"],
                          ["refuse", "192.0.2.1", "5"], ["refuse", "192.0.2.1", "0m"],
                          ["refuse", "192.0.2.1", "367d"], ["refuse", "192.0.2.1", "m"],
                          ["refuse", "192.0.2.1", "9999999999h"], ["refuse", "192.0.2.1", "1h", "x"],
                          ["forgive", "192.0.2.1", "1h"], ["status", "now"], ["refuse", "a b"],
                          ["refused", "--sort", "x"], ["refused", "--limit", "0"],
                          ["refused", "--rule", "no-such"], ["refused", "--limit", "100001"],
                          ["status", "--sort", "since"], ["refuse", "192.0.2.0/33"],
                          ["refuse", "x" * 600], ["--nonsense"]):
            with self.subTest(arguments=arguments):
                result = self.ctl(*arguments, status=2)
                self.assertEqual(result.out, "")
                self.assertRegex(result.err, r"^milter-strict( ctl)?: ")

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


class Hostile(CtlCase):
    """The socket bears anything, and serves others meanwhile."""

    def assert_answers(self):
        self.daemon.wait_for(lambda: self.control().ask("status")[-1]["result"] == "ok",
                             "an answer to an operator")
        self.assert_serves()

    def test_huge_line(self):
        control = self.control()
        try:
            control.send(b"x" * 1_000_000 + b"\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = control.line()
        self.assertIn(answer and answer["kind"], (None, "usage"))
        self.assertIsNone(control.line())
        self.assert_answers()

    def test_longest_line(self):
        control = self.control()
        control.send(b"status" + b" " * 505 + b"\n")
        self.assertEqual(control.line()["result"], "ok")
        control.send(b"status" + b" " * 506 + b"\n")
        self.assertEqual(control.line()["kind"], "usage")
        self.assertIsNone(control.line())

    def test_strange_bytes(self):
        control = self.control()
        for request in (b"\0", b"status\0", b"\xff\xfe", b"\x1b[2J", b"", b"\r", b"   ",
                        b"{\"command\":\"status\"}", b"refuse \"192.0.2.1\"", b"STATUS",
                        b"GET / HTTP/1.0", b"refuse 192.0.2.1\x001h"):
            with self.subTest(request=request):
                control.send(request + b"\n")
                answer = control.line()
                self.assertEqual((answer["result"], answer["kind"]), ("error", "usage"))
                self.assertTrue(answer["error"].isascii() and answer["error"].isprintable())
        self.assertEqual(control.ask("status\r")[-1]["result"], "ok")

    def test_pieces_and_many_requests_at_once(self):
        control = self.control()
        for byte in b"status\nsta":
            control.send(bytes([byte]))
        self.assertEqual(control.line()["command"], "status")
        control.send(b"tus\n" * 1 + b"refused\nforgive 192.0.2.1\n" * 500)
        self.assertEqual(control.line()["command"], "status")
        for _ in range(500):
            self.assertEqual(control.line()["command"], "refused")
            self.assertEqual(control.line()["command"], "forgive")

    def test_half_requests_do_nothing(self):
        control = self.control()
        control.send(b"refuse 192.0.2.99 1h")
        control.socket.shutdown(socket.SHUT_WR)
        self.assertIsNone(control.line())
        self.assertEqual(self.networks("--network", "192.0.2.99"), [])

    def test_who_says_no_more_is_answered(self):
        control = self.control()
        control.send(b"reload\nstatus\n")
        control.socket.shutdown(socket.SHUT_WR)
        self.assertEqual([control.line()["command"] for _ in range(2)], ["reload", "status"])
        self.assertIsNone(control.line())

    def test_who_leaves_before_the_answer(self):
        for _ in range(50):
            control = self.control()
            control.send(b"reload\nrefused\nstatus\n")
            control.close()
        self.assert_answers()

    def test_many_connections(self):
        silent = [self.control() for _ in range(16)]
        self.assertEqual(silent[-1].ask("status")[-1]["result"], "ok")  # all are in
        crowd = [self.control() for _ in range(40)]
        for control in crowd:
            answer = control.line()
            self.assertEqual((answer["result"], answer["kind"]), ("error", "busy"))
        self.assertIn("too many operators", self.ctl("status", status=75).err)
        self.assert_serves()
        for control in silent + crowd:
            control.close()
        self.daemon.wait_for(lambda: ctl(self.daemon, "status").status == 0, "room for an operator")


class LongList(CtlCase):
    """More refused networks than a socket takes at once."""

    CONFIG = STATE
    COUNT = 3000

    def test_who_does_not_read_holds_up_nobody(self):
        filling = self.control()
        for number in range(self.COUNT):
            filling.send(f"refuse 10.{number >> 8}.{number & 255}.0/24\n".encode("ascii"))
            answer = filling.line()
            while answer["result"] == "error" and answer["kind"] == "busy":
                time.sleep(0.02)
                answer = filling.ask(f"refuse 10.{number >> 8}.{number & 255}.0/24")[-1]
            self.assertEqual(answer["result"], "ok")
        filling.close()
        lazy = [self.control() for _ in range(4)]
        for control in lazy:
            control.send(b"refused sort=network\n")
        before = self.daemon.rss_kib()
        self.assertEqual(self.control().ask("status")[-1]["result"], "ok")
        busy = self.control().ask("refused")[-1]
        self.assertEqual((busy["result"], busy["kind"]), ("error", "busy"))
        self.assert_serves()
        for control in lazy[:3]:
            control.close()
        lines = lazy[3].answer()
        self.assertEqual((lines[-1]["shown"], lines[-1]["found"]), (self.COUNT, self.COUNT))
        self.assertEqual(len({line["network"] for line in lines[:-1]}), self.COUNT)
        self.assertLess(self.daemon.rss_kib() - before, 64 * 1024)
        shown = self.ctl("refused", "-l", "1000", "-S", "network").out.splitlines()
        self.assertEqual(len({line.index("client-refused") for line in shown[1:-2]}), 1)
        self.assertEqual(shown[-1], f"1000 of {self.COUNT} networks.")


class Busy(CtlCase):
    def test_a_busy_daemon_answers(self):
        sessions = [self.session() for _ in range(200)]
        for mta in sessions:
            self.assert_passes(mta.mail("<alice@example.net>"))
        status, = self.json("status")
        self.assertGreaterEqual(status["sessions"]["open"], 200)
        self.ctl("reload")
        for mta in sessions:
            self.assert_passes(mta.rcpt("<bob@example.org>"))


class OwnDaemons(CtlCase):
    """Each test has its own daemon, or none."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def tearDown(self):
        pass

    def make(self, config=STATE, **options):
        daemon = Daemon(config, **options)
        self.addCleanup(daemon.discard)
        return daemon

    def path(self, daemon):
        return pathlib.Path(daemon.control.removeprefix("unix:"))

    def test_no_daemon(self):
        daemon = self.make()
        result = self.ctl("status", status=69, daemon=daemon)
        self.assertIn(f"{daemon.control}: no daemon is running", result.err)

    def test_stale_socket(self):
        daemon = self.make().start()
        daemon.kill()
        self.assertTrue(self.path(daemon).is_socket())
        self.assertIn("no daemon is running", self.ctl("status", status=69, daemon=daemon).err)
        daemon.start()
        self.ctl("status", daemon=daemon)
        daemon.stop()
        self.assertFalse(self.path(daemon).exists())

    def test_the_socket_is_the_daemon_s_alone(self):
        daemon = self.make().start()
        mode = stat.S_IMODE(self.path(daemon).stat().st_mode)
        self.assertEqual(mode, 0o600)
        daemon.stop()

    def test_permissions_are_configured(self):
        group = f"{os.getgid()}" if os.geteuid() != 0 else "4"
        daemon = self.make(STATE + 'user = "%s";\nlisten: { milter = "unix:@DIR@/milter.sock"; '
                           'control-mode = "0660"; control-group = "%s"; };\n'
                           % (UNPRIVILEGED, group), as_root=True).start()
        status = self.path(daemon).stat()
        self.assertEqual((stat.S_IMODE(status.st_mode), status.st_gid), (0o660, int(group)))
        daemon.stop()

    def test_an_unknown_group_is_a_mistake(self):
        daemon = self.make('listen: { milter = "unix:@DIR@/milter.sock"; '
                           'control-group = "no-such-group"; };\n').spawn()
        self.assertEqual(daemon.wait_exit(), 78)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_strangers_are_not_let_in(self):
        daemon = self.make().start()
        os.chmod(daemon.folder, 0o755)
        stranger = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
        result = ctl(daemon, "status", launcher=stranger, tool=daemon.reachable_program())
        self.assertEqual(result.status, 77, result)
        self.assertIn("permission to use the control socket is missing", result.err)
        daemon.stop()

    def test_a_daemon_serves_without_its_socket(self):
        for address in ("unix:/nonexistent/control.sock", "unix:@DIR@/milter-strict.conf"):
            with self.subTest(address=address):
                daemon = self.make('listen: { milter = "unix:@DIR@/milter.sock"; '
                                   f'control = "{address}"; }};\n').start()
                self.assertEqual(len(daemon.log_lines(event="control-failed")), 1)
                self.assert_serves(daemon)
                self.ctl("status", status=69, daemon=daemon)
                daemon.stop()

    def test_no_socket_is_wanted(self):
        daemon = self.make('listen: { milter = "unix:@DIR@/milter.sock"; control = ""; };\n').start()
        self.assertEqual(daemon.log_lines(event="control-failed"), [])
        self.assertIn("listen.control is empty", self.ctl("status", status=69, daemon=daemon).err)
        self.assert_serves(daemon)
        daemon.stop()

    def test_nobody_is_remembered(self):
        for state, shown in (("", "off"), ("@DIR@/nowhere", "failing")):
            with self.subTest(state=state):
                daemon = self.make(f'state-directory = "{state}";\n').start()
                self.assertEqual(self.json("status", daemon=daemon)[0]["store"]["state"], shown)
                for command in (["refused"], ["refuse", "192.0.2.1"], ["forgive", "192.0.2.1"]):
                    self.assertIn("nobody is remembered",
                                  self.ctl(*command, status=69, daemon=daemon).err)
                daemon.stop()

    def test_stops_at_once_amid_operators(self):
        daemon = self.make().start()
        silent = [self.control(daemon) for _ in range(5)]
        silent[0].send(b"refused\nstatus\nreload")
        self.assertEqual(silent[0].line()["command"], "refused")
        began = time.monotonic()
        daemon.stop()
        self.assertLess(time.monotonic() - began, PATIENCE / 4)

    def test_whoever_is_no_daemon(self):
        daemon = self.make()
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.path(daemon)))
        listener.listen()
        for said, told in ((b"220 hello\r\n", "is not milter-strict"), (b"", "hung up"),
                           (b'{"network":"x"}\n{"res', "hung up"), (b"[1]\n", "is not milter-str")):
            with self.subTest(said=said):
                self.assertIn(told, self.with_answer(listener, daemon, said))

    def with_answer(self, listener, daemon, said):
        import threading
        def serve():
            peer, _ = listener.accept()
            peer.recv(1000)
            peer.sendall(said)
            peer.close()
        thread = threading.Thread(target=serve)
        thread.start()
        result = ctl(daemon, "status")
        thread.join()
        self.assertEqual(result.status, 69, result)
        return result.err

    def test_monitored_refusals_are_marked(self):
        daemon = self.make('mode = "monitor";\n' + STATE).start()
        self.assertIn("it is only noticed", self.ctl("refuse", "192.0.2.0/24", daemon=daemon).out)
        self.assertRegex(self.ctl("refused", daemon=daemon).out,
                         r"\n192\.0\.2\.0/24 .*client-refused  \(monitor\)\n")
        mta = self.session(daemon=daemon, address="192.0.2.7")
        self.assert_message_passes(mta)
        mta.quit()
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
