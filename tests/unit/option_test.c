/*
 * Command lines by their tables: what is read, what is said of mistakes, and that the table of
 * every sub-command is one that help, manual and completion can work with.
 */
#include "policy/text.h"
#include "tools/tool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 8, READ_MAX = 256 };

static const struct tool_option options[] = {
    {"check", 'c', .help = "looks"},
    {"colour", .argument = "WHEN", .completes = TOOL_COMPLETES_WORDS, .words = "never always",
     .help = "paints"},
    {"output", 'o', "DIR", TOOL_COMPLETES_FOLDER, NULL, "writes"},
};
static const struct tool_spec spec = {
    .name = "paint",
    .operands = "WALL...",
    .about = "Paints walls.\nNever floors.\n",
    .examples = "milter-strict paint -c kitchen\n",
    .exits = "0 painted\n69 no paint\n",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
};

/* Reads the whole line into `out` as "index=value " and so on, then the operands. */
static void read_line(const char *line, char *out)
{
  char copy[READ_MAX], *words[WORDS_MAX + 1] = {NULL};
  struct text text = text_in(out, READ_MAX);
  int count = 0, at = 0, option;
  const char *value;

  assert_true(strlen(line) < sizeof(copy));
  strcpy(copy, line);
  for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
    assert_true(count < WORDS_MAX);
    words[count++] = word;
  }
  while ((option = tool_option_next(&spec, count, words, &at, &value)) >= 0) {
    text_add(&text, options[option].name);
    if (value != NULL) {
      text_add(&text, "=");
      text_add(&text, value);
    }
    text_add(&text, " ");
  }
  text_add(&text, option == TOOL_OPTIONS_END ? "." : option == TOOL_OPTION_HELP ? "help" : "wrong");
  for (; option == TOOL_OPTIONS_END && at < count; at++) {
    text_add(&text, " ");
    text_add(&text, words[at]);
  }
}

/* What `act` writes to the stream, which has this descriptor. */
static void capture(FILE *stream, void (*act)(void *), void *context, char *out, size_t size)
{
  FILE *file = tmpfile();
  int kept = dup(fileno(stream));
  size_t len;

  assert_non_null(file);
  fflush(stream);
  dup2(fileno(file), fileno(stream));
  act(context);
  fflush(stream);
  dup2(kept, fileno(stream));
  close(kept);
  rewind(file);
  len = fread(out, 1, size - 1, file);
  out[len] = '\0';
  fclose(file);
}

struct reading {
  const char *line;
  char *out;
};

static void act_read(void *context)
{
  const struct reading *reading = context;

  read_line(reading->line, reading->out);
}

static void lines_are_read(void **state)
{
  static const struct {
    const char *line, *want;
  } rows[] = {
      {"paint", "."},
      {"paint wall", ". wall"},
      {"paint -c wall", "check . wall"},
      {"paint wall -c", "check . wall"},
      {"paint --check --output=x -o y", "check output=x output=y ."},
      {"paint -co x", "check output=x ."},
      {"paint -ox", "output=x ."},
      {"paint --colour never", "colour=never ."},
      {"paint --out x", "output=x ."},
      {"paint -- -c", ". -c"},
      {"paint -", ". -"},
      {"paint -c --help", "check help"},
      {"paint -h", "help"},
      {"paint --he", "help"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char read[READ_MAX];

    read_line(rows[i].line, read);
    if (strcmp(read, rows[i].want) != 0)
      fail_msg("%s: got \"%s\", want \"%s\"", rows[i].line, read, rows[i].want);
  }
}

static void mistakes_are_named(void **state)
{
  static const struct {
    const char *line, *want;
  } rows[] = {
      {"paint -x", "there is no option -x\n"},
      {"paint -\x1b", "there is no option -\\x1B\n"},
      {"paint --colr", "there is no option --colr; did you mean \"colour\"?\n"},
      {"paint --\x1b]=x", "there is no option --\\x1B]\n"},
      {"paint --c", "--c is short for more than one option\n"},
      {"paint --output", "--output needs its DIR\n"},
      {"paint -o", "--output needs its DIR\n"},
      {"paint --check=x", "--check takes no argument\n"},
      {"paint --help=x", "--help takes no argument\n"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char said[512], want[512], read[READ_MAX];
    struct reading reading = {rows[i].line, read};

    capture(stderr, act_read, &reading, said, sizeof(said));
    snprintf(want, sizeof(want), "milter-strict paint: %sTry \"milter-strict paint --help\".\n",
             rows[i].want);
    if (strcmp(read, "wrong") != 0 || strcmp(said, want) != 0)
      fail_msg("%s: got \"%s\", said \"%s\", want \"%s\"", rows[i].line, read, said, want);
  }
}

static void act_help(void *context)
{
  assert_int_equal(tool_print_help(context), TOOL_FINE);
}

static void help_comes_from_the_table(void **state)
{
  struct tool_spec copy = spec;
  char said[4096];

  (void)state;
  unsetenv("COLUMNS");
  capture(stdout, act_help, &copy, said, sizeof(said));
  assert_string_equal(said, "usage: milter-strict paint [-c] [--colour WHEN] [-o DIR] WALL...\n"
                            "\n"
                            "Paints walls.\n"
                            "\n"
                            "Never floors.\n"
                            "\n"
                            "  -c, --check        looks\n"
                            "      --colour WHEN  paints\n"
                            "  -o, --output DIR   writes\n"
                            "  -h, --help         this text\n"
                            "\n"
                            "Examples:\n"
                            "  milter-strict paint -c kitchen\n"
                            "\n"
                            "Exit status:\n"
                            "  0   painted\n"
                            "  69  no paint\n");
}

static bool is_word(const char *name)
{
  for (const char *at = name; *at != '\0'; at++)
    if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) && *at != '-')
      return false;
  return isalpha((unsigned char)*name);
}

