/*
 * milter-strict session: speaks SMTP under a policy, without an MTA, and delivers nothing.
 */
#include "session.h"

#include "tool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  IDLE_DEFAULT = 300, /* RFC 5321, 4.5.3.2.7 */
  IDLE_MAX = 86400,
};

/* --- one conversation on stdin and stdout ----------------------------------------------------- */

/* Replies on their way to stdout. */
struct outlet {
  bool broken; /* nobody reads */
  size_t len;
  char bytes[16 * 1024];
};

/* Waits until the descriptor is ready, should it be one that does not block. */
static bool wait_for(int fd, short events)
{
  struct pollfd ready = {.fd = fd, .events = events};

  return poll(&ready, 1, -1) > 0 || errno == EINTR;
}

static bool is_only_not_yet(int fd, short events)
{
  return errno == EINTR || (errno == EAGAIN && wait_for(fd, events));
}

static void outlet_flush(struct outlet *outlet)
{
  size_t done = 0;

  while (done < outlet->len && !outlet->broken) {
    ssize_t wrote = write(STDOUT_FILENO, outlet->bytes + done, outlet->len - done);

    if (wrote >= 0)
      done += (size_t)wrote;
    else if (!is_only_not_yet(STDOUT_FILENO, POLLOUT))
      outlet->broken = true;
  }
  outlet->len = 0;
}

static bool outlet_write(void *context, struct span bytes)
{
  struct outlet *outlet = context;

  while (bytes.len > 0) {
    struct span part = span_slice(bytes, 0, sizeof(outlet->bytes) - outlet->len);

    memcpy(outlet->bytes + outlet->len, part.at, part.len);
    outlet->len += part.len;
    bytes = span_slice(bytes, part.len, bytes.len);
    if (outlet->len == sizeof(outlet->bytes))
      outlet_flush(outlet);
  }
  return !outlet->broken;
}

static void converse(const struct session_options *options)
{
  struct smtp_peer peer = {
      .client = &options->client, .host = options->host, .flags = options->flags | SMTP_LINES_LF};
  struct outlet outlet = {.len = 0};
  struct smtp_sink sink = {
      .write = outlet_write, .judged = options->verbose ? session_tell : NULL, .context = &outlet};
  struct smtp smtp;
  char bytes[4096];

  smtp_open(&smtp, options->policy, &sink, &peer);
  smtp_greet(&smtp);
  outlet_flush(&outlet);
  while (!smtp.closed && !outlet.broken) {
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

    if (got == 0 || (got < 0 && !is_only_not_yet(STDIN_FILENO, POLLIN)))
      break;
    if (got > 0)
      smtp_feed(&smtp, (struct span){bytes, (size_t)got});
    outlet_flush(&outlet);
  }
}

static void tell_one(const struct smtp *smtp, const char *what, const struct verdict *verdict)
{
  struct reply_status status = verdict_status(smtp->policy, verdict->rule, VERDICT_VOICE_ANY);
  char client[IP_TEXT_SIZE];

  ip_format(smtp->session.client, client);
  fprintf(stderr, "%s: %s %s, %u %s", client, what, rule_entry(verdict->rule)->name, status.code,
          status.enhanced);
  if (verdict->fault.kind != FAULT_NONE)
    fprintf(stderr, ", offset %u: %s", verdict->fault.at, fault_text(verdict->fault.kind));
  fputc('\n', stderr);
}

void session_tell(void *context, const struct smtp *smtp, const struct judgement *judgement)
{
  (void)context;
  for (unsigned i = 0; i < judgement->notice_count; i++)
    tell_one(smtp, "would answer:", &judgement->notices[i]);
  if (judgement->exemption != EXEMPT_NOT) {
    tell_one(smtp, "exempt from:", &judgement->overlooked);
    fprintf(stderr, "  exempt because: %s\n", exemption_name(judgement->exemption));
  }
  if (judgement->verdict.rule != RULE_NONE)
    tell_one(smtp, "answered by:", &judgement->verdict);
}

/* --- the command line ------------------------------------------------------------------------ */

static bool number_parse(struct span span, unsigned most, unsigned *out)
{
  unsigned long value = 0;

  if (span.len == 0 || span.len > 6)
    return false;
  for (size_t i = 0; i < span.len; i++) {
    if (!byte_is_digit(span.at[i]))
      return false;
    value = value * 10 + (unsigned long)(span.at[i] - '0');
  }
  *out = (unsigned)value;
  return value <= most;
}

/* "192.0.2.1:25", "[2001:db8::1]:25" */
static bool parse_listen(struct span span, struct session_options *out)
{
  size_t colon = span.len;
  struct span host;
  unsigned port;

  while (colon > 0 && span.at[colon - 1] != ':')
    colon--;
  if (colon == 0 || !number_parse(span_slice(span, colon, span.len), UINT16_MAX, &port))
    return false;
  host = span_slice(span, 0, colon - 1);
  out->listen_port = (uint16_t)port;
  if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
    return ip_parse_v6(span_slice(host, 1, host.len - 1), &out->listen_ip);
  return ip_parse_v4(host, &out->listen_ip);
}

