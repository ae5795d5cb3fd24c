/*
 * Any bytes through the milter door: libmilter and all, on a socket of this process's own.
 *
 * The first byte of an input chooses the policy and how the MTA ends the session. The rest are
 * records: a byte that chooses a packet (see `packets`), a byte with a length, as many bytes that
 * go into the packet. So what comes out is cut, mutated and reordered, but the door is reached.
 * Holds: every answer is whole and well formed, the door always comes to an end, and what was begun
 * for a session was ended.
 */
#include "doors/milter.h"
#include "doors/registry.h"
#include "require.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
  OUT_MAX = 1 << 20,
  IN_MAX = 1 << 16,  /* of one answer of the milter */
  PATIENCE = 20000,  /* milliseconds; only a door that hangs needs them */
  LINES_MAX = 32,    /* of a reply that libmilter and MTAs take */
  OCTETS_MAX = 510,  /* of a reply line without CRLF, RFC 5321, 4.5.3.1.5 */
  SPEAK_AT_ONCE = 1, /* bits of the first byte */
  BRIEF = 2,
  MONITOR = 4,
  OWN_WORDS = 8,
  POLICIES = 16,
  HANG_UP = 16, /* the MTA does not wait for answers */
};

/* What a record chooses from. The record's bytes stand between `head` and a final NUL; an empty
 * record gives `usual` in their place. */
static const struct {
  char command; /* '\0': the bytes as they are, without length or command */
  const char *usual;
  size_t usual_len;
  bool ends_in_nul;
} packets[] = {
#define BYTES(string) (string), sizeof(string) - 1
    {'O', BYTES("\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"), false},
    {'C',
     BYTES("mail.example.com\0004\x9c\x40"
           "192.0.2.7"),
     true},
    {'C', BYTES("[IPv6:2001:db8::1]\0006\x9c\x40IPv6:2001:db8::1"), true},
    {'C', BYTES("localhost\000U"), false},
    {'H', BYTES("mail.example.com"), true},
    {'H', BYTES("user_pc"), true},
    {'M', BYTES("<alice@example.com>\0SIZE=100\0BODY=8BITMIME"), true},
    {'M', BYTES("<user@@example.com>"), true},
    {'R', BYTES("<bob@example.org>"), true},
    {'R', BYTES("a..b%40@example.org\0NOTIFY=NEVER"), true},
    {'U', BYTES("EXPN staff"), true},
    {'U', BYTES("GET / HTTP/1.1"), true},
    {'D', BYTES("Cj\0mx.example.org\0{daemon_addr}\000192.0.2.25"), true},
    {'D', BYTES("M{auth_authen}\0joe\0i\0004XyZ"), true},
    {'D', BYTES("R{rcpt_mailer}\0error"), true},
    {'T', BYTES(""), false},
    {'A', BYTES(""), false},
    {'E', BYTES(""), false},
    {'L', BYTES("Subject\0a test"), true},
    {'N', BYTES(""), false},
    {'B', BYTES("A line.\r\n"), false},
    {'K', BYTES(""), false},
    {'Q', BYTES(""), false},
    {'\0', BYTES("\0\0\0\0"), false},
};
enum { PACKETS = sizeof(packets) / sizeof(packets[0]) };

static struct policy policies[POLICIES];
static _Atomic(const struct policy *) in_force;
static atomic_int policies_taken, sessions_open;
static struct sockaddr_un address;
static socklen_t address_len;

static const struct policy *policy_take(void)
{
  atomic_fetch_add(&policies_taken, 1);
  return atomic_load(&in_force);
}

static const struct policy *policy_keep(const struct policy *policy)
{
  atomic_fetch_add(&policies_taken, 1);
  return policy;
}

static void policy_release(const struct policy *policy)
{
  if (policy != NULL)
    atomic_fetch_sub(&policies_taken, 1);
}

static void count_sessions(int change)
{
  REQUIRE(atomic_fetch_add(&sessions_open, change) + change >= 0);
}

/* Reads every byte that a report lends, so that a sanitizer sees a wrong one. */
static atomic_char touched;

static void touch(struct span span)
{
  for (size_t i = 0; i < span.len; i++)
    atomic_store_explicit(&touched, span.at[i], memory_order_relaxed);
}

static void report(const struct door_report *report)
{
  struct span subject = report->verdict->subject;

  REQUIRE(report->verdict->rule < RULE_COUNT);
  REQUIRE(report->status.code >= 400 && report->status.code < 600);
  REQUIRE(report->verdict->fault.kind == FAULT_NONE || report->verdict->fault.at <= subject.len);
  touch(subject);
  touch(report->verdict->prefix);
  touch(report->question->argument);
  touch(report->queue_id);
  touch(session_helo(report->session));
  touch(session_sender(report->session));
  touch(session_daemon(report->session));
  touch(session_host(report->session));
}