/* Half a sentence on one line: printable ASCII, no full stop. */
static bool is_phrase(const char *text)
{
  size_t len = text == NULL ? 0 : strlen(text);

  for (size_t i = 0; i < len; i++)
    if (!isprint((unsigned char)text[i]))
      return false;
  return len > 0 && text[len - 1] != '.';
}

/* Words for completion: there when they are promised, with single spaces between. */
static void check_words(const char *who, enum tool_completes completes, const char *words)
{
  if ((completes == TOOL_COMPLETES_WORDS) != (words != NULL))
    fail_msg("%s: words and completes do not agree", who);
  if (words != NULL &&
      (*words == ' ' || strstr(words, "  ") != NULL || words[strlen(words) - 1] == ' '))
    fail_msg("%s: one space is to stand between words", who);
}

static void check_option(const struct tool_spec *tool, size_t index)
{
  const struct tool_option *option = &tool->options[index];

  if (option->name == NULL || !is_word(option->name) || strcmp(option->name, "help") == 0)
    fail_msg("%s: row %zu is without a proper name", tool->name, index);
  if (!is_phrase(option->help))
    fail_msg("%s --%s: help is half a sentence on a line", tool->name, option->name);
  if (option->letter == 'h' || (option->letter != '\0' && !isalpha((unsigned char)option->letter)))
    fail_msg("%s --%s: -%c cannot be", tool->name, option->name, option->letter);
  if (option->argument == NULL && option->completes != TOOL_COMPLETES_NOTHING)
    fail_msg("%s --%s: there is no argument to complete", tool->name, option->name);
  check_words(option->name, option->completes, option->words);
  for (size_t i = 0; i < index; i++)
    if (strcmp(option->name, tool->options[i].name) == 0 ||
        (option->letter != '\0' && option->letter == tool->options[i].letter))
      fail_msg("%s --%s: is there twice", tool->name, option->name);
}

/* Lines, each ended. */
static void check_lines(const struct tool_spec *tool, const char *what, const char *lines)
{
  if (lines == NULL || strlen(lines) < 3 || lines[strlen(lines) - 1] != '\n' || *lines == '\n' ||
      strstr(lines, "\n\n") != NULL)
    fail_msg("%s: %s are lines, each ended by a newline", tool->name, what);
}

static void every_table_can_be_worked_with(void **state)
{
  (void)state;
  assert_true(tool_spec_count >= 5);
  for (size_t i = 0; i < tool_spec_count; i++) {
    const struct tool_spec *tool = tool_specs[i];

    assert_true(is_word(tool->name));
    assert_non_null(tool->run);
    if (!is_phrase(tool->summary) || strlen(tool->summary) > 60)
      fail_msg("%s: the summary is half a sentence of at most 60 bytes", tool->name);
    check_lines(tool, "about", tool->about);
    check_lines(tool, "examples", tool->examples);
    check_lines(tool, "exits", tool->exits);
    check_words(tool->name, tool->completes, tool->words);
    if (tool->operands == NULL && tool->completes != TOOL_COMPLETES_NOTHING)
      fail_msg("%s: there are no operands to complete", tool->name);
    assert_true(tool->option_count <= TOOL_OPTIONS_MAX);
    for (size_t j = 0; j < tool->option_count; j++)
      check_option(tool, j);
    for (size_t j = 0; j < i; j++)
      assert_string_not_equal(tool->name, tool_specs[j]->name);
  }
}

int main(void)
{
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_are_read),
      cmocka_unit_test(mistakes_are_named),
      cmocka_unit_test(help_comes_from_the_table),
      cmocka_unit_test(every_table_can_be_worked_with),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
