/*
 * Sessions of a log before the policy: what it would have said, with a ledger that is kept in
 * memory for the length of the log and whose clock is the log's.
 *
 * A judge takes the steps of a session as the joiner tells them. One thread at a time, for all
 * judges of the process: they use the doors' own way of asking the ledger.
 */
#ifndef MILTER_STRICT_REPLAY_JUDGE_H
#define MILTER_STRICT_REPLAY_JUDGE_H

#include "../config/settings.h"
#include "../doors/door.h"
#include "../maillog/maillog_session.h"

/* What the policy says of one transaction or one other command: sets of rules, a bit each. */
struct replay_outcome {
  uint64_t refused;
  uint64_t watched;                 /* noticed only */
  uint64_t exempt;                  /* overlooked, for the client is exempt */
  uint64_t in_vain;                 /* refused or noticed at recipients alone who got no mail */
  uint16_t fault[RULE_COUNT];       /* enum fault_kind, where a bit is set */
  char recipient[MAILLOG_PATH_MAX]; /* the first that was objected to */
  uint16_t recipient_len;
};

_Static_assert(RULE_COUNT <= 64, "a bit for each rule");

struct replay_judge {
  const struct policy *policy;
  struct ledger_settings ledger;
  unsigned ipv4_prefix, ipv6_prefix;
  struct lru index;
  struct ledger_page *pages; /* NULL: no ledger */
  uint64_t forgotten;        /* pages given up for want of room */
  uint64_t probing;          /* refusals that the ledger began */

  struct session session;
  uint64_t when;
  bool open;    /* a transaction, and MAIL was not refused */
  bool in_vain; /* the recipient that is judged got no mail, says the log */
  uint64_t helo_refused, helo_watched, helo_exempt; /* what was said at HELO, spoken at once */
  struct replay_outcome outcome;                    /* of the transaction */
  struct replay_outcome command; /* of the last command that is not part of one, HELO included */
  struct replay_outcome *said;   /* which of them is being filled in */
};

/* `settings` must outlive the judge. False when memory is short; then there is nothing to close. */
bool replay_judge_open(struct replay_judge *judge, const struct settings *settings, uint64_t seed);
void replay_judge_close(struct replay_judge *judge);

void replay_judge_begin(struct replay_judge *judge, const struct maillog_session *session);

/* One step. After MAILLOG_STEP_END and each MAILLOG_STEP_COMMAND the outcome is complete; of a
 * command that is counted several times, take it one by one. */
void replay_judge_step(struct replay_judge *judge, const struct maillog_step *step);

void replay_judge_end(struct replay_judge *judge);

#endif
