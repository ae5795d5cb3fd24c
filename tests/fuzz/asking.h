/*
 * What the fuzz targets of the policy and the socket-map door have in common: services that look at
 * everything they are given, and a connection that keeps what it was told.
 */
#ifndef MILTER_STRICT_FUZZ_ASKING_H
#define MILTER_STRICT_FUZZ_ASKING_H

#include "doors/registry.h"
#include "require.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SAID_MAX = 4 << 20, ANSWER_MAX = 1024 };

static struct policy policy;
static struct registry registry;
static int holds;

static inline const struct policy *policy_take(void)
{
  holds++;
  return &policy;
}

static inline const struct policy *policy_keep(const struct policy *held)
{
  holds++;
  return held;
}

static inline void policy_release(const struct policy *held)
{
  REQUIRE(held == &policy && holds > 0);
  holds--;
}

/* Reads every byte, for a sanitizer to see. */
static inline void touch(struct span span)
{
  static volatile unsigned sum;

  for (size_t i = 0; i < span.len; i++)
    sum = sum + (unsigned char)span.at[i];
}

static inline void report(const struct door_report *about)
{
  REQUIRE(about->verdict->rule < RULE_COUNT);
  REQUIRE(about->status.code == 252 || about->status.code >= 400);
  touch(about->verdict->subject);
  touch(about->question->argument);
  touch(about->queue_id);
  touch(session_helo(about->session));
  touch(session_sender(about->session));
  touch(session_daemon(about->session));
}

static inline void malformed(enum door door, const char *why)
{
  (void)door;
  REQUIRE(why != NULL && why[0] != '\0');
}

static struct door_services services = {
    .policy_take = policy_take,
    .policy_keep = policy_keep,
    .policy_release = policy_release,
    .report = report,
    .malformed = malformed,
};

/* The policy that a byte chooses, and a milter session of 192.0.2.7, port 40000. */
static inline void services_begin(unsigned choice)
{
  static struct registry_entry entry;
  const struct ip client = {{[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 7}};
  struct reply_status *vrfy = &policy.rules[RULE_COMMAND_VRFY].status;

  policy_defaults(&policy);
  policy.mode = (choice & 1) != 0 ? POLICY_MONITOR : POLICY_ENFORCE;
  if ((choice & 2) != 0)
    *vrfy = (struct reply_status){252, "2.5.2"};
  if ((choice & 4) != 0)
    *vrfy = (struct reply_status){421, "4.7.0"};
  if ((choice & 8) != 0)
    policy.rules[RULE_COMMAND_VRFY].text = SPAN("100% \"no\" \\, and %1 as well");
  if ((choice & 16) != 0)
    policy.exempt_network_count = 0;
  if (services.registry == NULL)
    registry_open(&registry, &services);
  services.registry = &registry;
  registry_leave(&registry, &entry);
  if ((choice & 32) != 0)
    registry_enter(&registry, &entry, client, 40000, &policy, SPAN("MTA"));
}

/* One connection. */
struct asker {
  struct door_sink sink;
  size_t since, enough, len;
  char said[SAID_MAX];
};

static inline bool take(void *context, struct span bytes)
{
  struct asker *asker = context;

  REQUIRE(asker->len + bytes.len <= SAID_MAX);
  memcpy(asker->said + asker->len, bytes.at, bytes.len);
  asker->len += bytes.len;
  asker->since += bytes.len;
  return asker->since < asker->enough;
}

static inline void asker_begin(struct asker *asker, size_t enough)
{
  asker->since = asker->len = 0;
  asker->enough = enough;
  asker->sink = (struct door_sink){.write = take, .context = asker};
}

/* Offers `step` more bytes at a time, those not used up again; `feed` hands them to the door, which
 * sets *closed when it hangs up. A sink that has enough gets one answer more at the most. */
static inline void asker_offer(struct asker *asker, struct span bytes, size_t step,
                               size_t (*feed)(void *door, struct span bytes), void *door,
                               const bool *closed)
{
  size_t used = 0, shown = 0, now = 1;

  while (!*closed && (shown < bytes.len || now > 0)) {
    shown = shown + step < bytes.len ? shown + step : bytes.len;
    asker->since = 0;
    now = feed(door, span_slice(bytes, used, shown));
    used += now;
    REQUIRE(used <= shown && asker->since < asker->enough + ANSWER_MAX);
  }
  REQUIRE(holds == 0);
}

#endif
