/*
 * An MTA's side of the milter protocol that sends as much, or as many sessions, as it is told.
 *
 *   load closed  SOCKET PID SESSIONS SECONDS            each session goes on as soon as it is
 * answered load paced   SOCKET PID SESSIONS SECONDS PAUSE      PAUSE milliseconds before each event
 *   load waiting SOCKET PID SESSIONS                    memory of sessions that wait after RCPT
 *
 * SOCKET is the path of the milter's unix socket, PID its process. One thread, one epoll. Prints
 * one line of key=value. Every answer must be "continue": a milter that refuses ends the
 * measurement.
 */
#include "script.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
  ANSWER_MAX = 2048,
  EVENTS_AT_ONCE = 64,
  SILENCE_MAX = 30000, /* milliseconds without an answer */
};

struct client {
  int fd;
  bool negotiated;
  size_t step; /* the next one */
  size_t got;  /* bytes of the answer that is coming */
  unsigned char answer[ANSWER_MAX];
};

static struct {
  struct sockaddr_un address;
  int epoll;
  long long pause; /* nanoseconds before each event */
  size_t last;     /* steps that are done; then a session ends, or waits */
  bool stays;      /* a session that has done its last step waits instead of ending */
  unsigned long done;
  bool scripted;
  size_t negotiation_len;
  unsigned char negotiation[ANSWER_MAX]; /* what the first session was answered */
  struct script_step offer;
  struct script script;
} load;

/* Sessions that pause, the next one first: all pauses are alike, so that a ring keeps the order. */
static struct {
  struct {
    struct client *client;
    long long due;
  } * ring;
  size_t size, first, count;
} pauses;

