/*
 * What the pages of the sub-commands have from their tables.
 */
#include "../tools/tool.h"
#include "write.h"

#include <stdio.h>
#include <string.h>

static void put_name(const struct tool_spec *tool)
{
  printf(".Sh NAME\n.Nm milter-strict-%s\n.Nd ", tool->name);
  put(tool->summary);
  putchar('\n');
}

/* ".Ar FILE", in quotes: it may hold more than one word. */
static void put_argument(const char *argument)
{
  fputs("Ar \"", stdout);
  put(argument);
  putchar('"');
}

static void put_synopsis(const struct tool_spec *tool)
{
  printf(".Sh SYNOPSIS\n.Nm milter-strict\n.Cm %s\n", tool->name);
  for (size_t i = 0; i < tool->option_count; i++) {
    const struct tool_option *option = &tool->options[i];

    fputs(".Op Fl ", stdout);
    if (option->letter != '\0')
      putchar(option->letter);
    else
      printf("-%s", option->name);
    if (option->argument != NULL) {
      putchar(' ');
      put_argument(option->argument);
    }
    putchar('\n');
  }
  if (tool->operands == NULL)
    return;
  putchar('.');
  put_argument(tool->operands);
  putchar('\n');
}

static void put_options(const struct tool_spec *tool)
{
  puts(".Bl -tag -width Ds");
  for (size_t i = 0; i < tool->option_count; i++) {
    const struct tool_option *option = &tool->options[i];

    fputs(".It Fl ", stdout);
    if (option->letter != '\0')
      printf("%c , ", option->letter);
    printf("-%s", option->name);
    if (option->argument != NULL) {
      putchar(' ');
      put_argument(option->argument);
    }
    putchar('\n');
    putchar(byte_upper(*option->help));
    put(option->help + 1);
    puts(".");
  }
  puts(".It Fl h , -help\nPrint usage, options and examples.\n.El");
}

static void put_exits(const struct tool_spec *tool)
{
  struct span exits = span_from(tool->exits);

  puts(".Sh EXIT STATUS\n.Bl -tag -width Ds");
  while (exits.len > 0) {
    size_t end = span_find(exits, '\n'), number = span_find(exits, ' ');

    fputs(".It ", stdout);
    put_span(span_slice(exits, 0, number));
    putchar('\n');
    putchar(byte_upper(exits.at[number + 1]));
    put_span(span_slice(exits, number + 2, end));
    puts(".");
    exits = span_slice(exits, end + 1, exits.len);
  }
  puts(".El");
}

static const struct {
  const char *mark;
  void (*put)(const struct tool_spec *tool);
} marks[] = {
    {"@NAME ", put_name},
    {"@SYNOPSIS ", put_synopsis},
    {"@OPTIONS ", put_options},
    {"@EXITS ", put_exits},
};

bool put_command_mark(const char *line)
{
  for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
    const char *name = line + strlen(marks[i].mark);

    if (strncmp(line, marks[i].mark, strlen(marks[i].mark)) != 0)
      continue;
    for (size_t j = 0; j < tool_spec_count; j++) {
      size_t len = strlen(tool_specs[j]->name);

      if (strncmp(name, tool_specs[j]->name, len) == 0 && strcmp(name + len, "@\n") == 0) {
        marks[i].put(tool_specs[j]);
        return true;
      }
    }
  }
  return false;
}

void put_commands(void)
{
  puts(".Bl -tag -width Ds");
  for (size_t i = 0; i < tool_spec_count; i++) {
    printf(".It Xr milter-strict-%s 8\n", tool_specs[i]->name);
    putchar(byte_upper(*tool_specs[i]->summary));
    put(tool_specs[i]->summary + 1);
    puts(".");
  }
  puts(".El");
}
