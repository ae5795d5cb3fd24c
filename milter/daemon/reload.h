/*
 * Reading the configuration again while the daemon runs.
 */
#ifndef MILTER_STRICT_RELOAD_H
#define MILTER_STRICT_RELOAD_H

#include "config.h"
#include "log.h"

/*
 * Reads `path` (NULL: the default file) and puts it in force for sessions that begin from now on.
 * When there is anything wrong with it, the old settings stay, each error is logged, and it returns
 * false. Settings that only a restart can change are named in the log. For the main thread.
 */
bool reload_settings(const char *path);

/* Logs the warnings among `notes`. */
void reload_log_warnings(const struct config_notes *notes);

/* Adds mode and number of rules by action to a line. */
void reload_log_policy(struct log_line *line, const struct policy *policy);

#endif
