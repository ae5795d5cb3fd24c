/*
 * `milter-strict probe`: asks a live server one question after the other and judges the answers.
 */
#ifndef MILTER_STRICT_PROBE_RUN_H
#define MILTER_STRICT_PROBE_RUN_H

#include "carrier.h"
#include "report.h"

enum probe_flags {
  PROBE_FLAG_LIMITS = 1 << 0,    /* ask the checks that count errors */
  PROBE_FLAG_ENUMERATE = 1 << 1, /* ask the checks that try names */
  PROBE_FLAG_STARTTLS = 1 << 2,  /* ask everything after STARTTLS */
  PROBE_FLAG_TLS = 1 << 3,       /* the port speaks TLS from the start */
  PROBE_FLAG_STRANGER = 1 << 4,  /* nothing of the next two, whatever addresses say */
  PROBE_FLAG_NEAR = 1 << 5,      /* the server may trust us: a private network, or its machine */
  PROBE_FLAG_HOME = 1 << 6,      /* we are on the server's own machine */
};

/* Bounds of a whole probe. What is not reached within them is not told. */
enum {
  PROBE_COMMANDS_MAX = 800,
  PROBE_CONNECTIONS_MAX = 160,
  PROBE_RECEIVED_MAX = 8 << 20,    /* bytes */
  PROBE_TIME_MAX = 15 * 60 * 1000, /* milliseconds */
};

struct probe_options {
  const char *helo;   /* what we call ourselves */
  const char *from;   /* sender's address, "" for the null sender */
  const char *user;   /* local part of a mailbox that exists; NULL: none is known */
  const char *domain; /* its domain; NULL: the name in the greeting */
  unsigned flags;     /* enum probe_flags */
  unsigned timeout;   /* milliseconds for one answer */
  unsigned pace;      /* least milliseconds between two commands */
};

/* Told before each check. */
struct probe_progress {
  void (*begins)(void *context, enum probe_check check);
  void *context;
};

/* Asks all checks and fills in `report`, which probe_report_begin() has begun. `progress` may be
 * NULL. */
void probe_run(const struct probe_options *options, const struct probe_carrier *carrier,
               const struct probe_progress *progress, struct probe_report *report);

#endif
