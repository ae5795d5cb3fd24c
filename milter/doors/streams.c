/*
 * Connections on libevent's bufferevents.
 *
 * Hanging up is done gently: our side is shut first and what the client still sends is thrown
 * away for a moment, for a socket closed with unread input makes the kernel reset the connection,
 * and the client would lose the last reply.
 */
#define _GNU_SOURCE /* struct ucred */
#include "streams.h"
#include "socket_ip.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  LINGER_SECONDS = 2,              /* for the client to read our last words */
  LINGER_INPUT_MAX = 1024 * 1024,  /* bytes thrown away meanwhile */
  CROWD_MAX = 64,                  /* connections over the limit that still hear why */
  ACCEPT_PAUSE_MILLISECONDS = 200, /* when there are no descriptors left */
};

enum stream_phase {
  STREAM_TALKS,
  STREAM_FINISHES, /* what was written goes out */
  STREAM_LINGERS,  /* our side is shut */
};

struct stream {
  struct streams *owner;
  struct stream *next, **link; /* in the owner's list */
  struct bufferevent *events;
  enum stream_phase phase;
  bool begun;    /* the protocol knows it */
  bool silent;   /* the client says no more, and may still read */
  bool crowded;  /* is only there to hear that there is no room */
  size_t thrown; /* bytes while lingering */
  void *state;
};

struct streams {
  struct event_base *base;
  struct evconnlistener *listener; /* NULL once stopped */
  struct event *resume;            /* accepts again */
  struct event *finish;            /* tells `done` */
  const struct stream_protocol *protocol;
  struct streams_limits limits;
  void *context;
  void (*done)(void *done_context);
  void *done_context;
  struct stream *first;
  unsigned count; /* in the list, the crowded ones not counted */
  unsigned crowd; /* these */
};

static unsigned *counter_of(struct stream *stream)
{
  return stream->crowded ? &stream->owner->crowd : &stream->owner->count;
}

static void stream_free(struct stream *stream)
{
  struct streams *owner = stream->owner;

  if (stream->link != NULL) {
    *stream->link = stream->next;
    if (stream->next != NULL)
      stream->next->link = stream->link;
    *counter_of(stream) -= 1;
  }
  if (stream->begun && owner->protocol->end != NULL)
    owner->protocol->end(stream->state);
  if (stream->events != NULL)
    bufferevent_free(stream->events); /* closes the descriptor */
  free(stream->state);
  free(stream);
  if (owner->first == NULL && owner->done != NULL)
    event_active(owner->finish, EV_TIMEOUT, 0);
}

static void set_patience(struct stream *stream, unsigned seconds)
{
  struct timeval patience = {.tv_sec = seconds};

  bufferevent_set_timeouts(stream->events, &patience, &patience);
}

/* Everything is written: shut our side and wait a little for the client to do the same. */
static void linger(struct stream *stream)
{
  struct evbuffer *input = bufferevent_get_input(stream->events);

  stream->phase = STREAM_LINGERS;
  shutdown(bufferevent_getfd(stream->events), SHUT_WR);
  evbuffer_drain(input, evbuffer_get_length(input));
  set_patience(stream, LINGER_SECONDS);
  bufferevent_enable(stream->events, EV_READ);
}

static bool all_written(const struct stream *stream)
{
  return evbuffer_get_length(bufferevent_get_output(stream->events)) == 0;
}

static bool has_enough(const struct stream *stream)
{
  return evbuffer_get_length(bufferevent_get_output(stream->events)) >= STREAMS_OUTPUT_MAX;
}

bool stream_write(struct stream *stream, struct span bytes)
{
  bufferevent_write(stream->events, bytes.at, bytes.len);
  return !has_enough(stream);
}

void stream_close(struct stream *stream)
{
  if (stream->phase == STREAM_TALKS)
    stream->phase = STREAM_FINISHES;
}

void *stream_context(const struct stream *stream)
{
  return stream->owner->context;
}

/* No more talk: wait until it is written, then linger. */
static void finish(struct stream *stream)
{
  bufferevent_disable(stream->events, EV_READ);
  bufferevent_setwatermark(stream->events, EV_WRITE, 0, 0);
  if (all_written(stream))
    linger(stream);
}

static bool answers(const struct stream *stream)
{
  return stream->owner->protocol->answers != NULL &&
         stream->owner->protocol->answers(stream->state);
}

