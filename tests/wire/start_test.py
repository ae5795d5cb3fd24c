"""The start: who the daemon becomes, which socket it takes, and what the command line says."""

import fcntl
import os
import pwd
import socket
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import tables  # noqa: E402
from askers import MapAsker, PolicyAsker  # noqa: E402
from daemon import PATIENCE, program, wrapper  # noqa: E402
from wire_case import OwnDaemonCase  # noqa: E402

NOBODY = 'user = "nobody";'
SERVES_AS = pwd.getpwnam("nobody")

# Becomes the daemon, with descriptors passed as a service manager does it.
MANAGER = ['bash', '-c', 'next=3; for given in $1; do eval "exec $next<&$given"; next=$((next + 1)); '
           'done; export LISTEN_PID=$$ LISTEN_FDS=$((next - 3)); '
           '[ -z "$2" ] || export LISTEN_FDNAMES="$2"; shift 2; exec "$@"', "manager"]


class StartCase(OwnDaemonCase):
    def fail_to_start(self, daemon, status, *words):
        self.assertEqual(daemon.spawn().wait_exit(), status, daemon.said())
        for word in words:
            self.assertIn(word, daemon.log_text())


@unittest.skipUnless(os.geteuid() == 0, "only root can give root away")
class AsRoot(StartCase):
    def status_of(self, daemon):
        with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
            lines = [line.split(":\t", 1) for line in file.read().split("\n")]
        return {line[0]: line[1].split() for line in lines if len(line) == 2}

    def test_nothing_of_root_is_left_in_any_thread(self):
        daemon = self.make(NOBODY, as_root=True).start()
        process = daemon.process.pid
        for task in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{task}/status", encoding="ascii") as file:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
            self.assertEqual(set(status["Uid"].split()), {str(SERVES_AS.pw_uid)})
            self.assertEqual(set(status["Gid"].split()), {str(SERVES_AS.pw_gid)})
            self.assertEqual(set(status["Groups"].split()), {str(SERVES_AS.pw_gid)})
            self.assertEqual(status["NoNewPrivs"], "1")
            for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                self.assertEqual(int(status[kind], 16), 0, kind)
        self.assert_serves(daemon)
        daemon.stop()

    def test_the_socket_has_mode_and_owner(self):
        daemon = self.make(NOBODY + '\nlisten: { milter = "unix:@DIR@/milter.sock"; mode = "0640"; '
                           'group = "daemon"; };', as_root=True).start()
        status = os.stat(daemon.milter.removeprefix("unix:"))
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o640)
        self.assertEqual(status.st_uid, SERVES_AS.pw_uid)
        self.assertEqual(status.st_gid, 1)
        daemon.stop()

    def test_a_configured_group_is_taken(self):
        daemon = self.make(NOBODY + 'group = "daemon";', as_root=True).start()
        self.assertEqual(set(self.status_of(daemon)["Gid"]), {"1"})
        daemon.stop()

    def test_a_user_by_number(self):
        daemon = self.make(f'user = "{SERVES_AS.pw_uid}";', as_root=True).start()
        self.assertEqual(set(self.status_of(daemon)["Uid"]), {str(SERVES_AS.pw_uid)})
        daemon.stop()

    def test_root_is_refused_by_name_number_and_group(self):
        for config in ('user = "root";', 'user = "0";', NOBODY + 'group = "root";',
                       NOBODY + 'group = "0";'):
            with self.subTest(config=config):
                self.fail_to_start(self.make(config, as_root=True), 78, "root")

    def test_groups_that_do_not_exist(self):
        for config in (NOBODY + 'group = "no-such-group";',
                       NOBODY + '\nlisten: { milter = "unix:@DIR@/milter.sock"; '
                       'group = "no-such-group"; };'):
            with self.subTest(config=config):
                daemon = self.make(config, as_root=True)
                self.fail_to_start(daemon, 78, "no-such-group")
                self.assertFalse(os.path.exists(f"{daemon.folder}/milter.sock"))

    def test_a_socket_in_a_folder_that_is_not_its_own_is_no_obstacle_to_stopping(self):
        daemon = self.make(NOBODY, as_root=True)
        os.chown(daemon.folder, 0, 0)
        os.chmod(daemon.folder, 0o755)
        for _ in range(2):  # the second start finds what the first had to leave behind
            daemon.start()
            self.assert_serves(daemon)
            daemon.stop()


class WithoutStandardDescriptors(StartCase):
    def test_nothing_it_opens_takes_their_place(self):
        daemon = self.make(launcher=["bash", "-c", 'exec "$@" <&- >&- 2>&-', "closed"]).spawn()
        daemon.wait_for(daemon.accepts, "its socket")
        self.assert_serves(daemon)
        for number in range(3):
            target = os.readlink(f"/proc/{daemon.process.pid}/fd/{number}")
            self.assertEqual(target, "/dev/null", number)
        daemon.stop()


class Second(StartCase):
    def test_start_is_refused_and_the_first_goes_on(self):
        first = self.make().start()
        second = self.make(listen=first.milter)
        self.fail_to_start(second, 69, "another process is serving there")
        self.assert_serves(first)
        first.stop()

    def test_starts_at_the_same_moment_leave_one(self):
        path = self.make().milter
        daemons = [self.make(listen=path).spawn() for _ in range(6)]
        for daemon in daemons:
            daemon.wait_for(lambda one=daemon: one.log_lines(event="started")
                            or one.process.poll() is not None, "a decision")
        serving = [daemon for daemon in daemons if daemon.process.poll() is None]
        self.assertEqual(len(serving), 1, [daemon.said() for daemon in daemons])
        self.assert_serves(serving[0])
        serving[0].stop()


