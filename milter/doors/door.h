/*
 * What every door needs of the daemon that runs it, so that no door knows of configuration or log.
 */
#ifndef MILTER_STRICT_DOOR_H
#define MILTER_STRICT_DOOR_H

#include "../policy/verdict.h"

struct registry;

/* Where an MTA asks. The door that speaks SMTP itself serves tools and tests, and is none. */
enum door { DOOR_MILTER, DOOR_POLICY, DOOR_SOCKETMAP, DOOR_COUNT };

/* "milter", "policy", "socketmap": in the log, and for sockets that are passed. Static. */
const char *door_name(enum door door);

enum door_event {
  DOOR_REFUSED,      /* the client was told the verdict's reply */
  DOOR_WOULD_REFUSE, /* the rule is broken and only noticed, by its action or the mode */
  DOOR_EXEMPT,       /* the rule is broken and the client is exempt */
};

/* Something to be logged and counted. Valid during the call only. */
struct door_report {
  enum door_event event;
  enum door door;
  const struct session *session;
  const struct question *question; /* the command at which it happened */
  const struct verdict *verdict;
  struct reply_status status; /* what was, or would have been, answered */
  struct span queue_id;       /* empty when not known yet */
  enum exemption exemption;   /* for DOOR_EXEMPT */
};

/* The functions may be called from any thread, at the same time, and must not block. */
struct door_services {
  /* The policy in force, or NULL when there is none; each take, and each keep, needs one release.
   */
  const struct policy *(*policy_take)(void);

  /* Another hold on a policy that somebody holds; returns it. */
  const struct policy *(*policy_keep)(const struct policy *policy);
  void (*policy_release)(const struct policy *policy);
  void (*report)(const struct door_report *report);

  /* A request that could not be understood; `why` is static text. May be NULL. */
  void (*malformed)(enum door door, const char *why);

  /* A session has begun, or ended: `change` is 1 or -1. */
  void (*sessions)(int change);

  /* How the client's network stands in the ledger. NULL, as `enter` then is, too: none is kept. */
  struct standing (*look)(struct ip client);

  /* Enters what the client did; how it stands then. */
  struct standing (*enter)(struct ip client, const struct ledger_entry *entries, unsigned count);

  /* The milter sessions that are open; NULL when no other door asks for them. */
  struct registry *registry;
};

/* Where answers go; must outlive the connection. Returns false when that is enough for now:
 * everything is taken all the same. */
struct door_sink {
  bool (*write)(void *context, struct span bytes);
  void *context;
};

/* One command that was judged, for the report. */
struct door_case {
  enum door door;
  enum verdict_voice voice;
  const struct policy *policy;
  const struct session *session;
  const struct question *question;
  struct span queue_id;
};

/*
 * Between session_note() and policy_judge(): tells the ledger what the session has to tell, or asks
 * how the client stands at the beginning of a transaction and at a command by itself. Clients that
 * are exempt are neither told of nor asked for.
 */
void door_meet_ledger(const struct door_services *services, const struct policy *policy,
                      struct session *session, enum stage stage);

/* Tells the ledger what it has not been told of; at the `end` of a message or of the session all
 * that is worth telling. */
void door_tell_ledger(const struct door_services *services, const struct policy *policy,
                      struct session *session, bool end);

/* Reports all that a judgement says about one command: notices, exemption, and the refusal. */
void door_report_judgement(const struct door_services *services, const struct door_case *about,
                           const struct judgement *judgement);

#endif
