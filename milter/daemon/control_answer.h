/*
 * Answers to operators: JSON, one object a line. The last line of an answer has a member "result",
 * "ok" or "error"; lines before it, of a list, have none. Times are UTC as RFC 3339 has them.
 *
 *   {"network":"192.0.2.7/32","rule":"probe-recipients",...}
 *   {"result":"ok","command":"refused","shown":1,"found":1}
 *   {"result":"error","kind":"usage","error":"\"status?\": is not one of status, ..."}
 *
 * For one thread at a time. Each function writes whole lines to the sink, which takes everything,
 * and returns what it says: false when it has enough for now.
 */
#ifndef MILTER_STRICT_CONTROL_ANSWER_H
#define MILTER_STRICT_CONTROL_ANSWER_H

#include "../doors/door.h"
#include "control_list.h"
#include "reload.h"

/* What kind of error it is: KIND(NAME, "word"), by which a program decides. */
#define CONTROL_ERRORS(KIND)                                                                       \
  KIND(USAGE, "usage")             /* the request cannot be understood */                          \
  KIND(CONFIG, "config")           /* the configuration is wrong, the old one is in force */       \
  KIND(UNAVAILABLE, "unavailable") /* nobody is remembered here, or the daemon stops */            \
  KIND(BUSY, "busy")               /* try again: short of memory, room or connections */

enum control_error {
#define KIND(name, word) CONTROL_ERROR_##name,
  CONTROL_ERRORS(KIND)
#undef KIND
};

bool answer_error(const struct door_sink *sink, enum control_error kind, const char *error);

/* Everything that status shows, collected now. */
bool answer_status(const struct door_sink *sink);

bool answer_row(const struct door_sink *sink, const struct control_row *row, uint64_t now);
bool answer_rows_end(const struct door_sink *sink, const struct control_list *list);

/* What was done, until when, and what keeps it from having an effect. */
bool answer_refuse(const struct door_sink *sink, const struct control_request *request,
                   uint64_t now);

/* How many networks were forgiven; `wider` are those that are refused all the same. */
bool answer_forgive(const struct door_sink *sink, const struct control_request *request,
                    unsigned forgiven, const struct control_list *wider, uint64_t now);

bool answer_reload(const struct door_sink *sink, const struct reload_report *report);

#endif
