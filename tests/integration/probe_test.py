"""`milter-strict probe` at real mail servers: what it finds is what stands in tests/probe/.

One table for each server: the identifiers of all checks and what is to come of them. When a change
is meant, `python3 tests/integration/probe_test.py --write [NAME...]` makes the tables anew, to be
read before they are committed.
"""

import contextlib
import pathlib
import sys
import unittest

import support  # first: it says where the library is

import exim
import opensmtpd
import postfix
import private_mta
import probe_tool
import recommended
import sendmail
import sendmail_support
from postfix_config import DOMAIN
from session_tool import SessionTool
from stranger import Stranger

TABLES = pathlib.Path(__file__).resolve().parents[1] / "probe"
OPTIONS = ("--json", "--stranger", "--user", f"alice@{DOMAIN}", "--limits", "--enumerate",
           "--timeout", "20")
# Whoever may relay by the server's own settings, and everybody else.
OPEN = {"smtpd_relay_restrictions": "permit", "smtpd_recipient_restrictions": "permit"}


class Enter(contextlib.ExitStack):
    """Stands in for a class of tests: what is entered is left with it."""

    config = support.NOBODY_EXEMPT

    def enterClassContext(self, context):
        return self.enter_context(context)


def stock_postfix(stack):
    return stack.enter_context(postfix.Postfix(tls=True))


def open_postfix(stack):
    return stack.enter_context(postfix.Postfix(settings=OPEN))


def strict_postfix(stack):
    recommended.start_postfix(stack)
    return stack.postfix


def from_elsewhere(stack, server):
    """Sendmail lets 127.0.0.1 relay, whatever its settings are."""
    return stack.enter_context(Stranger(server.host, server.port, sendmail_support.STRANGER))


def stock_sendmail(stack):
    return from_elsewhere(stack, stack.enter_context(sendmail.Sendmail()))


def strict_sendmail(stack):
    recommended.start_sendmail(stack)
    return from_elsewhere(stack, stack.sendmail)


def stock_exim(stack):
    return stack.enter_context(exim.Exim(tls=True))


def stock_opensmtpd(stack):
    return stack.enter_context(opensmtpd.OpenSmtpd())


def session(stack):
    return stack.enter_context(SessionTool(config=support.NOBODY_EXEMPT))


TARGETS = {
    "postfix": stock_postfix,
    "postfix-strict": strict_postfix,
    "postfix-open": open_postfix,
    "sendmail": stock_sendmail,
    "sendmail-strict": strict_sendmail,
    "exim": stock_exim,
    "opensmtpd": stock_opensmtpd,
    "session": session,
}


def table_of(name):
    """The expected table: pairs of a check and its status, in order."""
    lines = (TABLES / f"{name}.expected").read_text(encoding="ascii").splitlines()
    return dict(line.split() for line in lines if line and not line.startswith("#"))


def write(name, found):
    """The table anew; its comments at the top stay."""
    path = TABLES / f"{name}.expected"
    old = path.read_text(encoding="ascii").splitlines() if path.exists() else [f"# {name}"]
    lines = [line for line in old if line.startswith("#")]
    lines += [f"{check:<22} {status}" for check, status in found.items()]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")


def differences(found, expected, checks):
    """Lines for people: what was found, what was expected, and what was said."""
    lines = []
    for check in dict.fromkeys([*expected, *found]):
        if found.get(check) != expected.get(check):
            said = checks.get(check, {})
            lines += [f"{check}: {found.get(check)}, and not {expected.get(check)}: "
                      f"{said.get('note', '')}", *(f"    {line}" for line in said_lines(said))]
    return lines


def said_lines(check):
    return [f"{line['side']}: {line['text']}" for line in check.get("transcript", [])]


class ProbeFinds(unittest.TestCase):
    maxDiff = None

    def probe(self, name):
        with Enter() as stack:
            try:
                server = TARGETS[name](stack)
            except (unittest.SkipTest, support.Unavailable, private_mta.Unavailable) as reason:
                self.skipTest(str(reason))
            return probe_tool.probe(server, *OPTIONS)

    def hold(self, name):
        done = self.probe(name)
        found = done.statuses
        self.assertEqual(differences(found, table_of(name), done.checks), [], str(done.stderr))
        self.assertEqual(done.status, 1 if "fail" in found.values() else 0, done.stderr)


def test_of(name):
    return lambda self: self.hold(name)


for target in TARGETS:
    setattr(ProbeFinds, f"test_{target.replace('-', '_')}", test_of(target))


def main(names):
    for name in names or TARGETS:
        with Enter() as stack:
            done = probe_tool.probe(TARGETS[name](stack), *OPTIONS)
            write(name, done.statuses)
            print(f"{name}: {done.seconds:.1f} s, {done.peak} KiB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        main(sys.argv[2:])
    else:
        unittest.main()
