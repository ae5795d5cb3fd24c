/*
 * The joiner: what each kind of line adds to its session and its message.
 */
#include "joiner.h"

#include "../policy/probing.h"
#include "../policy/text.h"

#include <stdlib.h>
#include <string.h>

/* Notes */

/*
 * Room for one more note. When there is none, what was noted is told, if it is refusals alone: a
 * dictionary may have thousands; a session with messages waits for them, and loses what is beyond.
 */
static struct joiner_note *add_note(struct maillog_joiner *joiner, struct visit *visit,
                                    enum joiner_step kind, struct maillog_place place)
{
  struct joiner_note *note;

  if (visit->note_count == JOINER_STEPS ||
      sizeof(visit->text) - visit->text_len < JOINER_TEXT / 4) {
    for (unsigned i = 0; i < visit->note_count; i++)
      if (visit->notes[i].kind == JOINER_QUEUED) {
        joiner->totals.lost_steps++;
        return NULL;
      }
    joiner_tell(joiner, visit);
  }
  note = &visit->notes[visit->note_count++];
  *note = (struct joiner_note){.kind = (uint8_t)kind, .place = place};
  return note;
}

static struct kept keep_text(struct visit *visit, struct span path, enum maillog_mta mta)
{
  return joiner_keep_path(visit->text, sizeof(visit->text), &visit->text_len,
                          span_slice(path, 0, MAILLOG_PATH_MAX), mta);
}

static void learn_helo(struct maillog_joiner *joiner, struct visit *visit,
                       const struct maillog_event *event)
{
  if (event->helo.len == 0)
    return;
  visit->helo_len = joiner_keep_name(visit->helo, sizeof(visit->helo), event->helo);
  if (visit->has_client)
    joiner_keep_helo(joiner, visit->client, event->helo);
}

/* Events, one function each */

struct feeding {
  struct maillog_joiner *joiner;
  const struct maillog_line *line;
  const struct maillog_event *event;
  uint64_t when;
  struct maillog_place place;
};

/* The session of the line's process. */
static struct visit *visit_at(const struct feeding *feeding)
{
  uint32_t slot = joiner_visit(feeding->joiner, feeding->line, feeding->event, feeding->place);
  struct visit *visit = &feeding->joiner->visits[slot];

  visit->when = feeding->when;
  if (visit->mta == MAILLOG_SENDMAIL)
    joiner_wait(feeding->joiner, slot);
  return visit;
}

static uint64_t message_key(const struct feeding *feeding)
{
  return feeding->event->queue_id.len == 0
             ? 0
             : joiner_key_of_message(feeding->joiner, feeding->line, feeding->event->queue_id);
}

static void on_connect(const struct feeding *feeding)
{
  struct maillog_joiner *joiner = feeding->joiner;
  uint32_t slot = lru_find(&joiner->visit_index, joiner_key_of_process(joiner, feeding->line));

  if (slot != LRU_NONE)
    joiner_close(joiner, slot);
  (void)visit_at(feeding);
}

static void on_disconnect(const struct feeding *feeding)
{
  struct visit *visit = visit_at(feeding);

  visit->counted = feeding->event->counted;
  if (visit->counted)
    memcpy(visit->counts, feeding->event->counts, sizeof(visit->counts));
  joiner_close(feeding->joiner, (uint32_t)(visit - feeding->joiner->visits));
}

/* A message begins, in this session. */
static struct mail *begin_mail(const struct feeding *feeding, struct visit *visit)
{
  uint64_t key = message_key(feeding);
  struct joiner_note *note = add_note(feeding->joiner, visit, JOINER_QUEUED, feeding->place);
  struct mail *mail;

  if (note == NULL)
    return NULL;
  note->key = key;
  mail = joiner_new_mail(feeding->joiner, key, feeding->event->queue_id);
  mail->visit = (uint32_t)(visit - feeding->joiner->visits);
  mail->serial = visit->serial;
  mail->has_client = visit->has_client;
  mail->client = visit->client;
  mail->place = feeding->place;
  return mail;
}

static void on_queued(const struct feeding *feeding)
{
  struct visit *visit = visit_at(feeding);

  visit->authenticated |= feeding->event->authenticated;
  if (feeding->event->queue_id.len == 0)
    return;
  feeding->joiner->totals.passed_on += feeding->event->passed_on;
  (void)begin_mail(feeding, visit);
}

/* The message of the line, or NULL; its session is told when it waited for this. */
static struct mail *mail_at(const struct feeding *feeding)
{
  uint64_t key = message_key(feeding);

  return key == 0 ? NULL : joiner_mail(feeding->joiner, key);
}

static void look_again(const struct feeding *feeding, const struct mail *mail)
{
  struct visit *visit = &feeding->joiner->visits[mail->visit];

  if (!mail->told && visit->serial == mail->serial && visit->closed &&
      joiner_settled(feeding->joiner, visit))
    joiner_end(feeding->joiner, mail->visit);
}

