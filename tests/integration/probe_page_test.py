"""The page of `milter-strict probe --html`, in a real browser: on a phone and on a desk, by day and
by night, on paper."""

import os
import tempfile
import unittest

import support  # first: it says where the library is

import browser
import probe_tool
from rude_server import RudeServer
from session_tool import SessionTool

PHONE, DESK = 360, 1100
SCREENS = [(width, dark) for width in (PHONE, DESK) for dark in (False, True)]
READABLE, READABLE_LARGE = 4.5, 3.0  # contrast: WCAG 2.2, 1.4.3, level AA

# Each colour of text, with the colour behind it, its size (px) and weight, and an example.
COLOURS = r"""
(() => {
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (!/, 0\)$/.test(colour) && colour !== 'transparent') return colour;
    }
    return null;
  };
  const found = new Map();
  const note = (element, style, text) => {
    const row = [style.color, behind(element), parseFloat(style.fontSize),
                 parseInt(style.fontWeight)];
    found.set(row.join(), [...row, text.trim().slice(0, 40)]);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() !== '' && element.checkVisibility())
      note(element, getComputedStyle(element), walker.currentNode.data);
  }
  for (const element of document.querySelectorAll('summary'))
    note(element, getComputedStyle(element, '::after'), 'sign of a summary');
  return [...found.values()];
})()
"""
CHECKS = r"""
Object.fromEntries([...document.querySelectorAll('details')].map(one => {
  const summary = one.querySelector('summary');
  return [one.id, {visible: summary.checkVisibility(), words: summary.innerText.split(/\s+/),
                   lines: [...one.querySelectorAll('.talk li')].map(line => line.textContent)}];
}))
"""
# What the browser says of a picture that somebody got into the page after all.
BREAK_POLICY = """
new Promise(tell => {
  document.addEventListener('securitypolicyviolation', event => tell(event.effectiveDirective));
  document.body.appendChild(new Image()).src = 'http://127.0.0.1:9/x';
})
"""
OPEN_ALL = "document.querySelectorAll('details').forEach(one => { one.open = true; })"
VISIBLE = "[...document.querySelectorAll('{}')].filter(one => one.checkVisibility()).length"
WIDEST = "document.documentElement.scrollWidth"
WIDER = """[...document.querySelectorAll('*')].filter(one =>
  one.getBoundingClientRect().right > innerWidth + 1 || one.scrollWidth > one.clientWidth + 1 &&
  getComputedStyle(one).display !== 'inline').map(one => one.outerHTML.slice(0, 100))"""


def luminance(colour):
    """Of "rgb(1, 2, 3)", as WCAG defines it."""
    channels = [int(part) / 255 for part in colour.removeprefix("rgb(").rstrip(")").split(",")]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
              for part in channels]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def least(size, weight):
    """What is large needs less: 18 pt, or 14 pt when it is bold."""
    return READABLE_LARGE if size >= 24 or (size >= 18.66 and weight >= 700) else READABLE


