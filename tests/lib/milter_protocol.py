"""The milter protocol in tables: events, steps, actions, answers, and what a good answer is."""

import re
import struct

VERSION = 6

# What the milter may do with a message (SMFIF_*).
ACTIONS = {
    "ADDHDRS": 0x001, "CHGBODY": 0x002, "ADDRCPT": 0x004, "DELRCPT": 0x008, "CHGHDRS": 0x010,
    "QUARANTINE": 0x020, "CHGFROM": 0x040, "ADDRCPT_PAR": 0x080, "SETSYMLIST": 0x100,
}
# What the milter may leave out or need not answer (SMFIP_*).
STEPS = {
    "NOCONNECT": 0x01, "NOHELO": 0x02, "NOMAIL": 0x04, "NORCPT": 0x08, "NOBODY": 0x10,
    "NOHDRS": 0x20, "NOEOH": 0x40, "NR_HDR": 0x80, "NOUNKNOWN": 0x100, "NODATA": 0x200,
    "SKIP": 0x400, "RCPT_REJ": 0x800, "NR_CONN": 0x1000, "NR_HELO": 0x2000, "NR_MAIL": 0x4000,
    "NR_RCPT": 0x8000, "NR_DATA": 0x10000, "NR_UNKN": 0x20000, "NR_EOH": 0x40000,
    "NR_BODY": 0x80000, "HDR_LEADSPC": 0x100000,
}
ALL_ACTIONS = sum(ACTIONS.values())
ALL_STEPS = sum(STEPS.values())

# One row an event: command byte, the step that drops it, the step that silences its answer,
# the stage of its macros (the number that SMFIF_SETSYMLIST uses, None where there is none).
EVENTS = {
    "connect": (b"C", "NOCONNECT", "NR_CONN", 0),
    "helo": (b"H", "NOHELO", "NR_HELO", 1),
    "mail": (b"M", "NOMAIL", "NR_MAIL", 2),
    "rcpt": (b"R", "NORCPT", "NR_RCPT", 3),
    "data": (b"T", "NODATA", "NR_DATA", 4),
    "eom": (b"E", None, None, 5),
    "eoh": (b"N", "NOEOH", "NR_EOH", 6),
    "header": (b"L", "NOHDRS", "NR_HDR", None),
    "body": (b"B", "NOBODY", "NR_BODY", None),
    "unknown": (b"U", "NOUNKNOWN", "NR_UNKN", None),
}
STAGES = {number: name for name, (_, _, _, number) in EVENTS.items() if number is not None}
FAMILIES = {"unknown": b"U", "unix": b"L", "inet": b"4", "inet6": b"6"}
VERDICTS = {
    b"c": "continue", b"a": "accept", b"r": "reject", b"t": "tempfail", b"d": "discard",
    b"y": "replycode", b"s": "skip", b"f": "conn-fail", b"4": "shutdown",
}
PROGRESS = b"p"
CHANGES = b"+-2behimq"

MAX_REPLY_LINES = 32
MAX_REPLY_OCTETS = 512  # RFC 5321, 4.5.3.1.5, with CRLF


class WireError(AssertionError):
    """The milter broke the protocol, closed, or kept silent for too long."""


class Reply:
    """What a milter answered. `lines` are the bytes it sent, `client_lines` what a client reads."""

    def __init__(self, action, data=b"", *, sent=True, answered=True):
        self.action = action
        self.sent = sent
        self.answered = answered
        self.changes = []
        self.raw = data
        self.lines = data.decode("latin-1").split("\r\n") if data else []

    @property
    def client_lines(self):
        return [re.sub("%(.?)", r"\1", line) for line in self.lines]

    @property
    def code(self):
        return int(self.lines[0][:3]) if self.lines else None

    @property
    def enhanced(self):
        return self.lines[0][4:].split(" ")[0] if self.lines else None

    @property
    def text(self):
        return "\n".join(self.client_lines)

    @property
    def passes(self):
        return self.action in ("continue", "accept")

    def __repr__(self):
        return f"Reply({self.action}, {self.lines})"


def check_reply(data):
    """Raise WireError unless `data` (a reply without its final NUL) is one that every MTA takes."""
    def wrong(what):
        raise WireError(f"a reply that an MTA would not take: {what}: {data!r}")

    lines = data.split(b"\r\n")
    if len(lines) > MAX_REPLY_LINES:
        wrong(f"{len(lines)} lines")
    for number, line in enumerate(lines):
        last = number == len(lines) - 1
        match = re.match(rb"([45])[0-9][0-9]([ -])([245])\.[0-9]{1,3}\.[0-9]{1,3}( |$)", line)
        if match is None:
            wrong(f"line {number + 1} has no reply code and enhanced code")
        if match.group(1) != match.group(3):
            wrong(f"line {number + 1}: the enhanced code is of another class")
        if line[:3] != lines[0][:3] or line[4:].split(b" ")[0] != lines[0][4:].split(b" ")[0]:
            wrong(f"line {number + 1} has another code than line 1")
        if match.group(2) != (b" " if last else b"-"):
            wrong(f"line {number + 1} of {len(lines)} has the wrong separator")
        if len(line) + 2 > MAX_REPLY_OCTETS:
            wrong(f"line {number + 1} is {len(line) + 2} octets long")
        if re.search(rb"[^\x20-\x7e]", line):
            wrong(f"line {number + 1} has bytes that are not printable ASCII")
        if b"%" in line.replace(b"%%", b""):
            wrong(f"line {number + 1} has a percent sign that is not doubled")


def packet(command, data=b""):
    return struct.pack("!I", len(data) + 1) + command + data


def strings(*values):
    return b"".join(to_bytes(value) + b"\0" for value in values)


def to_bytes(value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8")
