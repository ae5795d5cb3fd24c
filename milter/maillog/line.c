/*
 * A line of the log in its parts, and which parser its message is for.
 *
 *   [ "<" PRI ">" ] stamp SP [ host SP ] program [ "[" pid "]" ] ":" SP message      (RFC 3164)
 *   [ "<" PRI ">" ] "1" SP stamp SP host SP program SP pid SP id SP data SP message   (RFC 5424)
 *
 * What keeps the output of containers may put a stamp of its own before that of the line.
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

/* A stamp and the space behind it. */
static bool cut_stamp(struct span *in, struct timestamp *out)
{
  size_t length = timestamp_parse(*in, out);
  struct span rest = span_slice(*in, length, in->len);

  if (length == 0 || !piece_text(&rest, SPAN(" ")))
    return false;
  *in = rest;
  return true;
}

/* "stdout F Nov 24 15:39:54 ", behind the stamp of what keeps a container's output: that one stays,
 * for it has a year. */
static void skip_inner_stamp(struct span *in)
{
  struct span rest = *in;
  struct timestamp inner;

  (void)(piece_text(&rest, SPAN("stdout F ")) || piece_text(&rest, SPAN("stderr F ")));
  if (cut_stamp(&rest, &inner))
    *in = rest;
}

/* RFC 3164, as it is written in fact. */
static bool cut_traditional(struct span *in, struct maillog_line *out)
{
  if (!cut_stamp(in, &out->stamp))
    return false;
  skip_inner_stamp(in);
  out->host = (struct span){0};
  if (!cut_tag(in, out) &&
      (!piece_word(in, " ", &out->host) || !piece_text(in, SPAN(" ")) || !cut_tag(in, out)))
    return false;
  skip_message_id(in);
  return true;
}

/* "[origin ip=\"192.0.2.1\"][x]", or "-". RFC 5424, 6.3 */
static bool skip_data(struct span *in)
{
  bool quoted = false;
  size_t at = 0;

  if (piece_text(in, SPAN("-")))
    return true;
  while (at < in->len && in->at[at] == '[') {
    for (at++; at < in->len && (quoted || in->at[at] != ']'); at++)
      if (in->at[at] == '\\')
        at++;
      else if (in->at[at] == '"')
        quoted = !quoted;
    at++;
  }
  if (at == 0 || at > in->len)
    return false;
  *in = span_slice(*in, at, in->len);
  return true;
}

/* RFC 5424, 6; what has no value is "-". */
static bool cut_modern(struct span *in, struct maillog_line *out)
{
  struct span id;

  if (!piece_text(in, SPAN("1 ")) || !cut_stamp(in, &out->stamp) ||
      !piece_word(in, " ", &out->host) || !piece_text(in, SPAN(" ")) ||
      !piece_word(in, " ", &out->program) || !piece_text(in, SPAN(" ")))
    return false;
  out->pid = 0;
  if (!piece_number(in, &out->pid) && !piece_text(in, SPAN("-")))
    return false;
  if (!piece_text(in, SPAN(" ")) || !piece_word(in, " ", &id) || !piece_text(in, SPAN(" ")) ||
      !skip_data(in) || !piece_text(in, SPAN(" ")))
    return false;
  (void)piece_text(in, SPAN("\xEF\xBB\xBF")); /* a mark that what follows is UTF-8 */
  return true;
}

bool maillog_cut(struct span bytes, struct maillog_line *out)
{
  struct span rest = bytes;

  skip_priority(&rest);
  if (rest.len > 1 && rest.at[1] == ' ' ? !cut_modern(&rest, out) : !cut_traditional(&rest, out))
    return false;
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
