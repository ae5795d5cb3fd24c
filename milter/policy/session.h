/*
 * What has happened in one SMTP session so far: facts, no opinions.
 *
 * A session is a plain value without pointers: zero it, or call session_begin(), and nothing needs
 * freeing. It copies what it keeps, cut to a bounded length. One thread at a time.
 */
#ifndef MILTER_STRICT_SESSION_H
#define MILTER_STRICT_SESSION_H

#include "ledger.h"
#include "question.h"

enum {
  SESSION_NAME_MAX = 256,   /* bytes kept of a HELO name or a daemon's name */
  SESSION_SENDER_MAX = 320, /* bytes kept of a sender's path */
  SESSION_HELD_MAX = 6,     /* HELO rules that one name can break at once: ours, listed, changed,
                               underscore, one or two of syntax, bare-address, unqualified */
};

/* A broken rule whose verdict waits for RCPT. */
struct held {
  uint16_t rule; /* enum rule */
  uint16_t kind; /* enum fault_kind */
  uint32_t at;
};

/* What the ledger is to be told of; counted as it happens, taken by probing_entries(). */
struct deeds {
  uint32_t of[LEDGER_EVENT_COUNT];
  uint32_t withdrawn;  /* recipients told of as accepted, of transactions that were left since */
  uint64_t wrong_name; /* ledger_hash() of the unknown recipient's local part */
};

struct session {
  struct ip client; /* valid when has_client */
  struct ip server; /* the address that the client came to; valid when has_server */
  bool has_client;  /* false: local submission, or an address family that is not IP */
  bool has_server;
  bool authenticated; /* AUTH succeeded: macro {auth_authen} */
  bool tls;           /* STARTTLS was done: macro {tls_version} */
  bool tls_verified;  /* with a client certificate that the MTA trusts */
  bool orders_itself; /* the door, not an MTA, keeps the order of commands: sequence rules apply */

  enum stage stage;  /* the last command that succeeded, the one noted last included */
  enum stage before; /* what `stage` was before the command noted last */
  bool helo_seen;
  bool helo_before;    /* helo_seen before the HELO noted last */
  bool helo_changed;   /* this HELO's name differs from the one before, without STARTTLS between */
  bool helo_tls;       /* `tls` at the last HELO */
  bool smtputf8;       /* of this transaction */
  bool null_sender;    /* of this transaction */
  bool callout_sender; /* of this transaction: null or postmaster, as call-outs have */
  bool refusal_given;  /* the client's standing was objected to in this transaction */
  bool helo_counted;   /* this HELO's name was counted as malformed */
  bool notices_given;  /* held rules in monitor mode were logged in this transaction */
  unsigned recipients; /* of this transaction: asked for, and not refused by the MTA or by us */
  unsigned abandoned;  /* transactions with an accepted recipient and no DATA, in a row */

  struct standing
      standing; /* the client's, as the door has looked it up; all zero without a ledger */
  struct deeds deeds;

  struct held held[SESSION_HELD_MAX];
  unsigned held_count;
  uint16_t helo_len, sender_len; /* bytes kept */
  uint16_t daemon_len, host_len;
  char helo[SESSION_NAME_MAX];
  char sender[SESSION_SENDER_MAX];
  char daemon[64];             /* {daemon_name} */
  char host[SESSION_NAME_MAX]; /* the MTA's own name: macro j */
};

/* A new session of a client at `client`, NULL for a local one. */
void session_begin(struct session *session, const struct ip *client);

/* Facts that the door learns on the way; each cut to what is kept. */
void session_set_daemon(struct session *session, struct span name);
void session_set_host(struct session *session, struct span name);

/* What was kept; valid as long as the session. */
struct span session_helo(const struct session *session);
struct span session_sender(const struct session *session);
struct span session_daemon(const struct session *session);
struct span session_host(const struct session *session);

/*
 * Records that this command was said, before it is judged: "count first, judge after". The session
 * moves on as if the command had succeeded; one that is refused afterwards, by the policy or by the
 * MTA, is taken back with session_refused().
 */
void session_note(struct session *session, const struct question *question);

/*
 * The command noted last was refused: it did not move the session on. A refused HELO leaves an
 * earlier one in force (RFC 5321, 4.1.4), but ends a transaction like any other, and its name
 * stays.
 */
void session_refused(struct session *session, const struct question *question);

/* RSET, the end of a message, or an aborted one: back to the point after HELO. */
void session_end_transaction(struct session *session);

/* The message was accepted. Ends the transaction. */
void session_delivered(struct session *session);

#endif
