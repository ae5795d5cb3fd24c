/*
 * The table of checks.
 */
#include "checks.h"

#include <string.h>

#define RULES(a, b, c)                                                                             \
  {                                                                                                \
    RULE_##a, RULE_##b, RULE_##c, RULE_NONE                                                        \
  }
#define LIMITS PROBE_NEEDS_LIMITS
#define ENUMERATE PROBE_NEEDS_ENUMERATE
#define USER PROBE_NEEDS_USER

static const struct probe_check_entry entries[PROBE_CHECK_COUNT] = {
#define CHECK(id, name_, area_, severity_, needs_, title_, reason_, source_, rules_, postfix_,     \
              sendmail_, exim_, others_)                                                           \
  [PROBE_##id] = {                                                                                 \
      .name = name_,                                                                               \
      .area = PROBE_AREA_##area_,                                                                  \
      .severity = PROBE_##severity_,                                                               \
      .needs = needs_,                                                                             \
      .title = title_,                                                                             \
      .reason = reason_,                                                                           \
      .source = source_,                                                                           \
      .rules = rules_,                                                                             \
      .postfix = postfix_,                                                                         \
      .sendmail = sendmail_,                                                                       \
      .exim = exim_,                                                                               \
      .others = others_,                                                                           \
  },
#include "checks.def"
#undef CHECK
};

static const struct {
  const char *name, *title;
} areas[PROBE_AREA_COUNT] = {
    [PROBE_AREA_SESSION] = {"session", "The session"},
    [PROBE_AREA_COMMANDS] = {"commands", "Commands"},
    [PROBE_AREA_SEQUENCE] = {"sequence", "Order of commands"},
    [PROBE_AREA_ADDRESSES] = {"addresses", "Names and addresses"},
    [PROBE_AREA_RELAY] = {"relay", "Relaying"},
    [PROBE_AREA_LINES] = {"lines", "Line ends"},
    [PROBE_AREA_TLS] = {"tls", "TLS"},
    [PROBE_AREA_LIMITS] = {"limits", "Limits"},
    [PROBE_AREA_REPLIES] = {"replies", "All replies"},
};

static const char *const servers[PROBE_SERVER_COUNT] = {
    [PROBE_SERVER_UNKNOWN] = "unknown",     [PROBE_SERVER_POSTFIX] = "Postfix",
    [PROBE_SERVER_SENDMAIL] = "Sendmail",   [PROBE_SERVER_EXIM] = "Exim",
    [PROBE_SERVER_OPENSMTPD] = "OpenSMTPD", [PROBE_SERVER_SESSION] = "milter-strict session",
};

const struct probe_check_entry *probe_check_entry(enum probe_check check)
{
  return &entries[check];
}

enum probe_check probe_check_find(struct span name)
{
  enum probe_check check = 0;

  while (check < PROBE_CHECK_COUNT && !span_equals(span_from(entries[check].name), name))
    check++;
  return check;
}

const char *probe_check_remedy(enum probe_check check, enum probe_server server)
{
  switch (server) {
  case PROBE_SERVER_POSTFIX:
    return entries[check].postfix;
  case PROBE_SERVER_SENDMAIL:
    return entries[check].sendmail;
  case PROBE_SERVER_EXIM:
    return entries[check].exim;
  case PROBE_SERVER_UNKNOWN:
  case PROBE_SERVER_OPENSMTPD:
  case PROBE_SERVER_SESSION:
  case PROBE_SERVER_COUNT:
    break;
  }
  return entries[check].others;
}

const char *probe_area_name(enum probe_area area)
{
  return areas[area].name;
}

const char *probe_area_title(enum probe_area area)
{
  return areas[area].title;
}

const char *probe_severity_name(enum probe_severity severity)
{
  static const char *const names[] = {
      [PROBE_LOW] = "low", [PROBE_MEDIUM] = "medium", [PROBE_HIGH] = "high"};

  return names[severity];
}

const char *probe_server_name(enum probe_server server)
{
  return servers[server];
}
