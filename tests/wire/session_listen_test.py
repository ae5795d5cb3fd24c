"""The session tool on a port: many clients, slow ones, hostile ones, and its end."""

import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import daemon  # noqa: E402
from session_tool import SessionTool  # noqa: E402
from smtp_client import SmtpError  # noqa: E402

SLOW = bool(daemon.wrapper())
AT_ONCE = 30 if SLOW else 300
CONNECTIONS_MAX = 1000
FLOOD = b"HELP\r\n" * 10000
CLIENT_OUTPUT_KIB = 512  # far more than one client may cost


def instrumented():
    """Sanitizers and valgrind need memory of their own."""
    with open(daemon.program(), "rb") as file:
        return SLOW or re.search(rb"__(asan|tsan|msan)_init", file.read()) is not None


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
        return True
    except OSError:
        return False


def room_for(descriptors):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < descriptors:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(descriptors, 1024), most))
    return True


def pour(client, data, most=200):
    """Send until the other side takes no more; returns whether that happened."""
    client.sock.settimeout(0.5)
    try:
        for _ in range(most):
            client.sock.sendall(data)
    except OSError:  # it waits, or has hung up already
        return True
    return False


class ListenCase(unittest.TestCase):
    def serve(self, *options, **settings):
        tool = SessionTool(*options, **settings)
        self.enterContext(tool)
        return tool

    def greet(self, client):
        self.assertEqual(client.read_reply()[0][:3], "220")
        self.assert_code(client.command("EHLO client.example"), "250")

    def assert_code(self, reply, code):
        self.assertTrue(reply and reply[0].startswith(code), reply)

    def assert_serves(self, tool):
        client = tool.dial()
        self.greet(client)
        self.assert_code(client.command("MAIL FROM:<user@@example.com>"), "501-5.1.7")
        self.assert_code(client.command("MAIL FROM:<user@example.com>"), "250")
        self.assert_code(client.command("QUIT"), "221")
        self.assertEqual(client.wait_closed(), [])


class Listen(ListenCase):
    def test_a_free_port_is_taken_and_told(self):
        tool = self.serve()
        self.assertEqual(tool.host, "127.0.0.1")
        self.assertGreater(tool.port, 0)
        self.assert_serves(tool)

    @unittest.skipUnless(has_ipv6(), "no IPv6 on the loopback")
    def test_ipv6(self):
        tool = self.serve(address="[::1]:0")
        self.assertEqual(tool.host, "::1")
        self.assert_serves(tool)

    def test_many_at_once(self):
        tool = self.serve()
        clients = [tool.dial() for _ in range(AT_ONCE)]
        for client in clients:
            self.greet(client)
        for client in reversed(clients):
            client.send(b"MAIL FROM:<a@example.net>\r\nRCPT TO:<b..c@example.org>\r\n"
                        b"RCPT TO:<b@example.org>\r\nDATA\r\n")
        for client in clients:
            codes = [client.read_reply()[0][:3] for _ in range(4)]
            self.assertEqual(codes, ["250", "501", "250", "354"])
        for client in clients:
            self.assert_code(client.command("Hello\r\n."), "250")

    def test_a_slow_client_holds_up_nobody(self):
        tool = self.serve()
        slow = tool.dial()
        slow.read_reply()
        for byte in b"EHLO client.exa":
            slow.send(bytes([byte]))
            self.assert_serves(tool)
        self.assert_code(slow.command("mple"), "250")

    def test_only_crlf_ends_a_line(self):
        client = self.serve().dial()
        self.greet(client)
        client.send(b"NOOP\n")
        self.assertIn("(line-end)", client.read_reply()[0])

    def test_whoever_sends_and_closes_still_reads_all(self):
        client = self.serve().dial()
        client.send(b"EHLO client.example\r\n" + b"HELP\r\n" * 200 + b"QUIT\r\n")
        client.half_close()
        lines = client.wait_closed()
        self.assertTrue(lines[-1].startswith("221"), lines[-1])
        self.assertEqual(sum(line.startswith("214 ") for line in lines), 200)

    def test_the_last_word_arrives_though_more_is_sent(self):
        tool = self.serve()
        for _ in range(20):
            client = tool.dial()
            client.send(b"GET / HTTP/1.1\r\n" + b"Host: mx.example.org\r\n" * 1000)
            said = client.wait_closed()
            self.assertIn("(command-foreign)", said[1], said)


