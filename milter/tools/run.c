/*
 * milter-strict run: the daemon, in the foreground.
 */
#include "../daemon/serve.h"
#include "tool.h"

#include <stdio.h>

enum { OPTION_CONFIG, OPTION_COUNT };

static const struct tool_option options[OPTION_COUNT] = {
    [OPTION_CONFIG] = TOOL_OPTION_CONFIG("the configuration, instead of " CONFIG_DEFAULT_FILE),
};

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

static int run(int argc, char **argv)
{
  static struct config_notes notes; /* some kilobytes, wanted to the end */
  const char *path = NULL, *value;
  struct settings settings;
  int at = 0, option;

  while ((option = tool_option_next(&tool_run_spec, argc, argv, &at, &value)) >= 0)
    path = value;
  if (option == TOOL_OPTION_HELP)
    return tool_print_help(&tool_run_spec);
  if (option == TOOL_OPTION_WRONG)
    return TOOL_USAGE;
  if (at < argc)
    return tool_usage("run", "\"%s\" is one argument too many", argv[at]);
  if (!config_load(path, &settings, &notes)) {
    tool_print_notes(&notes);
    return TOOL_BAD_CONFIG;
  }
  return exit_of(serve(path, &settings, &notes));
}

const struct tool_spec tool_run_spec = {
    .name = "run",
    .run = run,
    .summary = "serve a mail server: the daemon, in the foreground",
    .about = "Serves a mail server in the foreground, until SIGTERM or SIGINT. SIGHUP or SIGUSR1 "
             "reads the configuration again; sessions that run keep the old one.\n",
    .examples = "milter-strict run -c /etc/milter-strict/trial.conf\n",
    .exits = "0 stopped\n"
             "2 wrong usage\n"
             "69 cannot listen or go on\n"
             "75 short of memory or threads\n"
             "77 cannot drop privileges\n"
             "78 bad configuration\n",
    .options = options,
    .option_count = OPTION_COUNT,
};
