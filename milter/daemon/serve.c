/*
 * The daemon's life. What needs root comes first, then privileges are dropped while there is one
 * thread, then the others start: the log's writer, and libmilter in a thread of its own. The main
 * thread keeps to signals. Every way out leads through leave(), which takes any half-started state.
 */
#include "serve.h"
#include "control.h"
#include "doors.h"
#include "log.h"
#include "privileges.h"
#include "reload.h"
#include "remember.h"
#include "report.h"
#include "signals.h"
#include "snapshot.h"
#include "version.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

enum {
  STOP_SECONDS = 5, /* for sessions to let go */
  NUDGE_MS = 50,    /* how often libmilter is woken up to see that it is to stop */
  WHY_SIZE = 512,   /* bytes of a reason */
};

struct service {
  const char *path; /* of the configuration */
  struct doors doors;
  struct control control;
  int signals; /* descriptor of signals_open() */
  char addresses[DOOR_COUNT * DOORS_ADDRESS_SIZE];
};

/* Says why it does not start, where an administrator looks: in the log and at the terminal. */
static void complain(const char *why)
{
  const struct settings *settings = snapshot_take();

  if (settings == NULL || settings->log_to != LOG_TARGET_STDERR)
    fprintf(stderr, "milter-strict: %s\n", why);
  snapshot_release(settings);
  log_event(LOG_LEVEL_ERR, "failed", "error", why);
}

static enum serve_end failed(enum serve_end end, const char *why)
{
  complain(why);
  return end;
}

/* A session holds a descriptor: 1,024, the usual soft limit, is too few for a busy relay. */
static void raise_file_limit(void)
{
  struct rlimit limit;

  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
  }
}

/* Start */

static enum serve_end end_of(enum privileges_fault fault)
{
  switch (fault) {
  case PRIVILEGES_OK:
    return SERVE_FINE;
  case PRIVILEGES_UNKNOWN:
  case PRIVILEGES_ROOT:
    return SERVE_BAD_CONFIG;
  case PRIVILEGES_KEPT:
    break;
  }
  return SERVE_NOT_ALLOWED;
}

/* Operators are told that they cannot be answered; mail is filtered all the same. */
static enum serve_end open_control(struct service *service, const struct settings *settings,
                                   const struct identity *identity, struct text *why)
{
  enum control_start start = control_listen(&service->control, settings, identity, why);

  if (start == CONTROL_FAILED) {
    log_event(LOG_LEVEL_WARNING, "control-failed", "error", why->at);
    text_clear(why);
  }
  return start == CONTROL_BAD ? SERVE_BAD_CONFIG : SERVE_FINE;
}

/* What only root may do, and then root no more. SERVE_FINE when all went well. */
static enum serve_end take_place(struct service *service, const struct settings *settings)
{
  char memory[WHY_SIZE];
  struct text why = text_in(memory, sizeof(memory));
  struct identity identity;
  enum serve_end end = end_of(privileges_find(settings->user, settings->group, &identity, &why));

  if (end == SERVE_FINE && !identity.changes && !privileges_already(settings->user))
    log_event(LOG_LEVEL_WARNING, "user-ignored", "because", "only root can change to `user`");
  if (end == SERVE_FINE)
    end = doors_listen(&service->doors, settings, &identity, &why);
  if (end == SERVE_FINE)
    end = open_control(service, settings, &identity, &why);
  if (end == SERVE_FINE)
    end = end_of(privileges_drop(&identity, &why));
  if (end != SERVE_FINE)
    complain(memory);
  return end;
}

/* From here on there are other threads. */
static enum serve_end start_threads(struct service *service, const struct settings *settings)
{
  char memory[WHY_SIZE];
  struct text why = text_in(memory, sizeof(memory));
  enum serve_end end;

  if (!log_start() || !remember_start(settings))
    return failed(SERVE_TRY_LATER, "cannot start a thread");
  if (control_serve(&service->control, &why) == CONTROL_FAILED)
    return failed(SERVE_TRY_LATER, memory);
  end = doors_start(&service->doors, settings, &why);
  return end == SERVE_FINE ? SERVE_FINE : failed(end, memory);
}

static void log_started(struct service *service, const struct policy *policy)
{
  struct text addresses = text_in(service->addresses, sizeof(service->addresses));
  struct log_line line;

  doors_show(&service->doors, &addresses);

  log_begin(&line, LOG_LEVEL_INFO, "started");
  log_string(&line, "version", VERSION);
  doors_log(&service->doors, &line);
  control_log(&service->control, &line);
  reload_log_policy(&line, policy);
  log_end(&line);
  sd_notifyf(0, "READY=1\nSTATUS=Serving on %s", service->addresses);
}

