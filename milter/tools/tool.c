/*
 * What the sub-commands have in common: complaints about the command line, and the configuration
 * that most of them begin with.
 */
#include "tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

int tool_usage(const char *tool, const char *format, ...)
{
  va_list arguments;

  if (format != NULL) {
    fprintf(stderr, "milter-strict %s: ", tool);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
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
