/*
 * Tables and sentences for the answers of the daemon. Numbers and texts that are missing are shown
 * as 0 and "": a newer or older daemon may say more or less.
 */
#define _GNU_SOURCE /* strptime(), timegm() */
#include "ctl_show.h"

#include "../policy/text.h"
#include "page.h"
#include "tool.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NETWORK_LEAST = 18, NETWORK_MOST = 43, RULE_WIDTH = 16, TIME_SIZE = 64, LINE_SIZE = 600 };

/* Values */

static const char *string_of(const cJSON *object, const char *name)
{
  const char *string = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

  return string == NULL ? "" : string;
}

static unsigned long long number_of(const cJSON *object, const char *name)
{
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

  return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 1e15
             ? (unsigned long long)item->valuedouble
             : 0;
}

static bool has(const cJSON *object, const char *name)
{
  return cJSON_GetObjectItemCaseSensitive(object, name) != NULL;
}

/* Adds a time as people here have it; an unreadable one as it stands. */
static void add_time(struct text *text, const char *rfc3339, const char *format)
{
  struct tm parts = {.tm_isdst = -1};
  const char *end = strptime(rfc3339, "%Y-%m-%dT%H:%M:%SZ", &parts);
  char memory[TIME_SIZE];
  time_t when;

  if (end == NULL || *end != '\0') {
    text_add_quoted(text, span_from(rfc3339), "");
    return;
  }
  when = timegm(&parts);
  if (localtime_r(&when, &parts) != NULL && strftime(memory, sizeof(memory), format, &parts) > 0)
    text_add(text, memory);
}

static void add_long_time(struct text *text, const char *rfc3339)
{
  add_time(text, rfc3339, "%Y-%m-%d %H:%M:%S");
}

/* "3 d 4 h": the two greatest units. */
static void add_span_of_time(struct text *text, unsigned long long seconds)
{
  static const struct {
    unsigned seconds;
    const char *name;
  } units[] = {{86400, " d"}, {3600, " h"}, {60, " min"}, {1, " s"}};
  size_t first = 0;

  while (first < 3 && seconds < units[first].seconds)
    first++;
  text_add_number(text, seconds / units[first].seconds);
  text_add(text, units[first].name);
  seconds %= units[first].seconds;
  if (first == 3 || seconds / units[first + 1].seconds == 0)
    return;
  text_add_byte(text, ' ');
  text_add_number(text, seconds / units[first + 1].seconds);
  text_add(text, units[first + 1].name);
}

static void add_count(struct text *text, const cJSON *object, const char *name, const char *words)
{
  text_add_number(text, number_of(object, name));
  text_add(text, words);
}

/* Foreign text: a daemon is trusted with what it does, not with the terminal. */
static void add_string(struct text *text, const cJSON *object, const char *name)
{
  text_add_quoted(text, span_from(string_of(object, name)), "");
}

/* Status */

