/*
 * The socket-map door; the protocol is described in Sendmail's op.me, section 5.9, and netstrings
 * in D. J. Bernstein's paper of 1997: decimal length without leading zeros, ":", bytes, ",".
 */
#include "socketmap.h"
#include "inquiry.h"

enum { FIELDS = 5 }; /* before the rest */

/* The maps, and the command that each is asked for; COMMAND_NONE: the rest tells. */
static const struct {
  const char *name, *verb;
  enum command command;
} maps[] = {
    {"check_vrfy", "VRFY", COMMAND_VRFY},
    {"check_expn", "EXPN", COMMAND_EXPN},
    {"check_other", "", COMMAND_NONE},
};

enum { MAPS = sizeof(maps) / sizeof(maps[0]) };

/* A key's fields, and what is behind them. */
struct key {
  struct span field[FIELDS];
  struct span rest;
};

enum field { FIELD_ADDRESS, FIELD_PORT, FIELD_DAEMON, FIELD_AUTH, FIELD_VERIFY };

void socketmap_open(struct socketmap *socketmap, const struct door_services *services,
                    const struct door_sink *sink)
{
  *socketmap = (struct socketmap){.services = services, .sink = sink};
}

static void complain(const struct socketmap *socketmap, const char *why)
{
  if (socketmap->services->malformed != NULL)
    socketmap->services->malformed(DOOR_SOCKETMAP, why);
}

static bool read_key(struct span span, struct key *out)
{
  for (size_t i = 0; i < FIELDS; i++) {
    size_t end = span_find(span, (char)SOCKETMAP_SEPARATOR);

    if (end == span.len)
      return false;
    out->field[i] = span_slice(span, 0, end);
    span = span_slice(span, end + 1, span.len);
  }
  out->rest = span;
  return true;
}

/* The client's address; false when there is something that is none. */
static bool read_client(struct span field, struct ip *out, bool *has_client)
{
  const struct span tag = SPAN("IPv6:");

  if (span_starts_nocase(field, tag))
    field = span_slice(field, tag.len, field.len);
  *has_client = field.len > 0;
  return field.len == 0 || ip_parse(field, out);
}

/* The letters that a line begins with: what stood between it and the argument may be gone. */
static struct span verb_of(struct span line)
{
  size_t end = 0;

  while (end < line.len && byte_is_letter(line.at[end]))
    end++;
  return span_slice(line, 0, end);
}

/*
 * The question about "line $| class". False when the class is not 5, the reply of what is unknown
 * or not implemented: to NOOP Sendmail would say OK behind our reply.
 */
static bool question_other(struct inquiry *inquiry, struct span rest)
{
  size_t at = rest.len;

  while (at > 0 && rest.at[at - 1] != (char)SOCKETMAP_SEPARATOR)
    at--;
  if (at == 0 || !span_equals(span_slice(rest, at, rest.len), SPAN("5")))
    return false;
  question_command(&inquiry->question, span_slice(rest, 0, at - 1));
  inquiry->question.command = command_find(verb_of(inquiry->question.argument));
  /* Sendmail asks its milter first about what it does not know (but not between RSET and MAIL), and
   * nobody else about TURN and the like. */
  inquiry->unknown = inquiry->question.command == COMMAND_NONE ||
                     command_entry(inquiry->question.command)->kind == COMMAND_IS_FOREIGN;
  return true;
}

/* OK "502 5.5.1 text": backslash before quote and backslash, "%" twice, for Sendmail's maps put
 * arguments in its place. */
static void add_value(struct text *answer, const struct reply_lines *reply)
{
  char memory[SOCKETMAP_VALUE_MAX - 2 + 1]; /* the quotes go around it */
  struct text value = text_in(memory, sizeof(memory));
  char line[VERDICT_LINE_MAX + 32];
  struct text plain = text_in(line, sizeof(line));
  struct reply_lines first = *reply;

  first.count = 1;
  reply_line_write(&plain, &first, 0);
  for (size_t i = 0; i < plain.len; i++)
    text_add_quoted(&value, line[i] == '%' ? SPAN("%%") : span_slice(text_span(&plain), i, i + 1),
                    "\"\\");
  text_add(answer, "OK \"");
  text_add_span(answer, text_span(&value));
  text_add_byte(answer, '"');
}

