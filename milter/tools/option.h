/*
 * The command line of a sub-command as one table: what getopt_long() is told, what --help prints,
 * what the manual lists and what shells complete all come from it.
 *
 *   enum { OPTION_CONFIG, OPTION_DUMP, OPTION_COUNT };
 *   static const struct tool_option options[OPTION_COUNT] = {
 *       [OPTION_CONFIG] = TOOL_OPTION_CONFIG("the file to read; without it " CONFIG_DEFAULT_FILE),
 *       [OPTION_DUMP] = {"dump", 'd', .help = "print every option as it would be in force"},
 *   };
 *   const struct tool_spec tool_check_spec = {.name = "check", .run = run, ...};
 *
 *   int at = 0, option;
 *   while ((option = tool_option_next(&tool_check_spec, argc, argv, &at, &value)) >= 0)
 *     ...
 *   if (option == TOOL_OPTION_HELP)
 *     return tool_print_help(&tool_check_spec);
 *   if (option == TOOL_OPTION_WRONG)
 *     return TOOL_USAGE;
 *   argv[at] is the first operand
 */
#ifndef MILTER_STRICT_TOOL_OPTION_H
#define MILTER_STRICT_TOOL_OPTION_H

#include <stddef.h>

/* What a shell offers for an argument. */
enum tool_completes {
  TOOL_COMPLETES_NOTHING,
  TOOL_COMPLETES_FILE,
  TOOL_COMPLETES_FOLDER,
  TOOL_COMPLETES_HOST,
  TOOL_COMPLETES_WORDS, /* those of the row */
};

/* All strings are static; help texts are one paragraph of ASCII without a line break. */
struct tool_option {
  const char *name;     /* without the hyphens; "help" is every tool's and stands in no table */
  char letter;          /* of the short form; 0: there is none */
  const char *argument; /* what --help calls it, as "FILE"; NULL: it takes none */
  enum tool_completes completes;
  const char *words; /* with TOOL_COMPLETES_WORDS: separated by single spaces */
  const char *help;  /* half a sentence */
};

enum { TOOL_OPTIONS_MAX = 48 };

struct tool_spec {
  const char *name;                  /* as in "milter-strict NAME" */
  int (*run)(int argc, char **argv); /* takes its own name as argv[0]; returns an exit code */
  const char *operands;              /* as in the usage, "HOST[:PORT]"; NULL: none */
  enum tool_completes completes;     /* each operand */
  const char *words;                 /* as in an option */
  const char *summary;               /* half a sentence, for the list of sub-commands */
  const char *about;                 /* paragraphs, each ended by a newline */
  const char *examples;              /* lines that can be typed, each ended by a newline */
  const char *exits;                 /* "0 fine\n": statuses, each with what it means */
  const struct tool_option *options; /* at most TOOL_OPTIONS_MAX */
  size_t option_count;
};

/* The row that most tools have. */
#define TOOL_OPTION_CONFIG(words)                                                                  \
  {                                                                                                \
    .name = "config", .letter = 'c', .argument = "FILE", .completes = TOOL_COMPLETES_FILE,         \
    .help = (words)                                                                                \
  }
#define TOOL_CONFIG_OR_BUILT_IN                                                                    \
  "the configuration; without it " CONFIG_DEFAULT_FILE                                             \
  ", and when that is not there, the built-in settings"

enum { TOOL_OPTIONS_END = -1, TOOL_OPTION_HELP = -2, TOOL_OPTION_WRONG = -3 };

/*
 * The next option of the command line: its index in the table with its argument in `value` (NULL
 * when it takes none), or one of the above. WRONG: stderr has been told; the tool returns
 * TOOL_USAGE. END: `at` is the index of the first operand; operands are moved behind the options.
 * Begins anew when `at` is 0. getopt_long() keeps its own state: one command line at a time.
 */
int tool_option_next(const struct tool_spec *spec, int argc, char **argv, int *at,
                     const char **value);

/* On standard output: usage, about, options, known words, examples, exit statuses. Returns
 * TOOL_FINE. */
int tool_print_help(const struct tool_spec *spec);

/* Every sub-command, in the order of help. Static. */
extern const struct tool_spec *const tool_specs[];
extern const size_t tool_spec_count;

#endif
