"""The headings of explain and compare in each language, as users of that language get them."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import daemon  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
CATALOGUES = ROOT / os.environ.get("BUILD", "build") / "locale"
LOCALES = {"fr": "fr_FR", "tr": "tr_TR", "vi": "vi_VN", "id": "id_ID"}

# Headings that a reader of the language looks for.
HEADINGS = {
    "fr": ("Classe", "Quand vous le voyez", "Différences clés"),
    "tr": ("Sınıf", "Ne zaman görülür", "Temel farklar"),
    "vi": ("Nhóm", "Khi bạn thấy mã này", "Khác biệt chính"),
    "id": ("Kelas", "Kapan terlihat", "Perbedaan utama"),
}
ENGLISH = ("Class", "When seen", "Key differences")
ENTRY = re.compile(r'^msgid "(.+)"\nmsgstr "(.+)"$', re.MULTILINE)


def columns(text):
    return sum(0 if unicodedata.combining(each) else 1 for each in text)


def translations(language):
    return dict(ENTRY.findall((ROOT / "milter" / "po" / f"{language}.po").read_text("utf-8")))


class LanguageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Real locales of each language, in a folder of our own: most systems have none."""
        cls.locales = pathlib.Path(tempfile.mkdtemp(prefix="milter-strict-locale-"))
        cls.addClassCleanup(shutil.rmtree, cls.locales)
        if shutil.which("localedef") is None or not pathlib.Path("/usr/share/i18n/locales/fr_FR").exists():
            raise unittest.SkipTest("the definitions of locales are missing: package locales")
        started = [subprocess.Popen(["localedef", "-i", name, "-f", "UTF-8", "--no-archive",
                                     str(cls.locales / f"{name}.UTF-8")], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                   for name in LOCALES.values()]
        if any([each.wait(daemon.PATIENCE * 4) != 0 for each in started]):
            raise AssertionError("localedef has failed")

    def said(self, *words, wide="80", **variables):
        kept = {name: value for name, value in os.environ.items()
                if name not in ("LANGUAGE", "LANG") and not name.startswith("LC_")}
        environment = {**kept, "COLUMNS": wide, "MILTER_STRICT_LOCALES": str(CATALOGUES.resolve()),
                       **variables}
        done = subprocess.run([*daemon.wrapper(), daemon.program(), *words], env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=daemon.PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout.decode("utf-8")

    def both(self, **variables):
        return self.said("explain", "-c", "/dev/null", "503", **variables) + \
            self.said("compare", "503", "500", **variables)

    def assert_language(self, language, said):
        for heading, english in zip(HEADINGS[language], ENGLISH):
            self.assertRegex(said, rf"(?m)^  {heading} ")
            self.assertNotRegex(said, rf"(?m)^  {english} ")

    def test_each_language_by_each_variable(self):
        for language, name in LOCALES.items():
            for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
                with self.subTest(language=language, variable=variable):
                    settings = {variable: f"{name}.UTF-8", "LOCPATH": str(self.locales)}
                    if variable == "LC_MESSAGES":
                        settings["LC_CTYPE"] = f"{name}.UTF-8"
                    self.assert_language(language, self.both(**settings))

    def test_language_comes_first(self):
        said = self.both(LC_ALL="fr_FR.UTF-8", LANGUAGE="vi:tr", LOCPATH=str(self.locales))
        self.assert_language("vi", said)

    def test_a_system_without_locales(self):
        """As in a container, where there is C.UTF-8 and nothing else."""
        for language, name in LOCALES.items():
            self.assert_language(language, self.both(LANG=f"{name}.UTF-8", LOCPATH="/nonexistent"))
            self.assert_language(language, self.both(LANG=f"{name}.UTF-8", LOCPATH="/nonexistent",
                                                     LANGUAGE=""))
            self.assert_language(language, self.both(LC_ALL="C.UTF-8", LANGUAGE=language))

    def test_english_otherwise(self):
        for settings in ({}, {"LC_ALL": "C", "LANGUAGE": "fr"}, {"LANG": "de_DE.UTF-8"},
                         {"LC_ALL": "fr_FR"}, {"LANG": "fr_FR.UTF-8", "LC_ALL": "C"},
                         {"LANG": "fr_FR.UTF-8", "MILTER_STRICT_LOCALES": "build/locale"}):
            with self.subTest(settings=settings):
                said = self.both(**{"LOCPATH": str(self.locales), **settings})
                for heading in ENGLISH:
                    self.assertRegex(said, rf"(?m)^  {heading} ")

    def test_every_heading_is_translated(self):
        """All that explain and compare can print under a heading, seen in the user's language."""
        asked = [["explain", "-c", "/dev/null", what] for what in
                 ("503", "5.1.1", "sender-dots", "MAIL FROM:<a@example.com> X=1", "HELP")]
        asked.append(["compare", "503", "500"])
        plain = [self.said(*words) for words in asked]
        for language, name in LOCALES.items():
            known = translations(language)
            for words, english in zip(asked, plain):
                said = self.said(*words, LANG=f"{name}.UTF-8")
                for label in re.findall(r"(?m)^  (\S+(?: \S+)*?)(?:  |$)", english):
                    with self.subTest(language=language, label=label):
                        if label in known:
                            self.assertIn(f"  {known[label]}", said)

    def test_words_stand_in_one_column(self):
        """Letters of two and three bytes take one column."""
        for language, name in LOCALES.items():
            said = self.said("explain", "-c", "/dev/null", "503", LANG=f"{name}.UTF-8",
                             LOCPATH=str(self.locales))
            widest = max(columns(translations(language)[label]) for label in
                         ("Class", "Meaning", "When seen", "As sender", "As operator", "Enhanced",
                          "Source", "Rules", "Policy"))
            for line in said.split("\n")[2:]:
                if line.strip():
                    self.assertEqual(line[widest + 2], " ")
                    self.assertNotEqual(line[widest + 3], " ")
                self.assertLessEqual(columns(line), 80)

    def test_json_is_the_same_in_any_language(self):
        english = self.said("compare", "--json", "503", "500")
        self.assertEqual(self.said("compare", "--json", "503", "500", LANG="vi_VN.UTF-8"), english)

    def test_replies_of_the_session_stay_english(self):
        done = subprocess.run([*daemon.wrapper(), daemon.program(), "session", "-c", os.devnull],
                              input=b"XYZZY\r\nQUIT\r\n", stdout=subprocess.PIPE,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "fr",
                                   "MILTER_STRICT_LOCALES": str(CATALOGUES.resolve())},
                              timeout=daemon.PATIENCE, check=True)
        self.assertIn(b"Syntax error", done.stdout)


if __name__ == "__main__":
    unittest.main()
