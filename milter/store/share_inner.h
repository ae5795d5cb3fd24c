/*
 * What the files of sharing have in common. Only share*.c include this; but for what stands under
 * the lock all of it is the sharing thread's own.
 */
#ifndef MILTER_STRICT_SHARE_INNER_H
#define MILTER_STRICT_SHARE_INNER_H

#include "breaker.h"
#include "share.h"
#include "share_pages.h"
#include "share_queue.h"

#include <stdatomic.h>

enum {
  SHARE_AT_ONCE = 128, /* items, and commands of a pipeline */
  SHARE_KEY_SIZE = SHARE_PREFIX_SIZE + 64,
  SHARE_STREAM_LENGTH = 4096, /* refusals that the stream remembers, about */
  SHARE_LEARN_MS = 200,       /* how often others are asked for theirs */
  SHARE_SEED_MS = 10000,      /* and whether the seed is still the same */
  SHARE_REVIEW_MS = 5000,     /* before a review that did not succeed is tried again */
  SHARE_SHA_SIZE = 41,
  SHARE_ID_SIZE = 48, /* of a place in the stream */
};

struct share {
  struct store *store;
  struct share_ears ears;
  struct share_queue queue;
  atomic_bool on;                     /* things may be put into the queue */
  _Atomic(unsigned long long) lost;   /* in all */
  _Atomic(unsigned long long) untold; /* of these, since the last note */
  atomic_bool unheard; /* an operator's word that the queue had no room for: the store has it */

  pthread_mutex_t lock; /* of what follows, up to the next empty line */
  pthread_cond_t over;
  struct share_options wish; /* in force from the next turn on, if there is one */
  struct ledger_settings wish_ledger;
  bool wishes, stops, runs, ended;
  struct share_state state;
  pthread_t thread;

  struct share_options options;
  struct ledger_settings ledger;
  struct redis redis;
  struct breaker breaker;
  char sha[SHARE_SHA_SIZE];    /* of the script */
  bool whole_script;           /* the server has forgotten it */
  char last_id[SHARE_ID_SIZE]; /* of the stream: what was read */
  size_t learned_in_a_row;     /* entries, since the stream's end was last seen */
  uint64_t learn_at, seed_at, told_at;
  uint64_t review_at; /* UINT64_MAX: not needed */
  bool reviews;       /* at the moment, which is part of connecting, and has the time of that */
  struct share_pages pages;

  size_t item_count;
  struct share_item items[SHARE_AT_ONCE];    /* of this turn: to be added again after a conflict */
  struct share_page *page_of[SHARE_AT_ONCE]; /* NULL: lost */
  struct share_page *wanted[SHARE_AT_ONCE];  /* of one pipeline */
  char sent[SHARE_AT_ONCE][LEDGER_BYTES];
  const struct resp_value *answers[SHARE_AT_ONCE];
};

/* Whether it must end. Any thread. */
bool share_stops(struct share *share);

/* Something that cannot be shared is lost. Any thread. */
void share_lose(struct share *share, unsigned long long count);

/* Writes PREFIX and what comes after it to `memory`. */
struct span share_key(const struct share *share, char memory[SHARE_KEY_SIZE], const char *name);

/* Exchanges what stands in redis.resp: at most SHARE_AT_ONCE commands. */
bool share_exchange(struct share *share, struct text *why);

/* How long a record is kept without a change, milliseconds: as long as it says anything. */
uint64_t share_expiry(const struct ledger_settings *ledger, const struct ledger_page *page,
                      uint64_t now);

/* Takes up to SHARE_AT_ONCE items out of the queue and enters them into their pages; how many. */
size_t share_collect(struct share *share);

/* The part of a page that outlasts counting, at `now`: refusals and what an operator has set. */
struct ledger_page share_refusal(const struct ledger_page *page, uint64_t now);

/* Brings all wanted pages to Redis. False, and `why`, when the connection is of no use any more. */
bool share_send(struct share *share, struct text *why);

/* After the connection was made: agrees upon the seed, loads the script. */
bool share_greet(struct share *share, struct text *why);

/* Looks whether the seed is still the same. */
bool share_check_seed(struct share *share, struct text *why);

/* Reads what others tell of refusals, and says when that is to be done again. */
bool share_learn(struct share *share, struct text *why);

/* Does whatever is due while Redis answers, but for a review. False, and `why`, when it is of no
 * use any more. */
bool share_talk(struct share *share, struct text *why);

/* Compares what the store refuses, and what operators have set there, with the records, if that is
 * due: each relay has then what holds, whatever it has missed of the stream. */
bool share_review(struct share *share, struct text *why);

/* Has it done in so many milliseconds at the latest. */
void share_want_review(struct share *share, uint64_t milliseconds);

/* Tells the store what is known of a network, and whoever hears of it if that refuses it. False
 * when there is no room in the store now. */
bool share_tell_store(struct share *share, struct netblock network, const struct ledger_page *page);

/* The script of an update. */
extern const char share_script[];

#endif
