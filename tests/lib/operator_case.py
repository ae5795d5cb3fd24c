"""The base of the tests of `milter-strict ctl`: a daemon that remembers, and operators at it."""

from operator_tool import Control, ctl
from wire_case import WireCase

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
