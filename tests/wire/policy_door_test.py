"""Postfix's policy requests: answers, many of them, hostile ones, and the milter's sessions."""

import os
import signal
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from askers import Closed, PolicyAsker  # noqa: E402
from daemon import Daemon  # noqa: E402
from door_case import DoorCase, EveryDoor  # noqa: E402
from ports import free_port  # noqa: E402
from wire_case import OwnDaemonCase  # noqa: E402

LISTEN = 'listen: { milter = "unix:@DIR@/milter.sock"; policy = "unix:@DIR@/policy.sock"; };\n'
NO_VRFY = "502 5.5.1 Command not implemented: VRFY is not offered here (command-vrfy)"


class PolicyCase(DoorCase):
    CONFIG, SOCKET, ASKER, NO_VRFY = LISTEN, "policy.sock", PolicyAsker, NO_VRFY


class OwnDaemon(OwnDaemonCase, PolicyCase):
    pass


class Answers(EveryDoor, PolicyCase):
    def test_vrfy_and_what_was_turned_into_it(self):
        connection = self.dial_door()
        self.assertEqual(connection.vrfy("alice"), NO_VRFY)
        self.assertEqual(connection.vrfy("nobody@elsewhere.example"), NO_VRFY)
        for verb in ("EXPN", "TURN", "SEND", "SOML", "SAML", "HELP", "expn"):
            self.assertEqual(connection.vrfy(verb), NO_VRFY.replace("VRFY", verb.upper())
                             .replace("vrfy", verb.lower()))

    def test_everything_else_is_none_of_ours(self):
        connection = self.dial_door()
        for state in ("CONNECT", "EHLO", "HELO", "MAIL", "RCPT", "DATA", "END-OF-MESSAGE", "ETRN"):
            self.assertEqual(connection.vrfy("b..b@example.org", protocol_state=state), "DUNNO")

    def test_who_is_exempt(self):
        connection = self.dial_door()
        for facts in ({"sasl_username": "alice"}, {"ccert_subject": "client.example"},
                      {"client_address": "127.0.0.1"}, {"client_address": "::1"}):
            self.assertEqual(connection.vrfy("bob", **facts), "DUNNO", facts)
        self.assertEqual(connection.vrfy("bob", client_address="2001:db8::1"), NO_VRFY)

    def test_the_log_has_the_facts(self):
        self.dial_door().vrfy("log-me", sender="a@b.example", helo_name="log.example",
                                queue_id="4XLOG")
        line = self.daemon.wait_log(event="refused", command="VRFY log-me")[0]
        for key, value in {"door": "policy", "rule": "command-vrfy", "client": "192.0.2.7",
                           "from": "a@b.example", "helo": "log.example", "queue": "4XLOG",
                           "reply": "502 5.5.1"}.items():
            self.assertEqual(line[key], value)

    def test_from_several_threads_beside_milter_sessions(self):
        def visit(number):
            for turn in range(5):
                port = 41000 + number * 10 + turn
                mta = self.session(address="198.51.100.9", port=port)
                with self.asker() as connection:
                    for _ in range(20):
                        answer = connection.vrfy("bob", client_address="198.51.100.9",
                                                 client_port=str(port))
                        self.assertEqual(answer, NO_VRFY)
                self.assert_refused(mta.mail("<user@@example.com>"), "sender-syntax")
                mta.quit()
        with self.visitors(6, visit):
            pass


