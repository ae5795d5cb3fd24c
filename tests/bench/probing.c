/*
 * Labelled traffic through the ledger with the built-in settings: who is refused, and when. No
 * socket, no clock, no chance: every run prints the same table, and milter-strict(8) shows it.
 *
 * Exits with 1 when an honest client is refused or a prober is not, but where the row says so.
 */
#include "probing.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In milliseconds. */
#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define START (UINT64_C(1767225600) * SECOND) /* 2026-01-01 */

enum { NETWORKS_MAX = 500, SESSION_MESSAGES = 20 };

/* Some rounds of traffic. In a round, `messages` to one good recipient each and `questions` are
 * mixed evenly over the time that it `lasts`; the next round begins a `period` after. */
struct row {
  const char *name;
  enum {
    HONEST,
    BACKSCATTER, /* honest, and nothing tells it from probing, which may have a null sender, too */
    PROBING,
    TOO_MANY, /* probing, and each of them as seldom as the honest */
  } who;
  unsigned messages;
  enum ledger_event event; /* what a question is */
  unsigned questions;
  unsigned names; /* different ones among all questions; 0: each is new */
  uint64_t lasts, period;
  unsigned rounds;
  unsigned networks; /* that take turns; 0: one */
};

#define WRONG .event = LEDGER_UNKNOWN_RECIPIENT, .questions
#define IN_VAIN .event = LEDGER_CALLOUT, .questions
#define COMMANDS .event = LEDGER_UNKNOWN_COMMAND, .questions
#define A_MONTH .lasts = DAY, .period = DAY, .rounds = 30
#define WITHIN .rounds = 1, .lasts

static const struct row rows[] = {
    {"a typo", HONEST, WRONG = 1, WITHIN = HOUR},
    {"one wrong address, each 10 minutes", HONEST, WRONG = 144, .names = 1, A_MONTH},
    {"a list with stale addresses", HONEST, .messages = 600, WRONG = 30, WITHIN = HOUR},
    {"the same list, weekly for a year", HONEST, .messages = 600, WRONG = 30, .names = 30,
     .lasts = HOUR, .period = 7 * DAY, .rounds = 52},
    {"a big provider, 2 % stale", HONEST, .messages = 19600, WRONG = 400, A_MONTH},
    {"its malformed addresses, 1 %", HONEST, .messages = 19800, .event = LEDGER_MALFORMED_COMMAND,
     .questions = 200, A_MONTH},
    {"a forwarding host, 20 % unknown", HONEST, .messages = 400, WRONG = 100, A_MONTH},
    {"a small site, 1 typo in 5 messages", HONEST, .messages = 8, WRONG = 2, A_MONTH},
    {"call-outs by a site that sends mail", HONEST, .messages = 200, IN_VAIN = 20, A_MONTH},
    {"a device with an unknown command", HONEST, COMMANDS = 2, A_MONTH},
    {"forged mail bounces, a big provider", HONEST, .messages = 20000, WRONG = 5000, WITHIN = DAY},

    {"forged mail bounces, a small site", BACKSCATTER, .messages = 8, WRONG = 200,
     WITHIN = 4 * HOUR},

    {"names from one address", PROBING, WRONG = 1000, WITHIN = 1000 * SECOND},
    {"names from a whole IPv6 /64", PROBING, WRONG = 100000, WITHIN = 1000 * SECOND},
    {"names amid some mail", PROBING, .messages = 100, WRONG = 900, WITHIN = 1000 * SECOND},
    {"names without a pause, for a month", PROBING, WRONG = 86400, A_MONTH},
    {"slow: a name in 10 minutes", PROBING, WRONG = 144, A_MONTH},
    {"slower: a name in 2 hours", PROBING, WRONG = 12, A_MONTH},
    {"names over VRFY", PROBING, .event = LEDGER_VRFY, .questions = 1000, WITHIN = 1000 * SECOND},
    {"call-outs and no mail", PROBING, IN_VAIN = 1440, WITHIN = DAY},
    {"a list washer, begins and never sends", PROBING, .event = LEDGER_ABANDONED, .questions = 1000,
     WITHIN = HOUR},
    {"made-up commands", PROBING, COMMANDS = 1000, WITHIN = HOUR},
    {"4 names from each of 500 addresses", TOO_MANY, WRONG = 2000, WITHIN = DAY,
     .networks = NETWORKS_MAX},
};

struct network {
  struct ledger_page page;
  bool known;        /* has a page: the daemon makes one when something wrong is asked */
  unsigned messages; /* of this session, whose recipients count once there is a page */
};

