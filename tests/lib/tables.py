"""The tables of the core, read from their files: what tests hold programs and texts against."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
POLICY = ROOT / "milter" / "policy"
SPECS = ROOT / "milter" / "tools" / "specs.c"
RULE = re.compile(r'^RULE\(\w+,\s*"([a-z0-9-]+)"', re.MULTILINE)
ADDRESS_RULE = re.compile(r'^ADDRESS_RULE\(\w+,\s*"([a-z0-9-]+)"', re.MULTILINE)
REPLY = re.compile(r'^REPLY\((\d{3}),\s*"([^"]*)"', re.MULTILINE)
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
