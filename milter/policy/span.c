/*
 * Spans: comparing and cutting bytes that came from a client, without copying or changing them.
 * Case folding is ASCII only, as RFC 5321 section 2.4 has it for verbs and domain names.
 */
#include "span.h"

#include <string.h>

struct span span_from(const char *string)
{
  return (struct span){string, string == NULL ? 0 : strlen(string)};
}

static bool is_blank(char c)
{
  return c == ' ' || c == '\t';
}

struct span span_trim_end(struct span span)
{
  while (span.len > 0 && is_blank(span.at[span.len - 1]))
    span.len--;
  return span;
}

struct span span_trim(struct span span)
{
  size_t from = 0;

  while (from < span.len && is_blank(span.at[from]))
    from++;
  return span_trim_end(span_slice(span, from, span.len));
}

bool span_equals(struct span a, struct span b)
{
  return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

int span_compare_nocase(struct span a, struct span b)
{
  size_t shorter = a.len < b.len ? a.len : b.len;

  for (size_t i = 0; i < shorter; i++) {
    int difference = (unsigned char)byte_lower(a.at[i]) - (unsigned char)byte_lower(b.at[i]);

    if (difference != 0)
      return difference;
  }
  return (a.len > b.len) - (a.len < b.len);
}

bool span_equals_nocase(struct span a, struct span b)
{
  return a.len == b.len && span_compare_nocase(a, b) == 0;
}

bool span_starts_nocase(struct span span, struct span prefix)
{
  return span_equals_nocase(span_slice(span, 0, prefix.len), prefix);
}

size_t span_find(struct span span, char byte)
{
  const char *found = span.len == 0 ? NULL : memchr(span.at, byte, span.len);

  return found == NULL ? span.len : (size_t)(found - span.at);
}