static void on_stored(const struct feeding *feeding)
{
  struct mail *mail = mail_at(feeding);

  if (mail == NULL)
    return;
  mail->stored = true;
  look_again(feeding, mail);
}

/* Sendmail: the end of a transaction, in the process of the session. */
static void on_left(const struct feeding *feeding)
{
  struct visit *visit;
  struct mail *mail;

  if (!feeding->event->has_client || feeding->event->queue_id.len == 0)
    return; /* a user of this host */
  visit = visit_at(feeding);
  mail = begin_mail(feeding, visit);
  if (mail == NULL)
    return;
  joiner_keep_sender(mail, feeding->event);
  mail->recipients = feeding->event->recipients;
  mail->stored = feeding->event->stored;
  mail->none = feeding->event->recipients == 0;
}

static void on_sender(const struct feeding *feeding)
{
  struct mail *mail;

  if (feeding->event->mta == MAILLOG_SENDMAIL) {
    on_left(feeding);
    return;
  }
  mail = mail_at(feeding);
  if (mail == NULL)
    return;
  joiner_keep_sender(mail, feeding->event);
  if (mail->recipients == 0)
    mail->recipients = feeding->event->recipients;
  mail->stored = true;
  look_again(feeding, mail);
}

/* The whole message was refused for what is in it, which has come then: a line of another process
 * in Postfix. */
static void on_message_refused(const struct feeding *feeding)
{
  struct mail *mail = mail_at(feeding);
  struct visit *visit;

  if (mail == NULL)
    return;
  mail->stored = true;
  mail->rejected = true;
  visit = &feeding->joiner->visits[mail->visit];
  if (visit->serial == mail->serial)
    learn_helo(feeding->joiner, visit, feeding->event);
  look_again(feeding, mail);
}

static void note_vrfy(const struct feeding *feeding, struct visit *visit)
{
  const struct maillog_event *event = feeding->event;
  struct joiner_note *note;
  char memory[MAILLOG_PATH_MAX + 8];
  struct text text = text_in(memory, sizeof(memory));

  visit->vrfy_seen++;
  note = add_note(feeding->joiner, visit, JOINER_COMMAND, feeding->place);
  if (note == NULL)
    return;
  text_add(&text, "VRFY ");
  text_add_span(&text,
                span_slice(event->recipient, 1, event->recipient.len - (event->recipient.len > 0)));
  note->path = keep_text(visit, text_span(&text), MAILLOG_NO_MTA);
}

static void note_refusal(const struct feeding *feeding, struct visit *visit, enum joiner_step kind)
{
  const struct maillog_event *event = feeding->event;
  struct joiner_note *note = add_note(feeding->joiner, visit, kind, feeding->place);

  if (note == NULL)
    return;
  note->key = message_key(feeding);
  note->unknown = event->unknown_user || probing_is_unknown(event->enhanced);
  if (event->has_recipient)
    note->path = keep_text(visit, event->recipient, event->mta);
  if (event->has_sender)
    note->sender = keep_text(visit, event->sender, event->mta);
}

static void on_refused(const struct feeding *feeding)
{
  const struct maillog_event *event = feeding->event;
  struct visit *visit;

  if (event->by_milter)
    feeding->joiner->totals.refused_by_milter++;
  else
    feeding->joiner->totals.refused++;
  if (event->command == MAILLOG_AT_END) {
    on_message_refused(feeding);
    return;
  }
  visit = visit_at(feeding);
  learn_helo(feeding->joiner, visit, event);
  if (event->command == MAILLOG_AT_RCPT && event->has_recipient)
    note_refusal(feeding, visit, event->by_milter ? JOINER_MILTER : JOINER_REFUSED);
  else if (event->command == MAILLOG_AT_MAIL && event->has_sender && event->by_milter)
    note_refusal(feeding, visit, JOINER_NO_MAIL);
  else if (event->command == MAILLOG_AT_VRFY)
    note_vrfy(feeding, visit);
}

/* Sendmail: the client took a recipient back; the line comes before that of the message. */
static void on_aborted(const struct feeding *feeding)
{
  if (feeding->event->has_recipient)
    note_refusal(feeding, visit_at(feeding), JOINER_ACCEPTED);
}

static void on_delivery(const struct feeding *feeding)
{
  struct mail *mail = mail_at(feeding);

  if (feeding->event->aborted) {
    on_aborted(feeding);
    return;
  }
  if (mail == NULL)
    return;
  joiner_keep_recipient(mail, feeding->event);
  mail->ends++;
  if (feeding->event->sent && !mail->sent) {
    struct maillog_message message;

    mail->sent = true;
    feeding->joiner->totals.delivered++;
    message = joiner_message(mail);
    if (mail->told)
      feeding->joiner->sink.sent(feeding->joiner->sink.context, &message);
  }
  look_again(feeding, mail);
}

