"""A minimal SMTP front end on top of the MTA double: to its client it behaves as Postfix 3.7 does.

It turns SMTP lines into milter events, speaks the milter's replies, and answers natively what
never reaches a milter. It has no socket of its own: send() takes the client's bytes,
read_line() gives the lines of the answers.

Its recipients: every address is accepted but those whose local part begins with "unknown".
"""

import re

from milter_wire import Mta

HOSTNAME = "mx.example.org"
LINE_LIMIT = 2048
QUEUE_ID = "4XStrict01"
EHLO_LINES = [HOSTNAME, "PIPELINING", "SIZE 10240000", "VRFY", "ETRN", "ENHANCEDSTATUSCODES",
              "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING"]
REFUSALS = {"reject": "550 5.7.1 Command rejected", "shutdown": "421 4.7.0 Closing connection",
            "tempfail": "451 4.7.1 Service unavailable - try again later"}
FORBIDDEN = ("CONNECT", "GET", "POST")
OPTIONS = {
    "MAIL": re.compile(r"(SIZE=\d*|BODY=(7BIT|8BITMIME)|AUTH=\S+|SMTPUTF8|RET=\S+|ENVID=\S+)$",
                       re.I),
    "RCPT": re.compile(r"(NOTIFY=\S+|ORCPT=\S+)$", re.I),
}
TOKEN = re.compile(r'<(?:"(?:[^"\\]|\\.)*"|[^">])*>?[^\s]*|(?:"(?:[^"\\]|\\.)*"|\S)+')


def fold(lines, code="250"):
    """Words as the lines of one reply."""
    return [f"{code}{' ' if number == len(lines) else '-'}{line}"
            for number, line in enumerate(lines, 1)]


def tolerated(path):
    """Whether Postfix takes this path when strict_rfc821_envelopes is off."""
    inner = path[1:].removesuffix(">") if path.startswith("<") else path
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "q", inner)
    _, at, domain = bare.rpartition("@")
    if re.search(r"\s", bare):
        return False
    if at and re.search(r"(^|\.)-", domain):
        return False
    octets = re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\.(\d+)\]", domain)
    return octets is None or all(int(octet) < 256 for octet in octets.groups())


