/*
 * The daemon's life. What needs root comes first, then privileges are dropped while there is one
 * thread, then the others start: the log's writer, and libmilter in a thread of its own. The main
 * thread keeps to signals. Every way out leads through leave(), which takes any half-started state.
 */
#define _GNU_SOURCE /* pthread_timedjoin_np() */
#include "serve.h"
#include "../doors/milter.h"
#include "listener.h"
#include "log.h"
#include "privileges.h"
#include "reload.h"
#include "report.h"
#include "signals.h"
#include "snapshot.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

enum {
  STOP_SECONDS = 5,   /* for sessions to let go */
  NUDGE_MS = 50,      /* how often libmilter is woken up to see that it is to stop */
  WHY_SIZE = 512,     /* bytes of a reason */
  ADDRESS_SIZE = 512, /* bytes of an address as it is shown */
};

struct service {
  const char *path; /* of the configuration */
  struct listener listener;
  int signals; /* descriptor of signals_open() */
  int ended;   /* eventfd: libmilter has returned */
  pthread_t door;
  bool door_runs; /* `door` is to be joined */
  char address[ADDRESS_SIZE];
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

/* The address to listen on: a socket that we were given comes before the configured one. */
static bool find_address(const struct settings *settings, struct listener_address *out,
                         struct text *why)
{
  const char *wrong;
  int passed = listener_passed("milter");

  if (passed >= 0) {
    *out = (struct listener_address){.kind = LISTENER_FD, .fd = passed};
    return true;
  }
  if (listener_parse(settings->listen_milter, out, &wrong))
    return true;
  text_add(why, "listen.milter: ");
  text_add(why, wrong);
  return false;
}

static enum serve_end open_listener(struct service *service, const struct settings *settings,
                                    const struct identity *identity, struct text *why)
{
  struct listener_access access = {
      .mode = (mode_t)settings->listen_mode,
      .owner = identity->changes ? identity->uid : (uid_t)-1,
      .group = identity->changes ? identity->gid : (gid_t)-1,
  };
  struct listener_address address;
  struct text shown = text_in(service->address, sizeof(service->address));

  if (!find_address(settings, &address, why))
    return SERVE_BAD_CONFIG;
  if (settings->listen_group.len > 0 &&
      privileges_group(settings->listen_group, &access.group, why) != PRIVILEGES_OK)
    return SERVE_BAD_CONFIG;
  listener_write(&shown, &address);
  if (!listener_open(&address, &access, (int)settings->listen_backlog, &service->listener, why))
    return SERVE_UNAVAILABLE;
  return SERVE_FINE;
}

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
    end = open_listener(service, settings, &identity, &why);
  if (end == SERVE_FINE)
    end = end_of(privileges_drop(&identity, &why));
  if (end != SERVE_FINE)
    complain(memory);
  return end;
}

static void *run_door(void *argument)
{
  struct service *service = argument;
  const uint64_t one = 1;

  (void)milter_run(); /* that it ended says all; whether it was asked to, the main thread knows */
  while (write(service->ended, &one, sizeof(one)) < 0 && errno == EINTR)
    ;
  return NULL;
}

/* libmilter closes what it is given; we keep our own descriptor to the end. */
static enum serve_end start_door(struct service *service, const struct settings *settings)
{
  struct milter_options options = {
      .fd = fcntl(service->listener.fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1),
      .timeout = settings->timeout,
      .backlog = settings->listen_backlog,
      .services = report_services(),
  };
  const char *wrong;

  service->ended = eventfd(0, EFD_CLOEXEC);
  if (options.fd < 0 || service->ended < 0)
    return failed(SERVE_TRY_LATER, strerror(errno));
  if (!milter_open(&options, &wrong))
    return failed(SERVE_UNAVAILABLE, wrong);
  if (!log_start() || pthread_create(&service->door, NULL, run_door, service) != 0)
    return failed(SERVE_TRY_LATER, "cannot start a thread");
  service->door_runs = true;
  return SERVE_FINE;
}

