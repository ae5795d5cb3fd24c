/*
 * What `milter-strict explain` can explain; for explain*.c alone.
 */
#ifndef MILTER_STRICT_EXPLAIN_H
#define MILTER_STRICT_EXPLAIN_H

#include "../policy/verdict.h"
#include "codes.h"
#include "page.h"

/* Under which policy, to whom, and where it is written. */
struct explain {
  struct page *page;
  const struct policy *policy;
  const struct ip *client;
  struct span host;     /* this machine's name */
  const char *settings; /* where the policy comes from: a file's name, or "built-in settings" */
};

/* A code, an enhanced code, or both: then the rules are those that answer with both. */
void explain_code(const struct explain *explain, const struct code_query *query);

/* What is to be told of a code, and of two that are compared. */
void explain_say_code(struct page *page, const struct code_entry *entry);

void explain_rule(const struct explain *explain, enum rule rule);

/* Returns an exit code: TOOL_WANTING when the line is refused. */
int explain_line(const struct explain *explain, struct span line);

/* Records that the session has come so far that `stage` may follow, without a fault. */
void explain_lead_up_to(struct session *session, enum stage stage);

/* Adds "refuse, 501 5.1.7". */
void explain_add_setting(struct text *text, const struct policy *policy, enum rule rule);

/* Adds the reply line by line, as a client would read it. */
void explain_reply(const struct explain *explain, const char *label, const struct verdict *verdict);

#endif
