/*
 * One command of a client, parsed: what a door asks the policy about.
 *
 * A question borrows from the door's buffers and lives on the door's stack while the command is
 * answered.
 */
#ifndef MILTER_STRICT_QUESTION_H
#define MILTER_STRICT_QUESTION_H

#include "address.h"
#include "helo.h"
#include "parameters.h"
#include "rules.h"

struct question {
  enum stage stage;
  struct span prefix;   /* how the command is shown before its argument: "MAIL FROM:" */
  struct span argument; /* HELO's name, the path, or the whole line of another command */
  /* What is set depends on the stage. */
  struct helo helo;             /* HELO */
  struct address address;       /* MAIL, RCPT */
  struct parameters parameters; /* MAIL, RCPT */
  struct span bad_parameter;    /* the one that parameters.faults is about */
  bool refused_by_mta;          /* RCPT: the MTA has refused it already; set by the door */
  bool unknown_to_mta;          /* RCPT: refused because there is no such recipient; likewise */
  enum command command;         /* COMMAND: COMMAND_NONE when unknown */
  enum rule fault_rule;         /* COMMAND: a rule that the door itself found broken, such as
                                   RULE_LINE_END; RULE_NONE else */
};

/* Each fills all of `out`; none fails. */
void question_connect(struct question *out);
void question_helo(struct question *out, struct span name);

/* `list`: the ESMTP parameters, one span each. */
void question_mail(struct question *out, struct span path, const struct span *list, size_t count);

/* `smtputf8`: what MAIL had, as session.smtputf8 says. */
void question_rcpt(struct question *out, struct span path, const struct span *list, size_t count,
                   bool smtputf8);
void question_data(struct question *out);

/* Any other command: the whole line without its CRLF; MTAs may give the verb alone. */
void question_command(struct question *out, struct span line);

#endif
