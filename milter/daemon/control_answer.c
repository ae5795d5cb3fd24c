/*
 * JSON for operators, made with cJSON, which alone escapes here. What came from outside stands in
 * it only after text_add_quoted() or as a value of ours, so all of it is ASCII.
 */
#include "control_answer.h"

#include "../policy/probing.h"
#include "remember.h"
#include "report.h"
#include "snapshot.h"
#include "version.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool write_string(const struct door_sink *sink, const char *string)
{
  return sink->write(sink->context, span_from(string));
}

/* Writes the object as a line, and frees it. A member for which there was no memory is not there;
 * without memory for the line the answer is an error. */
static bool write_line(const struct door_sink *sink, cJSON *object)
{
  char *line = cJSON_PrintUnformatted(object);

  cJSON_Delete(object);
  if (line == NULL)
    return write_string(
        sink, "{\"result\":\"error\",\"kind\":\"busy\",\"error\":\"not enough memory\"}\n");
  (void)write_string(sink, line);
  cJSON_free(line);
  return write_string(sink, "\n");
}

static cJSON *begin(const char *result)
{
  cJSON *object = cJSON_CreateObject();

  cJSON_AddStringToObject(object, "result", result);
  return object;
}

static cJSON *begin_ok(enum control_command command)
{
  cJSON *object = begin("ok");

  cJSON_AddStringToObject(object, "command", control_command_name(command));
  return object;
}

static void add_number(cJSON *object, const char *name, unsigned long long number)
{
  cJSON_AddNumberToObject(object, name, (double)number);
}

static void add_time(cJSON *object, const char *name, time_t when)
{
  struct tm parts;
  char memory[32];

  if (gmtime_r(&when, &parts) != NULL &&
      strftime(memory, sizeof(memory), "%Y-%m-%dT%H:%M:%SZ", &parts) > 0)
    cJSON_AddStringToObject(object, name, memory);
}

static void add_network(cJSON *object, struct netblock network)
{
  char memory[IP_TEXT_SIZE + 8];
  struct text text = text_in(memory, sizeof(memory));

  netblock_write(&text, network);
  cJSON_AddStringToObject(object, "network", memory);
}

static void add_item(cJSON *list, const char *string)
{
  cJSON *item = cJSON_CreateString(string);

  if (!cJSON_AddItemToArray(list, item))
    cJSON_Delete(item);
}

bool answer_error(const struct door_sink *sink, enum control_error kind, const char *error)
{
  static const char *const kinds[] = {
#define KIND(name, word) [CONTROL_ERROR_##name] = word,
      CONTROL_ERRORS(KIND)
#undef KIND
  };
  cJSON *object = begin("error");

  cJSON_AddStringToObject(object, "kind", kinds[kind]);
  cJSON_AddStringToObject(object, "error", error);
  return write_line(sink, object);
}

/* Status */

static void add_decisions(cJSON *object, const struct report_counts *counts)
{
  cJSON *list = cJSON_AddArrayToObject(object, "decisions");

  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    unsigned long long sum = 0;
    cJSON *row;

    for (size_t i = 0; i < REPORT_DECISION_COUNT; i++)
      sum += counts->decisions[rule][i];
    row = sum == 0 ? NULL : cJSON_CreateObject();
    if (row == NULL)
      continue;
    cJSON_AddStringToObject(row, "rule", rule_entry(rule)->name);
    for (enum report_decision i = 0; i < REPORT_DECISION_COUNT; i++)
      add_number(row, report_decision_name(i), counts->decisions[rule][i]);
    if (!cJSON_AddItemToArray(list, row))
      cJSON_Delete(row);
  }
}

static void add_store(cJSON *object)
{
  static const char *const states[] = {
      [REMEMBER_OFF] = "off", [REMEMBER_FINE] = "fine", [REMEMBER_FAILING] = "failing"};
  cJSON *store = cJSON_AddObjectToObject(object, "store");
  struct remember_status status;

  remember_status(&status);
  cJSON_AddStringToObject(store, "state", states[status.state]);
  if (status.why[0] != '\0')
    cJSON_AddStringToObject(store, "error", status.why);
  if (status.state == REMEMBER_OFF)
    return;
  cJSON_AddStringToObject(store, "file", status.file);
  add_number(store, "networks", status.networks);
  add_number(store, "networks-max", status.entries);
  add_number(store, "lost", status.lost);
}

