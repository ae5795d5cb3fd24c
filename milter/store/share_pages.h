/*
 * The pages that a relay has a part in, as Redis has them and as they should be: bounded, for one
 * thread.
 *
 * A page is wanted when it differs from Redis's record. As long as Redis answers, what is counted
 * here is added to what the record holds, so that relays that count at once lose nothing. When
 * Redis was away meanwhile, or nobody knows whether it heard us, the two pages are merged instead,
 * so that nothing counts twice.
 */
#ifndef MILTER_STRICT_SHARE_PAGES_H
#define MILTER_STRICT_SHARE_PAGES_H

#include "../policy/ledger_bytes.h"
#include "../policy/netblock.h"

enum { SHARE_PAGES_SETS = 512, SHARE_PAGES_WAYS = 8 };

struct share_page {
  struct netblock network;
  bool used;
  bool wanted;             /* Redis has not got it yet */
  bool apart;              /* and is to be merged with what Redis has by then */
  bool strange;            /* Redis's record is no page: to be written over */
  bool foreign;            /* others had their part in it since the store was told */
  bool has_seen;           /* there is a record: `seen` */
  uint64_t touched;        /* in what order pages were used */
  struct ledger_page page; /* with all that was counted here */
  char seen[LEDGER_BYTES]; /* as it last stood in Redis */
};

/* All zero but for the secret is an empty one. */
struct share_pages {
  uint64_t secret;  /* so that clients cannot choose their set */
  uint64_t touched; /* counts */
  size_t wanted;    /* pages that are */
  struct share_page pages[SHARE_PAGES_SETS][SHARE_PAGES_WAYS];
};

/* The page of this network; `is_new` when there was none, and it is empty. The longest unused one
 * of those that are not wanted makes room; NULL when all of its set are. */
struct share_page *share_pages_take(struct share_pages *pages, struct netblock network,
                                    bool *is_new);

void share_pages_want(struct share_pages *pages, struct share_page *page);

/* Redis has it, as these bytes. */
void share_pages_sent(struct share_pages *pages, struct share_page *page,
                      const char bytes[LEDGER_BYTES]);

/* Collects wanted pages, at most `most`; how many. */
size_t share_pages_wanted(struct share_pages *pages, struct share_page **out, size_t most);

/* What was sent may have been heard or not: all that are wanted are apart. */
void share_pages_part(struct share_pages *pages);

/* Forgets what Redis has, and the sketches if `sketches`, for they come to nothing with another
 * seed. Pages that are wanted stay. */
void share_pages_forget(struct share_pages *pages, bool sketches);

#endif