static void on_removed(const struct feeding *feeding)
{
  struct mail *mail = mail_at(feeding);

  if (mail == NULL)
    return;
  mail->removed = true;
  if (mail->told)
    joiner_drop_mail(feeding->joiner, message_key(feeding));
  else
    look_again(feeding, mail);
}

static void on_command(const struct feeding *feeding)
{
  struct visit *visit = visit_at(feeding);
  struct joiner_note *note = add_note(feeding->joiner, visit, JOINER_COMMAND, feeding->place);

  visit->unknown_seen++;
  if (note != NULL)
    note->path = keep_text(visit, feeding->event->text, MAILLOG_NO_MTA);
}

static void on_helo(const struct feeding *feeding)
{
  struct visit *visit = visit_at(feeding);

  visit->no_helo |= feeding->event->no_helo;
  learn_helo(feeding->joiner, visit, feeding->event);
}

static void on_tls(const struct feeding *feeding)
{
  struct visit *visit = visit_at(feeding);

  visit->tls = true;
  visit->tls_verified = feeding->event->verified;
}

static void on_auth(const struct feeding *feeding)
{
  visit_at(feeding)->authenticated = true;
}

static void on_screened(const struct feeding *feeding)
{
  feeding->joiner->totals.screened++;
  if (feeding->event->has_client && feeding->event->helo.len > 0)
    joiner_keep_helo(feeding->joiner, feeding->event->client, feeding->event->helo);
}

static void on_ours(const struct feeding *feeding)
{
  feeding->joiner->totals.ours++;
}

void maillog_feed(struct maillog_joiner *joiner, const struct maillog_line *line,
                  const struct maillog_event *event, uint64_t when, struct maillog_place place)
{
  static void (*const takers[])(const struct feeding *) = {
      [MAILLOG_CONNECT] = on_connect,   [MAILLOG_DISCONNECT] = on_disconnect,
      [MAILLOG_QUEUED] = on_queued,     [MAILLOG_STORED] = on_stored,
      [MAILLOG_SENDER] = on_sender,     [MAILLOG_REFUSED] = on_refused,
      [MAILLOG_DELIVERY] = on_delivery, [MAILLOG_REMOVED] = on_removed,
      [MAILLOG_COMMAND] = on_command,   [MAILLOG_HELO] = on_helo,
      [MAILLOG_TLS] = on_tls,           [MAILLOG_AUTH] = on_auth,
      [MAILLOG_SCREENED] = on_screened, [MAILLOG_OURS] = on_ours,
  };
  struct feeding feeding = {joiner, line, event, when, place};

  joiner->totals.by_mta[event->mta]++;
  joiner_tell_waiting(joiner, when);
  if (event->kind != MAILLOG_NOTHING)
    takers[event->kind](&feeding);
}

/* Life */

struct maillog_joiner *maillog_open(const struct maillog_limits *limits,
                                    const struct maillog_sink *sink)
{
  struct maillog_joiner *joiner = calloc(1, sizeof(*joiner));

  if (joiner == NULL)
    return NULL;
  joiner->sink = *sink;
  joiner->seed = limits->seed;
  joiner->visits = calloc(limits->sessions, sizeof(*joiner->visits));
  joiner->queue = calloc(limits->sessions, sizeof(*joiner->queue));
  joiner->mails = calloc(limits->messages, sizeof(*joiner->mails));
  joiner->helos = calloc(limits->helos, sizeof(*joiner->helos));
  if (joiner->visits == NULL || joiner->queue == NULL || joiner->mails == NULL ||
      joiner->helos == NULL || !lru_open(&joiner->visit_index, limits->sessions) ||
      !lru_open(&joiner->mail_index, limits->messages) ||
      !lru_open(&joiner->helo_index, limits->helos)) {
    maillog_close(joiner);
    return NULL;
  }
  return joiner;
}

void maillog_finish(struct maillog_joiner *joiner)
{
  uint32_t slot;

  while ((slot = lru_oldest(&joiner->visit_index)) != LRU_NONE)
    joiner_end(joiner, slot);
  joiner->queue_count = 0;
}

const struct maillog_totals *maillog_totals(const struct maillog_joiner *joiner)
{
  return &joiner->totals;
}

void maillog_close(struct maillog_joiner *joiner)
{
  if (joiner == NULL)
    return;
  lru_close(&joiner->visit_index);
  lru_close(&joiner->mail_index);
  lru_close(&joiner->helo_index);
  free(joiner->visits);
  free(joiner->queue);
  free(joiner->mails);
  free(joiner->helos);
  free(joiner);
}
