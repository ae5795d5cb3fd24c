/*
 * A session told step by step: its notes are put into transactions, and what the log only counts is
 * added.
 *
 * Postfix logs a sender with each refused recipient, and with a message when it enters the queue;
 * MAIL itself leaves no line. So notes belong to one transaction while their senders and their
 * queue ids agree.
 */
#include "joiner.h"

/* Notes from..to of one transaction. */
struct transaction {
  unsigned from, to;
  struct mail *mail; /* NULL: no message */
  struct span sender;
  bool known; /* the sender */
};

/* What is left of a session's counts while it is told. */
struct budget {
  bool counted;
  uint32_t recipients;
  unsigned messages; /* in all */
  unsigned left;     /* of them, still to be told */
};

static struct span text_of(const struct visit *visit, struct kept kept)
{
  return (struct span){visit->text + kept.at, kept.len};
}

static struct span mail_text(const struct mail *mail, struct kept kept)
{
  return (struct span){mail->text + kept.at, kept.len};
}

struct maillog_message joiner_message(struct mail *mail)
{
  return (struct maillog_message){
      .queue_id = {mail->id, mail->id_len},
      .sender = mail_text(mail, mail->sender),
      .recipient = mail->known_count > 0 ? mail_text(mail, mail->known[0]) : SPAN(""),
      .has_client = mail->has_client,
      .client = mail->client,
      .sent = mail->sent,
      .place = mail->place,
      .marks = mail->marks,
  };
}

/* The sender that a note speaks of; false: it does not know. */
static bool sender_of(struct maillog_joiner *joiner, const struct visit *visit,
                      const struct joiner_note *note, struct span *out)
{
  const struct mail *mail = note->key != 0 ? joiner_mail(joiner, note->key) : NULL;

  if (mail != NULL && mail->sender.set)
    *out = mail_text(mail, mail->sender);
  else if (note->sender.set)
    *out = text_of(visit, note->sender);
  else
    return false;
  return true;
}

/* Whether the note belongs to the transaction that has come so far. */
static bool belongs(const struct transaction *transaction, uint64_t key,
                    const struct joiner_note *note, bool known, struct span sender)
{
  if (key != 0 && note->key != key)
    return false;
  return !known || !transaction->known || span_equals_nocase(sender, transaction->sender);
}

static struct transaction transaction_at(struct maillog_joiner *joiner, const struct visit *visit,
                                         unsigned from)
{
  struct transaction out = {.from = from, .to = from};
  uint64_t key = 0;

  for (; out.to < visit->note_count; out.to++) {
    const struct joiner_note *note = &visit->notes[out.to];
    struct span sender = {0};
    bool known;

    if (note->kind == JOINER_COMMAND)
      continue;
    known = sender_of(joiner, visit, note, &sender);
    if (!belongs(&out, key, note, known, sender) || (note->kind == JOINER_NO_MAIL && out.to > from))
      break;
    if (note->key != 0)
      key = note->key;
    if (known) {
      out.sender = sender;
      out.known = true;
    }
    if (note->kind == JOINER_NO_MAIL) {
      out.to++;
      break;
    }
  }
  while (visit->notes[out.to - 1].kind == JOINER_COMMAND)
    out.to--; /* what comes behind a transaction is none of it */
  out.mail = key != 0 ? joiner_mail(joiner, key) : NULL;
  return out;
}

static void say(const struct maillog_joiner *joiner, const struct maillog_step *step)
{
  joiner->sink.step(joiner->sink.context, step);
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
  return a < b ? a : b;
}

/* How many recipients of the message were accepted. The queue manager counts them after aliases
 * were followed and copies added, the session's end as they were asked for: each message has one at
 * least. */
static uint32_t accepted_of(const struct mail *mail, struct budget *budget)
{
  uint32_t count = mail->recipients > 0 || mail->none ? mail->recipients : 1;

  if (budget->counted) {
    budget->left -= budget->left > 0;
    count = budget->messages == 1
                ? budget->recipients
                : lesser(count, budget->recipients - lesser(budget->recipients, budget->left));
    budget->recipients -= count;
  }
  return lesser(count, MAILLOG_REPEATS_MAX);
}

/*
 * Whether the addresses that the message went to are those that the client asked for. A copy that
 * the server adds (always_bcc) is delivered like any other recipient, and may come first; so when
 * there are more than were asked for, all must be known, and no other address among them.
 */
static bool are_asked_for(const struct mail *mail, uint32_t count, const struct budget *budget)
{
  return !budget->counted || mail->recipients <= count ||
         (mail->ends >= mail->recipients && mail->known_count == count);
}

/* The recipients of a message: `names` of them by name, the others by number. */
static void tell_recipients(const struct maillog_joiner *joiner, const struct mail *mail,
                            uint32_t count, uint32_t names, struct maillog_place place)
{
  struct maillog_step step = {.kind = MAILLOG_STEP_RCPT, .times = 1, .place = place};

  for (unsigned i = 0; i < names && count > 0; i++, count--) {
    step.path = mail_text(mail, mail->known[i]);
    step.failed = mail->failed[i];
    say(joiner, &step);
  }
  step.path = SPAN("");
  step.failed = false;
  step.times = count;
  if (count > 0)
    say(joiner, &step);
}

