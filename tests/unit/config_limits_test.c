/*
 * Configurations that nobody would write: files that are none, floods, and any bytes at all.
 */
#include "config/config.h"
#include "text.h"

#include "expect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of forty errors the first twenty are kept, and all are counted. A file with errors has no
 * warnings. */
static void notes_are_bounded(void **state)
{
  static char memory[8192];
  static struct config_notes notes;
  struct text text = text_in(memory, sizeof(memory));
  struct settings settings;

  (void)state;
  text_add(&text, "replies: { detail = \"brief\"; url = \"http://a\"; };\n");
  for (unsigned i = 0; i < 40; i++) {
    text_add(&text, "wrong");
    text_add_number(&text, i);
    text_add(&text, " = 1;\n");
  }
  assert_false(config_load_text("f", text_span(&text), &settings, &notes));
  assert_int_equal(notes.errors, 40);
  assert_int_equal(notes.warnings, 0);
  assert_int_equal(notes.count, CONFIG_NOTES_MAX);
  for (unsigned i = 0; i < CONFIG_NOTES_MAX; i++) {
    assert_int_equal(notes.note[i].line, i + 2);
  }
}

static void expect_file(const char *path, const char *why)
{
  static struct config_notes notes;
  struct settings settings;
  char want[256];

  assert_false(config_load(path, &settings, &notes));
  snprintf(want, sizeof(want), "%s: %s", path, why);
  assert_int_equal(notes.count, 1);
  assert_string_equal(notes.note[0].text, want);
  assert_null(settings.blocks);
}

static void files_that_are_none_are_refused(void **state)
{
  char folder[] = "/tmp/milter-strict-test.XXXXXX", path[64];
  static struct config_notes notes;
  struct settings settings;

  (void)state;
  assert_non_null(mkdtemp(folder));
  expect_file(folder, "is a directory; a configuration is a plain file");
  snprintf(path, sizeof(path), "%s/missing", folder);
  expect_file(path, "cannot be opened: No such file or directory");
  snprintf(path, sizeof(path), "%s/pipe", folder);
  assert_int_equal(mkfifo(path, 0600), 0);
  expect_file(path, "is not a plain file; a configuration is a plain file");
  unlink(path);
  snprintf(path, sizeof(path), "%s/large", folder);
  assert_int_equal(mknod(path, S_IFREG | 0600, 0), 0);
  assert_int_equal(truncate(path, CONFIG_FILE_MAX + 1), 0);
  expect_file(path, "larger than 1048576 bytes; a configuration is a few pages at most");
  unlink(path);
  rmdir(folder);
  assert_true(config_load("/dev/null", &settings, &notes));
  settings_free(&settings);
}

static void expect_error(struct span text, const char *want)
{
  static struct config_notes notes;
  struct settings settings;

  assert_false(config_load_text("f", text, &settings, &notes));
  assert_int_equal(notes.count, 1);
  assert_string_equal(notes.note[0].text, want);
}

/* What could keep libconfig busy for minutes, or use up its stack. */
static void floods_are_refused(void **state)
{
  static const struct {
    const char *piece, *want;
  } floods[] = {
      {"a=1;", "f:1: more than 1000 settings; there are not that many"},
      {"a=(", "f:1: brackets are nested too deep; two levels are enough"},
      {"a:{", "f:1: brackets are nested too deep; two levels are enough"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(floods) / sizeof(floods[0]); i++) {
    struct span text = repeated(floods[i].piece);

    expect_error(text, floods[i].want);
    free((char *)(uintptr_t)text.at);
  }
  expect_error(SPAN("\n\na\0b"), "f:3: a NUL byte: this is no text file");
}

/* clang-format off: as many in a line as fit */
static const char *const pieces[] = {
    "",      "mode",    "rules",       "listen", "our-names", "sender-dots", "helo-listed",
    " = ",   ": ",      "{ ",          "}; ",    "[ ",        "]",           "( ",
    ") ",    ";\n",     ", ",          "\"",     "\"off\"",   "\"::1\"",     "\"252\"",
    "reply", "names",   "exempt",      "5",      "0x7",       "1.5",         "true",
    "/*",    "*/",      "#",           "//",     "\\x41",     "\\x00",       "\\",
    "@",     "exempt.", "networks = ", "\n",     "\xff",      "limit = 3;",  "action = \"answer\";",
};
/* clang-format on */

/* Pieces of configurations in any order: read or refused with a reason, never worse. */
static void any_text_is_read_or_refused(void **state)
{
  static struct config_notes notes;
  struct dice dice = {1};
  char memory[512];

  (void)state;
  for (int i = 0; i < 20000; i++) {
    size_t len =
        dice_join(&dice, pieces, sizeof(pieces) / sizeof(pieces[0]), memory, sizeof(memory));
    struct settings settings;
    bool good = config_load_text("f", (struct span){memory, len}, &settings, &notes);

    if (good != (notes.errors == 0) || notes.count > notes.errors + notes.warnings ||
        (!good && settings.blocks != NULL))
      fail_msg("%.*s: %u errors, %u notes", (int)len, memory, notes.errors, notes.count);
    settings_free(&settings);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(notes_are_bounded),
      cmocka_unit_test(files_that_are_none_are_refused),
      cmocka_unit_test(floods_are_refused),
      cmocka_unit_test(any_text_is_read_or_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
