"""Sendmail's socket map questions: answers, many of them, hostile ones, and milter sessions."""

import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from askers import Closed, MapAsker, PolicyAsker  # noqa: E402
from door_case import DoorCase, EveryDoor  # noqa: E402
from wire_case import OwnDaemonCase  # noqa: E402

LISTEN = ('listen: { milter = "unix:@DIR@/milter.sock"; policy = "unix:@DIR@/policy.sock"; '
          'socketmap = "unix:@DIR@/map.sock"; };\n')
NOTHING = "NOTFOUND "


def refusal(verb):
    return (f'OK "502 5.5.1 Command not implemented: {verb} is not offered here '
            f'(command-{verb.lower()})"')


NO_VRFY = refusal("VRFY")


class MapCase(DoorCase):
    CONFIG, SOCKET, ASKER, NO_VRFY = LISTEN, "map.sock", MapAsker, NO_VRFY


class OwnDaemon(OwnDaemonCase, MapCase):
    pass


class Answers(EveryDoor, MapCase):
    def test_each_map(self):
        connection = self.dial_door()
        self.assertEqual(connection.ask("check_vrfy", "alice"), NO_VRFY)
        self.assertEqual(connection.ask("check_vrfy", "nobody@elsewhere.example"), NO_VRFY)
        self.assertEqual(connection.ask("check_expn", "staff"), refusal("EXPN"))
        for verb in ("TURN", "SEND", "SOML", "SAML"):
            self.assertEqual(connection.other(f"{verb} FROM:<a@b.example>"), refusal(verb))
        self.assertTrue(connection.other("FOO").startswith('OK "500 5.5.2 '))
        self.assertTrue(connection.other("GET/HTTP/1.0").startswith('OK "421 4.7.0 '))

    def test_noop_is_never_refused(self):
        connection = self.dial_door()
        for line, reply_class in (("NOOP", "2"), ("NOOP hi", "2"), ("VERB", "2"), ("TURN", "2"),
                                  ("NOOP", "5"), ("TURN", ""), ("TURN", "5 ")):
            self.assertEqual(connection.other(line, reply_class), NOTHING, (line, reply_class))

    def test_who_is_exempt(self):
        connection = self.dial_door()
        for facts in ({"auth": "alice"}, {"verify": "OK"}, {"address": "127.0.0.1"},
                      {"address": "IPv6:0:0:0:0:0:0:0:1"}, {"address": ""}):
            self.assertEqual(connection.ask("check_vrfy", "bob", **facts), NOTHING, facts)
        for facts in ({"verify": "FAIL"}, {"address": "IPv6:2001:db8:0:0:0:0:0:1"}):
            self.assertEqual(connection.ask("check_vrfy", "bob", **facts), NO_VRFY, facts)

    def test_an_argument_cannot_pass_for_a_field(self):
        connection = self.dial_door()
        for argument in (b"\x9b\x9b\x9balice\x9bOK\x9bbob", b"\x9b127.0.0.1\x9b", b"a\0b",
                         b"\xff" * 100, b'"), 9:NOTFOUND ,'):
            self.assertEqual(connection.ask("check_vrfy", argument), NO_VRFY)

    def test_the_log_has_the_facts(self):
        self.dial_door().ask("check_expn", "log-me", address="IPv6:2001:db8:0:0:0:0:0:9")
        line = self.daemon.wait_log(event="refused", command="EXPN log-me")[0]
        for key, value in {"door": "socketmap", "rule": "command-expn", "client": "2001:db8::9",
                           "daemon": "MTA", "reply": "502 5.5.1"}.items():
            self.assertEqual(line[key], value)


class Hostile(MapCase):
    def test_odd_questions_are_never_unobjectionable(self):
        connection = self.dial_door()
        for question in (b"", b"x", b"check_vrfy", b"check_vrfy alice", b"check_rcpt a",
                         b"check_vrfy localhost\x9b\x9b\x9b\x9b\x9balice"):
            connection.send(connection.netstring(question))
            self.assertTrue(connection.answer().startswith("TEMP "), question)
            self.assertEqual(connection.ask("check_vrfy", "bob"), NO_VRFY)
        self.assertTrue(self.daemon.wait_log(event="socketmap-malformed"))

    def test_what_is_no_netstring_ends_the_connection(self):
        for bad in (b"05:hello,", b"hello", b":", b"-1:", b" 1:", b"99999999999:", b"4097:",
                    b"5:hello;", b"GET / HTTP/1.0\r\n\r\n", b"\n", b"\0"):
            connection = self.dial_door()
            self.assertEqual(connection.ask("check_vrfy", "bob"), NO_VRFY)
            connection.send(bad)
            connection.expect_close()
        self.assertEqual(self.dial_door().ask("check_vrfy", "bob"), NO_VRFY)

    def test_the_longest_question(self):
        connection = self.dial_door()
        room = 4096 - len(connection.request("check_vrfy", "")) + len("nn:,")
        self.assertEqual(connection.ask("check_vrfy", "a" * room), NO_VRFY)
        connection.send(connection.request("check_vrfy", "a" * (room + 1)))
        connection.expect_close()

    def test_slow_and_gone_clients_hold_up_nobody(self):
        for number in range(20):
            connection = self.dial_door()
            connection.send(connection.request("check_vrfy", "bob")[:2 * number])
        flood = self.dial_door(timeout=1.0)
        try:
            for _ in range(50000):
                flood.send(flood.request("check_vrfy", "bob"))
        except Closed:
            pass
        for _ in range(50):
            gone = self.asker()
            gone.send(gone.request("check_vrfy", "bob"))
            gone.close()
        self.assertEqual(self.dial_door().ask("check_vrfy", "bob"), NO_VRFY)
        self.assert_serves()


