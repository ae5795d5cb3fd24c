/*
 * What a command line would get: verdict, rule, place and reply. The line is judged in a session
 * that has come to it in good order; a verdict on HELO that waits for RCPT is waited for.
 */
#include "explain.h"

#include "page.h"
#include "tool.h"

#include "../doors/smtp.h"

#include <stdio.h>

void explain_lead_up_to(struct session *session, enum stage stage)
{
  struct question question;

  if (stage >= STAGE_MAIL) {
    question_helo(&question, SPAN("client.example"));
    session_note(session, &question);
  }
  if (stage == STAGE_RCPT || stage == STAGE_DATA) {
    question_mail(&question, SPAN("<sender@example.com>"), NULL, 0);
    session_note(session, &question);
  }
  if (stage == STAGE_DATA) {
    question_rcpt(&question, SPAN("<recipient@example.net>"), NULL, 0, false);
    session_note(session, &question);
  }
}

void explain_add_setting(struct text *text, const struct policy *policy, enum rule rule)
{
  struct reply_status status = verdict_status(policy, rule, VERDICT_VOICE_ANY);

  text_add(text, rule_action_name(policy->rules[rule].action, status.code));
  text_add(text, ", ");
  text_add_number(text, status.code);
  if (status.enhanced[0] != '\0')
    text_add(text, " ");
  text_add(text, status.enhanced);
}

void explain_reply(const struct explain *explain, const char *label, const struct verdict *verdict)
{
  struct reply_lines reply;

  verdict_reply(explain->policy, verdict, VERDICT_VOICE_ANY, &reply);
  for (unsigned i = 0; i < reply.count; i++) {
    char memory[512];
    struct text line = text_in(memory, sizeof(memory));

    reply_line_write(&line, &reply, i);
    page_line(explain->page, label, line.at);
  }
}

/* The bytes are counted from 0, as in the log. */
static void say_place(const struct explain *explain, const struct verdict *verdict)
{
  char memory[512];
  struct text text = text_in(memory, sizeof(memory));

  if (verdict->fault.kind == FAULT_NONE)
    return;
  text_add(&text, "offset ");
  text_add_number(&text, verdict->fault.at);
  text_add(&text, verdict->subject.len > 0 ? " of " : " of nothing");
  text_add_span(&text, span_slice(verdict->subject, 0, 100));
  if (verdict->subject.len > 100)
    text_add(&text, "...");
  text_add(&text, " - ");
  text_add(&text, fault_text(verdict->fault.kind));
  page_say(explain->page, "Place", text_span(&text));
}

/* "by sender-syntax (refuse, 501 5.1.7)" */
static void say_rule(const struct explain *explain, const char *label, const char *words,
                     const struct verdict *verdict)
{
  char memory[256];
  struct text text = text_in(memory, sizeof(memory));

  text_add(&text, words);
  text_add(&text, rule_entry(verdict->rule)->name);
  text_add(&text, " (");
  explain_add_setting(&text, explain->policy, verdict->rule);
  text_add(&text, ")");
  page_say(explain->page, label, text_span(&text));
}

/* What the reply's code does. */
static const char *deed(unsigned code)
{
  if (reply_is_positive(code))
    return "answered by ";
  if (code == 421)
    return "refused and hung up by ";
  return reply_is_deferral(code) ? "deferred by " : "refused by ";
}

static void say_verdict(const struct explain *explain, const struct verdict *verdict, bool held)
{
  const struct rule_entry *entry = rule_entry(verdict->rule);
  unsigned code = verdict_status(explain->policy, verdict->rule, VERDICT_VOICE_ANY).code;

  say_rule(explain, "Verdict", deed(code), verdict);
  say_place(explain, verdict);
  if (held)
    page_say_string(explain->page, "Spoken",
                    "at RCPT, where it has waited since HELO: who authenticates by then "
                    "is exempt, and postmaster and the like can be reached");
  page_say_string(explain->page, "Cause", entry->cause);
  if ((entry->flags & RULE_FLAG_NATIVE) != 0)
    page_say_string(explain->page, "Note",
                    "mail servers decide this themselves before a milter is asked; the "
                    "rule is for servers that leave it to milter-strict");
  if (verdict->rule == RULE_COMMAND_UNKNOWN)
    page_say_string(explain->page, "Note",
                    "a mail server answers the commands of its extensions, as STARTTLS, "
                    "AUTH and BDAT, itself and asks no milter");
  explain_reply(explain, "Reply", verdict);
  if (reply_is_positive(code))
    page_say_string(explain->page, "Note",
                    "a milter cannot say 2xx; where only a milter is asked, the reply is "
                    "502 5.5.1");
}