static void tell_note(const struct maillog_joiner *joiner, const struct visit *visit,
                      const struct joiner_note *note)
{
  static const enum maillog_step_kind kinds[] = {
      [JOINER_QUEUED] = MAILLOG_STEP_RCPT,   [JOINER_REFUSED] = MAILLOG_STEP_REFUSED,
      [JOINER_MILTER] = MAILLOG_STEP_MILTER, [JOINER_NO_MAIL] = MAILLOG_STEP_MAIL,
      [JOINER_ACCEPTED] = MAILLOG_STEP_RCPT, [JOINER_COMMAND] = MAILLOG_STEP_COMMAND,
  };

  if (note->kind != JOINER_QUEUED && note->kind != JOINER_NO_MAIL)
    say(joiner, &(struct maillog_step){.kind = kinds[note->kind],
                                       .path = text_of(visit, note->path),
                                       .unknown = note->unknown,
                                       .times = 1,
                                       .place = note->place});
}

/* Whether any message was taken: its header is logged before the client breaks off in the midst of
 * it. */
static bool took_any(const struct visit *visit)
{
  return !visit->counted ||
         visit->counts[MAILLOG_COUNT_data].good + visit->counts[MAILLOG_COUNT_bdat].good > 0;
}

static void tell_transaction(struct maillog_joiner *joiner, const struct visit *visit,
                             const struct transaction *transaction, struct budget *budget)
{
  struct mail *mail = transaction->mail;
  struct maillog_message message;
  struct maillog_step step = {.kind = MAILLOG_STEP_MAIL,
                              .path = transaction->sender,
                              .times = 1,
                              .place = visit->notes[transaction->from].place};
  uint32_t count = 0, named = 0, names = 0;

  if (mail != NULL) {
    count = accepted_of(mail, budget);
    names = are_asked_for(mail, count, budget) ? mail->known_count : 0;
    message = joiner_message(mail);
    step.message = &message;
  }
  say(joiner, &step);
  for (unsigned i = transaction->from; i < transaction->to; i++) {
    const struct joiner_note *note = &visit->notes[i];

    tell_note(joiner, visit, note);
    named += note->kind == JOINER_ACCEPTED;
    if (note->kind == JOINER_QUEUED && mail != NULL)
      tell_recipients(joiner, mail, count - lesser(count, named), names, note->place);
  }
  step.kind = MAILLOG_STEP_END;
  step.stored = mail != NULL && mail->stored && !mail->rejected && took_any(visit);
  step.sent_whole = mail != NULL && mail->stored;
  say(joiner, &step);
  if (mail != NULL)
    mail->told = true;
}

/* Commands that are only counted. */
static void tell_counted(const struct maillog_joiner *joiner, const struct visit *visit)
{
  struct maillog_step step = {.kind = MAILLOG_STEP_COMMAND, .place = visit->place};
  uint32_t vrfy, unknown;

  if (!visit->counted)
    return;
  vrfy = visit->counts[MAILLOG_COUNT_vrfy].all;
  unknown = visit->counts[MAILLOG_COUNT_unknown].all;
  vrfy -= lesser(vrfy, visit->vrfy_seen);
  unknown -= lesser(unknown, visit->unknown_seen);
  step.path = SPAN("VRFY");
  step.times = lesser(vrfy, MAILLOG_REPEATS_MAX);
  if (vrfy > 0)
    say(joiner, &step);
  step.path = SPAN("");
  step.times = lesser(unknown, MAILLOG_REPEATS_MAX);
  if (unknown > 0)
    say(joiner, &step);
}

static bool greeted_never(const struct visit *visit)
{
  return visit->no_helo || (visit->counted && visit->counts[MAILLOG_COUNT_helo].good == 0 &&
                            visit->counts[MAILLOG_COUNT_ehlo].good == 0);
}

static struct maillog_session describe(struct maillog_joiner *joiner, const struct visit *visit)
{
  struct maillog_session out = {
      .mta = visit->mta,
      .has_client = visit->has_client,
      .authenticated =
          visit->authenticated || (visit->counted && visit->counts[MAILLOG_COUNT_auth].good > 0),
      .tls = visit->tls,
      .tls_verified = visit->tls_verified,
      .submission = visit->submission,
      .client = visit->client,
      .helo_is = MAILLOG_HELO_LOGGED,
      .helo = {visit->helo, visit->helo_len},
      .host = {visit->host, visit->host_len},
      .when = visit->when,
      .place = visit->place,
  };

  if (greeted_never(visit)) {
    out.helo_is = MAILLOG_HELO_NONE;
  } else if (visit->helo_len == 0) {
    if (visit->has_client)
      out.helo = joiner_find_helo(joiner, visit->client);
    out.helo_is = out.helo.len > 0 ? MAILLOG_HELO_BEFORE : MAILLOG_HELO_NOT_LOGGED;
  }
  return out;
}

static unsigned messages_of(const struct visit *visit)
{
  unsigned count = 0;

  for (unsigned i = 0; i < visit->note_count; i++)
    count += visit->notes[i].kind == JOINER_QUEUED;
  return count;
}

void joiner_tell(struct maillog_joiner *joiner, struct visit *visit)
{
  struct maillog_session session = describe(joiner, visit);
  struct budget budget = {.counted = visit->counted,
                          .recipients = visit->counts[MAILLOG_COUNT_rcpt].good,
                          .messages = messages_of(visit)};

  budget.left = budget.messages;
  joiner->sink.begin(joiner->sink.context, &session);
  for (unsigned i = 0; i < visit->note_count;) {
    struct transaction transaction;

    if (visit->notes[i].kind == JOINER_COMMAND) {
      tell_note(joiner, visit, &visit->notes[i++]);
      continue;
    }
    transaction = transaction_at(joiner, visit, i);
    tell_transaction(joiner, visit, &transaction, &budget);
    i = transaction.to;
  }
  tell_counted(joiner, visit);
  joiner->sink.end(joiner->sink.context);
  visit->note_count = 0;
  visit->text_len = 0;
}
