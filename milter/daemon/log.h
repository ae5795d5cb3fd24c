/*
 * The log: one line an event, `event=refused rule=sender-syntax client=192.0.2.7 from="a b" ...`.
 *
 *   struct log_line line;
 *
 *   log_begin(&line, LOG_LEVEL_NOTICE, "refused");
 *   log_text(&line, "rule", span_from(entry->name));
 *   log_text(&line, "helo", session_helo(session));
 *   log_number(&line, "recipients", session->recipients);
 *   log_end(&line);
 *
 * A line is built on the caller's stack; nothing is allocated. Values are quoted here and nowhere
 * else, so a caller hands over what the client sent as it is. Nobody who logs ever waits for a disk
 * or for the system's log: lines go through a bounded queue to one writer thread; when the queue is
 * full a line is dropped, counted, and told of later as `event=log-lost lines=N`.
 *
 * log_begin() to log_end() may be called by any thread, not from a signal handler. Opening,
 * starting and closing are for the main thread. Before log_open() and after log_close() lines
 * vanish: tools that never open the log never log.
 */
#ifndef MILTER_STRICT_LOG_H
#define MILTER_STRICT_LOG_H

#include "../policy/text.h"
#include "../config/log_words.h"

enum {
  LOG_LINE_MAX = 1024, /* bytes of a line */
  LOG_VALUE_MAX = 320, /* bytes of one value, as shown */
  LOG_QUEUE_LINES = 1024,
};

/* A line that is being written. Not to be copied. */
struct log_line {
  enum log_level level;
  bool wanted; /* false: nobody asked for this level, and nothing is built */
  struct text text;
  char memory[LOG_LINE_MAX + 1];
};

/* Opens the log. Until log_start() the caller's own thread writes, so that this works while the
 * process starts and has a single thread. Lines of a level beyond `most` are not built. */
void log_open(enum log_target target, enum log_facility facility, enum log_level most);

/* From now on a thread of its own writes. False when there can be none; then all stays as it was.
 */
bool log_start(void);

/* Changes what is logged while it runs. */
void log_set_level(enum log_level most);

/* Whether a line of this level would be written: to spare the work that leads up to it. */
bool log_wants(enum log_level level);

/* Writes what waits, for two seconds at most, and closes. Harmless when not open. */
void log_close(void);

/* `event` and `key` are literals of ours: lower case, digits, "-". */
void log_begin(struct log_line *line, enum log_level level, const char *event);

/* Adds key=value. A value of [A-Za-z0-9._:/@+-] stands bare, any other is quoted: `"` and `\` with
 * a backslash, control and 8-bit bytes as \xHH. A value or line that is too long ends in `...`
 * behind the quotes; what comes after a line is full is left out. */
void log_text(struct log_line *line, const char *key, struct span value);
void log_string(struct log_line *line, const char *key, const char *value);
void log_number(struct log_line *line, const char *key, unsigned long long value);

void log_end(struct log_line *line);

/* A whole line with one value: log_event(LOG_LEVEL_ERR, "failed", "error", why). */
void log_event(enum log_level level, const char *event, const char *key, const char *value);

#endif
