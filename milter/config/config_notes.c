/*
 * What is said about a configuration file: bounded, in the order of its lines, and fit to be shown
 * and logged whatever bytes the file holds.
 */
#include "config_inner.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 4, 0))) static void add_note(struct reader *reader, unsigned line,
                                                           bool warning, const char *format,
                                                           va_list arguments)
{
  struct config_note *note;
  struct text text;
  char said[2 * CONFIG_NOTE_SIZE];

  if (warning)
    reader->notes->warnings++;
  else
    reader->notes->errors++;
  if (reader->notes->count == CONFIG_NOTES_MAX)
    return;
  note = &reader->notes->note[reader->notes->count++];
  note->line = line;
  note->warning = warning;
  vsnprintf(said, sizeof(said), format, arguments);
  text = text_in(note->text, sizeof(note->text));
  text_add_quoted(&text, span_from(reader->name), "");
  text_add(&text, ":");
  if (line > 0) {
    text_add_number(&text, line);
    text_add(&text, ":");
  }
  text_add(&text, warning ? " warning: " : " ");
  text_add_quoted(&text, span_from(said), "");
}

void reader_error(struct reader *reader, unsigned line, const char *format, ...)
{
  va_list arguments;

  va_start(arguments, format);
  add_note(reader, line, false, format, arguments);
  va_end(arguments);
}

void reader_warn(struct reader *reader, unsigned line, const char *format, ...)
{
  va_list arguments;

  va_start(arguments, format);
  add_note(reader, line, true, format, arguments);
  va_end(arguments);
}

void reader_out_of_memory(struct reader *reader)
{
  if (!reader->out_of_memory)
    reader_error(reader, 0, "out of memory");
  reader->out_of_memory = true;
}

void notes_sort(struct config_notes *notes)
{
  for (unsigned i = 1; i < notes->count; i++) {
    struct config_note note = notes->note[i];
    unsigned to = i;

    for (; to > 0 && notes->note[to - 1].line > note.line; to--)
      notes->note[to] = notes->note[to - 1];
    notes->note[to] = note;
  }
}