static void show_sessions(const cJSON *answer)
{
  const cJSON *sessions = cJSON_GetObjectItemCaseSensitive(answer, "sessions");
  char memory[LINE_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  add_count(&text, sessions, "open", " open, ");
  add_count(&text, sessions, "served", " served");
  page_say("Sessions", text_span(&text));
}

static void show_store(const cJSON *answer)
{
  const cJSON *store = cJSON_GetObjectItemCaseSensitive(answer, "store");
  char memory[LINE_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  add_string(&text, store, "state");
  if (has(store, "file")) {
    text_add(&text, ": ");
    add_count(&text, store, "networks", " networks of at most ");
    add_count(&text, store, "networks-max", "");
    if (number_of(store, "lost") > 0) {
      text_add(&text, ", ");
      add_count(&text, store, "lost", " events lost");
    }
    text_add(&text, ", in ");
    add_string(&text, store, "file");
  }
  page_say("Store", text_span(&text));
  text_clear(&text);
  add_string(&text, store, "error");
  if (text.len > 0)
    page_say("", text_span(&text));
}

static void show_sharing(const cJSON *answer)
{
  const cJSON *sharing = cJSON_GetObjectItemCaseSensitive(answer, "sharing");
  char memory[LINE_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  add_string(&text, sharing, "state");
  if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(sharing, "paused")))
    text_add(&text, ", left alone for a while after too many failures");
  if (has(sharing, "shared")) {
    text_add(&text, ": ");
    add_count(&text, sharing, "shared", " updates shared, ");
    add_count(&text, sharing, "lost", " lost");
  }
  page_say("Sharing", text_span(&text));
}

static void show_configuration(const cJSON *answer)
{
  const cJSON *part = cJSON_GetObjectItemCaseSensitive(answer, "configuration");
  char memory[LINE_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  add_string(&text, part, "file");
  text_add(&text, ", mode ");
  add_string(&text, part, "mode");
  text_add(&text, ", in force since ");
  add_long_time(&text, string_of(part, "since"));
  page_say("Settings", text_span(&text));
  if (!has(part, "error"))
    return;
  text_clear(&text);
  text_add(&text, "NOT reloaded ");
  add_long_time(&text, string_of(part, "reload-failed"));
  text_add(&text, ": ");
  add_string(&text, part, "error");
  page_say("", text_span(&text));
}

static void show_decisions(const cJSON *answer)
{
  static const char *const columns[] = {"refused", "answered", "would-refuse", "exempt"};
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(answer, "decisions"), *row;

  if (cJSON_GetArraySize(list) == 0) {
    page_say_string("Decisions", "none yet");
    return;
  }
  printf("\n  %-22s", "Decisions by rule");
  for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
    printf("  %12s", columns[i]);
  putchar('\n');
  cJSON_ArrayForEach(row, list)
  {
    char memory[TIME_SIZE];
    struct text text = text_in(memory, sizeof(memory));

    add_string(&text, row, "rule");
    printf("    %-20s", memory);
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
      printf("  %12llu", number_of(row, columns[i]));
    putchar('\n');
  }
}

static void show_status(const cJSON *answer)
{
  char name[TIME_SIZE], memory[LINE_SIZE];
  struct text title = text_in(name, sizeof(name)), text = text_in(memory, sizeof(memory));

  text_add(&title, "milter-strict ");
  add_string(&title, answer, "version");
  text_add(&text, "running since ");
  add_long_time(&text, string_of(answer, "since"));
  text_add(&text, ", for ");
  add_span_of_time(&text, number_of(answer, "seconds"));
  text_add(&text, ", process ");
  add_count(&text, answer, "pid", "");
  page_title(name, memory);
  show_sessions(answer);
  show_store(answer);
  show_sharing(answer);
  show_configuration(answer);
  show_decisions(answer);
}

/* Refused networks */

static void show_row(const struct ctl_show *show, const cJSON *row)
{
  char memory[LINE_SIZE], time[TIME_SIZE], rule[TIME_SIZE];
  struct text network = text_in(memory, sizeof(memory)), until = text_in(time, sizeof(time)),
              name = text_in(rule, sizeof(rule));

  add_string(&network, row, "network");
  add_time(&until, string_of(row, "until"), "%b %e %H:%M");
  add_string(&name, row, "rule");
  printf("%-*s  %-12s  %-*s", show->network_width, memory, time, RULE_WIDTH, rule);
  if (has(row, "points"))
    printf(" %5llu %6llu %5llu %4llu %4llu", number_of(row, "times"), number_of(row, "points"),
           number_of(row, "distinct"), number_of(row, "accepted"), number_of(row, "delivered"));
  if (strcmp(string_of(row, "action"), "refuse") != 0)
    printf("  (%s)", strcmp(string_of(row, "action"), "off") == 0 ? "off" : "monitor");
  putchar('\n');
}

static void show_rows(struct ctl_show *show)
{
  for (unsigned i = 0; i < show->count && !show->headed; i++) {
    size_t width = strlen(string_of(show->rows[i], "network"));

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
  unsigned long long shown = number_of(answer, "shown"), found = number_of(answer, "found");

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
  char memory[LINE_SIZE];

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
  char memory[LINE_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  add_string(&text, answer, "network");
  text_add(&text, " is refused for ");
  add_span_of_time(&text, number_of(answer, "seconds"));
  text_add(&text, ", until ");
  add_long_time(&text, string_of(answer, "until"));
  puts(memory);
  print_list(answer, "notes", "note: ");
}

static void show_forgive(const cJSON *answer)
{
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(answer, "still-refused"), *row;
  char memory[LINE_SIZE];
  struct text text = text_in(memory, sizeof(memory));
  unsigned long long forgiven = number_of(answer, "forgiven");

  add_string(&text, answer, "network");
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
    add_string(&text, row, "network");
    text_add(&text, ", refused until ");
    add_long_time(&text, string_of(row, "until"));
    text_add(&text, " by ");
    add_string(&text, row, "rule");
    puts(memory);
  }
}

static void show_reload(const cJSON *answer)
{
  bool changed = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(answer, "changed")) > 0;
  bool restart = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(answer, "restart-needed")) > 0;

  puts(changed || restart ? "The configuration was read again." :
                            "The configuration was read again; nothing has changed.");
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
  char memory[LINE_SIZE];
  struct text text;

  if (cJSON_GetArraySize(errors) == 0) {
    text = text_in(memory, sizeof(memory));
    add_string(&text, answer, "error");
    fprintf(stderr, "milter-strict ctl: %s\n", memory);
  }
  cJSON_ArrayForEach(item, errors)
  {
    text = text_in(memory, sizeof(memory));
    text_add_quoted(&text, span_from(cJSON_IsString(item) ? item->valuestring : ""), "");
    fprintf(stderr, "%s\n", memory);
  }
  if (has(answer, "more"))
    fprintf(stderr, "and %llu more\n", number_of(answer, "more"));
  if (strcmp(string_of(answer, "kind"), "config") == 0)
    fputs("The configuration was NOT read again: the old one stays in force.\n", stderr);
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (strcmp(string_of(answer, "kind"), kinds[i].kind) == 0)
      return kinds[i].status;
  return TOOL_UNAVAILABLE;
}

static void show_ok(const cJSON *answer)
{
  static const struct {
    const char *command;
    void (*show)(const cJSON *answer);
  } commands[] = {{"status", show_status},   {"refused", show_rows_end}, {"refuse", show_refuse},
                  {"forgive", show_forgive}, {"reload", show_reload}};

  for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
    if (strcmp(string_of(answer, "command"), commands[i].command) == 0)
      commands[i].show(answer);
}

static void end_with(struct ctl_show *show, const cJSON *answer)
{
  bool good = strcmp(string_of(answer, "result"), "ok") == 0;

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
      printf("%.*s\n", (int)line.len, line.at);
    if (has(object, "result")) {
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