class Hostile(PolicyCase):
    def test_what_is_no_request_is_answered_and_the_next_one_understood(self):
        connection = self.dial_door()
        for bad in (b"\n", b"hello\n\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"=\n\n",
                    b"request=smtpd_access_policy\nprotocol_state=VRFY\nrecipient=a\0b\n\n",
                    b"request=other\nprotocol_state=VRFY\n\n",
                    connection.request("x" * 5000), b"\xff\xfe=\x80\n\n"):
            connection.send(bad)
            self.assertEqual(connection.answer(), "DUNNO", bad[:40])
            self.assertEqual(connection.vrfy("bob"), NO_VRFY)
        self.assertTrue(self.daemon.wait_log(event="policy-malformed"))

    def test_an_endless_request_is_answered_and_hung_up_on(self):
        for endless in (b"x", b"a=b\n", b"\0"):
            connection = self.dial_door()
            try:
                connection.send(endless * (200000 // len(endless)))
            except Closed:
                pass
            try:
                self.assertEqual(connection.answer(), "DUNNO")
                connection.expect_close()
            except Closed:
                pass  # it was still sending when we hung up
        self.assertEqual(self.dial_door().vrfy("bob"), NO_VRFY)

    def test_complaints_are_few(self):
        connection = self.dial_door()
        for _ in range(300):
            connection.send(b"nonsense\n\n")
            self.assertEqual(connection.answer(), "DUNNO")
        self.assertEqual(connection.vrfy("bob"), NO_VRFY)
        self.daemon.wait_log(event="policy-malformed")
        self.assertLess(len(self.daemon.log_lines(event="policy-malformed")), 60)

    def test_nothing_that_was_sent_comes_back(self):
        connection = self.dial_door()
        for recipient in ("<script>", "a\\b\"c", "%s%n", "\u00e9\u00e9", "action=OK", "a" * 2000):
            self.assertEqual(connection.vrfy(recipient), NO_VRFY)

    def test_slow_and_half_closed_and_gone_clients_hold_up_nobody(self):
        stuck = [self.dial_door() for _ in range(20)]
        for number, connection in enumerate(stuck):
            connection.send(connection.request("bob")[:10 * number])
        flood = self.dial_door(timeout=1.0)
        try:
            for _ in range(20000):  # never reads: its own requests are no longer read in the end
                flood.send(flood.request("bob"))
        except (Closed, TimeoutError):
            pass
        half = self.dial_door()
        half.send(half.request("bob"))
        half.sock.shutdown(socket.SHUT_WR)
        for _ in range(50):
            gone = self.asker()
            gone.send(gone.request("bob"))
            gone.close()
        self.assertEqual(self.dial_door().vrfy("bob"), NO_VRFY)
        self.assertEqual(half.answer(), NO_VRFY)
        half.expect_close()
        self.assert_serves()


class Policies(OwnDaemon):
    def test_what_a_rule_answers(self):
        for setting, wanted in (
                ('{ reply = "252"; }', "OK"),
                ('"answer"', "OK"),
                ('{ reply = "421 4.7.0"; }',
                 "421 4.7.0 Closing connection: VRFY is not offered here (command-vrfy)"),
                ('{ reply = "450 4.7.1"; text = "Later"; }', "450 4.7.1 Later (command-vrfy)"),
                ('"monitor"', "DUNNO"), ('"off"', "DUNNO")):
            with self.subTest(setting=setting):
                daemon = self.run_daemon(f"rules: {{ command-vrfy = {setting}; }};")
                self.assertEqual(self.dial_door(daemon).vrfy("bob"), wanted)
                daemon.stop()

    def test_252_is_logged_as_an_answer(self):
        daemon = self.run_daemon('rules: { command-vrfy = "answer"; };')
        self.dial_door(daemon).vrfy("bob")
        self.assertEqual(daemon.wait_log(event="answered")[0]["reply"][:3], "252")

    def test_monitor_mode_lets_pass_and_logs(self):
        daemon = self.run_daemon('mode = "monitor";')
        self.assertEqual(self.dial_door(daemon).vrfy("bob"), "DUNNO")
        line = daemon.wait_log(event="would-refuse", door="policy")[0]
        self.assertEqual(line["rule"], "command-vrfy")
        daemon.stop()

    def test_a_reload_counts_for_open_connections(self):
        daemon = self.run_daemon()
        connection = self.dial_door(daemon)
        self.assertEqual(connection.vrfy("bob"), NO_VRFY)
        daemon.reload(LISTEN + 'rules: { command-vrfy = "off"; };')
        self.assertEqual(connection.vrfy("bob"), "DUNNO")
        self.assertEqual(daemon.reload(LISTEN + "nonsense = 1;")["event"], "reload-failed")
        self.assertEqual(connection.vrfy("bob"), "DUNNO")
        daemon.reload(LISTEN)
        self.assertEqual(connection.vrfy("bob"), NO_VRFY)
        daemon.stop()

    def test_requests_during_many_reloads(self):
        daemon = self.run_daemon()
        stop = threading.Event()
        mta = self.session(daemon=daemon, address="198.51.100.3", port=5000)  # before any reload

        def ask(_):
            with self.asker(daemon) as connection:
                while not stop.wait(0.01):  # every answer is a line of the log, which reload() reads
                    for port in ("5000", "5001"):
                        answer = connection.vrfy("bob", client_address="198.51.100.3",
                                                 client_port=port)
                        self.assertIn(answer, (NO_VRFY,) if port == "5000" else (NO_VRFY, "DUNNO"))
        with self.visitors(3, ask, stop):
            for number in range(10):
                daemon.reload(LISTEN + ('rules: { command-vrfy = "off"; };' if number % 2 else ""))
        mta.close()
        daemon.stop()


class Joined(OwnDaemon):
    """A client with a milter session is judged as that session is."""

    def test_the_session_s_policy_is_kept(self):
        daemon = self.run_daemon()
        mta = self.session(daemon=daemon, port=40000)
        connection = self.dial_door(daemon)
        daemon.reload(LISTEN + 'rules: { command-vrfy = "off"; };')
        self.assertEqual(connection.vrfy("bob", client_port="40000"), NO_VRFY)
        self.assertEqual(connection.vrfy("bob", client_port="40001"), "DUNNO")
        self.assertEqual(connection.vrfy("bob", client_address="192.0.2.8"), "DUNNO")
        mta.quit()
        daemon.wait_for(lambda: connection.vrfy("bob", client_port="40000") == "DUNNO",
                        "the session to be forgotten")
        daemon.stop()

    def test_the_daemon_s_name_exempts(self):
        daemon = self.run_daemon('exempt: { daemons = [ "MSA" ]; };')
        mta = self.dial(daemon)
        mta.negotiate()
        mta.macros("connect", {"{daemon_name}": "MSA"})
        self.begin(mta, port=40000)
        connection = self.dial_door(daemon)
        self.assertEqual(connection.vrfy("bob", client_port="40000"), "DUNNO")
        for port in ("40001", "unknown", "", "0", "99999", "-1", None):
            self.assertEqual(connection.vrfy("bob", client_port=port), NO_VRFY, port)
        daemon.stop()

    def test_ipv6_and_a_second_session_on_one_connection(self):
        daemon = self.run_daemon('exempt: { daemons = [ "MSA" ]; };')
        mta = self.dial(daemon)
        mta.negotiate()
        mta.macros("connect", {"{daemon_name}": "MSA"})
        self.begin(mta, address="2001:db8::1", port=7)
        connection = self.dial_door(daemon)
        facts = {"client_address": "2001:db8::1", "client_port": "7"}
        self.assertEqual(connection.vrfy("bob", **facts), "DUNNO")
        for reply in mta.message():  # libmilter takes the end of a session only after a message
            self.assert_passes(reply)
        mta.quit_new_connection()
        daemon.wait_for(lambda: connection.vrfy("bob", **facts) == NO_VRFY, "the end of it")
        mta.macros("connect", {"{daemon_name}": "MSA"})
        self.begin(mta, address="2001:db8::1", port=8)
        daemon.wait_for(lambda: connection.vrfy("bob", **{**facts, "client_port": "8"}) == "DUNNO",
                        "the second session")
        daemon.stop()


class Process(OwnDaemon):
    def test_without_the_option_there_is_no_door(self):
        daemon = Daemon()
        self.addCleanup(daemon.discard)
        daemon.start()
        self.assertFalse(os.path.exists(f"{daemon.folder}/policy.sock"))
        self.assertNotIn("policy", daemon.log_lines(event="started")[0])
        daemon.stop()

    def test_stopping_with_open_connections_is_quick_and_cleans_up(self):
        daemon = self.run_daemon()
        idle = [self.dial_door(daemon) for _ in range(20)]
        for connection in idle[::2]:
            self.assertEqual(connection.vrfy("bob"), NO_VRFY)
        idle[0].send(b"request=smtpd_")
        self.session(daemon=daemon)
        begun = time.monotonic()
        daemon.stop()
        self.assertLess(time.monotonic() - begun, 30)
        self.assertFalse(os.path.exists(f"{daemon.folder}/policy.sock"))
        for connection in idle:
            connection.expect_close()

    def test_a_second_signal_ends_it_at_once(self):
        daemon = self.run_daemon()
        self.dial_door(daemon).send(b"request=")
        self.session(daemon=daemon)
        daemon.process.send_signal(signal.SIGTERM)
        daemon.process.send_signal(signal.SIGINT)
        self.assertEqual(daemon.wait_exit(), 0)

    def test_a_restart_is_noticed_by_clients(self):
        daemon = self.run_daemon()
        connection = self.dial_door(daemon)
        self.assertEqual(connection.vrfy("bob"), NO_VRFY)
        daemon.stop()
        daemon.start()
        with self.assertRaises(Closed):
            connection.vrfy("bob")
        self.assertEqual(self.dial_door(daemon).vrfy("bob"), NO_VRFY)
        daemon.stop()

    def test_an_address_that_is_taken_stops_the_start(self):
        first = self.run_daemon()
        taken = f"unix:{first.folder}/policy.sock"
        second = Daemon(f'listen: {{ milter = "unix:@DIR@/milter.sock"; policy = "{taken}"; }};')
        self.addCleanup(second.discard)
        self.assertEqual(second.spawn().wait_exit(), 69, second.said())
        self.assertIn("policy.sock", second.log_text())
        self.assertFalse(os.path.exists(f"{second.folder}/milter.sock"), "left behind")
        self.assertEqual(self.dial_door(first).vrfy("bob"), NO_VRFY)
        first.stop()

    def test_over_tcp(self):
        port = free_port()
        daemon = Daemon('listen: { milter = "unix:@DIR@/milter.sock"; '
                        f'policy = "inet:{port}@127.0.0.1"; }};')
        self.addCleanup(daemon.discard)
        daemon.start()
        with PolicyAsker(f"inet:{port}@127.0.0.1") as connection:
            self.assertEqual(connection.vrfy("bob"), NO_VRFY)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
