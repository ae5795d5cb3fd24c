/*
 * milter-strict run: the daemon, in the foreground.
 */
#include "../daemon/serve.h"
#include "tool.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "usage: milter-strict run [-c FILE]\n"
    "\n"
    "Serves an MTA in the foreground, until SIGTERM or SIGINT.\n"
    "SIGHUP or SIGUSR1 reads the configuration again; sessions that run keep the old one.\n"
    "\n"
    "  -c, --config FILE   the configuration, instead of " CONFIG_DEFAULT_FILE "\n"
    "  -h, --help          this text\n"
    "\n"
    "Exit status: 0 stopped, 2 usage, 69 cannot listen or go on, 75 short of memory or threads,\n"
    "77 cannot drop privileges, 78 bad configuration.\n";

static int exit_of(enum serve_end end)
{
  switch (end) {
  case SERVE_FINE:
    return TOOL_FINE;
  case SERVE_BAD_CONFIG:
    return TOOL_BAD_CONFIG;
  case SERVE_UNAVAILABLE:
    return TOOL_UNAVAILABLE;
  case SERVE_NOT_ALLOWED:
    return TOOL_NOT_ALLOWED;
  case SERVE_TRY_LATER:
    break;
  }
  return TOOL_TRY_LATER;
}

int tool_run(int argc, char **argv)
{
  static const struct option options[] = {
      {"config", required_argument, NULL, 'c'},
      {"help", no_argument, NULL, 'h'},
      {NULL, 0, NULL, 0},
  };
  static struct config_notes notes; /* some kilobytes, wanted to the end */
  const char *path = NULL;
  struct settings settings;
  int option;

  while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
    switch (option) {
    case 'c':
      path = optarg;
      break;
    case 'h':
      fputs(help, stdout);
      return TOOL_FINE;
    default:
      return tool_usage("run", NULL);
    }
  }
  if (optind < argc)
    return tool_usage("run", "\"%s\" is one argument too many", argv[optind]);
  if (!config_load(path, &settings, &notes)) {
    tool_print_notes(&notes);
    return TOOL_BAD_CONFIG;
  }
  return exit_of(serve(path, &settings, &notes));
}
