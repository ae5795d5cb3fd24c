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

#endif
