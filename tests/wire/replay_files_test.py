"""milter-strict replay: files of all kinds, in the order of time."""

import bz2
import gzip
import lzma
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import maillog  # noqa: E402
from replay_case import STAMP, ReplayCase, refusal, session  # noqa: E402


class Files(ReplayCase):
    def rotated(self):
        """Three files, the oldest compressed; between them a session each is cut in two."""
        names = [f"user{number}@example.org" for number in range(15)]
        parts = [refusal(name, stamp=f"Nov 24 {10 + number // 5}:00:{number:02}")
                 for number, name in enumerate(names)]
        text = "".join(parts) + session("AAAAA", "a@example.net", client="192.0.2.9",
                                        stamp="Nov 24 12:30:00")
        lines = text.splitlines(keepends=True)
        pieces = ["".join(lines[:14]), "".join(lines[14:28]), "".join(lines[28:])]
        return [self.tool.write("mail.log.2.gz", gzip.compress(pieces[0].encode("ascii"))),
                self.log(pieces[1], "mail.log.1"), self.log(pieces[2])]

    def test_rotated_files_are_put_in_order(self):
        files = self.rotated()
        for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
            with self.subTest(order=order):
                report = self.tool.report(*(files[index] for index in order))
                self.assertEqual([file["name"] for file in report.log["files"]], files)
                self.assertEqual(report.log["sessions"], 16)
                self.assertEqual(report.counts("refused-delivered"), {"probe-recipients": 1})

    def test_standard_input(self):
        text = session("AAAAA", '"a..b"@example.net').encode("ascii")
        for data in (text, gzip.compress(text)):
            report = self.tool.report("-", stdin=data)
            self.assertEqual(report.counts("refused-delivered"), {"sender-dots": 1})

    def test_standard_input_has_its_place_in_time(self):
        """The oldest part, unpacked by another program, and named last."""
        files = self.rotated()
        with gzip.open(files[0]) as oldest:
            text = oldest.read()
        os.remove(files[0])
        report = self.tool.report(*files[1:], "-", stdin=text)
        self.assertEqual([file["name"] for file in report.log["files"]], ["-", *files[1:]])
        self.assertEqual(report.log["sessions"], 16)
        self.assertEqual(report.log["to"][4:], "-11-24 12:30")
        self.assertEqual(report.counts("refused-delivered"), {"probe-recipients": 1})

    def test_a_file_that_is_named_twice_is_read_once(self):
        log = self.log(session("AAAAA", '"a..b"@example.net'))
        link = os.path.join(self.tool.folder, "link")
        os.symlink(log, link)
        report = self.tool.report(log, link, log)
        self.assertEqual([file["name"] for file in report.log["files"]], [log])
        self.assertEqual(report.counts("refused-delivered"), {"sender-dots": 1})

    def test_lines_that_stand_in_two_files_count_once(self):
        """A log that was copied before it was cut."""
        lines = "".join(session(f"AAAA{number}", '"a..b"@example.net', pid=number,
                                client=f"192.0.2.{number}", stamp=f"Nov 24 15:0{number}:00")
                        for number in range(9)).splitlines(keepends=True)
        whole, rest = self.log("".join(lines), "copy"), self.log("".join(lines[30:]))
        other = self.log("".join(lines[:31]), "begin")
        for files in ((whole, rest), (rest, whole), (whole, rest, other)):
            report = self.tool.report(*files)
            self.assertEqual(report.log["sessions"], 9)
            self.assertEqual(report.log["delivered"], 9)
            self.assertEqual(report.counts("refused-delivered"), {"sender-dots": 9})
        self.assertEqual(report.log["lines-repeated"], len(lines) - 30 + 31)

    def test_logs_of_several_hosts_are_read_side_by_side(self):
        """What a client did late in the one is not held against it early in the other."""
        asked = "".join(refusal(f"user{number}@example.org", stamp=f"Nov 24 10:00:{number:02}")
                        for number in range(20))
        one = self.log(session("AAAAA", "a@example.net", stamp="Nov  1 10:00:00") + asked, "one")
        early = session("AAAAB", "a@example.net", client="192.0.2.9", host="mx2",
                        stamp="Nov  2 10:00:00")
        late = session("AAAAC", "a@example.net", client="192.0.2.9", host="mx2",
                       stamp="Nov 24 10:30:00")
        for files in ((one, self.log(early + late, "two")), (self.log(early + late, "two"), one)):
            report = self.tool.report(*files)
            self.assertEqual(report.counts("refused-delivered"), {"probe-recipients": 1})
            example, = [row for row in report.rule("probe-recipients")["examples"]
                        if row["delivered"]]
            self.assertEqual(example["queue-id"], "AAAAC")

    def test_a_host_that_changed_the_form_of_its_stamps(self):
        """Without a zone at first: the files seem to overlap by two hours, and do not; a session
        begins in the one and ends in the other."""
        before = session("AAAAB", "b@example.net", stamp="Nov 23 12:00:00")
        begins = session("AAAAA", '"a..b"@example.net', stamp="Nov 24 12:00:00")
        ends = session("AAAAA", '"a..b"@example.net', stamp="2026-11-24T12:00:01+02:00")
        files = [self.log(before + "".join(begins.splitlines(True)[:3]), "mail.log.1"),
                 self.log("".join(ends.splitlines(True)[3:]))]
        report = self.tool.report(*reversed(files))
        self.assertEqual([file["name"] for file in report.log["files"]], files)
        self.assertEqual((report.log["sessions"], report.log["delivered"]), (2, 2))
        self.assertEqual(report.counts("refused-delivered"), {"sender-dots": 1})

    def test_many_files_at_the_same_time(self):
        files = [self.log(session(f"AAA{number}", '"a..b"@example.net', host=f"mx{number}"),
                          f"{number}.log") for number in range(100, 150)]
        report = self.tool.report(*files)
        self.assertEqual(report.log["delivered"], 50)

    def test_other_compressions_are_named(self):
        text = session("AAAAA", "a@example.net").encode("ascii")
        fine = self.log(text)
        for name, data in (("xz", lzma.compress(text)), ("bzip2", bz2.compress(text)),
                           ("zstd", b"\x28\xb5\x2f\xfd" + text)):
            with self.subTest(name):
                packed = self.tool.write(f"mail.log.{name}", data)
                for arguments, stdin in (((packed,), b""), ((fine, packed), b""),
                                         (("-",), data)):
                    ended = self.tool.run(*arguments, stdin=stdin)
                    self.assertEqual(ended.returncode, 69)
                    self.assertIn(f"compressed by {name}, which is not read".encode("ascii"),
                                  ended.stderr)
                    self.assertEqual(ended.stdout, b"")

    def test_lines_may_end_as_in_dos(self):
        text = session("AAAAA", '"a..b"@example.net').replace("\n", "\r\n")
        self.assertEqual(self.report(text).counts("refused-delivered"), {"sender-dots": 1})

    def test_iso_stamps(self):
        report = self.report(session("AAAAA", '"a..b"@example.net',
                                     stamp="2026-11-24T15:39:54.123456+01:00"))
        self.assertEqual(report.log["from"], "2026-11-24 14:39")
        self.assertEqual(report.counts("refused-delivered"), {"sender-dots": 1})

    def test_the_year_rolls_over(self):
        report = self.report("".join(session(f"AAAA{number}", "a@example.net", stamp=stamp)
                                     for number, stamp in enumerate(
                                         ("Dec 30 10:00:00", "Jan  2 10:00:00", "Jun  1 10:00:00",
                                          "Dec 30 10:00:00", "Jan  2 10:00:00"))))
        years = int(report.log["to"][:4]) - int(report.log["from"][:4])
        self.assertEqual(years, 2)

    def test_a_stray_stamp_does_not_move_the_clock(self):
        """One line of a clock that was wrong for a moment, in the midst of what a client did."""
        asked = "".join(refusal(f"user{number}@example.org") for number in range(20))
        later = session("AAAAA", "a@example.net", client="192.0.2.9", stamp="Nov 24 16:20:00")
        for stray in ("9999-12-31T23:59:59Z", "1970-01-01T00:00:01Z", "Jul 14 15:39:54"):
            with self.subTest(stray=stray):
                report = self.report(asked + refusal("alice@example.org", stamp=stray, pid=77)
                                     .split("\n", 1)[0] + "\n" + later)
                self.assertEqual(report.counts("refused-delivered"), {"probe-recipients": 1})
                self.assertEqual(report.log["lines-stray"], 1)
                self.assertEqual(report.log["from"][4:], "-11-24 15:39")
                self.assertEqual(report.log["to"][4:], "-11-24 16:20")

    def test_the_stamp_of_the_last_line_has_none_after_it(self):
        report = self.report(session("AAAAA", "a@example.net")
                             + session("AAAAB", '"a..b"@example.net', stamp="Nov 25 15:39:54")
                             + f"{STAMP[:4]}29{STAMP[6:]} mx postfix/qmgr[9]: AAAAC: removed\n")
        self.assertEqual(report.counts("refused-delivered"), {"sender-dots": 1})
        self.assertEqual(report.log["lines-stray"], 0)
        self.assertEqual(report.log["to"][4:], "-11-29 15:39")

    def test_a_file_that_is_damaged(self):
        data = gzip.compress(maillog.session(1, maillog.Facts()).encode("ascii") * 100)
        path = self.tool.write("mail.log.gz", data[:-20])
        ended = self.tool.run(path)
        self.assertEqual(ended.returncode, 69)
        self.assertIn(b"cannot be read to its end", ended.stderr)
        self.assertIn(b"NO MAIL LOST", ended.stdout)

    def test_errors(self):
        fine = self.log("")
        for arguments, status in (((), 2), (("--nonsense", fine), 2),
                                  ((os.path.join(self.tool.folder, "missing"),), 69),
                                  ((self.tool.folder,), 69), (("--diff", "/missing", fine), 78)):
            with self.subTest(arguments=arguments):
                ended = self.tool.run(*arguments)
                self.assertEqual(ended.returncode, status)
                self.assertTrue(ended.stderr)
        self.assertEqual(self.tool.run(fine, config="nonsense = 1;\n").returncode, 78)

    def test_help(self):
        ended = self.tool.run("--help", config=None)
        self.assertEqual(ended.returncode, 0)
        self.assertIn(b"--diff", ended.stdout)


if __name__ == "__main__":
    unittest.main()
