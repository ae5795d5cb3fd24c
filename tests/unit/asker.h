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

/* Meanwhile 192.0.2.7, port 40000, has a milter session at this daemon, whose policy answers
 * `rule` with 450 4.7.1; until registry_leave(services.registry, entry). */
static inline void seen_session(struct registry_entry *entry, struct span daemon, enum rule rule)
{
  static struct registry registry;
  static struct policy older;
  struct ip client;

  assert_true(ip_parse(SPAN("192.0.2.7"), &client));
  policy_defaults(&older);
  older.rules[rule].status = (struct reply_status){450, "4.7.1"};
  registry_open(&registry, &services);
  services.registry = &registry;
  registry_enter(&registry, entry, client, 40000, &older, daemon);
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

/* Offers bytes as a connection does: `step` more at a time, those not used up again. `feed` hands
 * them to the door, which sets *closed when it hangs up. */
static inline void asker_offer(struct asker *asker, struct span bytes, size_t step,
                               size_t (*feed)(void *door, struct span bytes), void *door,
                               const bool *closed)
{
  size_t used = 0, shown = 0, now = 1;

  while (!*closed && (shown < bytes.len || now > 0)) {
    shown = shown + step < bytes.len ? shown + step : bytes.len;
    now = feed(door, span_slice(bytes, used, shown));
    used += now;
    asker->since = 0;
  }
}

#endif
