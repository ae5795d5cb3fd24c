/*
 * What status says, as a page.
 */
#include "ctl_values.h"
#include "page.h"

#include <stdio.h>

static void say_process(struct page *page, const cJSON *answer)
{
  char memory[CTL_LINE_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  ctl_add_count(&text, answer, "pid", "");
  page_say(page, "Process", text_span(&text));
}

static void say_sessions(struct page *page, const cJSON *answer)
{
  const cJSON *sessions = cJSON_GetObjectItemCaseSensitive(answer, "sessions");
  char memory[CTL_LINE_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  ctl_add_count(&text, sessions, "open", " open, ");
  ctl_add_count(&text, sessions, "served", " served");
  page_say(page, "Sessions", text_span(&text));
}

/* What went wrong last, on a line of its own. */
static void say_error(struct page *page, const cJSON *part)
{
  char memory[CTL_LINE_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  ctl_add_string(&text, part, "error");
  if (text.len > 0)
    page_say(page, "", text_span(&text));
}

static void say_store(struct page *page, const cJSON *answer)
{
  const cJSON *store = cJSON_GetObjectItemCaseSensitive(answer, "store");
  char memory[CTL_LINE_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  ctl_add_string(&text, store, "state");
  if (ctl_has(store, "file")) {
    text_add(&text, ": ");
    ctl_add_count(&text, store, "networks", " networks of at most ");
    ctl_add_count(&text, store, "networks-max", "");
    if (ctl_number(store, "lost") > 0) {
      text_add(&text, ", ");
      ctl_add_count(&text, store, "lost", " events lost");
    }
    text_add(&text, ", in ");
    ctl_add_string(&text, store, "file");
  }
  page_say(page, "Store", text_span(&text));
  say_error(page, store);
}

static void say_sharing(struct page *page, const cJSON *answer)
{
  const cJSON *sharing = cJSON_GetObjectItemCaseSensitive(answer, "sharing");
  char memory[CTL_LINE_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  ctl_add_string(&text, sharing, "state");
  if (ctl_has(sharing, "since")) {
    text_add(&text, " since ");
    ctl_add_time(&text, ctl_string(sharing, "since"), false);
  }
  if (ctl_has(sharing, "sent")) {
    text_add(&text, ": ");
    ctl_add_count(&text, sharing, "sent", " changes sent, ");
    ctl_add_count(&text, sharing, "learned", " refusals learned, ");
    ctl_add_count(&text, sharing, "lost", " lost");
  }
  page_say(page, "Sharing", text_span(&text));
  say_error(page, sharing);
}

static void say_configuration(struct page *page, const cJSON *answer)
{
  const cJSON *part = cJSON_GetObjectItemCaseSensitive(answer, "configuration");
  char memory[CTL_LINE_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  ctl_add_string(&text, part, "file");
  text_add(&text, ", mode ");
  ctl_add_string(&text, part, "mode");
  text_add(&text, ", in force since ");
  ctl_add_time(&text, ctl_string(part, "since"), false);
  page_say(page, "Settings", text_span(&text));
  if (!ctl_has(part, "error"))
    return;
  text_clear(&text);
  text_add(&text, "NOT reloaded ");
  ctl_add_time(&text, ctl_string(part, "reload-failed"), false);
  text_add(&text, ": ");
  ctl_add_string(&text, part, "error");
  page_say(page, "", text_span(&text));
}

static void show_decisions(const cJSON *answer)
{
  static const char *const columns[] = {"refused", "answered", "would-refuse", "exempt"};
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(answer, "decisions"), *row;

  if (cJSON_GetArraySize(list) == 0)
    return;
  printf("\n  %-22s", "Decisions by rule");
  for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
    printf("  %12s", columns[i]);
  putchar('\n');
  cJSON_ArrayForEach(row, list)
  {
    char memory[CTL_TIME_SIZE];
    struct text text = text_in(memory, sizeof(memory));

    ctl_add_string(&text, row, "rule");
    printf("    %-20s", memory);
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
      printf("  %12llu", ctl_number(row, columns[i]));
    putchar('\n');
  }
}

void ctl_show_status(const cJSON *answer)
{
  char name[CTL_TIME_SIZE], memory[CTL_LINE_SIZE];
  struct page page = {.count = 0};
  struct text title = text_in(name, sizeof(name)), text = text_in(memory, sizeof(memory));

  text_add(&title, "milter-strict ");
  ctl_add_string(&title, answer, "version");
  text_add(&text, "running since ");
  ctl_add_time(&text, ctl_string(answer, "since"), false);
  text_add(&text, ", for ");
  ctl_add_span(&text, ctl_number(answer, "seconds"));
  page_title(&page, name, memory);
  say_process(&page, answer);
  say_sessions(&page, answer);
  say_store(&page, answer);
  say_sharing(&page, answer);
  say_configuration(&page, answer);
  if (cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(answer, "decisions")) == 0)
    page_say_string(&page, "Decisions", "none yet");
  if (!page_print(&page))
    fputs("milter-strict ctl: memory is short\n", stderr);
  show_decisions(answer);
}
