/*
 * Sessions: the facts that a policy judges by. RFC 5321 sections 3.3 and 4.1.4 say what begins,
 * ends and resets a transaction.
 */
#include "session.h"

#include <string.h>

/* Copies what fits and returns how much that was. */
static uint16_t keep(char *memory, size_t size, struct span span)
{
  size_t take = span.len < size ? span.len : size;

  if (take > 0)
    memcpy(memory, span.at, take);
  return (uint16_t)take;
}

void session_begin(struct session *session, const struct ip *client)
{
  memset(session, 0, sizeof(*session));
  session->stage = STAGE_CONNECT;
  if (client != NULL) {
    session->client = *client;
    session->has_client = true;
  }
}

void session_set_daemon(struct session *session, struct span name)
{
  session->daemon_len = keep(session->daemon, sizeof(session->daemon), name);
}

void session_set_host(struct session *session, struct span name)
{
  session->host_len = keep(session->host, sizeof(session->host), name);
}

struct span session_helo(const struct session *session)
{
  return (struct span){session->helo, session->helo_len};
}

struct span session_sender(const struct session *session)
{
  return (struct span){session->sender, session->sender_len};
}

struct span session_daemon(const struct session *session)
{
  return (struct span){session->daemon, session->daemon_len};
}

struct span session_host(const struct session *session)
{
  return (struct span){session->host, session->host_len};
}

/* Recipients were accepted and nothing was sent to them: they do not count as good. What was told
 * of them already is taken back. */
static void count_left(struct session *session)
{
  struct deeds *deeds = &session->deeds;
  uint32_t untold = session->recipients < deeds->of[LEDGER_ACCEPTED_RECIPIENT]
                        ? session->recipients
                        : deeds->of[LEDGER_ACCEPTED_RECIPIENT];

  session->abandoned++;
  deeds->of[LEDGER_ACCEPTED_RECIPIENT] -= untold;
  deeds->withdrawn += session->recipients - untold;
  deeds->of[session->callout_sender ? LEDGER_CALLOUT : LEDGER_ABANDONED]++;
}

void session_end_transaction(struct session *session)
{
  if (session->stage == STAGE_DATA)
    session->abandoned = 0; /* who sends mail may change plans now and then */
  else if (session->stage == STAGE_RCPT && session->recipients > 0)
    count_left(session);
  session->recipients = 0;
  session->null_sender = false;
  session->callout_sender = false;
  session->smtputf8 = false;
  session->refusal_given = false;
  session->notices_given = false;
  session->sender_len = 0;
  session->stage = session->helo_seen ? STAGE_HELO : STAGE_CONNECT;
}

void session_delivered(struct session *session)
{
  session->deeds.of[LEDGER_DELIVERED]++;
  session_end_transaction(session);
}

/* A second greeting resets the session, RFC 5321 section 4.1.4. */
static void note_helo(struct session *session, const struct question *question)
{
  struct span name = span_slice(question->argument, 0, sizeof(session->helo));

  session_end_transaction(session);
  /* After STARTTLS the client greets anew and what it said before is forgotten, RFC 3207, 4.2. */
  session->helo_changed = session->helo_seen && session->tls == session->helo_tls &&
                          !span_equals_nocase(helo_bare(session_helo(session)), helo_bare(name));
  session->helo_tls = session->tls;
  session->helo_before = session->helo_seen;
  session->helo_seen = true;
  session->helo_counted = false;
  session->helo_len = keep(session->helo, sizeof(session->helo), name);
  session->held_count = 0;
  session->stage = STAGE_HELO;
}

/* Whether a transaction is open in a session whose order we keep ourselves. */
static bool in_own_transaction(const struct session *session)
{
  return session->orders_itself && (session->stage == STAGE_MAIL || session->stage == STAGE_RCPT);
}

/*
 * Milters are not told reliably that a transaction ended, so MAIL begins a new one; but where the
 * door keeps the order, the open transaction stays and the policy judges the nested MAIL.
 */
static void note_mail(struct session *session, const struct question *question)
{
  if (in_own_transaction(session))
    return;
  session_end_transaction(session);
  session->before = session->stage;
  session->sender_len = keep(session->sender, sizeof(session->sender), question->argument);
  session->null_sender = question->address.null;
  session->callout_sender = question->address.null || question->address.postmaster;
  session->smtputf8 = question->parameters.smtputf8;
  session->stage = STAGE_MAIL;
}

static void note_rcpt(struct session *session, const struct question *question)
{
  struct deeds *deeds = &session->deeds;

  if (question->refused_by_mta) {
    if (question->unknown_to_mta) {
      deeds->of[LEDGER_UNKNOWN_RECIPIENT]++;
      deeds->wrong_name = ledger_hash(question->address.local);
    }
    return;
  }
  deeds->of[LEDGER_ACCEPTED_RECIPIENT]++;
  session->recipients++;
  session->stage = STAGE_RCPT;
}

static void note_command(struct session *session, const struct question *question)
{
  if (question->command == COMMAND_VRFY || question->command == COMMAND_EXPN)
    session->deeds.of[LEDGER_VRFY]++;
  else if (question->command == COMMAND_NONE ||
           command_entry(question->command)->kind == COMMAND_IS_FOREIGN)
    session->deeds.of[LEDGER_UNKNOWN_COMMAND]++;
}

void session_note(struct session *session, const struct question *question)
{
  session->before = session->stage;
  switch (question->stage) {
  case STAGE_HELO:
    note_helo(session, question);
    break;
  case STAGE_MAIL:
    note_mail(session, question);
    break;
  case STAGE_RCPT:
    note_rcpt(session, question);
    break;
  case STAGE_DATA:
    session->stage = STAGE_DATA;
    break;
  case STAGE_COMMAND:
    note_command(session, question);
    break;
  case STAGE_CONNECT:
  case STAGE_COUNT:
    break;
  }
}

void session_refused(struct session *session, const struct question *question)
{
  if (question->stage == STAGE_HELO) {
    session->helo_seen = session->helo_before;
    session->before = session->helo_seen ? STAGE_HELO : STAGE_CONNECT;
  } else if (question->stage == STAGE_MAIL && session->stage != session->before) {
    session->sender_len = 0;
    session->null_sender = false;
    session->callout_sender = false;
    session->smtputf8 = false;
  } else if (question->stage == STAGE_RCPT && !question->refused_by_mta) {
    session->recipients--;
    if (session->deeds.of[LEDGER_ACCEPTED_RECIPIENT] > 0)
      session->deeds.of[LEDGER_ACCEPTED_RECIPIENT]--;
  }
  session->stage = session->before;
}