static void log_started(const struct service *service, const struct policy *policy)
{
  struct log_line line;

  log_begin(&line, LOG_LEVEL_INFO, "started");
  log_string(&line, "version", VERSION);
  log_string(&line, "listen", service->address);
  reload_log_policy(&line, policy);
  log_end(&line);
  sd_notifyf(0, "READY=1\nSTATUS=Serving on %s", service->address);
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
  now = snapshot_take();
  end = take_place(service, now);
  if (end == SERVE_FINE)
    end = start_door(service, now);
  if (end == SERVE_FINE)
    log_started(service, &now->policy);
  snapshot_release(now);
  return end;
}

/* Serving and stopping */

static void reload(struct service *service)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=Reading the configuration",
             (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
  sd_notifyf(0, "READY=1\nSTATUS=Serving on %s%s", service->address,
             reload_settings(service->path) ? ""
                                            : ", with the old configuration: the new is wrong");
}

/* Waits for a signal or libmilter's end; -1: without a bound. False when libmilter has ended. */
static bool wait_for_wish(struct service *service, int milliseconds, enum signals_wish *wish)
{
  struct pollfd waits[] = {
      {.fd = service->signals, .events = POLLIN},
      {.fd = service->ended, .events = POLLIN},
  };

  *wish = SIGNALS_NOTHING;
  (void)poll(waits, 2, milliseconds);
  if ((waits[0].revents & POLLIN) != 0)
    *wish = signals_next(service->signals);
  return (waits[1].revents & POLLIN) == 0;
}

/* True when told to stop, false when libmilter ended by itself. */
static bool serve_until_told(struct service *service)
{
  enum signals_wish wish;

  do {
    if (!wait_for_wish(service, -1, &wish))
      return wish == SIGNALS_STOP;
    if (wish == SIGNALS_RELOAD)
      reload(service);
  } while (wish != SIGNALS_STOP);
  return true;
}

static void *stop_door(void *nothing)
{
  milter_stop();
  return nothing;
}

/* libmilter destroys its locks at the end of the process: by then nobody may be in smfi_stop(). */
static bool join_soon(pthread_t thread)
{
  struct timespec until;

  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec++;
  return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

/*
 * libmilter holds a lock while it waits for a connection, up to five seconds, and smfi_stop() waits
 * for that lock: hence a thread to call it in, and signals that cut the wait short.
 * Returns false when it takes too long or somebody is in a hurry.
 */
static bool stop(struct service *service)
{
  enum signals_wish wish = SIGNALS_NOTHING;
  pthread_t stopper;

  sd_notify(0, "STOPPING=1\nSTATUS=Stopping");
  if (pthread_create(&stopper, NULL, stop_door, NULL) != 0)
    return false;
  for (int left = STOP_SECONDS * 1000; left > 0 && wish != SIGNALS_STOP; left -= NUDGE_MS) {
    signals_wake(service->door);
    if (!wait_for_wish(service, NUDGE_MS, &wish))
      return join_soon(stopper);
  }
  return false;
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
  if (service->door_runs)
    pthread_join(service->door, NULL);
  listener_close(&service->listener);
  log_close();
  snapshot_close();
  if (service->signals >= 0)
    close(service->signals);
  if (service->ended >= 0)
    close(service->ended);
}

enum serve_end serve(const char *path, struct settings *settings, const struct config_notes *notes)
{
  /* Static: a libmilter that is left behind may still write to it. */
  static struct service service = {.signals = -1, .ended = -1};
  enum serve_end end;

  service.path = path;
  service.listener = LISTENER_NONE;
  end = start(&service, settings, notes);
  if (end == SERVE_FINE) {
    if (!serve_until_told(&service)) {
      end = failed(SERVE_UNAVAILABLE, "libmilter gave up serving");
    } else if (!stop(&service)) {
      log_stopped(false);
      listener_close(&service.listener);
      log_close();
      _exit(0);
    } else {
      log_stopped(true);
    }
  }
  leave(&service);
  return end;
}
