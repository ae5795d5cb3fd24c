/*
 * milter-strict ctl: asks and commands a daemon that runs, over its control socket.
 */
#include "../config/endpoint.h"
#include "ctl_line.h"
#include "ctl_show.h"
#include "tool.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
  OPTION_CONFIG,
  OPTION_SOCKET,
  OPTION_SORT,
  OPTION_RULE,
  OPTION_NETWORK,
  OPTION_LIMIT,
  OPTION_JSON,
  OPTION_COUNT
};

static const struct tool_option options[OPTION_COUNT] = {
    [OPTION_CONFIG] = TOOL_OPTION_CONFIG(
        "the configuration, which names the socket; without it " CONFIG_DEFAULT_FILE),
    [OPTION_SOCKET] = {"socket", 's', "ADDRESS", TOOL_COMPLETES_FILE,
                       .help = "the socket itself, as \"unix:/path\" or \"/path\""},
    [OPTION_SORT] = {"sort", 'S', "KEY", TOOL_COMPLETES_WORDS, "since until network points times",
                     "with refused: latest refusal first (since, as without it), first to end "
                     "(until), by address, by points, by relapses"},
    [OPTION_RULE] = {"rule", 'r', "NAME", TOOL_COMPLETES_WORDS,
                     "probe-recipients probe-vrfy probe-callout probe-commands client-refused",
                     "with refused: by this rule alone"},
    [OPTION_NETWORK] = {"network", 'n', "NET", TOOL_COMPLETES_NOTHING, NULL,
                        "with refused: those inside this network or around it"},
    [OPTION_LIMIT] = {"limit", 'l', "N", TOOL_COMPLETES_NOTHING, NULL,
                      "with refused: so many at most"},
    [OPTION_JSON] = {"json", 'j', .help = "print the daemon's answer: a JSON object in each line"},
};

struct ctl {
  const char *config, *socket;
  const char *choice[OPTION_COUNT]; /* arguments of the options for refused */
  bool json;
  bool unread;        /* the configuration is wrong: the address is a guess */
  char request[1024]; /* a line */
  char path[sizeof(((struct endpoint *)0)->path)];
};

/* The request */

/* A word of the command line into the request: no word may become two. */
static bool add_word(struct text *request, const char *word)
{
  if (*word == '\0' || strpbrk(word, " \t\r\n") != NULL)
    return false;
  if (request->len > 0)
    text_add_byte(request, ' ');
  text_add(request, word);
  return !request->cut;
}

static bool add_choices(struct text *request, const struct ctl *ctl)
{
  static const char *const names[OPTION_COUNT] = {[OPTION_SORT] = " sort=",
                                                  [OPTION_RULE] = " rule=",
                                                  [OPTION_NETWORK] = " network=",
                                                  [OPTION_LIMIT] = " limit="};

  for (size_t i = 0; i < OPTION_COUNT; i++) {
    if (ctl->choice[i] == NULL)
      continue;
    text_add(request, names[i]);
    if (strpbrk(ctl->choice[i], " \t\r\n") != NULL)
      return false;
    text_add(request, ctl->choice[i]);
  }
  text_add_byte(request, '\n');
  return !request->cut;
}

/* The daemon knows what is right; here only the line is put together. */
static int make_request(struct ctl *ctl, int count, char **words)
{
  struct text request = text_in(ctl->request, sizeof(ctl->request));

  if (count == 0)
    return tool_usage("ctl", "a command is missing: status, refused, refuse, forgive or reload");
  for (int i = 0; i < count; i++)
    if (!add_word(&request, words[i]))
      return tool_usage("ctl", "\"%s\" cannot be part of a command", words[i]);
  for (size_t i = 0; i < OPTION_COUNT; i++)
    if (ctl->choice[i] != NULL && strcmp(words[0], "refused") != 0)
      return tool_usage("ctl", "--%s is for the command refused", options[i].name);
  if (!add_choices(&request, ctl))
    return tool_usage("ctl", "an argument is too long, or has blanks in it");
  return TOOL_FINE;
}

/* The socket */

static int set_path(struct ctl *ctl, struct span address, const char *from)
{
  struct endpoint parsed = {.kind = ENDPOINT_UNIX};
  const char *why = "only a socket file can be asked, as \"unix:/path\"";

  if (address.len > 0 && address.at[0] == '/' && address.len < sizeof(ctl->path)) {
    memcpy(ctl->path, address.at, address.len + 1);
    return TOOL_FINE;
  }
  if (!span_starts_nocase(address, SPAN("unix:")) || !endpoint_parse(address, &parsed, &why))
    return tool_usage("ctl", "%s: %s", from, why);
  strcpy(ctl->path, parsed.path);
  return TOOL_FINE;
}

/* The control socket that the configuration names. When it cannot be read, as after a mistake that
 * reload is to find, the built-in one. */
