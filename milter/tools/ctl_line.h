/*
 * A connection to a daemon's control socket, for a tool: one request, lines of answers.
 */
#ifndef MILTER_STRICT_CTL_LINE_H
#define MILTER_STRICT_CTL_LINE_H

#include "../policy/text.h"

#include <stdio.h>

enum ctl_fault {
  CTL_OK = 0,
  CTL_NOBODY,      /* no daemon answers there */
  CTL_NOT_ALLOWED, /* the socket is there and not for us */
  CTL_SILENT,      /* it did not answer in time, or hung up */
};

struct ctl_line {
  FILE *from; /* NULL: not connected */
  char *memory;
  size_t size;
};

/* Connects to the socket file at `path` and asks; `request` is a whole line. On a fault
 * `why` says what is the matter, and nothing is left to be closed. */
enum ctl_fault ctl_ask(const char *path, struct span request, struct ctl_line *out,
                       struct text *why);

/* The next line of the answer, without its end; valid until the next call. CTL_SILENT, with `why`,
 * when there is none. */
enum ctl_fault ctl_next(struct ctl_line *line, struct span *out, struct text *why);

void ctl_close(struct ctl_line *line);

#endif
