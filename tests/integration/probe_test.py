"""`milter-strict probe` at real mail servers: what it finds is what stands in tests/probe/.

One table for each server: the identifiers of all checks and what is to come of them. When a change
is meant, `python3 tests/integration/probe_test.py --write [NAME...]` makes the tables anew, to be
read before they are committed.
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import support  # first: it says where the library is

import daemon
import exim
import opensmtpd
import postfix
import probe_tool
import recommended
import sendmail
import sendmail_support
from postfix_config import DOMAIN, HOST_NAME
from scripted_smtp import ScriptedSmtp
from session_tool import SessionTool
from stranger import Stranger

TABLES = pathlib.Path(__file__).resolve().parents[1] / "probe"
OPTIONS = ("--json", "--stranger", "--user", f"alice@{DOMAIN}", "--limits", "--timeout", "60")
PATIENCE = 600  # seconds for a whole probe
# How Postfix, Sendmail, Exim and OpenSMTPD log a message.
MESSAGE = re.compile(r"postfix/cleanup|, msgid=| <= |evpid=")
# Sendmail makes whoever asks VRFY too often wait for 44 seconds in all.
SLOW = ("sendmail", "sendmail-strict")
OUR_CONFIG = support.NOBODY_EXEMPT + f'our-names = [ "{HOST_NAME}" ];\n'
# An open relay as mistakes make them: everybody is one of our own network.
OPEN = {"mynetworks": "0.0.0.0/0 [::]/0",
        "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination"}


class Enter(contextlib.ExitStack):
    """Stands in for a class of tests: what is entered is left with it."""

    config = OUR_CONFIG

    def enterClassContext(self, context):
        return self.enter_context(context)


def stock_postfix(stack):
    return stack.enter_context(postfix.Postfix(tls=True))


def open_postfix(stack):
    return stack.enter_context(postfix.Postfix(settings=OPEN))


def encrypted_postfix(stack):
    """One that takes nothing before STARTTLS."""
    return stack.enter_context(postfix.Postfix(
        tls=True, settings={"smtpd_tls_security_level": "encrypt"}))


def strict_postfix(stack):
    recommended.start_postfix(stack)
    return stack.postfix


def stock_sendmail(stack):
    return stack.enter_context(sendmail.Sendmail())


def strict_sendmail(stack):
    recommended.start_sendmail(stack)
    return stack.sendmail


def stock_exim(stack):
    return stack.enter_context(exim.Exim(tls=True))


def stock_opensmtpd(stack):
    return stack.enter_context(opensmtpd.OpenSmtpd())


def session(stack):
    """`milter-strict session`, on a host with a full name."""
    if os.geteuid() != 0:
        raise support.Unavailable("only root can give it a host name of its own")
    tool = SessionTool(config=OUR_CONFIG)
    tool.command[:0] = ["unshare", "--uts", "sh", "-euc", 'hostname "$0"; exec "$@"', HOST_NAME]
    return stack.enter_context(tool)


TARGETS = {
    "postfix": stock_postfix,
    "postfix-strict": strict_postfix,
    "postfix-open": open_postfix,
    "postfix-encrypted": encrypted_postfix,
    "sendmail": stock_sendmail,
    "sendmail-strict": strict_sendmail,
    "exim": stock_exim,
    "opensmtpd": stock_opensmtpd,
    "session": session,
}


def probed(name, *options):
    """The run at this target, which lives as long; .traces is what it has left there. The probe
    comes from another address, for mail servers trust 127.0.0.1, and so does our policy."""
    with Enter() as stack:
        server = TARGETS[name](stack)
        door = Stranger(server.host, server.port, sendmail_support.STRANGER)
        more = () if name in SLOW else ("--enumerate",)
        done = probe_tool.probe(stack.enter_context(door), *OPTIONS, *more, *options,
                                patience=PATIENCE)
        done.traces = traces(server) if name != "session" else []
        return done


def traces(server):
    """Whatever shows that a message was taken: in mailboxes, in the queue, in the log."""
    files = [os.path.join(folder, name) for folder, _, names in os.walk(server.path("mail"))
             for name in names]
    return ([path for path in files if os.path.getsize(path) > 0] + server.queued()
            + [line for line in server.log().splitlines() if MESSAGE.search(line)])


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


def differences(done, expected):
    """Lines for people: what was found, what was expected, and what was said."""
    lines, found = [], done.statuses
    for check in dict.fromkeys([*expected, *found]):
        if found.get(check) != expected.get(check):
            lines.append(f"{check}: {found.get(check)}, and not {expected.get(check)}")
            if check in found:
                lines += [f"    {done.checks[check]['note']}",
                          *(f"    {line}" for line in done.said(check))]
    return "\n".join(lines)


class ProbeFinds(unittest.TestCase):
    def probe(self, name, *options):
        try:
            return probed(name, *options)
        except support.Unavailable as reason:
            self.skipTest(str(reason))

    def hold(self, name, *options):
        done = self.probe(name, *options)
        wrong = differences(done, table_of(name))
        if wrong:
            self.fail(f"at {name}:\n{wrong}\n{done.stderr}")
        self.assertEqual(done.traces, [])
        self.assertEqual(done.status, 1 if "fail" in done.statuses.values() else 0, done.stderr)

    def test_the_same_is_found_under_tls(self):
        self.hold("postfix", "--starttls")


class NamesOfSeveralAddresses(unittest.TestCase):
    """One that has one more, where nobody listens; a list of hosts of our own says so."""

    def test_the_one_that_answers_is_asked(self):
        if os.geteuid() != 0:
            self.skipTest("only root can have a list of hosts of its own")
        with tempfile.TemporaryDirectory() as folder:
            hosts = os.path.join(folder, "hosts")
            pathlib.Path(hosts).write_text("127.0.0.1 mx.example.org\n127.0.0.3 mx.example.org\n",
                                           encoding="ascii")
            mount = ["unshare", "--mount", "sh", "-euc",
                     'mount --bind "$0" /etc/hosts; exec "$@"', hosts]
            for address, other in (("127.0.0.1", "127.0.0.3"), ("127.0.0.3", "127.0.0.1")):
                with self.subTest(address=address), ScriptedSmtp(address=address) as server:
                    done = subprocess.run(
                        [*mount, daemon.program(), "probe", "--pace", "0", "--json",
                         f"mx.example.org:{server.port}"],
                        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                        timeout=daemon.PATIENCE)
                self.assertEqual(done.returncode, 0, done.stderr)
                found = json.loads(done.stdout)
                self.assertEqual((found["address"], found["others"]), (address, [other]))


def test_of(name):
    return lambda self: self.hold(name)


for target in TARGETS:
    setattr(ProbeFinds, f"test_{target.replace('-', '_')}", test_of(target))


def main(names):
    for name in names or TARGETS:
        done = probed(name)
        write(name, done.statuses)
        print(f"{name}: {done.seconds:.1f} s, {done.peak} KiB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        main(sys.argv[2:])
    else:
        unittest.main()
