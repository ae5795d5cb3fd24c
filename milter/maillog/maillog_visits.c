/*
 * Sessions that are open, or wait until enough is known of their messages.
 *
 * A session is found by host and process id, while it is open; the process serves the next client
 * under the same id, so a session that was seen to end gives its key up.
 */
#include "joiner.h"

#include "../policy/hash.h"

#include <string.h>

void joiner_end(struct maillog_joiner *joiner, uint32_t slot)
{
  struct visit *visit = &joiner->visits[slot];
  uint64_t keys[JOINER_STEPS];
  unsigned count = visit->note_count;

  for (unsigned i = 0; i < count; i++)
    keys[i] = visit->notes[i].kind == JOINER_QUEUED ? visit->notes[i].key : 0;
  joiner_tell(joiner, visit);
  for (unsigned i = 0; i < count; i++) {
    const struct mail *mail = keys[i] != 0 ? joiner_mail(joiner, keys[i]) : NULL;

    /* What was never sent whole leaves no line at its end. */
    if (mail != NULL && (mail->removed || mail->rejected || !mail->stored))
      joiner_drop_mail(joiner, keys[i]);
  }
  visit->serial = 0;
  lru_drop(&joiner->visit_index, slot);
}

/* Whether all has been seen of this message that a session waits for. */
static bool is_settled(const struct visit *visit, const struct mail *mail)
{
  if (!mail->stored)
    return !visit->counted ||
           visit->counts[MAILLOG_COUNT_data].good + visit->counts[MAILLOG_COUNT_bdat].good == 0;
  return mail->rejected || (mail->sender.set && (mail->removed || mail->ends >= mail->recipients));
}

bool joiner_settled(struct maillog_joiner *joiner, const struct visit *visit)
{
  for (unsigned i = 0; i < visit->note_count; i++)
    if (visit->notes[i].kind == JOINER_QUEUED) {
      const struct mail *mail = joiner_mail(joiner, visit->notes[i].key);

      if (mail != NULL && !is_settled(visit, mail))
        return false;
    }
  return true;
}

/* The session that has waited for longest; false when it was told meanwhile. */
static bool pop_waiting(struct maillog_joiner *joiner, uint32_t *slot)
{
  struct waiting first = joiner->queue[joiner->queue_first];
  struct visit *visit = &joiner->visits[first.visit];

  joiner->queue_first = (joiner->queue_first + 1) % joiner->visit_index.capacity;
  joiner->queue_count--;
  if (visit->serial != first.serial)
    return false;
  visit->waiting = false;
  *slot = first.visit;
  return true;
}

void joiner_wait(struct maillog_joiner *joiner, uint32_t slot)
{
  struct visit *visit = &joiner->visits[slot];
  uint32_t room = joiner->visit_index.capacity, first;

  if (visit->waiting)
    return;
  /* Never this one: it has no place yet. */
  if (joiner->queue_count == room && pop_waiting(joiner, &first))
    joiner_end(joiner, first);
  joiner->queue[(joiner->queue_first + joiner->queue_count++) % room] =
      (struct waiting){slot, visit->serial, visit->when + MAILLOG_WAIT_MS};
  visit->waiting = true;
}

void joiner_tell_waiting(struct maillog_joiner *joiner, uint64_t when)
{
  uint32_t slot;

  while (joiner->queue_count > 0 && joiner->queue[joiner->queue_first].due <= when) {
    if (!pop_waiting(joiner, &slot))
      continue;
    if (joiner->visits[slot].closed || joiner->visits[slot].when + MAILLOG_WAIT_MS <= when)
      joiner_end(joiner, slot);
    else
      joiner_wait(joiner, slot);
  }
}

/* The session has ended: its process may serve another. */
void joiner_close(struct maillog_joiner *joiner, uint32_t slot)
{
  struct visit *visit = &joiner->visits[slot];

  visit->closed = true;
  lru_rename(&joiner->visit_index, slot, hash_mix(visit->serial ^ ~joiner->seed));
  if (joiner_settled(joiner, visit))
    joiner_end(joiner, slot);
  else
    joiner_wait(joiner, slot);
}

static uint32_t new_visit(struct maillog_joiner *joiner, const struct maillog_line *line,
                          const struct maillog_event *event, struct maillog_place place)
{
  struct visit *visit;
  uint32_t slot;

  if (joiner->visit_index.count == joiner->visit_index.capacity) {
    joiner->totals.cut_sessions++;
    joiner_end(joiner, lru_oldest(&joiner->visit_index));
  }
  slot = lru_add(&joiner->visit_index, joiner_key_of_process(joiner, line));
  visit = &joiner->visits[slot];
  memset(visit, 0, offsetof(struct visit, helo));
  visit->serial = ++joiner->serials;
  visit->mta = event->mta;
  visit->has_client = event->has_client;
  visit->client = event->client;
  visit->submission = event->submission;
  visit->place = place;
  visit->host_len = joiner_keep_name(visit->host, sizeof(visit->host), line->host);
  joiner->totals.sessions++;
  return slot;
}

/*
 * The session that a line of a server process belongs to; begun with it when the log does not have
 * its beginning. With another client it is another session, or the same one, still without a deed,
 * of which a proxy has told who the client is.
 */
uint32_t joiner_visit(struct maillog_joiner *joiner, const struct maillog_line *line,
                      const struct maillog_event *event, struct maillog_place place)
{
  uint32_t slot = lru_find(&joiner->visit_index, joiner_key_of_process(joiner, line));

  if (slot != LRU_NONE && event->has_client &&
      !(joiner->visits[slot].has_client && ip_equals(joiner->visits[slot].client, event->client))) {
    if (joiner->visits[slot].has_client && joiner->visits[slot].note_count > 0) {
      joiner_close(joiner, slot);
      slot = LRU_NONE;
    } else {
      joiner->visits[slot].has_client = true;
      joiner->visits[slot].client = event->client;
    }
  }
  if (slot == LRU_NONE)
    slot = new_visit(joiner, line, event, place);
  lru_touch(&joiner->visit_index, slot);
  return slot;
}
