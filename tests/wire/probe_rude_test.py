"""`milter-strict probe` at servers that misbehave on purpose: it ends soon, small, and says why."""

import concurrent.futures
import json
import os
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import daemon  # noqa: E402
import probe_tool  # noqa: E402
from ports import deaf_port  # noqa: E402
from rude_server import LONG_LINE, MANNERS, RudeServer  # noqa: E402

# Seconds that the probe waits for an answer. Those who answer at all may do so late on a busy machine.
SHORT, LONG = 1, 5
SILENT = ("silence", "silence after greeting", "drip")
PATIENCE = 10 * daemon.PATIENCE
MORE_MEMORY = 16 * 1024  # KiB that a server may cost, whatever it sends
UNAVAILABLE = 69
# Those of whom no client learns anything.
NO_SERVER = ("silence", "close at once", "reset at once", "garbage", "endless reply", "drip",
             "long line")
# Those who say what no terminal should be shown.
DIRTY = ("hostile text", "garbage replies", "garbage", "bare line feeds")
COMMANDS, CONNECTIONS = 800, 160


def timeout(manner):
    return "--timeout", str(SHORT if manner in SILENT else LONG)


def meet(manner):
    """Probe such a server; the run, its three reports, and what the server has to say."""
    with RudeServer(manner) as server, tempfile.TemporaryDirectory() as folder:
        junit, html = os.path.join(folder, "report.xml"), os.path.join(folder, "report.html")
        done = probe_tool.probe(server, "--json", *timeout(manner), "--junit", junit, "--html", html,
                                "--limits", "--enumerate", "--user", "alice",
                                patience=PATIENCE)
        done.junit, done.html = read(junit), read(html)
        done.sent, done.connections = server.sent, server.connections
    return done


def show(manner):
    """What the terminal shows of a probe at such a server."""
    with RudeServer(manner) as server:
        done = probe_tool.probe(server, "--verbose", *timeout(manner), patience=PATIENCE)
    return done.stdout + done.stderr


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


