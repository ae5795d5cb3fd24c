/*
 * milter-strict check: reads the configuration and says what is wrong with it.
 */
#include "../daemon/dump.h"
#include "tool.h"

#include <getopt.h>
#include <stdio.h>

struct check {
  const char *file;
  bool dump;
  bool help;
};

static const char help[] =
    "usage: milter-strict check [-c FILE] [--dump]\n"
    "\n"
    "Reads the configuration and says what is wrong with it, as FILE:LINE: what is wrong, what\n"
    "would be right. Nothing is changed and no running daemon is asked.\n"
    "\n"
    "  -c, --config FILE  the file to read; without it " CONFIG_DEFAULT_FILE "\n"
    "  -d, --dump         then print every option and every rule as it would be in force\n"
    "  -h, --help         this text\n"
    "\n"
    "Exit status: 0 the file is fine, 2 wrong usage, 78 the file is bad or cannot be read.\n";

/* False when the arguments are wrong; getopt has said how. */
static bool read_arguments(int argc, char **argv, struct check *check)
{
  static const struct option options[] = {
      {"config", required_argument, NULL, 'c'},
      {"dump", no_argument, NULL, 'd'},
      {"help", no_argument, NULL, 'h'},
      {NULL, 0, NULL, 0},
  };
  int letter;

  optind = 0; /* begin anew, GNU */
  while ((letter = getopt_long(argc, argv, "c:dh", options, NULL)) != -1) {
    if (letter == 'c')
      check->file = optarg;
    else if (letter == 'd')
      check->dump = true;
    else if (letter == 'h')
      check->help = true;
    else
      return false;
  }
  return true;
}

int tool_check(int argc, char **argv)
{
  struct check check = {0};
  struct settings settings;
  int result;

  if (!read_arguments(argc, argv, &check))
    return tool_usage("check", NULL);
  if (check.help) {
    fputs(help, stdout);
    return TOOL_FINE;
  }
  if (optind < argc)
    return tool_usage("check", "\"%s\" is not expected; a file is named with -c", argv[optind]);
  result = tool_read_settings(check.file, false, &settings);
  if (result != TOOL_FINE)
    return result;
  if (!check.dump)
    printf("%s: fine\n", check.file == NULL ? CONFIG_DEFAULT_FILE : check.file);
  else if (!dump_settings(stdout, &settings, DUMP_PLAIN))
    result = TOOL_NO_MEMORY;
  settings_free(&settings);
  return result;
}
