/*
 * milter-strict completion: the script that makes a shell complete what is typed.
 */
#include "completion.h"

#include <stdio.h>
#include <string.h>

static const struct {
  const char *name;
  void (*print)(void);
} shells[] = {
    {"bash", completion_bash},
    {"zsh", completion_zsh},
    {"fish", completion_fish},
};

void completion_quote(const char *text)
{
  putchar('\'');
  for (; *text != '\0'; text++) {
    if (*text == '\'')
      fputs("'\\''", stdout);
    else
      putchar(*text);
  }
  putchar('\'');
}

static int run(int argc, char **argv)
{
  const char *value;
  int at = 0, option = tool_option_next(&tool_completion_spec, argc, argv, &at, &value);

  if (option == TOOL_OPTION_HELP)
    return tool_print_help(&tool_completion_spec);
  if (option == TOOL_OPTION_WRONG)
    return TOOL_USAGE;
  if (at + 1 != argc)
    return tool_usage("completion", "one shell is to be named: bash, zsh or fish");
  for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
    if (strcmp(argv[at], shells[i].name) == 0) {
      shells[i].print();
      return TOOL_FINE;
    }
  return tool_usage("completion", "\"%s\" is none of bash, zsh and fish", argv[at]);
}

const struct tool_spec tool_completion_spec = {
    .name = "completion",
    .run = run,
    .operands = "bash | zsh | fish",
    .completes = TOOL_COMPLETES_WORDS,
    .words = "bash zsh fish",
    .summary = "the script that makes a shell complete these commands",
    .about =
        "Prints the script that makes a shell complete the sub-commands, their options, and "
        "what they take: files, folders, rules, reply codes. An installed program has it where "
        "the shells look; this is for any other.\n",
    .examples = "source <(milter-strict completion bash)\n"
                "milter-strict completion zsh >~/.zfunc/_milter-strict\n"
                "milter-strict completion fish >~/.config/fish/completions/milter-strict.fish\n",
    .exits = "0 printed\n"
             "2 wrong usage\n",
};
