/*
 * The table of what logs tell.
 */
#include "tells.h"

static const struct {
  enum maillog_tells by[MAILLOG_MTA_COUNT];
  const char *why;
} rows[RULE_COUNT] = {
#define TELLS(rule, postfix, sendmail, words)                                                      \
  [RULE_##rule] = {{[MAILLOG_POSTFIX] = TELLS_##postfix, [MAILLOG_SENDMAIL] = TELLS_##sendmail},   \
                   words},
#include "tells.def"
#undef TELLS
};

enum maillog_tells maillog_tells(enum rule rule, enum maillog_mta mta)
{
  return rows[rule].by[mta];
}

const char *maillog_tells_why(enum rule rule)
{
  return rows[rule].why;
}

const char *maillog_tells_name(enum maillog_tells tells)
{
  static const char *const names[] = {
      [TELLS_NOT] = "cannot be told", [TELLS_PARTLY] = "partly", [TELLS_SEEN] = "seen"};

  return names[tells];
}
