"""The tables of the core, read from their files: what tests hold programs and texts against."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
POLICY = ROOT / "milter" / "policy"
TOOLS = ROOT / "milter" / "tools"
PROBE = ROOT / "milter" / "probe"
SPECS = TOOLS / "specs.c"
RULE = re.compile(r'^RULE\(\w+,\s*"([a-z0-9-]+)"', re.MULTILINE)
ADDRESS_RULE = re.compile(r'^ADDRESS_RULE\(\w+,\s*"([a-z0-9-]+)"', re.MULTILINE)
REPLY = re.compile(r'^REPLY\((\d{3}),\s*"([^"]*)"', re.MULTILINE)
CODE = re.compile(r'^(?:SPOKEN|OTHER)\((\d{3}), ', re.MULTILINE)
ENHANCED = re.compile(r'^ENHANCED\("([\d.]+)", "([^"]*)"', re.MULTILINE)
PAIR = re.compile(r'^PAIR\((\d{3}), (\d{3}),', re.MULTILINE)
CHECK = re.compile(r'^CHECK\(\w+, "([a-z0-9-]+)",(.*?)(?=^CHECK\(|\Z)', re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
WORDS = re.compile(r'"((?:[^"\\]|\\.)*)"')
SUBCOMMAND = re.compile(r"&tool_([a-z]+)_spec\b")
COMMAND = re.compile(r'^COMMAND\(\w+,\s*"([A-Z]+)",\s*(\w+)', re.MULTILINE)


def text_of(name):
    return (POLICY / name).read_text(encoding="ascii")


def rules():
    """The identifiers of all rules."""
    table = text_of("rules.def")
    pairs = [f"{who}-{word}" for word in ADDRESS_RULE.findall(table)
             for who in ("sender", "recipient")]
    return RULE.findall(table) + pairs


def replies():
    """Code and name of each reply, as {"501": "Syntax Error in Parameters"}."""
    return dict(REPLY.findall(text_of("reply.def")))


def commands():
    """Verb and kind of each command, as {"VRFY": "OPTIONAL"}."""
    return dict(COMMAND.findall(text_of("commands.def")))


def subcommands():
    """The names of the sub-commands, in the order of help."""
    return SUBCOMMAND.findall(SPECS.read_text(encoding="ascii"))


def codes():
    """Every reply code that can be explained."""
    return CODE.findall((TOOLS / "codes.def").read_text(encoding="ascii"))


def enhanced():
    """Subject and detail, and the name, of each enhanced code, as {"1.1": "bad ..."}."""
    return dict(ENHANCED.findall((TOOLS / "enhanced.def").read_text(encoding="ascii")))


def pairs():
    """The pairs of codes that have sentences of their own."""
    return PAIR.findall((TOOLS / "pairs.def").read_text(encoding="ascii"))


def remedies():
    """The remedies of each check of a probe, as {"greeting": {"postfix": "...", ...}}."""
    found = {}
    checks = (PROBE / "checks.def").read_text(encoding="ascii")
    for name, row in CHECK.findall(COMMENT.sub("", checks)):
        texts = row[row.index(")", row.index("RULES(")) + 1:]
        parts = ["".join(WORDS.findall(part)) for part in re.split(r'(?<="),\s*(?=")', texts)]
        found[name] = dict(zip(("postfix", "sendmail", "exim", "others"), parts, strict=True))
    return found
