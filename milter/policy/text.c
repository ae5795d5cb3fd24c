/*
 * Bounded text: every string this program composes is built here, and every byte that a client
 * sent passes text_add_quoted() before a person, a log or another client sees it.
 */
#include "text.h"

#include <string.h>

struct text text_in(char *memory, size_t size)
{
  struct text text = {.at = memory, .size = size};

  memory[0] = '\0';
  return text;
}

void text_clear(struct text *text)
{
  text->len = 0;
  text->cut = false;
  text->at[0] = '\0';
}

void text_add_span(struct text *text, struct span span)
{
  size_t room = text->size - 1 - text->len;
  size_t take = span.len < room ? span.len : room;

  if (take < span.len)
    text->cut = true;
  if (take == 0)
    return;
  memcpy(text->at + text->len, span.at, take);
  text->len += take;
  text->at[text->len] = '\0';
}

void text_add(struct text *text, const char *string)
{
  text_add_span(text, span_from(string));
}

void text_add_byte(struct text *text, char byte)
{
  text_add_span(text, (struct span){&byte, 1});
}

void text_add_number(struct text *text, unsigned long long number)
{
  char digits[24];
  size_t at = sizeof(digits);

  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0);
  text_add_span(text, (struct span){digits + at, sizeof(digits) - at});
}

/* Writes how one byte is shown to `shown` (4 bytes) and returns how many columns that takes. */
static size_t show_byte(char byte, const char *also, char *shown)
{
  static const char hex[] = "0123456789ABCDEF";
  unsigned char value = (unsigned char)byte;

  if (byte_is_control(byte) || byte_is_8bit(byte)) {
    shown[0] = '\\';
    shown[1] = 'x';
    shown[2] = hex[value >> 4];
    shown[3] = hex[value & 15];
    return 4;
  }
  if (strchr(also, byte) != NULL) {
    shown[0] = '\\';
    shown[1] = byte;
    return 2;
  }
  shown[0] = byte;
  return 1;
}

void text_add_quoted(struct text *text, struct span span, const char *also)
{
  char shown[4];

  for (size_t i = 0; i < span.len; i++) {
    size_t width = show_byte(span.at[i], also, shown);

    if (width > text->size - 1 - text->len) {
      text->cut = true;
      return;
    }
    text_add_span(text, (struct span){shown, width});
  }
}

size_t text_quoted_width(struct span span, const char *also)
{
  char shown[4];
  size_t width = 0;

  for (size_t i = 0; i < span.len; i++)
    width += show_byte(span.at[i], also, shown);
  return width;
}

struct span text_span(const struct text *text)
{
  return (struct span){text->at, text->len};
}
