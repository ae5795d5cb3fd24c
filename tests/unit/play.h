/*
 * Conversations judged by the policy alone: a step is what the client says, or what the door
 * learns, and what the judgement must be.
 *
 *   HELO name          MAIL path parameters     RCPT path parameters     DATA
 *   RSET               the transaction ends: RSET, the end of a message, or xxfi_abort
 *   REJECTED path      RCPT that the MTA has refused already; it is counted, not judged
 *   +TLS +TRUSTED +AUTH   STARTTLS was done; with a certificate that the MTA trusts; AUTH succeeded
 *   any other line     a command of its own, as VRFY
 *
 * The judgement as text: "rule@offset" when the command is refused, "rule" when the rule is not
 * about a place; then "~rule@offset" for each notice; then "exemption:rule@offset" for what was
 * overlooked. A refused command is taken back, as doors do.
 */
#ifndef MILTER_STRICT_TEST_PLAY_H
#define MILTER_STRICT_TEST_PLAY_H

#include "policy.h"
#include "text.h"

enum { PLAY_STEPS_MAX = 24 };

struct play {
  struct policy policy;
  struct session session;
  struct question question; /* the last command */
  struct judgement judgement;
};

struct play_step {
  const char *say, *want;
};

struct play_row {
  const char *name;
  void (*set)(struct play *play); /* NULL: the default policy and a client at 192.0.2.7 */
  struct play_step step[PLAY_STEPS_MAX];
};

/* Default policy, a client at 192.0.2.7 that came to 198.51.100.25, whose own name is
 * mx.example.org. */
void play_begin(struct play *play);

/* Says one line. The spans in play->judgement point into `line`. */
void play_say(struct play *play, const char *line);

/* Writes the judgement of the last line. */
void play_judgement(const struct play *play, struct text *out);

/* Plays a conversation; fails at the first step that is judged otherwise. */
void play_row(const struct play_row *row);

/* A cmocka test that plays all rows of an array. */
#define PLAYS(test, rows)                                                                          \
  static void test(void **state)                                                                   \
  {                                                                                                \
    (void)state;                                                                                   \
    for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++)                                  \
      play_row(&(rows)[i]);                                                                        \
  }

/* Settings. An address must be good; NULL means none. */
void play_client(struct play *play, const char *address);
void play_server(struct play *play, const char *address);
void play_action(struct play *play, const char *rule, enum rule_action action);

struct span span_of_rule(enum rule rule);

#endif
