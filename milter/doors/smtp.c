/*
 * The SMTP door's frame: lines out of bytes, judgement, and the words of replies. RFC 5321,
 * sections 2.3.8 (lines), 4.2 (replies) and 4.5.3.1 (sizes).
 */
#include "smtp_inner.h"

#include <string.h>

void smtp_open(struct smtp *smtp, const struct policy *policy, const struct smtp_sink *sink,
               const struct smtp_peer *peer)
{
  memset(smtp, 0, sizeof(*smtp));
  smtp->policy = policy;
  smtp->sink = sink;
  smtp->flags = peer->flags;
  session_begin(&smtp->session, peer->client);
  session_set_host(&smtp->session, peer->host);
  smtp->session.orders_itself = true;
  smtp->session.authenticated = (peer->flags & SMTP_AUTHENTICATED) != 0;
  if (peer->server != NULL) {
    smtp->session.server = *peer->server;
    smtp->session.has_server = true;
  }
}

/* --- words ----------------------------------------------------------------------------------- */

void smtp_add_host(struct text *text, const struct smtp *smtp)
{
  char memory[256];
  struct text name = text_in(memory, sizeof(memory));

  text_add_quoted(&name, session_host(&smtp->session), "");
  text_add_span(text, text_span(&name));
}

void smtp_say_text(struct smtp *smtp, struct text *text)
{
  text_add(text, "\r\n");
  if (!smtp->sink->write(smtp->sink->context, text_span(text)))
    smtp->full = true;
}

