/*
 * What the files that show answers have in common: values out of JSON, and how they are written.
 * What is missing is 0 or "": a newer or older daemon may say more or less.
 */
#ifndef MILTER_STRICT_CTL_VALUES_H
#define MILTER_STRICT_CTL_VALUES_H

#include "../policy/text.h"

#include <cjson/cJSON.h>

enum { CTL_TIME_SIZE = 64, CTL_LINE_SIZE = 600 }; /* bytes of what is written */

const char *ctl_string(const cJSON *object, const char *name);
unsigned long long ctl_number(const cJSON *object, const char *name);
bool ctl_has(const cJSON *object, const char *name);

/* Adds a time as people here have it, with or without year and seconds; an unreadable one as it
 * stands. */
void ctl_add_time(struct text *text, const char *rfc3339, bool brief);

/* Adds "3 d 4 h": the two greatest units. */
void ctl_add_span(struct text *text, unsigned long long seconds);

/* Adds a number and words behind it. */
void ctl_add_count(struct text *text, const cJSON *object, const char *name, const char *words);

/* Adds foreign text: a daemon is trusted with what it does, not with the terminal. */
void ctl_add_string(struct text *text, const cJSON *object, const char *name);

/* The answer to status, as a page. */
void ctl_show_status(const cJSON *answer);

#endif
