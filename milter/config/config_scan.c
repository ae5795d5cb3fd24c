/*
 * A look at a configuration's text before libconfig 1.5 parses it. It follows libconfig's own lexer
 * state by state (plain, comment, text in quotes) and finds what libconfig
 *
 *   takes without a word   a comment that is never closed, \x00 in a text, which cuts it off,
 *                          numbers beyond its integers, which wrap around
 *   reports badly          quotes and brackets that are never closed ("syntax error" at the end)
 *   is not safe against    a NUL (its text ends there), @include of a directory or a device (the
 *                          lexer ends the process), deep nesting, so many settings that looking
 *                          each up takes minutes, a text where no value can be (its copy leaks)
 */
#include "config_inner.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 8, SETTINGS_MAX = 1000, DIGITS_MAX = 9 };

struct scan {
  struct reader *reader;
  struct span text;
  size_t at;
  unsigned line;
  unsigned settings; /* "=" and ":" seen */
  char last;         /* first byte of the token before, '"' for a text; 0 at the beginning */
  unsigned depth;
  char open[DEPTH_MAX]; /* the brackets that are open, and their lines */
  unsigned open_line[DEPTH_MAX];
  unsigned *lines; /* of each text value */
  size_t line_count, line_room;
};

static bool starts(const struct scan *scan, const char *with)
{
  struct span word = span_from(with);

  return span_equals(span_slice(scan->text, scan->at, scan->at + word.len), word);
}

static bool skip_block_comment(struct scan *scan)
{
  unsigned begin = scan->line;

  for (scan->at += 2; scan->at < scan->text.len; scan->at++) {
    if (starts(scan, "*/")) {
      scan->at += 2;
      return true;
    }
    if (scan->text.at[scan->at] == '\n')
      scan->line++;
  }
  reader_error(scan->reader, begin, "the comment that begins here is not closed; end it with */");
  return false;
}

static void skip_line(struct scan *scan)
{
  while (scan->at < scan->text.len && scan->text.at[scan->at] != '\n')
    scan->at++;
}

static bool note_line(struct scan *scan)
{
  if (scan->line_count == scan->line_room) {
    size_t room = scan->line_room == 0 ? 64 : 2 * scan->line_room;
    unsigned *lines = realloc(scan->lines, room * sizeof(*lines));

    if (lines == NULL) {
      reader_out_of_memory(scan->reader);
      return false;
    }
    scan->lines = lines;
    scan->line_room = room;
  }
  scan->lines[scan->line_count++] = scan->line;
  return true;
}

/* Whether a text may stand after the token before. Only there does libconfig free what it read. */
static bool text_may_come(const struct scan *scan)
{
  bool in_list = scan->depth > 0 && scan->open[scan->depth - 1] != '{';

  switch (scan->last) {
  case '=':
  case ':':
  case '[':
  case '(':
  case '"':
    return true;
  case ',':
    return in_list;
  default:
    return false;
  }
}

static bool skip_text(struct scan *scan)
{
  unsigned begin = scan->line;

  if (!text_may_come(scan)) {
    reader_error(scan->reader, begin,
                 "a text in quotes stands where none can be; write name = "
                 "\"text\"; and in lists a comma between texts");
    return false;
  }
  if (scan->last != '"' && !note_line(scan))
    return false;
  for (scan->at++; scan->at < scan->text.len; scan->at++) {
    if (scan->text.at[scan->at] == '"') {
      scan->at++;
      scan->last = '"';
      return true;
    }
    if (starts(scan, "\\\"") || starts(scan, "\\\\")) {
      scan->at++;
    } else if (starts(scan, "\\x00") || starts(scan, "\\X00")) {
      reader_error(scan->reader, scan->line, "a text cannot hold \\x00; leave it out");
      return false;
    } else if (scan->text.at[scan->at] == '\n') {
      scan->line++;
    }
  }
  reader_error(scan->reader, begin, "the text that begins here is not closed; end it with a quote");
  return false;
}

static bool is_name_byte(char byte)
{
  return byte_is_letter(byte) || byte_is_digit(byte) || (byte != '\0' && strchr("-_*.", byte));
}

static bool open_bracket(struct scan *scan, char bracket)
{
  if (scan->depth == DEPTH_MAX) {
    reader_error(scan->reader, scan->line, "brackets are nested too deep; two levels are enough");
    return false;
  }
  scan->open[scan->depth] = bracket;
  scan->open_line[scan->depth++] = scan->line;
  return true;
}