/* What became of a row. */
struct run {
  struct ledger_settings settings;
  uint64_t now;
  unsigned asked, answered, missed; /* questions; messages that could not be sent */
  unsigned before;                  /* questions answered when the first refusal began */
  uint64_t first;                   /* when it began; 0: never */
};

static struct network networks[NETWORKS_MAX];

static void enter(struct run *run, struct network *network, const struct ledger_entry *entry)
{
  if (ledger_add(&run->settings, &network->page, entry, run->now) && run->first == 0) {
    run->before = run->answered;
    run->first = run->now;
  }
}

static void accept_recipients(struct run *run, struct network *network, unsigned count)
{
  const struct ledger_entry accepted = {.event = LEDGER_ACCEPTED_RECIPIENT, .times = count};

  if (count > 0)
    enter(run, network, &accepted);
}

/* A recipient that is accepted, and its message. */
static void send(struct run *run, struct network *network)
{
  const struct ledger_entry delivered = {.event = LEDGER_DELIVERED, .times = 1};

  if (ledger_refused_for(&network->page, run->now) > 0) {
    run->missed++;
  } else if (network->known) {
    accept_recipients(run, network, 1);
    enter(run, network, &delivered);
  } else {
    network->messages = network->messages % SESSION_MESSAGES + 1;
  }
}

static void ask(struct run *run, const struct row *row, struct network *network)
{
  bool in_vain = row->event == LEDGER_CALLOUT || row->event == LEDGER_ABANDONED;
  struct ledger_entry entry = {.event = row->event, .times = 1, .withdrawn = in_vain ? 1 : 0};
  unsigned number = row->names == 0 ? run->asked : run->asked % row->names;
  char local[16];

  run->asked++;
  if (ledger_refused_for(&network->page, run->now) > 0)
    return;
  run->answered++;
  network->known = true;
  accept_recipients(run, network, network->messages + (in_vain ? 1 : 0));
  network->messages = 0;
  snprintf(local, sizeof(local), "user%u", number);
  entry.hash = ledger_hash(span_from(local));
  enter(run, network, &entry);
}

static void play(const struct row *row, struct run *run)
{
  unsigned events = row->messages + row->questions, share = 0;
  unsigned count = row->networks == 0 ? 1 : row->networks;

  memset(networks, 0, sizeof(networks));
  for (unsigned round = 0; round < row->rounds; round++) {
    uint64_t begun = START + round * row->period;

    for (unsigned i = 0; i < events; i++) {
      struct network *network = &networks[i % count];

      run->now = begun + row->lasts * i / events;
      share += row->questions;
      if (share >= events) {
        share -= events;
        ask(run, row, network);
      } else {
        send(run, network);
      }
    }
  }
}

static void print_time(uint64_t time)
{
  static const struct {
    uint64_t length;
    const char *name;
  } units[] = {{DAY, "days"}, {HOUR, "h"}, {MINUTE, "min"}, {SECOND, "s"}};
  size_t i = 0;

  while (i < sizeof(units) / sizeof(units[0]) - 1 && time < 2 * units[i].length)
    i++;
  printf("%llu %s", (unsigned long long)(time / units[i].length), units[i].name);
}

/* Plays and prints a row; whether it went as it should. */
static bool show(const struct row *row)
{
  struct run run = {.now = START};

  ledger_defaults(&run.settings);
  for (enum ledger_cause cause = 0; cause < LEDGER_CAUSE_COUNT; cause++)
    run.settings.limit[cause] = (uint32_t)rule_entry(probing_rule(cause))->limit;
  play(row, &run);
  printf("  %-37s %6u %7u %8u  ", row->name, row->messages * row->rounds, run.asked, run.answered);
  if (run.first == 0) {
    fputs("never", stdout);
  } else {
    printf("after %u, ", run.before);
    print_time(run.first - START);
  }
  putchar('\n');
  if (row->who == PROBING || row->who == BACKSCATTER)
    return run.first != 0;
  return run.first == 0 && run.missed == 0;
}

int main(void)
{
  static const char *const headings[] = {[HONEST] = "honest",
                                         [BACKSCATTER] = "mistaken",
                                         [PROBING] = "probing",
                                         [TOO_MANY] = "probing"};
  bool fine = true;

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const char *heading = headings[rows[i].who];

    if (i == 0 || strcmp(heading, headings[rows[i - 1].who]) != 0)
      printf("%-39s %6s %7s %8s  %s\n", heading, "mail", "asked", "answered", "refused");
    if (!show(&rows[i])) {
      fprintf(stderr, "probing: \"%s\" did not go as it should\n", rows[i].name);
      fine = false;
    }
  }
  return fine && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
