"""Remedies of `milter-strict probe`: what they tell administrators to set is there to be set.

The settings are looked for in the mail servers themselves: in Postfix's manual, in the m4 files and
the program of Sendmail, in the program of Exim.
"""

import functools
import gzip
import pathlib
import re
import sys
import unittest

import support  # first: it says where the library is

import mail_server
import tables

# What begins with rules of ours is a remedy for both; else it has to name something of the server.
OURS = re.compile(r"\brules? [a-z]+-|milter-strict mta ")
POSTFIX = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b|\bmynetworks\b|\bpostscreen\b")
# m4's names, features, rulesets and flags; the last are words of the program.
SENDMAIL = re.compile(r"\bconf[A-Z_]+\b|(?<=FEATURE\(`)\w+|\bsrv_features\b|\bcheck_other\b|"
                      r"\bINPUT_MAIL_FILTER\b|\bLOCAL_RULESETS\b|\bSMTPUTF8(?==)|\bno[a-z]{4}\b")
FILES = ("access map", "aliases file")  # of Sendmail, by the names that administrators know
EXIM = re.compile(r"(?<![$\w])[a-z0-9]+(?:_[a-z0-9]+)+\b")
# Lists that Debian's and Exim's own configurations make, and that are no options.
LISTS = {"local_domains", "relay_to_domains", "relay_from_hosts"}
NEWER = re.compile(r"\bupdate (?:to|Sendmail)\b")


@functools.cache
def unpacked(name):
    try:
        return pathlib.Path(mail_server.unpack(name))
    except mail_server.Unavailable as reason:
        raise unittest.SkipTest(str(reason))


def words_of(*paths):
    """The words that these files hold."""
    parts = [gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
             for path in paths]
    return set(re.findall(r"\w+", b"\n".join(parts).decode("latin-1")))


class Remedies(unittest.TestCase):
    def each(self, server, pattern, there):
        """Whether all that is named is there; returns the remedies that name nothing."""
        idle = []
        for check, remedies in tables.remedies().items():
            named = pattern.findall(remedies[server])
            with self.subTest(check=check, server=server):
                self.assertEqual([word for word in named if word not in there], [],
                                 remedies[server])
            if not named and not OURS.search(remedies[server]):
                idle.append((check, remedies[server]))
        return idle

    def test_postfix(self):
        manual = words_of(unpacked("postfix") / "usr/share/man/man5/postconf.5.gz",
                         *unpacked("postfix").glob("usr/share/man/man8/postscreen.8*.gz"))
        idle = self.each("postfix", POSTFIX, manual)
        self.assertEqual([pair for pair in idle if not NEWER.search(pair[1])], [])

    def test_sendmail(self):
        root = unpacked("sendmail")
        files = [*root.glob("usr/share/sendmail/cf/**/*.m4"),
                 *root.glob("usr/share/sendmail/cf/cf/submit.mc"),
                 root / "usr/libexec/sendmail/sendmail"]
        features = {path.stem for path in files}
        idle = self.each("sendmail", SENDMAIL, features | words_of(*files))
        self.assertEqual([pair for pair in idle if not NEWER.search(pair[1])
                          and not any(name in pair[1] for name in FILES)], [])

    def test_exim(self):
        self.each("exim", EXIM, LISTS | words_of(unpacked("exim") / "usr/sbin/exim4"))


if __name__ == "__main__":
    unittest.main()