class Passed(StartCase):
    """Sockets that a service manager opened."""

    def listening(self):
        sock = socket.socket()
        self.addCleanup(sock.close)
        sock.bind(("127.0.0.1", 0))
        sock.listen(16)
        return sock

    def high(self, sock):
        """A descriptor out of the way of those that are passed."""
        number = fcntl.fcntl(sock, fcntl.F_DUPFD, 60)
        self.addCleanup(os.close, number)
        return number

    def pass_on(self, sockets, names=""):
        numbers = [self.high(sock) for sock in sockets]
        launcher = [*MANAGER, " ".join(map(str, numbers)), names]
        daemon = self.make(launcher=launcher, pass_fds=numbers)
        # The configured socket is free: that it stays so shows which one was taken.
        self.configured = daemon.milter.removeprefix("unix:")
        return daemon

    def assert_takes(self, daemon, sock):
        daemon.milter = f"inet:{sock.getsockname()[1]}@127.0.0.1"
        daemon.start()
        self.assertFalse(os.path.exists(self.configured))
        self.assertEqual(daemon.log_lines(event="started")[0]["listen"][:3], "fd:")
        self.assert_serves(daemon)
        daemon.stop()

    def test_one_without_a_name_comes_before_the_configured(self):
        sock = self.listening()
        self.assert_takes(self.pass_on([sock]), sock)

    def test_one_named_after_its_unit(self):
        sock = self.listening()
        self.assert_takes(self.pass_on([sock], "milter-strict.socket"), sock)

    def test_one_of_several_by_name(self):
        socks = [self.listening() for _ in range(3)]
        self.assert_takes(self.pass_on(socks, "other:milter:third"), socks[1])

    def test_none_of_several_without_the_name(self):
        socks = [self.listening() for _ in range(2)]
        daemon = self.pass_on(socks, "other:third").start()
        self.assertTrue(os.path.exists(self.configured))
        daemon.stop()

    def test_one_with_another_s_name_is_not_taken(self):
        daemon = self.pass_on([self.listening()], "policy").start()
        self.assertTrue(os.path.exists(self.configured))
        daemon.stop()

    def test_each_door_has_its_own_name(self):
        socks = [self.listening() for _ in range(3)]
        daemon = self.pass_on(socks, "socketmap:milter:policy")
        policy, socketmap = (f"inet:{sock.getsockname()[1]}@127.0.0.1" for sock in (socks[2],
                                                                                    socks[0]))
        daemon.milter = f"inet:{socks[1].getsockname()[1]}@127.0.0.1"
        daemon.start()
        with PolicyAsker(policy) as asker:
            self.assertIn("(command-vrfy)", asker.vrfy("alice"))
        with MapAsker(socketmap) as asker:
            self.assertIn("(command-vrfy)", asker.ask("check_vrfy", "alice"))
        self.assert_serves(daemon)
        daemon.stop()

    def test_a_socket_that_does_not_listen_is_refused(self):
        sock = socket.socket()
        self.addCleanup(sock.close)
        self.fail_to_start(self.pass_on([sock]), 69, "does not listen")

    def test_for_another_process_they_do_not_count(self):
        sock = self.listening()
        daemon = self.make(environment={"LISTEN_PID": "1", "LISTEN_FDS": "1"},
                           pass_fds=[sock.fileno()]).start()
        self.assertEqual(daemon.log_lines(event="started")[0]["listen"], daemon.milter)
        daemon.stop()

    def test_stopping_leaves_a_passed_unix_socket_to_its_owner(self):
        daemon = self.make()
        path = f"{daemon.folder}/passed.sock"
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.bind(path)
        sock.listen(16)
        os.chmod(path, 0o666)
        number = self.high(sock)
        daemon.launcher = [*MANAGER, str(number), "milter"]
        daemon.pass_fds = (number,)
        daemon.milter = f"unix:{path}"
        daemon.start()
        self.assert_serves(daemon)
        daemon.stop()
        self.assertTrue(os.path.exists(path))


class CommandLine(unittest.TestCase):
    COMMANDS = tables.subcommands()

    def run_program(self, *arguments):
        return subprocess.run([*wrapper(), program(), *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=PATIENCE, check=False)

    def test_help_tells_every_command_and_fits_a_terminal(self):
        for word in ("--help", "-h", "help"):
            result = self.run_program(word)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            for command in self.COMMANDS:
                self.assertIn(f"milter-strict {command}", result.stdout)
            self.assertIn("milter-strict(8)", result.stdout)
            self.assertLessEqual(max(map(len, result.stdout.split("\n"))), 100)

    def test_every_command_has_help(self):
        for command in self.COMMANDS:
            with self.subTest(command=command):
                result = self.run_program(command, "--help")
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertRegex(result.stdout, rf"(?i)^usage: +milter-strict {command}\b")

    def test_version(self):
        result = self.run_program("--version")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"\Amilter-strict \d+\.\d+\.\d+\n\Z")

    def test_what_is_not_understood_is_usage(self):
        for arguments in ((), ("nonsense",), ("",), ("--nonsense",), ("run", "--nonsense"),
                          ("run", "extra"), ("run", "-c")):
            with self.subTest(arguments=arguments):
                result = self.run_program(*arguments)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertIn("milter-strict", result.stderr)

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([program(), "--help"], stdout=full, stderr=subprocess.PIPE,
                                    timeout=PATIENCE, check=False)
        self.assertNotEqual(result.returncode, 0)


if __name__ == "__main__":
    unittest.main()
