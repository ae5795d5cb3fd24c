/*
 * What an operator may ask over the control socket, one line each, words between blanks:
 *
 *   status
 *   refused [sort=KEY] [rule=NAME] [network=NET] [limit=N]
 *   refuse NET [FOR]          FOR: 90s, 30m, 12h, 7d, 2w; a day without it
 *   forgive NET
 *   reload
 *
 * NET is a network or an address of IPv4 or IPv6. Pure: any bytes are safe.
 */
#ifndef MILTER_STRICT_CONTROL_REQUEST_H
#define MILTER_STRICT_CONTROL_REQUEST_H

#include "../policy/netblock.h"
#include "../policy/rules.h"

enum {
  CONTROL_LINE_MAX = 512,         /* bytes of a request with its line end */
  CONTROL_ROWS_MAX = 100000,      /* that one answer lists */
  CONTROL_REFUSE_SECONDS = 86400, /* when the operator does not say for how long */
};

enum control_command {
  CONTROL_STATUS,
  CONTROL_REFUSED,
  CONTROL_REFUSE,
  CONTROL_FORGIVE,
  CONTROL_RELOAD,
  CONTROL_COMMAND_COUNT
};

/* How the refused networks are sorted: KEY(NAME, "word"). */
#define CONTROL_SORTS(KEY)                                                                         \
  KEY(SINCE, "since")     /* the latest refusal first */                                           \
  KEY(UNTIL, "until")     /* the one that ends first */                                            \
  KEY(NETWORK, "network") /* by address, IPv4 first */                                             \
  KEY(POINTS, "points")   /* the most first */                                                     \
  KEY(TIMES, "times")     /* the most relapses first */

enum control_sort {
#define KEY(name, word) CONTROL_SORT_##name,
  CONTROL_SORTS(KEY)
#undef KEY
      CONTROL_SORT_COUNT
};

struct control_request {
  enum control_command command;
  bool has_network;
  struct netblock network;
  uint32_t seconds;       /* CONTROL_REFUSE */
  enum control_sort sort; /* CONTROL_REFUSED, as what follows */
  enum rule rule;         /* RULE_NONE: every one */
  unsigned limit;
};

/* "status" and so on. Static. */
const char *control_command_name(enum control_command command);

/* Reads a line without its end. False: `why` says what is wrong and what would be right. */
bool control_request_parse(struct span line, struct control_request *out, struct text *why);

#endif
