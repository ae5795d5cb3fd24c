/*
 * The table of rules (rules.def).
 */
#ifndef MILTER_STRICT_RULES_H
#define MILTER_STRICT_RULES_H

#include "reply.h"
#include "stage.h"

enum rule {
#define RULE(name, ...) RULE_##name,
#include "rules.def"
#undef RULE
  RULE_COUNT,
  RULE_NONE = RULE_COUNT, /* no rule objects */
};

enum rule_action {
  ACTION_OFF,     /* not looked at */
  ACTION_MONITOR, /* logged as "would refuse", passes */
  ACTION_REFUSE,  /* answered with the rule's reply */
};

enum rule_flags {
  RULE_FLAG_HELD = 1 << 0,   /* spoken at RCPT unless `speak` says at once */
  RULE_FLAG_NAMES = 1 << 1,  /* has a list of names in the configuration */
  RULE_FLAG_NATIVE = 1 << 2, /* MTAs decide it natively; only the SMTP door asks for it */
};

enum { RULE_NO_LIMIT = -1 };

struct rule_entry {
  const char *name; /* identifier: configuration key, log field, metrics label */
  enum stage stage; /* where it is decided */
  enum rule_action action;
  struct reply_status status;
  int limit; /* default, RULE_NO_LIMIT when the rule has none */
  unsigned flags;
  const char *summary, *cause, *remedy, *source;
};

/* The row of `rule`, which must be less than RULE_COUNT. Static. */
const struct rule_entry *rule_entry(enum rule rule);

/* The rule with this identifier, or RULE_NONE. */
enum rule rule_find(struct span name);

/* "off", "monitor", "refuse"; "answer" for a rule whose reply is positive. Static. */
const char *rule_action_name(enum rule_action action, unsigned code);

/* Reads one of those words; "answer" reads as ACTION_REFUSE. */
bool rule_action_parse(struct span word, enum rule_action *out);

#endif