static void add_sharing(cJSON *object)
{
  cJSON *sharing = cJSON_AddObjectToObject(object, "sharing");
  struct remember_sharing status;

  remember_sharing(&status);
  cJSON_AddStringToObject(sharing, "state", status.state);
  if (strcmp(status.state, "off") == 0)
    return;
  if (status.since > 0)
    add_time(sharing, "since", status.since);
  add_number(sharing, "sent", status.sent);
  add_number(sharing, "learned", status.learned);
  add_number(sharing, "lost", status.lost);
  if (status.why[0] != '\0')
    cJSON_AddStringToObject(sharing, "error", status.why);
}

static void add_configuration(cJSON *object)
{
  cJSON *part = cJSON_AddObjectToObject(object, "configuration");
  const struct settings *settings = snapshot_take();
  struct reload_state state;

  reload_state(&state);
  if (state.file[0] != '\0')
    cJSON_AddStringToObject(part, "file", state.file);
  if (settings != NULL)
    cJSON_AddStringToObject(part, "mode",
                            settings->policy.mode == POLICY_MONITOR ? "monitor" : "enforce");
  snapshot_release(settings);
  add_time(part, "since", state.loaded);
  if (state.failed == 0)
    return;
  add_time(part, "reload-failed", state.failed);
  cJSON_AddStringToObject(part, "error", state.error);
}

bool answer_status(const struct door_sink *sink)
{
  cJSON *object = begin_ok(CONTROL_STATUS), *sessions;
  struct report_counts counts;
  struct reload_state state;

  report_count(&counts);
  reload_state(&state);
  cJSON_AddStringToObject(object, "version", VERSION);
  add_number(object, "pid", (unsigned long long)getpid());
  add_time(object, "since", state.started);
  add_number(object, "seconds", (unsigned long long)(time(NULL) - state.started));
  sessions = cJSON_AddObjectToObject(object, "sessions");
  add_number(sessions, "open", counts.sessions_open);
  add_number(sessions, "served", counts.sessions_served);
  add_decisions(object, &counts);
  add_store(object);
  add_sharing(object);
  add_configuration(object);
  return write_line(sink, object);
}

/* Networks */

/* What the rule says of those whom it is about. */
static enum rule_action action_of(enum rule rule)
{
  const struct settings *settings = snapshot_take();
  enum rule_action action = ACTION_REFUSE;

  if (settings != NULL)
    action = settings->policy.rules[rule].action == ACTION_REFUSE &&
                     settings->policy.mode == POLICY_MONITOR
                 ? ACTION_MONITOR
                 : settings->policy.rules[rule].action;
  snapshot_release(settings);
  return action;
}

static void add_refusal(cJSON *object, const struct control_row *row, uint64_t now)
{
  enum rule rule = probing_rule(row->cause);

  add_network(object, row->network);
  cJSON_AddStringToObject(object, "rule", rule_entry(rule)->name);
  cJSON_AddStringToObject(object, "action", rule_action_name(action_of(rule), 0));
  add_time(object, "since", (time_t)(row->since / 1000));
  add_time(object, "until", (time_t)(row->until / 1000));
  add_number(object, "seconds", row->until > now ? (row->until - now + 999) / 1000 : 0);
  if (row->cause == LEDGER_CAUSE_OPERATOR)
    return;
  add_number(object, "times", row->times);
  add_number(object, "points", row->evidence.points);
  add_number(object, "distinct", row->evidence.distinct);
  add_number(object, "accepted", row->evidence.accepted);
  add_number(object, "delivered", row->evidence.delivered);
}

bool answer_row(const struct door_sink *sink, const struct control_row *row, uint64_t now)
{
  cJSON *object = cJSON_CreateObject();

  add_refusal(object, row, now);
  return write_line(sink, object);
}