static long long nanoseconds(clockid_t clock)
{
  struct timespec now;

  if (clock_gettime(clock, &now) != 0)
    err(EXIT_FAILURE, "the clock");
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void pause_until(struct client *client, long long due)
{
  size_t at = (pauses.first + pauses.count++) % pauses.size;

  pauses.ring[at].client = client;
  pauses.ring[at].due = due;
}

static void begin(struct client *client)
{
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

  client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (client->fd < 0 ||
      connect(client->fd, (struct sockaddr *)&load.address, sizeof(load.address)) != 0 ||
      epoll_ctl(load.epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
    err(EXIT_FAILURE, "cannot connect to %s", load.address.sun_path);
  client->negotiated = false;
  client->step = 0;
  client->got = 0;
}

static bool send_step(const struct client *client, const struct script_step *step)
{
  if (send(client->fd, step->bytes, step->len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)step->len)
    err(EXIT_FAILURE, "the milter takes no more, at step '%c'", step->command);
  return step->answered;
}

/* Postfix closes as soon as it has said QUIT. */
static void end(struct client *client)
{
  load.done++;
  if (load.stays)
    return;
  close(client->fd);
  client->fd = -1;
}

/* Says what comes next, and more while no answer and no pause is due. */
static void go_on(struct client *client)
{
  bool waits;

  do {
    if (client->fd < 0)
      begin(client);
    waits = send_step(client, client->negotiated ? &load.script.step[client->step++] : &load.offer);
    if (!waits && client->step == load.last)
      end(client);
  } while (!waits && load.pause == 0);
  if (!waits)
    pause_until(client, nanoseconds(CLOCK_MONOTONIC) + load.pause);
}

/* What the first milter's answer settles for all sessions. */
static void take_negotiation(const unsigned char *answer, size_t len)
{
  if (load.scripted)
    return;
  memcpy(load.negotiation, answer, len);
  load.negotiation_len = len;
  if (!script_write(load.negotiation, len, &load.script))
    errx(EXIT_FAILURE, "a broken answer to the negotiation");
  load.scripted = true;
  load.last = load.script.count;
  while (load.stays && load.last > 0 && load.script.step[load.last - 1].command != SMFIC_RCPT)
    load.last--;
}

/* Takes a whole answer of the milter; false while there is none yet. */
static bool take_answer(struct client *client)
{
  ssize_t got =
      recv(client->fd, client->answer + client->got, ANSWER_MAX - client->got, MSG_DONTWAIT);
  uint32_t size;

  if (got <= 0)
    errx(EXIT_FAILURE, "the milter hung up");
  client->got += (size_t)got;
  if (client->got < 5)
    return false;
  memcpy(&size, client->answer, sizeof(size));
  size = ntohl(size);
  if (size > ANSWER_MAX - 4 || client->got > size + 4)
    errx(EXIT_FAILURE, "the milter answered out of turn");
  if (client->got < size + 4)
    return false;
  client->got = 0;
  if (!client->negotiated && client->answer[4] == SMFIC_OPTNEG)
    take_negotiation(client->answer + 5, size - 1);
  else if (!client->negotiated || client->answer[4] != SMFIR_CONTINUE)
    errx(EXIT_FAILURE, "the milter answered '%c' after step %zu: %.*s", client->answer[4],
         client->step, (int)size - 1, client->answer + 5);
  client->negotiated = true;
  return true;
}

static void serve_pauses(void)
{
  long long now = nanoseconds(CLOCK_MONOTONIC);

  while (pauses.count > 0 && pauses.ring[pauses.first].due <= now) {
    struct client *client = pauses.ring[pauses.first].client;

    pauses.first = (pauses.first + 1) % pauses.size;
    pauses.count--;
    go_on(client);
  }
}

static int wait_ms(long long until)
{
  long long now = nanoseconds(CLOCK_MONOTONIC);

  if (pauses.count > 0 && pauses.ring[pauses.first].due < until)
    until = pauses.ring[pauses.first].due;
  return until > now ? (int)((until - now + 999999) / 1000000) : 0;
}

/* Runs until the time, or until `sessions` are done. */
static void run(long long until, unsigned long sessions)
{
  struct epoll_event events[EVENTS_AT_ONCE];

  while (load.done < sessions && nanoseconds(CLOCK_MONOTONIC) < until) {
    int count = epoll_wait(load.epoll, events, EVENTS_AT_ONCE, wait_ms(until));

    for (int i = 0; i < count; i++) {
      struct client *client = events[i].data.ptr;

      if (!take_answer(client))
        continue;
      if (load.stays && client->negotiated && client->step == load.last)
        end(client);
      else if (load.pause == 0)
        go_on(client);
      else
        pause_until(client, nanoseconds(CLOCK_MONOTONIC) + load.pause);
    }
    serve_pauses();
  }
}

static struct client *clients_new(size_t count)
{
  struct client *clients = calloc(count, sizeof(*clients));

  pauses.size = count;
  pauses.ring = calloc(count, sizeof(*pauses.ring));
  if (clients == NULL || pauses.ring == NULL)
    err(EXIT_FAILURE, "memory");
  return clients;
}

/* Bytes of resident memory, exact (the numbers in status and statm are not). */
static long long resident(pid_t pid)
{
  char path[64], line[256];
  long long kilobytes = -1;
  FILE *file;

  snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", (long)pid);
  file = fopen(path, "r");
  if (file == NULL)
    err(EXIT_FAILURE, "%s", path);
  while (kilobytes < 0 && fgets(line, sizeof(line), file) != NULL)
    if (sscanf(line, "Rss: %lld", &kilobytes) != 1)
      kilobytes = -1;
  fclose(file);
  return kilobytes * 1024;
}

static void begin_all(struct client *clients, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    clients[i].fd = -1;
    go_on(&clients[i]);
  }
}

/* The slope from a fifth of the sessions to all of them: what does not depend on their number
 * drops out. */
static void measure_waiting(pid_t pid, size_t count)
{
  struct client *clients = clients_new(count);
  size_t some = count / 5;
  long long before, limit = SILENCE_MAX * 1000000LL;

  load.stays = true;
  begin_all(clients, some);
  run(nanoseconds(CLOCK_MONOTONIC) + limit, some);
  before = resident(pid);
  begin_all(clients + some, count - some);
  run(nanoseconds(CLOCK_MONOTONIC) + limit, count);
  if (load.done < count)
    errx(EXIT_FAILURE, "%lu of %zu sessions got as far as RCPT", load.done, count);
  printf("bytes_a_session=%lld", (resident(pid) - before) / (long long)(count - some));
}

static void measure_speed(pid_t pid, size_t count, double seconds)
{
  struct client *clients = clients_new(count);
  long long started = nanoseconds(CLOCK_MONOTONIC), cpu, length;
  unsigned long done;
  clockid_t clock;

  if (clock_getcpuclockid(pid, &clock) != 0)
    errx(EXIT_FAILURE, "no process %ld", (long)pid);
  if (load.pause == 0) {
    begin_all(clients, count);
    run(started + 200000000, ULONG_MAX);
  } else {
    for (size_t i = 0; i < count; i++) {
      begin_all(&clients[i], 1);
      run(started + (long long)(i + 1) * 12 * load.pause / (long long)count, ULONG_MAX);
    }
  }
  started = nanoseconds(CLOCK_MONOTONIC);
  cpu = nanoseconds(clock);
  done = load.done;
  run(started + (long long)(seconds * 1e9), ULONG_MAX);
  length = nanoseconds(CLOCK_MONOTONIC) - started;
  cpu = nanoseconds(clock) - cpu;
  done = load.done - done;
  if (done == 0)
    errx(EXIT_FAILURE, "no session was done in %.1f s", seconds);
  printf("sessions=%lu sessions_a_second=%.1f cpu_us_a_session=%.2f", done,
         (double)done * 1e9 / (double)length, (double)cpu / 1e3 / (double)done);
}

/* So that two milters can be seen to have been asked the same. */
static void print_negotiation(void)
{
  printf(" negotiated=");
  for (size_t i = 0; i < load.negotiation_len; i++)
    printf("%02x", load.negotiation[i]);
  printf("\n");
}

int main(int argc, char **argv)
{
  bool waiting = argc == 5 && strcmp(argv[1], "waiting") == 0;
  bool paced = argc == 7 && strcmp(argv[1], "paced") == 0;
  struct rlimit files;
  pid_t pid;

  if (!waiting && !paced && !(argc == 6 && strcmp(argv[1], "closed") == 0))
    errx(2, "usage: load closed | paced | waiting SOCKET PID SESSIONS [SECONDS [PAUSE]]");
  load.address.sun_family = AF_UNIX;
  if (strlen(argv[2]) >= sizeof(load.address.sun_path))
    errx(2, "%s: too long for a socket", argv[2]);
  strcpy(load.address.sun_path, argv[2]);
  pid = (pid_t)atol(argv[3]);
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
  }
  load.epoll = epoll_create1(EPOLL_CLOEXEC);
  load.offer = script_negotiation();
  load.pause = paced ? atol(argv[6]) * 1000000LL : 0;
  if (waiting)
    measure_waiting(pid, (size_t)atol(argv[4]));
  else
    measure_speed(pid, (size_t)atol(argv[4]), atof(argv[5]));
  print_negotiation();
  return 0;
}
