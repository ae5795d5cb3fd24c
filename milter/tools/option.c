/*
 * Reads a command line by its table. getopt_long() does the work; what is wrong is said in our own
 * words, with foreign bytes escaped.
 */
#include "option.h"

#include "../config/guess.h"
#include "../policy/text.h"
#include "tool.h"

#include <getopt.h>
#include <string.h>

/* Values that getopt_long() gives back: a letter, or LONG and the index in the table. */
enum { LONG = 256, LONG_HELP = LONG + TOOL_OPTIONS_MAX };

struct getopt_tables {
  struct option longs[TOOL_OPTIONS_MAX + 2]; /* --help and the end */
  char letters[3 * TOOL_OPTIONS_MAX];
};

static void fill_tables(const struct tool_spec *spec, struct getopt_tables *tables)
{
  struct text letters = text_in(tables->letters, sizeof(tables->letters));
  size_t count = spec->option_count;

  text_add(&letters, ":h"); /* ":": tell a missing argument from an unknown option */
  for (size_t i = 0; i < count; i++) {
    const struct tool_option *option = &spec->options[i];

    tables->longs[i] =
        (struct option){option->name, option->argument == NULL ? no_argument : required_argument,
                        NULL, LONG + (int)i};
    if (option->letter != '\0') {
      text_add_byte(&letters, option->letter);
      text_add(&letters, option->argument == NULL ? "" : ":");
    }
  }
  tables->longs[count] = (struct option){"help", no_argument, NULL, LONG_HELP};
  tables->longs[count + 1] = (struct option){NULL, 0, NULL, 0};
}

/* The index of what getopt_long() has found; TOOL_OPTION_HELP; or TOOL_OPTION_WRONG. */
static int index_of(const struct tool_spec *spec, int found)
{
  if (found == 'h' || found == LONG_HELP)
    return TOOL_OPTION_HELP;
  if (found >= LONG && (size_t)(found - LONG) < spec->option_count)
    return found - LONG;
  for (size_t i = 0; i < spec->option_count; i++)
    if (found != '\0' && spec->options[i].letter == found)
      return (int)i;
  return TOOL_OPTION_WRONG;
}

/* A long option that is unknown, or short for several. */
static void tell_unknown(const struct tool_spec *spec, struct span name)
{
  struct guess guess = guess_begin(name);
  char shown_memory[96], hint_memory[96];
  struct text shown = text_in(shown_memory, sizeof(shown_memory));
  unsigned begun = 0;

  for (size_t i = 0; i < spec->option_count; i++) {
    guess_offer(&guess, span_from(spec->options[i].name));
    begun += span_starts_nocase(span_from(spec->options[i].name), name) ? 1 : 0;
  }
  text_add_quoted(&shown, name, "");
  if (begun > 1)
    tool_usage(spec->name, "--%s is short for more than one option", shown.at);
  else
    tool_usage(spec->name, "there is no option --%s%s", shown.at,
               guess_hint(&guess, hint_memory, sizeof(hint_memory), ""));
}

/* `found` is what getopt_long() returned, `culprit` its optopt, `word` where it stopped. */
static void tell_wrong(const struct tool_spec *spec, int found, int culprit, const char *word)
{
  int index = index_of(spec, culprit);
  struct span name = span_from(word);

  if (culprit == 0) {
    name = span_slice(name, 2, name.len);
    tell_unknown(spec, span_slice(name, 0, span_find(name, '=')));
  } else if (found == ':' && index >= 0) {
    tool_usage(spec->name, "--%s needs its %s", spec->options[index].name,
               spec->options[index].argument);
  } else if (index != TOOL_OPTION_WRONG) {
    tool_usage(spec->name, "--%s takes no argument",
               index == TOOL_OPTION_HELP ? "help" : spec->options[index].name);
  } else {
    char letter = (char)culprit, memory[8];
    struct text shown = text_in(memory, sizeof(memory));

    text_add_quoted(&shown, (struct span){&letter, 1}, "");
    tool_usage(spec->name, "there is no option -%s", shown.at);
  }
}

int tool_option_next(const struct tool_spec *spec, int argc, char **argv, int *at,
                     const char **value)
{
  struct getopt_tables tables;
  int found, index;

  fill_tables(spec, &tables);
  opterr = 0;
  if (*at == 0)
    optind = 0; /* begin anew, GNU */
  found = getopt_long(argc, argv, tables.letters, tables.longs, NULL);
  *at = optind;
  *value = optarg;
  if (found == -1)
    return TOOL_OPTIONS_END;
  index = found == '?' || found == ':' ? TOOL_OPTION_WRONG : index_of(spec, found);
  if (index == TOOL_OPTION_WRONG)
    tell_wrong(spec, found, optopt, argv[optind - 1]);
  return index;
}
