/*
 * What --help prints, from a sub-command's table.
 */
#include "option.h"

#include "../policy/text.h"
#include "page.h"
#include "tool.h"

#include <stdio.h>

enum {
  USAGE_MAX = 8,  /* options that the usage names one by one */
  LEFT_MOST = 26, /* columns of the options' names; a longer one has a line to itself */
  WORD_SIZE = 512,
};

/* "[-c FILE]", "[--dump]" */
static void add_usage(struct page_flow *flow, const struct tool_option *option)
{
  char memory[WORD_SIZE];
  struct text piece = text_in(memory, sizeof(memory));

  text_add(&piece, option->letter != '\0' ? "[-" : "[--");
  if (option->letter != '\0')
    text_add_byte(&piece, option->letter);
  else
    text_add(&piece, option->name);
  if (option->argument != NULL) {
    text_add(&piece, " ");
    text_add(&piece, option->argument);
  }
  text_add(&piece, "]");
  page_flow_add(flow, text_span(&piece));
}

static void print_usage(const struct tool_spec *spec)
{
  size_t column = (size_t)printf("usage: milter-strict %s", spec->name);
  struct page_flow flow = {column, column + 1};

  if (spec->option_count > USAGE_MAX)
    page_flow_add(&flow, SPAN("[OPTION]..."));
  for (size_t i = 0; i < spec->option_count && spec->option_count <= USAGE_MAX; i++)
    add_usage(&flow, &spec->options[i]);
  if (spec->operands != NULL)
    page_flow_add(&flow, span_from(spec->operands));
  putchar('\n');
}

/* The next of `text`'s lines. */
static struct span next_line(struct span *text)
{
  size_t end = span_find(*text, '\n');
  struct span line = span_slice(*text, 0, end);

  *text = span_slice(*text, end + 1, text->len);
  return line;
}

static void print_about(struct span about)
{
  while (about.len > 0) {
    putchar('\n');
    page_words((struct page_flow){0, 0}, next_line(&about));
  }
}

/* "  -c, --config FILE" */
static void add_left(struct text *left, const struct tool_option *option)
{
  text_add(left, "  ");
  if (option->letter != '\0') {
    text_add(left, "-");
    text_add_byte(left, option->letter);
    text_add(left, ", --");
  } else {
    text_add(left, "    --");
  }
  text_add(left, option->name);
  if (option->argument != NULL) {
    text_add(left, " ");
    text_add(left, option->argument);
  }
}

static size_t left_width(const struct tool_option *option)
{
  char memory[WORD_SIZE];
  struct text left = text_in(memory, sizeof(memory));

  add_left(&left, option);
  return left.len;
}

/* `indent` is where the help texts begin. */
static void print_option(const struct tool_option *option, size_t indent)
{
  char memory[WORD_SIZE];
  struct text left = text_in(memory, sizeof(memory));

  add_left(&left, option);
  fputs(left.at, stdout);
  if (left.len + 2 > indent) {
    putchar('\n');
    left.len = 0;
  }
  page_words((struct page_flow){left.len, indent}, span_from(option->help));
}

static void print_options(const struct tool_spec *spec)
{
  static const struct tool_option help = {.name = "help", .letter = 'h', .help = "this text"};
  size_t widest = left_width(&help);

  for (size_t i = 0; i < spec->option_count; i++) {
    size_t width = left_width(&spec->options[i]);

    if (width > widest && width <= LEFT_MOST)
      widest = width;
  }
  putchar('\n');
  for (size_t i = 0; i < spec->option_count; i++)
    print_option(&spec->options[i], widest + 2);
  print_option(&help, widest + 2);
}

static void print_words(const char *words)
{
  puts("\nKnown words:");
  page_words((struct page_flow){0, 2}, span_from(words));
}

static void print_examples(struct span examples)
{
  puts("\nExamples:");
  while (examples.len > 0) {
    struct span line = next_line(&examples);

    printf("  %.*s\n", (int)line.len, line.at);
  }
}

static void print_exits(struct span exits)
{
  puts("\nExit status:");
  while (exits.len > 0) {
    struct span line = next_line(&exits);
    size_t end = span_find(line, ' ');
    struct page_flow flow = {0, 2};

    page_flow_add(&flow, span_slice(line, 0, end));
    flow.indent = 6;
    page_words(flow, span_slice(line, end + 1, line.len));
  }
}

int tool_print_help(const struct tool_spec *spec)
{
  print_usage(spec);
  print_about(span_from(spec->about));
  print_options(spec);
  if (spec->completes == TOOL_COMPLETES_WORDS)
    print_words(spec->words);
  if (spec->examples != NULL)
    print_examples(span_from(spec->examples));
  print_exits(span_from(spec->exits));
  return TOOL_FINE;
}
