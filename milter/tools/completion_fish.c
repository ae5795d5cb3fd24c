/*
 * Completion for fish: one `complete` a thing that can be typed.
 */
#include "completion.h"

#include <stdio.h>

/* In single quotes, where fish knows two escapes. */
static void quote(const char *text)
{
  putchar('\'');
  for (; *text != '\0'; text++) {
    if (*text == '\'' || *text == '\\')
      putchar('\\');
    putchar(*text);
  }
  putchar('\'');
}

/* What follows; `must`: an argument has to. */
static void put_what(enum tool_completes completes, const char *words, bool must)
{
  switch (completes) {
  case TOOL_COMPLETES_NOTHING:
    fputs(must ? " -x" : "", stdout);
    break;
  case TOOL_COMPLETES_FILE:
    fputs(must ? " -r -F" : " -F", stdout);
    break;
  case TOOL_COMPLETES_FOLDER:
    fputs(must ? " -x -a '(__fish_complete_directories)'" : " -a '(__fish_complete_directories)'",
          stdout);
    break;
  case TOOL_COMPLETES_HOST:
    fputs(must ? " -x -a '(__fish_print_hostnames)'" : " -a '(__fish_print_hostnames)'", stdout);
    break;
  case TOOL_COMPLETES_WORDS:
    fputs(must ? " -x -a " : " -a ", stdout);
    quote(words);
    break;
  }
}

static void begin(const struct tool_spec *tool)
{
  printf("complete -c milter-strict -n '__fish_seen_subcommand_from %s'", tool->name);
}

static void put_tool(const struct tool_spec *tool)
{
  for (size_t i = 0; i < tool->option_count; i++) {
    const struct tool_option *option = &tool->options[i];

    begin(tool);
    if (option->letter != '\0')
      printf(" -s %c", option->letter);
    printf(" -l %s", option->name);
    if (option->argument != NULL)
      put_what(option->completes, option->words, true);
    fputs(" -d ", stdout);
    quote(option->help);
    putchar('\n');
  }
  if (tool->completes == TOOL_COMPLETES_NOTHING)
    return;
  begin(tool);
  put_what(tool->completes, tool->words, false);
  putchar('\n');
}

void completion_fish(void)
{
  puts("# fish completion for milter-strict; printed by: milter-strict completion fish\n"
       "complete -c milter-strict -f\n"
       "complete -c milter-strict -s h -l help -d help\n"
       "complete -c milter-strict -n __fish_use_subcommand -s V -l version -d 'the version'");
  for (size_t i = 0; i < tool_spec_count; i++) {
    printf("complete -c milter-strict -n __fish_use_subcommand -a %s -d ", tool_specs[i]->name);
    quote(tool_specs[i]->summary);
    putchar('\n');
  }
  for (size_t i = 0; i < tool_spec_count; i++)
    put_tool(tool_specs[i]);
}
