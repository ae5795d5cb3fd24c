/*
 * The commands that the SMTP door carries out once the policy has let them pass. RFC 5321 section
 * 4.1.1 has the commands, 4.1.4 their order, 4.3.2 their replies.
 *
 * The policy may tolerate a broken order or a missing argument; the door cannot, and says so in
 * one line as any server would.
 */
#include "smtp_inner.h"

enum { SHOWN_MAX = 60 }; /* bytes shown of a keyword */

static void do_helo(struct smtp *smtp, const struct question *question)
{
  char memory[SMTP_REPLY_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  (void)question;
  smtp_add_host(&text, smtp);
  smtp_say(smtp, 250, "", text.at);
}

/* Not announced when the site gives HELP a refusal for a reply. */
static bool offers_help(const struct smtp *smtp)
{
  return smtp->policy->mode == POLICY_MONITOR ||
         smtp->policy->rules[RULE_COMMAND_HELP].action != ACTION_REFUSE ||
         reply_is_positive(verdict_status(smtp->policy, RULE_COMMAND_HELP, VERDICT_VOICE_ANY).code);
}

static void do_ehlo(struct smtp *smtp, const struct question *question)
{
  char memory[SMTP_REPLY_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  (void)question;
  text_add(&text, "250-");
  smtp_add_host(&text, smtp);
  text_add(&text, "\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE ");
  text_add_number(&text, SMTP_SIZE_MAX);
  if (offers_help(smtp))
    text_add(&text, "\r\n250-HELP");
  text_add(&text, "\r\n250 ENHANCEDSTATUSCODES");
  smtp_say_text(smtp, &text);
}

/* The extensions are not asked whether EHLO or HELO was said: clients are not that careful. */
static bool parameters_offered(struct smtp *smtp, const struct question *question)
{
  char memory[SHOWN_MAX * 4 + 64];
  struct text text = text_in(memory, sizeof(memory));

  if (question->parameters.unknown.len > 0) {
    text_add(&text, "Parameter not offered: ");
    text_add_quoted(&text, span_slice(question->parameters.unknown, 0, SHOWN_MAX), "");
    smtp_refuse(smtp, question, 555, "5.5.4", text.at);
    return false;
  }
  if (question->parameters.size_given && question->parameters.size > SMTP_SIZE_MAX) {
    text_add(&text, "Message too big: at most ");
    text_add_number(&text, SMTP_SIZE_MAX);
    text_add(&text, " octets");
    smtp_refuse(smtp, question, 552, "5.3.4", text.at);
    return false;
  }
  return true;
}

static void do_mail(struct smtp *smtp, const struct question *question)
{
  if (smtp->session.before == STAGE_MAIL || smtp->session.before == STAGE_RCPT)
    smtp_refuse(smtp, question, 503, "5.5.1", "Bad sequence of commands: nested MAIL");
  else if (parameters_offered(smtp, question))
    smtp_say(smtp, 250, "2.1.0", "Sender accepted");
}

static void do_rcpt(struct smtp *smtp, const struct question *question)
{
  if (smtp->session.before != STAGE_MAIL && smtp->session.before != STAGE_RCPT)
    smtp_refuse(smtp, question, 503, "5.5.1", "Bad sequence of commands: MAIL comes first");
  else if (parameters_offered(smtp, question))
    smtp_say(smtp, 250, "2.1.5", "Recipient accepted");
}

static void do_data(struct smtp *smtp, const struct question *question)
{
  if (smtp->session.before != STAGE_RCPT) {
    smtp_refuse(smtp, question, 503, "5.5.1", "Bad sequence of commands: RCPT comes first");
    return;
  }
  smtp_say(smtp, 354, "", "Send the message; end it with <CRLF>.<CRLF>");
  smtp_data_begin(smtp);
}

static void do_rset(struct smtp *smtp, const struct question *question)
{
  (void)question;
  session_end_transaction(&smtp->session);
  smtp_say(smtp, 250, "2.0.0", "Forgotten");
}

static void do_noop(struct smtp *smtp, const struct question *question)
{
  (void)question;
  smtp_say(smtp, 250, "2.0.0", "Nothing done");
}

static void do_quit(struct smtp *smtp, const struct question *question)
{
  (void)question;
  smtp_say(smtp, 221, "2.0.0", "Goodbye");
  smtp->closed = true;
}

static void refuse_argument(struct smtp *smtp, const struct question *question,
                            enum command command)
{
  char memory[128];
  struct text text = text_in(memory, sizeof(memory));

  text_add(&text, "Syntax: ");
  text_add(&text, command_entry(command)->syntax);
  smtp_refuse(smtp, question, 501, "5.5.4", text.at);
}

/* There are no users here to tell of: RFC 5321, 3.5.3. */
static void do_vrfy(struct smtp *smtp, const struct question *question)
{
  if (command_argument(question->argument).len > 0)
    smtp_say(smtp, 252, "2.0.0", "Cannot verify the user, but mail would be accepted and tried");
  else if (smtp_tolerates(smtp, RULE_COMMAND_ARGUMENT, question->argument))
    refuse_argument(smtp, question, COMMAND_VRFY);
}

/* What nobody carries out, and the policy lets pass. */
static void refuse_unoffered(struct smtp *smtp, const struct question *question)
{
  if (question->command != COMMAND_NONE &&
      command_entry(question->command)->kind == COMMAND_IS_OPTIONAL)
    smtp_refuse(smtp, question, 502, "5.5.1", "Command not implemented");
  else
    smtp_refuse(smtp, question, 500, "5.5.2", "Command not recognised");
}

void smtp_obey(struct smtp *smtp, struct span line)
{
  static void (*const carriers[COMMAND_COUNT])(struct smtp *, const struct question *) = {
      [COMMAND_HELO] = do_helo, [COMMAND_EHLO] = do_ehlo, [COMMAND_MAIL] = do_mail,
      [COMMAND_RCPT] = do_rcpt, [COMMAND_DATA] = do_data, [COMMAND_RSET] = do_rset,
      [COMMAND_NOOP] = do_noop, [COMMAND_QUIT] = do_quit, [COMMAND_HELP] = smtp_help,
      [COMMAND_VRFY] = do_vrfy,
  };
  struct question question;
  enum command command = smtp_question(line, smtp->session.smtputf8, &question);

  session_note(&smtp->session, &question);
  if (!smtp_judge(smtp, &question))
    return;
  if (command == COMMAND_NONE || carriers[command] == NULL)
    refuse_unoffered(smtp, &question);
  else if (question.fault_rule == RULE_COMMAND_ARGUMENT)
    refuse_argument(smtp, &question, command);
  else
    carriers[command](smtp, &question);
}
