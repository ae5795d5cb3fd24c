/*
 * Reading the configuration again while the daemon runs.
 */
#ifndef MILTER_STRICT_RELOAD_H
#define MILTER_STRICT_RELOAD_H

#include "../config/config.h"
#include "log.h"
#include "../config/options.h"

#include <time.h>

/* What came of it. A plain value. */
struct reload_report {
  bool good;                  /* the new configuration is in force; else the old one is, still */
  struct config_notes notes;  /* errors, or warnings */
  bool changed[OPTION_COUNT]; /* options that have another value than before */
  bool changed_rules[RULE_COUNT];
  unsigned restarts; /* how many of these options wait for a restart: option_entry() says which */
};

/*
 * Reads `path` (NULL: the default file) and puts it in force for sessions that begin from now on.
 * When there is anything wrong with it, the old settings stay, and each error is logged. Settings
 * that only a restart can change are named in the log. For the main thread.
 */
void reload_settings(const char *path, struct reload_report *out);

enum { RELOAD_PATH_SIZE = 512 }; /* bytes of a file's name as it is shown */

/* The configuration as status shows it. */
struct reload_state {
  time_t started;               /* the daemon */
  char file[RELOAD_PATH_SIZE];  /* its name */
  time_t loaded;                /* since when it is in force */
  time_t failed;                /* when a reload failed after that; 0: none did */
  char error[CONFIG_NOTE_SIZE]; /* of that: the first one */
};

/* The settings in force are those of the start, from `path` (NULL: the default file). For the main
 * thread, once. */
void reload_begin(const char *path);

/* For any thread. */
void reload_state(struct reload_state *out);

/* Logs the warnings among `notes`. */
void reload_log_warnings(const struct config_notes *notes);

/* Adds mode and number of rules by action to a line. */
void reload_log_policy(struct log_line *line, const struct policy *policy);

#endif
