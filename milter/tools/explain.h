/*
 * What `milter-strict explain` can explain; for explain*.c alone.
 */
#ifndef MILTER_STRICT_EXPLAIN_H
#define MILTER_STRICT_EXPLAIN_H

#include "../policy/verdict.h"

/* Under which policy, and to whom. */
struct explain {
  const struct policy *policy;
  const struct ip *client;
  struct span host;     /* this machine's name */
  const char *settings; /* where the policy comes from: a file's name, or "built-in settings" */
};

/* A code alone, or with an enhanced code, which narrows the rules that are listed. */
void explain_code(const struct explain *explain, const struct reply_entry *entry,
                  struct span enhanced);

void explain_rule(const struct explain *explain, enum rule rule);

/* Returns an exit code: TOOL_WANTING when the line is refused. */
int explain_line(const struct explain *explain, struct span line);

/* Records that the session has come so far that `stage` may follow, without a fault. */
void explain_lead_up_to(struct session *session, enum stage stage);

/* Adds "refuse, 501 5.1.7". */
void explain_add_setting(struct text *text, const struct policy *policy, enum rule rule);

/* Prints the reply line by line, as a client would read it. */
void explain_reply(const struct policy *policy, const struct verdict *verdict);

#endif