class Clients(ListenCase):
    def test_a_client_on_this_machine_is_no_exempt_one(self):
        tool = self.serve("-v")
        self.assert_serves(tool)
        self.assertIn("192.0.2.1: answered by: sender-syntax", tool.said())

    def test_unless_that_is_asked_for(self):
        tool = self.serve("-v", "--client", "127.0.0.1")
        client = tool.dial()
        self.greet(client)
        self.assert_code(client.command("MAIL FROM:<a..b@example.net>"), "250")
        self.assertIn("127.0.0.1: exempt from: sender-dots", tool.said())
        self.assertIn("network", tool.said())

    def test_authenticated(self):
        client = self.serve("--authenticated").dial()
        self.greet(client)
        self.assert_code(client.command("MAIL FROM:<a..b@example.net>"), "250")

    def test_the_configuration_is_obeyed(self):
        client = self.serve(config='rules: { sender-dots = "off"; };').dial()
        self.greet(client)
        self.assert_code(client.command("MAIL FROM:<a..b@example.net>"), "250")


class Hostile(ListenCase):
    def test_a_client_that_never_reads_costs_little_and_is_dropped(self):
        tool = self.serve("--timeout", "3")
        self.assert_serves(tool)
        before = tool.resident()
        clients = [tool.dial() for _ in range(4)]
        self.assertTrue(all([pour(client, FLOOD) for client in clients]), "all of a flood was taken")
        self.assert_serves(tool)
        self.assert_grown_less(tool, before, CLIENT_OUTPUT_KIB * len(clients))
        self.assert_all_gone(tool)

    def assert_grown_less(self, tool, before, kib):
        if not instrumented():
            self.assertLess(tool.resident() - before, kib)

    def assert_all_gone(self, tool):
        """Every connection but none of ours is left in the tool."""
        folder, deadline = f"/proc/{tool.process.pid}/fd", time.monotonic() + daemon.PATIENCE
        while True:
            sockets = [name for name in os.listdir(folder)
                       if os.readlink(f"{folder}/{name}").startswith("socket:")]
            if len(sockets) <= 3:  # the port, and libevent's own pair for signals
                return
            self.assertLess(time.monotonic(), deadline, f"{len(sockets)} sockets are left")
            time.sleep(0.1)

    def test_a_line_without_end_is_not_kept(self):
        tool = self.serve()
        client = tool.dial()
        self.greet(client)
        before = tool.resident()
        for _ in range(200):
            client.send(b"x" * 65536)
        client.send(b"\r\n")
        self.assertIn("(command-long)", client.read_reply()[0])
        self.assert_grown_less(tool, before, 1024)
        self.assert_code(client.command("NOOP"), "250")

    def test_an_idle_client_hears_why(self):
        tool = self.serve("--timeout", "1")
        client = tool.dial()
        client.read_reply()
        self.assert_code(client.read_reply(), "421 4.4.2")
        self.assertEqual(client.wait_closed(), [])

    def test_one_client_too_many_hears_why(self):
        if not room_for(CONNECTIONS_MAX + 200):
            self.skipTest("1,200 file descriptors are not allowed")
        tool = self.serve()
        clients = [tool.dial() for _ in range(CONNECTIONS_MAX)]
        for client in clients:
            self.assert_code(client.read_reply(), "220")
        self.assert_code(tool.dial().read_reply(), "421 4.3.2")
        for client in clients:
            self.assert_code(client.command("NOOP"), "250")
        clients[0].command("QUIT")
        clients[0].wait_closed()
        clients[0].close()
        deadline = time.monotonic() + daemon.PATIENCE
        while True:
            client = tool.dial()
            if client.read_reply()[0].startswith("220"):
                break
            client.close()
            self.assertLess(time.monotonic(), deadline, "no room though somebody has left")
            time.sleep(0.1)


