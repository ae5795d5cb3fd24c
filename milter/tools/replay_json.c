/*
 * The report for programs: one object. Foreign bytes are escaped as everywhere, so that it is plain
 * ASCII.
 */
#include "replay.h"

#include <cjson/cJSON.h>
#include <stdio.h>

static void add_number(cJSON *to, const char *name, uint64_t number)
{
  cJSON_AddNumberToObject(to, name, (double)number);
}

static void add_time(cJSON *to, const char *name, uint64_t when)
{
  char text[REPLAY_TIME_SIZE];

  replay_time(when, text);
  cJSON_AddStringToObject(to, name, text);
}

static void add_shown(cJSON *to, const char *name, const char *string)
{
  char memory[512];
  struct text text = text_in(memory, sizeof(memory));

  text_add_quoted(&text, span_from(string), "");
  cJSON_AddStringToObject(to, name, text.at);
}

static void add_text(cJSON *to, const char *name, const char *string)
{
  if (string[0] != '\0')
    cJSON_AddStringToObject(to, name, string);
}

static void add_top(cJSON *to, const char *name, const struct top *top)
{
  cJSON *list = cJSON_AddArrayToObject(to, name);
  struct top sorted = *top;

  top_sort(&sorted);
  for (unsigned i = 0; i < sorted.used; i++) {
    cJSON *row = cJSON_CreateObject();

    cJSON_AddStringToObject(row, "name", sorted.rows[i].name);
    add_number(row, "count", sorted.rows[i].count);
    add_number(row, "error", sorted.rows[i].error);
    cJSON_AddItemToArray(list, row);
  }
}

static void add_example(const struct replay *replay, cJSON *list,
                        const struct replay_example *example)
{
  cJSON *row = cJSON_CreateObject();

  cJSON_AddBoolToObject(row, "delivered", example->delivered);
  add_shown(row, "file", replay->reading.files[example->place.file].name);
  add_number(row, "line", example->place.line);
  add_time(row, "time", example->when);
  add_text(row, "queue-id", example->queue_id);
  add_text(row, "client", example->client);
  add_text(row, "sender", example->sender);
  add_text(row, "recipient", example->recipient);
  add_text(row, "said", example->said);
  if (example->helo_before)
    cJSON_AddBoolToObject(row, "said-before", true);
  if (example->fault != FAULT_NONE)
    cJSON_AddStringToObject(row, "fault", fault_text((enum fault_kind)example->fault));
  cJSON_AddItemToArray(list, row);
}

static void add_rule(const struct replay *replay, cJSON *list, const struct replay_side *side,
                     enum rule rule)
{
  const struct replay_rule *row = &side->tally->rules[rule];
  const struct rule_setting *setting = &side->settings.policy.rules[rule];
  cJSON *object = cJSON_CreateObject(), *examples;

  cJSON_AddStringToObject(object, "rule", rule_entry(rule)->name);
  cJSON_AddStringToObject(object, "action",
                          rule_action_name(setting->action, setting->status.code));
  add_number(object, "refused", row->refused);
  add_number(object, "refused-delivered", row->refused_delivered);
  add_number(object, "watched", row->watched);
  add_number(object, "watched-delivered", row->watched_delivered);
  add_number(object, "exempt", row->exempt);
  cJSON_AddStringToObject(object, "log-tells", maillog_tells_name(replay_tells(replay, rule)));
  add_text(object, "why-not-more", maillog_tells_why(rule));
  add_top(object, "clients", &row->clients);
  add_top(object, "sender-domains", &row->senders);
  examples = cJSON_AddArrayToObject(object, "examples");
  for (unsigned i = 0; i < row->example_count; i++)
    add_example(replay, examples, &row->examples[i]);
  cJSON_AddItemToArray(list, object);
}

static void add_side(const struct replay *replay, cJSON *list, const struct replay_side *side)
{
  cJSON *object = cJSON_CreateObject(), *rules;

  add_shown(object, "policy", side->name);
  add_number(object, "messages-refused", side->tally->messages);
  add_number(object, "commands-refused", side->tally->commands);
  add_number(object, "delivered-refused", side->tally->delivered);
  add_number(object, "delivered-watched", side->tally->watched_delivered);
  add_number(object, "probing", side->judge.probing);
  add_number(object, "networks-forgotten", side->judge.forgotten);
  rules = cJSON_AddArrayToObject(object, "rules");
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    add_rule(replay, rules, side, rule);
  cJSON_AddItemToArray(list, object);
}

static void add_log(const struct replay *replay, cJSON *to)
{
  const struct maillog_totals *totals = maillog_totals(replay->joiner);
  cJSON *files = cJSON_AddArrayToObject(to, "files");

  for (unsigned i = 0; i < replay->reading.count; i++) {
    cJSON *file = cJSON_CreateObject();

    add_shown(file, "name", replay->reading.files[i].name);
    cJSON_AddBoolToObject(file, "damaged", replay->reading.files[i].damaged);
    cJSON_AddItemToArray(files, file);
  }
  if (replay->first != 0) {
    add_time(to, "from", replay->first);
    add_time(to, "to", replay->last);
  }
  add_number(to, "lines", replay->reading.lines);
  add_number(to, "bytes", replay->reading.bytes);
  add_number(to, "lines-postfix", totals->by_mta[MAILLOG_POSTFIX]);
  add_number(to, "lines-sendmail", totals->by_mta[MAILLOG_SENDMAIL]);
  add_number(to, "lines-ours", totals->ours);
  add_number(to, "lines-strange", replay->reading.strange);
  add_number(to, "lines-stray", replay->reading.strays);
  add_number(to, "lines-repeated", replay->reading.repeated);
  add_number(to, "lines-cut", replay->reading.cut);
  add_number(to, "sessions", totals->sessions);
  add_number(to, "messages", totals->messages);
  add_number(to, "passed-on", totals->passed_on);
  add_number(to, "delivered", totals->delivered);
  add_number(to, "refused-by-server", totals->refused);
  add_number(to, "refused-by-milter", totals->refused_by_milter);
  add_number(to, "screened", totals->screened);
  add_number(to, "sessions-cut", totals->cut_sessions);
  add_number(to, "messages-forgotten", totals->cut_messages);
  add_number(to, "steps-lost", totals->lost_steps);
}

bool replay_report_json(const struct replay *replay)
{
  cJSON *report = cJSON_CreateObject(), *sides;
  char *text;

  add_log(replay, cJSON_AddObjectToObject(report, "log"));
  sides = cJSON_AddArrayToObject(report, "policies");
  for (unsigned i = 0; i < replay->sides; i++)
    add_side(replay, sides, &replay->side[i]);
  if (replay->sides > 1)
    add_number(report, "refused-by-both", replay->both);
  text = cJSON_Print(report);
  cJSON_Delete(report);
  if (text == NULL)
    return false;
  puts(text);
  cJSON_free(text);
  return true;
}
