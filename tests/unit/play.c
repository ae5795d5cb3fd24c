/*
 * Conversations judged by the policy alone.
 */
#include "play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static bool address(const char *text, struct ip *out)
{
  if (text != NULL && !ip_parse(span_from(text), out))
    fail_msg("%s is no address", text);
  return text != NULL;
}

void play_client(struct play *play, const char *text)
{
  play->session.has_client = address(text, &play->session.client);
}

void play_server(struct play *play, const char *text)
{
  play->session.has_server = address(text, &play->session.server);
}

void play_action(struct play *play, const char *name, enum rule_action action)
{
  enum rule rule = rule_find(span_from(name));

  if (rule == RULE_NONE)
    fail_msg("%s is no rule", name);
  play->policy.rules[rule].action = action;
}

void play_begin(struct play *play)
{
  memset(play, 0, sizeof(*play));
  policy_defaults(&play->policy);
  session_begin(&play->session, NULL);
  play_client(play, "192.0.2.7");
  play_server(play, "198.51.100.25");
  session_set_host(&play->session, SPAN("mx.example.org"));
}

struct span span_of_rule(enum rule rule)
{
  return span_from(rule_entry(rule)->name);
}

/* What the door learns; true when the line is that. */
static bool learn(struct session *session, struct span line)
{
  if (span_equals(line, SPAN("+TLS")))
    session->tls = true;
  else if (span_equals(line, SPAN("+TRUSTED")))
    session->tls = session->tls_verified = true;
  else if (span_equals(line, SPAN("+AUTH")))
    session->authenticated = true;
  else if (span_equals(line, SPAN("RSET")))
    session_end_transaction(session);
  else
    return false;
  return true;
}

static bool ask_about_path(struct play *play, struct span verb, struct span rest)
{
  struct span list[40];
  size_t count = parameters_split(rest, list, 40);
  struct span path = count == 0 ? SPAN("") : list[0];

  count -= count > 0 ? 1 : 0;
  if (span_equals(verb, SPAN("MAIL")))
    question_mail(&play->question, path, list + 1, count);
  else if (span_equals(verb, SPAN("RCPT")) || span_equals(verb, SPAN("REJECTED")))
    question_rcpt(&play->question, path, list + 1, count, play->session.smtputf8);
  else
    return false;
  play->question.refused_by_mta = span_equals(verb, SPAN("REJECTED"));
  return true;
}

static void ask(struct play *play, struct span line)
{
  struct span verb = span_slice(line, 0, span_find(line, ' '));
  struct span rest = span_slice(line, verb.len + 1, line.len);

  if (span_equals(verb, SPAN("HELO")))
    question_helo(&play->question, rest);
  else if (span_equals(line, SPAN("DATA")))
    question_data(&play->question);
  else if (!ask_about_path(play, verb, rest))
    question_command(&play->question, line);
}

void play_say(struct play *play, const char *text)
{
  struct span line = span_from(text);

  memset(&play->judgement, 0, sizeof(play->judgement));
  play->judgement.verdict.rule = RULE_NONE;
  if (learn(&play->session, line))
    return;
  ask(play, line);
  session_note(&play->session, &play->question);
  if (play->question.refused_by_mta)
    return;
  policy_judge(&play->policy, &play->session, &play->question, &play->judgement);
  if (play->judgement.verdict.rule != RULE_NONE)
    session_refused(&play->session, &play->question);
}

static void add(struct text *out, const char *mark, const struct verdict *verdict)
{
  if (out->len > 0)
    text_add(out, " ");
  text_add(out, mark);
  text_add_span(out, span_of_rule(verdict->rule));
  if (verdict->fault.kind == FAULT_NONE)
    return;
  text_add(out, "@");
  text_add_number(out, verdict->fault.at);
}

void play_judgement(const struct play *play, struct text *out)
{
  const struct judgement *judgement = &play->judgement;
  char memory[32];
  struct text mark = text_in(memory, sizeof(memory));

  text_clear(out);
  if (judgement->verdict.rule != RULE_NONE)
    add(out, "", &judgement->verdict);
  for (unsigned i = 0; i < judgement->notice_count; i++)
    add(out, "~", &judgement->notices[i]);
  if (judgement->exemption == EXEMPT_NOT)
    return;
  text_add(&mark, exemption_name(judgement->exemption));
  text_add(&mark, ":");
  add(out, mark.at, &judgement->overlooked);
}

void play_row(const struct play_row *row)
{
  struct play play;
  char memory[512];
  struct text got = text_in(memory, sizeof(memory));

  play_begin(&play);
  if (row->set != NULL)
    row->set(&play);
  for (size_t i = 0; i < PLAY_STEPS_MAX && row->step[i].say != NULL; i++) {
    const struct play_step *step = &row->step[i];

    play_say(&play, step->say);
    play_judgement(&play, &got);
    if (!span_equals(text_span(&got), span_from(step->want == NULL ? "" : step->want)))
      fail_msg("%s, step %zu, %s: got \"%s\", want \"%s\"", row->name, i + 1, step->say, got.at,
               step->want == NULL ? "" : step->want);
  }
}
