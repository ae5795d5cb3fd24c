"""The table of what clients read at real mail servers, milter/man/truth.table.

Run as a program it prints the table as the README has it.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "milter" / "man" / "truth.table"
SERVERS = ("Postfix 3.7", "Sendmail 8.17")
TIMES = ("before HELO", "after HELO", "after MAIL", "after RCPT", "after a message")
SPANS = {"any time": TIMES, "until DATA": TIMES[:-1]}
HANGS_UP = ", hangs up"
HEADING = re.compile(r"[1-5]\d\d \S")
OURS = re.compile(r"(\d{3})[- ](\d\.\d\.\d) .*\(([a-z]+-[a-z-]+)\)$")


class Row:
    """One line of the table."""

    def __init__(self, number, heading, cells):
        self.number, self.heading = number, heading
        self.when, self.sent, self.rule, *replies = cells
        self.replies = dict(zip(SERVERS, replies))
        if self.when not in (*TIMES, *SPANS) or len(replies) != len(SERVERS):
            raise ValueError(f"{TABLE}:{number}: {cells}")

    @property
    def times(self):
        return SPANS.get(self.when, (self.when,))

    @property
    def config(self):
        """The rule's setting as a configuration."""
        return f"rules: {{ {self.rule} }};\n" if self.rule else ""

    def __str__(self):
        return f"line {self.number}: {self.when}: {self.sent}"


def rows():
    """All rows, in the order of the table."""
    found, heading = [], None
    for number, line in enumerate(TABLE.read_text(encoding="ascii").splitlines(), 1):
        if line.startswith("#") or not line:
            continue
        if HEADING.match(line):
            heading = line
        else:
            cells = [cell.strip() for cell in line.split("|")]
            found.append(Row(number, heading, cells))
    return found


def brief(cell):
    """A cell as the README has it: our own replies by their rule."""
    reply = cell.removesuffix(HANGS_UP)
    ours = OURS.match(reply)
    text = f"`{ours[1]} {ours[2]}`, {ours[3]}" if ours else f"`{reply}`"
    return text + (HANGS_UP if cell.endswith(HANGS_UP) else "")


def markdown():
    """The table as the README has it."""
    lines = [f"| the client sends | | {' | '.join(SERVERS)} |", "|---|---|---|---|"]
    heading = None
    for row in rows():
        if row.heading != heading:
            heading = row.heading
            lines.append(f"| **{heading}** | | | |")
        when = row.when + (f", `{row.rule}`" if row.rule else "")
        cells = [f"`{row.sent}`", when, *(brief(row.replies[server]) for server in SERVERS)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
