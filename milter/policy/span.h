/*
 * A run of bytes that somebody else owns: how everything that came from a client is carried.
 *
 * A span is not terminated by a NUL and may hold any byte, NUL included. It borrows: it is valid as
 * long as the buffer it points into. `at` may be NULL only when `len` is 0.
 * All functions are pure; any thread may call them.
 */
#ifndef MILTER_STRICT_SPAN_H
#define MILTER_STRICT_SPAN_H

#include <stdbool.h>
#include <stddef.h>

struct span {
  const char *at;
  size_t len; /* bytes */
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})

/* The whole of a C string; NULL gives the empty span. */
struct span span_from(const char *string);

/* Bytes from `from` up to but without `to`; both are cut to the span's length. */
static inline struct span span_slice(struct span span, size_t from, size_t to)
{
  if (to > span.len)
    to = span.len;
  if (from > to)
    from = to;
  if (span.at == NULL)
    return span;
  return (struct span){span.at + from, to - from};
}

/* `span` without the spaces and tabs at its ends. */
struct span span_trim(struct span span);

/* `span` without the spaces and tabs at its end. */
struct span span_trim_end(struct span span);

bool span_equals(struct span a, struct span b);

/* ASCII letters compare without case; every other byte must be the same. */
bool span_equals_nocase(struct span a, struct span b);
bool span_starts_nocase(struct span span, struct span prefix);

/* <0, 0, >0, as memcmp() does, ASCII letters folded: the order of sorted name lists. */
int span_compare_nocase(struct span a, struct span b);

/* Offset of the first `byte`, or span.len when there is none. */
size_t span_find(struct span span, char byte);

/* ASCII classes, independent of the locale. In the header, for parsers ask them of every byte. */
static inline bool byte_is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static inline bool byte_is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* 0x00-0x1f and 0x7f */
static inline bool byte_is_control(char c)
{
  return (unsigned char)c < 0x20 || c == 0x7f;
}

/* 0x80-0xff */
static inline bool byte_is_8bit(char c)
{
  return (unsigned char)c >= 0x80;
}

static inline char byte_lower(char c)
{
  return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

#endif
