/*
 * The ledger's arithmetic, in whole numbers only: the same on every machine, and the same in tests
 * as in service.
 */
#include "ledger.h"

#include <string.h>

enum {
  UNIT = 1024, /* one event */
  TICKS = 64,  /* of a half-life; counts decay in whole ticks, so that many small steps lose
                  nothing to rounding */
  TICK_BITS = 6,
  SKETCH_BITS = LEDGER_SKETCH_BYTES * 8,
  LIMIT_SHARES = 4, /* the limit of an old offender: a quarter */
  MILLISECONDS = 1000,
};

#define TIME_MAX (UINT64_C(1) << 48) /* in some 9,000 years */
#define SET_MAX (2 * TIME_MAX)       /* clocks that go ahead of each other do not get there */
#define COUNT_MAX (UINT32_MAX / 2)

/* What the table says of an event. */
static const struct {
  const char *name;
  uint8_t cause, points;
} events[] = {
#define EVENT(id, word, of, worth) {word, LEDGER_CAUSE_##of, worth},
    LEDGER_EVENTS(EVENT)
#undef EVENT
};

_Static_assert(sizeof(struct ledger_page) == 160, "a page has no padding");

void ledger_defaults(struct ledger_settings *out)
{
  memset(out, 0, sizeof(*out));
  out->half_life = 3 * 86400;
  out->refuse_first = 3600;
  out->refuse_longest = 7 * 86400;
  out->ratio = 30;
  for (size_t i = 0; i < LEDGER_EVENT_COUNT; i++)
    out->points[i] = events[i].points;
}

const char *ledger_event_name(enum ledger_event event)
{
  return events[event].name;
}

bool ledger_event_is_wrong(enum ledger_event event)
{
  return events[event].cause != LEDGER_CAUSE_NONE;
}

/* FNV-1a: every byte moves all bits to its left. */
uint64_t ledger_hash(struct span local)
{
  uint64_t hash = UINT64_C(0xcbf29ce484222325);

  for (size_t i = 0; i < local.len; i++)
    hash = (hash ^ (unsigned char)byte_lower(local.at[i])) * UINT64_C(0x100000001b3);
  return hash;
}

