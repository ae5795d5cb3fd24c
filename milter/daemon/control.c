/*
 * The control socket's thread, its connections, and the way of a reload: from the loop's thread to
 * the main one by number, and back as a report that answers all who had asked by then.
 */
#include "control.h"

#include "remember.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
  CONNECTIONS_MAX = 16, /* of operators at once */
  IDLE_SECONDS = 60,    /* that one may be silent, or not read */
  BACKLOG = 64,
};

/* One connection. */
struct control_peer {
  struct control_talk talk;
  struct door_sink sink;
  struct stream *stream;
  struct control *control;
  unsigned long long wants;          /* number of the reload that it waits for */
  struct control_peer *next, **link; /* among those that wait; NULL when it does not */
};

/* Connections, in the loop's thread */

static bool write_stream(void *stream, struct span bytes)
{
  return stream_write(stream, bytes);
}

static void begin(struct stream *stream, void *state, const struct stream_ends *ends)
{
  struct control_peer *peer = state;

  peer->control = stream_context(stream);
  peer->stream = stream;
  peer->sink = (struct door_sink){.write = write_stream, .context = stream};
  control_talk_open(&peer->talk, &peer->control->services, &peer->sink,
                    ends->has_user ? ends->user : (unsigned)-1);
}

static void wait_for_reload(struct control_peer *peer)
{
  struct control *control = peer->control;

  pthread_mutex_lock(&control->lock);
  peer->wants = control->wanted;
  pthread_mutex_unlock(&control->lock);
  peer->next = control->waiting;
  peer->link = &control->waiting;
  if (peer->next != NULL)
    peer->next->link = &peer->next;
  control->waiting = peer;
}

static void wait_no_more(struct control_peer *peer)
{
  if (peer->link == NULL)
    return;
  *peer->link = peer->next;
  if (peer->next != NULL)
    peer->next->link = peer->link;
  peer->link = NULL;
}

static size_t feed(struct stream *stream, void *state, struct span bytes)
{
  struct control_peer *peer = state;
  size_t used = control_talk_feed(&peer->talk, bytes);

  if (peer->talk.doing == CONTROL_WAITS && peer->link == NULL)
    wait_for_reload(peer);
  if (peer->talk.closed)
    stream_close(stream);
  return used;
}

static bool answers(const void *state)
{
  const struct control_peer *peer = state;

  return control_talk_answers(&peer->talk);
}

static void bye(struct stream *stream, void *state, enum stream_bye why)
{
  struct control_peer *peer = state;

  (void)stream;
  if (why == STREAM_BYE_CROWDED)
    (void)answer_error(&peer->sink, CONTROL_ERROR_BUSY, "too many operators at once; try again");
  else if (why == STREAM_BYE_STOP && control_talk_answers(&peer->talk))
    (void)answer_error(&peer->sink, CONTROL_ERROR_UNAVAILABLE, "the daemon stops");
}

static void end(void *state)
{
  struct control_peer *peer = state;

  wait_no_more(peer);
  control_talk_close(&peer->talk);
}

static const struct stream_protocol protocol = {.state_size = sizeof(struct control_peer),
                                                .begin = begin,
                                                .feed = feed,
                                                .answers = answers,
                                                .bye = bye,
                                                .end = end};

/* Reload */

static void want_reload(void *context)
{
  struct control *control = context;
  const uint64_t one = 1;

  pthread_mutex_lock(&control->lock);
  control->wanted++;
  pthread_mutex_unlock(&control->lock);
  while (write(control->news, &one, sizeof(one)) < 0 && errno == EINTR)
    ;
}

bool control_wants_reload(struct control *control, unsigned long long *number)
{
  uint64_t count;
  bool wants;

  if (control->news < 0)
    return false;
  (void)!read(control->news, &count, sizeof(count));
  pthread_mutex_lock(&control->lock);
  *number = control->wanted;
  wants = control->served < control->wanted;
  pthread_mutex_unlock(&control->lock);
  return wants;
}

