/*
 * From other relays to our store: the seed that all sketches are made with, and the stream of
 * refusals.
 */
#include "share_inner.h"

#include <string.h>

enum {
  READ_AT_ONCE = 64, /* entries of the stream */
  SEED_DIGITS = 16,
  SEED_COMMANDS = 3,
  FIELDS = 4, /* of an entry: network, its text, page, its bytes */
};

/* Two years: as long as anything is kept. */
static const struct span longest = {"63072000000", 11};

/* The seed */

static void write_seed(char digits[SEED_DIGITS], uint64_t seed)
{
  for (size_t i = 0; i < SEED_DIGITS; i++)
    digits[i] = "0123456789abcdef"[seed >> 4 * (SEED_DIGITS - 1 - i) & 15];
}

static bool read_seed(const struct resp_value *value, uint64_t *out)
{
  uint64_t seed = 0;

  if (value->kind != RESP_STRING || value->bytes.len != SEED_DIGITS)
    return false;
  for (size_t i = 0; i < SEED_DIGITS; i++) {
    const char *found = memchr("0123456789abcdef", value->bytes.at[i], 16);

    if (found == NULL)
      return false;
    seed = seed << 4 | (uint64_t)(found - "0123456789abcdef");
  }
  *out = seed;
  return true;
}

/* The first relay's seed is everybody's. SEED_COMMANDS; the answer to the second is the seed. */
static bool add_seed(struct share *share)
{
  char key_memory[SHARE_KEY_SIZE], digits[SEED_DIGITS];
  struct span key = share_key(share, key_memory, "seed");
  struct resp *resp = share->redis.resp;

  write_seed(digits, share->ledger.seed);
  return resp_add(resp,
                  (struct span[]){
                      SPAN("SET"), key, {digits, SEED_DIGITS}, SPAN("NX"), SPAN("PX"), longest},
                  6) &&
         resp_add(resp, (struct span[]){SPAN("GET"), key}, 2) &&
         resp_add(resp, (struct span[]){SPAN("PEXPIRE"), key, longest}, 3);
}

static bool take_seed(struct share *share, struct text *why)
{
  uint64_t seed;

  for (size_t i = 0; i < SEED_COMMANDS; i++)
    if (share->answers[i]->kind == RESP_ERROR) { /* one that may not write, or has no room */
      redis_add_complaint(why, share->answers[i]);
      return false;
    }
  if (!read_seed(share->answers[1], &seed)) {
    text_add(why, "the seed in Redis is none; delete its key, and the relays agree upon another");
    return false;
  }
  if (seed != share->ledger.seed)
    share_pages_forget(&share->pages, true);
  share->ledger.seed = seed;
  if (seed != store_seed(share->store))
    store_adopt_seed(share->store, seed);
  return true;
}

bool share_check_seed(struct share *share, struct text *why)
{
  share->seed_at = channel_clock() + SHARE_SEED_MS;
  if (!resp_begin(share->redis.resp) || !add_seed(share)) {
    text_add(why, "not enough memory");
    return false;
  }
  return share_exchange(share, why) && take_seed(share, why);
}

bool share_greet(struct share *share, struct text *why)
{
  const struct resp_value *sha;

  share->seed_at = channel_clock() + SHARE_SEED_MS;
  share->learn_at = 0;
  share->learned_in_a_row = 0;
  share_want_review(share, 0);
  share->whole_script = false;
  memcpy(share->last_id, "0-0", sizeof("0-0"));
  if (!resp_begin(share->redis.resp) || !add_seed(share) ||
      !resp_add(share->redis.resp,
                (struct span[]){SPAN("SCRIPT"), SPAN("LOAD"), span_from(share_script)}, 3)) {
    text_add(why, "not enough memory");
    return false;
  }
  if (!share_exchange(share, why) || !take_seed(share, why))
    return false;
  sha = share->answers[SEED_COMMANDS];
  if (sha->kind != RESP_STRING || sha->bytes.len != SHARE_SHA_SIZE - 1) {
    redis_add_complaint(why, sha);
    return false;
  }
  memcpy(share->sha, sha->bytes.at, SHARE_SHA_SIZE - 1);
  return true;
}

/* The stream */

