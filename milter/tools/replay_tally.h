/*
 * What the policy would have refused, added up by rule in bounded memory.
 */
#ifndef MILTER_STRICT_REPLAY_TALLY_H
#define MILTER_STRICT_REPLAY_TALLY_H

#include "replay_judge.h"
#include "replay_top.h"

enum { TALLY_EXAMPLES = 5 };

/* One message or command that was objected to; valid during the call. */
struct replay_case {
  struct maillog_place place;
  uint64_t when;
  bool has_client;
  bool is_mail; /* not a command by itself */
  bool sender_known;
  bool delivered;
  struct ip client;
  enum maillog_helo helo_is;
  struct span helo, sender, recipient, queue_id;
  struct span command;
};

/* Kept of a case, fit to be shown. */
struct replay_example {
  bool delivered, is_mail;
  bool helo_before; /* `said` is a HELO name, that of an earlier session */
  struct maillog_place place;
  uint64_t when;
  uint16_t fault; /* enum fault_kind */
  char client[IP_TEXT_SIZE];
  char queue_id[MAILLOG_QUEUE_ID_MAX + 1];
  char sender[128], recipient[128], said[128]; /* `said`: a HELO name or a command */
};

struct replay_rule {
  uint64_t refused; /* messages and commands */
  uint64_t watched;
  uint64_t exempt;
  uint64_t refused_delivered, watched_delivered; /* of these, messages that were delivered */
  struct top clients, senders;
  unsigned example_count; /* delivered ones first */
  struct replay_example examples[TALLY_EXAMPLES];
};

struct replay_tally {
  uint64_t messages, commands; /* that would have been refused, by whatever rule */
  uint64_t delivered;          /* of the messages */
  uint64_t watched_delivered;  /* delivered, and noticed by rules that only watch */
  struct replay_rule rules[RULE_COUNT];
};

/* A case that was objected to; it may be delivered already. */
void replay_tally_add(struct replay_tally *tally, const struct replay_case *about,
                      const struct replay_outcome *outcome);

/* A message that was added is delivered only now; `refused` and `watched` are what was said of it.
 */
void replay_tally_delivered(struct replay_tally *tally, const struct replay_case *about,
                            uint64_t refused, uint64_t watched);

#endif
