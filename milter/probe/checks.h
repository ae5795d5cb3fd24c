/*
 * The table of checks (checks.def). Pure; any thread may ask.
 */
#ifndef MILTER_STRICT_PROBE_CHECKS_H
#define MILTER_STRICT_PROBE_CHECKS_H

#include "../policy/rules.h"

enum probe_check {
#define CHECK(name, ...) PROBE_##name,
#include "checks.def"
#undef CHECK
  PROBE_CHECK_COUNT,
};

/* What a check is about: the headings of a report, in the order of checks.def. */
enum probe_area {
  PROBE_AREA_SESSION,
  PROBE_AREA_COMMANDS,
  PROBE_AREA_SEQUENCE,
  PROBE_AREA_ADDRESSES,
  PROBE_AREA_RELAY,
  PROBE_AREA_LINES,
  PROBE_AREA_TLS,
  PROBE_AREA_LIMITS,
  PROBE_AREA_REPLIES,
  PROBE_AREA_COUNT,
};

enum probe_severity { PROBE_LOW, PROBE_MEDIUM, PROBE_HIGH };

/* Options without which a check is not asked. */
enum probe_needs {
  PROBE_NEEDS_LIMITS = 1 << 0,    /* --limits */
  PROBE_NEEDS_ENUMERATE = 1 << 1, /* --enumerate */
  PROBE_NEEDS_USER = 1 << 2,      /* --user */
};

/* Whose software answers. The session of milter-strict itself is one. */
enum probe_server {
  PROBE_SERVER_UNKNOWN,
  PROBE_SERVER_POSTFIX,
  PROBE_SERVER_SENDMAIL,
  PROBE_SERVER_EXIM,
  PROBE_SERVER_OPENSMTPD,
  PROBE_SERVER_SESSION, /* `milter-strict session` */
  PROBE_SERVER_COUNT,
};

enum { PROBE_RULES_MAX = 3 };

/* All text is static ASCII. */
struct probe_check_entry {
  const char *name; /* identifier */
  enum probe_area area;
  enum probe_severity severity;
  unsigned needs;                       /* enum probe_needs */
  const char *title, *reason, *source;  /* what should be true, why, where that comes from */
  enum rule rules[PROBE_RULES_MAX + 1]; /* those that keep it; RULE_NONE after the last */
  const char *postfix, *sendmail, *exim, *others;
};

/* The row of `check`, which must be less than PROBE_CHECK_COUNT. Static. */
const struct probe_check_entry *probe_check_entry(enum probe_check check);

/* The check with this identifier, or PROBE_CHECK_COUNT. */
enum probe_check probe_check_find(struct span name);

/* What to do about it on such a server; on an unknown one, what any server should do. Static. */
const char *probe_check_remedy(enum probe_check check, enum probe_server server);

/* "session", "commands", ...; "The session", "Commands", ...: an identifier, and a heading. */
const char *probe_area_name(enum probe_area area);
const char *probe_area_title(enum probe_area area);

const char *probe_severity_name(enum probe_severity severity); /* "low", "medium", "high" */
const char *probe_server_name(enum probe_server server);       /* "Postfix", ..., "unknown" */

#endif
