/*
 * The doors: one of libmilter's, and those on the event loop.
 */
#define _GNU_SOURCE /* pthread_timedjoin_np() */
#include "doors.h"
#include "../doors/milter.h"
#include "../doors/protocols.h"
#include "remember.h"
#include "report.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 10000 }; /* at once, at each door on the loop */

void doors_begin(struct doors *doors)
{
  memset(doors, 0, sizeof(*doors));
  doors->news = -1;
  for (enum door door = 0; door < DOOR_COUNT; door++)
    doors->listener[door] = LISTENER_NONE;
}

/* Sockets */

static struct span setting_of(enum door door, const struct settings *settings)
{
  const struct span addresses[DOOR_COUNT] = {[DOOR_MILTER] = settings->listen_milter,
                                             [DOOR_POLICY] = settings->listen_policy,
                                             [DOOR_SOCKETMAP] = settings->listen_socketmap};

  return addresses[door];
}

/* The address to listen on: a socket that we were given comes before the configured one. */
static bool find_address(enum door door, struct span setting, struct endpoint *out,
                         struct text *why)
{
  const char *wrong;
  int passed = listener_passed(door_name(door), door == DOOR_MILTER);

  if (passed >= 0) {
    *out = (struct endpoint){.kind = ENDPOINT_FD, .fd = passed};
    return true;
  }
  if (setting.len == 0 || endpoint_parse(setting, out, &wrong))
    return true;
  text_add(why, "listen.");
  text_add(why, door_name(door));
  text_add(why, ": ");
  text_add(why, wrong);
  return false;
}

static bool has_address(const struct endpoint *address)
{
  return address->kind != ENDPOINT_UNIX || address->path[0] != '\0';
}

enum serve_end doors_listen(struct doors *doors, const struct settings *settings,
                            const struct identity *identity, struct text *why)
{
  struct listener_access access = {
      .mode = (mode_t)settings->listen_mode,
      .owner = identity->changes ? identity->uid : (uid_t)-1,
      .group = identity->changes ? identity->gid : (gid_t)-1,
  };

  if (settings->listen_group.len > 0 &&
      privileges_group(settings->listen_group, &access.group, why) != PRIVILEGES_OK)
    return SERVE_BAD_CONFIG;
  for (enum door door = 0; door < DOOR_COUNT; door++) {
    struct endpoint address = {.kind = ENDPOINT_UNIX}; /* no path: no door */
    struct text shown = text_in(doors->shown[door], sizeof(doors->shown[door]));

    if (!find_address(door, setting_of(door, settings), &address, why))
      return SERVE_BAD_CONFIG;
    if (!has_address(&address))
      continue;
    endpoint_write(&shown, &address);
    if (!listener_open(&address, &access, (int)settings->listen_backlog, &doors->listener[door],
                       why))
      return SERVE_UNAVAILABLE;
  }
  return SERVE_FINE;
}

void doors_log(const struct doors *doors, struct log_line *line)
{
  for (enum door door = 0; door < DOOR_COUNT; door++)
    if (doors->listener[door].fd >= 0)
      log_string(line, door == DOOR_MILTER ? "listen" : door_name(door), doors->shown[door]);
}

void doors_show(const struct doors *doors, struct text *text)
{
  for (enum door door = 0; door < DOOR_COUNT; door++) {
    if (doors->listener[door].fd < 0)
      continue;
    if (text->len > 0)
      text_add(text, ", ");
    text_add(text, doors->shown[door]);
  }
}

/* Threads */

static void tell(const struct doors *doors)
{
  const uint64_t one = 1;

  while (write(doors->news, &one, sizeof(one)) < 0 && errno == EINTR)
    ;
}

static void *run_milter(void *argument)
{
  struct doors *doors = argument;

  (void)milter_run(); /* that it ended says all; whether it was asked to, the main thread knows */
  atomic_store(&doors->milter_ended, true);
  tell(doors);
  return NULL;
}

static void on_loop_ended(void *argument)
{
  struct doors *doors = argument;

  atomic_store(&doors->loop_ended, true);
  tell(doors);
}