class PageCase:
    """The tests; `serve()` gives the server whose report is looked at."""

    @classmethod
    def setUpClass(cls):
        if not browser.is_there():
            raise unittest.SkipTest("chromium is missing")
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="milter-strict-page-"))
        cls.path = os.path.join(folder, "report.html")
        server = cls.enterClassContext(cls.serve())
        cls.done = probe_tool.probe(server, "--json", "--html", cls.path, "--timeout", "60",
                                    patience=300)
        cls.browser = cls.enterClassContext(browser.Browser())

    def on_each_screen(self, hold):
        """hold(width) with the page opened on every screen."""
        for width, dark in SCREENS:
            with self.subTest(width=width, dark=dark):
                self.browser.emulate(width, dark)
                self.browser.open(self.path)
                hold(width)

    def test_it_shows_every_check(self):
        def hold(_):
            shown = self.browser.evaluate(CHECKS)
            self.assertEqual(list(shown), list(self.done.checks))
            for name, status in self.done.statuses.items():
                self.assertTrue(shown[name]["visible"], name)
                self.assertIn(name, shown[name]["words"])
                self.assertIn({"unknown": "unclear"}.get(status, status), shown[name]["words"])
        self.on_each_screen(hold)

    def test_what_is_to_be_looked_at_stands_open(self):
        statuses = list(self.done.statuses.values())
        wanting = statuses.count("fail") + statuses.count("warn")

        def hold(_):
            self.assertEqual(self.browser.evaluate(VISIBLE.format(".body")), wanting)
            self.assertEqual(self.browser.evaluate(VISIBLE.format(".todo li")), wanting)
        self.on_each_screen(hold)

    def test_it_shows_what_was_sent_and_what_came_back(self):
        self.browser.emulate(DESK)
        self.browser.open(self.path)
        for name, check in self.browser.evaluate(CHECKS).items():
            said = self.done.said(name)
            self.assertEqual(check["lines"][:len(said)], said)

    def test_nothing_stands_over_the_edge(self):
        def hold(width):
            for _ in range(2):  # as it is, and with everything open
                self.assertEqual(self.browser.evaluate(WIDER), [])
                self.assertEqual(self.browser.evaluate(WIDEST), width)
                self.browser.evaluate(OPEN_ALL)
        self.on_each_screen(hold)

    def test_all_text_can_be_read(self):
        pages = set()

        def hold(_):
            self.browser.evaluate(OPEN_ALL)
            rows = self.browser.evaluate(COLOURS)
            self.assertGreater(len(rows), 8)
            pages.add(self.browser.evaluate("getComputedStyle(document.body).backgroundColor"))
            pale = [row for row in rows if contrast(row[0], row[1]) < least(row[2], row[3])]
            self.assertEqual(pale, [])
        self.on_each_screen(hold)
        self.assertEqual(len(pages), 2, "light and dark look the same")

    def test_it_asks_for_nothing(self):
        def hold(_):
            self.assertEqual(self.browser.requests, [f"file://{self.path}"])
            self.assertEqual(self.browser.evaluate(
                "performance.getEntriesByType('resource').map(one => one.name)"), [])
            self.assertEqual(self.browser.evaluate("document.scripts.length"), 0)
        self.on_each_screen(hold)

    def test_its_policy_would_not_let_it_ask(self):
        self.browser.emulate(DESK)
        self.browser.open(self.path)
        self.assertEqual(self.browser.evaluate(BREAK_POLICY), "img-src")
        self.browser.evaluate("document.head.appendChild(document.createElement('script')).text "
                              "= 'window.ran = true'")
        self.assertIsNone(self.browser.evaluate("window.ran"))

    def test_paper_has_all_that_was_said(self):
        self.browser.emulate(DESK, media="print")
        self.browser.open(self.path)
        self.assertEqual(self.browser.evaluate(VISIBLE.format(".body")), len(self.done.checks))
        pale = [row for row in self.browser.evaluate(COLOURS) if contrast(row[0], row[1]) < 7]
        self.assertEqual(pale, [])


class SessionPage(PageCase, unittest.TestCase):
    @staticmethod
    def serve():
        return SessionTool(config=support.NOBODY_EXEMPT)


class HostilePage(PageCase, unittest.TestCase):
    """A server that answers with markup: it is shown, and does nothing."""

    @staticmethod
    def serve():
        return RudeServer("hostile text")

    def test_its_markup_is_shown(self):
        self.browser.emulate(DESK)
        self.browser.open(self.path)
        self.assertNotEqual(self.browser.evaluate("document.title"), "owned")
        self.assertIn("</style><script>document.title='owned'</script>",
                      self.browser.evaluate("document.body.innerText"))
        self.assertEqual(self.browser.evaluate("document.images.length"), 0)


if __name__ == "__main__":
    unittest.main()