class MiniMta:
    def __init__(self, address, client="192.0.2.7", name="client.example", macros=None):
        self.mta = Mta(address).open()
        self.client, self.name = client, name
        self.values = {"j": HOSTNAME, "{daemon_name}": "smtpd", "{daemon_addr}": "127.0.0.1",
                       "v": "Postfix 3.7.11", "{client_name}": name, "{rcpt_mailer}": "local",
                       **(macros or {})}
        if client is not None:
            self.values["{client_addr}"] = client
        self.output = []
        self.input = b""
        self.content = None     # the lines of a message while DATA lasts
        self.closed = False
        self.denied = None      # the reply that answers everything after a refused CONNECT or HELO
        self.excused = False    # accepted at CONNECT or HELO: no more events in this session
        self.passed = False     # accepted later: no more events for this message
        self.reset()
        self.begin()

    # --- what a ring needs -----------------------------------------------------------------

    def send(self, data):
        self.input += data
        while b"\n" in self.input and not self.closed:
            line, _, self.input = self.input.partition(b"\n")
            line = line.removesuffix(b"\r")
            if self.content is not None:
                self.take_content(line)
            else:
                self.obey(line[:LINE_LIMIT].decode("latin-1"))

    def read_line(self, timeout=None):  # pylint: disable=unused-argument
        if self.output:
            return self.output.pop(0)
        if self.closed:
            return None
        raise AssertionError("no reply: the MTA waits for more input")

    def close(self):
        self.mta.close()

    # --- replies ---------------------------------------------------------------------------

    def say(self, *lines):
        self.output += lines
        if lines[-1].startswith(("421", "221")):
            self.hang_up()

    def hang_up(self):
        self.closed = True
        self.mta.quit()
        self.mta.close()

    def ask(self, event, *arguments):
        """Send an event; the lines of a refusal, or None."""
        if self.excused or self.passed:
            return None
        stage = {"header": None, "body": None, "unknown": None}.get(event, event)
        if stage is not None:
            self.mta.macros(stage, self.values)
        reply = getattr(self.mta, event)(*arguments)
        if reply.action == "accept":
            if event in ("connect", "helo"):
                self.excused = True
            else:
                self.passed = True
        if reply.passes or reply.action in ("skip", "discard"):
            return None
        lines = reply.client_lines or [REFUSALS[reply.action]]
        if event in ("connect", "helo"):
            self.denied = lines
        return lines

    def reset(self):
        self.sender = None
        self.recipients = 0
        self.passed = False
        self.values.pop("i", None)

    def abort(self):
        if self.sender is not None and not self.excused:
            self.mta.abort()
        self.reset()

    # --- commands --------------------------------------------------------------------------

    def begin(self):
        self.mta.negotiate()
        lines = self.ask("connect", self.name, self.client, 40000 if self.client else 0)
        if lines is None:
            self.say(f"220 {HOSTNAME} ESMTP Postfix")
        elif lines[0].startswith("421"):
            self.say(*lines)
        else:
            self.say(f"554 {HOSTNAME} ESMTP not accepting connections")

    def obey(self, line):
        words = line.split(None, 1)
        if not words:
            return self.say("500 5.5.2 Error: bad syntax")
        verb, rest = words[0].upper(), words[1].rstrip() if len(words) > 1 else ""
        if verb == "QUIT":
            return self.say("221 2.0.0 Bye")
        if self.denied is not None:
            return self.say(*self.denied)
        if verb in FORBIDDEN or verb.endswith(":"):
            return self.say("221 2.7.0 Error: I can break rules, too. Goodbye.")
        command = getattr(self, f"do_{verb.lower()}", None) if verb.isalpha() else None
        if command is None:
            return self.unknown(words[0])
        return command(rest)

    def unknown(self, verb):
        lines = self.ask("unknown", verb.encode("latin-1"))
        self.say(*(lines or ["502 5.5.2 Error: command not recognized"]))

    def greet(self, verb, name, answer):
        if not name:
            return self.say(f"501 Syntax: {verb} hostname")
        self.abort()
        lines = self.ask("helo", " ".join(name.split()).encode("latin-1"))
        if lines is None:
            self.say(*answer)
        elif lines[0].startswith("421"):
            self.say(*lines)
        elif verb == "EHLO":
            self.say(*fold([HOSTNAME, "ENHANCEDSTATUSCODES"]))
        else:
            self.say(f"250 {HOSTNAME}")

    def do_helo(self, rest):
        self.greet("HELO", rest, [f"250 {HOSTNAME}"])

    def do_ehlo(self, rest):
        self.greet("EHLO", rest, fold(EHLO_LINES))

    def envelope(self, verb, keyword, rest, bad):
        """The tokens of MAIL or RCPT, or None when it was answered here."""
        if not rest.upper().startswith(keyword) or not rest[len(keyword):].strip():
            self.say(f"501 5.5.4 Syntax: {verb} {keyword}<address>")
            return None
        tokens = TOKEN.findall(rest[len(keyword):])
        for option in tokens[1:]:
            if not OPTIONS[verb].match(option):
                self.say(f"555 5.5.4 Unsupported option: {option}")
                return None
        if not tolerated(tokens[0]):
            self.say(bad)
            return None
        return [token.encode("latin-1") for token in tokens]

    def do_mail(self, rest):
        if self.sender is not None:
            return self.say("503 5.5.1 Error: nested MAIL command")
        tokens = self.envelope("MAIL", "FROM:", rest, "501 5.1.7 Bad sender address syntax")
        if tokens is None:
            return None
        self.reset()
        lines = self.ask("mail", *tokens)
        if lines is None:
            self.sender = tokens[0]
        return self.say(*(lines or ["250 2.1.0 Ok"]))

    def do_rcpt(self, rest):
        if self.sender is None:
            return self.say("503 5.5.1 Error: need MAIL command")
        tokens = self.envelope("RCPT", "TO:", rest, "501 5.1.3 Bad recipient address syntax")
        if tokens is None:
            return None
        if tokens[0].lower().startswith((b"<unknown", b"unknown")):
            if not self.excused and not self.passed:
                self.mta.macros("rcpt", self.values)
                self.mta.rejected_rcpt(tokens[0])
            shown = tokens[0].decode("latin-1")
            return self.say(f"550 5.1.1 {shown}: Recipient address rejected: User unknown")
        lines = self.ask("rcpt", *tokens)
        if lines is None:
            self.recipients += 1
            self.values["i"] = QUEUE_ID
        return self.say(*(lines or ["250 2.1.5 Ok"]))

    def do_data(self, rest):
        if rest:
            return self.say("501 5.5.4 Syntax: DATA")
        if self.recipients == 0:
            return self.say("503 5.5.1 Error: need RCPT command" if self.sender is None
                            else "554 5.5.1 Error: no valid recipients")
        lines = self.ask("data")
        if lines is None:
            self.content = []
        return self.say(*(lines or ["354 End data with <CR><LF>.<CR><LF>"]))

    def take_content(self, line):
        if line != b".":
            self.content.append(line.removeprefix(b"."))
            return
        lines, self.content = self.content, None
        answer = self.deliver(lines)
        self.reset()
        self.say(*(answer or [f"250 2.0.0 Ok: queued as {QUEUE_ID}"]))

    def deliver(self, lines):
        split = lines.index(b"") if b"" in lines else len(lines)
        for line in lines[:split]:
            name, _, value = line.partition(b":")
            answer = self.ask("header", name, value.strip())
            if answer:
                return answer
        for event, arguments in (("eoh", ()), ("body", (b"\r\n".join(lines[split + 1:]),)),
                                 ("eom", ())):
            answer = self.ask(event, *arguments)
            if answer:
                return answer
        return None

    def do_rset(self, _):
        self.abort()
        self.say("250 2.0.0 Ok")

    def do_noop(self, _):
        self.say("250 2.0.0 Ok")

    def do_vrfy(self, rest):
        self.say(f"252 2.0.0 {rest}" if rest else "501 5.5.4 Syntax: VRFY address")

    def do_starttls(self, _):
        self.say("502 5.5.1 Error: command not implemented")

    def do_auth(self, _):
        self.say("503 5.5.1 Error: authentication not enabled")
