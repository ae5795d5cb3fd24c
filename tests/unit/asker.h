/*
 * An MTA that asks the policy door or the socket-map door, for their tests: offers bytes as a
 * connection does, and keeps what it was told and what was reported.
 */
#ifndef MILTER_STRICT_ASKER_H
#define MILTER_STRICT_ASKER_H

#include "doors/registry.h"
#include "expect.h"
#include "protected.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SAID_MAX = 1 << 20, WHY_MAX = 64 };

/* What the doors' services were asked for; they have no context of their own. */
static struct {
  struct policy policy; /* in force */
  bool lost;            /* there is none */
  int holds;            /* taken and not released */
  unsigned events[DOOR_EXEMPT + 1];
  struct door_report last; /* its pointers are stale */
  char command[128];       /* of the last report, cut */
  char client[IP_TEXT_SIZE], helo[64], sender[64], daemon[64], queue[32];
  unsigned malformed;
  char why[WHY_MAX];
} seen;

static inline const struct policy *seen_take(void)
{
  seen.holds += !seen.lost;
  return seen.lost ? NULL : &seen.policy;
}

static inline const struct policy *seen_keep(const struct policy *policy)
{
  seen.holds++;
  return policy;
}

static inline void seen_release(const struct policy *policy)
{
  seen.holds -= policy != NULL;
}

static inline void seen_copy(char *to, size_t size, struct span span)
{
  struct text text = text_in(to, size);

  text_add_quoted(&text, span, "");
}

static inline void seen_report(const struct door_report *report)
{
  seen.events[report->event]++;
  seen.last = *report;
  seen_copy(seen.command, sizeof(seen.command), report->question->argument);
  seen_copy(seen.helo, sizeof(seen.helo), session_helo(report->session));
  seen_copy(seen.sender, sizeof(seen.sender), session_sender(report->session));
  seen_copy(seen.daemon, sizeof(seen.daemon), session_daemon(report->session));
  seen_copy(seen.queue, sizeof(seen.queue), report->queue_id);
  seen.client[0] = '\0';
  if (report->session->has_client)
    ip_format(report->session->client, seen.client);
}

static inline void seen_malformed(enum door door, const char *why)
{
  (void)door;
  seen.malformed++;
  seen_copy(seen.why, sizeof(seen.why), span_from(why));
}

static struct door_services services = {
    .policy_take = seen_take,
    .policy_keep = seen_keep,
    .policy_release = seen_release,
    .report = seen_report,
    .malformed = seen_malformed,
};

static inline void seen_begin(void)
{
  memset(&seen, 0, sizeof(seen));
  policy_defaults(&seen.policy);
  services.registry = NULL;
}

/* One connection; the tests say how it is opened and fed. */
struct asker {
  struct door_sink sink;
  size_t enough; /* the sink is full when so many bytes have come since the last feed */
  size_t since, len;
  char said[SAID_MAX];
};

static inline bool asker_take(void *context, struct span bytes)
{
  struct asker *asker = context;

  assert_true(asker->len + bytes.len < SAID_MAX);
  memcpy(asker->said + asker->len, bytes.at, bytes.len);
  asker->len += bytes.len;
  asker->said[asker->len] = '\0';
  asker->since += bytes.len;
  return asker->since < asker->enough;
}

static inline void asker_begin(struct asker *asker)
{
  asker->enough = SAID_MAX;
  asker->since = asker->len = 0;
  asker->said[0] = '\0';
  asker->sink = (struct door_sink){.write = asker_take, .context = asker};
}

#endif
