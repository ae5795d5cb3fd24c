/*
 * What was missed. The stream tells of refusals as they begin and of what operators say, but keeps
 * only the last of them, and so does our own queue; a relay that was away, or a server that has
 * lost everything, would not hear of the others. So after an absence, and whenever there was more
 * than the stream holds, each network that is refused here or was set by an operator is brought
 * together with its record.
 */
#include "share_inner.h"

struct review {
  struct share *share;
  struct text *why;
  uint64_t now;
  bool good;
};

void share_want_review(struct share *share, uint64_t milliseconds)
{
  uint64_t at = channel_clock() + milliseconds;

  if (at < share->review_at)
    share->review_at = at;
}

/* Wants the page if it says what must not be missed. */
static void compare(struct review *review, struct netblock network, const struct ledger_page *page)
{
  struct ledger_page refusal = share_refusal(page, review->now);
  struct share *share = review->share;
  struct share_page *shared;
  bool is_new;

  if (ledger_refused_for(page, review->now) == 0 && page->set == 0)
    return;
  shared = share_pages_take(&share->pages, network, &is_new);
  if (shared == NULL) {
    share_want_review(share, SHARE_REVIEW_MS);
    return;
  }
  ledger_merge(&share->ledger, &shared->page, &refusal, review->now);
  shared->apart = true;
  share_pages_want(&share->pages, shared);
}

/* Some pages at a time; between them everything else goes on. */
static bool see(void *context, struct netblock network, const struct ledger_page *page)
{
  struct review *review = context;

  compare(review, network, page);
  if (review->share->pages.wanted >= SHARE_AT_ONCE)
    review->good = share_talk(review->share, review->why);
  return review->good && !share_stops(review->share);
}

bool share_review(struct share *share, struct text *why)
{
  struct review review = {.share = share, .why = why, .now = store_now(), .good = true};

  if (channel_clock() < share->review_at)
    return true;
  share->review_at = UINT64_MAX;
  share->reviews = true;
  if (!store_walk(share->store, review.now, see, &review))
    share_want_review(share, SHARE_REVIEW_MS);
  if (review.good)
    review.good = share_send(share, why);
  share->reviews = false;
  return review.good;
}
