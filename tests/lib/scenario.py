"""Scenarios: one SMTP conversation, the expected replies line by line (see tests/README.md)."""

import pathlib
import re

from rings import (PostfixRing, SendmailRing, SessionRing,  # noqa: F401 (for the drivers)
                   WireRing)

RINGS = ("session", "wire", "postfix", "sendmail")
HEADER = re.compile(r"#\s*(client|rings|macros):\s*(.*?)\s*$")
CLOSED, NOT_SENT, REST = "(closed)", "(not sent)", "..."
ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}


class ScenarioError(AssertionError):
    """The conversation went otherwise, or the scenario cannot be read."""


class Exchange:
    """Some bytes sent (None: the banner) and the reply lines expected after them."""

    def __init__(self, key, sent, place):
        self.key = key        # the line of the scenario, to find it again in an override
        self.sent = sent
        self.place = place    # file:line
        self.expected = []    # [(place, pattern)]

    @property
    def skipped(self):
        return any(pattern == NOT_SENT for _, pattern in self.expected)


class Scenario:
    def __init__(self, path, ring=None):
        self.path = pathlib.Path(path)
        self.name = self.path.stem
        self.client = None
        self.rings = list(RINGS)
        self.macros = {}
        self.exchanges = self._read(self.path, headers=True)
        config = self.path.with_suffix(".conf")
        self.config = config.read_text(encoding="utf-8") if config.exists() else ""
        other = self.path.with_suffix(f".{ring}")
        if ring is not None and other.exists():
            self._override(self._read(other))

    def _read(self, path, headers=False):
        exchanges = [Exchange(None, None, f"{path}:1")]
        text = path.read_bytes().decode("latin-1")
        for number, line in enumerate(text.split("\n"), 1):
            place = f"{path}:{number}"
            kind, _, rest = line.removesuffix("\r").partition(": ")
            if not line.strip():
                continue
            if line.startswith("#"):
                if headers and len(exchanges) == 1:
                    self._header(line, place)
            elif kind in ("C", "C-raw") or line in ("C:", "C-raw:"):
                sent = decode(rest, place) + (b"" if kind.startswith("C-raw") else b"\r\n")
                exchanges.append(Exchange(line, sent, place))
            elif kind == "S":
                exchanges[-1].expected.append((place, rest))
            else:
                raise ScenarioError(f"{place}: neither C:, C-raw:, S: nor a comment: {line!r}")
        return exchanges

    def _header(self, line, place):
        match = HEADER.match(line)
        if match is None:
            return
        what, value = match.groups()
        if what == "client":
            self.client = value
        elif what == "rings":
            self.rings = value.replace(",", " ").split()
            if set(self.rings) - set(RINGS):
                raise ScenarioError(f"{place}: unknown ring in {value!r}; there are {RINGS}")
        else:
            pairs = [pair.partition("=") for pair in value.split()]
            self.macros = {name: text for name, _, text in pairs}

    def _override(self, others):
        """Replace what is expected after the n-th occurrence of each line named."""
        seen = {}
        for other in others:
            if other.key is None and not other.expected:
                continue
            seen[other.key] = seen.get(other.key, 0) + 1
            same = [exchange for exchange in self.exchanges if exchange.key == other.key]
            if len(same) < seen[other.key]:
                raise ScenarioError(f"{other.place}: the scenario does not say this: {other.key}")
            same[seen[other.key] - 1].expected = other.expected


def decode(text, place):
    """A C: line with its escapes undone, as bytes."""
    def one(match):
        what = match.group(1)
        if len(what) == 3:
            return chr(int(what[1:], 16))
        if what not in ESCAPES:
            raise ScenarioError(f"{place}: unknown escape \\{what}; a backslash is written \\\\")
        return ESCAPES[what]
    return re.sub(r"\\(x[0-9A-Fa-f]{2}|.|$)", one, text).encode("latin-1")


def matches(pattern, line):
    """`*` stands for anything, `\\*` for a star; all else for itself."""
    parts = re.split(r"(\\\*|\*)", pattern)
    regex = "".join(".*" if part == "*" else re.escape(part.replace("\\*", "*"))
                    for part in parts)
    return re.fullmatch(regex, line, re.DOTALL) is not None


class Player:
    """One scenario in one ring."""

    def __init__(self, scenario, conversation, ring, timeout):
        self.scenario, self.conversation, self.ring = scenario, conversation, ring
        self.timeout = timeout
        self.transcript = []
        self.last = None      # the last line read
        self.sent = b""

    def fail(self, place, expected, got):
        sent = self.sent.decode("latin-1").encode("unicode_escape").decode()
        shown = "\n".join(f"    {line}" for line in self.transcript)
        raise ScenarioError(f"{place} in ring {self.ring}\n  sent:     {sent}\n"
                            f"  expected: {expected}\n  got:      {got}\n  so far:\n{shown}")

    def play(self):
        for exchange in self.scenario.exchanges:
            if exchange.sent is None and not exchange.expected:
                exchange.expected = [(exchange.place, "220*"), (exchange.place, REST)]
            if exchange.skipped:
                continue
            if exchange.sent is not None:
                self.send(exchange)
            for place, pattern in exchange.expected:
                self.expect(place, pattern)
            if exchange.expected and self.unfinished():
                place = exchange.expected[-1][0]
                self.fail(place, "the end of the reply", self.read(place, "another line"))

    def send(self, exchange):
        self.sent = exchange.sent
        shown = exchange.sent.decode("latin-1").encode("unicode_escape").decode()
        self.transcript.append(f"C: {shown.removesuffix(chr(92) + 'r' + chr(92) + 'n')}")
        try:
            self.conversation.send(exchange.sent)
        except AssertionError as error:
            self.fail(exchange.place, "a server that listens", error)

    def unfinished(self):
        return self.last is not None and self.last[3:4] == "-"

    def read(self, place, pattern):
        try:
            self.last = self.conversation.read_line(self.timeout)
        except AssertionError as error:
            self.fail(place, pattern, error)
        if self.last is not None:
            self.transcript.append(f"S: {self.last}")
        return self.last

    def expect(self, place, pattern):
        if pattern == REST:
            self.rest(place)
            return
        line = self.read(place, pattern)
        if pattern == CLOSED and line is None:
            return
        if line is None or pattern == CLOSED or not matches(pattern, line):
            self.fail(place, pattern, "(closed)" if line is None else line)

    def rest(self, place):
        """The further lines of this reply; a whole reply where it stands first."""
        if not self.unfinished():
            previous = self.transcript[-1] if self.transcript else "C:"
            if previous.startswith("S: "):
                return
            self.read(place, "a reply")
        while self.unfinished():
            self.read(place, "the rest of the reply")


def run(path, ring, timeout=60.0):
    """Play the scenario in this ring; raises ScenarioError with all that is needed to see why."""
    scenario = Scenario(path, ring.name)
    conversation = ring.open(scenario)
    try:
        Player(scenario, conversation, ring.name, timeout).play()
    except BaseException:
        try:
            conversation.close()
        except AssertionError:
            pass
        raise
    conversation.close()
