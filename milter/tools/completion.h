/*
 * The scripts that make shells complete our command lines; for completion*.c alone. Each is printed
 * on standard output, from tool_specs, and needs nothing but its shell.
 */
#ifndef MILTER_STRICT_COMPLETION_H
#define MILTER_STRICT_COMPLETION_H

#include "tool.h"

void completion_bash(void);
void completion_zsh(void);
void completion_fish(void);

/* In single quotes, as sh, bash and zsh read them. */
void completion_quote(const char *text);

#endif