/* A descriptor of our own for whoever serves the door, who closes what is given; -1 for none. */
static int copy_of(const struct listener *listener)
{
  return fcntl(listener->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

static enum serve_end give_up(struct text *why, const char *what)
{
  text_add(why, what);
  return SERVE_TRY_LATER;
}

static enum serve_end start_loop(struct doors *doors, const struct settings *settings,
                                 struct text *why)
{
  struct streams_limits limits = {.connections = CONNECTIONS_MAX, .idle = settings->timeout};
  struct loop_owner owner = {.ended = on_loop_ended, .context = doors};
  struct loop_port ports[DOOR_COUNT];
  size_t count = 0;

  for (enum door door = DOOR_POLICY; door < DOOR_COUNT; door++) {
    int fd;

    if (doors->listener[door].fd < 0)
      continue;
    fd = copy_of(&doors->listener[door]);
    if (fd >= 0)
      ports[count++] = (struct loop_port){.protocol = door_protocol(door),
                                          .context = &doors->services, /* comes back as const */
                                          .fd = fd};
    if (fd >= 0 && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0)
      continue;
    text_add(why, strerror(errno));
    while (count > 0)
      close(ports[--count].fd);
    return SERVE_TRY_LATER;
  }
  if (count == 0)
    return SERVE_FINE;
  doors->loop = loop_start(ports, count, &limits, &owner);
  return doors->loop != NULL ? SERVE_FINE : give_up(why, "cannot start the doors' thread");
}

static void prepare_services(struct doors *doors)
{
  doors->services = *report_services();
  remember_serve(&doors->services);
  if (doors->listener[DOOR_POLICY].fd < 0 && doors->listener[DOOR_SOCKETMAP].fd < 0)
    return;
  registry_open(&doors->registry, &doors->services);
  doors->services.registry = &doors->registry;
}

enum serve_end doors_start(struct doors *doors, const struct settings *settings, struct text *why)
{
  struct milter_options options = {
      .fd = copy_of(&doors->listener[DOOR_MILTER]),
      .timeout = settings->timeout,
      .backlog = settings->listen_backlog,
      .services = &doors->services,
  };
  const char *wrong;
  enum serve_end end;

  doors->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (options.fd < 0 || doors->news < 0)
    return give_up(why, strerror(errno));
  prepare_services(doors);
  if (!milter_open(&options, &wrong)) {
    text_add(why, wrong);
    return SERVE_UNAVAILABLE;
  }
  end = start_loop(doors, settings, why);
  if (end != SERVE_FINE)
    return end;
  if (pthread_create(&doors->milter, NULL, run_milter, doors) != 0)
    return give_up(why, "cannot start a thread");
  doors->milter_runs = true;
  return SERVE_FINE;
}

void doors_hear(const struct doors *doors)
{
  uint64_t count;

  (void)!read(doors->news, &count, sizeof(count));
}

const char *doors_fallen(const struct doors *doors)
{
  if (atomic_load(&doors->milter_ended))
    return "libmilter gave up serving";
  return doors->loop != NULL && atomic_load(&doors->loop_ended)
             ? "the policy and socket-map doors gave up serving"
             : NULL;
}

/* Stopping */

static void *stop_milter(void *nothing)
{
  milter_stop();
  return nothing;
}

/*
 * libmilter holds a lock while it waits for a connection, up to five seconds, and smfi_stop() waits
 * for that lock: hence a thread to call it in, and signals that cut the wait short.
 */
bool doors_stop(struct doors *doors)
{
  if (doors->loop != NULL)
    loop_stop(doors->loop);
  if (!atomic_load(&doors->milter_ended))
    doors->stopper_runs = pthread_create(&doors->stopper, NULL, stop_milter, NULL) == 0;
  return doors->stopper_runs || atomic_load(&doors->milter_ended);
}

/* libmilter destroys its locks at the end of the process: by then nobody may be in smfi_stop(). */
static bool join_soon(struct doors *doors)
{
  struct timespec until;

  if (!doors->stopper_runs)
    return true;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec++;
  if (pthread_timedjoin_np(doors->stopper, NULL, &until) != 0)
    return false;
  doors->stopper_runs = false;
  return true;
}

bool doors_have_stopped(struct doors *doors, bool *in_time)
{
  if (!atomic_load(&doors->milter_ended)) {
    signals_wake(doors->milter);
    return false;
  }
  if (doors->loop != NULL && !atomic_load(&doors->loop_ended))
    return false;
  *in_time = join_soon(doors);
  return true;
}

void doors_abandon(struct doors *doors)
{
  for (enum door door = 0; door < DOOR_COUNT; door++)
    listener_close(&doors->listener[door]);
}

void doors_close(struct doors *doors)
{
  loop_free(doors->loop);
  doors->loop = NULL;
  if (doors->milter_runs)
    pthread_join(doors->milter, NULL);
  doors->milter_runs = false;
  doors_abandon(doors);
  if (doors->news >= 0)
    close(doors->news);
  doors->news = -1;
}
