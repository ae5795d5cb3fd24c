/*
 * The policy door: Postfix asks what a client is to hear to VRFY, over its policy delegation
 * protocol. A state machine without I/O: bytes in, answers out.
 *
 * A request is lines of name=value, ended by an empty line; an answer is one line action=..., ended
 * likewise; a connection carries any number of them.
 *
 *   protocol_state   VRFY: judged. RCPT: refused when the client is refused for probing, for what
 *                    the milter door says of a recipient that Postfix itself refuses is not used;
 *                    else DUNNO, as to any other
 *   recipient        the argument of VRFY. A bare verb of commands.def that SMTP knows and need not
 *                    offer (EXPN, TURN, SEND, SOML, SAML, HELP) is the command that Postfix's
 *                    smtpd_command_filter turned into VRFY, and is judged as that when the rule of
 *                    that command refuses; else it is a name
 *   client_address, client_port     who asks; together they find the client's milter session, whose
 *                    policy and daemon name then hold
 *   helo_name, sender, queue_id     for the log
 *   sasl_username    not empty: the client has authenticated
 *   ccert_subject    not empty: it has a certificate that Postfix trusts
 *   encryption_protocol             not empty: TLS
 *
 * The answers: DUNNO, Postfix goes on as if nothing had been asked; `502 5.5.1 text`, or whatever
 * the rule answers, by which 421 also ends the session; OK, for a rule that answers 252.
 * They never hold what the client sent, so they are the same for every name.
 *
 * What cannot be understood is answered DUNNO and reported: it never holds up mail.
 */
#ifndef MILTER_STRICT_POSTFIX_POLICY_H
#define MILTER_STRICT_POSTFIX_POLICY_H

#include "door.h"

enum {
  POSTFIX_POLICY_LINE_MAX = 4096,         /* bytes of a line without its end */
  POSTFIX_POLICY_REQUEST_MAX = 16 * 1024, /* bytes of a request; a longer one ends the connection */
};

/* A connection: a plain value, nothing to free. */
struct postfix_policy {
  const struct door_services *services;
  const struct door_sink *sink;
  size_t seen; /* bytes of the request that is coming which are whole lines and do not end it */
  bool closed; /* out of step: send what was written and hang up */
};

/* Begins a connection. Services and sink must outlive it. */
void postfix_policy_open(struct postfix_policy *door, const struct door_services *services,
                         const struct door_sink *sink);

/*
 * Answers all requests that are complete, as far as the sink takes answers. Returns how many bytes
 * were used up; the others are to be offered again, with more behind them. The same bytes get the
 * same answers however they are cut into pieces. One thread at a time.
 */
size_t postfix_policy_feed(struct postfix_policy *door, struct span bytes);

#endif
