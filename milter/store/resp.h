/*
 * Redis's protocol (RESP2): commands as bytes, and bytes as answers, bounded. hiredis writes the
 * one and reads the other; the connection is not its business.
 *
 * Answers are hostile: whatever they announce, they take no more memory than was set aside when it
 * was opened. For one thread at a time.
 */
#ifndef MILTER_STRICT_RESP_H
#define MILTER_STRICT_RESP_H

#include "../policy/text.h"

enum {
  RESP_VALUES_MAX = 4096,      /* in the answers to one pipeline, lists and their items */
  RESP_BYTES_MAX = 512 * 1024, /* of these answers, and of the commands of one pipeline */
  RESP_WORDS_MAX = 16,         /* of a command */
};

enum resp_kind { RESP_NIL, RESP_NUMBER, RESP_STATUS, RESP_ERROR, RESP_STRING, RESP_LIST };

struct resp_value {
  enum resp_kind kind;
  long long number;         /* NUMBER */
  struct span bytes;        /* STATUS, ERROR, STRING */
  struct resp_value *items; /* LIST */
  size_t count;
};

enum resp_state {
  RESP_OK = 0,
  RESP_MORE,  /* the answer goes on */
  RESP_WRONG, /* no answer that Redis gives, or one that is too large */
};

struct resp; /* one pipeline: its commands, then its answers */

struct resp *resp_open(void); /* NULL: not enough memory */
void resp_close(struct resp *resp);

/* Begins a new pipeline: all that was there is wiped. False when memory is short. */
bool resp_begin(struct resp *resp);

/* Adds a command. False when there is no room: then nothing was added. */
bool resp_add(struct resp *resp, const struct span *words, size_t count);

struct span resp_commands(const struct resp *resp); /* their bytes */
size_t resp_count(const struct resp *resp);         /* how many they are */

/* Takes bytes of the answers. WRONG when they are too many; else MORE. */
enum resp_state resp_feed(struct resp *resp, struct span bytes);

/* The next whole answer, if there is one; it stays until the next resp_begin(). After WRONG the
 * connection is of no use. */
enum resp_state resp_next(struct resp *resp, const struct resp_value **out);

/* Whether the value is a string or status of exactly these bytes. */
bool resp_is(const struct resp_value *value, struct span bytes);

#endif
