/*
 * Reload: read everything, then swap, or leave all as it was.
 */
#include "reload.h"
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

/* Names what differs and was used up when the process started. */
static void log_restart_needed(const struct settings *now, const struct settings *next)
{
  const struct {
    const char *name;
    bool differs;
  } settings[] = {
      {"listen.milter", !span_equals(now->listen_milter, next->listen_milter)},
      {"listen.mode", now->listen_mode != next->listen_mode},
      {"listen.group", !span_equals(now->listen_group, next->listen_group)},
      {"listen.backlog", now->listen_backlog != next->listen_backlog},
      {"timeout", now->timeout != next->timeout},
      {"user", !span_equals(now->user, next->user)},
      {"group", !span_equals(now->group, next->group)},
      {"log.to", now->log_to != next->log_to},
      {"log.facility", now->log_facility != next->log_facility},
  };

  for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
    if (settings[i].differs)
      log_event(LOG_LEVEL_WARNING, "restart-needed", "setting", settings[i].name);
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
  log_begin(&line, LOG_LEVEL_INFO, "reloaded");
  reload_log_policy(&line, &now->policy);
  log_end(&line);
  snapshot_release(now);
  return true;
}
