"""The control socket: what it bears, whom it lets in, and what is said when nobody is there."""

import os
import pathlib
import socket
import stat
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from daemon import PATIENCE, UNPRIVILEGED  # noqa: E402
from operator_case import STATE, CtlCase  # noqa: E402
from operator_tool import ctl  # noqa: E402
from ports import deaf_port  # noqa: E402
from wire_case import OwnDaemonCase  # noqa: E402


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

    def let_in(self):
        """A connection that is one of the sixteen; those of the tests before may still be going."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            control = self.control()
            if control.ask("status")[-1]["result"] == "ok":
                return control
            control.close()
        raise AssertionError("waited in vain to be let in")

    def test_many_connections(self):
        silent = [self.let_in() for _ in range(16)]
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


class OwnDaemons(OwnDaemonCase, CtlCase):
    """Each test has its own daemon, or none."""

    CONFIG = ""

    def make(self, config=STATE, **options):
        return super().make(config, **options)

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

    def test_sharing_that_does_not_work_is_told(self):
        port = self.enterContext(deaf_port())
        daemon = self.make(STATE + f'redis: {{ server = "inet:{port}@127.0.0.1"; }};\n').start()
        daemon.wait_log(event="sharing-lost")
        sharing = self.json("status", daemon=daemon)[0]["sharing"]
        self.assertEqual((sharing["state"], sharing["sent"]), ("alone", 0))
        self.assertTrue(sharing["error"])
        self.assertRegex(self.ctl("status", daemon=daemon).out, r"\n  Sharing +alone since 20\d\d-")
        daemon.stop()

    def test_stops_at_once_amid_operators(self):
        daemon = self.make().start()
        silent = [self.control(daemon) for _ in range(5)]
        silent[0].send(b"refused\nstatus\nreload")
        self.assertEqual(silent[0].line()["command"], "refused")
        began = time.monotonic()
        daemon.stop()
        self.assertLess(time.monotonic() - began, PATIENCE / 4)

    def test_a_reload_amid_the_end_cuts_nobody_off(self):
        """Asked for too late to be served, it does not use up the time that sessions have."""
        for pause in (0, 0.005, 0.01, 0.02, 0.02):  # in one of them the moment is a bad one
            daemon = self.make().start()
            operators = [self.control(daemon) for _ in range(15)]
            for operator in operators:
                operator.ask("status")
            for operator in operators:
                operator.send(b"refused\n" * 300 + b"reload\n")
                operator.socket.shutdown(socket.SHUT_WR)
            time.sleep(pause)
            daemon.stop()
            line, = daemon.wait_log(event="stopped")
            self.assertNotIn("because", line)

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

    def test_a_refusal_without_effect_hides_no_other(self):
        for action in ("monitor", "off"):
            with self.subTest(action=action):
                daemon = self.make(f'rules: {{ client-refused = "{action}"; }};\n' + STATE).start()
                self.ctl("refuse", "192.0.2.0/24", "30d", daemon=daemon)
                mta = self.probe("192.0.2.7", daemon=daemon)
                self.assert_refused_now(mta, "probe-recipients")
                daemon.stop()


if __name__ == "__main__":
    unittest.main()
