/*
 * Reading a span byte by byte: what every parser of this folder walks with, so that none of them
 * compares an offset with a length by hand.
 *
 * Nothing here reads at or after the end. All functions are pure but for the cursor they move.
 */
#ifndef MILTER_STRICT_CURSOR_H
#define MILTER_STRICT_CURSOR_H

#include "span.h"

struct cursor {
  struct span in;
  size_t at; /* offset of the next byte; in.len at the end */
};

static inline bool cursor_at_end(const struct cursor *cursor)
{
  return cursor->at >= cursor->in.len;
}

/* The next byte. Only where cursor_at_end() is false. */
static inline char cursor_byte(const struct cursor *cursor)
{
  return cursor->in.at[cursor->at];
}

/* Whether there is a next byte, and it is `byte`. */
static inline bool cursor_sees(const struct cursor *cursor, char byte)
{
  return !cursor_at_end(cursor) && cursor_byte(cursor) == byte;
}

/* Goes past `byte` if it is the next one. */
static inline bool cursor_take(struct cursor *cursor, char byte)
{
  if (!cursor_sees(cursor, byte))
    return false;
  cursor->at++;
  return true;
}

/* Goes past at most `most` bytes for which `is` holds; returns how many. */
static inline size_t cursor_take_while(struct cursor *cursor, bool (*is)(char), size_t most)
{
  size_t taken = 0;

  while (taken < most && !cursor_at_end(cursor) && is(cursor_byte(cursor))) {
    cursor->at++;
    taken++;
  }
  return taken;
}

/* What was read since `from`. */
static inline struct span cursor_since(const struct cursor *cursor, size_t from)
{
  return span_slice(cursor->in, from, cursor->at);
}

#endif
