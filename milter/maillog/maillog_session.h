/*
 * Sessions rebuilt from the lines of a log.
 *
 * The lines of one SMTP session have its server process's id in common, those of one message its
 * queue id; between them stand those of all the others. Events go in in the order of the log; a
 * session comes out, step by step, when its end was seen and enough is known of its messages: a
 * minute later at the latest, by the log's own clock, or at the end of the log. Whether a message
 * was delivered may show much later; that is told by itself.
 *
 * Memory is bounded whatever the log holds: when a table is full, what was not heard of for longest
 * comes out as far as it is known, and is counted as cut short. One thread at a time.
 */
#ifndef MILTER_STRICT_MAILLOG_SESSION_H
#define MILTER_STRICT_MAILLOG_SESSION_H

#include "event.h"
#include "lru.h"

enum {
  MAILLOG_QUEUE_ID_MAX = 20,
  MAILLOG_PATH_MAX = 320, /* bytes kept of a path */
  MAILLOG_NAME_MAX = 256, /* of a HELO name and a host's */
  MAILLOG_KNOWN_MAX = 4,  /* accepted recipients whose address is kept */
  MAILLOG_MARKS = 4,
  MAILLOG_REPEATS_MAX = 2000, /* of one step */
  MAILLOG_WAIT_MS = 60000,
};

enum maillog_helo {
  MAILLOG_HELO_NOT_LOGGED, /* there was a HELO, and the log does not have its name */
  MAILLOG_HELO_LOGGED,
  MAILLOG_HELO_BEFORE, /* the name is one that the same address used in an earlier session */
  MAILLOG_HELO_NONE,   /* there was no HELO */
};

/* Where something stands in the log. */
struct maillog_place {
  uint32_t file; /* as the caller numbers them */
  uint64_t line; /* in that file, from 1 */
};

/* What is known of a session; valid while its steps are told. */
struct maillog_session {
  enum maillog_mta mta;
  bool has_client, authenticated, tls, tls_verified, submission;
  enum maillog_helo helo_is;
  struct ip client;
  struct span helo, host;
  uint64_t when;              /* of its last line, milliseconds */
  struct maillog_place place; /* of its first */
};

/* A message, from its first line on until it leaves the queue. */
struct maillog_message {
  struct span queue_id, sender; /* the sender is empty when the log does not have it */
  struct span recipient;        /* the first known one; empty: none */
  bool has_client;
  struct ip client;
  bool sent; /* delivered to some recipient, so far */
  struct maillog_place place;
  uint64_t *marks; /* MAILLOG_MARKS numbers of the caller's, 0 at first */
};

enum maillog_step_kind {
  MAILLOG_STEP_MAIL,    /* path; empty when the log does not have the sender */
  MAILLOG_STEP_RCPT,    /* path, or an empty one `times` over when it is not in the log: accepted */
  MAILLOG_STEP_REFUSED, /* RCPT: path, unknown: refused by the server itself */
  MAILLOG_STEP_MILTER,  /* RCPT: path: refused by a filter */
  MAILLOG_STEP_COMMAND, /* text; or, empty, `times` unknown commands that the log only counts */
  MAILLOG_STEP_END,     /* of a transaction: message (NULL: none), stored */
};

struct maillog_step {
  enum maillog_step_kind kind;
  struct span path; /* or the command */
  bool unknown;     /* REFUSED: there is no such recipient */
  bool failed;      /* RCPT: accepted, and its delivery failed for good */
  bool stored;      /* END: the message was sent whole, and accepted */
  bool sent_whole;  /* END: it was sent whole, whatever became of it */
  uint32_t times;   /* at least 1 */
  struct maillog_place place;
  struct maillog_message *message; /* MAIL, END */
};

/* Whom sessions are told to. Spans are valid during the call. */
struct maillog_sink {
  void (*begin)(void *context, const struct maillog_session *session);
  void (*step)(void *context, const struct maillog_step *step);
  void (*end)(void *context);
  /* A message of a session that has been told was delivered only now. */
  void (*sent)(void *context, const struct maillog_message *message);
  void *context;
};

struct maillog_totals {
  uint64_t sessions, messages, delivered; /* delivered: to at least one recipient */
  uint64_t screened;                      /* refused before any filter would have been asked */
  uint64_t passed_on;                     /* of the messages: by a filter, for another client */
  uint64_t refused;                       /* by the server itself */
  uint64_t refused_by_milter;
  uint64_t ours;                      /* lines of milter-strict itself */
  uint64_t cut_sessions;              /* told before their end was seen, for want of room */
  uint64_t cut_messages;              /* forgotten before they left the queue */
  uint64_t lost_steps;                /* of sessions that had too many */
  uint64_t by_mta[MAILLOG_MTA_COUNT]; /* lines */
};

struct maillog_limits {
  uint32_t sessions, messages, helos; /* at once, each at least 1 */
  uint64_t seed;                      /* secret */
};

struct maillog_joiner;

/* NULL when memory is short. */
struct maillog_joiner *maillog_open(const struct maillog_limits *limits,
                                    const struct maillog_sink *sink);

/* One event, at `when`. */
void maillog_feed(struct maillog_joiner *joiner, const struct maillog_line *line,
                  const struct maillog_event *event, uint64_t when, struct maillog_place place);

/* The end of the log: tells all that is left. */
void maillog_finish(struct maillog_joiner *joiner);

const struct maillog_totals *maillog_totals(const struct maillog_joiner *joiner);

/* NULL is fine. */
void maillog_close(struct maillog_joiner *joiner);

#endif
