/*
 * Settings written as a configuration file: what is in force, or the complete file with its
 * comments.
 */
#ifndef MILTER_STRICT_DUMP_H
#define MILTER_STRICT_DUMP_H

#include "settings.h"

#include <stdio.h>

enum dump_style {
  DUMP_PLAIN,     /* every option, and every rule with its action and reply */
  DUMP_COMMENTED, /* the built-in settings, each under a comment that says what it is */
};

/* Writes a file that config_load() reads as the same settings. False when memory is short. */
bool dump_settings(FILE *to, const struct settings *settings, enum dump_style style);

#endif
