/*
 * What the command line of a probe may say. Words that are sent to the server hold no byte that
 * could end a line or a path.
 */
#include "probe_options.h"

#include "tool.h"

#include "../policy/netblock.h"

#include <string.h>

#define HELO_DEFAULT "milter-strict-probe.invalid"

enum {
  PORT_SMTP = 25,
  PORT_SMTPS = 465,
  TIMEOUT_DEFAULT = 30, /* seconds */
  TIMEOUT_MAX = 300,
  PACE_DEFAULT = 100, /* milliseconds */
  PACE_MAX = 10000,
};

enum {
  OPTION_USER,
  OPTION_FROM,
  OPTION_HELO,
  OPTION_STARTTLS,
  OPTION_TLS,
  OPTION_LIMITS,
  OPTION_ENUMERATE,
  OPTION_STRANGER,
  OPTION_TIMEOUT,
  OPTION_PACE,
  OPTION_DRY_RUN,
  OPTION_YES,
  OPTION_JSON,
  OPTION_JUNIT,
  OPTION_HTML,
  OPTION_VERBOSE,
  OPTION_COUNT,
};

static const struct tool_option rows[OPTION_COUNT] = {
    [OPTION_USER] = {"user", 'u', .argument = "NAME[@DOMAIN]",
                     .help = "a mailbox that exists; without a domain, at the name in the "
                             "server's greeting; makes several checks sure"},
    [OPTION_FROM] = {"from-address", 'f', .argument = "ADDRESS",
                     .help = "the sender; default: the null sender <>"},
    [OPTION_HELO] = {"helo", .argument = "NAME",
                     .help = "what to call ourselves; default: " HELO_DEFAULT},
    [OPTION_STARTTLS] = {"starttls", .help = "ask everything under TLS, after STARTTLS"},
    [OPTION_TLS] = {"tls",
                    .help = "the port speaks TLS from the start; makes 465 the default port"},
    [OPTION_LIMITS] = {"limits", .help = "ask what a hundred wrong commands come to, too"},
    [OPTION_ENUMERATE] = {"enumerate", .help = "ask for 25 names that nobody has, too"},
    [OPTION_STRANGER] = {"stranger",
                         .help = "the server must not trust this machine: when it relays for us, "
                                 "that is a failure even on a private network"},
    [OPTION_TIMEOUT] = {"timeout", .argument = "SECONDS",
                        .help = "how long to wait for one answer, default 30"},
    [OPTION_PACE] = {"pace", .argument = "MILLISECONDS",
                     .help = "least time between two commands, default 100"},
    [OPTION_DRY_RUN] = {"dry-run", 'n', .help = "say what would be sent, and send nothing"},
    [OPTION_YES] = {"yes", 'y',
                    .help = "yes, that server may be asked, though it is not on "
                            "loopback or a private network"},
    [OPTION_JSON] = {"json", .help = "print the report as JSON"},
    [OPTION_JUNIT] = {"junit", .argument = "FILE", .completes = TOOL_COMPLETES_FILE,
                      .help = "write it as JUnit's XML"},
    [OPTION_HTML] = {"html", .argument = "FILE", .completes = TOOL_COMPLETES_FILE,
                     .help = "write it as one web page"},
    [OPTION_VERBOSE] = {"verbose", 'v', .help = "show the conversation of every check"},
};

/* Only printable ASCII, and nothing that ends a path: the server reads what we mean. */
static bool is_sendable(struct span word)
{
  for (size_t i = 0; i < word.len; i++)
    if (byte_is_control(word.at[i]) || byte_is_8bit(word.at[i]) ||
        strchr(" <>\"\\", word.at[i]) != NULL)
      return false;
  return word.len < PROBE_HOST_SIZE;
}

static bool read_number(const char *word, unsigned most, unsigned *out)
{
  unsigned value = 0;

  if (*word == '\0' || strlen(word) > 6)
    return false;
  for (; *word != '\0'; word++) {
    if (!byte_is_digit(*word))
      return false;
    value = value * 10 + (unsigned)(*word - '0');
  }
  *out = value;
  return value <= most;
}

