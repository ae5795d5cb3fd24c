/*
 * milter-strict replay: what a policy would have done to the mail of a log.
 */
#include "replay.h"
#include "tool.h"

enum { OPTION_CONFIG, OPTION_DIFF, OPTION_JSON, OPTION_COUNT };

static const struct tool_option options[OPTION_COUNT] = {
    [OPTION_CONFIG] = TOOL_OPTION_CONFIG(TOOL_CONFIG_OR_BUILT_IN),
    [OPTION_DIFF] = {"diff", 'd', "FILE", TOOL_COMPLETES_FILE,
                     .help = "another configuration: show only what the two would do differently"},
    [OPTION_JSON] = {"json", 'j', .help = "print the report as one JSON object"},
};

static int run(int argc, char **argv)
{
  struct replay_options wanted = {.config = NULL};
  const char *value;
  int at = 0, option;

  while ((option = tool_option_next(&tool_replay_spec, argc, argv, &at, &value)) >= 0) {
    if (option == OPTION_CONFIG)
      wanted.config = value;
    else if (option == OPTION_DIFF)
      wanted.other = value;
    else
      wanted.json = true;
  }
  if (option == TOOL_OPTION_HELP)
    return tool_print_help(&tool_replay_spec);
  if (option == TOOL_OPTION_WRONG)
    return TOOL_USAGE;
  if (at == argc)
    return tool_usage("replay", "which log? \"-\" reads standard input");
  return replay_files(&wanted, argv + at, (unsigned)(argc - at));
}

const struct tool_spec tool_replay_spec = {
    .name = "replay",
    .run = run,
    .operands = "MAILLOG...",
    .completes = TOOL_COMPLETES_FILE,
    .summary = "what the policy would have done to the mail of a log",
    .about =
        "Reads logs of Postfix and Sendmail, plain or compressed by gzip, \"-\" for standard "
        "input, "
        "puts them in order by time, rebuilds the sessions and judges them by the policy. Begins "
        "with the mail that was delivered and would have been refused; then what else would have "
        "been refused, by rule, and what the log cannot tell.\n"
        "The ledger of probing clients is kept in memory for the length of the log. No daemon is "
        "asked, and nothing is changed.\n",
    .examples = "milter-strict replay /var/log/mail.log*\n"
                "milter-strict replay -c new.conf --json /var/log/mail.log\n"
                "milter-strict replay --diff strict.conf /var/log/maillog\n"
                "journalctl -o short-iso SYSLOG_FACILITY=2 | milter-strict replay -\n",
    .exits = "0 no mail that was delivered would have been refused\n"
             "1 some would have been; with --diff, by one of the two alone\n"
             "2 wrong usage\n"
             "69 a log cannot be read, or not to its end, or is none of a mail server\n"
             "71 not enough memory\n"
             "78 a configuration is bad or cannot be read\n",
    .options = options,
    .option_count = OPTION_COUNT,
};
