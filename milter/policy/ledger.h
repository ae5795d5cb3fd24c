/*
 * The ledger: what a client network has done that looks like probing for addresses, added up with
 * exponential decay, and what follows from it. Pure arithmetic: time and memory are passed in.
 *
 * A dictionary attack asks for many different names that do not exist, and delivers next to
 * nothing; a mailing list with stale addresses asks for some among many that do exist; a program
 * that is set up wrongly asks for one wrong name again and again. So unknown recipients count by
 * how many *different* local parts were wrong and by their ratio to the accepted ones, never by
 * number alone, and mail that is delivered forgives.
 */
#ifndef MILTER_STRICT_LEDGER_H
#define MILTER_STRICT_LEDGER_H

#include "span.h"

#include <stdint.h>

/* Why a network is refused: CAUSE(NAME, RULE), with the rule of rules.def, in the same order there.
 */
#define LEDGER_CAUSES(CAUSE)                                                                       \
  CAUSE(RECIPIENTS, PROBE_RECIPIENTS)                                                              \
  CAUSE(VRFY, PROBE_VRFY)                                                                          \
  CAUSE(CALLOUT, PROBE_CALLOUT)                                                                    \
  CAUSE(COMMANDS, PROBE_COMMANDS)                                                                  \
  CAUSE(OPERATOR, CLIENT_REFUSED) /* nothing adds to it: an operator says so */

enum ledger_cause {
#define CAUSE(name, ...) LEDGER_CAUSE_##name,
  LEDGER_CAUSES(CAUSE)
#undef CAUSE
      LEDGER_CAUSE_COUNT,
  LEDGER_CAUSE_NONE = LEDGER_CAUSE_COUNT,
};

/*
 * What is counted: EVENT(NAME, "word", CAUSE that it adds to, points by default). The good ones
 * have no cause: accepted recipients count in the ratio alone and have no points; DELIVERED takes
 * its points away from every cause, but never more than half of those for asking who exists: a few
 * messages must not pay for a dictionary, and a big sender may well pass on what is malformed.
 */
#define LEDGER_EVENTS(EVENT)                                                                       \
  EVENT(UNKNOWN_RECIPIENT, "unknown-recipient", RECIPIENTS, 1) /* each different local part */     \
  EVENT(ACCEPTED_RECIPIENT, "accepted-recipient", NONE, 0)                                         \
  EVENT(VRFY, "vrfy", VRFY, 1)              /* VRFY and EXPN */                                    \
  EVENT(CALLOUT, "callout", CALLOUT, 1)     /* null or postmaster sender, recipients               \
                                               accepted, and left */                               \
  EVENT(ABANDONED, "abandoned", CALLOUT, 1) /* the same from another sender */                     \
  EVENT(UNKNOWN_COMMAND, "unknown-command", COMMANDS, 1)                                           \
  EVENT(MALFORMED_COMMAND, "malformed-command", COMMANDS, 1) /* a refused argument */              \
  EVENT(DELIVERED, "delivered", NONE, 1)                     /* a message was accepted */

enum ledger_event {
#define EVENT(name, ...) LEDGER_##name,
  LEDGER_EVENTS(EVENT)
#undef EVENT
      LEDGER_EVENT_COUNT
};

enum {
  LEDGER_SKETCH_BYTES = 32,
  LEDGER_POINTS_MAX = 100,         /* of one event */
  LEDGER_LIMIT_MAX = 1000,         /* of one cause; sketches tell up to some 1,500 names apart */
  LEDGER_RELAPSES_MAX = 1000,      /* counted no further */
  LEDGER_SECONDS_MAX = 366 * 86400 /* of half_life, refuse_first and refuse_longest, and of an
                                      operator's refusal */
};

struct ledger_settings {
  uint32_t half_life;                 /* seconds after which an event counts half */
  uint32_t refuse_first;              /* seconds of the first refusal */
  uint32_t refuse_longest;            /* seconds; the doubling ends here; also the quiet after which
                                         one relapse is forgotten */
  uint32_t ratio;                     /* per cent of different wrong recipients among these and the
                                         accepted ones, from which they are probing */
  uint32_t limit[LEDGER_CAUSE_COUNT]; /* points from which the cause refuses; 0: never */
  bool noticed[LEDGER_CAUSE_COUNT];   /* not spoken: its refusal gives way to one that is meant */
  uint32_t points[LEDGER_EVENT_COUNT]; /* at most LEDGER_POINTS_MAX */
  uint64_t seed; /* secret of who keeps the pages, so that nobody can find names that look the same
                    in a sketch; not to change while the pages are kept */
};

/* What was counted when a refusal began; whole numbers, rounded. For the log. */
struct ledger_evidence {
  uint32_t points;    /* of the cause */
  uint32_t distinct;  /* different wrong local parts */
  uint32_t accepted;  /* recipients */
  uint32_t delivered; /* messages */
};

