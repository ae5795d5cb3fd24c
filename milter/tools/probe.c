/*
 * milter-strict probe: asks a live SMTP server and reports what it answered.
 */
#include "probe.h"
#include "probe_options.h"
#include "probe_save.h"
#include "tool.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS_DEFAULT = 100, COLUMNS_LEAST = 60, COLUMNS_MOST = 120 };

/* Whether the terminal knows more than lines. */
static bool is_able(void)
{
  const char *terminal = getenv("TERM");

  return terminal != NULL && terminal[0] != '\0' && strcmp(terminal, "dumb") != 0;
}

/* Progress, on a terminal: one line that is written over, or one a check where that cannot be. */
static void show_progress(void *context, enum probe_check check)
{
  const bool *over = context;

  fprintf(stderr, "%s%d of %d: %s%s", *over ? "\r\033[K" : "", (int)check + 1, PROBE_CHECK_COUNT,
          probe_check_entry(check)->title, *over ? " " : "\n");
  fflush(stderr);
}

static void run(const struct probe_command *command, const struct probe_carrier *carrier,
                struct probe_report *report)
{
  bool over = is_able();
  struct probe_progress progress = {.begins = show_progress, .context = &over};
  bool shown = !command->dry_run && isatty(STDERR_FILENO) == 1;

  report->when = (int64_t)time(NULL);
  probe_run(&command->options, carrier, shown ? &progress : NULL, report);
  if (shown && over)
    fputs("\r\033[K", stderr);
}

/* --dry-run */

static const char dry_words[] =
    "That is for a server that offers everything and refuses what it should; mx.example.org "
    "stands\n"
    "for the name in its greeting, 192.0.2.25 for its address, where they are not given. One that\n"
    "answers otherwise gets less, or some lines more: EHLO or HELO, NOOP, RSET, QUIT, MAIL from a\n"
    "well-formed sender or \"<> SMTPUTF8\", and RCPT to a name that nobody has.\n";

static void print_dry(const struct probe_report *report)
{
  printf("To %s, port %u, %u lines would be sent over %u connections, one after the other.\n",
         report->host, report->port, report->commands, report->connections);
  fputs(dry_words, stdout);
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++) {
    const struct probe_result *result = &report->results[check];
    struct span rest = text_span(&result->transcript);
    struct probe_line line;

    printf("\n%s: %s\n", probe_check_entry(check)->name, probe_check_entry(check)->title);
    if (rest.len == 0)
      printf("  - %s\n", result->note[0] != '\0' ? result->note : "nothing is sent");
    while (probe_line_next(&rest, &line))
      if (line.side == PROBE_SIDE_CLIENT || line.side == PROBE_SIDE_EVENT)
        printf("  %c %.*s\n", probe_side_letter(line.side), (int)line.text.len, line.text.at);
  }
}

static int run_dry(const struct probe_command *command, struct probe_report *report)
{
  struct probe_dry dry = {.user = command->options.user, .domain = command->options.domain};
  struct probe_carrier carrier = probe_carrier_dry(&dry);

  struct ip ip;

  if (ip_parse(span_from(command->host), &ip))
    ip_format(ip, report->address);
  run(command, &carrier, report);
  print_dry(report);
  return TOOL_FINE;
}

/* Reports */

static unsigned columns(void)
{
  struct winsize size;

  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < COLUMNS_LEAST)
    return COLUMNS_DEFAULT;
  return size.ws_col < COLUMNS_MOST ? size.ws_col : COLUMNS_MOST;
}

/* https://no-color.org/: set to anything but "", it forbids */
static bool wants_colour(void)
{
  const char *forbidden = getenv("NO_COLOR");

  return isatty(STDOUT_FILENO) == 1 && (forbidden == NULL || forbidden[0] == '\0') && is_able();
}

static bool save(const char *file, void (*print)(FILE *to, const struct probe_report *report),
                 const struct probe_report *report)
{
  char memory[512];
  struct text why = text_in(memory, sizeof(memory));

  if (file == NULL || probe_save(file, print, report, &why))
    return true;
  tool_complain("probe", "%s", memory);
  return false;
}

static int save_reports(const struct probe_command *command, const struct probe_report *report)
{
  bool saved = save(command->junit, probe_print_junit, report);

  saved = save(command->html, probe_print_html, report) && saved;
  return saved ? TOOL_FINE : TOOL_TRY_LATER;
}

static int print_reports(const struct probe_command *command, const struct probe_report *report)
{
  if (!command->json)
    probe_print_text(stdout, report,
                     (wants_colour() ? PROBE_TEXT_COLOUR : 0) |
                         (command->verbose ? PROBE_TEXT_VERBOSE : 0),
                     columns());
  else if (!probe_print_json(stdout, report))
    return TOOL_NO_MEMORY;
  return save_reports(command, report);
}

