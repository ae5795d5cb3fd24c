/*
 * What the load generator says in one SMTP session: the packets that Postfix 3.7 sends to a milter
 * for a message to three recipients. What the milter declined is left out.
 */
#ifndef MILTER_STRICT_BENCH_SCRIPT_H
#define MILTER_STRICT_BENCH_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCRIPT_STEPS_MAX = 24, SCRIPT_PACKETS_SIZE = 1024 };

struct script_step {
  char command;  /* SMFIC_* */
  bool answered; /* the milter answers this one */
  size_t len;    /* of `bytes`: the macros, if any, and the event itself */
  unsigned char bytes[SCRIPT_PACKETS_SIZE];
};

struct script {
  size_t count;
  struct script_step step[SCRIPT_STEPS_MAX];
};

/* What an MTA offers first: everything. */
struct script_step script_negotiation(void);

/* The rest of the session, as `answer` (the body of the milter's SMFIC_OPTNEG packet) has it.
 * False: that is no answer to a negotiation. */
bool script_write(const unsigned char *answer, size_t len, struct script *out);

#endif