/* Feeds what has come, as long as there is room for replies; then settles what to wait for. */
static void go_on(struct stream *stream)
{
  struct evbuffer *input = bufferevent_get_input(stream->events);
  size_t used = 1;

  while (stream->phase == STREAM_TALKS && used > 0 && !has_enough(stream) &&
         evbuffer_get_length(input) > 0) {
    struct span bytes = {(const char *)evbuffer_pullup(input, -1), evbuffer_get_length(input)};

    used = bytes.at == NULL ? 0 : stream->owner->protocol->feed(stream, stream->state, bytes);
    evbuffer_drain(input, used);
  }
  if (stream->phase == STREAM_TALKS && used == 0 && !has_enough(stream) &&
      evbuffer_get_length(input) >= STREAMS_INPUT_MAX)
    stream_close(stream);
  if (stream->phase == STREAM_TALKS && stream->silent && !answers(stream))
    stream_close(stream);
  if (stream->phase != STREAM_TALKS)
    finish(stream);
  else if (stream->silent || has_enough(stream))
    bufferevent_disable(stream->events, EV_READ);
  else
    bufferevent_enable(stream->events, EV_READ);
}

void stream_go_on(struct stream *stream)
{
  if (stream->phase == STREAM_TALKS)
    go_on(stream);
}

static void on_read(struct bufferevent *events, void *context)
{
  struct stream *stream = context;
  struct evbuffer *input = bufferevent_get_input(events);

  if (stream->phase == STREAM_TALKS) {
    go_on(stream);
    return;
  }
  stream->thrown += evbuffer_get_length(input);
  evbuffer_drain(input, evbuffer_get_length(input));
  if (stream->thrown > LINGER_INPUT_MAX)
    stream_free(stream);
}

/* The client has read: half of what may wait, or all of it. */
static void on_written(struct bufferevent *events, void *context)
{
  struct stream *stream = context;

  (void)events;
  if (stream->phase == STREAM_TALKS)
    go_on(stream);
  else if (stream->phase == STREAM_FINISHES && all_written(stream))
    linger(stream);
}

static bool is_idle(const struct stream *stream)
{
  return all_written(stream) && evbuffer_get_length(bufferevent_get_input(stream->events)) == 0;
}

static void say_bye(struct stream *stream, enum stream_bye why)
{
  if (stream->phase != STREAM_TALKS)
    return;
  if (stream->owner->protocol->bye == NULL && is_idle(stream)) { /* there is nothing to wait for */
    stream_free(stream);
    return;
  }
  if (stream->owner->protocol->bye != NULL)
    stream->owner->protocol->bye(stream, stream->state, why);
  stream_close(stream);
  set_patience(stream, LINGER_SECONDS);
  finish(stream);
}

static void on_event(struct bufferevent *events, short what, void *context)
{
  struct stream *stream = context;

  (void)events;
  if (stream->phase == STREAM_TALKS && (what & BEV_EVENT_TIMEOUT) != 0 &&
      (what & BEV_EVENT_READING) != 0) {
    say_bye(stream, STREAM_BYE_IDLE);
  } else if (stream->phase == STREAM_TALKS && (what & BEV_EVENT_EOF) != 0 &&
             (!all_written(stream) || answers(stream))) {
    stream->silent = true;
    go_on(stream);
  } else {
    stream_free(stream); /* gone, or has not read in time */
  }
}

static struct stream_ends ends_of(int fd, const struct sockaddr *client)
{
  struct sockaddr_storage server;
  socklen_t size = sizeof(server);
  struct stream_ends ends = {.has_ip = false};
  struct ucred peer;

  if (getsockname(fd, (struct sockaddr *)&server, &size) == 0)
    ends.has_ip = socket_ip(client, &ends.client, NULL) &&
                  socket_ip((struct sockaddr *)&server, &ends.server, NULL);
  size = sizeof(peer);
  if (client->sa_family == AF_UNIX && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
    ends.has_user = true;
    ends.user = peer.uid;
  }
  return ends;
}

/* NULL when memory is short; the descriptor is closed then. */
static struct stream *stream_new(struct streams *owner, int fd, bool crowded)
{
  struct stream *stream = calloc(1, sizeof(*stream));