class Policies(OwnDaemon):
    def test_what_a_rule_answers(self):
        for setting, wanted in (
                ('{ reply = "252 2.5.2"; text = "Try"; }', 'OK "252 2.5.2 Try (command-vrfy)"'),
                ('{ reply = "450 4.7.1"; text = "Later"; }', 'OK "450 4.7.1 Later (command-vrfy)"'),
                (r'{ text = "\"100%\" \\ no"; }', r'OK "502 5.5.1 \"100%%\" \\ no (command-vrfy)"'),
                ('"monitor"', NOTHING), ('"off"', NOTHING)):
            with self.subTest(setting=setting):
                daemon = self.run_daemon(f"rules: {{ command-vrfy = {setting}; }};")
                self.assertEqual(self.dial_door(daemon).ask("check_vrfy", "bob"), wanted)
                daemon.stop()

    def test_a_long_text_is_cut_where_sendmail_would_break(self):
        daemon = self.run_daemon(f'rules: {{ command-vrfy = {{ text = "{"x" * 400}"; }}; }};')
        value = self.dial_door(daemon).ask("check_vrfy", "bob")
        self.assertRegex(value, r'^OK "502 5\.5\.1 x+"$')
        self.assertLessEqual(len(value) - len("OK "), 250)
        daemon.stop()

    def test_monitor_mode_lets_pass_and_logs(self):
        daemon = self.run_daemon('mode = "monitor";')
        self.assertEqual(self.dial_door(daemon).other("TURN"), NOTHING)
        line = daemon.wait_log(event="would-refuse", door="socketmap")[0]
        self.assertEqual((line["rule"], line["command"]), ("command-turn", "TURN"))
        daemon.stop()

    def test_a_reload_counts_for_open_connections(self):
        daemon = self.run_daemon()
        connection = self.dial_door(daemon)
        self.assertEqual(connection.ask("check_vrfy", "bob"), NO_VRFY)
        daemon.reload(LISTEN + 'exempt: { daemons = [ "MTA" ]; };')
        self.assertEqual(connection.ask("check_vrfy", "bob"), NOTHING)
        self.assertEqual(connection.ask("check_vrfy", "bob", daemon="mta2"), NO_VRFY)
        daemon.stop()


class Joined(OwnDaemon):
    def test_the_milter_s_session_has_the_say(self):
        daemon = self.run_daemon()
        mta = self.session(daemon=daemon, port=40000)
        connection = self.dial_door(daemon)
        daemon.reload(LISTEN + 'rules: { command-vrfy = "off"; };')
        self.assertEqual(connection.ask("check_vrfy", "bob", port="40000"), NO_VRFY)
        self.assertEqual(connection.ask("check_vrfy", "bob", port="40001"), NOTHING)
        self.assertEqual(connection.other("TURN", port="40000"), refusal("TURN"))
        mta.close()
        daemon.wait_for(
            lambda: connection.ask("check_vrfy", "bob", port="40000") == NOTHING,
            "the session to be forgotten")
        daemon.stop()

    def test_what_the_milter_let_pass_is_judged_once(self):
        daemon = self.run_daemon('exempt: { daemons = [ "MSA" ]; };')
        mta = self.dial(daemon)
        mta.negotiate()
        mta.macros("connect", {"{daemon_name}": "MTA"})
        self.begin(mta, port=40000)
        connection = self.dial_door(daemon)
        refused = 'OK "500 5.5.2 '
        self.assertTrue(connection.other("FOO").startswith(refused), "the milter was not asked")
        self.assert_refused(mta.unknown("FOO"), "command-unknown")
        self.assertTrue(connection.other("FOO").startswith(refused), "it refused")
        other = self.dial(daemon)
        other.negotiate()
        other.macros("connect", {"{daemon_name}": "MSA"})
        self.begin(other, port=40002)
        self.assert_passes(other.unknown("FOO"))
        self.assertEqual(connection.other("FOO", port="40002"), NOTHING)
        daemon.stop()

    def test_all_doors_at_once_during_reloads(self):
        daemon = self.run_daemon()
        stop = threading.Event()

        def ask(number):
            with self.asker(daemon) as one, \
                    PolicyAsker(f"unix:{daemon.folder}/policy.sock") as two:
                while not stop.wait(0.01):
                    port = 42000 + number
                    mta = self.dial(daemon)
                    mta.negotiate()
                    self.begin(mta, port=port)
                    first = one.vrfy("bob", port=str(port)) == NO_VRFY
                    second = two.vrfy("bob", client_port=str(port)) != "DUNNO"
                    self.assertEqual(first, second, "one session, two policies")
                    mta.quit()
                    mta.close()
        with self.visitors(4, ask, stop):
            for number in range(8):
                daemon.reload(LISTEN + ('rules: { command-vrfy = "off"; };' if number % 2 else ""))
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
