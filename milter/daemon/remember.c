/*
 * The ledger's place in the daemon: settings, clock, log and store brought together.
 */
#include "remember.h"
#include "../policy/probing.h"
#include "../store/store.h"
#include "log.h"
#include "sharing.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static struct store *store; /* set before there are threads; NULL: nobody is remembered */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of `status` */
static struct remember_status status;

static uint64_t now(void)
{
  struct timespec time;

  clock_gettime(CLOCK_REALTIME_COARSE, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

struct ledger_settings remember_ledger(const struct settings *settings)
{
  struct ledger_settings ledger = settings->ledger;

  for (enum ledger_cause cause = 0; cause < LEDGER_CAUSE_COUNT; cause++) {
    const struct rule_setting *rule = &settings->policy.rules[probing_rule(cause)];

    ledger.limit[cause] = rule->action == ACTION_OFF ? 0 : rule->limit;
    ledger.noticed[cause] =
        rule->action != ACTION_REFUSE || settings->policy.mode == POLICY_MONITOR;
  }
  return ledger;
}

/* What status shows of the store's notes. */
static void keep_note(enum store_note note, const char *detail)
{
  pthread_mutex_lock(&lock);
  if (note == STORE_FAILED) {
    struct text why = text_in(status.why, sizeof(status.why));

    text_add_quoted(&why, span_from(detail), "");
    status.state = REMEMBER_FAILING;
  } else if (note == STORE_RECOVERED) {
    status.why[0] = '\0';
    status.state = REMEMBER_FINE;
  } else if (note == STORE_LOST) {
    status.lost += strtoull(detail, NULL, 10);
  }
  pthread_mutex_unlock(&lock);
}

static void log_note(enum store_note note, const char *detail)
{
  static const struct {
    const char *event, *key;
    enum log_level level;
  } notes[] = {
      [STORE_SET_ASIDE] = {"store-set-aside", "file", LOG_LEVEL_WARNING},
      [STORE_FAILED] = {"store-failed", "error", LOG_LEVEL_ERR},
      [STORE_RECOVERED] = {"store-recovered", "file", LOG_LEVEL_NOTICE},
      [STORE_LOST] = {"store-lost", "events", LOG_LEVEL_WARNING},
  };

  keep_note(note, detail);
  log_event(notes[note].level, notes[note].event, notes[note].key, detail);
}

static void log_network(struct log_line *line, struct netblock network)
{
  char memory[IP_TEXT_SIZE + 8];
  struct text text = text_in(memory, sizeof(memory));

  netblock_write(&text, network);
  log_text(line, "network", text_span(&text));
}

/* A refusal begins: for whom, why and for how long; `from`: because of what others know. */
static void log_refusal(struct netblock network, const struct ledger_page *page, uint64_t when,
                        const char *from)
{
  struct log_line line;

  log_begin(&line, LOG_LEVEL_NOTICE, "probing");
  log_string(&line, "rule", rule_entry(probing_rule((enum ledger_cause)page->cause))->name);
  log_network(&line, network);
  log_number(&line, "points", page->evidence.points);
  log_number(&line, "distinct", page->evidence.distinct);
  log_number(&line, "accepted", page->evidence.accepted);
  log_number(&line, "delivered", page->evidence.delivered);
  log_number(&line, "times", page->relapses);
  log_number(&line, "seconds", ledger_refused_for(page, when));
  if (from != NULL)
    log_string(&line, "from", from);
  log_end(&line);
}

static void hear_of_refusal(struct netblock network, const struct ledger_page *page, uint64_t when)
{
  log_refusal(network, page, when, "relays");
}

static struct standing standing_in(const struct store_view *view, uint64_t when)
{
  return view->known ? ledger_standing(&view->page, when) : (struct standing){0};
}

static struct standing look(struct ip client)
{
  struct store_view view;
  uint64_t when = now();

  store_look(store, client, when, &view);
  return standing_in(&view, when);
}

static struct standing enter(struct ip client, const struct ledger_entry *entries, unsigned count)
{
  struct store_view view;
  uint64_t when = now();

  if (!store_count(store, client, entries, count, when, &view))
    return look(client);
  if (view.began)
    log_refusal(store_network(store, client), &view.page, when, NULL);
  return standing_in(&view, when);
}

void remember_open(const struct settings *settings)
{
  struct text file = text_in(status.file, sizeof(status.file));

  if (settings->state_directory.len == 0)
    return;
  status.state = REMEMBER_FINE;
  status.entries = settings->entries;
  text_add_quoted(&file, settings->state_directory, "");
  text_add(&file, "/ledger.mdb");
  store = store_open(&(struct store_options){.directory = settings->state_directory.at,
                                             .entries = settings->entries,
                                             .ipv4_prefix = settings->ipv4_prefix,
                                             .ipv6_prefix = settings->ipv6_prefix,
                                             .ledger = remember_ledger(settings),
                                             .note = log_note,
                                             .counted = sharing_counted,
                                             .set = sharing_set});
  if (store != NULL)
    sharing_open(store, hear_of_refusal);
}

bool remember_start(const struct settings *settings)
{
  struct ledger_settings ledger = remember_ledger(settings);

  if (store == NULL)
    return true;
  if (!store_start(store))
    return false;
  sharing_change(settings, &ledger);
  return true;
}

void remember_tune(const struct settings *settings)
{
  struct ledger_settings ledger = remember_ledger(settings);

  if (store == NULL)
    return;
  store_tune(store, &ledger);
  sharing_change(settings, &ledger);
}

void remember_serve(struct door_services *services)
{
  services->look = store == NULL ? NULL : look;
  services->enter = store == NULL ? NULL : enter;
}

struct store *remember_store(void)
{
  return store;
}

void remember_status(struct remember_status *out)
{
  pthread_mutex_lock(&lock);
  *out = status;
  pthread_mutex_unlock(&lock);
  out->networks = store == NULL ? 0 : store_networks(store);
}

void remember_sharing(struct remember_sharing *out)
{
  struct share_state state;
  struct text why;

  *out = (struct remember_sharing){.state = "off"};
  if (!sharing_state(&state) || !state.on)
    return;
  out->state = state.connected ? "connected" : "alone";
  out->since = (time_t)(state.since / 1000);
  out->sent = state.sent;
  out->learned = state.learned;
  out->lost = state.lost;
  why = text_in(out->why, sizeof(out->why));
  text_add_quoted(&why, span_from(state.error), "");
}

void remember_close(bool sessions_left)
{
  bool ended = sharing_close(sessions_left);

  if (sessions_left) {
    store_leave(store);
    return;
  }
  if (ended) /* else sharing's thread still has the store */
    store_close(store);
  store = NULL;
}
