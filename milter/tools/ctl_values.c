/*
 * Values of the daemon's answers, and how people read them.
 */
#define _GNU_SOURCE /* strptime(), timegm() */
#include "ctl_values.h"

#include <time.h>

const char *ctl_string(const cJSON *object, const char *name)
{
  const char *string = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

  return string == NULL ? "" : string;
}

unsigned long long ctl_number(const cJSON *object, const char *name)
{
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

  return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 1e15
             ? (unsigned long long)item->valuedouble
             : 0;
}

bool ctl_has(const cJSON *object, const char *name)
{
  return cJSON_GetObjectItemCaseSensitive(object, name) != NULL;
}

void ctl_add_time(struct text *text, const char *rfc3339, bool brief)
{
  struct tm parts = {.tm_isdst = -1};
  const char *end = strptime(rfc3339, "%Y-%m-%dT%H:%M:%SZ", &parts);
  char memory[CTL_TIME_SIZE];
  size_t length = 0;
  time_t when;

  if (end == NULL || *end != '\0') {
    text_add_quoted(text, span_from(rfc3339), "");
    return;
  }
  when = timegm(&parts);
  if (localtime_r(&when, &parts) != NULL)
    length = brief ? strftime(memory, sizeof(memory), "%b %e %H:%M", &parts)
                   : strftime(memory, sizeof(memory), "%Y-%m-%d %H:%M:%S", &parts);
  text_add_span(text, (struct span){memory, length});
}

void ctl_add_span(struct text *text, unsigned long long seconds)
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

void ctl_add_count(struct text *text, const cJSON *object, const char *name, const char *words)
{
  text_add_number(text, ctl_number(object, name));
  text_add(text, words);
}

void ctl_add_string(struct text *text, const cJSON *object, const char *name)
{
  text_add_quoted(text, span_from(ctl_string(object, name)), "");
}