/* Judges what is asked for; false when it cannot be understood. */
static bool judge(const struct socketmap *socketmap, size_t map, const struct key *key,
                  struct text *answer)
{
  char memory[SOCKETMAP_REQUEST_MAX + 8];
  struct text line = text_in(memory, sizeof(memory));
  struct inquiry inquiry = {.door = DOOR_SOCKETMAP, .port = inquiry_port(key->field[FIELD_PORT])};
  enum inquiry_result result = INQUIRY_PASSES;
  struct reply_lines reply;
  struct ip client;
  bool has_client;

  if (!read_client(key->field[FIELD_ADDRESS], &client, &has_client))
    return false;
  session_begin(&inquiry.session, has_client ? &client : NULL);
  session_set_daemon(&inquiry.session, key->field[FIELD_DAEMON]);
  inquiry.session.authenticated = key->field[FIELD_AUTH].len > 0;
  inquiry.session.tls_verified = span_equals_nocase(key->field[FIELD_VERIFY], SPAN("OK"));
  if (maps[map].command == COMMAND_NONE) {
    if (question_other(&inquiry, key->rest))
      result = inquiry_judge(socketmap->services, &inquiry, &reply);
  } else {
    text_add(&line, maps[map].verb);
    text_add_byte(&line, ' ');
    text_add_span(&line, key->rest);
    question_command(&inquiry.question, text_span(&line));
    result = inquiry_judge(socketmap->services, &inquiry, &reply);
  }
  if (result == INQUIRY_ANSWERS)
    add_value(answer, &reply);
  else
    text_add(answer, result == INQUIRY_PASSES ? "NOTFOUND " : "TEMP there is no policy");
  return true;
}

/* Answers what one netstring holds; what is wrong with it, or NULL. */
static const char *answer_question(const struct socketmap *socketmap, struct span bytes,
                                   struct text *answer)
{
  size_t blank = span_find(bytes, ' '), map = 0;
  struct span name = span_slice(bytes, 0, blank);
  struct key key;

  while (map < MAPS && !span_equals(name, span_from(maps[map].name)))
    map++;
  if (map == MAPS)
    return "there is no map of this name";
  if (!read_key(span_slice(bytes, blank + 1, bytes.len), &key))
    return "the key has too few fields";
  if (!judge(socketmap, map, &key, answer))
    return "the key's first field is no address";
  return NULL;
}

/* Answers one question; false when the sink has enough. */
static bool answer_netstring(const struct socketmap *socketmap, struct span bytes)
{
  char memory[SOCKETMAP_VALUE_MAX + 32], whole[sizeof(memory) + 8];
  struct text answer = text_in(memory, sizeof(memory)), out = text_in(whole, sizeof(whole));
  const char *wrong = answer_question(socketmap, bytes, &answer);

  if (wrong != NULL) {
    complain(socketmap, wrong);
    text_add(&answer, "TEMP ");
    text_add(&answer, wrong);
  }
  text_add_number(&out, answer.len);
  text_add_byte(&out, ':');
  text_add_span(&out, text_span(&answer));
  text_add_byte(&out, ',');
  return socketmap->sink->write(socketmap->sink->context, text_span(&out));
}

/* What a netstring's beginning says. */
struct head {
  size_t length; /* of its bytes */
  size_t begin;  /* offset of them; 0: not known yet */
};

/* Reads "LENGTH:"; what is wrong with it, or NULL. */
static const char *read_head(struct span bytes, struct head *out)
{
  *out = (struct head){0, 0};
  for (size_t i = 0; i < bytes.len; i++) {
    if (bytes.at[i] == ':' && i > 0) {
      out->begin = i + 1;
      return NULL;
    }
    if (!byte_is_digit(bytes.at[i]))
      return "a length is not a number and a colon";
    if (i > 0 && bytes.at[0] == '0')
      return "a length has a leading zero";
    out->length = out->length * 10 + (size_t)(bytes.at[i] - '0');
    if (out->length > SOCKETMAP_REQUEST_MAX)
      return "a question is too long";
  }
  return NULL;
}

size_t socketmap_feed(struct socketmap *socketmap, struct span bytes)
{
  size_t used = 0;
  bool room = true;

  while (room) {
    struct span rest = span_slice(bytes, used, bytes.len);
    struct head head;
    const char *wrong = read_head(rest, &head);
    size_t end = head.begin + head.length;

    if (wrong == NULL && (head.begin == 0 || rest.len <= end))
      break;
    if (wrong == NULL && rest.at[end] != ',')
      wrong = "a comma is missing";
    if (wrong != NULL) {
      complain(socketmap, wrong);
      socketmap->closed = true;
      break;
    }
    room = answer_netstring(socketmap, span_slice(rest, head.begin, end));
    used += end + 1;
  }
  return used;
}
