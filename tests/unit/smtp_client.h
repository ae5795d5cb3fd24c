/*
 * A client of the SMTP door, for its tests: says bytes and keeps what it was told.
 */
#ifndef MILTER_STRICT_SMTP_CLIENT_H
#define MILTER_STRICT_SMTP_CLIENT_H

#include "doors/smtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SAID_MAX = 1 << 20 };

/* A client's end: everything that was said to it. */
struct client {
  struct smtp smtp;
  struct smtp_sink sink;
  struct policy policy;
  size_t enough; /* the sink is full when so many bytes have come since the last feed */
  size_t since, len;
  unsigned judged, refused, noticed;
  char said[SAID_MAX];
};

static struct client one, other;

static inline bool take(void *context, struct span bytes)
{
  struct client *client = context;

  assert_true(bytes.len >= 2 && bytes.at[bytes.len - 1] == '\n' && bytes.at[bytes.len - 2] == '\r');
  assert_true(client->len + bytes.len < SAID_MAX);
  memcpy(client->said + client->len, bytes.at, bytes.len);
  client->len += bytes.len;
  client->said[client->len] = '\0';
  client->since += bytes.len;
  return client->since < client->enough;
}

static inline void judged(void *context, const struct smtp *smtp, const struct judgement *judgement)
{
  struct client *client = context;

  (void)smtp;
  client->judged++;
  client->refused += judgement->verdict.rule != RULE_NONE;
  client->noticed += judgement->notice_count;
}

static const struct ip somebody = {{[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1}};

static inline void begin(struct client *client, unsigned flags)
{
  struct smtp_peer peer = {.client = &somebody, .host = SPAN("mx.example.org"), .flags = flags};

  memset(client, 0, sizeof(*client));
  client->enough = SAID_MAX;
  policy_defaults(&client->policy);
  client->sink = (struct smtp_sink){.write = take, .judged = judged, .context = client};
  smtp_open(&client->smtp, &client->policy, &client->sink, &peer);
}

/* Feeds in pieces of `size` bytes, as often as it takes; returns what was used up. */
static inline size_t feed(struct client *client, struct span bytes, size_t size)
{
  size_t used = 0;

  while (used < bytes.len && !client->smtp.closed) {
    size_t step = smtp_feed(&client->smtp, span_slice(bytes, used, used + size));

    client->since = 0;
    used += step;
  }
  return used;
}

static inline void say(struct client *client, const char *bytes)
{
  feed(client, span_from(bytes), strlen(bytes));
}

/* The codes of the replies that were said, as "220 250 501". */
static inline const char *codes(const struct client *client)
{
  static char out[4096];
  size_t len = 0;

  out[0] = '\0';
  for (const char *at = client->said; *at != '\0'; at = strchr(at, '\n') + 1)
    if (at[3] == ' ' && len + 8 < sizeof(out))
      len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%.3s", len == 0 ? "" : " ", at);
  return out;
}

#define EHLO "EHLO client.example\r\n"
#define MAIL "MAIL FROM:<a@example.net>\r\n"
#define RCPT "RCPT TO:<b@example.org>\r\n"

#endif