void control_reloaded(struct control *control, unsigned long long number,
                      const struct reload_report *report)
{
  pthread_mutex_lock(&control->lock);
  control->report = *report;
  control->served = number;
  pthread_mutex_unlock(&control->lock);
  loop_wake(control->loop);
}

/* In the loop's thread: tells those whose reload is done. */
static void on_woken(void *context)
{
  struct control *control = context;
  struct control_peer *next;
  struct reload_report report;
  unsigned long long served;

  if (control->waiting == NULL)
    return;
  pthread_mutex_lock(&control->lock);
  report = control->report;
  served = control->served;
  pthread_mutex_unlock(&control->lock);
  for (struct control_peer *peer = control->waiting; peer != NULL; peer = next) {
    next = peer->next;
    if (peer->wants > served)
      continue;
    wait_no_more(peer);
    control_talk_reloaded(&peer->talk, &report);
    stream_go_on(peer->stream);
  }
}

/* Life */

void control_begin(struct control *control)
{
  memset(control, 0, sizeof(*control));
  control->listener = LISTENER_NONE;
  control->news = -1;
  pthread_mutex_init(&control->lock, NULL);
}

enum control_start control_listen(struct control *control, const struct settings *settings,
                                  const struct identity *identity, struct text *why)
{
  struct listener_access access = {
      .mode = (mode_t)settings->listen_control_mode,
      .owner = identity->changes ? identity->uid : (uid_t)-1,
      .group = identity->changes ? identity->gid : (gid_t)-1,
  };
  struct endpoint address;
  const char *wrong;

  if (settings->listen_control_group.len > 0 &&
      privileges_group(settings->listen_control_group, &access.group, why) != PRIVILEGES_OK)
    return CONTROL_BAD;
  if (settings->listen_control.len == 0)
    return CONTROL_STARTED;
  if (!endpoint_parse(settings->listen_control, &address, &wrong)) {
    text_add(why, wrong);
    return CONTROL_BAD;
  }
  return listener_open(&address, &access, BACKLOG, &control->listener, why) ? CONTROL_STARTED
                                                                            : CONTROL_FAILED;
}

static void on_ended(void *context)
{
  (void)context; /* told to, or not: the doors serve on */
}

enum control_start control_serve(struct control *control, struct text *why)
{
  static const struct streams_limits limits = {.connections = CONNECTIONS_MAX,
                                               .idle = IDLE_SECONDS};
  struct loop_owner owner = {.woken = on_woken, .ended = on_ended, .context = control};
  struct loop_port port = {.protocol = &protocol, .context = control};

  if (control->listener.fd < 0)
    return CONTROL_STARTED;
  control->services = (struct control_services){.store = remember_store(),
                                                .now = store_now,
                                                .stops = &control->stops,
                                                .reload = want_reload,
                                                .context = control};
  control->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  port.fd = fcntl(control->listener.fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (port.fd >= 0 && control->news >= 0 &&
      fcntl(port.fd, F_SETFL, fcntl(port.fd, F_GETFL) | O_NONBLOCK) == 0)
    control->loop = loop_start(&port, 1, &limits, &owner);
  else if (port.fd >= 0)
    close(port.fd);
  if (control->loop != NULL)
    return CONTROL_STARTED;
  text_add(why, "cannot start the control socket's thread");
  control_abandon(control);
  return CONTROL_FAILED;
}

void control_log(const struct control *control, struct log_line *line)
{
  char memory[LOG_VALUE_MAX];
  struct text text = text_in(memory, sizeof(memory));

  if (control->listener.fd < 0)
    return;
  endpoint_write(&text, &control->listener.address);
  log_text(line, "control", text_span(&text));
}

int control_news(const struct control *control)
{
  return control->loop == NULL || atomic_load(&control->stops) ? -1 : control->news;
}

void control_stop(struct control *control)
{
  atomic_store(&control->stops, true);
  if (control->loop != NULL)
    loop_stop(control->loop);
}

void control_abandon(struct control *control)
{
  listener_close(&control->listener);
}

void control_close(struct control *control)
{
  control_stop(control);
  loop_free(control->loop);
  control->loop = NULL;
  control_abandon(control);
  if (control->news >= 0)
    close(control->news);
  control->news = -1;
}