/* What the command line says besides. */
struct arguments {
  const char *config;
  bool listen;
};

enum {
  OPTION_CONFIG,
  OPTION_CLIENT,
  OPTION_AUTHENTICATED,
  OPTION_LISTEN,
  OPTION_TIMEOUT,
  OPTION_VERBOSE,
  OPTION_COUNT
};

static const struct tool_option options[OPTION_COUNT] = {
    [OPTION_CONFIG] = TOOL_OPTION_CONFIG(TOOL_CONFIG_OR_BUILT_IN),
    [OPTION_CLIENT] = {"client", .argument = "ADDRESS",
                       .help = "who the client is taken for; 192.0.2.1 by default, so that the "
                               "exemption of this machine does not hide the rules; with --listen "
                               "that goes for clients on this machine, others are who they are"},
    [OPTION_AUTHENTICATED] = {"authenticated",
                              .help = "take the client for one that has logged in"},
    [OPTION_LISTEN] = {"listen", .argument = "ADDRESS:PORT",
                       .help = "serve this port until SIGINT or SIGTERM; port 0 takes a free one, "
                               "IPv6 addresses stand in brackets: [::1]:2525"},
    [OPTION_TIMEOUT] = {"timeout", .argument = "SECONDS",
                        .help = "with --listen: hang up on clients that are idle for so long; "
                                "300 by default"},
    [OPTION_VERBOSE] = {"verbose", 'v',
                        .help = "tell on standard error which rule decided, what monitored rules "
                                "would refuse, and who is exempt"},
};

/* One option with its argument; returns an exit code. */
static int take_option(int option, const char *value, struct arguments *arguments,
                       struct session_options *out)
{
  switch (option) {
  case OPTION_CONFIG:
    arguments->config = value;
    return TOOL_FINE;
  case OPTION_VERBOSE:
    out->verbose = true;
    return TOOL_FINE;
  case OPTION_AUTHENTICATED:
    out->flags |= SMTP_AUTHENTICATED;
    return TOOL_FINE;
  case OPTION_CLIENT:
    out->client_given = true;
    return ip_parse(span_from(value), &out->client)
               ? TOOL_FINE
               : tool_usage("session", "--client %s: an IPv4 or IPv6 address is needed", value);
  case OPTION_LISTEN:
    arguments->listen = true;
    return parse_listen(span_from(value), out)
               ? TOOL_FINE
               : tool_usage("session", "--listen %s: ADDRESS:PORT is needed, as 127.0.0.1:2525",
                            value);
  default: /* OPTION_TIMEOUT */
    return number_parse(span_from(value), IDLE_MAX, &out->idle) && out->idle > 0
               ? TOOL_FINE
               : tool_usage("session", "--timeout %s: a number from 1 to %d is needed", value,
                            IDLE_MAX);
  }
}

static int serve(const struct arguments *arguments, struct session_options *out)
{
  struct settings settings;
  char host[SESSION_NAME_MAX];
  int code = tool_read_settings(arguments->config, true, &settings);

  if (code != TOOL_FINE)
    return code;
  if (gethostname(host, sizeof(host)) != 0 || host[0] == '\0')
    strcpy(host, "localhost");
  host[sizeof(host) - 1] = '\0';
  out->policy = &settings.policy;
  out->host = span_from(host);
  signal(SIGPIPE, SIG_IGN);
  if (arguments->listen)
    code = session_listen(out);
  else
    converse(out);
  settings_free(&settings);
  return code;
}

static int run(int argc, char **argv)
{
  struct session_options session = {
      .client = {{[10] = 0xff, [11] = 0xff, [12] = 192, [13] = 0, [14] = 2, [15] = 1}},
      .idle = IDLE_DEFAULT,
  };
  struct arguments arguments = {.config = NULL};
  const char *value;
  int at = 0, option, code;

  while ((option = tool_option_next(&tool_session_spec, argc, argv, &at, &value)) >= 0) {
    code = take_option(option, value, &arguments, &session);
    if (code != TOOL_FINE)
      return code;
  }
  if (option == TOOL_OPTION_HELP)
    return tool_print_help(&tool_session_spec);
  if (option == TOOL_OPTION_WRONG)
    return TOOL_USAGE;
  if (at < argc)
    return tool_usage("session", "%s: what is that for?", argv[at]);
  return serve(&arguments, &session);
}

const struct tool_spec tool_session_spec = {
    .name = "session",
    .run = run,
    .summary = "speak SMTP under the policy, to try it; delivers nothing",
    .about =
        "Speaks SMTP under a policy, to try it without a mail server. Nothing is delivered. The "
        "conversation is on standard input and output, or on a port with --listen.\n"
        "Typed lines may end in LF alone; a client that begins with CRLF is held to it.\n",
    .examples = "milter-strict session -v\n"
                "milter-strict session --listen 127.0.0.1:2525\n",
    .exits = "0 fine\n"
             "2 wrong usage\n"
             "69 cannot listen\n"
             "78 bad configuration\n",
    .options = options,
    .option_count = OPTION_COUNT,
};
