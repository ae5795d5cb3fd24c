/*
 * What every door needs of the daemon that runs it, so that no door knows of configuration or log.
 */
#ifndef MILTER_STRICT_DOOR_H
#define MILTER_STRICT_DOOR_H

#include "../policy/verdict.h"

enum door_event {
  DOOR_REFUSED,      /* the client was told the verdict's reply */
  DOOR_WOULD_REFUSE, /* the rule is broken and only noticed, by its action or the mode */
  DOOR_EXEMPT,       /* the rule is broken and the client is exempt */
};

/* Something to be logged and counted. Valid during the call only. */
struct door_report {
  enum door_event event;
  const struct session *session;
  const struct question *question; /* the command at which it happened */
  const struct verdict *verdict;
  struct reply_status status; /* what was, or would have been, answered */
  struct span queue_id;       /* empty when not known yet */
  enum exemption exemption;   /* for DOOR_EXEMPT */
};

/* All of these may be called from any thread, at the same time, and must not block. */
struct door_services {
  /* The policy in force, or NULL when there is none; each take needs one release. */
  const struct policy *(*policy_take)(void);
  void (*policy_release)(const struct policy *policy);
  void (*report)(const struct door_report *report);
  /* A session has begun, or ended: `change` is 1 or -1. */
  void (*sessions)(int change);
};

/* Reports all that a judgement says about one command: notices, exemption, and the refusal. */
void door_report_judgement(const struct door_services *services, const struct policy *policy,
                           const struct session *session, const struct question *question,
                           const struct judgement *judgement, enum verdict_voice voice,
                           struct span queue_id);

#endif
