"""The start of the conversation: what the milter asks for and what it does without."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from milter_protocol import ACTIONS, ALL_STEPS, STEPS  # noqa: E402
from wire_case import WireCase  # noqa: E402

VERSION_2_ACTIONS, VERSION_2_STEPS = 0x3f, 0x7f


class Negotiation(WireCase):
    def test_asks_for_no_change_of_messages(self):
        mta = self.session()
        self.assertEqual(mta.actions & ~ACTIONS["SETSYMLIST"], 0, mta)

    def test_leaves_out_what_it_does_not_need(self):
        mta = self.session()
        for step in ("NOBODY", "NOHDRS", "NOEOH"):
            self.assertTrue(mta.chose(step), f"{step}: {mta}")

    def test_sees_what_it_judges(self):
        mta = self.session()
        for step in ("NOCONNECT", "NOHELO", "NOMAIL", "NORCPT", "NOUNKNOWN"):
            self.assertFalse(mta.chose(step), f"{step}: {mta}")
        for step in ("NR_MAIL", "NR_RCPT", "NR_UNKN"):
            self.assertFalse(mta.chose(step), f"{step}: {mta}")

    def test_asks_for_the_macros_it_needs(self):
        mta = self.session()
        asked = {name.strip("{}") for names in mta.wanted_macros.values() for name in names}
        self.assertLessEqual({"auth_authen", "daemon_name", "rcpt_mailer", "i"}, asked)
        for stage, names in mta.wanted_macros.items():
            for name in names:
                self.assertRegex(name, r"^([A-Za-z]|\{[A-Za-z_]+\})$", f"at {stage}")

    def test_events_that_are_only_recorded_need_no_answer(self):
        mta = self.session()
        self.assertTrue(mta.chose("NR_CONN"), mta)

    def test_speaking_at_once_answers_helo(self):
        mta = self.session()
        if not mta.chose("NR_HELO"):
            self.skipTest("HELO is answered in any case")
        mta.helo("client.example")
        mta.expect_silence()


class OldMtas(WireCase):
    def old(self, **offer):
        mta = self.dial()
        mta.negotiate(**{"version": 2, "actions": VERSION_2_ACTIONS, "steps": VERSION_2_STEPS,
                         **offer})
        self.begin(mta)
        return mta

    def test_version_2(self):
        mta = self.old()
        self.assertEqual(mta.version, 2)
        self.assertEqual(mta.wanted_macros, {})
        self.assert_refused(mta.mail("<user@@example.com>"), "sender-syntax")
        self.assert_message_passes(mta)

    def test_version_2_with_macros_of_its_own_choice(self):
        mta = self.old()
        mta.macros("mail", {"{auth_authen}": "joe", "i": "4XQ", "unasked": "x"})
        self.assert_message_passes(mta)

    def test_version_6_without_no_reply_skip_and_rejected_recipients(self):
        silent = sum(bit for name, bit in STEPS.items() if name.startswith("NR_"))
        steps = ALL_STEPS & ~silent & ~STEPS["SKIP"] & ~STEPS["RCPT_REJ"]
        mta = self.old(version=6, steps=steps)
        self.assert_refused(mta.mail("<user@@example.com>"), "sender-syntax")
        self.assert_message_passes(mta)

    def test_version_6_that_may_not_leave_anything_out(self):
        mta = self.old(version=6, steps=0)
        self.assert_refused(mta.mail("<user@@example.com>"), "sender-syntax")
        self.assert_message_passes(mta)

    def test_version_6_without_macro_lists(self):
        mta = self.old(version=6, actions=VERSION_2_ACTIONS, steps=ALL_STEPS)
        self.assertEqual(mta.wanted_macros, {})
        self.assert_message_passes(mta)

    def test_a_newer_version_than_libmilter_knows(self):
        mta = self.old(version=7, actions=0xffff, steps=ALL_STEPS)
        self.assertLessEqual(mta.version, 6)
        self.assert_message_passes(mta)


class NewConnections(WireCase):
    """libmilter takes QUIT_NC at the end of a message only, and ignores it elsewhere."""

    def whole_session(self, mta, **session):
        self.begin(mta, **session)
        for reply in mta.message():
            self.assert_passes(reply)
        mta.quit_new_connection()

    def negotiated(self):
        mta = self.dial()
        mta.negotiate()
        return mta

    def test_a_second_session_on_the_same_connection(self):
        mta = self.negotiated()
        self.whole_session(mta)
        self.begin(mta, address="192.0.2.8")
        self.assert_refused(mta.mail("<user@@example.com>"), "sender-syntax")
        self.assert_message_passes(mta)
        self.assertEqual(len(self.daemon.wait_log(rule="sender-syntax", client="192.0.2.8")), 1)

    def test_nothing_is_carried_over(self):
        mta = self.negotiated()
        self.whole_session(mta, helo="bad name", address=None)
        self.begin(mta, helo=None)
        self.assert_refused(mta.mail("<alice@example.net>"), "helo-missing", 503, "5.5.1")
        self.assert_passes(mta.helo("client.example"))
        self.assert_message_passes(mta)

    def test_macros_are_forgotten(self):
        mta = self.negotiated()
        mta.macros("mail", {"{auth_authen}": "joe"})
        self.whole_session(mta, helo="bad name")
        mta.forget_macros()
        self.begin(mta, helo="bad name")
        self.assert_passes(mta.mail("<alice@example.net>"))
        self.assert_refused(mta.rcpt("<bob@example.org>"), "helo-syntax", 501, "5.5.4")

    def test_many_sessions_on_one_connection(self):
        mta = self.negotiated()
        for _ in range(100):
            self.whole_session(mta)
        mta.quit()
        mta.expect_close()

    def test_in_the_middle_of_a_session(self):
        steps = [lambda mta: mta.mail("<alice@example.net>"),
                 lambda mta: mta.rcpt("<bob@example.org>"), lambda mta: mta.data()]
        for count in range(len(steps) + 1):
            with self.subTest(steps=count):
                mta = self.session()
                for step in steps[:count]:
                    self.assert_passes(step(mta))
                mta.quit_new_connection()
                self.begin(mta)
                self.assert_message_passes(mta)


class SpeakingAtOnce(WireCase):
    CONFIG = 'speak = "at-once";'

    def test_a_bad_helo_is_refused_at_helo(self):
        mta = self.session(helo=None)
        self.assertFalse(mta.chose("NR_HELO"), mta)
        self.assert_refused(mta.helo("bad name"), "helo-syntax", 501, "5.5.4")


if __name__ == "__main__":
    unittest.main()
