/*
 * One command of a client that an MTA asks about while it keeps the session to itself: what the
 * doors have in common that are asked for single commands.
 */
#ifndef MILTER_STRICT_INQUIRY_H
#define MILTER_STRICT_INQUIRY_H

#include "door.h"

/* Filled in by the door; the question borrows from the door's bytes. */
struct inquiry {
  enum door door;
  struct session session; /* what the MTA tells of the client */
  uint16_t port;          /* the client's; 0: not known */
  struct question question;
  const struct question
      *otherwise; /* what it is when its command's rule does not refuse, or NULL */
  struct span queue_id;
  bool unknown; /* a command that the MTA mostly asks its milter about first */
};

enum inquiry_result {
  INQUIRY_PASSES,  /* nothing to say: the MTA goes on */
  INQUIRY_ANSWERS, /* the first line of the reply is to be said */
  INQUIRY_LOST,    /* there is no policy to judge by */
};

/*
 * Judges and reports. The policy and the daemon's name are those of the client's milter session
 * when there is one, else the policy in force and what the session says. What was judged there
 * already, and let pass, passes. `reply` is filled for
 * INQUIRY_ANSWERS; its code is negative, or 252 for VRFY.
 */
enum inquiry_result inquiry_judge(const struct door_services *services, struct inquiry *inquiry,
                                  struct reply_lines *reply);

/*
 * Likewise, but only of a client that is refused for how it stands in the ledger is there anything
 * to say; nothing is counted. For commands that the milter hears of, when its answer might not be
 * used.
 */
enum inquiry_result inquiry_judge_standing(const struct door_services *services,
                                           struct inquiry *inquiry, struct reply_lines *reply);

/* The client's port from its digits; 0 when it is none. */
uint16_t inquiry_port(struct span digits);

#endif
