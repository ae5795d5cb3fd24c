/*
 * One event base, one thread. Other threads reach it through a descriptor alone, so that libevent
 * needs no locks.
 */
#include "loop.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { STOP_SECONDS = 3 }; /* for clients to read what they were told */

struct loop {
  struct event_base *base;
  int wish; /* eventfd: readable when somebody wants something */
  atomic_bool stops;
  struct event *told;
  struct streams *streams[LOOP_PORTS_MAX];
  unsigned open; /* of these */
  struct loop_owner owner;
  pthread_t thread;
  bool runs; /* the thread is to be joined */
};

static void on_closed(void *context)
{
  struct loop *loop = context;

  if (--loop->open == 0)
    event_base_loopbreak(loop->base);
}

static void stop(struct loop *loop)
{
  static const struct timeval most = {.tv_sec = STOP_SECONDS};

  event_base_loopexit(loop->base, &most);
  for (size_t i = 0; i < LOOP_PORTS_MAX; i++)
    if (loop->streams[i] != NULL)
      streams_stop(loop->streams[i], on_closed, loop);
}

static void on_told(evutil_socket_t fd, short what, void *context)
{
  struct loop *loop = context;
  uint64_t count;

  (void)what;
  (void)!read(fd, &count, sizeof(count));
  if (loop->owner.woken != NULL)
    loop->owner.woken(loop->owner.context);
  if (atomic_load(&loop->stops)) {
    event_del(loop->told);
    stop(loop);
  }
}

static void *run(void *argument)
{
  struct loop *loop = argument;

  (void)event_base_dispatch(loop->base);
  loop->owner.ended(loop->owner.context);
  return NULL;
}

/* Takes all sockets over, one after the other. */
static bool open_ports(struct loop *loop, const struct loop_port *ports, size_t count,
                       const struct streams_limits *limits)
{
  bool good = loop->base != NULL;

  for (size_t i = 0; i < count; i++) {
    if (!good) {
      close(ports[i].fd);
      continue;
    }
    loop->streams[i] =
        streams_open(loop->base, ports[i].fd, ports[i].protocol, limits, ports[i].context);
    good = loop->streams[i] != NULL;
    loop->open++;
  }
  return good;
}

static bool listen_to_wish(struct loop *loop)
{
  loop->wish = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (loop->wish < 0 || loop->base == NULL)
    return false;
  loop->told = event_new(loop->base, loop->wish, EV_READ | EV_PERSIST, on_told, loop);
  return loop->told != NULL && event_add(loop->told, NULL) == 0;
}

struct loop *loop_start(const struct loop_port *ports, size_t count,
                        const struct streams_limits *limits, const struct loop_owner *owner)
{
  struct loop *loop = calloc(1, sizeof(*loop));

  if (loop == NULL) {
    for (size_t i = 0; i < count; i++)
      close(ports[i].fd);
    return NULL;
  }
  loop->owner = *owner;
  loop->wish = -1;
  loop->base = event_base_new();
  loop->runs = open_ports(loop, ports, count, limits) && listen_to_wish(loop) &&
               pthread_create(&loop->thread, NULL, run, loop) == 0;
  if (!loop->runs) {
    loop_free(loop);
    return NULL;
  }
  return loop;
}

void loop_stop(struct loop *loop)
{
  atomic_store(&loop->stops, true);
  loop_wake(loop);
}

void loop_wake(struct loop *loop)
{
  const uint64_t one = 1;

  while (write(loop->wish, &one, sizeof(one)) < 0 && errno == EINTR)
    ;
}

void loop_free(struct loop *loop)
{
  if (loop == NULL)
    return;
  if (loop->runs) {
    loop_stop(loop);
    pthread_join(loop->thread, NULL);
  }
  for (size_t i = 0; i < LOOP_PORTS_MAX; i++)
    streams_free(loop->streams[i]);
  if (loop->told != NULL)
    event_free(loop->told);
  if (loop->base != NULL)
    event_base_free(loop->base);
  if (loop->wish >= 0)
    close(loop->wish);
  free(loop);
}
