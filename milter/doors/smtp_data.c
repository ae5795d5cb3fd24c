/*
 * The message after DATA: RFC 5321 sections 4.1.1.4 and 4.5.2. Nothing of it is kept but its size,
 * and the line that goes wrong.
 *
 * Only CRLF "." CRLF ends it. A CR or LF that comes alone ends no line here, whatever follows, so
 * nothing can be smuggled past; the message is refused when its end has come.
 */
#include "smtp_inner.h"

#include <string.h>

enum { CONTEXT_MAX = 48 }; /* bytes kept of the line that comes: its end */

void smtp_data_begin(struct smtp *smtp)
{
  smtp->in_data = true;
  smtp->data_bare = false;
  smtp->data_place = SMTP_AT_LINE;
  smtp->octets = 0;
  smtp->line_len = 0;
}

static void end_message(struct smtp *smtp)
{
  struct span line = {smtp->line, smtp->line_len};
  char memory[128];
  struct text text = text_in(memory, sizeof(memory));

  smtp->in_data = false;
  smtp->line_len = 0;
  session_end_transaction(&smtp->session);
  if (smtp->data_bare && !smtp_tolerates(smtp, RULE_LINE_END, line))
    return;
  if (smtp->octets > SMTP_SIZE_MAX) {
    text_add(&text, "Message too big: at most ");
    text_add_number(&text, SMTP_SIZE_MAX);
    text_add(&text, " octets");
    smtp_say(smtp, 552, "5.3.4", text.at);
    smtp->errors++;
    return;
  }
  text_add(&text, "Message of ");
  text_add_number(&text, smtp->octets);
  text_add(&text, " octets would be accepted; nothing is delivered here");
  smtp_say(smtp, 250, "2.0.0", text.at);
}

/* Where a byte leads that is neither CR nor LF: a dot is only special where a line begins. */
static enum smtp_place after_content(enum smtp_place place, char byte)
{
  return place == SMTP_AT_LINE && byte == '.' ? SMTP_AT_DOT : SMTP_AT_MID;
}

static bool is_after_cr(enum smtp_place place)
{
  return place == SMTP_AT_CR || place == SMTP_AT_DOT_CR;
}

/* Takes one byte; true when it ends the message. */
static bool take_byte(struct smtp *smtp, char byte)
{
  enum smtp_place place = smtp->data_place;
  bool line_ends = byte == '\n' && (is_after_cr(place) || smtp->lines_lf);

  if (line_ends && (place == SMTP_AT_DOT_CR || place == SMTP_AT_DOT))
    return true;
  if (!line_ends && (byte == '\n' || is_after_cr(place)))
    smtp->data_bare = true;
  if (line_ends)
    smtp->data_place = SMTP_AT_LINE;
  else if (byte == '\r')
    smtp->data_place = place == SMTP_AT_DOT ? SMTP_AT_DOT_CR : SMTP_AT_CR;
  else if (byte == '\n')
    smtp->data_place = SMTP_AT_MID;
  else
    smtp->data_place = after_content(place, byte);
  return false;
}

/* Keeps the end of the line that comes, to show where it goes wrong. */
static void keep_context(struct smtp *smtp, char byte)
{
  if (smtp->data_place == SMTP_AT_LINE) {
    smtp->line_len = 0;
    return;
  }
  if (smtp->line_len == CONTEXT_MAX) {
    smtp->line_len /= 2;
    memmove(smtp->line, smtp->line + smtp->line_len, smtp->line_len);
  }
  smtp->line[smtp->line_len++] = byte;
}

/* What a byte counts that led from one place to another: an added dot nothing, a typed LF as CRLF.
 */
static unsigned octets_of(enum smtp_place from, enum smtp_place to, char byte)
{
  if (from == SMTP_AT_LINE && to == SMTP_AT_DOT)
    return 0;
  return byte == '\n' && to == SMTP_AT_LINE && !is_after_cr(from) ? 2 : 1;
}

size_t smtp_data_take(struct smtp *smtp, struct span bytes)
{
  for (size_t i = 0; i < bytes.len; i++) {
    bool was_bare = smtp->data_bare;
    enum smtp_place place = smtp->data_place;

    if (take_byte(smtp, bytes.at[i])) {
      smtp->octets -= place == SMTP_AT_DOT_CR ? 1 : 0; /* the CR of the last line */
      end_message(smtp);
      return i + 1;
    }
    if (!was_bare)
      keep_context(smtp, bytes.at[i]);
    smtp->octets += octets_of(place, smtp->data_place, bytes.at[i]);
  }
  return bytes.len;
}