bool probe_target_parse(const char *word, char host[PROBE_HOST_SIZE], uint16_t *port)
{
  struct span name = span_from(word), number = {NULL, 0};
  struct text out = text_in(host, PROBE_HOST_SIZE);
  size_t colon = span_find(name, ':');
  unsigned value = *port;
  struct ip ip;

  if (name.len > 0 && name.at[0] == '[') {
    size_t end = span_find(name, ']');

    number = span_slice(name, end + 1, name.len);
    if (end == name.len || (number.len > 0 && number.at[0] != ':'))
      return false;
    name = span_slice(name, 1, end);
    if (!ip_parse_v6(name, &ip))
      return false;
  } else if (colon < name.len && !ip_parse_v6(name, &ip)) {
    number = span_slice(name, colon, name.len);
    name = span_slice(name, 0, colon);
  }
  if (number.len > 0 && (!read_number(number.at + 1, UINT16_MAX, &value) || value == 0))
    return false;
  text_add_span(&out, name);
  *port = (uint16_t)value;
  return name.len > 0 && name.at[0] != '-' && !out.cut && is_sendable(name);
}

static bool contains(const char *const *blocks, struct ip ip)
{
  struct netblock block;

  for (; *blocks != NULL; blocks++)
    if (netblock_parse(span_from(*blocks), &block) == NETBLOCK_OK && netblock_contains(block, ip))
      return true;
  return false;
}

bool probe_is_loopback(struct ip ip)
{
  static const char *const blocks[] = {"127.0.0.0/8", "::1", NULL};

  return contains(blocks, ip);
}

/* RFC 1918, RFC 3927, RFC 4193, RFC 4291 */
bool probe_is_private(struct ip ip)
{
  static const char *const blocks[] = {
      "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10",
      NULL};

  return probe_is_loopback(ip) || contains(blocks, ip);
}

static bool take_user(struct probe_command *out, const char *value)
{
  struct span word = span_from(value);
  size_t at = span_find(word, '@');
  struct text text = text_in(out->user, sizeof(out->user));

  if (at == 0 || at + 1 == word.len || !is_sendable(word))
    return false;
  text_add(&text, value);
  out->options.user = out->user;
  if (at < word.len) {
    out->user[at] = '\0';
    out->options.domain = out->user + at + 1;
  }
  return true;
}

static int complain(const char *name, const char *value, const char *wanted)
{
  return tool_usage("probe", "--%s %s: %s", name, value, wanted);
}

/* Options that are a bit of probe_options.flags. */
static unsigned flag_of(int option)
{
  switch (option) {
  case OPTION_STARTTLS:
    return PROBE_FLAG_STARTTLS;
  case OPTION_TLS:
    return PROBE_FLAG_TLS;
  case OPTION_LIMITS:
    return PROBE_FLAG_LIMITS;
  case OPTION_ENUMERATE:
    return PROBE_FLAG_ENUMERATE;
  case OPTION_STRANGER:
    return PROBE_FLAG_STRANGER;
  default:
    return 0;
  }
}

/* Options whose argument is sent or is a number. Returns an exit code. */
static int take_value(int option, const char *value, struct probe_command *out)
{
  const char *name = rows[option].name;

  switch (option) {
  case OPTION_USER:
    return take_user(out, value) ? TOOL_FINE
                                 : complain(name, value, "NAME or NAME@DOMAIN is needed");
  case OPTION_FROM:
    out->options.from = value;
    return value[0] == '\0' || (strchr(value, '@') != NULL && is_sendable(span_from(value)))
               ? TOOL_FINE
               : complain(name, value, "an address as user@example.com is needed");
  case OPTION_HELO:
    out->options.helo = value;
    return value[0] != '\0' && is_sendable(span_from(value))
               ? TOOL_FINE
               : complain(name, value, "a host name is needed");
  case OPTION_TIMEOUT:
    return read_number(value, TIMEOUT_MAX, &out->options.timeout) && out->options.timeout > 0
               ? TOOL_FINE
               : complain(name, value, "a number from 1 to 300 is needed");
  default:
    return read_number(value, PACE_MAX, &out->options.pace)
               ? TOOL_FINE
               : complain(name, value, "a number from 0 to 10000 is needed");
  }
}