static enum serve_end start(struct service *service, struct settings *settings,
                            const struct config_notes *notes)
{
  const struct settings *now;
  enum serve_end end;

  log_open(settings->log_to, settings->log_facility, settings->log_level);
  if (!snapshot_replace(settings)) {
    settings_free(settings);
    return failed(SERVE_TRY_LATER, "not enough memory");
  }
  if (!signals_open(&service->signals))
    return failed(SERVE_TRY_LATER, strerror(errno));
  raise_file_limit();
  reload_log_warnings(notes);
  reload_begin(service->path);
  now = snapshot_take();
  end = take_place(service, now);
  if (end == SERVE_FINE) {
    remember_open(now); /* in the name of the user that is left */
    end = start_threads(service, now);
  }
  if (end == SERVE_FINE)
    log_started(service, &now->policy);
  snapshot_release(now);
  return end;
}

/* Serving and stopping */

static void reload(struct service *service, struct reload_report *report)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=Reading the configuration",
             (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
  reload_settings(service->path, report);
  sd_notifyf(0, "READY=1\nSTATUS=Serving on %s%s", service->addresses,
             report->good ? "" : ", with the old configuration: the new is wrong");
}

/* Waits for a signal, a door's end or an operator's wish, without a bound for -1. */
static enum signals_wish wait_for_wish(struct service *service, int milliseconds)
{
  struct pollfd waits[] = {
      {.fd = service->signals, .events = POLLIN},
      {.fd = service->doors.news, .events = POLLIN},
      {.fd = control_news(&service->control), .events = POLLIN},
  };

  (void)poll(waits, sizeof(waits) / sizeof(waits[0]), milliseconds);
  if ((waits[1].revents & POLLIN) != 0)
    doors_hear(&service->doors);
  return (waits[0].revents & POLLIN) != 0 ? signals_next(service->signals) : SIGNALS_NOTHING;
}

/* Why it stops, when nobody told it to: a door has ended by itself. Else NULL. */
static const char *serve_until_told(struct service *service)
{
  unsigned long long number;
  struct reload_report report;
  enum signals_wish wish;
  bool asked;

  do {
    wish = wait_for_wish(service, -1);
    asked = control_wants_reload(&service->control, &number);
    if (wish == SIGNALS_RELOAD || asked)
      reload(service, &report);
    if (asked)
      control_reloaded(&service->control, number, &report);
  } while (wish != SIGNALS_STOP && doors_fallen(&service->doors) == NULL);
  return wish == SIGNALS_STOP ? NULL : doors_fallen(&service->doors);
}

/* Returns false when it takes too long or somebody is in a hurry. */
static bool stop(struct service *service)
{
  enum signals_wish wish = SIGNALS_NOTHING;
  bool in_time = false;

  sd_notify(0, "STOPPING=1\nSTATUS=Stopping");
  control_stop(&service->control);
  if (!doors_stop(&service->doors))
    return false;
  for (int left = STOP_SECONDS * 1000; left > 0 && wish != SIGNALS_STOP; left -= NUDGE_MS) {
    if (doors_have_stopped(&service->doors, &in_time))
      return in_time;
    wish = wait_for_wish(service, NUDGE_MS);
  }
  return doors_have_stopped(&service->doors, &in_time) && in_time;
}

static void log_stopped(bool in_time)
{
  struct log_line line;

  log_begin(&line, LOG_LEVEL_INFO, "stopped");
  log_number(&line, "sessions", report_open_sessions());
  if (!in_time)
    log_string(&line, "because", "sessions did not end, or a second signal");
  log_end(&line);
}

static void leave(struct service *service)
{
  control_close(&service->control);
  doors_close(&service->doors);
  remember_close(report_open_sessions() > 0);
  log_close();
  snapshot_close();
  if (service->signals >= 0)
    close(service->signals);
}

enum serve_end serve(const char *path, struct settings *settings, const struct config_notes *notes)
{
  /* Static: a libmilter that is left behind may still write to it. */
  static struct service service = {.signals = -1};
  const char *fallen = NULL;
  enum serve_end end;

  service.path = path;
  doors_begin(&service.doors);
  control_begin(&service.control);
  end = start(&service, settings, notes);
  if (end == SERVE_FINE) {
    fallen = serve_until_told(&service);
    if (fallen != NULL)
      end = failed(SERVE_UNAVAILABLE, fallen);
    if (!stop(&service)) {
      log_stopped(false);
      doors_abandon(&service.doors);
      control_abandon(&service.control);
      log_close();
      _exit(fallen == NULL ? 0 : EX_UNAVAILABLE);
    }
    if (fallen == NULL)
      log_stopped(true);
  }
  leave(&service);
  return end;
}
