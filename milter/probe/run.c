/*
 * One check after the other.
 */
#include "run.h"

#include "ask.h"

static enum probe_status (*const asks[PROBE_CHECK_COUNT])(struct talk *) = {
    [PROBE_GREETING] = ask_greeting,
    [PROBE_EHLO] = ask_ehlo,
    [PROBE_EARLY_TALKING] = ask_early_talking,
    [PROBE_PIPELINING] = ask_pipelining,
    [PROBE_QUIT] = ask_quit,
    [PROBE_COMMAND_HELP] = ask_help,
    [PROBE_COMMAND_VRFY] = ask_vrfy,
    [PROBE_COMMAND_EXPN] = ask_expn,
    [PROBE_COMMAND_TURN] = ask_turn,
    [PROBE_ETRN] = ask_etrn,
    [PROBE_COMMAND_SEND] = ask_send,
    [PROBE_COMMAND_UNKNOWN] = ask_unknown,
    [PROBE_COMMAND_FOREIGN] = ask_foreign,
    [PROBE_COMMAND_LONG] = ask_long,
    [PROBE_HELO_MISSING] = ask_helo_missing,
    [PROBE_SEQUENCE_RCPT] = ask_sequence_rcpt,
    [PROBE_SEQUENCE_DATA] = ask_sequence_data,
    [PROBE_SEQUENCE_MAIL] = ask_sequence_mail,
    [PROBE_HELO_SYNTAX] = ask_helo_syntax,
    [PROBE_HELO_OURS] = ask_helo_ours,
    [PROBE_SENDER_BRACKETS] = ask_sender_brackets,
    [PROBE_SENDER_SYNTAX] = ask_sender_syntax,
    [PROBE_SENDER_UNQUALIFIED] = ask_sender_unqualified,
    [PROBE_SENDER_DOTS] = ask_sender_dots,
    [PROBE_SENDER_LENGTH] = ask_sender_length,
    [PROBE_SENDER_LITERAL] = ask_sender_literal,
    [PROBE_SENDER_UTF8] = ask_sender_utf8,
    [PROBE_SENDER_IDN] = ask_sender_idn,
    [PROBE_SENDER_PARAMETERS] = ask_sender_parameters,
    [PROBE_RECIPIENT_BRACKETS] = ask_recipient_brackets,
    [PROBE_RECIPIENT_SYNTAX] = ask_recipient_syntax,
    [PROBE_RECIPIENT_UNQUALIFIED] = ask_recipient_unqualified,
    [PROBE_RECIPIENT_UTF8] = ask_recipient_utf8,
    [PROBE_RECIPIENT_PARAMETERS] = ask_recipient_parameters,
    [PROBE_SMTPUTF8] = ask_smtputf8,
    [PROBE_SOURCE_ROUTE] = ask_source_route,
    [PROBE_NULL_SENDER] = ask_null_sender,
    [PROBE_POSTMASTER] = ask_postmaster,
    [PROBE_OPEN_RELAY] = ask_open_relay,
    [PROBE_RELAY_ROUTES] = ask_relay_routes,
    [PROBE_LINE_LF] = ask_line_lf,
    [PROBE_LINE_CR] = ask_line_cr,
    [PROBE_CHUNKING] = ask_chunking,
    [PROBE_STARTTLS] = ask_starttls,
    [PROBE_STARTTLS_STRIPPING] = ask_stripping,
    [PROBE_STARTTLS_INJECTION] = ask_injection,
    [PROBE_AUTH_PLAINTEXT] = ask_auth_plaintext,
    [PROBE_LIMIT_ERRORS] = ask_limit_errors,
    [PROBE_LIMIT_ABANDONED] = ask_limit_abandoned,
    [PROBE_ENUMERATE_RECIPIENTS] = ask_enumerate_recipients,
    [PROBE_ENUMERATE_VRFY] = ask_enumerate_vrfy,
    [PROBE_ENHANCED_CODES] = ask_enhanced_codes,
    [PROBE_REPLY_FORM] = ask_reply_form,
};

/* The option that a check would need and that is not there, or NULL. */
static const char *missing_option(const struct probe_options *options, unsigned needs)
{
  if ((needs & PROBE_NEEDS_LIMITS) != 0 && (options->flags & PROBE_FLAG_LIMITS) == 0)
    return "--limits";
  if ((needs & PROBE_NEEDS_ENUMERATE) != 0 && (options->flags & PROBE_FLAG_ENUMERATE) == 0)
    return "--enumerate";
  if ((needs & PROBE_NEEDS_USER) != 0 && options->user == NULL)
    return "--user";
  return NULL;
}

static void ask_one(struct talk *talk, enum probe_check check)
{
  struct probe_result *result = &talk->report->results[check];
  uint64_t begun = talk->carrier->clock(talk->carrier->context);
  const char *missing = missing_option(talk->options, probe_check_entry(check)->needs);

  talk->result = result;
  talk->trouble = TALK_FINE;
  if (missing != NULL)
    result->status = talk_conclude(talk, PROBE_UNKNOWN, "asked with %s only", missing);
  else
    result->status = asks[check](talk);
  result->milliseconds = (uint32_t)(talk->carrier->clock(talk->carrier->context) - begun);
}

void probe_run(const struct probe_options *options, const struct probe_carrier *carrier,
               const struct probe_progress *progress, struct probe_report *report)
{
  struct talk talk;

  talk_begin(&talk, options, carrier, report);
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++) {
    if (progress != NULL)
      progress->begins(progress->context, check);
    ask_one(&talk, check);
  }
  talk_leave(&talk);
  report->milliseconds = (uint32_t)(carrier->clock(carrier->context) - talk.begun);
  probe_report_finish(report);
}