/* A server that went silent on the way has not passed what was not asked. */
static int exit_code(const struct probe_report *report)
{
  if (report->totals[PROBE_FAIL] > 0)
    return TOOL_WANTING;
  if (report->ended[0] != '\0' || report->totals[PROBE_PASS] + report->totals[PROBE_WARN] == 0)
    return TOOL_UNAVAILABLE;
  return TOOL_FINE;
}

/* The network */

/* Whether an address is one of this machine: then a socket can be bound to it. */
static bool is_own(struct ip ip)
{
  struct sockaddr_in6 address = {.sin6_family = AF_INET6};
  int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bool bound;

  memcpy(&address.sin6_addr, ip.bytes, sizeof(address.sin6_addr)); /* IPv4 is mapped, RFC 3493 */
  bound = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
  if (fd >= 0)
    close(fd);
  return bound || probe_is_loopback(ip);
}

/* What the server may see in us. */
static unsigned nearness(const struct probe_net *net)
{
  bool near = true, home = true;

  for (size_t i = 0; i < net->count; i++) {
    bool own = is_own(net->addresses[i]);

    home = home && own;
    near = near && (own || probe_is_private(net->addresses[i]));
  }
  return (near ? PROBE_FLAG_NEAR : 0) | (home ? PROBE_FLAG_HOME : 0);
}

/* Nothing could be asked. People read why; programs find it in the report that they wait for. */
static int tell_unasked(const struct probe_command *command, struct probe_report *report,
                        const char *why)
{
  int code;

  tool_complain("probe", "%s: %s", command->host, why);
  report->when = (int64_t)time(NULL);
  probe_report_end(report, why);
  if (command->json && !probe_print_json(stdout, report))
    return TOOL_NO_MEMORY;
  code = save_reports(command, report);
  return code != TOOL_FINE ? code : TOOL_UNAVAILABLE;
}

/* Whether the addresses may be asked. Returns an exit code. */
static int may_be_asked(struct probe_command *command, const struct probe_net *net)
{
  char address[IP_TEXT_SIZE];
  bool named;

  for (size_t i = 0; i < net->count && !command->yes; i++) {
    if (probe_is_private(net->addresses[i]))
      continue;
    ip_format(net->addresses[i], address);
    named = strcmp(command->host, address) != 0;
    return tool_usage("probe",
                      "%s%s%s%s is on neither loopback nor a private network. Some hundreds of "
                      "commands would be sent there; --dry-run shows them. When its owner agrees, "
                      "say --yes",
                      command->host, named ? " (" : "", named ? address : "", named ? ")" : "");
  }
  command->options.flags |= nearness(net);
  return TOOL_FINE;
}

/* One server was asked, and a name may lead to more. */
static void note_others(const struct probe_net *net, struct probe_report *report)
{
  for (size_t i = 0; net->chosen >= 0 && i < net->count; i++)
    if (i != (size_t)net->chosen && report->other_count < PROBE_OTHERS_MAX)
      ip_format(net->addresses[i], report->others[report->other_count++]);
}

static int run_live(struct probe_command *command, struct probe_report *report)
{
  struct probe_net net = {.port = command->port, .name = command->host};
  struct tls_client_options tls = {.verify = false};
  char memory[256];
  struct text why = text_in(memory, sizeof(memory));
  struct probe_carrier carrier;
  int code;

  if (channel_resolve(command->host, net.addresses, &net.count, &why) != CHANNEL_OK)
    return tell_unasked(command, report, memory);
  code = may_be_asked(command, &net);
  if (code != TOOL_FINE)
    return code;
  net.tls = tls_client_open(&tls, &why);
  if (net.tls == NULL)
    return tell_unasked(command, report, memory);
  carrier = probe_carrier_net(&net, report->address);
  run(command, &carrier, report);
  note_others(&net, report);
  tls_client_close(net.tls);
  code = print_reports(command, report);
  return code != TOOL_FINE ? code : exit_code(report);
}

int tool_probe_run(int argc, char **argv)
{
  struct probe_command command;
  struct probe_report *report;
  int code;

  if (!probe_command_read(argc, argv, &command, &code))
    return code;
  report = malloc(sizeof(*report));
  if (report == NULL)
    return TOOL_NO_MEMORY;
  signal(SIGPIPE, SIG_IGN);
  probe_report_begin(report, span_from(command.host), command.port);
  code = command.dry_run ? run_dry(&command, report) : run_live(&command, report);
  free(report);
  return code;
}
