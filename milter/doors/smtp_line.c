/*
 * Command lines taken apart, RFC 5321 section 4.1.1: the verb, what must follow it, and for MAIL
 * and RCPT where the path ends and the parameters begin.
 *
 * Deviations, as common servers have them: blanks may stand between "FROM:" or "TO:" and the path,
 * and at a line's end; a path may lack its brackets, which is then for the policy to judge.
 */
#include "smtp.h"

enum { PARAMETERS_ROOM = 40 }; /* more than parameters_parse() lets pass */

static bool is_blank(char c)
{
  return c == ' ' || c == '\t';
}

/* Offset of the first byte outside quotes that is `stop` (a blank, when `stop` is one); else len.
 */
static size_t find_unquoted(struct span span, char stop)
{
  bool quoted = false;

  for (size_t i = 0; i < span.len; i++) {
    char c = span.at[i];

    if (quoted && c == '\\')
      i++; /* quoted-pairSMTP */
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && (c == stop || (is_blank(stop) && is_blank(c))))
      return i;
  }
  return span.len;
}

/*
 * Where the path at the beginning of `rest` ends: after its ">", with whatever is stuck to that, so
 * that blanks inside brackets and quotes stay in the path; without brackets at the first blank.
 */
static size_t path_end(struct span rest)
{
  size_t end = 0;

  if (rest.len > 0 && rest.at[0] == '<') {
    end = find_unquoted(rest, '>');
    if (end == rest.len)
      end = 0; /* no closing bracket */
  }
  return end + find_unquoted(span_slice(rest, end, rest.len), ' ');
}

static void bad_argument(struct question *out, struct span line)
{
  question_command(out, line);
  out->fault_rule = RULE_COMMAND_ARGUMENT;
}

/* MAIL FROM:<path> parameters, RCPT TO:<path> parameters */
static void path_question(struct span line, enum command command, bool smtputf8,
                          struct question *out)
{
  struct span keyword = command == COMMAND_MAIL ? SPAN("FROM:") : SPAN("TO:");
  struct span rest = command_argument(line);
  struct span list[PARAMETERS_ROOM];
  struct span path;
  size_t count;

  if (!span_starts_nocase(rest, keyword)) {
    bad_argument(out, line);
    return;
  }
  rest = span_trim(span_slice(rest, keyword.len, rest.len));
  path = span_slice(rest, 0, path_end(rest));
  count = parameters_split(span_slice(rest, path.len, rest.len), list, PARAMETERS_ROOM);
  if (command == COMMAND_MAIL)
    question_mail(out, path, list, count);
  else
    question_rcpt(out, path, list, count, smtputf8);
}

/* DATA, RSET and QUIT take no argument. NOOP may have one, which says nothing. */
static bool must_stand_alone(enum command command)
{
  return command == COMMAND_DATA || command == COMMAND_RSET || command == COMMAND_QUIT;
}

enum command smtp_question(struct span line, bool smtputf8, struct question *out)
{
  enum command command = command_find(line);

  if (command == COMMAND_HELO || command == COMMAND_EHLO)
    question_helo(out, command_argument(line));
  else if (command == COMMAND_MAIL || command == COMMAND_RCPT)
    path_question(line, command, smtputf8, out);
  else if (must_stand_alone(command) && command_argument(line).len > 0)
    bad_argument(out, line);
  else if (command == COMMAND_DATA)
    question_data(out);
  else
    question_command(out, line);
  return command;
}
