/*
 * Completion for bash: one function with a case a sub-command. Bash hands "--name=value" over as
 * three words; programmable completion of its own is all it needs.
 */
#include "completion.h"

#include <stdio.h>

static const char head[] =
    "# bash completion for milter-strict; printed by: milter-strict completion bash\n"
    "_milter_strict()\n"
    "{\n"
    "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} kind words\n"
    "  COMPREPLY=()\n"
    "  if [[ $word == = ]]; then\n"
    "    word=\n"
    "  elif [[ $before == = ]]; then\n"
    "    before=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "  fi\n";

static const char tail[] =
    "  case $kind in\n"
    "    file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
    "    folder) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$word\") ;;\n"
    "    host) mapfile -t COMPREPLY < <(compgen -A hostname -- \"$word\") ;;\n"
    "    words) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\") ;;\n"
    "  esac\n"
    "}\n"
    "complete -F _milter_strict milter-strict\n";

/* "kind='words' words='a b'" */
static void put_kind(enum tool_completes completes, const char *words)
{
  static const char *const kinds[] = {
      [TOOL_COMPLETES_NOTHING] = "nothing", [TOOL_COMPLETES_FILE] = "file",
      [TOOL_COMPLETES_FOLDER] = "folder",   [TOOL_COMPLETES_HOST] = "host",
      [TOOL_COMPLETES_WORDS] = "words",
  };

  printf("kind='%s'", kinds[completes]);
  if (completes == TOOL_COMPLETES_WORDS) {
    fputs(" words=", stdout);
    completion_quote(words);
  }
}

static void put_tool(const struct tool_spec *tool)
{
  printf("      %s)\n        case $before in\n", tool->name);
  for (size_t i = 0; i < tool->option_count; i++) {
    const struct tool_option *option = &tool->options[i];

    if (option->argument == NULL)
      continue;
    fputs("          ", stdout);
    if (option->letter != '\0')
      printf("-%c | ", option->letter);
    printf("--%s) ", option->name);
    put_kind(option->completes, option->words);
    puts(" ;;");
  }
  fputs("          *) ", stdout);
  put_kind(tool->completes, tool->words);
  fputs(" ;;\n        esac\n"
        "        [[ $word != -* ]] || { kind='words'; words='",
        stdout);
  for (size_t i = 0; i < tool->option_count; i++)
    printf("--%s ", tool->options[i].name);
  puts("--help'; }\n        ;;");
}

void completion_bash(void)
{
  fputs(head, stdout);
  fputs("  if ((COMP_CWORD == 1)); then\n    kind='words' words='", stdout);
  for (size_t i = 0; i < tool_spec_count; i++)
    printf("%s ", tool_specs[i]->name);
  puts("--help --version'\n  else\n    case ${COMP_WORDS[1]} in");
  for (size_t i = 0; i < tool_spec_count; i++)
    put_tool(tool_specs[i]);
  puts("    esac\n  fi");
  fputs(tail, stdout);
}
