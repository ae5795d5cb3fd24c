/*
 * What one line of a mail log says.
 *
 * Lines go in, events come out; nothing is remembered between two lines. All spans borrow from the
 * line. Everything in a line may be forged or cut off: a parser takes what fits its grammar whole
 * and says MAILLOG_NOTHING of anything else. Pure; any thread.
 */
#ifndef MILTER_STRICT_EVENT_H
#define MILTER_STRICT_EVENT_H

#include "../policy/literal.h"
#include "timestamp.h"

/* A line taken apart: "Nov 24 15:39:54 mx postfix/smtpd[12036]: message". */
struct maillog_line {
  struct timestamp stamp;
  struct span host;    /* empty when the line has none */
  struct span program; /* "postfix/smtpd", "sm-mta" */
  uint32_t pid;        /* 0: none */
  struct span message;
};

/* False for what is no such line. A line ends before its "\n"; a "\r" there is dropped. */
bool maillog_cut(struct span bytes, struct maillog_line *out);

enum maillog_mta { MAILLOG_NO_MTA, MAILLOG_POSTFIX, MAILLOG_SENDMAIL, MAILLOG_MTA_COUNT };

/* "Postfix", "Sendmail". Static. */
const char *maillog_mta_name(enum maillog_mta mta);

enum maillog_kind {
  MAILLOG_NOTHING,    /* of no interest */
  MAILLOG_CONNECT,    /* client */
  MAILLOG_DISCONNECT, /* client, counts */
  MAILLOG_QUEUED,     /* queue_id, client, authenticated: a message gets its first recipient */
  MAILLOG_STORED,     /* queue_id: its contents have come */
  MAILLOG_SENDER,     /* queue_id, sender, recipients. Sendmail: client, `stored`; the end of a
                         transaction */
  MAILLOG_REFUSED,    /* command, client, code, enhanced, by_milter; sender, recipient, helo where
                         the line has them */
  MAILLOG_DELIVERY,   /* queue_id, recipient, sent */
  MAILLOG_REMOVED,    /* queue_id: nothing more will be heard of it */
  MAILLOG_COMMAND,    /* client, text: the command as typed */
  MAILLOG_HELO,       /* client, helo: a name, or empty with `no_helo`: MAIL came without one */
  MAILLOG_TLS,        /* client, verified */
  MAILLOG_AUTH,       /* client */
  MAILLOG_SCREENED,   /* client, helo: refused before any filter is asked (postscreen) */
  MAILLOG_OURS,       /* a line of milter-strict's own log */
};

/* A command that a refusal is about. */
enum maillog_command {
  MAILLOG_AT_OTHER, /* CONNECT, DATA, ETRN ... */
  MAILLOG_AT_HELO,
  MAILLOG_AT_MAIL,
  MAILLOG_AT_RCPT,
  MAILLOG_AT_VRFY,
  MAILLOG_AT_END, /* the end of the message */
};

/* Commands that Postfix counts in its line "disconnect from": COUNTER(name). */
#define MAILLOG_COUNTERS(COUNTER)                                                                  \
  COUNTER(helo)                                                                                    \
  COUNTER(ehlo)                                                                                    \
  COUNTER(mail)                                                                                    \
  COUNTER(rcpt)                                                                                    \
  COUNTER(data)                                                                                    \
  COUNTER(bdat)                                                                                    \
  COUNTER(vrfy)                                                                                    \
  COUNTER(auth)                                                                                    \
  COUNTER(starttls)                                                                                \
  COUNTER(unknown)                                                                                 \
  COUNTER(commands)

enum maillog_counter {
#define COUNTER(name) MAILLOG_COUNT_##name,
  MAILLOG_COUNTERS(COUNTER)
#undef COUNTER
      MAILLOG_COUNTER_COUNT
};

struct maillog_count {
  uint32_t good, all; /* "rcpt=1/3": one of three was accepted */
};

struct maillog_event {
  enum maillog_mta mta;
  enum maillog_kind kind;
  bool has_client;
  bool has_sender; /* `sender` may be the null one, "<>" */
  bool has_recipient;
  bool authenticated; /* QUEUED */
  bool passed_on;     /* QUEUED: by a filter, for another client */
  bool by_milter;     /* REFUSED by a filter, not by the server itself */
  bool unknown_user;  /* REFUSED: there is no such recipient (Sendmail, which logs no code) */
  bool stored;        /* SENDER: the message was received whole */
  bool sent;          /* DELIVERY: to this recipient, and not deferred or bounced */
  bool failed;        /* DELIVERY: never will be, to this recipient */
  bool aborted;       /* DELIVERY: the client took the recipient back */
  bool verified;      /* TLS: with a certificate that the server trusts */
  bool no_helo;       /* HELO: MAIL came without */
  bool submission;    /* a service for the site's own users, by its name */
  struct ip client;
  struct span queue_id;  /* empty: none yet */
  struct span sender;    /* a path: "<user@example.com>", or without brackets as it was typed */
  struct span recipient; /* likewise */
  struct span helo;      /* empty: not in the line */
  struct span code, enhanced; /* REFUSED: "550", "5.1.1"; either may be empty */
  struct span text;           /* COMMAND */
  enum maillog_command command;
  uint32_t recipients; /* SENDER */
  bool counted;        /* DISCONNECT: `counts` is filled in */
  struct maillog_count counts[MAILLOG_COUNTER_COUNT];
};

/* What the line says; `out` is filled in whatever it is. */
void maillog_read(const struct maillog_line *line, struct maillog_event *out);

/* The parts of maillog_read(), each for the lines of one program. */
void maillog_read_postfix(const struct maillog_line *line, struct maillog_event *out);
void maillog_read_sendmail(const struct maillog_line *line, struct maillog_event *out);

#endif