void smtp_say(struct smtp *smtp, unsigned code, const char *enhanced, const char *words)
{
  char memory[SMTP_REPLY_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  text_add_number(&text, code);
  text_add(&text, " ");
  if (*enhanced != '\0') {
    text_add(&text, enhanced);
    text_add(&text, " ");
  }
  text_add(&text, words);
  smtp_say_text(smtp, &text);
}

/* What a refusal means for the connection: 421 ends it, RFC 5321 section 3.8. */
static void count_refusal(struct smtp *smtp, unsigned code)
{
  if (!reply_is_positive(code))
    smtp->errors++;
  if (code == 421)
    smtp->closed = true;
}

static void speak(struct smtp *smtp, const struct verdict *verdict)
{
  struct reply_lines reply;

  verdict_reply(smtp->policy, verdict, VERDICT_VOICE_ANY, &reply);
  for (unsigned i = 0; i < reply.count; i++) {
    char memory[SMTP_REPLY_SIZE];
    struct text text = text_in(memory, sizeof(memory));

    reply_line_write(&text, &reply, i);
    smtp_say_text(smtp, &text);
  }
  count_refusal(smtp, reply.status.code);
}

void smtp_refuse(struct smtp *smtp, const struct question *question, unsigned code,
                 const char *enhanced, const char *words)
{
  session_refused(&smtp->session, question);
  smtp_say(smtp, code, enhanced, words);
  count_refusal(smtp, code);
}

void smtp_greet(struct smtp *smtp)
{
  char memory[SESSION_NAME_MAX + 64];
  struct text text = text_in(memory, sizeof(memory));
  struct question question;

  question_connect(&question);
  session_note(&smtp->session, &question);
  if (!smtp_judge(smtp, &question)) {
    smtp->closed = true;
    return;
  }
  smtp_add_host(&text, smtp);
  text_add(&text, " ESMTP milter-strict; nothing is delivered here");
  smtp_say(smtp, 220, "", text.at);
}

void smtp_bye(struct smtp *smtp, enum smtp_bye why)
{
  static const struct {
    const char *enhanced, *words;
  } last[] = {
      [SMTP_BYE_IDLE] = {"4.4.2", "nothing was heard for too long; closing connection"},
      [SMTP_BYE_STOP] = {"4.3.2", "the server is stopping; closing connection"},
      [SMTP_BYE_CROWDED] = {"4.3.2", "too many connections; closing this one"},
  };
  char memory[SESSION_NAME_MAX + 80];
  struct text text = text_in(memory, sizeof(memory));

  if (smtp->closed)
    return;
  smtp_add_host(&text, smtp);
  text_add(&text, " ");
  text_add(&text, last[why].words);
  smtp_say(smtp, 421, last[why].enhanced, text.at);
  smtp->closed = true;
}

/* --- judgement ------------------------------------------------------------------------------- */

/* HELP is "refused" with 214: then the door has more to say than the policy. */
static bool is_help(const struct smtp *smtp, const struct verdict *verdict)
{
  return verdict->rule == RULE_COMMAND_HELP &&
         reply_is_positive(verdict_status(smtp->policy, verdict->rule, VERDICT_VOICE_ANY).code);
}

bool smtp_judge(struct smtp *smtp, const struct question *question)
{
  struct judgement judgement;

  policy_judge(smtp->policy, &smtp->session, question, &judgement);
  if (smtp->sink->judged != NULL && !judgement_is_silent(&judgement))
    smtp->sink->judged(smtp->sink->context, smtp, &judgement);
  if (judgement.verdict.rule == RULE_NONE || is_help(smtp, &judgement.verdict))
    return true;
  session_refused(&smtp->session, question);
  speak(smtp, &judgement.verdict);
  return false;
}

bool smtp_tolerates(struct smtp *smtp, enum rule rule, struct span line)
{
  struct question question;

  question_command(&question, line);
  question.fault_rule = rule;
  session_note(&smtp->session, &question);
  return smtp_judge(smtp, &question);
}

/* --- lines ----------------------------------------------------------------------------------- */

static size_t line_limit(struct span line)
{
  enum command command = command_find(line);

  return command == COMMAND_MAIL ? SMTP_MAIL_MAX
                                 : (command == COMMAND_RCPT ? SMTP_RCPT_MAX : SMTP_LINE_MAX);
}

/*
 * Some clients that speak another protocol send no LF for a long time. Their first two bytes tell;
 * they are refused then, when that ends the session.
 */
static void look_at_beginning(struct smtp *smtp)
{
  struct span line = {smtp->line, 2};
  struct judgement judgement;
  struct question question;

  if (smtp->line_len != 2 || !line_is_foreign(line) ||
      verdict_status(smtp->policy, RULE_COMMAND_FOREIGN, VERDICT_VOICE_ANY).code != 421)
    return;
  question_command(&question, line);
  policy_judge(smtp->policy, &smtp->session, &question, &judgement);
  if (judgement.verdict.rule != RULE_NONE)
    smtp_judge(smtp, &question);
}

static void keep(struct smtp *smtp, struct span bytes)
{
  if (bytes.len == 0)
    return;
  if (smtp->line_len < SMTP_LINE_KEPT) {
    struct span kept = span_slice(bytes, 0, SMTP_LINE_KEPT - smtp->line_len);

    memcpy(smtp->line + smtp->line_len, kept.at, kept.len);
  }
  smtp->line_len += bytes.len;
  smtp->last = bytes.at[bytes.len - 1];
}

static void take_whole_line(struct smtp *smtp, struct span line, size_t sent, bool bare)
{
  if (smtp->errors >= SMTP_ERRORS_MAX) {
    smtp_say(smtp, 421, "4.7.0", "too many errors; closing connection");
    smtp->closed = true;
  } else if (sent + 2 > line_limit(line) && !smtp_tolerates(smtp, RULE_COMMAND_LONG, line)) {
    return;
  } else if (sent > line.len) {
    smtp_say(smtp, 500, "5.5.2", "Line too long");
    count_refusal(smtp, 500);
  } else if (!bare || smtp_tolerates(smtp, RULE_LINE_END, line)) {
    smtp_obey(smtp, line);
  }
}

static void end_line(struct smtp *smtp)
{
  bool crlf = smtp->line_len > 0 && smtp->last == '\r';
  size_t sent = smtp->line_len - (crlf ? 1 : 0);
  struct span line = {smtp->line, sent < SMTP_LINE_KEPT ? sent : SMTP_LINE_KEPT};
  bool bare_cr = span_find(line, '\r') < line.len;

  if (!smtp->greeted) {
    smtp->greeted = true;
    smtp->lines_lf = !crlf && (smtp->flags & SMTP_LINES_LF) != 0;
  }
  smtp->line_len = 0;
  take_whole_line(smtp, line, sent, bare_cr || !(crlf || smtp->lines_lf));
}

static size_t take_line(struct smtp *smtp, struct span bytes)
{
  size_t most = smtp->line_len < 2 ? 1 : bytes.len; /* each of the first two bytes is looked at */
  size_t end = span_find(span_slice(bytes, 0, most), '\n');
  bool whole = end < most && end < bytes.len;

  keep(smtp, span_slice(bytes, 0, end));
  if (whole)
    end_line(smtp);
  else
    look_at_beginning(smtp);
  return whole ? end + 1 : end;
}

size_t smtp_feed(struct smtp *smtp, struct span bytes)
{
  size_t used = 0;

  smtp->full = false;
  while (used < bytes.len && !smtp->closed && !smtp->full) {
    struct span rest = span_slice(bytes, used, bytes.len);

    used += smtp->in_data ? smtp_data_take(smtp, rest) : take_line(smtp, rest);
  }
  return used;
}