static struct registry registry;
static const struct door_services services = {
    .registry = &registry,
    .policy_take = policy_take,
    .policy_keep = policy_keep,
    .policy_release = policy_release,
    .report = report,
    .sessions = count_sessions,
};

static void policies_make(void)
{
  static const struct span names[] = {{"*.example.net", 13}, {"mx.example.org", 14}};

  for (unsigned i = 0; i < POLICIES; i++) {
    struct policy *policy = &policies[i];

    policy_defaults(policy);
    policy->speak = (i & SPEAK_AT_ONCE) != 0 ? POLICY_SPEAK_AT_ONCE : POLICY_SPEAK_RCPT;
    policy->detail = (i & BRIEF) != 0 ? POLICY_DETAIL_BRIEF : POLICY_DETAIL_FULL;
    policy->mode = (i & MONITOR) != 0 ? POLICY_MONITOR : POLICY_ENFORCE;
    if ((i & OWN_WORDS) == 0)
      continue;
    policy->url = SPAN("https://mx.example.org/100%%/policy#%rule");
    policy->contact = SPAN("postmaster@example.org");
    policy->our_names = (struct names){names, 2};
    for (enum rule rule = 0; rule < RULE_COUNT; rule++)
      policy->rules[rule].action = ACTION_REFUSE;
    policy->rules[RULE_SENDER_SYNTAX].text = SPAN("Not 100% right, see %s");
  }
}

