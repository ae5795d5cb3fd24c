/*
 * Reload: read everything, then swap, or leave all as it was.
 */
#include "reload.h"
#include "options.h"
#include "remember.h"
#include "snapshot.h"

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

static bool differs(const struct option_entry *entry, const struct settings *now,
                    const struct settings *next)
{
  char memory[2][512];
  struct text values[2];

  for (size_t i = 0; i < 2; i++) {
    values[i] = text_in(memory[i], sizeof(memory[i]));
    option_add_value(&values[i], entry, i == 0 ? now : next);
  }
  return !span_equals(text_span(&values[0]), text_span(&values[1]));
}

/* Names what differs and was used up when the process started. */
static void log_restart_needed(const struct settings *now, const struct settings *next)
{
  for (enum option_id option = 0; option < OPTION_COUNT; option++) {
    const struct option_entry *entry = option_entry(option);

    if (entry->needs_restart && differs(entry, now, next))
      log_event(LOG_LEVEL_WARNING, "restart-needed", "setting", entry->path);
  }
}

static bool put_in_force(struct settings *next)
{
  const struct settings *now = snapshot_take();

  if (now != NULL)
    log_restart_needed(now, next);
  snapshot_release(now);
  return snapshot_replace(next);
}

bool reload_settings(const char *path)
{
  struct config_notes notes;
  const struct settings *now;
  struct settings next;
  struct log_line line;

  if (!config_load(path, &next, &notes)) {
    log_errors(&notes);
    return false;
  }
  reload_log_warnings(&notes);
  if (!put_in_force(&next)) {
    settings_free(&next);
    log_event(LOG_LEVEL_ERR, "reload-failed", "error", "not enough memory");
    return false;
  }
  now = snapshot_take();
  log_set_level(now->log_level);
  remember_tune(now);
  log_begin(&line, LOG_LEVEL_INFO, "reloaded");
  reload_log_policy(&line, &now->policy);
  log_end(&line);
  snapshot_release(now);
  return true;
}
