/*
 * milter-strict check: reads the configuration and says what is wrong with it.
 */
#include "../config/dump.h"
#include "tool.h"

#include <stdio.h>

enum { OPTION_CONFIG, OPTION_DUMP, OPTION_COUNT };

static const struct tool_option options[OPTION_COUNT] = {
    [OPTION_CONFIG] = TOOL_OPTION_CONFIG("the file to read; without it " CONFIG_DEFAULT_FILE),
    [OPTION_DUMP] = {"dump", 'd',
                     .help = "then print every option and every rule as it would be in force"},
};

static int check(const char *file, bool dump)
{
  struct settings settings;
  int result = tool_read_settings(file, false, &settings);

  if (result != TOOL_FINE)
    return result;
  if (!dump)
    printf("%s: fine\n", file == NULL ? CONFIG_DEFAULT_FILE : file);
  else if (!dump_settings(stdout, &settings, DUMP_PLAIN))
    result = TOOL_NO_MEMORY;
  settings_free(&settings);
  return result;
}

static int run(int argc, char **argv)
{
  const char *file = NULL, *value;
  bool dump = false;
  int at = 0, option;

  while ((option = tool_option_next(&tool_check_spec, argc, argv, &at, &value)) >= 0) {
    if (option == OPTION_CONFIG)
      file = value;
    else
      dump = true;
  }
  if (option == TOOL_OPTION_HELP)
    return tool_print_help(&tool_check_spec);
  if (option == TOOL_OPTION_WRONG)
    return TOOL_USAGE;
  if (at < argc)
    return tool_usage("check", "\"%s\" is not expected; a file is named with -c", argv[at]);
  return check(file, dump);
}

const struct tool_spec tool_check_spec = {
    .name = "check",
    .run = run,
    .summary = "read the configuration and say what is wrong with it",
    .about = "Reads the configuration and says what is wrong with it, as FILE:LINE: what is wrong, "
             "what would be right. Nothing is changed and no running daemon is asked.\n",
    .examples = "milter-strict check\n"
                "milter-strict check -c new.conf --dump\n",
    .exits = "0 the file is fine\n"
             "2 wrong usage\n"
             "78 the file is bad or cannot be read\n",
    .options = options,
    .option_count = OPTION_COUNT,
};
