"""Configurations for `milter-strict mta`, and its files taken apart."""

import re

FILTER_FILE = "command_filter.pcre"
MILTER_AT = "unix:/var/spool/postfix/milter-strict/milter.sock"
POLICY = "unix:milter-strict/policy.sock"
MAP = "unix:/run/milter-strict/socketmap.sock"
TURNED = ("expn", "turn", "send", "soml", "saml")  # commands that Postfix is to make VRFY of
TABLE_LINE = re.compile(r"^/(.*)/\s+(.*)$", re.MULTILINE)


def all_doors(rules=""):
    """A configuration with the doors for both mail servers."""
    return (f'listen: {{ milter = "{MILTER_AT}"; policy = "unix:/var/spool/postfix/milter-strict/'
            f'policy.sock"; socketmap = "{MAP}"; }};\nrules: {{ {rules} }};\n')


def settings(text):
    """The settings of a main.cf, as a dict; no name stands there twice."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pairs = [line.split(" =", 1) for line in lines]
    found = {name: value.strip() for name, value in pairs}
    assert len(found) == len(lines), text
    return found


def code(text):
    """A .mc file without comments and empty lines."""
    lines = [line.removesuffix("dnl") for line in text.splitlines()]
    return "".join(f"{line}\n" for line in lines if line and not re.match(r"dnl( |$)", line))


def privacy(lines):
    """The words of confPRIVACY_FLAGS in .mc lines."""
    found = re.search(r"^define\(`confPRIVACY_FLAGS', `(.*)'\)$", lines, re.MULTILINE)
    return set(found.group(1).split(",")) if found else set()


def filtered(table, line):
    """What command_filter.pcre makes of a command line; the first pattern that fits decides."""
    for pattern, replacement in TABLE_LINE.findall(table):
        match = re.search(pattern, line, re.IGNORECASE | re.DOTALL)
        if match:
            return re.sub(r"\$(\d)", lambda number: match.group(int(number.group(1))), replacement)
    return line