static int take_option(int option, const char *value, struct probe_command *out)
{
  switch (option) {
  case OPTION_DRY_RUN:
    out->dry_run = true;
    return TOOL_FINE;
  case OPTION_YES:
    out->yes = true;
    return TOOL_FINE;
  case OPTION_JSON:
    out->json = true;
    return TOOL_FINE;
  case OPTION_VERBOSE:
    out->verbose = true;
    return TOOL_FINE;
  case OPTION_JUNIT:
    out->junit = value;
    return TOOL_FINE;
  case OPTION_HTML:
    out->html = value;
    return TOOL_FINE;
  default:
    out->options.flags |= flag_of(option);
    return flag_of(option) != 0 ? TOOL_FINE : take_value(option, value, out);
  }
}

/* What follows the options: one host. Returns an exit code. */
static int take_operands(int count, char **words, struct probe_command *out)
{
  const unsigned both = PROBE_FLAG_TLS | PROBE_FLAG_STARTTLS;

  if (count != 1)
    return tool_usage("probe", count == 0 ? "which HOST is to be asked?" : "one HOST at a time");
  if ((out->options.flags & both) == both)
    return tool_usage("probe", "--tls and --starttls exclude each other");
  if (out->dry_run && (out->json || out->junit != NULL || out->html != NULL))
    return tool_usage("probe",
                      "--dry-run asks nothing that --json, --junit or --html could report");
  out->port = (out->options.flags & PROBE_FLAG_TLS) != 0 ? PORT_SMTPS : PORT_SMTP;
  if (!probe_target_parse(words[0], out->host, &out->port))
    return tool_usage("probe", "%s: HOST or HOST:PORT is needed, IPv6 addresses in brackets",
                      words[0]);
  out->options.timeout *= 1000;
  return TOOL_FINE;
}

bool probe_command_read(int argc, char **argv, struct probe_command *out, int *code)
{
  const char *value;
  int at = 0, option;

  *out = (struct probe_command){
      .options = {
          .helo = HELO_DEFAULT, .from = "", .timeout = TIMEOUT_DEFAULT, .pace = PACE_DEFAULT}};
  while ((option = tool_option_next(&tool_probe_spec, argc, argv, &at, &value)) >= 0) {
    *code = take_option(option, value, out);
    if (*code != TOOL_FINE)
      return false;
  }
  if (option == TOOL_OPTION_HELP)
    *code = tool_print_help(&tool_probe_spec);
  else if (option == TOOL_OPTION_WRONG)
    *code = TOOL_USAGE;
  else
    *code = take_operands(argc - at, argv + at, out);
  return option == TOOL_OPTIONS_END && *code == TOOL_FINE;
}

const struct tool_spec tool_probe_spec = {
    .name = "probe",
    .run = tool_probe_run,
    .operands = "HOST[:PORT]",
    .completes = TOOL_COMPLETES_HOST,
    .summary = "test a live SMTP server: what it tells, takes and refuses",
    .about =
        "Asks a live SMTP server, whatever its software, what a client could ask, and says of each "
        "answer whether it is as it should be, why that matters and what to do about it. Port 25 "
        "unless another is named.\n"
        "Nothing is ever delivered: no message is sent. One connection at a time, with a pause "
        "between commands, and bounds for all of it; --dry-run shows every line. A server that is "
        "not on loopback or a private network is asked with --yes only: ask its owner first.\n",
    .examples = "milter-strict probe localhost --user alice\n"
                "milter-strict probe mx.example.org --yes --user alice@example.org --html mx.html\n"
                "milter-strict probe [2001:db8::25]:587 --yes --starttls --json\n",
    .exits = "0 nothing failed; there may be warnings\n"
             "1 something failed\n"
             "2 wrong usage, or --yes is missing\n"
             "69 no answer, or none to the end\n"
             "75 a report cannot be written\n",
    .options = rows,
    .option_count = OPTION_COUNT,
};
