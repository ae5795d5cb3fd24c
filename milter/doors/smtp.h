/*
 * A small SMTP server without I/O: bytes of a client in, bytes of replies out, a policy between.
 *
 * It speaks RFC 5321 with PIPELINING (2920), 8BITMIME (6152), SIZE (1870), SMTPUTF8 (6531) and
 * ENHANCEDSTATUSCODES (2034), and HELP. It delivers nothing: it is there to try a policy without an
 * MTA and to be tested. What a policy lets pass is answered as a native server would.
 *
 * A connection is a plain value of bounded size; nothing in it needs freeing. The same bytes get
 * the same replies however they are cut into pieces. One thread at a time.
 */
#ifndef MILTER_STRICT_SMTP_H
#define MILTER_STRICT_SMTP_H

#include "../policy/verdict.h"

enum {
  SMTP_SIZE_MAX = 10485760, /* octets of a message: what SIZE announces */
  SMTP_ERRORS_MAX = 50,     /* refused commands, after which the session is ended */
  SMTP_LINE_KEPT = 2046,    /* bytes kept of a line; the rest is swallowed */

  /* Octets of a command line with its CRLF: RFC 5321, 4.5.3.1.4, and what extensions add to it. */
  SMTP_LINE_MAX = 512,
  SMTP_RCPT_MAX = 512 + 500,                      /* DSN: RFC 3461, 4 */
  SMTP_MAIL_MAX = 512 + 26 + 17 + 10 + 107 + 500, /* SIZE, BODY, SMTPUTF8, DSN, AUTH */
};

struct smtp;

/* Where replies and news go. The sink must outlive the connection. */
struct smtp_sink {
  /*
   * Takes some whole lines of reply. Returns false when that is enough for now: then the reply is
   * finished and smtp_feed() returns. Everything must be taken all the same.
   */
  bool (*write)(void *context, struct span bytes);

  /* A command broke rules: what is refused, what would be, or why it was overlooked. May be NULL.
   */
  void (*judged)(void *context, const struct smtp *smtp, const struct judgement *judgement);
  void *context;
};

enum smtp_flags {
  /* A session whose first line ends in a bare LF is typed by hand: LF ends its lines. Without
     the flag, and when the first line ends in CRLF, only CRLF does. */
  SMTP_LINES_LF = 1 << 0,
  SMTP_AUTHENTICATED = 1 << 1, /* the client counts as authenticated */
};

/* Who speaks. */
struct smtp_peer {
  const struct ip *client; /* NULL: a local one */
  const struct ip *server; /* the address it came to; NULL: not known */
  struct span host;        /* our name in the greeting */
  unsigned flags;          /* enum smtp_flags */
};

enum smtp_place { SMTP_AT_LINE, SMTP_AT_MID, SMTP_AT_CR, SMTP_AT_DOT, SMTP_AT_DOT_CR };

/* To be read by nobody but the door, except `session` and `closed`. */
struct smtp {
  const struct policy *policy;
  const struct smtp_sink *sink;
  struct session session;
  unsigned flags;
  unsigned errors;
  bool closed;   /* the last word was said: send what was written and hang up */
  bool full;     /* the sink has enough for now */
  bool greeted;  /* a first line has come: how it ended has settled how lines end */
  bool lines_lf; /* LF ends a line */
  bool in_data;
  bool data_bare; /* a CR or LF came alone in this message */
  enum smtp_place data_place;
  unsigned long long octets; /* of this message, without the dots that were added for transport */
  size_t line_len;           /* of the line that is coming, as sent so far */
  char last;                 /* its last byte */
  char line[SMTP_LINE_KEPT];
};

/* Begins a connection; says nothing yet. Policy and sink must outlive it, `peer` need not. */
void smtp_open(struct smtp *smtp, const struct policy *policy, const struct smtp_sink *sink,
               const struct smtp_peer *peer);

/* Says the greeting, or that this client is not welcome. */
void smtp_greet(struct smtp *smtp);

/*
 * Takes bytes of the client. Returns how many were used up; fewer than all when the sink has enough
 * for now or the session is over. What is left is to be offered again.
 */
size_t smtp_feed(struct smtp *smtp, struct span bytes);

/* Ends the session from our side, with 421; greeted or not. Nothing when it is over already. */
enum smtp_bye { SMTP_BYE_IDLE, SMTP_BYE_STOP, SMTP_BYE_CROWDED };
void smtp_bye(struct smtp *smtp, enum smtp_bye why);

/*
 * The question that a command line puts, without its CRLF; `smtputf8` as session.smtputf8 says.
 * Borrows from `line`. Returns the command, COMMAND_NONE for an unknown one. An argument that is
 * not there or cannot be read makes a question about RULE_COMMAND_ARGUMENT.
 */
enum command smtp_question(struct span line, bool smtputf8, struct question *out);

#endif
