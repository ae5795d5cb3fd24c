/*
 * What the parts of the manual's generator share.
 */
#ifndef MILTER_STRICT_MAN_WRITE_H
#define MILTER_STRICT_MAN_WRITE_H

#include "../policy/span.h"

static inline char byte_upper(char c)
{
  return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Text for mdoc: no line is taken for a macro, backslashes stand for themselves. */
void put(const char *text);
void put_span(struct span span);

/* Whole sentences, each on a line of its own, as mdoc wants them. */
void put_sentences(const char *text);

/* A line such as "@SYNOPSIS explain@", about a sub-command; false when it is none. */
bool put_command_mark(const char *line);

/* The list of rules, each with what logs tell of it. */
void put_tells(void);

/* The list of sub-commands, each with its page. */
void put_commands(void);

/* The list of a probe's checks, in sections. */
void put_checks(void);

#endif