bool share_tell_store(struct share *share, struct netblock network, const struct ledger_page *page)
{
  uint64_t now = store_now();
  struct store_view view;

  if (!store_merge(share->store, network, page, now, &view))
    return false;
  if (!view.began)
    return true;
  pthread_mutex_lock(&share->lock);
  share->state.learned++;
  pthread_mutex_unlock(&share->lock);
  share->ears.refused(network, &view.page, now);
  return true;
}

/* "1700000000000-12" */
static bool is_id(const struct resp_value *value)
{
  bool dash = false;

  if (value->kind != RESP_STRING || value->bytes.len == 0 || value->bytes.len >= SHARE_ID_SIZE)
    return false;
  for (size_t i = 0; i < value->bytes.len; i++) {
    if (!byte_is_digit(value->bytes.at[i]) && (value->bytes.at[i] != '-' || dash || i == 0))
      return false;
    dash = dash || value->bytes.at[i] == '-';
  }
  return dash;
}

/* What an entry says; false: nothing that we would. */
static bool read_entry(const struct resp_value *fields, struct netblock *network,
                       struct ledger_page *page)
{
  return fields->kind == RESP_LIST && fields->count == FIELDS &&
         resp_is(&fields->items[0], SPAN("network")) && resp_is(&fields->items[2], SPAN("page")) &&
         fields->items[1].kind == RESP_STRING && fields->items[3].kind == RESP_STRING &&
         netblock_parse(fields->items[1].bytes, network) == NETBLOCK_OK &&
         ledger_read(fields->items[3].bytes, page);
}

/* One entry: its place and its fields. False when it is none. `*full`: not now. */
static bool take_entry(struct share *share, const struct resp_value *entry, bool *full)
{
  struct ledger_page page;
  struct netblock network;

  if (entry->kind != RESP_LIST || entry->count != 2 || !is_id(&entry->items[0]))
    return false;
  if (!read_entry(&entry->items[1], &network, &page))
    share_lose(share, 1);
  else if (!share_tell_store(share, network, &page)) {
    *full = true;
    return true;
  }
  memcpy(share->last_id, entry->items[0].bytes.at, entry->items[0].bytes.len);
  share->last_id[entry->items[0].bytes.len] = '\0';
  return true;
}

/* The answer: nil, or a list of streams, of which there is one: its name and its entries. */
static const struct resp_value *entries_of(const struct resp_value *answer)
{
  const struct resp_value *stream;

  if (answer->kind != RESP_LIST || answer->count != 1)
    return NULL;
  stream = &answer->items[0];
  return stream->kind == RESP_LIST && stream->count == 2 && stream->items[1].kind == RESP_LIST
             ? &stream->items[1]
             : NULL;
}

/* Whoever reads as many entries as the stream keeps, and never sees its end, may have missed what
 * was cut off at its beginning. */
static void count_learned(struct share *share, size_t entries)
{
  share->learned_in_a_row += entries;
  if (entries == READ_AT_ONCE)
    return;
  if (share->learned_in_a_row >= SHARE_STREAM_LENGTH)
    share_want_review(share, 0);
  share->learned_in_a_row = 0;
}

static bool take_entries(struct share *share, const struct resp_value *answer, struct text *why)
{
  const struct resp_value *entries = entries_of(answer);
  bool full = false;

  if (answer->kind == RESP_NIL) {
    count_learned(share, 0);
    return true;
  }
  for (size_t i = 0; entries != NULL && !full && i < entries->count; i++)
    if (!take_entry(share, &entries->items[i], &full))
      entries = NULL;
  if (entries == NULL) {
    redis_add_complaint(why, answer);
    return false;
  }
  count_learned(share, entries->count);
  if (!full && entries->count == READ_AT_ONCE)
    share->learn_at = 0; /* there is more */
  return true;
}

bool share_learn(struct share *share, struct text *why)
{
  char memory[SHARE_KEY_SIZE];

  share->learn_at = channel_clock() + SHARE_LEARN_MS;
  if (!resp_begin(share->redis.resp) ||
      !resp_add(share->redis.resp,
                (struct span[]){SPAN("XREAD"), SPAN("COUNT"), SPAN("64"), SPAN("STREAMS"),
                                share_key(share, memory, "stream"), span_from(share->last_id)},
                6)) {
    text_add(why, "not enough memory");
    return false;
  }
  return share_exchange(share, why) && take_entries(share, share->answers[0], why);
}
