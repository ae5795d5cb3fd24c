/*
 * The pieces that lines of mail logs are made of.
 */
#include "piece.h"

#include <string.h>

static void skip(struct span *in, size_t count)
{
  *in = span_slice(*in, count, in->len);
}

bool piece_text(struct span *in, struct span text)
{
  if (in->len < text.len || memcmp(in->at, text.at, text.len) != 0)
    return false;
  skip(in, text.len);
  return true;
}

bool piece_until(struct span *in, struct span text, struct span *out)
{
  struct span rest = *in;

  while (rest.len >= text.len) {
    const char *first = memchr(rest.at, text.at[0], rest.len - text.len + 1);

    if (first == NULL)
      return false;
    skip(&rest, (size_t)(first - rest.at));
    if (memcmp(rest.at, text.at, text.len) == 0) {
      *out = span_slice(*in, 0, in->len - rest.len);
      *in = span_slice(rest, text.len, rest.len);
      return true;
    }
    skip(&rest, 1);
  }
  return false;
}

bool piece_word(struct span *in, const char *ends, struct span *out)
{
  size_t len = 0;

  while (len < in->len && (in->at[len] == '\0' || strchr(ends, in->at[len]) == NULL))
    len++;
  if (len == 0)
    return false;
  *out = span_slice(*in, 0, len);
  skip(in, len);
  return true;
}

bool piece_number(struct span *in, uint32_t *out)
{
  uint64_t value = 0;
  size_t len = 0;

  for (; len < in->len && byte_is_digit(in->at[len]); len++)
    if (value < UINT32_MAX)
      value = value * 10 + (uint64_t)(in->at[len] - '0');
  if (len == 0)
    return false;
  *out = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
  skip(in, len);
  return true;
}

bool piece_path(struct span *in, struct span *out)
{
  bool quoted = false;

  if (in->len == 0 || in->at[0] != '<')
    return false;
  for (size_t i = 1; i < in->len; i++) {
    char c = in->at[i];

    if (c == '\\')
      i++;
    else if (c == '"')
      quoted = !quoted;
    else if (c == '<' && !quoted)
      return false;
    else if (c == '>' && !quoted) {
      *out = span_slice(*in, 0, i + 1);
      skip(in, i + 1);
      return true;
    }
  }
  return false;
}

bool piece_client(struct span *in, struct ip *out, bool *known)
{
  struct span rest = *in, name, address;
  uint32_t port;

  (void)piece_word(&rest, "[ <>,;", &name);
  if (!piece_text(&rest, SPAN("[")) || !piece_word(&rest, "] ", &address) ||
      !piece_text(&rest, SPAN("]")))
    return false;
  if (address.len > 5 && span_starts_nocase(address, SPAN("IPv6:")))
    address = span_slice(address, 5, address.len);
  *known = ip_parse(address, out);
  *in = rest;
  if (piece_text(&rest, SPAN(":")) && piece_number(&rest, &port))
    *in = rest;
  return true;
}

bool piece_queue_id(struct span *in, struct span *out)
{
  struct span rest = *in, id;

  if (!piece_word(&rest, ": ", &id) || !piece_text(&rest, SPAN(": ")))
    return false;
  if (span_equals(id, SPAN("NOQUEUE"))) {
    id.len = 0;
  } else {
    for (size_t i = 0; i < id.len; i++)
      if (!byte_is_digit(id.at[i]) && !byte_is_letter(id.at[i]))
        return false;
    if (id.len < 5 || id.len > 20)
      return false;
  }
  *in = rest;
  *out = id;
  return true;
}