class End(ListenCase):
    def test_everybody_is_told(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                tool = self.serve()
                clients = [tool.dial() for _ in range(20)]
                for client in clients:
                    self.greet(client)
                tool.kill(number)
                for client in clients:
                    self.assert_code(client.read_reply(), "421 4.3.2")
                    self.assertEqual(client.wait_closed(), [])
                    client.close()
                self.assertEqual(tool.stop(), 0)

    def test_a_client_that_never_reads_does_not_keep_it(self):
        tool = self.serve()
        pour(tool.dial(), FLOOD)
        begun = time.monotonic()
        self.assertEqual(tool.stop(), 0)
        self.assertLess(time.monotonic() - begun, 30.0)

    def test_a_second_signal_ends_it_at_once(self):
        tool = self.serve()
        pour(tool.dial(), FLOOD)
        tool.kill(signal.SIGTERM)
        time.sleep(0.2)
        self.assertEqual(tool.stop(signal.SIGINT), 0)


class CommandLine(unittest.TestCase):
    def run_tool(self, *options):
        ended = subprocess.run([*daemon.wrapper(), daemon.program(), "session", *options],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               timeout=daemon.PATIENCE, check=False)
        return ended.returncode, ended.stdout, ended.stderr

    def test_help(self):
        status, said, errors = self.run_tool("--help")
        self.assertEqual((status, errors), (0, ""))
        for option in ("--config", "--client", "--listen", "--timeout", "--authenticated", "-v"):
            self.assertIn(option, said)

    def test_bad_options(self):
        for options in (["--listen", "here"], ["--listen", "127.0.0.1:66666"], ["--client", "x"],
                        ["--listen", "::1:25"], ["--timeout", "0"], ["--timeout", "x"],
                        ["--frobnicate"], ["too", "much"]):
            with self.subTest(options=options):
                status, said, errors = self.run_tool(*options)
                self.assertEqual((status, said), (2, ""))
                self.assertIn("--help", errors)

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            status, said, errors = self.run_tool("-c", os.devnull, "--listen", f"127.0.0.1:{port}")
            self.assertEqual((status, said), (69, ""))
            self.assertIn(str(port), errors)

    def test_a_bad_configuration(self):
        status, said, errors = self.run_tool("-c", "/nonexistent/milter-strict.conf")
        self.assertEqual((status, said), (78, ""))
        self.assertIn("/nonexistent/milter-strict.conf", errors)

    def test_input_that_ends_early_is_no_error(self):
        status, said, errors = self.run_tool("-c", os.devnull)
        self.assertEqual((status, errors), (0, ""))
        self.assertTrue(said.startswith("220 "), said)


class Pipe(unittest.TestCase):
    def test_typed_lines(self):
        typed = "EHLO client.example\nMAIL FROM:<a@@b.example>\nVRFY a\nQUIT\nNOOP\n"
        ended = subprocess.run([*daemon.wrapper(), daemon.program(), "session", "-v", "-c", os.devnull],
                               input=typed, capture_output=True, text=True,
                               timeout=daemon.PATIENCE, check=False)
        last = [line[:3] for line in ended.stdout.split("\n") if line[3:4] == " "]
        self.assertEqual(last, ["220", "250", "501", "502", "221"])
        self.assertIn("answered by: sender-syntax, 501 5.1.7, offset 3", ended.stderr)
        self.assertEqual(ended.returncode, 0)

    def test_nobody_reads_the_replies(self):
        process = subprocess.Popen([*daemon.wrapper(), daemon.program(), "session", "-c", os.devnull],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.close()
        try:
            process.stdin.write(FLOOD)
            process.stdin.close()
        except BrokenPipeError:
            pass
        self.assertEqual(process.wait(daemon.PATIENCE), 0)


class Flood(ListenCase):
    def test_commands_and_no_reading_for_a_while(self):
        """A client that sends much and reads late gets every reply."""
        client = self.serve().dial()
        self.greet(client)
        client.send(b"NOOP\r\n" * 5000)
        time.sleep(0.5)
        for _ in range(5000):
            self.assert_code(client.read_reply(), "250")
        with self.assertRaises(SmtpError):
            client.read_line(0.2)


if __name__ == "__main__":
    unittest.main()
