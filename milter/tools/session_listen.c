/*
 * milter-strict session --listen: many conversations at once on a port.
 */
#include "session.h"

#include "../daemon/listener.h"
#include "../doors/streams.h"
#include "tool.h"

#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum {
  BACKLOG = 256,
  STOP_SECONDS = 5, /* after a signal */
  DESCRIPTORS = SESSION_CONNECTIONS_MAX + 200,
};

/* The port while it is served. */
struct port {
  const struct session_options *options;
  struct event_base *base;
  struct streams *streams;
  bool stopping;
};

/* One conversation. */
struct talk {
  struct smtp smtp;
  struct smtp_sink sink;
};

static bool talk_write(void *context, struct span bytes)
{
  return stream_write(context, bytes);
}

static bool is_loopback(struct ip ip)
{
  static const struct ip v6 = {{[15] = 1}};

  return ip_is_v4(ip) ? ip.bytes[12] == 127 : ip_equals(ip, v6);
}

static void talk_begin(struct stream *stream, void *state, const struct stream_ends *ends)
{
  const struct port *port = stream_context(stream);
  const struct session_options *options = port->options;
  struct talk *talk = state;
  bool real = !options->client_given && ends->has_ip && !is_loopback(ends->client);
  struct smtp_peer peer = {.client = real ? &ends->client : &options->client,
                           .server = ends->has_ip ? &ends->server : NULL,
                           .host = options->host,
                           .flags = options->flags};

  talk->sink = (struct smtp_sink){
      .write = talk_write, .judged = options->verbose ? session_tell : NULL, .context = stream};
  smtp_open(&talk->smtp, options->policy, &talk->sink, &peer);
}

static void hang_up_when_over(struct stream *stream, const struct talk *talk)
{
  if (talk->smtp.closed)
    stream_close(stream);
}

static void talk_greet(struct stream *stream, void *state)
{
  struct talk *talk = state;

  smtp_greet(&talk->smtp);
  hang_up_when_over(stream, talk);
}

static size_t talk_feed(struct stream *stream, void *state, struct span bytes)
{
  struct talk *talk = state;
  size_t used = smtp_feed(&talk->smtp, bytes);

  hang_up_when_over(stream, talk);
  return used;
}

static void talk_bye(struct stream *stream, void *state, enum stream_bye why)
{
  static const enum smtp_bye words[] = {
      [STREAM_BYE_IDLE] = SMTP_BYE_IDLE,
      [STREAM_BYE_STOP] = SMTP_BYE_STOP,
      [STREAM_BYE_CROWDED] = SMTP_BYE_CROWDED,
  };
  struct talk *talk = state;

  (void)stream;
  smtp_bye(&talk->smtp, words[why]);
}

static void on_done(void *context)
{
  struct port *port = context;

  event_base_loopbreak(port->base);
}

/* The first signal ends it politely, the second at once. */
static void on_signal(evutil_socket_t number, short what, void *context)
{
  static const struct timeval most = {.tv_sec = STOP_SECONDS};
  struct port *port = context;

  (void)number;
  (void)what;
  if (port->stopping) {
    event_base_loopbreak(port->base);
    return;
  }
  port->stopping = true;
  event_base_loopexit(port->base, &most);
  streams_stop(port->streams, on_done, port);
}

/* A connection is a descriptor; where the limit is lower and may be raised, it is. */
static void make_room(void)
{
  struct rlimit limit;

  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS)
    return;
  limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static bool open_port(const struct session_options *options, struct listener *out)
{
  struct endpoint address = {.kind = ip_is_v4(options->listen_ip) ? ENDPOINT_INET : ENDPOINT_INET6,
                             .port = options->listen_port};
  struct listener_access access = {.owner = (uid_t)-1, .group = (gid_t)-1};
  char memory[256];
  struct text why = text_in(memory, sizeof(memory));

  ip_format(options->listen_ip, address.host);
  if (!listener_open(&address, &access, BACKLOG, out, &why)) {
    fprintf(stderr, "milter-strict: %s\n", why.at);
    return false;
  }
  fcntl(out->fd, F_SETFL, fcntl(out->fd, F_GETFL) | O_NONBLOCK);
  return true;
}

static void announce(const struct session_options *options, int fd)
{
  bool v4 = ip_is_v4(options->listen_ip);
  char host[IP_TEXT_SIZE];
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } name = {.any = {0}};
  socklen_t size = sizeof(name);

  getsockname(fd, &name.any, &size);
  ip_format(options->listen_ip, host);
  printf("listening on %s%s%s:%u\n", v4 ? "" : "[", host, v4 ? "" : "]",
         ntohs(v4 ? name.v4.sin_port : name.v6.sin6_port));
  fflush(stdout);
}

/* Serves until a signal comes; false when memory is short. Takes `fd` over. */
static bool serve(struct port *port, int fd)
{
  static const struct stream_protocol protocol = {.state_size = sizeof(struct talk),
                                                  .begin = talk_begin,
                                                  .greet = talk_greet,
                                                  .feed = talk_feed,
                                                  .bye = talk_bye};
  struct streams_limits limits = {SESSION_CONNECTIONS_MAX, port->options->idle};
  /* libevent puts this back when its events go: a signal while we leave changes nothing. */
  bool ignored = signal(SIGINT, SIG_IGN) != SIG_ERR && signal(SIGTERM, SIG_IGN) != SIG_ERR;
  struct event *interrupt = evsignal_new(port->base, SIGINT, on_signal, port);
  struct event *terminate = evsignal_new(port->base, SIGTERM, on_signal, port);
  bool ready;

  port->streams = streams_open(port->base, fd, &protocol, &limits, port);
  ready = ignored && port->streams != NULL && interrupt != NULL && terminate != NULL &&
          event_add(interrupt, NULL) == 0 && event_add(terminate, NULL) == 0;
  if (ready) {
    announce(port->options, fd);
    event_base_dispatch(port->base);
  }
  streams_free(port->streams);
  if (interrupt != NULL)
    event_free(interrupt);
  if (terminate != NULL)
    event_free(terminate);
  return ready;
}

int session_listen(const struct session_options *options)
{
  struct port port = {.options = options};
  struct listener listener;
  bool served = false;

  make_room();
  if (!open_port(options, &listener))
    return TOOL_UNAVAILABLE;
  port.base = event_base_new();
  if (port.base != NULL) {
    served = serve(&port, listener.fd);
    event_base_free(port.base);
  }
  if (!served)
    fputs("milter-strict: cannot serve: memory is short\n", stderr);
  return served ? TOOL_FINE : TOOL_UNAVAILABLE;
}
