/*
 * ESMTP parameters of MAIL and RCPT.
 *
 *   esmtp-param = esmtp-keyword ["=" esmtp-value]             RFC 5321, 4.1.2
 *
 * The values of the parameters that servers commonly offer are checked too; they are listed in
 * parameters.def: SIZE (RFC 1870), BODY (6152, 3030), SMTPUTF8 (6531), RET ENVID NOTIFY ORCPT
 * (3461), AUTH (4954), BY (2852), MT-PRIORITY (6710), REQUIRETLS (8689), HOLDFOR HOLDUNTIL (4865).
 */
#ifndef MILTER_STRICT_PARAMETERS_H
#define MILTER_STRICT_PARAMETERS_H

#include "fault.h"

enum parameters_use { PARAMETERS_MAIL, PARAMETERS_RCPT };

struct parameters {
  bool smtputf8;           /* SMTPUTF8 was given */
  bool size_given;         /* SIZE was given with a good value */
  unsigned long long size; /* octets, saturated */
  struct span unknown;     /* the first keyword that parameters.def does not have; empty: none */
  size_t bad;              /* index of the parameter that faults.of[ASPECT_PARAMETERS] is about */
  struct faults faults;    /* offset is into that parameter */
};

/*
 * Checks `count` parameters, each without the space around it. Borrows. Never fails: the first
 * wrong one is in out->faults. A keyword of the other command (NOTIFY in MAIL) is unknown here.
 * The first 32 are checked; a 33rd is a fault by itself. Values may hold UTF-8 when SMTPUTF8 is
 * among the parameters of MAIL; those of RCPT may always, for MAIL's are not known here.
 */
void parameters_parse(const struct span *list, size_t count, enum parameters_use use,
                      struct parameters *out);

/* Cuts `line` at runs of spaces and tabs into at most `room` spans; returns how many it wrote. */
size_t parameters_split(struct span line, struct span *list, size_t room);

#endif
