/*
 * A conversation with the server under test, which outlives any number of connections.
 *
 * A check says where in a session it wants to be (talk_at()), asks (talk_ask()) and comes to a
 * conclusion (talk_conclude()). Whatever the server does, each of these returns in bounded time; a
 * server that hangs up, keeps silent, or says what is no SMTP ends the connection, and the next
 * talk_at() opens another. Everything that is said goes into the transcript of the check's result.
 * No message is ever sent: should the server invite to one (354), the connection is cut at once.
 */
#ifndef MILTER_STRICT_PROBE_TALK_H
#define MILTER_STRICT_PROBE_TALK_H

#include "carrier.h"
#include "report.h"
#include "run.h"
#include "smtp_reply.h"

/* How far a session has come. */
enum talk_stage {
  TALK_CLOSED,
  TALK_CONNECTED, /* greeted by the server */
  TALK_GREETED,   /* EHLO, and STARTTLS where it is wanted */
  TALK_MAIL,      /* a message was begun */
};

/* What came of a command. */
enum talk_answer {
  TALK_NOTHING, /* no reply that can be read; `trouble` says why, and the connection is closed */
  TALK_YES,     /* 2xx, 3xx */
  TALK_LATER,   /* 4xx but 421, and 530: talk_is_conditional() */
  TALK_NO,      /* 5xx */
  TALK_GONE,    /* 421: the server ends the session */
};

enum talk_trouble {
  TALK_FINE,
  TALK_SILENT,  /* no answer in time */
  TALK_HUNG_UP, /* closed by the server */
  TALK_GARBAGE, /* no SMTP */
  TALK_ENDLESS, /* longer than is read */
  TALK_TLS,     /* TLS failed */
  TALK_FAILED,  /* no connection, or it broke */
  TALK_BOUND,   /* the probe's own bounds are reached */
};

enum talk_extension {
  TALK_PIPELINING = 1 << 0,
  TALK_STARTTLS = 1 << 1,
  TALK_SMTPUTF8 = 1 << 2,
  TALK_ENHANCED = 1 << 3,
  TALK_AUTH = 1 << 4,
  TALK_CHUNKING = 1 << 5,
};

struct talk {
  const struct probe_options *options;
  const struct probe_carrier *carrier;
  struct probe_report *report;
  struct probe_result *result; /* of the check that is under way */

  enum talk_stage stage;
  enum talk_trouble trouble;
  bool tls;            /* the connection is under TLS */
  bool esmtp;          /* EHLO was taken, not only HELO */
  unsigned extensions; /* enum talk_extension: what the last EHLO listed */
  unsigned refusals;   /* 4xx and 5xx replies on this connection */
  unsigned failures;   /* connections in a row that came to nothing */
  bool over;           /* no more is asked */
  uint64_t begun,
      next; /* on the carrier's clock: the probe's begin; before `next` nothing is sent */

  struct smtp_reply reply; /* the last one */
  struct span unread;      /* what has arrived behind it, in `arrived` */
  char arrived[4096];
  char shown[256];  /* the first line of the last reply, escaped */
  char host[256];   /* what the server calls itself in its greeting; may be "" */
  char domain[256]; /* of the server's own mailboxes; of --user, else the host */
  char why[256];    /* of the last trouble */
  char agreed[160]; /* under TLS: its version, and what the certificate is worth; may be "" */

  bool relays;                /* it took mail for others from us */
  bool recipient_asked;       /* whether the next line is known */
  enum talk_answer recipient; /* what the mailbox that should exist gets at RCPT */

  unsigned sent_flaws;                    /* enum smtp_reply_flaw: bytes in the last line sent */
  unsigned flaws;                         /* seen in any reply */
  unsigned enhanced[SMTP_ENHANCED_COUNT]; /* replies, by how theirs fit */
};

void talk_begin(struct talk *talk, const struct probe_options *options,
                const struct probe_carrier *carrier, struct probe_report *report);

/* Says good-bye to the server, if there is a connection. */
void talk_leave(struct talk *talk);

/* Closes without a word. */
void talk_drop(struct talk *talk);

/*
 * Gets to this point of a session: over a connection that has seen few refusals, a new one where
 * need be. False when that cannot be done; the result's note says why.
 */
bool talk_at(struct talk *talk, enum talk_stage stage);

/* The same over a new connection. */
bool talk_anew(struct talk *talk, enum talk_stage stage);

/* Opens a connection, under TLS with --tls, and reads nothing. */
bool talk_open(struct talk *talk);

/* Sends bytes as they are. */
bool talk_send(struct talk *talk, struct span bytes);

/* Whether the last reply is 530: STARTTLS or a login must come first, and nothing is told yet. */
bool talk_is_conditional(const struct talk *talk);

/* Reads one reply. */
enum talk_answer talk_read(struct talk *talk);

/* Sends a line, CRLF added, and reads one reply. */
enum talk_answer talk_ask(struct talk *talk, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* EHLO with the name given; extensions are noted. */
enum talk_answer talk_ehlo(struct talk *talk, const char *name);

/* Shakes hands on the open connection. What has been read and not used is dropped. */
bool talk_start_tls(struct talk *talk);

/*
 * Sends QUIT and reads until the server closes, or has sent far too much; returns how many replies
 * came before that to QUIT: what was still under way. The connection is closed then.
 */
unsigned talk_drain(struct talk *talk);

/* A line of the transcript that nobody said. */
void talk_event(struct talk *talk, const char *words);

/* Writes the note; returns the status. */
enum probe_status talk_conclude(struct talk *talk, enum probe_status status, const char *format,
                                ...) __attribute__((format(printf, 3, 4)));

/* UNKNOWN, because of the last answer: nothing, a deferral, or the end of the session. */
enum probe_status talk_untold(struct talk *talk);

#endif