static void say_accepted(const struct explain *explain, const struct judgement *judgement)
{
  char memory[128];
  struct text text = text_in(memory, sizeof(memory));

  text_add(&text, "accepted");
  if (judgement->exemption != EXEMPT_NOT) {
    text_add(&text, ": the client is exempt (");
    text_add(&text, exemption_name(judgement->exemption));
    text_add(&text, ")");
  } else if (judgement->notice_count > 0) {
    text_add(&text, explain->policy->mode == POLICY_MONITOR
                        ? ": the policy is in monitor mode, which refuses nothing"
                        : ": what objects is only monitored");
  } else {
    text_add(&text, ": no rule objects");
  }
  page_say(explain->page, "Verdict", text_span(&text));
}

static void say_judgement(const struct explain *explain, const struct judgement *judgement,
                          bool held)
{
  if (judgement->verdict.rule == RULE_NONE)
    say_accepted(explain, judgement);
  if (judgement->exemption != EXEMPT_NOT) {
    say_rule(explain, "Overlooked", "", &judgement->overlooked);
    say_place(explain, &judgement->overlooked);
  }
  for (unsigned i = 0; i < judgement->notice_count; i++) {
    say_rule(explain, "Noticed", "would be refused by ", &judgement->notices[i]);
    say_place(explain, &judgement->notices[i]);
  }
  if (judgement->verdict.rule != RULE_NONE)
    say_verdict(explain, &judgement->verdict, held);
}

static void say_command(const struct explain *explain, struct span line, enum command command)
{
  page_say(explain->page, "Line", line);
  if (command == COMMAND_NONE)
    return;
  page_say_string(explain->page, "Syntax", command_entry(command)->syntax);
  page_say_string(explain->page, "Purpose", command_entry(command)->summary);
}

static void say_unknown_parameter(const struct explain *explain, const struct question *question)
{
  char memory[256];
  struct text text = text_in(memory, sizeof(memory));

  if (question->parameters.unknown.len == 0)
    return;
  text_add(&text, "the parameter ");
  text_add_span(&text, span_slice(question->parameters.unknown, 0, 100));
  text_add(&text, " is not known here; a mail server that does not offer it answers 555 5.5.4");
  page_say(explain->page, "Note", text_span(&text));
}

/* What was held since HELO is said when a good recipient follows a good sender. */
static void judge_until_rcpt(const struct policy *policy, struct session *session,
                             struct question *question, struct judgement *out)
{
  question_mail(question, SPAN("<sender@example.com>"), NULL, 0);
  session_note(session, question);
  question_rcpt(question, SPAN("<recipient@example.net>"), NULL, 0, false);
  session_note(session, question);
  policy_judge(policy, session, question, out);
}

int explain_line(const struct explain *explain, struct span line)
{
  struct session session;
  struct question question, later;
  struct judgement judgement;
  enum command command;
  bool waits;

  session_begin(&session, explain->client);
  session_set_host(&session, explain->host);
  command = smtp_question(line, false, &question);
  explain_lead_up_to(&session, question.stage);
  session_note(&session, &question);
  policy_judge(explain->policy, &session, &question, &judgement);
  waits = question.stage == STAGE_HELO && explain->policy->speak == POLICY_SPEAK_RCPT;
  if (waits)
    judge_until_rcpt(explain->policy, &session, &later, &judgement);
  say_command(explain, line, command);
  page_say_string(explain->page, "Policy", explain->settings);
  say_judgement(explain, &judgement, waits);
  if (question.stage == STAGE_MAIL || question.stage == STAGE_RCPT)
    say_unknown_parameter(explain, &question);
  if (judgement.verdict.rule == RULE_NONE)
    return TOOL_FINE;
  return reply_is_positive(
             verdict_status(explain->policy, judgement.verdict.rule, VERDICT_VOICE_ANY).code)
             ? TOOL_FINE
             : TOOL_WANTING;
}