static bool close_bracket(struct scan *scan, char bracket)
{
  char open = bracket == ')' ? '(' : bracket == ']' ? '[' : '{';

  if (scan->depth == 0) {
    reader_error(scan->reader, scan->line, "\"%c\" closes nothing; remove it", bracket);
    return false;
  }
  scan->depth--;
  if (scan->open[scan->depth] != open) {
    reader_error(scan->reader, scan->line, "\"%c\" cannot close the \"%c\" of line %u", bracket,
                 scan->open[scan->depth], scan->open_line[scan->depth]);
    return false;
  }
  return true;
}

/* The dotted path that somebody wrote as a name, as in `exempt.local = true`; empty: none is here.
 */
static struct span dotted_name(const struct scan *scan)
{
  size_t from = scan->at, to = scan->at;

  while (from > 0 && is_name_byte(scan->text.at[from - 1]))
    from--;
  while (to < scan->text.len && is_name_byte(scan->text.at[to]))
    to++;
  if (from == scan->at || !byte_is_letter(scan->text.at[from]))
    return SPAN("");
  return span_slice(scan->text, from, to);
}

/* How many digits of a number begin here, without zeros before them; 0 for those of a name. */
static size_t digits_here(const struct scan *scan)
{
  size_t from = scan->at, to;

  if (from > 0 && is_name_byte(scan->text.at[from - 1]))
    return 0;
  while (from < scan->text.len && scan->text.at[from] == '0')
    from++;
  for (to = from; to < scan->text.len && byte_is_digit(scan->text.at[to]); to++)
    ;
  return to - from;
}

/* What libconfig would take in another way than it was meant, or not at all. */
static bool is_understood(struct scan *scan, char byte)
{
  struct span dotted = byte == '.' ? dotted_name(scan) : SPAN("");

  if (dotted.len > 0)
    reader_error(scan->reader, scan->line,
                 "\"%.*s\" is no name; write the part before the dot as a group: "
                 "name: { name = value; };",
                 SHOWN(dotted));
  else if (byte == '@')
    reader_error(scan->reader, scan->line,
                 "\"@\" has no meaning here: files cannot be included; write all settings into "
                 "one file");
  else if (byte_is_digit(byte) && digits_here(scan) > DIGITS_MAX)
    reader_error(scan->reader, scan->line, "a number with more than %d digits is out of range here",
                 DIGITS_MAX);
  else if ((byte == '=' || byte == ':') && ++scan->settings > SETTINGS_MAX)
    reader_error(scan->reader, scan->line, "more than %d settings; there are not that many",
                 SETTINGS_MAX);
  else
    return true;
  return false;
}

/* One byte outside comments and texts. */
static bool scan_byte(struct scan *scan, char byte)
{
  bool sound = is_understood(scan, byte);

  scan->at++;
  if (byte == '\n')
    scan->line++;
  if (byte == '\n' || byte == ' ' || byte == '\t' || byte == '\r' || byte == '\f')
    return sound;
  if (sound && (byte == '{' || byte == '[' || byte == '('))
    sound = open_bracket(scan, byte);
  else if (sound && (byte == '}' || byte == ']' || byte == ')'))
    sound = close_bracket(scan, byte);
  scan->last = byte;
  return sound;
}

static bool scan_on(struct scan *scan)
{
  if (starts(scan, "#") || starts(scan, "//")) {
    skip_line(scan);
    return true;
  }
  if (starts(scan, "/*"))
    return skip_block_comment(scan);
  if (starts(scan, "\""))
    return skip_text(scan);
  return scan_byte(scan, scan->text.at[scan->at]);
}

/* The line of the first NUL, 0 when there is none. */
static unsigned nul_line(struct span text)
{
  size_t end = span_find(text, '\0');
  unsigned line = 1;

  if (end == text.len)
    return 0;
  for (size_t i = 0; i < end; i++)
    if (text.at[i] == '\n')
      line++;
  return line;
}

bool scan_text(struct reader *reader, struct span text, unsigned **lines, size_t *count)
{
  struct scan scan = {.reader = reader, .text = text, .line = 1};
  bool sound = nul_line(text) == 0;

  if (!sound)
    reader_error(reader, nul_line(text), "a NUL byte: this is no text file");
  while (sound && scan.at < text.len)
    sound = scan_on(&scan);
  if (sound && scan.depth > 0) {
    reader_error(reader, scan.open_line[scan.depth - 1], "the \"%c\" of this line is not closed",
                 scan.open[scan.depth - 1]);
    sound = false;
  }
  *lines = scan.lines;
  *count = scan.line_count;
  return sound;
}
