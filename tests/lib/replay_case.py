"""What the tests of `milter-strict replay` share: lines of Postfix, and the report on them."""

import unittest

from replay_tool import ReplayTool

STAMP = "Nov 24 15:39:54"


def session(queue_id, sender, client="192.0.2.7", stamp=STAMP, pid=1, sent=True, host="mx",
            counts="ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5", recipient="alice@example.org"):
    """The lines of a session with one message."""
    head = f"{stamp} {host} postfix/"
    return (f"{head}smtpd[{pid}]: connect from unknown[{client}]\n"
            f"{head}smtpd[{pid}]: {queue_id}: client=unknown[{client}]\n"
            f"{head}cleanup[8]: {queue_id}: message-id=<1@example.net>\n"
            f"{head}qmgr[9]: {queue_id}: from=<{sender}>, size=100, nrcpt=1 (queue active)\n"
            f"{head}smtpd[{pid}]: disconnect from unknown[{client}] {counts}\n"
            f"{head}virtual[7]: {queue_id}: to=<{recipient}>, relay=virtual, dsn=2.0.0, "
            f"status={'sent' if sent else 'bounced'} (x)\n"
            f"{head}qmgr[9]: {queue_id}: removed\n")


def refusal(recipient, client="192.0.2.9", helo="client.example.net", sender="s@example.net",
            pid=2, stamp=STAMP, code="550 5.1.1"):
    """The lines of a session that asks for one recipient in vain."""
    head = f"{stamp} mx postfix/smtpd[{pid}]: "
    return (f"{head}connect from unknown[{client}]\n"
            f"{head}NOQUEUE: reject: RCPT from unknown[{client}]: {code} <{recipient}>: no; "
            f"from=<{sender}> to=<{recipient}> proto=ESMTP helo=<{helo}>\n"
            f"{head}disconnect from unknown[{client}] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4\n")


class ReplayCase(unittest.TestCase):
    def setUp(self):
        self.tool = self.enterContext(ReplayTool())

    def log(self, text, name="mail.log"):
        return self.tool.write(name, text)

    def report(self, text, **how):
        return self.tool.report(self.log(text), **how)