static int find_socket(struct ctl *ctl)
{
  static struct config_notes notes;
  struct settings settings;
  int result;

  if (ctl->socket != NULL)
    return set_path(ctl, span_from(ctl->socket), "--socket");
  if (!config_load(ctl->config, &settings, &notes)) {
    bool missing = ctl->config == NULL && access(CONFIG_DEFAULT_FILE, F_OK) != 0 && errno == ENOENT;

    if (!config_defaults(&settings))
      return TOOL_NO_MEMORY;
    ctl->unread = !missing;
    if (!missing)
      fprintf(stderr, "%s\nmilter-strict ctl: asks at the built-in address %s; -s names another\n",
              notes.note[0].text, settings.listen_control.at);
  }
  if (settings.listen_control.len == 0) {
    fputs("milter-strict ctl: listen.control is empty: the daemon has no control socket\n", stderr);
    result = TOOL_UNAVAILABLE;
  } else {
    result = set_path(ctl, settings.listen_control, "listen.control");
  }
  settings_free(&settings);
  return result;
}

static int complain(const struct ctl *ctl, enum ctl_fault fault, const char *why)
{
  fprintf(stderr, "milter-strict ctl: unix:%s: %s\n", ctl->path, why);
  if (fault == CTL_NOT_ALLOWED)
    return TOOL_NOT_ALLOWED;
  return ctl->unread ? TOOL_BAD_CONFIG : TOOL_UNAVAILABLE;
}

static int ask(struct ctl *ctl)
{
  char memory[256];
  struct text why = text_in(memory, sizeof(memory));
  struct ctl_line line;
  struct ctl_show show;
  struct span answer;
  enum ctl_fault fault = ctl_ask(ctl->path, span_from(ctl->request), &line, &why);

  if (fault != CTL_OK)
    return complain(ctl, fault, memory);
  ctl_show_begin(&show, ctl->json);
  while (!show.ended && fault == CTL_OK) {
    fault = ctl_next(&line, &answer, &why);
    if (fault == CTL_OK)
      ctl_show_line(&show, answer);
  }
  ctl_show_end(&show);
  ctl_close(&line);
  return fault == CTL_OK ? show.status : complain(ctl, fault, memory);
}

static int run(int argc, char **argv)
{
  struct ctl ctl = {.config = NULL};
  const char *value;
  int at = 0, option, result;

  while ((option = tool_option_next(&tool_ctl_spec, argc, argv, &at, &value)) >= 0) {
    if (option == OPTION_CONFIG)
      ctl.config = value;
    else if (option == OPTION_SOCKET)
      ctl.socket = value;
    else if (option == OPTION_JSON)
      ctl.json = true;
    else
      ctl.choice[option] = value;
  }
  if (option == TOOL_OPTION_HELP)
    return tool_print_help(&tool_ctl_spec);
  if (option == TOOL_OPTION_WRONG)
    return TOOL_USAGE;
  result = make_request(&ctl, argc - at, argv + at);
  if (result == TOOL_FINE)
    result = find_socket(&ctl);
  return result == TOOL_FINE ? ask(&ctl) : result;
}

const struct tool_spec tool_ctl_spec = {
    .name = "ctl",
    .run = run,
    .operands = "status | refused | refuse NET [FOR] | forgive NET | reload",
    .completes = TOOL_COMPLETES_WORDS,
    .words = "status refused refuse forgive reload",
    .summary = "ask the daemon: who is refused; refuse, forgive, reload",
    .about =
        "Asks and commands the daemon that runs, over its control socket. NET is an address or a "
        "network of any width, as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32.\n"
        "status: since when it runs, its sessions, what it decided by rule, what it remembers, "
        "and whether the last reload failed.\n"
        "refused: the networks that are refused now, until when, by which rule, and what was "
        "counted: relapses, points, different wrong names, accepted recipients, messages.\n"
        "refuse: refuses a network for a time, as 30m, 12h or 7d; for a day when none is given. "
        "Clients that are exempt are not refused.\n"
        "forgive: ends all refusals inside a network at once and forgets what was counted.\n"
        "reload: has the configuration read again, and says what is wrong with it or what has "
        "changed.\n",
    .examples = "milter-strict ctl status\n"
                "milter-strict ctl refused --sort points --limit 20\n"
                "milter-strict ctl refused --network 198.51.100.7\n"
                "milter-strict ctl refuse 203.0.113.0/24 12h\n"
                "milter-strict ctl forgive 198.51.100.7\n",
    .exits =
        "0 done\n"
        "2 wrong usage\n"
        "69 no daemon runs, it does not answer, or it remembers nobody\n"
        "75 the daemon is busy: try again\n"
        "77 permission is missing\n"
        "78 reload: the configuration is wrong, the old one stays in force; or it is wrong, and "
        "no daemon answers at the built-in address\n",
    .options = options,
    .option_count = OPTION_COUNT,
};
