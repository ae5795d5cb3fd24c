/*
 * Reports of the doors written to the log, one line each, and the policy handed out from the
 * snapshot in force.
 */
#include "report.h"
#include "log.h"
#include "snapshot.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

/* Lines about requests that could not be understood: so many in so many seconds, by door. */
enum { COMPLAINTS_MAX = 10, COMPLAINTS_SECONDS = 60 };

static atomic_uint open_sessions;
static atomic_ullong served_sessions;
static atomic_ullong decisions[RULE_COUNT][REPORT_DECISION_COUNT];

static const struct settings *settings_of(const struct policy *policy)
{
  return (const struct settings *)((const char *)policy - offsetof(struct settings, policy));
}

static const struct policy *policy_take(void)
{
  const struct settings *settings = snapshot_take();

  return settings == NULL ? NULL : &settings->policy;
}

static const struct policy *policy_keep(const struct policy *policy)
{
  snapshot_keep(settings_of(policy));
  return policy;
}

static void policy_release(const struct policy *policy)
{
  if (policy != NULL)
    snapshot_release(settings_of(policy));
}

static void sessions(int change)
{
  if (change > 0) {
    atomic_fetch_add_explicit(&open_sessions, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&served_sessions, 1, memory_order_relaxed);
  } else {
    /* Whoever sees that none is left also sees that they are done with the store. */
    atomic_fetch_sub_explicit(&open_sessions, 1, memory_order_release);
  }
}

unsigned report_open_sessions(void)
{
  return atomic_load_explicit(&open_sessions, memory_order_acquire);
}

static const struct {
  const char *event;
  enum log_level level;
} written[REPORT_DECISION_COUNT] = {
    [REPORT_REFUSED] = {"refused", LOG_LEVEL_NOTICE},
    [REPORT_ANSWERED] = {"answered", LOG_LEVEL_NOTICE},
    [REPORT_WOULD_REFUSE] = {"would-refuse", LOG_LEVEL_INFO},
    [REPORT_EXEMPT] = {"exempt", LOG_LEVEL_DEBUG},
};

const char *report_decision_name(enum report_decision decision)
{
  return written[decision].event;
}

void report_count(struct report_counts *out)
{
  out->sessions_open = report_open_sessions();
  out->sessions_served = atomic_load_explicit(&served_sessions, memory_order_relaxed);
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    for (size_t i = 0; i < REPORT_DECISION_COUNT; i++)
      out->decisions[rule][i] = atomic_load_explicit(&decisions[rule][i], memory_order_relaxed);
}

static enum report_decision decision_of(const struct door_report *report)
{
  static const enum report_decision of[] = {[DOOR_REFUSED] = REPORT_REFUSED,
                                            [DOOR_WOULD_REFUSE] = REPORT_WOULD_REFUSE,
                                            [DOOR_EXEMPT] = REPORT_EXEMPT};
  bool answered = report->event == DOOR_REFUSED && reply_is_positive(report->status.code);

  return answered ? REPORT_ANSWERED : of[report->event];
}

/* client, helo, from, to: who it was, as far as is known. */
static void log_session(struct log_line *line, const struct door_report *report)
{
  const struct session *session = report->session;
  char client[IP_TEXT_SIZE] = "local";

  if (session->has_client)
    ip_format(session->client, client);
  log_string(line, "client", client);
  if (session->daemon_len > 0)
    log_text(line, "daemon", session_daemon(session));
  if (session->helo_seen)
    log_text(line, "helo", session_helo(session));
  if (report->question->stage == STAGE_MAIL)
    log_text(line, "from", report->question->argument);
  else if (session->sender_len > 0)
    log_text(line, "from", session_sender(session));
  if (report->question->stage == STAGE_RCPT)
    log_text(line, "to", report->question->argument);
  if (report->question->stage == STAGE_COMMAND)
    log_text(line, "command", report->question->argument);
}

static void log_reply(struct log_line *line, struct reply_status status)
{
  char memory[32];
  struct text text = text_in(memory, sizeof(memory));

  text_add_number(&text, status.code);
  if (status.enhanced[0] != '\0')
    text_add_byte(&text, ' ');
  text_add(&text, status.enhanced);
  log_text(line, "reply", text_span(&text));
}

static void report_event(const struct door_report *report)
{
  enum report_decision decision = decision_of(report);
  struct log_line line;

  atomic_fetch_add_explicit(&decisions[report->verdict->rule][decision], 1, memory_order_relaxed);
  if (!log_wants(written[decision].level))
    return;
  log_begin(&line, written[decision].level, written[decision].event);
  log_string(&line, "rule", rule_entry(report->verdict->rule)->name);
  log_string(&line, "door", door_name(report->door));
  if (report->event == DOOR_EXEMPT)
    log_string(&line, "because", exemption_name(report->exemption));
  log_session(&line, report);
  log_reply(&line, report->status);
  if (report->queue_id.len > 0)
    log_text(&line, "queue", report->queue_id);
  if (report->verdict->fault.kind != FAULT_NONE) {
    log_number(&line, "at", report->verdict->fault.at);
    log_string(&line, "fault", fault_text(report->verdict->fault.kind));
  }
  log_end(&line);
}

/* Whether another of these lines may be written now; `*left_out` counts those that may not. */
static bool may_complain(enum door door, unsigned *left_out)
{
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static struct {
    time_t since;
    unsigned lines, left_out;
  } doors[DOOR_COUNT];
  struct timespec now;
  bool may;

  clock_gettime(CLOCK_MONOTONIC, &now);
  pthread_mutex_lock(&lock);
  if (now.tv_sec - doors[door].since >= COMPLAINTS_SECONDS) {
    doors[door].since = now.tv_sec;
    doors[door].lines = 0;
  }
  may = doors[door].lines < COMPLAINTS_MAX;
  *left_out = doors[door].left_out;
  doors[door].lines += may;
  doors[door].left_out = may ? 0 : doors[door].left_out + 1;
  pthread_mutex_unlock(&lock);
  return may;
}

static void malformed(enum door door, const char *why)
{
  static const char *const events[DOOR_COUNT] = {[DOOR_MILTER] = "milter-malformed",
                                                 [DOOR_POLICY] = "policy-malformed",
                                                 [DOOR_SOCKETMAP] = "socketmap-malformed"};
  struct log_line line;
  unsigned left_out;

  if (!may_complain(door, &left_out))
    return;
  log_begin(&line, LOG_LEVEL_WARNING, events[door]);
  log_string(&line, "door", door_name(door));
  log_string(&line, "error", why);
  if (left_out > 0)
    log_number(&line, "left-out", left_out);
  log_end(&line);
}

const struct door_services *report_services(void)
{
  static const struct door_services services = {
      .policy_take = policy_take,
      .policy_keep = policy_keep,
      .policy_release = policy_release,
      .report = report_event,
      .malformed = malformed,
      .sessions = sessions,
  };

  return &services;
}
