/*
 * Reload: read everything, then swap, or leave all as it was.
 */
#include "reload.h"
#include "remember.h"
#include "snapshot.h"

#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of `state` */
static struct reload_state state;

void reload_log_policy(struct log_line *line, const struct policy *policy)
{
  static const enum rule_action actions[] = {ACTION_REFUSE, ACTION_MONITOR, ACTION_OFF};

  log_string(line, "mode", policy->mode == POLICY_MONITOR ? "monitor" : "enforce");
  log_number(line, "rules", RULE_COUNT);
  for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
    unsigned count = 0;

    for (size_t rule = 0; rule < RULE_COUNT; rule++)
      count += policy->rules[rule].action == actions[i];
    log_number(line, rule_action_name(actions[i], 0), count);
  }
}

void reload_log_warnings(const struct config_notes *notes)
{
  for (unsigned i = 0; i < notes->count; i++)
    if (notes->note[i].warning)
      log_event(LOG_LEVEL_WARNING, "config-warning", "warning", notes->note[i].text);
}

static void log_errors(const struct config_notes *notes)
{
  struct log_line line;
  unsigned logged = 0;

  for (unsigned i = 0; i < notes->count; i++) {
    if (notes->note[i].warning)
      continue;
    log_event(LOG_LEVEL_ERR, "reload-failed", "error", notes->note[i].text);
    logged++;
  }
  if (logged == notes->errors && logged > 0)
    return;
  log_begin(&line, LOG_LEVEL_ERR, "reload-failed");
  log_number(&line, "more-errors", notes->errors - logged);
  log_end(&line);
}

static bool names_differ(struct names now, struct names next)
{
  bool same = now.count == next.count;

  for (size_t i = 0; same && i < now.count; i++)
    same = span_equals(now.list[i], next.list[i]);
  return !same;
}

static bool networks_differ(const struct policy *now, const struct policy *next)
{
  size_t count = now->exempt_network_count;

  return count != next->exempt_network_count ||
         (count > 0 && memcmp(now->exempt_networks, next->exempt_networks,
                              count * sizeof(struct netblock)) != 0);
}

/* Of any option that is not a list. */
static bool value_differs(const struct option_entry *entry, const struct settings *now,
                          const struct settings *next)
{
  char memory[2][4096];
  struct text values[2];

  for (size_t i = 0; i < 2; i++) {
    values[i] = text_in(memory[i], sizeof(memory[i]));
    option_add_value(&values[i], entry, i == 0 ? now : next);
  }
  return !span_equals(text_span(&values[0]), text_span(&values[1]));
}

static bool differs(const struct option_entry *entry, const struct settings *now,
                    const struct settings *next)
{
  struct names names[2];

  if (entry->kind == KIND_NETWORKS)
    return networks_differ(&now->policy, &next->policy);
  if (entry->kind != KIND_HOSTS && entry->kind != KIND_WORDS && entry->kind != KIND_LOCAL_PARTS)
    return value_differs(entry, now, next);
  memcpy(&names[0], (const char *)now + entry->offset, sizeof(names[0]));
  memcpy(&names[1], (const char *)next + entry->offset, sizeof(names[1]));
  return names_differ(names[0], names[1]);
}

static bool rule_differs(const struct rule_setting *now, const struct rule_setting *next)
{
  bool same = now->action == next->action && now->status.code == next->status.code &&
              strcmp(now->status.enhanced, next->status.enhanced) == 0 &&
              now->limit == next->limit && span_equals(now->text, next->text) &&
              !names_differ(now->names, next->names);

  return !same;
}

/* Notes what differs, and names what was used up when the process started. */
static void compare(const struct settings *now, const struct settings *next,
                    struct reload_report *out)
{
  for (enum option_id option = 0; option < OPTION_COUNT; option++) {
    const struct option_entry *entry = option_entry(option);

    out->changed[option] = differs(entry, now, next);
    if (!out->changed[option] || !entry->needs_restart)
      continue;
    out->restarts++;
    log_event(LOG_LEVEL_WARNING, "restart-needed", "setting", entry->path);
  }
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    out->changed_rules[rule] = rule_differs(&now->policy.rules[rule], &next->policy.rules[rule]);
}

static bool put_in_force(struct settings *next, struct reload_report *out)
{
  const struct settings *now = snapshot_take();

  if (now != NULL)
    compare(now, next, out);
  snapshot_release(now);
  return snapshot_replace(next);
}

void reload_begin(const char *path)
{
  struct text file = text_in(state.file, sizeof(state.file));

  pthread_mutex_lock(&lock);
  text_add_quoted(&file, span_from(path == NULL ? CONFIG_DEFAULT_FILE : path), "");
  state.started = state.loaded = time(NULL);
  pthread_mutex_unlock(&lock);
}

static void note_success(void)
{
  pthread_mutex_lock(&lock);
  state.loaded = time(NULL);
  state.failed = 0;
  pthread_mutex_unlock(&lock);
}

void reload_state(struct reload_state *out)
{
  pthread_mutex_lock(&lock);
  *out = state;
  pthread_mutex_unlock(&lock);
}

static void note_failure(const struct config_notes *notes)
{
  pthread_mutex_lock(&lock);
  state.failed = time(NULL);
  memcpy(state.error, notes->note[0].text, sizeof(state.error));
  pthread_mutex_unlock(&lock);
}

static void fail_for_memory(struct reload_report *out)
{
  static const char why[] = "not enough memory";

  out->notes = (struct config_notes){.errors = 1, .count = 1};
  memcpy(out->notes.note[0].text, why, sizeof(why));
  log_errors(&out->notes);
  note_failure(&out->notes);
}

void reload_settings(const char *path, struct reload_report *out)
{
  const struct settings *now;
  struct settings next;
  struct log_line line;

  *out = (struct reload_report){.good = false};
  if (!config_load(path, &next, &out->notes)) {
    log_errors(&out->notes);
    note_failure(&out->notes);
    return;
  }
  reload_log_warnings(&out->notes);
  if (!put_in_force(&next, out)) {
    settings_free(&next);
    fail_for_memory(out);
    return;
  }
  out->good = true;
  note_success();
  now = snapshot_take();
  log_set_level(now->log_level);
  remember_tune(now);
  log_begin(&line, LOG_LEVEL_INFO, "reloaded");
  reload_log_policy(&line, &now->policy);
  log_end(&line);
  snapshot_release(now);
}
