/*
 * Completion for zsh, on _arguments.
 */
#include "completion.h"

#include <stdio.h>

static const char head[] =
    "#compdef milter-strict\n"
    "# zsh completion for milter-strict; printed by: milter-strict completion zsh\n"
    "_milter-strict()\n"
    "{\n"
    "  local context state state_descr line\n"
    "  typeset -A opt_args\n"
    "  _arguments -C '(- *)'{-h,--help}'[help]' '(- *)'{-V,--version}'[the version]' \\\n"
    "    '1:command:->command' '*::argument:->argument' && return\n"
    "  case $state in\n"
    "    command)\n"
    "      local -a commands=(\n";

/* Autoloaded, the file is the function's first run; sourced, it makes itself known. */
static const char tail[] = "      esac\n"
                           "      ;;\n"
                           "  esac\n"
                           "}\n"
                           "if [[ $funcstack[1] == _milter-strict ]]; then\n"
                           "  _milter-strict \"$@\"\n"
                           "else\n"
                           "  compdef _milter-strict milter-strict\n"
                           "fi\n";

/* Between single quotes, in a specification that gives ":", "[" and "]" a meaning. */
static void put(const char *text)
{
  for (; *text != '\0'; text++) {
    if (*text == '\'')
      fputs("'\\''", stdout);
    else if (*text == ':' || *text == '[' || *text == ']' || *text == '\\')
      printf("\\%c", *text);
    else
      putchar(*text);
  }
}

/* ":FILE:_files" */
static void put_argument(const char *name, enum tool_completes completes, const char *words)
{
  static const char *const actions[] = {
      [TOOL_COMPLETES_NOTHING] = " ",        [TOOL_COMPLETES_FILE] = "_files",
      [TOOL_COMPLETES_FOLDER] = "_files -/", [TOOL_COMPLETES_HOST] = "_hosts",
      [TOOL_COMPLETES_WORDS] = "",
  };

  putchar(':');
  put(name);
  printf(":%s", actions[completes]);
  if (completes == TOOL_COMPLETES_WORDS)
    printf("(%s)", words);
}

/* One form of an option: "-c+" or "--config=" where an argument follows. */
static void put_form(const struct tool_option *option, const char *form, const char *joint)
{
  fputs(" \\\n            '", stdout);
  if (option->letter != '\0')
    printf("(-%c --%s)", option->letter, option->name);
  printf("%s%s[", form, option->argument == NULL ? "" : joint);
  put(option->help);
  putchar(']');
  if (option->argument != NULL)
    put_argument(option->argument, option->completes, option->words);
  putchar('\'');
}

static void put_tool(const struct tool_spec *tool)
{
  printf("        %s)\n          _arguments -s '(- *)'{-h,--help}'[help]'", tool->name);
  for (size_t i = 0; i < tool->option_count; i++) {
    const struct tool_option *option = &tool->options[i];
    char form[64];

    if (option->letter != '\0') {
      snprintf(form, sizeof(form), "-%c", option->letter);
      put_form(option, form, "+");
    }
    snprintf(form, sizeof(form), "--%s", option->name);
    put_form(option, form, "=");
  }
  if (tool->operands != NULL) {
    fputs(" \\\n            '*", stdout);
    put_argument(tool->operands, tool->completes, tool->words);
    putchar('\'');
  }
  puts("\n          ;;");
}

void completion_zsh(void)
{
  fputs(head, stdout);
  for (size_t i = 0; i < tool_spec_count; i++) {
    printf("        '%s:", tool_specs[i]->name);
    put(tool_specs[i]->summary);
    puts("'");
  }
  puts(
      "      )\n      _describe command commands\n      ;;\n    argument)\n      case $line[1] in");
  for (size_t i = 0; i < tool_spec_count; i++)
    put_tool(tool_specs[i]);
  fputs(tail, stdout);
}
