/*
 * Probing: what the commands of a session mean for the ledger, and which rule the ledger's refusals
 * belong to. Pure.
 */
#ifndef MILTER_STRICT_PROBING_H
#define MILTER_STRICT_PROBING_H

#include "policy.h"

/*
 * Whether an MTA's enhanced code for a refused RCPT says that there is no such recipient: 5.1.1,
 * and 5.1.0, 5.1.6 (has moved) and 5.2.1 (disabled), which address lists gone stale bring about as
 * well. Not what is about the domain or the syntax (5.1.2, 5.1.3, 5.1.10), nor policy (5.7.x), nor
 * anything temporary.
 */
bool probing_is_unknown(struct span enhanced);

/* The rule for the refusals of this cause. */
enum rule probing_rule(enum ledger_cause cause);

/* Counts a malformed argument that was refused, or would be but for monitor mode. After the
 * command was judged. */
void probing_judged(const struct policy *policy, struct session *session,
                    const struct judgement *judgement);

/*
 * Whether the session may have something to tell the ledger. It has nothing to tell while only good
 * deeds have happened, but they go along with the first wrong one; at the `end` of a message or of
 * the session those of a client that the ledger knows are told of by themselves.
 */
bool probing_has_news(const struct session *session, bool end);

/* Takes what there is to tell, good deeds first; returns how many entries, 0 without news. */
unsigned probing_entries(struct session *session, bool end,
                         struct ledger_entry entries[LEDGER_EVENT_COUNT]);

#endif
