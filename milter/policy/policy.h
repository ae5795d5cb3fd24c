/*
 * A policy and its judgement: values in, verdict out.
 *
 * A policy is read-only while it judges; any number of threads may use one. It owns nothing: the
 * spans and lists in it belong to whoever filled it in and must outlive it.
 */
#ifndef MILTER_STRICT_POLICY_H
#define MILTER_STRICT_POLICY_H

#include "names.h"
#include "netblock.h"
#include "session.h"

enum policy_mode { POLICY_ENFORCE, POLICY_MONITOR }; /* monitor: every refusal becomes a notice */
enum policy_speak { POLICY_SPEAK_RCPT, POLICY_SPEAK_AT_ONCE };
enum policy_detail { POLICY_DETAIL_FULL, POLICY_DETAIL_BRIEF };

struct rule_setting {
  enum rule_action action;
  struct reply_status status;
  struct span text;   /* in place of the table's summary; empty: the table's */
  unsigned limit;     /* for rules that have one */
  struct names names; /* for rules that have them */
};

struct policy {
  enum policy_mode mode;
  enum policy_speak speak;
  enum policy_detail detail;
  struct span url;        /* "%rule" in it becomes the rule's identifier; empty: none */
  struct span contact;    /* empty: none */
  struct names our_names; /* host names, and addresses in canonical text; when empty, the MTA's own
                             name (session_host()) is ours */
  const struct netblock *exempt_networks; /* sorted with netblocks_sort() */
  size_t exempt_network_count;
  struct names exempt_daemons; /* {daemon_name}s */
  struct names reachable;      /* local parts that hear no held verdict: postmaster, abuse */
  bool exempt_authenticated;
  bool exempt_tls_verified;
  bool exempt_local; /* clients without an address */
  struct rule_setting rules[RULE_COUNT];
};

/* The defaults of the tables: no names of ours, loopback exempt, postmaster and abuse reachable. */
void policy_defaults(struct policy *out);

/* Why a client is exempt; for the log. */
enum exemption {
  EXEMPT_NOT,
  EXEMPT_NETWORK,
  EXEMPT_AUTHENTICATED,
  EXEMPT_TLS_VERIFIED,
  EXEMPT_LOCAL,
  EXEMPT_DAEMON,
};

enum exemption policy_exemption(const struct policy *policy, const struct session *session);
const char *exemption_name(enum exemption exemption); /* "network", ...; "" for none. Static. */

/* One broken rule. */
struct verdict {
  enum rule rule;      /* RULE_NONE: nothing to object to */
  struct fault fault;  /* the place in `subject`; FAULT_NONE when the rule is not about a place */
  struct span prefix;  /* how the command is shown before its argument: "MAIL FROM:" */
  uint32_t seconds;    /* of a refusal that ends: until then; else 0 */
  struct span subject; /* borrows from the question, or from the session for a held one */
};

enum { JUDGEMENT_NOTICES_MAX = 8 };

struct judgement {
  struct verdict verdict; /* to be spoken; .rule is RULE_NONE when the command may pass */
  struct verdict notices[JUDGEMENT_NOTICES_MAX]; /* "would refuse" */
  unsigned notice_count;
  enum exemption exemption;  /* why broken rules were overlooked, EXEMPT_NOT when none was */
  struct verdict overlooked; /* the first of these */
};

/*
 * Judges one command after session_note() has recorded it. Fills `out`; the session changes only in
 * what waits to be spoken at RCPT. When several rules are broken, the one with the first wrong byte
 * speaks. The spans in `out` live as long as `question` and `session`.
 */
void policy_judge(const struct policy *policy, struct session *session,
                  const struct question *question, struct judgement *out);

/* Whether MAIL, RCPT and every command of the session is refused for how its client stands. */
bool policy_refuses_standing(const struct policy *policy, const struct session *session);

/* Whether no rule was broken at all: nothing to say, nothing to log. */
bool judgement_is_silent(const struct judgement *judgement);

#endif
