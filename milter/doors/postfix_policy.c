/*
 * The policy door; the protocol is described in Postfix's SMTPD_POLICY_README. Lines may end in
 * CRLF as well as in LF. Of an attribute that comes twice the first counts.
 */
#include "postfix_policy.h"
#include "inquiry.h"

#include <string.h>

/* The attributes that are looked at. */
#define ATTRIBUTES(A)                                                                              \
  A(request)                                                                                       \
  A(protocol_state)                                                                                \
  A(client_address)                                                                                \
  A(client_port)                                                                                   \
  A(helo_name)                                                                                     \
  A(sender)                                                                                        \
  A(recipient)                                                                                     \
  A(sasl_username)                                                                                 \
  A(ccert_subject)                                                                                 \
  A(encryption_protocol)                                                                           \
  A(queue_id)

struct request {
#define MEMBER(name) struct span name;
  ATTRIBUTES(MEMBER)
#undef MEMBER
};

static const struct {
  const char *name;
  size_t offset;
} attributes[] = {
#define ROW(name) {#name, offsetof(struct request, name)},
    ATTRIBUTES(ROW)
#undef ROW
};

void postfix_policy_open(struct postfix_policy *door, const struct door_services *services,
                         const struct door_sink *sink)
{
  *door = (struct postfix_policy){.services = services, .sink = sink};
}

/* The line that `bytes` begin with, its end cut off; `*next` is the offset of what follows. */
static struct span line_of(struct span bytes, size_t *next)
{
  size_t end = span_find(bytes, '\n');
  struct span line = span_slice(bytes, 0, end);

  *next = end < bytes.len ? end + 1 : end;
  if (line.len > 0 && line.at[line.len - 1] == '\r')
    line.len--;
  return line;
}

/* The length of the request that `bytes` begin with, 0 when its end has not come. */
static size_t request_length(struct postfix_policy *door, struct span bytes)
{
  while (span_find(span_slice(bytes, door->seen, bytes.len), '\n') < bytes.len - door->seen) {
    size_t next;
    struct span line = line_of(span_slice(bytes, door->seen, bytes.len), &next);

    if (line.len == 0)
      return door->seen + next;
    door->seen += next;
  }
  return 0;
}

static void note_attribute(struct request *request, struct span name, struct span value)
{
  for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
    struct span *member = (struct span *)(void *)((char *)request + attributes[i].offset);

    if (span_equals(name, span_from(attributes[i].name)) && member->at == NULL)
      *member = value;
  }
}

/* Takes a request apart; what is wrong with it, or NULL. */
static const char *read_request(struct span bytes, struct request *out)
{
  struct span line;

  memset(out, 0, sizeof(*out));
  for (size_t at = 0, next; at < bytes.len; at += next) {
    size_t equals;

    line = line_of(span_slice(bytes, at, bytes.len), &next);
    equals = span_find(line, '=');
    if (line.len == 0)
      break;
    if (line.len > POSTFIX_POLICY_LINE_MAX)
      return "a line is too long";
    if (span_find(line, '\0') < line.len)
      return "a line has a NUL in it";
    if (equals == line.len)
      return "a line has no \"=\"";
    note_attribute(out, span_slice(line, 0, equals), span_slice(line, equals + 1, line.len));
  }
  return span_equals(out->request, SPAN("smtpd_access_policy"))
             ? NULL
             : "it does not say request=smtpd_access_policy";
}

/* What Postfix tells of the client; an address that is none is that of a program on this host. */
static void begin_session(struct session *session, const struct request *request)
{
  struct question question;
  struct ip client;
  bool has_client = ip_parse(request->client_address, &client);

  session_begin(session, has_client ? &client : NULL);
  session->tls = request->encryption_protocol.len > 0;
  session->authenticated = request->sasl_username.len > 0;
  session->tls_verified = request->ccert_subject.len > 0;
  if (request->helo_name.len > 0) {
    question_helo(&question, request->helo_name);
    session_note(session, &question);
  }
  if (request->sender.len > 0) {
    question_mail(&question, request->sender, NULL, 0);
    session_note(session, &question);
  }
}

/* Whether Postfix's command filter may have made VRFY of this command. */
static bool is_bare_verb(struct span recipient)
{
  enum command command = command_find(recipient);

  return command != COMMAND_NONE && command_entry(command)->kind == COMMAND_IS_OPTIONAL &&
         recipient.len == strlen(command_entry(command)->verb);
}

