"""Makes mail logs as Postfix writes them, of any length, with what is in them known beforehand.

    for block in maillog.postfix(bytes_wanted, facts):
        file.write(block)

Each block is some sessions of clients that change all the time, in the order of their lines, one
session within another. `facts` counts what was put in.
"""

import collections
import time

START = 1_700_000_000  # seconds: 2023-11-14
STEP = 0.25  # seconds between two sessions


class Facts(collections.Counter):
    """sessions, delivered, refused (by the server), dots (delivered, sender-dots), lines."""


def _stamp(number):
    return time.strftime("%b %d %H:%M:%S", time.gmtime(START + number * STEP))


def session(number, facts):
    """The lines of one session: most deliver one message, each tenth asks for a stranger only, each
    hundredth has a sender with two dots in a row."""
    head = f"{_stamp(number)} mx postfix/"
    pid = 1000 + number % 50
    name = f"host{number % 100_003}.example.net"
    client = f"{name}[10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}]"
    queue_id = f"4{number:011X}"
    sender = f'"a..b{number}"@example.net' if number % 100 == 7 else f"user{number}@example.net"
    facts["sessions"] += 1
    if number % 10 == 3:
        facts["refused"] += 1
        facts["lines"] += 3
        return (f"{head}smtpd[{pid}]: connect from {client}\n"
                f"{head}smtpd[{pid}]: NOQUEUE: reject: RCPT from {client}: 550 5.1.1 "
                f"<nosuch{number}@example.org>: Recipient address rejected: User unknown in virtual "
                f"mailbox table; from=<{sender}> to=<nosuch{number}@example.org> proto=ESMTP "
                f"helo=<{name}>\n"
                f"{head}smtpd[{pid}]: disconnect from {client} ehlo=1 mail=1 rcpt=0/1 quit=1 "
                "commands=3/4\n")
    facts["delivered"] += 1
    facts["dots"] += number % 100 == 7
    facts["lines"] += 8
    return (f"{head}smtpd[{pid}]: connect from {client}\n"
            f"{head}smtpd[{pid}]: {queue_id}: client={client}\n"
            f"{head}cleanup[900]: {queue_id}: message-id=<{number}@example.net>\n"
            f"{head}qmgr[800]: {queue_id}: from=<{sender}>, size=2345, nrcpt=1 (queue active)\n"
            f"{head}smtpd[{pid}]: disconnect from {client} ehlo=1 mail=1 rcpt=1 data=1 quit=1 "
            "commands=5\n"
            f"{head}virtual[{2000 + number % 7}]: {queue_id}: to=<alice@example.org>, "
            "relay=virtual, delay=0.02, delays=0.01/0.01/0/0, dsn=2.0.0, status=sent (delivered to "
            "maildir)\n"
            f"{head}qmgr[800]: {queue_id}: removed\n"
            f"{head}anvil[700]: statistics: max connection rate 1/60s for (smtp:10.0.0.1) at "
            "Nov 14 10:00:00\n")


def postfix(wanted, facts, block=1 << 20):
    """Pieces of a log of at least so many bytes."""
    number, made = 0, 0
    while made < wanted:
        lines, size = [], 0
        while size < block and made + size < wanted:
            text = session(number, facts)
            lines.append(text)
            size += len(text)
            number += 1
        made += size
        yield "".join(lines).encode("ascii")
