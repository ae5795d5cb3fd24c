/*
 * Answers of the control socket for people: what status, refused and the others say, on standard
 * output, and errors on standard error. See daemon/control_answer.h for the lines.
 *
 *   struct ctl_show show;
 *
 *   ctl_show_begin(&show, isatty(1));
 *   while (... && !show.ended)
 *     ctl_show_line(&show, line);
 *   return show.status;
 */
#ifndef MILTER_STRICT_CTL_SHOW_H
#define MILTER_STRICT_CTL_SHOW_H

#include "../policy/span.h"

enum { CTL_ROWS_AHEAD = 256 }; /* rows by which the columns of a table are made to fit */

struct cJSON;

struct ctl_show {
  bool plain;                         /* lines are printed as they come, in JSON */
  bool ended;                         /* the last line was shown */
  int status;                         /* the exit status, once ended */
  struct cJSON *rows[CTL_ROWS_AHEAD]; /* of the table, not printed yet */
  unsigned count;
  bool headed; /* the table's head is printed */
  int network_width;
};

void ctl_show_begin(struct ctl_show *show, bool plain);

/* Shows one line; any bytes are safe. A line that cannot be understood ends the answer. */
void ctl_show_line(struct ctl_show *show, struct span line);

/* Frees what is left when an answer broke off. */
void ctl_show_end(struct ctl_show *show);

#endif
