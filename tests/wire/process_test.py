"""The process: start, reload, stop, sockets, signals."""

import os
import signal
import socket
import stat
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from daemon import PATIENCE  # noqa: E402
from milter_wire import Mta  # noqa: E402
from ports import free_port  # noqa: E402
from postfix_config import has_ipv6  # noqa: E402
from wire_case import OwnDaemonCase  # noqa: E402

LENIENT = 'rules: { sender-syntax = "off"; };'
BAD = "<user@@example.com>"


class ProcessCase(OwnDaemonCase):
    def fail_to_start(self, config, status=None, **options):
        daemon = self.make(config, **options)
        ended = daemon.spawn().wait_exit()
        if status is None:
            self.assertNotEqual(ended, 0, daemon.said())
        else:
            self.assertEqual(ended, status, daemon.said())
        return daemon


class Reload(ProcessCase):
    def test_a_running_session_keeps_its_policy_and_a_new_one_has_the_new(self):
        daemon = self.run_daemon()
        old = self.session(daemon=daemon)
        self.assertEqual(daemon.reload(LENIENT)["event"], "reloaded")
        new = self.session(daemon=daemon)
        self.assert_refused(old.mail(BAD), "sender-syntax")
        self.assert_passes(new.mail(BAD))
        self.assertEqual(daemon.reload("")["event"], "reloaded")
        self.assert_refused(self.session(daemon=daemon).mail(BAD), "sender-syntax")
        new.abort()
        self.assert_passes(new.mail(BAD))
        daemon.stop()

    def test_a_second_session_on_an_old_connection_has_the_new_policy(self):
        daemon = self.run_daemon()
        mta = self.session(daemon=daemon)
        daemon.reload(LENIENT)
        self.assert_refused(mta.mail(BAD), "sender-syntax")
        for reply in mta.message():
            self.assert_passes(reply)
        mta.quit_new_connection()
        self.begin(mta)
        self.assert_passes(mta.mail(BAD))
        daemon.stop()

    def test_a_broken_file_changes_nothing_and_is_told_with_its_line(self):
        daemon = self.run_daemon(LENIENT)
        for broken in ('mode = "enforce";\nspeak = "sometimes";', "mode = ;", 'nonsense = 1;',
                       'rules: { sender-syntax = { reply = "550 4.7.1"; }; };'):
            with self.subTest(broken=broken):
                line = daemon.reload(broken)
                self.assertEqual(line["event"], "reload-failed")
                number = broken.count("\n") + 1
                self.assertRegex(daemon.log_text().split("\n", 1)[1],
                                 rf"milter-strict\.conf:{number}: ")
                self.assert_passes(self.session(daemon=daemon).mail(BAD))
        self.assertEqual(daemon.reload("")["event"], "reloaded")
        self.assert_refused(self.session(daemon=daemon).mail(BAD), "sender-syntax")
        daemon.stop()

    def test_a_missing_file_changes_nothing(self):
        daemon = self.run_daemon(LENIENT)
        os.unlink(daemon.config)
        self.assertEqual(daemon.reload()["event"], "reload-failed")
        self.assert_passes(self.session(daemon=daemon).mail(BAD))
        daemon.stop()

    def test_sighup_reloads_and_does_not_stop(self):
        daemon = self.run_daemon()
        old = self.session(daemon=daemon)
        for config, wanted in ((LENIENT, "reloaded"), ("nonsense = 1;", "reload-failed")):
            self.assertEqual(daemon.reload(config, signal.SIGHUP)["event"], wanted)
        self.assert_refused(old.mail(BAD), "sender-syntax")
        self.assert_passes(self.session(daemon=daemon).mail(BAD))
        daemon.stop()

    def test_many_reloads_while_sessions_come_and_go(self):
        daemon = self.run_daemon()
        sessions = []
        for number in range(30):
            daemon.reload(LENIENT if number % 2 == 0 else "")
            sessions.append(self.session(daemon=daemon))
        for number, mta in enumerate(sessions):
            reply = mta.mail(BAD)
            self.assertEqual(reply.passes, number % 2 == 0, f"session {number}: {reply}")
            mta.close()
        daemon.stop()

    def test_signals_in_a_burst(self):
        daemon = self.run_daemon()
        for _ in range(50):
            daemon.process.send_signal(signal.SIGUSR1)
            daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_log(event="reloaded")
        self.assert_serves(daemon)
        daemon.stop()


class Stop(ProcessCase):
    def test_with_50_open_sessions(self):
        daemon = self.run_daemon()
        sessions = [self.session(daemon=daemon) for _ in range(50)]
        for mta in sessions[:25]:
            self.assert_passes(mta.mail("<alice@example.net>"))
        daemon.stop(patience=PATIENCE / 3)

    def test_with_half_a_packet_under_way(self):
        daemon = self.run_daemon()
        mta = self.session(daemon=daemon)
        mta.send_half(b"M", b"<alice@example.net>\0")
        daemon.stop()

    def test_at_once_after_the_start(self):
        daemon = self.run_daemon()
        daemon.stop()

    def test_by_sigint(self):
        daemon = self.run_daemon()
        self.session(daemon=daemon)
        daemon.process.send_signal(signal.SIGINT)
        self.assertEqual(daemon.wait_exit(), 0, daemon.said())

    def test_leaves_no_socket_behind(self):
        daemon = self.run_daemon()
        path = daemon.milter.removeprefix("unix:")
        self.assertTrue(stat.S_ISSOCK(os.stat(path).st_mode))
        daemon.stop()
        self.assertFalse(os.path.exists(path))


