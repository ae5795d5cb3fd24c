/*
 * A line of the log in its parts, and which parser its message is for.
 *
 *   [ "<" PRI ">" ] stamp SP [ host SP ] program [ "[" pid "]" ] ":" SP message
 */
#include "event.h"
#include "piece.h"

#include <string.h>

/* "<22>", as some writers of logs leave it in. */
static void skip_priority(struct span *in)
{
  struct span rest = *in;
  uint32_t priority;

  if (piece_text(&rest, SPAN("<")) && piece_number(&rest, &priority) &&
      piece_text(&rest, SPAN(">")))
    *in = rest;
}

/* "postfix/smtpd[12036]: " */
static bool cut_tag(struct span *in, struct maillog_line *out)
{
  struct span rest = *in;

  out->pid = 0;
  if (!piece_word(&rest, " [:", &out->program))
    return false;
  if (piece_text(&rest, SPAN("[")) &&
      (!piece_number(&rest, &out->pid) || !piece_text(&rest, SPAN("]"))))
    return false;
  if (!piece_text(&rest, SPAN(":")))
    return false;
  (void)piece_text(&rest, SPAN(" "));
  *in = rest;
  return true;
}

/* "[ID 197553 mail.info] ", which Solaris puts before each message. */
static void skip_message_id(struct span *in)
{
  struct span rest = *in, id;

  if (piece_text(&rest, SPAN("[ID ")) && piece_until(&rest, SPAN("] "), &id))
    *in = rest;
}

bool maillog_cut(struct span bytes, struct maillog_line *out)
{
  struct span rest = bytes;
  size_t length;

  skip_priority(&rest);
  length = timestamp_parse(rest, &out->stamp);
  if (length == 0)
    return false;
  rest = span_slice(rest, length, rest.len);
  if (!piece_text(&rest, SPAN(" ")))
    return false;
  out->host = (struct span){0};
  if (!cut_tag(&rest, out) && (!piece_word(&rest, " ", &out->host) ||
                               !piece_text(&rest, SPAN(" ")) || !cut_tag(&rest, out)))
    return false;
  skip_message_id(&rest);
  if (rest.len > 0 && rest.at[rest.len - 1] == '\r')
    rest.len--;
  out->message = rest;
  return true;
}

const char *maillog_mta_name(enum maillog_mta mta)
{
  static const char *const names[MAILLOG_MTA_COUNT] = {
      [MAILLOG_NO_MTA] = "", [MAILLOG_POSTFIX] = "Postfix", [MAILLOG_SENDMAIL] = "Sendmail"};

  return names[mta];
}

static bool is_sendmail(struct span program)
{
  static const struct span names[] = {
      {"sendmail", 8}, {"sm-mta", 6}, {"sm-msp-queue", 12}, {"sm-queue", 8}, {"sm-msp", 6}};

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (span_equals(program, names[i]))
      return true;
  return false;
}

void maillog_read(const struct maillog_line *line, struct maillog_event *out)
{
  /* The counts are not cleared: nobody looks at them unless `counted`. */
  memset(out, 0, offsetof(struct maillog_event, counts));
  /* "postfix/smtpd"; what logs under the path of its file, "/usr/sbin/cron", is none of Postfix */
  if (line->program.at[0] != '/' && memchr(line->program.at, '/', line->program.len) != NULL)
    maillog_read_postfix(line, out);
  else if (is_sendmail(line->program))
    maillog_read_sendmail(line, out);
  else if (span_equals(line->program, SPAN("milter-strict")))
    out->kind = MAILLOG_OURS;
}