class RudeServers(unittest.TestCase):
    """All of them are met at once, for most of the time is spent waiting."""

    @classmethod
    def setUpClass(cls):
        with concurrent.futures.ThreadPoolExecutor(len(MANNERS) + len(DIRTY)) as pool:
            cls.runs = {manner: pool.submit(meet, manner) for manner in MANNERS}
            cls.shown = {manner: pool.submit(show, manner) for manner in DIRTY}

    def each(self, hold):
        """hold(manner, run) for every server."""
        for manner, run in self.runs.items():
            with self.subTest(manner=manner):
                hold(manner, run.result())

    def test_it_ends_with_a_status_that_fits(self):
        def hold(manner, done):
            failed, ended = "fail" in done.statuses.values(), done.json["ended"] != ""
            self.assertEqual(done.status, 1 if failed else UNAVAILABLE if ended else 0, done)
            self.assertTrue(ended or manner not in NO_SERVER, done)
        self.each(hold)

    def test_replies_that_are_none_are_not_well_formed(self):
        for manner in ("close amid a reply", "garbage replies", "bare line feeds"):
            with self.subTest(manner=manner):
                done = self.runs[manner].result()
                self.assertIn(done.statuses["reply-form"], ("warn", "fail"), done)

    def test_its_memory_is_bounded(self):
        least = min(run.result().peak for run in self.runs.values())
        self.each(lambda _, done: self.assertLess(done.peak, least + MORE_MEMORY, done))

    def test_it_does_not_read_for_ever(self):
        self.each(lambda _, done: self.assertLess(done.json["received"], LONG_LINE // 100, done))

    def test_it_asks_a_bounded_number_of_times(self):
        def hold(_, done):
            self.assertLessEqual(done.json["connections"], CONNECTIONS, done)
            self.assertLessEqual(done.connections, CONNECTIONS, done)
            self.assertLessEqual(done.json["commands"], COMMANDS, done)
        self.each(hold)

    def test_every_report_has_every_check(self):
        def hold(_, done):
            names = list(done.statuses)
            cases = xml.etree.ElementTree.fromstring(done.junit).findall("*/testcase")
            found = [case.get("name").partition(":")[0] for case in cases]
            self.assertEqual(found[:len(names)], names)
            self.assertEqual(len(found) - len(names), done.json["ended"] != "")
            for name in names:
                self.assertEqual(done.html.count(f'<details id="{name}"'), 1)
        self.each(hold)

    def test_the_sums_of_junit_are_those_of_its_cases(self):
        def hold(_, done):
            suites = xml.etree.ElementTree.fromstring(done.junit)
            for element in (suites, suites.find("testsuite")):
                for name, path in (("tests", "testcase"), ("failures", "testcase/failure"),
                                   ("errors", "testcase/error"), ("skipped", "testcase/skipped")):
                    self.assertEqual(int(element.get(name)), len(suites.findall(f"*/{path}")))
        self.each(hold)

    def test_junit_says_what_json_says(self):
        kinds = {"fail": ["failure"], "unknown": ["skipped"], "pass": [], "warn": []}

        def hold(_, done):
            cases = xml.etree.ElementTree.fromstring(done.junit).findall("*/testcase")
            for case, (name, status) in zip(cases, done.statuses.items()):
                self.assertEqual([part.tag for part in case if part.tag != "system-out"],
                                 kinds[status], name)
                output = case.findtext("system-out", "").splitlines()
                said = [line.replace(" ", ": ", 1) for line in done.said(name)]
                self.assertLess(set(said), set(output) | {""}, name)
        self.each(hold)

    def test_nothing_of_theirs_reaches_the_terminal_raw(self):
        for manner, run in self.shown.items():
            with self.subTest(manner=manner):
                said = run.result()
                self.assertGreater(len(said), 200)
                self.assertTrue(said.isascii(), ascii(said[:400]))
                self.assertEqual([c for c in said if c < " " and c != "\n"], [])


class NobodyThere(unittest.TestCase):
    def test_a_port_where_nobody_listens_is_no_answer(self):
        with deaf_port() as port:
            self.assert_reports(f"127.0.0.1:{port}", "no connection")

    def test_a_name_that_does_not_exist_is_no_answer(self):
        self.assert_reports("nosuch.invalid:25", "nosuch.invalid")

    def assert_reports(self, target, words):
        """Programs that wait for a report get one, and it says why nothing was asked."""
        with tempfile.TemporaryDirectory() as folder:
            junit, html = os.path.join(folder, "report.xml"), os.path.join(folder, "report.html")
            done = probe_tool.run(*probe_tool.QUICK, "--json", "--timeout", "20", "--junit", junit,
                                  "--html", html, target)
            self.assertEqual(done.status, UNAVAILABLE, done)
            self.assertEqual(set(done.statuses.values()), {"unknown"}, done)
            self.assertEqual(done.json["totals"]["unknown"], len(done.checks))
            self.assertIn(words, done.json["ended"] + done.stderr)
            self.assertEqual({check["note"] for check in done.checks.values()} & {""}, set())
            self.assertIn("<error", read(junit))
            self.assertIn("</html>", read(html))


class FilesThatCannotBeWritten(unittest.TestCase):
    def test_a_report_that_cannot_be_written_is_an_error(self):
        for option in ("--junit", "--html"):
            with self.subTest(option=option), RudeServer("close at once") as server:
                done = probe_tool.probe(server, option, "/nonexistent/report")
                self.assertNotIn(done.status, (0, 1))
                self.assertIn("/nonexistent/report: No such file or directory", done.stderr)


class FilesThatAreOutput(unittest.TestCase):
    """Standard output is a file here: what is printed there stays whole, and comes first."""

    def test_a_report_follows_what_is_printed(self):
        with RudeServer("close at once") as server:
            done = probe_tool.probe(server, "--json", "--junit", "/dev/stdout")
        self.assertTrue(done.stdout.startswith("{"), done)
        end = done.stdout.index("<?xml")
        self.assertEqual(len(json.loads(done.stdout[:end])["checks"]),
                         done.stdout.count("<skipped"))
        self.assertTrue(done.stdout.endswith("</testsuites>\n"), done)


class WordsThatAreWrong(unittest.TestCase):
    def test_they_are_shown_escaped(self):
        for words in (("\x1b[31m",), ("--user", "\x1b[31m@ @", "localhost"),
                      ("--pace", "\x1b[31m", "localhost")):
            done = probe_tool.run(*words)
            self.assertEqual(done.status, 2, done)
            self.assertIn("\\x1B[31m", done.stderr)
            self.assertNotIn("\x1b", done.stderr)


if __name__ == "__main__":
    unittest.main()
