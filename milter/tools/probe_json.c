/*
 * A probe's report as JSON.
 */
#include "probe.h"

#include <cjson/cJSON.h>

static bool add_rules(cJSON *to, const struct probe_check_entry *entry)
{
  cJSON *rules = cJSON_AddArrayToObject(to, "rules");

  for (size_t i = 0; entry->rules[i] != RULE_NONE && rules != NULL; i++)
    if (!cJSON_AddItemToArray(rules, cJSON_CreateString(rule_entry(entry->rules[i])->name)))
      return false;
  return rules != NULL;
}

static bool add_line(cJSON *lines, const struct probe_line *line)
{
  static const char *const sides[] = {
      [PROBE_SIDE_CLIENT] = "client", [PROBE_SIDE_SERVER] = "server", [PROBE_SIDE_EVENT] = "event"};
  char memory[PROBE_TRANSCRIPT_SIZE];
  struct text text = text_in(memory, sizeof(memory));
  cJSON *object = cJSON_CreateObject();

  text_add_span(&text, line->text);
  if (cJSON_AddItemToArray(lines, object))
    return cJSON_AddStringToObject(object, "from", sides[line->side]) != NULL &&
           cJSON_AddStringToObject(object, "text", memory) != NULL;
  cJSON_Delete(object);
  return false;
}

static bool add_transcript(cJSON *to, const struct probe_result *result)
{
  struct span rest = text_span(&result->transcript);
  cJSON *lines = cJSON_AddArrayToObject(to, "transcript");
  struct probe_line line;

  while (lines != NULL && probe_line_next(&rest, &line))
    if (!add_line(lines, &line))
      return false;
  return lines != NULL && cJSON_AddBoolToObject(to, "transcript-cut", result->transcript.cut);
}

static bool add_remedy(cJSON *to, const char *remedy)
{
  return (remedy != NULL ? cJSON_AddStringToObject(to, "remedy", remedy)
                         : cJSON_AddNullToObject(to, "remedy")) != NULL;
}

static bool add_result(cJSON *checks, const struct probe_result *result)
{
  const struct probe_check_entry *entry = probe_check_entry(result->check);
  cJSON *object = cJSON_CreateObject();

  if (!cJSON_AddItemToArray(checks, object)) {
    cJSON_Delete(object);
    return false;
  }
  return cJSON_AddStringToObject(object, "id", entry->name) != NULL &&
         cJSON_AddStringToObject(object, "area", probe_area_name(entry->area)) != NULL &&
         cJSON_AddStringToObject(object, "status", probe_status_name(result->status)) != NULL &&
         cJSON_AddStringToObject(object, "severity", probe_severity_name(entry->severity)) !=
             NULL &&
         cJSON_AddStringToObject(object, "title", entry->title) != NULL &&
         cJSON_AddStringToObject(object, "note", result->note) != NULL &&
         cJSON_AddStringToObject(object, "reason", entry->reason) != NULL &&
         cJSON_AddStringToObject(object, "source", entry->source) != NULL &&
         add_remedy(object, result->remedy) && add_rules(object, entry) &&
         cJSON_AddNumberToObject(object, "milliseconds", result->milliseconds) != NULL &&
         add_transcript(object, result);
}

static bool add_others(cJSON *to, const struct probe_report *report)
{
  cJSON *others = cJSON_AddArrayToObject(to, "others");

  for (size_t i = 0; i < report->other_count && others != NULL; i++)
    if (!cJSON_AddItemToArray(others, cJSON_CreateString(report->others[i])))
      return false;
  return others != NULL;
}

static bool add_head(cJSON *root, const struct probe_report *report)
{
  cJSON *totals;

  if (cJSON_AddStringToObject(root, "host", report->host) == NULL ||
      cJSON_AddNumberToObject(root, "port", report->port) == NULL ||
      cJSON_AddStringToObject(root, "address", report->address) == NULL ||
      !add_others(root, report) ||
      cJSON_AddNumberToObject(root, "when", (double)report->when) == NULL ||
      cJSON_AddNumberToObject(root, "milliseconds", report->milliseconds) == NULL ||
      cJSON_AddStringToObject(root, "server", probe_server_name(report->server)) == NULL ||
      cJSON_AddStringToObject(root, "greeting", report->greeting) == NULL ||
      cJSON_AddStringToObject(root, "ended", report->ended) == NULL ||
      cJSON_AddNumberToObject(root, "commands", report->commands) == NULL ||
      cJSON_AddNumberToObject(root, "connections", report->connections) == NULL ||
      cJSON_AddNumberToObject(root, "received", (double)report->received) == NULL)
    return false;
  totals = cJSON_AddObjectToObject(root, "totals");
  for (enum probe_status status = 0; status < PROBE_STATUS_COUNT && totals != NULL; status++)
    if (cJSON_AddNumberToObject(totals, probe_status_name(status), report->totals[status]) == NULL)
      return false;
  return totals != NULL;
}

bool probe_print_json(FILE *to, const struct probe_report *report)
{
  cJSON *root = cJSON_CreateObject(), *checks = NULL;
  bool whole = root != NULL && add_head(root, report);
  char *text = NULL;

  if (whole)
    checks = cJSON_AddArrayToObject(root, "checks");
  whole = checks != NULL;
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT && whole; check++)
    whole = add_result(checks, &report->results[check]);
  if (whole)
    text = cJSON_Print(root);
  if (text != NULL)
    fprintf(to, "%s\n", text);
  cJSON_free(text);
  cJSON_Delete(root);
  return text != NULL;
}
