/*
 * The checks, one function each, by area. Each brings `talk` to where it wants to be, asks, writes
 * the note of its result and returns the status. Called in the order of checks.def.
 */
#ifndef MILTER_STRICT_PROBE_ASK_H
#define MILTER_STRICT_PROBE_ASK_H

#include "talk.h"

/* ask_session.c */
enum probe_status ask_greeting(struct talk *talk);
enum probe_status ask_ehlo(struct talk *talk);
enum probe_status ask_early_talking(struct talk *talk);
enum probe_status ask_pipelining(struct talk *talk);
enum probe_status ask_quit(struct talk *talk);

/* ask_commands.c */
enum probe_status ask_help(struct talk *talk);
enum probe_status ask_turn(struct talk *talk);
enum probe_status ask_etrn(struct talk *talk);
enum probe_status ask_send(struct talk *talk);
enum probe_status ask_unknown(struct talk *talk);
enum probe_status ask_foreign(struct talk *talk);
enum probe_status ask_long(struct talk *talk);
enum probe_status ask_line_lf(struct talk *talk);
enum probe_status ask_line_cr(struct talk *talk);
enum probe_status ask_chunking(struct talk *talk);

/* ask_names.c */
enum probe_status ask_vrfy(struct talk *talk);
enum probe_status ask_expn(struct talk *talk);

/* ask_sequence.c */
enum probe_status ask_helo_missing(struct talk *talk);
enum probe_status ask_sequence_rcpt(struct talk *talk);
enum probe_status ask_sequence_data(struct talk *talk);
enum probe_status ask_sequence_mail(struct talk *talk);

/* ask_helo.c */
enum probe_status ask_helo_syntax(struct talk *talk);
enum probe_status ask_helo_ours(struct talk *talk);

/* ask_senders.c */
enum probe_status ask_sender_brackets(struct talk *talk);
enum probe_status ask_sender_syntax(struct talk *talk);
enum probe_status ask_sender_unqualified(struct talk *talk);
enum probe_status ask_sender_dots(struct talk *talk);
enum probe_status ask_sender_length(struct talk *talk);
enum probe_status ask_sender_literal(struct talk *talk);
enum probe_status ask_sender_utf8(struct talk *talk);
enum probe_status ask_sender_idn(struct talk *talk);
enum probe_status ask_sender_parameters(struct talk *talk);
enum probe_status ask_smtputf8(struct talk *talk);
enum probe_status ask_source_route(struct talk *talk);
enum probe_status ask_null_sender(struct talk *talk);

/* ask_recipients.c */
enum probe_status ask_recipient_brackets(struct talk *talk);
enum probe_status ask_recipient_syntax(struct talk *talk);
enum probe_status ask_recipient_unqualified(struct talk *talk);
enum probe_status ask_recipient_utf8(struct talk *talk);
enum probe_status ask_recipient_parameters(struct talk *talk);
enum probe_status ask_postmaster(struct talk *talk);

/* ask_relay.c */
enum probe_status ask_open_relay(struct talk *talk);
enum probe_status ask_relay_routes(struct talk *talk);

/* ask_tls.c */
enum probe_status ask_starttls(struct talk *talk);
enum probe_status ask_stripping(struct talk *talk);
enum probe_status ask_injection(struct talk *talk);
enum probe_status ask_auth_plaintext(struct talk *talk);

/* ask_limits.c */
enum probe_status ask_limit_errors(struct talk *talk);
enum probe_status ask_limit_abandoned(struct talk *talk);
enum probe_status ask_enumerate_recipients(struct talk *talk);
enum probe_status ask_enumerate_vrfy(struct talk *talk);

/* ask_replies.c: nothing is asked, all replies so far are judged */
enum probe_status ask_enhanced_codes(struct talk *talk);
enum probe_status ask_reply_form(struct talk *talk);

/* What several of them need (ask_common.c). */

/* A mailbox that should exist, as <path> without brackets: the one of --user, else postmaster. */
void ask_mailbox(const struct talk *talk, struct text *out);

/* A name that nobody has: the same in each run, so that a site's ledger sees one. */
#define ASK_NOBODY "no-such-user-milter-strict-probe"

/* Whether a reply's text has words of "there is no such user". */
bool ask_means_nobody(struct span text);

/* The domain of senders: that of --from-address, else example.com. */
const char *ask_sender_domain(const struct talk *talk);

/* Whether we have this flag (PROBE_FLAG_NEAR, PROBE_FLAG_HOME), and are not said to be a stranger.
 */
bool ask_is(const struct talk *talk, unsigned flag);

/* RCPT to the mailbox that should exist, inside a transaction. */
enum talk_answer ask_recipient(struct talk *talk);

/*
 * Whether that mailbox is accepted from an honest client, so that a refusal elsewhere means
 * something; asked once in a run. When not, the note says so.
 */
bool ask_recipient_works(struct talk *talk);

/* A list of what was accepted: "a", "a and b", "a, b and 3 more". */
struct ask_list {
  struct text text;
  unsigned count;
  char memory[384];
};

void ask_list_begin(struct ask_list *list);
void ask_list_add(struct ask_list *list, const char *words);

#endif