class Sockets(ProcessCase):
    def test_a_stale_socket_is_replaced(self):
        daemon = self.run_daemon()
        daemon.kill()
        self.assertTrue(os.path.exists(daemon.milter.removeprefix("unix:")))
        daemon.start()
        self.assert_serves(daemon)
        daemon.stop()

    def test_a_live_socket_is_left_alone(self):
        first = self.run_daemon()
        second = self.fail_to_start("", listen=first.milter)
        self.assertIn(first.milter.removeprefix("unix:"), second.log_text())
        self.assert_serves(first)
        first.stop()

    def test_a_file_that_is_no_socket_is_left_alone(self):
        daemon = self.make()
        path = daemon.milter.removeprefix("unix:")
        with open(path, "w", encoding="ascii") as file:
            file.write("precious")
        self.assertNotEqual(daemon.spawn().wait_exit(), 0)
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")

    def test_over_inet(self):
        daemon = self.run_daemon(listen=f"inet:{free_port()}@127.0.0.1")
        self.assert_serves(daemon)
        daemon.stop()

    @unittest.skipUnless(has_ipv6(), "this machine has no IPv6 loopback")
    def test_over_inet6(self):
        daemon = self.run_daemon(listen=f"inet6:{free_port()}@::1")
        self.assert_serves(daemon)
        daemon.stop()

    def test_a_folder_that_does_not_exist(self):
        daemon = self.fail_to_start("", listen="unix:/nonexistent/milter.sock")
        self.assertIn("/nonexistent/milter.sock", daemon.log_text())


class ServiceManager(ProcessCase):
    def test_is_told_of_start_reload_and_stop(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            name = f"\0milter-strict-test-{os.getpid()}"
            manager.bind(name)
            manager.settimeout(PATIENCE)
            daemon = self.run_daemon(environment={"NOTIFY_SOCKET": "@" + name[1:]})
            self.assertIn("READY=1", self.told(manager, "READY=1"))
            daemon.reload()
            self.told(manager, "RELOADING=1")
            self.told(manager, "READY=1")
            daemon.stop()
            self.told(manager, "STOPPING=1")

    def told(self, manager, wanted):
        while True:
            try:
                message = manager.recv(4096).decode()
            except socket.timeout:
                self.fail(f"the service manager was not told {wanted}")
            if wanted in message:
                return message

    def test_its_socket_is_used(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(16)
            number = listener.fileno()
            address = f"inet:{listener.getsockname()[1]}@127.0.0.1"
            launcher = ["bash", "-c", f'exec 3<&{number}; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "-"]
            daemon = self.run_daemon('listen: { milter = "fd:3"; };', listen=address,
                                     launcher=launcher, pass_fds=(number,))
        self.assert_serves(daemon)
        daemon.stop()


@unittest.skipUnless(os.geteuid() == 0, "only root can give root away")
class Privileges(ProcessCase):
    def test_started_as_root_it_serves_as_somebody_else_for_good(self):
        daemon = self.run_daemon('user = "nobody"; group = "nogroup";', as_root=True)
        with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
            status = dict(line.split(":\t", 1) for line in file.read().split("\n") if ":\t" in line)
        for kind in ("Uid", "Gid"):
            self.assertNotIn("0", status[kind].split(), status[kind])
        self.assertNotIn("0", status["Groups"].split(), status["Groups"])
        for kind in ("CapEff", "CapPrm", "CapInh"):
            self.assertEqual(int(status[kind], 16), 0, kind)
        self.assert_serves(daemon)
        self.assertEqual(daemon.reload(LENIENT + 'user = "nobody"; group = "nogroup";')["event"],
                         "reloaded")
        daemon.stop()

    def test_it_does_not_serve_as_root(self):
        daemon = self.fail_to_start('user = "root";', as_root=True)
        self.assertIn("root", daemon.log_text())

    def test_a_user_who_does_not_exist(self):
        daemon = self.fail_to_start('user = "no-such-user-here";', as_root=True)
        self.assertIn("no-such-user-here", daemon.log_text())


class BadConfiguration(ProcessCase):
    def test_ends_with_78_and_the_place(self):
        for config, number in (('mode = "off";', 1), ("\nspeak = 7;", 2), ("listen = 3;", 1),
                               ("\n\nrules: { no-such-rule = \"off\"; };", 3)):
            with self.subTest(config=config):
                daemon = self.fail_to_start(config, 78)
                self.assertRegex(daemon.log_text(), rf"milter-strict\.conf:{number}: ")

    def test_a_missing_file(self):
        daemon = self.make()
        os.unlink(daemon.config)
        self.assertNotEqual(daemon.spawn().wait_exit(), 0)
        self.assertIn("milter-strict.conf", daemon.log_text())


class ManyDaemons(ProcessCase):
    def test_do_not_disturb_each_other(self):
        daemons = [self.run_daemon() for _ in range(3)]
        daemons[1].stop()
        for daemon in (daemons[0], daemons[2]):
            with Mta(daemon.milter) as mta:
                mta.greet()
            self.assert_serves(daemon)
            daemon.stop()


if __name__ == "__main__":
    unittest.main()