bool answer_rows_end(const struct door_sink *sink, const struct control_list *list)
{
  cJSON *object = begin_ok(CONTROL_REFUSED);

  add_number(object, "shown", list->count);
  add_number(object, "found", list->found);
  return write_line(sink, object);
}

/* How far it goes when it goes very far; NULL otherwise. */
static const char *breadth_of(struct netblock network)
{
  if (network.bits == 0)
    return "these are all clients with an IPv6 address";
  return network.bits == 96 && ip_is_v4(network.base) ? "these are all clients with an IPv4 address"
                                                      : NULL;
}

/* What an operator may not expect: how far it goes, and what keeps it from being spoken. */
static void add_notes(cJSON *object, struct netblock network)
{
  enum rule_action action = action_of(RULE_CLIENT_REFUSED);
  cJSON *list = cJSON_AddArrayToObject(object, "notes");
  const struct settings *settings = snapshot_take();
  const char *breadth = breadth_of(network);
  bool exempt = false;

  if (breadth != NULL)
    add_item(list, breadth);
  for (size_t i = 0; settings != NULL && i < settings->policy.exempt_network_count; i++)
    exempt = exempt || netblocks_overlap(settings->policy.exempt_networks[i], network);
  if (exempt)
    add_item(list, "clients in exempt.networks are not refused");
  if (action == ACTION_MONITOR)
    add_item(list, "it is only noticed: the mode, or the rule client-refused, is \"monitor\"");
  if (action == ACTION_OFF)
    add_item(list, "it has no effect: the rule client-refused is \"off\"");
  snapshot_release(settings);
}

bool answer_refuse(const struct door_sink *sink, const struct control_request *request,
                   uint64_t now)
{
  cJSON *object = begin_ok(CONTROL_REFUSE);

  add_network(object, request->network);
  add_number(object, "seconds", request->seconds);
  add_time(object, "until", (time_t)(now / 1000 + request->seconds));
  add_notes(object, request->network);
  return write_line(sink, object);
}

bool answer_forgive(const struct door_sink *sink, const struct control_request *request,
                    unsigned forgiven, const struct control_list *wider, uint64_t now)
{
  cJSON *object = begin_ok(CONTROL_FORGIVE), *list;

  add_network(object, request->network);
  add_number(object, "forgiven", forgiven);
  list = cJSON_AddArrayToObject(object, "still-refused");
  for (size_t i = 0; i < wider->count; i++) {
    cJSON *row = cJSON_CreateObject();

    add_refusal(row, &wider->rows[i], now);
    if (!cJSON_AddItemToArray(list, row))
      cJSON_Delete(row);
  }
  return write_line(sink, object);
}

/* Reload */

static void add_warnings(cJSON *object, const struct config_notes *notes)
{
  cJSON *list = cJSON_AddArrayToObject(object, notes->errors > 0 ? "errors" : "warnings");
  unsigned found = notes->errors + notes->warnings;

  for (unsigned i = 0; i < notes->count; i++)
    add_item(list, notes->note[i].text);
  if (found > notes->count)
    add_number(object, "more", found - notes->count);
}

static void add_changes(cJSON *object, const struct reload_report *report)
{
  cJSON *changed = cJSON_AddArrayToObject(object, "changed");
  cJSON *restart = cJSON_AddArrayToObject(object, "restart-needed");
  char rule_path[64];

  for (enum option_id option = 0; option < OPTION_COUNT; option++)
    if (report->changed[option])
      add_item(option_entry(option)->needs_restart ? restart : changed, option_entry(option)->path);
  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    struct text path = text_in(rule_path, sizeof(rule_path));

    text_add(&path, "rules.");
    text_add(&path, rule_entry(rule)->name);
    if (report->changed_rules[rule])
      add_item(changed, rule_path);
  }
}

bool answer_reload(const struct door_sink *sink, const struct reload_report *report)
{
  cJSON *object;

  if (report->good) {
    object = begin_ok(CONTROL_RELOAD);
    add_changes(object, report);
  } else {
    object = begin("error");
    cJSON_AddStringToObject(object, "kind", "config");
    cJSON_AddStringToObject(object, "error", report->notes.note[0].text);
  }
  add_warnings(object, &report->notes);
  return write_line(sink, object);
}