/*
 * One network's page. Fixed size, no pointers, no padding; all zero is a new one. It may be stored
 * as it is, on machines of one byte order, with a version beside it, and must pass ledger_is_sane()
 * when it comes back. All times are milliseconds since the epoch.
 */
struct ledger_page {
  uint64_t updated;                       /* up to when the counts are decayed; 0: new */
  uint64_t refused_since;                 /* of the last refusal that is not forgotten */
  uint64_t refused_until;                 /* 0: none that is not forgotten */
  uint64_t sketch_since;                  /* when this period of the sketch began */
  uint64_t set;                           /* when an operator last refused or forgave; 0: never */
  uint32_t count[LEDGER_EVENT_COUNT];     /* decayed, in units of 1/1024 */
  struct ledger_evidence evidence;        /* of the last refusal */
  uint32_t relapses;                      /* refusals that are not forgotten */
  uint32_t cause;                         /* enum ledger_cause of the last refusal */
  uint8_t sketch[2][LEDGER_SKETCH_BYTES]; /* different wrong local parts: this period's, and those
                                             of the one before; a period is a half-life */
};

/* How a network stands: what a session needs to know of its page. */
struct standing {
  bool known;              /* there is a page */
  uint32_t refused_for;    /* seconds; 0: not refused */
  enum ledger_cause cause; /* of the refusal */
};

/* Some equal events at once. */
struct ledger_entry {
  enum ledger_event event;
  uint32_t times;
  uint64_t hash;      /* UNKNOWN_RECIPIENT: ledger_hash() of the local part */
  uint32_t withdrawn; /* CALLOUT, ABANDONED: recipients counted as accepted that now are none */
};

/* Half-life 3 days, refused for an hour at first and a week at most, ratio 30 per cent, points of
 * the table, limits of the rules' table left 0, for the policy has them. */
void ledger_defaults(struct ledger_settings *out);

/* Word of the configuration and the log: "unknown-recipient". Static. */
const char *ledger_event_name(enum ledger_event event);

/* Whether it has a cause to add to; the others are good. */
bool ledger_event_is_wrong(enum ledger_event event);

/* Of a local part; ASCII letters count as lower case. */
uint64_t ledger_hash(struct span local);

/*
 * Enters some events at `now`. Returns whether a refusal began with it. While a network is refused
 * nothing is counted: what still comes was on its way. When a refusal begins, the slate is wiped
 * but for good deeds and relapses; each relapse doubles the time and makes the limit smaller, to a
 * half, a third and a quarter.
 * `now` may lie before page->updated: then no time has passed, and time goes on from there, a
 * refusal in force included. Nothing overflows: when a count is full, all counts are halved.
 */
bool ledger_add(const struct ledger_settings *settings, struct ledger_page *page,
                const struct ledger_entry *entry, uint64_t now);

/* An operator refuses the network from `now` on for so many seconds, at most LEDGER_SECONDS_MAX, or
 * forgives it: then all is wiped. Whatever was said before, by anybody's clock, is over with it. */
void ledger_refuse(const struct ledger_settings *settings, struct ledger_page *page,
                   uint32_t seconds, uint64_t now);
void ledger_forgive(struct ledger_page *page, uint64_t now);

/*
 * Brings together what two relays know of one network. The page that an operator set later holds as
 * it is; else the greater of each count, the names of both, and the refusal that goes before the
 * other: see ledger_goes_before().
 * Pages may be merged in any order and again and again: what both have seen counts once.
 */
void ledger_merge(const struct ledger_settings *settings, struct ledger_page *into,
                  const struct ledger_page *other, uint64_t now);

/* Brings a page up to `now` without an event. ledger_add() does so by itself. */
void ledger_settle(const struct ledger_settings *settings, struct ledger_page *page, uint64_t now);

/* Seconds, rounded up, for which the network is still refused at `now`; 0: it is not. */
uint32_t ledger_refused_for(const struct ledger_page *page, uint64_t now);

/* Whether a refusal is in force at `now`, and is spoken. */
bool ledger_is_meant(const struct ledger_settings *settings, const struct ledger_page *page,
                     uint64_t now);

/* Whether the page's refusal goes before the other's where both are about one client: one in force
 * that is meant before one that is not, else the one that lasts longer. */
bool ledger_goes_before(const struct ledger_settings *settings, const struct ledger_page *page,
                        const struct ledger_page *other, uint64_t now);

/* How the network of this page stands at `now`. */
struct standing ledger_standing(const struct ledger_page *page, uint64_t now);

/*
 * How much would be lost with the page: what is refused weighs LEDGER_WEIGHT_REFUSED more than what
 * is not, and the longer it still is the more; then come relapses, then counts. 0: nothing worth
 * keeping. For a page that was settled at `now`.
 */
#define LEDGER_WEIGHT_REFUSED (UINT64_C(1) << 48)

uint64_t ledger_weight(const struct ledger_page *page, uint64_t now);

/* Whether a page from outside can be one of ours: times in range and in order, a cause that there
 * is, counts within bounds. */
bool ledger_is_sane(const struct ledger_page *page);

#endif
