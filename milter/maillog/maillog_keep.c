/*
 * What the joiner keeps of messages and of names, and by which keys it finds them.
 */
#include "joiner.h"

#include "../policy/hash.h"
#include "../policy/text.h"

#include <string.h>

/* Keys */

static uint64_t hash_bytes(uint64_t hash, struct span bytes)
{
  for (size_t i = 0; i < bytes.len; i++)
    hash = (hash ^ (unsigned char)bytes.at[i]) * UINT64_C(0x100000001b3);
  return hash_mix(hash ^ bytes.len);
}

uint64_t joiner_key_of_process(const struct maillog_joiner *joiner, const struct maillog_line *line)
{
  return hash_mix(hash_bytes(joiner->seed, line->host) ^ line->pid);
}

/* Never 0, which stands for none. */
uint64_t joiner_key_of_message(const struct maillog_joiner *joiner, const struct maillog_line *line,
                               struct span queue_id)
{
  return hash_bytes(hash_bytes(~joiner->seed, line->host), queue_id) | 1;
}

static uint64_t key_of_client(const struct maillog_joiner *joiner, struct ip client)
{
  return hash_bytes(joiner->seed, (struct span){(const char *)client.bytes, sizeof(client.bytes)});
}

/* Names that clients greet by */

void joiner_keep_helo(struct maillog_joiner *joiner, struct ip client, struct span name)
{
  uint64_t key = key_of_client(joiner, client);
  uint32_t slot = lru_find(&joiner->helo_index, key);
  struct helo_of *helo;

  if (slot == LRU_NONE) {
    if (joiner->helo_index.count == joiner->helo_index.capacity)
      lru_drop(&joiner->helo_index, lru_oldest(&joiner->helo_index));
    slot = lru_add(&joiner->helo_index, key);
  }
  lru_touch(&joiner->helo_index, slot);
  helo = &joiner->helos[slot];
  name = span_slice(name, 0, sizeof(helo->name));
  memcpy(helo->name, name.at, name.len);
  helo->len = (uint16_t)name.len;
}

struct span joiner_find_helo(const struct maillog_joiner *joiner, struct ip client)
{
  uint32_t slot = lru_find(&joiner->helo_index, key_of_client(joiner, client));

  if (slot == LRU_NONE)
    return SPAN("");
  return (struct span){joiner->helos[slot].name, joiner->helos[slot].len};
}

/* Messages */

struct mail *joiner_mail(struct maillog_joiner *joiner, uint64_t key)
{
  uint32_t slot = lru_find(&joiner->mail_index, key);

  return slot == LRU_NONE ? NULL : &joiner->mails[slot];
}

void joiner_drop_mail(struct maillog_joiner *joiner, uint64_t key)
{
  uint32_t slot = lru_find(&joiner->mail_index, key);

  if (slot != LRU_NONE)
    lru_drop(&joiner->mail_index, slot);
}

uint16_t joiner_keep_name(char *memory, size_t size, struct span name)
{
  name = span_slice(name, 0, size);
  if (name.len > 0)
    memcpy(memory, name.at, name.len);
  return (uint16_t)name.len;
}

/* A queue id that is there already belongs to a message whose end the log does not have. */
struct mail *joiner_new_mail(struct maillog_joiner *joiner, uint64_t key, struct span queue_id)
{
  struct mail *mail;
  uint32_t slot;

  joiner_drop_mail(joiner, key);
  if (joiner->mail_index.count == joiner->mail_index.capacity) {
    lru_drop(&joiner->mail_index, lru_oldest(&joiner->mail_index));
    joiner->totals.cut_messages++;
  }
  slot = lru_add(&joiner->mail_index, key);
  mail = &joiner->mails[slot];
  memset(mail, 0, offsetof(struct mail, text));
  mail->id_len = joiner_keep_name(mail->id, sizeof(mail->id), queue_id);
  joiner->totals.messages++;
  return mail;
}

/*
 * A path is kept as it was most likely typed. Postfix puts a local part in quotes that would need
 * them: where dots alone, or a second "@", are the reason, the client most likely left them out.
 * Sendmail writes 8-bit bytes as three octal digits.
 */
static void add_typed(struct text *text, struct span path, enum maillog_mta mta)
{
  size_t end = path.len;

  if (mta == MAILLOG_POSTFIX && path.len > 3 && path.at[0] == '<' && path.at[1] == '"') {
    for (size_t i = 2; i < path.len && end == path.len; i++) {
      char c = path.at[i];

      if (c == '"')
        end = i;
      else if (!byte_is_letter(c) && !byte_is_digit(c) && !byte_is_8bit(c) &&
               (c == '\0' || strchr("!#$%&'*+-/=?^_`{|}~.@", c) == NULL))
        break;
    }
    if (end > 2 && end < path.len) {
      text_add_byte(text, '<');
      text_add_span(text, span_slice(path, 2, end));
      text_add_span(text, span_slice(path, end + 1, path.len));
      return;
    }
  }
  for (size_t i = 0; i < path.len; i++) {
    const char *at = path.at + i;

    if (mta == MAILLOG_SENDMAIL && path.len - i >= 4 && at[0] == '\\' && at[1] >= '2' &&
        at[1] <= '3' && at[2] >= '0' && at[2] <= '7' && at[3] >= '0' && at[3] <= '7') {
      text_add_byte(text, (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0')));
      i += 3;
    } else {
      text_add_byte(text, *at);
    }
  }
}

/* Puts a path behind what is in `memory`; not set when there is no room. */
struct kept joiner_keep_path(char *memory, size_t size, uint16_t *len, struct span path,
                             enum maillog_mta mta)
{
  struct text text;
  struct kept kept = {.at = *len};

  if (path.len > MAILLOG_PATH_MAX || size - *len <= path.len)
    return kept;
  text = text_in(memory + *len, size - *len);
  add_typed(&text, path, mta);
  kept.len = (uint16_t)text.len;
  kept.set = true;
  *len = (uint16_t)(*len + text.len);
  return kept;
}

void joiner_keep_sender(struct mail *mail, const struct maillog_event *event)
{
  if (!mail->sender.set && event->has_sender)
    mail->sender = joiner_keep_path(mail->text, sizeof(mail->text), &mail->text_len, event->sender,
                                    event->mta);
}

/* Each address once; those over the bound are counted elsewhere. What one of an alias's members got
 * has not failed. */
void joiner_keep_recipient(struct mail *mail, const struct maillog_event *event)
{
  uint16_t before = mail->text_len;
  struct kept kept;

  if (!event->has_recipient || mail->known_count == MAILLOG_KNOWN_MAX || mail->told)
    return;
  kept = joiner_keep_path(mail->text, sizeof(mail->text), &mail->text_len, event->recipient,
                          event->mta);
  if (!kept.set)
    return;
  for (unsigned i = 0; i < mail->known_count; i++)
    if (span_equals((struct span){mail->text + kept.at, kept.len},
                    (struct span){mail->text + mail->known[i].at, mail->known[i].len})) {
      mail->text_len = before;
      mail->failed[i] = mail->failed[i] && event->failed;
      return;
    }
  mail->failed[mail->known_count] = event->failed;
  mail->known[mail->known_count++] = kept;
}
