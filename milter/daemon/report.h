/*
 * What the doors are given by the daemon: the policy in force, and a log for what they decide.
 */
#ifndef MILTER_STRICT_REPORT_H
#define MILTER_STRICT_REPORT_H

#include "../doors/door.h"

/* The services of this process; for any thread, for as long as it lives. */
const struct door_services *report_services(void);

/* SMTP sessions open now, all doors together. */
unsigned report_open_sessions(void);

/* What becomes of a broken rule, by the words of the log's events. */
enum report_decision {
  REPORT_REFUSED,
  REPORT_ANSWERED, /* with a positive reply, as 252 */
  REPORT_WOULD_REFUSE,
  REPORT_EXEMPT,
  REPORT_DECISION_COUNT
};

/* "refused", "answered", "would-refuse", "exempt". Static. */
const char *report_decision_name(enum report_decision decision);

/* Counted since the start. */
struct report_counts {
  unsigned sessions_open;
  unsigned long long sessions_served; /* those that are open among them */
  unsigned long long decisions[RULE_COUNT][REPORT_DECISION_COUNT];
};

/* Any thread; each number is right, and they may be of different moments. */
void report_count(struct report_counts *out);

#endif