/* Every bit of the result depends on every bit of both. */
static uint64_t mix(uint64_t hash, uint64_t seed)
{
  hash += seed;
  for (int i = 0; i < 2; i++) {
    hash = (hash ^ (hash >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    hash ^= seed >> 1;
  }
  return hash ^ (hash >> 32);
}

static uint64_t milliseconds(uint32_t seconds)
{
  return (uint64_t)(seconds == 0 ? 1 : seconds) * MILLISECONDS;
}

static uint64_t tick_of(const struct ledger_settings *settings)
{
  return milliseconds(settings->half_life) / TICKS;
}

/* `count` after so many ticks: halved for each TICKS of them. */
static uint32_t decayed(uint32_t count, uint64_t ticks)
{
  /* 2 to the power of -1/64, -1/32, ... -1/2, in 1/65536 */
  static const uint32_t roots[TICK_BITS] = {64830, 64132, 62757, 60097, 55109, 46341};
  uint64_t left = count;

  if (ticks >= (uint64_t)TICKS * 32)
    return 0;
  for (unsigned i = 0; i < TICK_BITS; i++)
    if ((ticks >> i & 1) != 0)
      left = left * roots[i] >> 16;
  return (uint32_t)(left >> (ticks / TICKS));
}

/* The clock was set back: what was to last still lasts as long, from now on. */
static void step_back(struct ledger_page *page, uint64_t now)
{
  if (page->updated > now)
    page->updated = now;
  if (page->sketch_since > now)
    page->sketch_since = now;
  if (page->refused_since > now) {
    page->refused_until = now + (page->refused_until - page->refused_since);
    page->refused_since = now;
  }
}

static void turn_sketch(const struct ledger_settings *settings, struct ledger_page *page,
                        uint64_t now)
{
  uint64_t period = milliseconds(settings->half_life), age = now - page->sketch_since;

  if (age < period)
    return;
  if (age < 2 * period) {
    memcpy(page->sketch[1], page->sketch[0], sizeof(page->sketch[1]));
    page->sketch_since += period;
  } else {
    memset(page->sketch[1], 0, sizeof(page->sketch[1]));
    page->sketch_since = now;
  }
  memset(page->sketch[0], 0, sizeof(page->sketch[0]));
}

/* Each time of quiet that is as long as the longest refusal makes one relapse forgotten; the last
 * refusal's times then move on, to measure the next one from there. */
static void forget_relapses(const struct ledger_settings *settings, struct ledger_page *page,
                            uint64_t now)
{
  uint64_t period = milliseconds(settings->refuse_longest), periods;

  if (page->refused_until == 0 || now <= page->refused_until)
    return;
  periods = (now - page->refused_until) / period;
  if (periods >= page->relapses) {
    page->relapses = 0;
    page->refused_since = 0;
    page->refused_until = 0;
    page->cause = 0;
    memset(&page->evidence, 0, sizeof(page->evidence));
    return;
  }
  page->relapses -= (uint32_t)periods;
  page->refused_since += periods * period;
  page->refused_until += periods * period;
}

void ledger_settle(const struct ledger_settings *settings, struct ledger_page *page, uint64_t now)
{
  uint64_t tick = tick_of(settings), ticks;

  if (now > TIME_MAX)
    now = TIME_MAX;
  if (page->updated == 0) {
    page->updated = now;
    page->sketch_since = now;
  }
  step_back(page, now);
  ticks = (now - page->updated) / tick;
  page->updated += ticks * tick;
  for (size_t i = 0; i < LEDGER_EVENT_COUNT && ticks > 0; i++)
    page->count[i] = decayed(page->count[i], ticks);
  turn_sketch(settings, page, now);
  forget_relapses(settings, page, now);
}

static unsigned bits_of(uint8_t byte)
{
  unsigned bits = 0;

  for (; byte != 0; byte &= (uint8_t)(byte - 1))
    bits++;
  return bits;
}

/* How many different names set so many bits, on average: the first name sets one bit for sure, the
 * last free bit of m takes m names to be hit. In units. */
static uint32_t names_for(unsigned bits)
{
  uint32_t names = 0;

  for (unsigned i = 0; i < bits; i++)
    names += (uint32_t)SKETCH_BITS * UNIT / (SKETCH_BITS - i);
  return names;
}

/* Different wrong local parts, in units. Those of the period before fade away during this one, and
 * are dropped, half faded, at its end. */
static uint32_t distinct_of(const struct ledger_settings *settings, const struct ledger_page *page,
                            uint64_t now)
{
  unsigned here = 0, both = 0;
  uint32_t names;

  for (size_t i = 0; i < LEDGER_SKETCH_BYTES; i++) {
    here += bits_of(page->sketch[0][i]);
    both += bits_of(page->sketch[0][i] | page->sketch[1][i]);
  }
  names = names_for(here);
  return names + decayed(names_for(both) - names, (now - page->sketch_since) / tick_of(settings));
}

static void count_up(struct ledger_page *page, enum ledger_event event, uint32_t times)
{
  uint64_t more = (uint64_t)(times < COUNT_MAX / UNIT ? times : COUNT_MAX / UNIT) * UNIT;

  /* Halving all of them keeps their ratio. */
  while (page->count[event] + more > COUNT_MAX) {
    for (size_t i = 0; i < LEDGER_EVENT_COUNT; i++)
      page->count[i] /= 2;
    more /= 2;
  }
  page->count[event] += (uint32_t)more;
}

static void withdraw(struct ledger_page *page, uint32_t recipients)
{
  uint32_t *accepted = &page->count[LEDGER_ACCEPTED_RECIPIENT];
  uint64_t less = (uint64_t)recipients * UNIT;

  *accepted = less < *accepted ? *accepted - (uint32_t)less : 0;
}

/* The cause's points in units, forgiveness taken off. */
static uint64_t points_of(const struct ledger_settings *settings, const struct ledger_page *page,
                          enum ledger_cause cause, uint32_t distinct)
{
  bool asks_names = cause == LEDGER_CAUSE_RECIPIENTS || cause == LEDGER_CAUSE_VRFY;
  uint64_t points = 0, forgiven, most;

  for (size_t i = 0; i < LEDGER_EVENT_COUNT; i++)
    if (events[i].cause == cause)
      points += (uint64_t)settings->points[i] *
                (i == LEDGER_UNKNOWN_RECIPIENT ? distinct : page->count[i]);
  forgiven = (uint64_t)settings->points[LEDGER_DELIVERED] * page->count[LEDGER_DELIVERED];
  most = asks_names ? points / 2 : points;
  return points - (forgiven < most ? forgiven : most);
}

static bool over_limit(const struct ledger_settings *settings, const struct ledger_page *page,
                       enum ledger_cause cause, uint64_t points)
{
  uint32_t shares = page->relapses < LIMIT_SHARES ? page->relapses + 1 : LIMIT_SHARES;

  /* points are rounded to the nearest, or the sketch's estimate would decide by a hair */
  return settings->limit[cause] != 0 &&
         (points + UNIT / 2) * shares >= (uint64_t)settings->limit[cause] * UNIT;
}

/* Whether the wrong names are too large a part of all. */
static bool over_ratio(const struct ledger_settings *settings, const struct ledger_page *page,
                       uint32_t distinct)
{
  uint64_t all = (uint64_t)distinct + page->count[LEDGER_ACCEPTED_RECIPIENT];

  return (uint64_t)distinct * 100 >= all * settings->ratio;
}

static uint32_t whole(uint64_t units)
{
  uint64_t number = (units + UNIT / 2) / UNIT;

  return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

static uint64_t refusal_length(const struct ledger_settings *settings, uint32_t relapses)
{
  uint64_t length = milliseconds(settings->refuse_first);
  uint64_t longest = milliseconds(settings->refuse_longest);

  for (uint32_t i = 0; i < relapses && length < longest; i++)
    length *= 2;
  return length < longest ? length : longest;
}

/* Leaves the good deeds and the relapses. */
static void wipe_wrong(struct ledger_page *page)
{
  for (enum ledger_event i = 0; i < LEDGER_EVENT_COUNT; i++)
    if (ledger_event_is_wrong(i))
      page->count[i] = 0;
  memset(page->sketch, 0, sizeof(page->sketch));
}

static void refuse(const struct ledger_settings *settings, struct ledger_page *page,
                   const struct ledger_evidence *evidence, enum ledger_cause cause, uint64_t now)
{
  page->refused_since = now;
  page->refused_until = now + refusal_length(settings, page->relapses);
  if (page->relapses < LEDGER_RELAPSES_MAX)
    page->relapses++;
  page->cause = (uint32_t)cause;
  page->evidence = *evidence;
  wipe_wrong(page);
}

/* Looks at the cause that has just been added to. */
static bool judge(const struct ledger_settings *settings, struct ledger_page *page,
                  enum ledger_cause cause, uint64_t now)
{
  uint32_t distinct = distinct_of(settings, page, now);
  uint64_t points = points_of(settings, page, cause, distinct);
  struct ledger_evidence evidence = {.points = whole(points),
                                     .distinct = whole(distinct),
                                     .accepted = whole(page->count[LEDGER_ACCEPTED_RECIPIENT]),
                                     .delivered = whole(page->count[LEDGER_DELIVERED])};

  if (!over_limit(settings, page, cause, points) ||
      (cause == LEDGER_CAUSE_RECIPIENTS && !over_ratio(settings, page, distinct)))
    return false;
  refuse(settings, page, &evidence, cause, now);
  return true;
}

bool ledger_is_meant(const struct ledger_settings *settings, const struct ledger_page *page,
                     uint64_t now)
{
  return ledger_refused_for(page, now) > 0 &&
         (page->cause >= LEDGER_CAUSE_COUNT || !settings->noticed[page->cause]);
}

/* A refusal is in force, and not one that only takes the place of one that is meant. */
static bool stays_refused(const struct ledger_settings *settings, const struct ledger_page *page,
                          enum ledger_cause cause, uint64_t now)
{
  if (ledger_refused_for(page, now) == 0)
    return false;
  return ledger_is_meant(settings, page, now) || cause == LEDGER_CAUSE_NONE ||
         settings->noticed[cause];
}

bool ledger_add(const struct ledger_settings *settings, struct ledger_page *page,
                const struct ledger_entry *entry, uint64_t now)
{
  enum ledger_cause cause = events[entry->event].cause;

  if (now > TIME_MAX)
    now = TIME_MAX;
  ledger_settle(settings, page, now);
  if (stays_refused(settings, page, cause, now))
    return false;
  count_up(page, entry->event, entry->times);
  withdraw(page, entry->withdrawn);
  if (entry->event == LEDGER_UNKNOWN_RECIPIENT) {
    unsigned bit = mix(entry->hash, settings->seed) % SKETCH_BITS;

    page->sketch[0][bit / 8] |= (uint8_t)(1U << bit % 8);
  }
  return cause != LEDGER_CAUSE_NONE && judge(settings, page, cause, now);
}

/* Operators */

/* Later than all that was set before, even if that was by a clock that goes ahead of ours. */
static uint64_t next_set(const struct ledger_page *page, uint64_t now)
{
  if (page->set < now)
    return now;
  return page->set < SET_MAX ? page->set + 1 : SET_MAX;
}

void ledger_refuse(const struct ledger_settings *settings, struct ledger_page *page,
                   uint32_t seconds, uint64_t now)
{
  if (now > TIME_MAX)
    now = TIME_MAX;
  if (seconds > LEDGER_SECONDS_MAX)
    seconds = LEDGER_SECONDS_MAX;
  ledger_settle(settings, page, now);
  page->refused_since = now;
  page->refused_until = now + milliseconds(seconds);
  page->cause = LEDGER_CAUSE_OPERATOR;
  memset(&page->evidence, 0, sizeof(page->evidence));
  page->set = next_set(page, now);
}

void ledger_forgive(struct ledger_page *page, uint64_t now)
{
  if (now > TIME_MAX)
    now = TIME_MAX;
  *page = (struct ledger_page){.updated = now, .sketch_since = now, .set = next_set(page, now)};
}

/* Two relays */

static void merge_refusal(const struct ledger_settings *settings, struct ledger_page *into,
                          const struct ledger_page *other, uint64_t now)
{
  if (other->relapses > into->relapses)
    into->relapses = other->relapses;
  if (!ledger_goes_before(settings, other, into, now))
    return;
  into->refused_since = other->refused_since;
  into->refused_until = other->refused_until;
  into->cause = other->cause;
  into->evidence = other->evidence;
}

static void merge_counts(struct ledger_page *into, const struct ledger_page *other)
{
  for (size_t i = 0; i < LEDGER_EVENT_COUNT; i++)
    if (other->count[i] > into->count[i])
      into->count[i] = other->count[i];
  for (size_t half = 0; half < 2; half++)
    for (size_t i = 0; i < LEDGER_SKETCH_BYTES; i++)
      into->sketch[half][i] |= other->sketch[half][i];
  /* periods that began at different times end with the earlier one */
  if (other->sketch_since < into->sketch_since)
    into->sketch_since = other->sketch_since;
  /* as of the earlier time, the counts may yet decay by what is less than a tick */
  if (other->updated < into->updated)
    into->updated = other->updated;
}

void ledger_merge(const struct ledger_settings *settings, struct ledger_page *into,
                  const struct ledger_page *other, uint64_t now)
{
  struct ledger_page theirs = *other;

  if (now > TIME_MAX)
    now = TIME_MAX;
  ledger_settle(settings, into, now);
  ledger_settle(settings, &theirs, now);
  if (theirs.set != into->set) {
    if (theirs.set > into->set)
      *into = theirs;
    return;
  }
  /* a refusal wipes what came before it: who has had fewer does not know of the last */
  if (into->relapses < theirs.relapses)
    wipe_wrong(into);
  if (theirs.relapses < into->relapses)
    wipe_wrong(&theirs);
  merge_counts(into, &theirs);
  merge_refusal(settings, into, &theirs, now);
}

uint32_t ledger_refused_for(const struct ledger_page *page, uint64_t now)
{
  uint64_t left;

  if (now < page->refused_since)
    now = page->refused_since; /* the clock was set back */
  if (page->refused_until <= now)
    return 0;
  left = (page->refused_until - now + MILLISECONDS - 1) / MILLISECONDS;
  return left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
}

bool ledger_goes_before(const struct ledger_settings *settings, const struct ledger_page *page,
                        const struct ledger_page *other, uint64_t now)
{
  bool meant = ledger_is_meant(settings, page, now);
  bool other_meant = ledger_is_meant(settings, other, now);

  return meant == other_meant ? page->refused_until > other->refused_until : meant;
}

struct standing ledger_standing(const struct ledger_page *page, uint64_t now)
{
  return (struct standing){.known = true,
                           .refused_for = ledger_refused_for(page, now),
                           .cause = (enum ledger_cause)page->cause};
}

uint64_t ledger_weight(const struct ledger_page *page, uint64_t now)
{
  uint64_t weight = (uint64_t)page->relapses << 36, refused_for = ledger_refused_for(page, now);

  if (refused_for > 0)
    return LEDGER_WEIGHT_REFUSED + (refused_for << 10) + page->relapses;
  for (enum ledger_event i = 0; i < LEDGER_EVENT_COUNT; i++)
    if (ledger_event_is_wrong(i))
      weight += page->count[i];
  return weight;
}

bool ledger_is_sane(const struct ledger_page *page)
{
  for (size_t i = 0; i < LEDGER_EVENT_COUNT; i++)
    if (page->count[i] > COUNT_MAX)
      return false;
  return page->updated > 0 && page->updated <= TIME_MAX && page->sketch_since <= TIME_MAX &&
         page->set <= SET_MAX && page->refused_since <= page->refused_until &&
         page->refused_until <= 2 * TIME_MAX &&
         page->refused_until - page->refused_since <= milliseconds(LEDGER_SECONDS_MAX) &&
         page->relapses <= LEDGER_RELAPSES_MAX && page->cause < LEDGER_CAUSE_COUNT;
}
