/*
 * From events to records. All arithmetic is the ledger's; Redis does no more than to compare and to
 * set: a script writes the new record only where the old one still stands, and else hands out the
 * one that stands there now, so that what was counted is added to that.
 */
#include "share_inner.h"

#include <string.h>

enum {
  ROUNDS_MAX = 64,   /* tries for one turn: each that fails is another relay's that has not */
  HALF_LIVES = 10,   /* after which a count is a thousandth */
  UPDATE_WORDS = 11, /* of the command */
  NUMBER_SIZE = 24,  /* memory of a number's text */
  NETWORK_SIZE = 64, /* of a network's */
  DAY_MS = 86400000,
};

/* KEYS: record, stream. ARGV: the record as it is taken to be ("*": whatever it is), the new one,
 * its expiry, the network if its refusal has changed, the stream's length and its expiry. What
 * cannot be told to others is not written: it would never be told again. */
const char share_script[] =
    "local record = redis.call('GET', KEYS[1])\n"
    "if ARGV[1] ~= '*' and (record or '') ~= ARGV[1] then return record end\n"
    "if ARGV[4] ~= '' then\n"
    "  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], '*', 'network', ARGV[4], 'page', "
    "ARGV[2])\n"
    "  redis.call('PEXPIRE', KEYS[2], ARGV[6])\n"
    "end\n"
    "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])\n"
    "return 1\n";

uint64_t share_expiry(const struct ledger_settings *ledger, const struct ledger_page *page,
                      uint64_t now)
{
  uint64_t longest = 2 * (uint64_t)LEDGER_SECONDS_MAX;
  uint64_t seconds = ledger_refused_for(page, now) +
                     (uint64_t)page->relapses * ledger->refuse_longest +
                     (uint64_t)HALF_LIVES * ledger->half_life;

  /* What an operator says must outlast whatever it put an end to, wherever that is still known. */
  if (page->set != 0 && seconds < LEDGER_SECONDS_MAX)
    seconds = LEDGER_SECONDS_MAX;
  return (seconds < longest ? seconds : longest) * 1000;
}

/* Entering */

/* Counts come through the queue alone, for what stands in the store may be on its way there. */
struct ledger_page share_refusal(const struct ledger_page *page, uint64_t now)
{
  return (struct ledger_page){.updated = now,
                              .sketch_since = now,
                              .refused_since = page->refused_since,
                              .refused_until = page->refused_until,
                              .relapses = page->relapses,
                              .cause = page->cause,
                              .evidence = page->evidence,
                              .set = page->set};
}

/* Adds what the store alone knows: refusals from before, or from a time without Redis. */
static void add_local(struct share *share, struct share_page *page, uint64_t now)
{
  struct store_view view;
  struct ledger_page refusal;

  store_look_at(share->store, page->network, &view);
  if (!view.known || (!ledger_goes_before(&share->ledger, &view.page, &page->page, now) &&
                      view.page.set <= page->page.set))
    return;
  refusal = share_refusal(&view.page, now);
  ledger_merge(&share->ledger, &page->page, &refusal, now);
}

static void enter(struct share *share, struct share_page *page, const struct share_item *item)
{
  if (item->is_set) {
    ledger_merge(&share->ledger, &page->page, &item->page, item->now);
    return;
  }
  (void)ledger_add(&share->ledger, &page->page, &item->entry, item->now);
  add_local(share, page, item->now);
}

size_t share_collect(struct share *share)
{
  bool is_new;

  share->item_count = share_queue_take(&share->queue, share->items, SHARE_AT_ONCE);
  for (size_t i = 0; i < share->item_count; i++) {
    struct share_page *page = share_pages_take(&share->pages, share->items[i].network, &is_new);

    share->page_of[i] = page;
    if (page == NULL && share->items[i].is_set)
      share_want_review(share, SHARE_REVIEW_MS);
    else if (page == NULL)
      share_lose(share, 1);
    if (page == NULL)
      continue;
    share_pages_want(&share->pages, page);
    page->apart = page->apart || !redis_is_open(&share->redis);
    enter(share, page, &share->items[i]);
  }
  return share->item_count;
}

/* Sending */

/* Whether others must hear of it at once: a refusal that goes before the record's, or an operator's
 * word. */
static bool is_news(const struct share *share, const struct share_page *page, uint64_t now)
{
  struct ledger_page seen = {0};

  if (page->has_seen)
    (void)ledger_read((struct span){page->seen, sizeof(page->seen)}, &seen);
  return page->page.set != seen.set ||
         (ledger_refused_for(&page->page, now) > 0 &&
          ledger_goes_before(&share->ledger, &page->page, &seen, now));
}

static struct span number_in(char memory[NUMBER_SIZE], uint64_t number)
{
  struct text text = text_in(memory, NUMBER_SIZE);

  text_add_number(&text, number);
  return text_span(&text);
}

