/*
 * Tables and sentences for the answers of the daemon, line by line as they come.
 */
#include "ctl_show.h"

#include "ctl_values.h"
#include "tool.h"

#include <stdio.h>
#include <string.h>

enum { NETWORK_LEAST = 18, NETWORK_MOST = 43, RULE_WIDTH = 16 };

/* Refused networks */

static void show_row(const struct ctl_show *show, const cJSON *row)
{
  char memory[CTL_LINE_SIZE], time[CTL_TIME_SIZE], rule[CTL_TIME_SIZE];
  struct text network = text_in(memory, sizeof(memory)), until = text_in(time, sizeof(time)),
              name = text_in(rule, sizeof(rule));

  ctl_add_string(&network, row, "network");
  ctl_add_time(&until, ctl_string(row, "until"), true);
  ctl_add_string(&name, row, "rule");
  printf("%-*s  %-12s  ", show->network_width, memory, time);
  if (ctl_has(row, "points"))
    printf("%-*s %5llu %6llu %5llu %4llu %4llu", RULE_WIDTH, rule, ctl_number(row, "times"),
           ctl_number(row, "points"), ctl_number(row, "distinct"), ctl_number(row, "accepted"),
           ctl_number(row, "delivered"));
  else
    fputs(rule, stdout);
  if (strcmp(ctl_string(row, "action"), "refuse") != 0)
    printf("  (%s)", strcmp(ctl_string(row, "action"), "off") == 0 ? "off" : "monitor");
  putchar('\n');
}

static void show_rows(struct ctl_show *show)
{
  for (unsigned i = 0; i < show->count && !show->headed; i++) {
    size_t width = strlen(ctl_string(show->rows[i], "network"));

    if (width > (size_t)show->network_width && width <= NETWORK_MOST)
      show->network_width = (int)width;
  }
  if (!show->headed && show->count > 0)
    printf("%-*s  %-12s  %-*s %5s %6s %5s %4s %4s\n", show->network_width, "NETWORK", "UNTIL",
           RULE_WIDTH, "RULE", "TIMES", "POINTS", "WRONG", "GOOD", "SENT");
  show->headed = show->headed || show->count > 0;
  for (unsigned i = 0; i < show->count; i++) {
    show_row(show, show->rows[i]);
    cJSON_Delete(show->rows[i]);
  }
  show->count = 0;
}

static void show_rows_end(const cJSON *answer)
{
  unsigned long long shown = ctl_number(answer, "shown"), found = ctl_number(answer, "found");

  if (found == 0)
    puts("No network is refused.");
  else if (shown < found)
    printf("\n%llu of %llu networks.\n", shown, found);
  else
    printf("\n%llu network%s.\n", found, found == 1 ? "" : "s");
}

/* Changes */

static void print_list(const cJSON *answer, const char *name, const char *before)
{
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(answer, name), *item;
  char memory[CTL_LINE_SIZE];

  cJSON_ArrayForEach(item, list)
  {
    struct text text = text_in(memory, sizeof(memory));

    if (cJSON_IsString(item))
      text_add_quoted(&text, span_from(item->valuestring), "");
    printf("%s%s\n", before, memory);
  }
}

static void show_refuse(const cJSON *answer)
{
  char memory[CTL_LINE_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  ctl_add_string(&text, answer, "network");
  text_add(&text, " is refused for ");
  ctl_add_span(&text, ctl_number(answer, "seconds"));
  text_add(&text, ", until ");
  ctl_add_time(&text, ctl_string(answer, "until"), false);
  puts(memory);
  print_list(answer, "notes", "note: ");
}

static void show_forgive(const cJSON *answer)
{
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(answer, "still-refused"), *row;
  char memory[CTL_LINE_SIZE];
  struct text text = text_in(memory, sizeof(memory));
  unsigned long long forgiven = ctl_number(answer, "forgiven");

  ctl_add_string(&text, answer, "network");
  if (forgiven == 0) {
    text_add(&text, ": there was nothing to forgive");
  } else {
    text_add(&text, ": ");
    text_add_number(&text, forgiven);
    text_add(&text, forgiven == 1 ? " network forgiven" : " networks forgiven");
  }
  puts(memory);
  cJSON_ArrayForEach(row, list)
  {
    text_clear(&text);
    text_add(&text, "still refused: it lies in ");
    ctl_add_string(&text, row, "network");
    text_add(&text, ", refused until ");
    ctl_add_time(&text, ctl_string(row, "until"), false);
    text_add(&text, " by ");
    ctl_add_string(&text, row, "rule");
    puts(memory);
  }
}

static void show_reload(const cJSON *answer)
{
  bool changed = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(answer, "changed")) > 0;
  bool restart = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(answer, "restart-needed")) > 0;

  puts(changed || restart ? "The configuration was read again."
                          : "The configuration was read again; nothing has changed.");
  print_list(answer, "changed", "changed: ");
  print_list(answer, "restart-needed", "changed, needs a restart: ");
  print_list(answer, "warnings", "");
}