static void *serve(void *nothing)
{
  (void)milter_run();
  return nothing;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  struct milter_options options = {.timeout = 60, .backlog = 16, .services = &services};
  pthread_t thread;
  const char *why = "";

  (void)argc;
  (void)argv;
  policies_make();
  registry_open(&registry, &services);
  setlogmask(LOG_MASK(LOG_EMERG)); /* libmilter tells the system's log of every broken packet */
  address.sun_family = AF_UNIX;
  address_len = sizeof(address);
  options.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  /* An abstract name that the kernel chooses: nothing is left behind in a folder. */
  REQUIRE(options.fd >= 0 &&
          bind(options.fd, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0);
  REQUIRE(getsockname(options.fd, (struct sockaddr *)&address, &address_len) == 0);
  REQUIRE(listen(options.fd, (int)options.backlog) == 0);
  if (!milter_open(&options, &why)) {
    fprintf(stderr, "wire: %s\n", why);
    abort();
  }
  REQUIRE(pthread_create(&thread, NULL, serve, NULL) == 0);
  return 0;
}

/* What the MTA sends. */
struct out {
  size_t len;
  char bytes[OUT_MAX];
};

static void put(struct out *out, const void *bytes, size_t len)
{
  if (len > sizeof(out->bytes) - out->len)
    len = sizeof(out->bytes) - out->len;
  if (len > 0)
    memcpy(out->bytes + out->len, bytes, len);
  out->len += len;
}

static void put_record(struct out *out, uint8_t choice, struct span bytes)
{
  unsigned which = choice % PACKETS;
  uint32_t length;

  if (bytes.len == 0)
    bytes = (struct span){packets[which].usual, packets[which].usual_len};
  if (packets[which].command != '\0') {
    length = htonl((uint32_t)(1 + bytes.len + (packets[which].ends_in_nul ? 1 : 0)));
    put(out, &length, sizeof(length));
    put(out, &packets[which].command, 1);
  }
  put(out, bytes.at, bytes.len);
  if (packets[which].ends_in_nul)
    put(out, "", 1);
}

static void put_records(struct out *out, const uint8_t *data, size_t size)
{
  while (size >= 2) {
    size_t take = data[1] < size - 2 ? data[1] : size - 2;

    put_record(out, data[0], (struct span){(const char *)data + 2, take});
    data += 2 + take;
    size -= 2 + take;
  }
}

/*
 * libmilter 8.17 takes it on trust that macros come in pairs and reads beyond a list that ends in a
 * name. No filter can help that: such a packet becomes one that libmilter does not know.
 */
static void mend_macros(struct out *out)
{
  size_t at = 0, next;

  for (; out->len - at >= 5; at = next) {
    uint32_t size;
    unsigned strings = 0;

    memcpy(&size, out->bytes + at, sizeof(size));
    size = ntohl(size);
    if (size > out->len - at - 4)
      return;
    next = at + 4 + (size > 0 ? size : 1);
    for (size_t i = at + 6; i < next; i++)
      strings += out->bytes[i] == '\0' ? 1 : 0;
    if (out->bytes[at + 4] == 'D' && strings % 2 != 0)
      out->bytes[at + 4] = '?';
  }
}

/* "501-5.1.7 text": a line that every MTA takes, of the code of the first line. */
static void check_line(struct span line, struct span first, bool last)
{
  REQUIRE(line.len >= 9 && line.len <= OCTETS_MAX);
  REQUIRE((line.at[0] == '4' || line.at[0] == '5') && byte_is_digit(line.at[1]) &&
          byte_is_digit(line.at[2]));
  REQUIRE(line.at[3] == (last ? ' ' : '-'));
  REQUIRE(line.at[4] == line.at[0] && line.at[5] == '.');
  REQUIRE(memcmp(line.at, first.at, 3) == 0 && memcmp(line.at + 4, first.at + 4, 5) == 0);
  for (size_t i = 0; i < line.len; i++) {
    REQUIRE(!byte_is_control(line.at[i]) && !byte_is_8bit(line.at[i]));
    if (line.at[i] == '%') {
      i++;
      REQUIRE(i < line.len && line.at[i] == '%'); /* MTAs take "%%" for "%" */
    }
  }
}

static void check_reply(struct span reply)
{
  struct span first = reply;
  unsigned lines = 0;

  REQUIRE(reply.len > 0 && reply.at[reply.len - 1] == '\0');
  reply.len--;
  do {
    size_t end = span_find(reply, '\r');
    bool last = end == reply.len;

    REQUIRE(++lines <= LINES_MAX);
    REQUIRE(last || (end + 1 < reply.len && reply.at[end + 1] == '\n'));
    check_line(span_slice(reply, 0, end), first, last);
    reply = span_slice(reply, last ? end : end + 2, reply.len);
  } while (reply.len > 0);
}

/* What the milter has said and was not looked at yet. */
struct in {
  size_t len;
  char bytes[IN_MAX];
};

static void check_answers(struct in *in)
{
  uint32_t size;

  while (in->len >= sizeof(size)) {
    struct span body;

    memcpy(&size, in->bytes, sizeof(size));
    size = ntohl(size);
    REQUIRE(size >= 1 && size <= sizeof(in->bytes) - sizeof(size));
    if (in->len < sizeof(size) + size)
      return;
    body = (struct span){in->bytes + sizeof(size) + 1, size - 1};
    switch (in->bytes[sizeof(size)]) {
    case 'y':
      check_reply(body);
      break;
    case 'O':
      REQUIRE(body.len >= 12);
      break;
    default: /* continue, accept, reject, tempfail */
      REQUIRE(memchr("cart", in->bytes[sizeof(size)], 4) != NULL && body.len == 0);
    }
    in->len -= sizeof(size) + size;
    memmove(in->bytes, body.at + body.len, in->len);
  }
}

/* Sends what goes; at the end tells the milter that no more will come. */
static size_t send_some(int fd, const struct out *out, size_t sent)
{
  ssize_t count = send(fd, out->bytes + sent, out->len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

  if (count >= 0)
    sent += (size_t)count;
  else if (errno != EAGAIN && errno != EINTR)
    sent = out->len; /* the milter has hung up */
  if (sent == out->len)
    (void)shutdown(fd, SHUT_WR);
  return sent;
}

/* Reads what there is; false when the milter has hung up. */
static bool read_some(int fd, struct in *in)
{
  ssize_t count = recv(fd, in->bytes + in->len, sizeof(in->bytes) - in->len, MSG_DONTWAIT);

  if (count <= 0)
    return count < 0 && (errno == EAGAIN || errno == EINTR);
  in->len += (size_t)count;
  check_answers(in);
  return true;
}

/* Sends everything while it reads what comes, then waits for the milter to hang up. */
static void converse(int fd, const struct out *out)
{
  static struct in in;
  size_t sent = send_some(fd, out, 0);

  in.len = 0;
  for (;;) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    if (sent < out->len)
      ready.events |= POLLOUT;
    errno = 0;
    if (poll(&ready, 1, PATIENCE) <= 0) {
      REQUIRE(errno == EINTR); /* else the door hangs */
      continue;
    }
    if ((ready.revents & POLLOUT) != 0)
      sent = send_some(fd, out, sent);
    if ((ready.revents & ~POLLOUT) != 0 && !read_some(fd, &in))
      break;
  }
  REQUIRE(in.len == 0); /* no half answer */
}

static void wait_for_end(void)
{
  for (int waited = 0; atomic_load(&sessions_open) != 0 || atomic_load(&policies_taken) != 0;
       waited++) {
    REQUIRE(waited < PATIENCE * 5);
    usleep(200);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct out out;
  int fd;

  if (size < 1)
    return -1;
  out.len = 0;
  put_records(&out, data + 1, size - 1);
  mend_macros(&out);
  atomic_store(&in_force, &policies[data[0] % POLICIES]);
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(fd >= 0 && connect(fd, (struct sockaddr *)&address, address_len) == 0);
  if ((data[0] & HANG_UP) != 0)
    (void)send(fd, out.bytes, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
  else
    converse(fd, &out);
  close(fd);
  wait_for_end();
  return 0;
}