/* The line that the client sent, as far as it can be told. A verb that no rule refuses is not
 * turned into VRFY: then it is a name, and to say nothing would tell whether it has a mailbox. */
static void ask(struct inquiry *inquiry, struct span recipient, struct text *line,
                struct question *vrfy)
{
  text_add(line, "VRFY ");
  text_add_span(line, recipient);
  question_command(vrfy, text_span(line));
  inquiry->question = *vrfy;
  if (!is_bare_verb(recipient))
    return;
  question_command(&inquiry->question, recipient);
  inquiry->otherwise = vrfy;
}

static void add_reply(struct text *answer, const struct reply_lines *reply)
{
  if (reply_is_positive(reply->status.code)) {
    text_add(answer, "OK");
    return;
  }
  text_add_number(answer, reply->status.code);
  text_add_byte(answer, ' ');
  if (reply->status.enhanced[0] != '\0') {
    text_add(answer, reply->status.enhanced);
    text_add_byte(answer, ' ');
  }
  text_add_quoted(answer, span_from(reply->line[0]), "");
}

/* VRFY, and RCPT as it is typed without its brackets. */
static void judge(const struct door_services *services, const struct request *request,
                  struct text *answer)
{
  char memory[POSTFIX_POLICY_LINE_MAX + 8];
  struct text line = text_in(memory, sizeof(memory));
  struct inquiry inquiry = {.door = DOOR_POLICY,
                            .port = inquiry_port(request->client_port),
                            .queue_id = request->queue_id};
  enum inquiry_result result;
  struct question vrfy;
  struct reply_lines reply;

  begin_session(&inquiry.session, request);
  if (span_equals(request->protocol_state, SPAN("RCPT"))) {
    question_rcpt(&inquiry.question, request->recipient, NULL, 0, inquiry.session.smtputf8);
    result = inquiry_judge_standing(services, &inquiry, &reply);
  } else {
    ask(&inquiry, request->recipient, &line, &vrfy);
    result = inquiry_judge(services, &inquiry, &reply);
  }
  if (result == INQUIRY_ANSWERS)
    add_reply(answer, &reply);
  else
    text_add(answer, "DUNNO");
}

static bool say(const struct postfix_policy *door, struct text *answer)
{
  text_add(answer, "\n\n");
  return door->sink->write(door->sink->context, text_span(answer));
}

static void complain(const struct postfix_policy *door, const char *why)
{
  if (door->services->malformed != NULL)
    door->services->malformed(DOOR_POLICY, why);
}

/* Answers one whole request; false when the sink has enough. */
static bool answer_request(struct postfix_policy *door, struct span bytes)
{
  char memory[VERDICT_LINE_MAX + 64];
  struct text answer = text_in(memory, sizeof(memory));
  struct request request;
  const char *wrong = read_request(bytes, &request);

  text_add(&answer, "action=");
  if (wrong == NULL && (span_equals(request.protocol_state, SPAN("VRFY")) ||
                        span_equals(request.protocol_state, SPAN("RCPT")))) {
    judge(door->services, &request, &answer);
  } else {
    text_add(&answer, "DUNNO");
    if (wrong != NULL)
      complain(door, wrong);
  }
  return say(door, &answer);
}

/* So long that it is not waited for: nothing after it can be made sense of. */
static void give_up(struct postfix_policy *door)
{
  char memory[32];
  struct text answer = text_in(memory, sizeof(memory));

  text_add(&answer, "action=DUNNO");
  (void)say(door, &answer);
  complain(door, "a request is too long");
  door->closed = true;
}

size_t postfix_policy_feed(struct postfix_policy *door, struct span bytes)
{
  size_t used = 0;
  bool room = true;

  while (room && !door->closed) {
    struct span rest = span_slice(bytes, used, bytes.len);
    size_t length = request_length(door, rest);

    if (length > POSTFIX_POLICY_REQUEST_MAX ||
        (length == 0 && rest.len >= POSTFIX_POLICY_REQUEST_MAX))
      give_up(door);
    if (door->closed || length == 0)
      break;
    door->seen = 0;
    room = answer_request(door, span_slice(rest, 0, length));
    used += length;
  }
  return used;
}