static bool add_update(struct share *share, const struct share_page *page, char *bytes)
{
  char expiry[NUMBER_SIZE], length[NUMBER_SIZE], last[NUMBER_SIZE], network_memory[NETWORK_SIZE];
  char record[SHARE_KEY_SIZE], stream[SHARE_KEY_SIZE];
  struct text network = text_in(network_memory, sizeof(network_memory));
  struct text key = text_in(record, sizeof(record));
  uint64_t now = store_now();
  struct span seen = {page->seen, page->has_seen ? sizeof(page->seen) : 0};

  netblock_write(&network, page->network);
  text_add(&key, share->options.prefix);
  text_add(&key, "page:");
  text_add_span(&key, text_span(&network));
  ledger_write(&page->page, bytes);
  return resp_add(share->redis.resp,
                  (struct span[UPDATE_WORDS]){
                      share->whole_script ? SPAN("EVAL") : SPAN("EVALSHA"),
                      span_from(share->whole_script ? share_script : share->sha),
                      SPAN("2"),
                      text_span(&key),
                      share_key(share, stream, "stream"),
                      page->strange ? SPAN("*") : seen,
                      {bytes, LEDGER_BYTES},
                      number_in(expiry, share_expiry(&share->ledger, &page->page, now)),
                      is_news(share, page, now) ? text_span(&network) : SPAN(""),
                      number_in(length, SHARE_STREAM_LENGTH),
                      number_in(last, (uint64_t)2 * LEDGER_SECONDS_MAX * 1000),
                  },
                  UPDATE_WORDS);
}

/* Answers */

static bool begins(struct span bytes, struct span with)
{
  return span_equals(span_slice(bytes, 0, with.len), with);
}

static bool tells(struct span bytes, struct span word)
{
  for (size_t at = 0; at + word.len <= bytes.len; at++)
    if (begins(span_slice(bytes, at, bytes.len), word))
      return true;
  return false;
}

/* Redis has another record than we thought: ours is made anew from that. */
static void take_record(struct share *share, struct share_page *page, struct span bytes)
{
  uint64_t now = store_now();
  struct ledger_page theirs;
  char again[LEDGER_BYTES];

  if (!ledger_read(bytes, &theirs)) {
    page->strange = true;
    return;
  }
  page->has_seen = true;
  page->foreign = true;
  memcpy(page->seen, bytes.at, sizeof(page->seen));
  if (page->apart) {
    ledger_merge(&share->ledger, &page->page, &theirs, now);
  } else {
    page->page = theirs;
    for (size_t i = 0; i < share->item_count; i++)
      if (share->page_of[i] == page)
        enter(share, page, &share->items[i]);
  }
  ledger_write(&page->page, again);
  if (memcmp(again, page->seen, sizeof(again)) == 0)
    share_pages_sent(&share->pages, page, again);
}

/* False: the server is of no use. */
static bool take_error(struct share *share, struct share_page *page,
                       const struct resp_value *answer, struct text *why)
{
  if (begins(answer->bytes, SPAN("NOSCRIPT"))) {
    share->whole_script = true;
    return true;
  }
  /* Somebody else's key: that network is lost. Redis before 7 puts other words before it. */
  if (tells(answer->bytes, SPAN("WRONGTYPE"))) {
    share_pages_sent(&share->pages, page, page->seen);
    page->has_seen = false;
    share_lose(share, 1);
    return true;
  }
  redis_add_complaint(why, answer);
  return false;
}

static bool take_answer(struct share *share, size_t n, struct text *why)
{
  struct share_page *page = share->wanted[n];
  const struct resp_value *answer = share->answers[n];

  switch (answer->kind) {
  case RESP_NUMBER:
    share_pages_sent(&share->pages, page, share->sent[n]);
    pthread_mutex_lock(&share->lock);
    share->state.sent++;
    pthread_mutex_unlock(&share->lock);
    break;
  case RESP_NIL:
    page->has_seen = false;
    return true;
  case RESP_STRING:
    take_record(share, page, answer->bytes);
    break;
  case RESP_ERROR:
    return take_error(share, page, answer, why);
  case RESP_STATUS:
  case RESP_LIST:
    redis_add_complaint(why, answer);
    return false;
  }
  if (!page->wanted && (page->foreign || ledger_refused_for(&page->page, store_now()) > 0))
    page->foreign = !share_tell_store(share, page->network, &page->page);
  if (page->foreign)
    share_want_review(share, SHARE_REVIEW_MS); /* the store has no room now */
  return true;
}

static bool send_some(struct share *share, struct text *why)
{
  size_t count = share_pages_wanted(&share->pages, share->wanted, SHARE_AT_ONCE);
  bool good;

  if (!resp_begin(share->redis.resp)) {
    text_add(why, "not enough memory");
    return false;
  }
  for (size_t i = 0; i < count; i++)
    if (!add_update(share, share->wanted[i], share->sent[i]))
      count = i; /* no room: the rest in the next round */
  share->whole_script = false;
  if (count == 0)
    text_add(why, "not enough memory");
  good = count > 0 && share_exchange(share, why);
  for (size_t i = 0; good && i < count; i++)
    good = take_answer(share, i, why);
  return good;
}

bool share_send(struct share *share, struct text *why)
{
  bool good = true;

  for (int round = 0; good && round < ROUNDS_MAX && share->pages.wanted > 0; round++) {
    if (share->reviews && share_stops(share))
      break; /* what has so much time is not finished at the end */
    good = send_some(share, why);
  }
  share_pages_part(&share->pages); /* the items are forgotten with the next turn */
  return good;
}
