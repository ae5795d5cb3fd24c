/*
 * How a report of `milter-strict probe` is written. Each writes the whole report to `to`; the
 * caller looks at ferror() and closes it.
 */
#ifndef MILTER_STRICT_PROBE_H
#define MILTER_STRICT_PROBE_H

#include "../probe/report.h"

#include <stdio.h>

enum probe_text_flags {
  PROBE_TEXT_COLOUR = 1 << 0,  /* escape sequences of a terminal */
  PROBE_TEXT_VERBOSE = 1 << 1, /* conversations of checks that passed, too */
};

/* A table for people, lines of at most `columns` where that can be. */
void probe_print_text(FILE *to, const struct probe_report *report, unsigned flags,
                      unsigned columns);
/* False when memory is short. */
bool probe_print_json(FILE *to, const struct probe_report *report);
void probe_print_junit(FILE *to, const struct probe_report *report);
/* One page that needs nothing else. */
void probe_print_html(FILE *to, const struct probe_report *report);

#endif