/* Lines */

/* An error, and the exit status that is made of its kind. */
static int show_error(const cJSON *answer)
{
  static const struct {
    const char *kind;
    int status;
  } kinds[] = {{"usage", TOOL_USAGE}, {"config", TOOL_BAD_CONFIG}, {"busy", TOOL_TRY_LATER}};
  const cJSON *errors = cJSON_GetObjectItemCaseSensitive(answer, "errors"), *item;
  char memory[CTL_LINE_SIZE];
  struct text text;

  if (cJSON_GetArraySize(errors) == 0) {
    text = text_in(memory, sizeof(memory));
    ctl_add_string(&text, answer, "error");
    fprintf(stderr, "milter-strict ctl: %s\n", memory);
  }
  cJSON_ArrayForEach(item, errors)
  {
    text = text_in(memory, sizeof(memory));
    text_add_quoted(&text, span_from(cJSON_IsString(item) ? item->valuestring : ""), "");
    fprintf(stderr, "%s\n", memory);
  }
  if (ctl_has(answer, "more"))
    fprintf(stderr, "and %llu more\n", ctl_number(answer, "more"));
  if (strcmp(ctl_string(answer, "kind"), "config") == 0)
    fputs("The configuration was NOT read again: the old one stays in force.\n", stderr);
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (strcmp(ctl_string(answer, "kind"), kinds[i].kind) == 0)
      return kinds[i].status;
  return TOOL_UNAVAILABLE;
}

static void show_ok(const cJSON *answer)
{
  static const struct {
    const char *command;
    void (*show)(const cJSON *answer);
  } commands[] = {{"status", ctl_show_status},
                  {"refused", show_rows_end},
                  {"refuse", show_refuse},
                  {"forgive", show_forgive},
                  {"reload", show_reload}};

  for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
    if (strcmp(ctl_string(answer, "command"), commands[i].command) == 0)
      commands[i].show(answer);
}

static void end_with(struct ctl_show *show, const cJSON *answer)
{
  bool good = strcmp(ctl_string(answer, "result"), "ok") == 0;

  show_rows(show);
  show->ended = true;
  show->status = TOOL_FINE;
  if (!good)
    show->status = show_error(answer);
  else if (!show->plain)
    show_ok(answer);
}

void ctl_show_begin(struct ctl_show *show, bool plain)
{
  *show = (struct ctl_show){.plain = plain, .network_width = NETWORK_LEAST};
}

void ctl_show_line(struct ctl_show *show, struct span line)
{
  cJSON *object = cJSON_ParseWithLength(line.at, line.len);

  if (!cJSON_IsObject(object)) {
    fputs("milter-strict ctl: whoever answers there is not milter-strict\n", stderr);
    show->ended = true;
    show->status = TOOL_UNAVAILABLE;
  } else {
    if (show->plain)
      printf("%.*s\n", (int)line.len, line.at); /* at most a megabyte */
    if (ctl_has(object, "result")) {
      end_with(show, object);
    } else if (!show->plain) {
      show->rows[show->count++] = object;
      object = NULL;
      if (show->headed || show->count == CTL_ROWS_AHEAD)
        show_rows(show);
    }
  }
  cJSON_Delete(object);
}

void ctl_show_end(struct ctl_show *show)
{
  show_rows(show);
}
