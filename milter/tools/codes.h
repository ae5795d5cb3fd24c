/*
 * The catalogue of SMTP replies that `explain` and `compare` tell about: more codes than this
 * program speaks, and more about each. Pure and static: any thread.
 */
#ifndef MILTER_STRICT_CODES_H
#define MILTER_STRICT_CODES_H

#include "../policy/reply.h"
#include "../policy/text.h"

struct code_entry {
  unsigned code;
  const char *name, *meaning, *seen, *sender, *when, *administrator,
      *source; /* as codes.def says */
};

/* False when the catalogue does not have the code. */
bool code_find(unsigned code, struct code_entry *out);

/* The n-th of all codes in ascending order; false past the last. */
bool code_at(size_t index, struct code_entry *out);

struct enhanced_entry {
  const char *status; /* without the class: "1.1" */
  const char *name, *codes, *meaning, *source;
};

/* The entry of "5.1.1", or of "1.1"; NULL: there is none. */
const struct enhanced_entry *enhanced_find(struct span status);

/* The n-th entry, or NULL past the last. */
const struct enhanced_entry *enhanced_at(size_t index);

bool enhanced_goes_with(const struct enhanced_entry *entry, unsigned code);

/* "2 success" and so on, for the first digit of an enhanced code; "" for another. */
const char *enhanced_class(char digit);

/* What is looked up. */
struct code_query {
  unsigned code;                      /* 0: an enhanced code alone */
  char enhanced[REPLY_ENHANCED_SIZE]; /* "": none */
};

enum code_fault {
  CODE_OK = 0,
  CODE_NONE,     /* neither "501" nor "5.1.1" nor both */
  CODE_UNKNOWN,  /* well formed and not in the catalogue */
  CODE_MISMATCH, /* "501 4.1.7": classes differ */
};

/* Reads "501", "501 5.1.7" or "5.1.7". `out` is set on CODE_OK only. */
enum code_fault code_query_parse(struct span words, struct code_query *out);

struct code_pair {
  unsigned first, second;
  const char *differs, *use;
};

/* What codes.c knows of two different codes, in either order; NULL: nothing of its own. */
const struct code_pair *code_pair_find(unsigned one, unsigned other);

/* The n-th of them, or NULL past the last. */
const struct code_pair *code_pair_at(size_t index);

/* For any two different codes: what differs, and when each is to be answered, as sentences. */
void code_pair_differs(const struct code_entry *one, const struct code_entry *other,
                       struct text *out);
void code_pair_use(const struct code_entry *one, const struct code_entry *other, struct text *out);

#endif