  if (stream == NULL) {
    close(fd);
    return NULL;
  }
  stream->owner = owner;
  stream->state = calloc(1, owner->protocol->state_size);
  stream->events = bufferevent_socket_new(owner->base, fd, BEV_OPT_CLOSE_ON_FREE);
  if (stream->events == NULL)
    close(fd);
  if (stream->events == NULL || stream->state == NULL) {
    stream_free(stream);
    return NULL;
  }
  stream->next = owner->first;
  stream->link = &owner->first;
  if (stream->next != NULL)
    stream->next->link = &stream->next;
  owner->first = stream;
  stream->crowded = crowded;
  *counter_of(stream) += 1;
  return stream;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int length, void *context)
{
  struct streams *streams = context;
  bool crowded = streams->count >= streams->limits.connections;
  struct stream_ends ends = ends_of(fd, address);
  struct stream *stream;

  (void)listener;
  (void)length;
  if (crowded && streams->crowd >= CROWD_MAX) {
    close(fd);
    return;
  }
  stream = stream_new(streams, fd, crowded);
  if (stream == NULL)
    return;
  bufferevent_setcb(stream->events, on_read, on_written, on_event, stream);
  bufferevent_setwatermark(stream->events, EV_READ, 0, STREAMS_INPUT_MAX);
  bufferevent_setwatermark(stream->events, EV_WRITE, STREAMS_OUTPUT_MAX / 2, 0);
  set_patience(stream, streams->limits.idle);
  streams->protocol->begin(stream, stream->state, &ends);
  stream->begun = true;
  if (crowded) {
    say_bye(stream, STREAM_BYE_CROWDED);
    return;
  }
  if (streams->protocol->greet != NULL)
    streams->protocol->greet(stream, stream->state);
  go_on(stream);
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
  struct streams *streams = context;

  (void)fd;
  (void)what;
  if (streams->listener != NULL)
    evconnlistener_enable(streams->listener);
}

/* Most often there are no descriptors left: trying again at once would be a busy loop. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
  static const struct timeval pause = {.tv_usec = ACCEPT_PAUSE_MILLISECONDS * 1000};
  struct streams *streams = context;

  evconnlistener_disable(listener);
  event_add(streams->resume, &pause);
}

static void on_finish(evutil_socket_t fd, short what, void *context)
{
  struct streams *streams = context;

  (void)fd;
  (void)what;
  if (streams->done != NULL)
    streams->done(streams->done_context);
}

struct streams *streams_open(struct event_base *base, int fd,
                             const struct stream_protocol *protocol,
                             const struct streams_limits *limits, void *context)
{
  struct streams *streams = calloc(1, sizeof(*streams));

  if (streams == NULL) {
    close(fd);
    return NULL;
  }
  streams->base = base;
  streams->protocol = protocol;
  streams->limits = *limits;
  streams->context = context;
  streams->resume = evtimer_new(base, on_resume, streams);
  streams->finish = evtimer_new(base, on_finish, streams);
  streams->listener = evconnlistener_new(base, on_accept, streams,
                                         LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
  if (streams->listener == NULL)
    close(fd);
  if (streams->listener == NULL || streams->resume == NULL || streams->finish == NULL) {
    streams_free(streams);
    return NULL;
  }
  evconnlistener_set_error_cb(streams->listener, on_accept_error);
  return streams;
}

void streams_stop(struct streams *streams, void (*done)(void *done_context), void *done_context)
{
  struct stream *next;

  if (streams->listener != NULL)
    evconnlistener_free(streams->listener);
  streams->listener = NULL;
  for (struct stream *stream = streams->first; stream != NULL; stream = next) {
    next = stream->next;
    set_patience(stream, LINGER_SECONDS);
    say_bye(stream, STREAM_BYE_STOP);
  }
  streams->done = done;
  streams->done_context = done_context;
  if (streams->first == NULL)
    event_active(streams->finish, EV_TIMEOUT, 0);
}

void streams_free(struct streams *streams)
{
  struct stream *next;

  if (streams == NULL)
    return;
  streams->done = NULL;
  for (struct stream *stream = streams->first; stream != NULL; stream = next) {
    next = stream->next;
    stream_free(stream);
  }
  if (streams->listener != NULL)
    evconnlistener_free(streams->listener);
  if (streams->resume != NULL)
    event_free(streams->resume);
  if (streams->finish != NULL)
    event_free(streams->finish);
  free(streams);
}
