/*
 * Addresses of sockets, in libmilter's form.
 */
#include "endpoint.h"

#include <string.h>
#include <unistd.h>

static const struct {
  enum endpoint_kind kind;
  const char *prefix;
} kinds[] = {
    {ENDPOINT_UNIX, "unix:"},
    {ENDPOINT_INET, "inet:"},
    {ENDPOINT_INET6, "inet6:"},
    {ENDPOINT_FD, "fd:"},
};

/* Decimal digits and nothing else, at most `most`. */
static bool parse_number(struct span digits, unsigned most, unsigned *out)
{
  unsigned number = 0;

  if (digits.len == 0 || digits.len > 9)
    return false;
  for (size_t i = 0; i < digits.len; i++) {
    if (!byte_is_digit(digits.at[i]))
      return false;
    number = number * 10 + (unsigned)(digits.at[i] - '0');
  }
  *out = number;
  return number <= most;
}

static const char *parse_unix(struct span path, struct endpoint *out)
{
  if (path.len == 0 || path.at[0] != '/')
    return "the path of a socket begins with \"/\"";
  if (span_find(path, '\0') < path.len)
    return "the path of a socket cannot hold a NUL";
  if (path.len >= sizeof(out->path))
    return "the path of a socket has at most 107 bytes";
  memcpy(out->path, path.at, path.len);
  return NULL;
}

static const char *parse_inet(struct span rest, struct endpoint *out)
{
  size_t at = span_find(rest, '@');
  struct span host = span_slice(rest, at + 1, rest.len);
  unsigned port;

  if (!parse_number(span_slice(rest, 0, at), 65535, &port) || port == 0)
    return "a port is a number from 1 to 65535, as in \"inet:8890@127.0.0.1\"";
  out->port = (uint16_t)port;
  if (at == rest.len)
    return NULL;
  if (host.len > 1 && host.at[0] == '[' && host.at[host.len - 1] == ']')
    host = span_slice(host, 1, host.len - 1);
  if (host.len == 0 || host.len >= sizeof(out->host) || span_find(host, '\0') < host.len)
    return "after \"@\" stands a host name or an address; without \"@\" every address is meant";
  memcpy(out->host, host.at, host.len);
  return NULL;
}

static const char *parse_fd(struct span rest, struct endpoint *out)
{
  unsigned fd;

  if (!parse_number(rest, 65535, &fd) || fd <= STDERR_FILENO)
    return "a descriptor is a number from 3, as in \"fd:3\"";
  out->fd = (int)fd;
  return NULL;
}

bool endpoint_parse(struct span address, struct endpoint *out, const char **why)
{
  struct endpoint read = {.fd = -1};

  *why = "an address is \"unix:PATH\", \"inet:PORT@HOST\", \"inet6:PORT@HOST\" or \"fd:N\"";
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    struct span prefix = span_from(kinds[i].prefix);
    struct span rest = span_slice(address, prefix.len, address.len);

    if (!span_starts_nocase(address, prefix))
      continue;
    read.kind = kinds[i].kind;
    *why = read.kind == ENDPOINT_UNIX ? parse_unix(rest, &read)
           : read.kind == ENDPOINT_FD ? parse_fd(rest, &read)
                                      : parse_inet(rest, &read);
  }
  if (*why != NULL)
    return false;
  *out = read;
  return true;
}

void endpoint_write(struct text *text, const struct endpoint *address)
{
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (kinds[i].kind == address->kind)
      text_add(text, kinds[i].prefix);
  if (address->kind == ENDPOINT_UNIX) {
    text_add_quoted(text, span_from(address->path), "");
    return;
  }
  text_add_number(text, address->kind == ENDPOINT_FD ? (unsigned)address->fd : address->port);
  if (address->kind != ENDPOINT_FD && address->host[0] != '\0') {
    text_add_byte(text, '@');
    text_add_quoted(text, span_from(address->host), "");
  }
}
