/*
 * What the sub-commands have in common: their tables, exit codes and ways to complain.
 */
#ifndef MILTER_STRICT_TOOL_H
#define MILTER_STRICT_TOOL_H

#include "../config/config.h"
#include "option.h"

/* Exit codes; those over 63 are sysexits.h's. */
enum tool_exit {
  TOOL_FINE = 0,
  TOOL_WANTING = 1, /* what was looked at is not as it should be */
  TOOL_USAGE = 2,
  TOOL_UNAVAILABLE = 69, /* EX_UNAVAILABLE: cannot listen, cannot serve */
  TOOL_NO_MEMORY = 71,   /* EX_OSERR */
  TOOL_TRY_LATER = 75,   /* EX_TEMPFAIL */
  TOOL_NOT_ALLOWED = 77, /* EX_NOPERM */
  TOOL_BAD_CONFIG = 78,  /* EX_CONFIG */
};

/* The sub-commands, in the order of specs.c. */
extern const struct tool_spec tool_run_spec;
extern const struct tool_spec tool_check_spec;
extern const struct tool_spec tool_session_spec;
extern const struct tool_spec tool_explain_spec;
extern const struct tool_spec tool_compare_spec;
extern const struct tool_spec tool_mta_spec;
extern const struct tool_spec tool_probe_spec;
extern const struct tool_spec tool_replay_spec;
extern const struct tool_spec tool_ctl_spec;
extern const struct tool_spec tool_completion_spec;

/* Says on stderr what is wrong: "milter-strict TOOL: ...", foreign bytes escaped. NULL: no tool. */
void tool_complain(const char *tool, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Says on stderr what is wrong with the command line, when `format` is not NULL, and where help is
 * to be had. Returns TOOL_USAGE.
 */
int tool_usage(const char *tool, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints what reading a configuration has found on stderr, one line a note. */
void tool_print_notes(const struct config_notes *notes);

/*
 * Reads the configuration at `path` (NULL: the default file) and prints what is to be said about
 * it. `optional`: when the default file is not there, the built-in settings do. Returns TOOL_FINE
 * with `out` filled in, or TOOL_BAD_CONFIG.
 */
int tool_read_settings(const char *path, bool optional, struct settings *out);

#endif
