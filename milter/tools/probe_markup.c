/*
 * Escaping for HTML and XML.
 */
#include "probe_markup.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

static const char *entity(char byte)
{
  switch (byte) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;"; /* for XML, where "]]>" must not stand in text */
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  default:
    return NULL;
  }
}

static void markup_byte(FILE *to, char byte)
{
  const char *name = entity(byte);

  if (name != NULL)
    fputs(name, to);
  else if (byte != '\n' && (byte_is_control(byte) || byte_is_8bit(byte)))
    fprintf(to, "\\x%02X", (unsigned)(unsigned char)byte);
  else
    putc(byte, to);
}

void markup_span(FILE *to, struct span span)
{
  for (size_t i = 0; i < span.len; i++)
    markup_byte(to, span.at[i]);
}

void markup_string(FILE *to, const char *string)
{
  markup_span(to, span_from(string));
}

void markup_host(FILE *to, const char *host, unsigned port)
{
  bool bare = strchr(host, ':') != NULL && host[0] != '['; /* an IPv6 address */

  fputs(bare ? "[" : "", to);
  markup_string(to, host);
  fprintf(to, "%s:%u", bare ? "]" : "", port);
}

void markup_seconds(FILE *to, uint64_t milliseconds)
{
  fprintf(to, "%" PRIu64 ".%03" PRIu64, milliseconds / 1000, milliseconds % 1000);
}

void markup_time(FILE *to, int64_t when)
{
  time_t seconds = (time_t)when;
  struct tm utc;
  char text[40];

  if (gmtime_r(&seconds, &utc) != NULL &&
      strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
    fputs(text, to);
}
