/*
 * The catalogue of reply codes (reply.def) and what can be said with a code.
 */
#ifndef MILTER_STRICT_REPLY_H
#define MILTER_STRICT_REPLY_H

#include "span.h"

#include <stdint.h>

struct reply_entry {
  uint16_t code;
  const char *name;    /* as in "Bad Sequence of Commands" */
  const char *phrase;  /* how the first line of a refusal begins */
  const char *meaning; /* each of these: whole sentences, ASCII */
  const char *seen;
  const char *fix;
};

/* The entry of `code`, or NULL when the catalogue does not have it. Static. */
const struct reply_entry *reply_find(unsigned code);

/* All entries in ascending order of code. Static. */
const struct reply_entry *reply_all(size_t *count);

/* "2xx positive completion" and so on; "" for a code outside 200-599. Static. */
const char *reply_class(unsigned code);

/* A reply code with its enhanced status code: what a rule answers. */
enum { REPLY_ENHANCED_SIZE = 12 }; /* "5.999.999" and the final NUL, with room */

struct reply_status {
  uint16_t code;                      /* 200-599 */
  char enhanced[REPLY_ENHANCED_SIZE]; /* "" when there is none */
};

enum reply_fault {
  REPLY_OK = 0,
  REPLY_BAD_CODE,       /* not three digits, or not a code of the catalogue */
  REPLY_BAD_ENHANCED,   /* not class.subject.detail, RFC 3463 section 2 */
  REPLY_CLASS_MISMATCH, /* class differs from the code's first digit: newer Postfix takes that for a
                           protocol error of the milter */
  REPLY_TRAILING,       /* something follows */
};

/*
 * Reads "550 5.7.1", or "550" alone, which gets the enhanced code X.0.0 of its class. `out` is set
 * only on REPLY_OK.
 */
enum reply_fault reply_status_parse(struct span span, struct reply_status *out);

/* What is wrong and what would be right, as half a sentence. Static. */
const char *reply_fault_text(enum reply_fault fault);

bool reply_is_positive(unsigned code); /* 2xx, 3xx */
bool reply_is_deferral(unsigned code); /* 4xx */
bool reply_is_refusal(unsigned code);  /* 5xx */

#endif
