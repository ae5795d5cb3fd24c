/*
 * What the sub-commands have in common: complaints about the command line, and the configuration
 * that most of them begin with.
 */
#include "tool.h"

#include "../policy/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* Words of a command line, and names of files that a shell has found, may hold anything. */
__attribute__((format(printf, 2, 0))) static void complain(const char *tool, const char *format,
                                                           va_list arguments)
{
  char memory[1024], shown_memory[2048];
  struct text shown = text_in(shown_memory, sizeof(shown_memory));

  vsnprintf(memory, sizeof(memory), format, arguments);
  text_add_quoted(&shown, span_from(memory), "");
  fprintf(stderr, "milter-strict%s%s: %s\n", tool != NULL ? " " : "", tool != NULL ? tool : "",
          shown.at);
}

void tool_complain(const char *tool, const char *format, ...)
{
  va_list arguments;

  va_start(arguments, format);
  complain(tool, format, arguments);
  va_end(arguments);
}

int tool_usage(const char *tool, const char *format, ...)
{
  va_list arguments;

  if (format != NULL) {
    va_start(arguments, format);
    complain(tool, format, arguments);
    va_end(arguments);
  }
  fprintf(stderr, "Try \"milter-strict %s --help\".\n", tool);
  return TOOL_USAGE;
}

void tool_print_notes(const struct config_notes *notes)
{
  unsigned found = notes->errors + notes->warnings;

  for (unsigned i = 0; i < notes->count; i++)
    fprintf(stderr, "%s\n", notes->note[i].text);
  if (found > notes->count)
    fprintf(stderr, "and %u more\n", found - notes->count);
}

int tool_read_settings(const char *path, bool optional, struct settings *out)
{
  struct config_notes notes;

  if (optional && path == NULL && access(CONFIG_DEFAULT_FILE, F_OK) != 0 && errno == ENOENT)
    return config_defaults(out) ? TOOL_FINE : TOOL_NO_MEMORY;
  if (config_load(path, out, &notes)) {
    tool_print_notes(&notes);
    return TOOL_FINE;
  }
  tool_print_notes(&notes);
  return TOOL_BAD_CONFIG;
}
