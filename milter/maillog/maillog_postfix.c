/*
 * Postfix's lines, as its versions from 2.3 on write them; seen with 3.7.
 *
 * What a client said stands in them behind Postfix's own escapes: no control bytes, "?" for the
 * special characters of a HELO name, addresses in RFC 5321's outer form (from 3.5 on), in which a
 * local part with anything unusual in it is quoted. So a field that is read with regard to quotes,
 * in a line that must fit whole, cannot be forged by an address.
 */
#include "event.h"
#include "piece.h"

/* "postfix/submission/smtpd": the last part is the program, the one before it may be a service. */
static struct span last_part(struct span *program)
{
  size_t at = program->len;
  struct span last;

  while (at > 0 && program->at[at - 1] != '/')
    at--;
  last = span_slice(*program, at, program->len);
  *program = span_slice(*program, 0, at > 0 ? at - 1 : 0);
  return last;
}

/* The client at the beginning of `in`. */
static bool take_client(struct span *in, struct maillog_event *out)
{
  return piece_client(in, &out->client, &out->has_client);
}

static void read_counts(struct span in, struct maillog_event *out)
{
  static const struct span names[] = {
#define COUNTER(name) {#name, sizeof(#name) - 1},
      MAILLOG_COUNTERS(COUNTER)
#undef COUNTER
  };
  struct span name;

  for (size_t i = 0; i < MAILLOG_COUNTER_COUNT; i++)
    out->counts[i] = (struct maillog_count){0};
  while (piece_text(&in, SPAN(" ")) && piece_word(&in, "= ", &name) && piece_text(&in, SPAN("="))) {
    struct maillog_count count;

    if (!piece_number(&in, &count.good))
      return;
    count.all = count.good;
    if (piece_text(&in, SPAN("/")) && !piece_number(&in, &count.all))
      return;
    for (size_t i = 0; i < MAILLOG_COUNTER_COUNT; i++)
      if (span_equals(name, names[i]))
        out->counts[i] = count;
    out->counted = true;
  }
}

/* " proto=ESMTP helo=<name>", with commas as postscreen writes them or without; nothing may
 * follow but what Postfix itself adds in newer versions ("sasl_username=..."). */
static bool read_tail(struct span in, struct maillog_event *out)
{
  struct span path, protocol;

  out->has_sender = false;
  out->has_recipient = false;
  if (piece_path(&in, &path)) {
    out->sender = path;
    out->has_sender = true;
  } else if (!piece_text(&in, SPAN("to="))) {
    return false;
  } else if (!piece_path(&in, &path)) {
    return false;
  } else {
    out->recipient = path; /* VRFY has no sender */
    out->has_recipient = true;
  }
  (void)piece_text(&in, SPAN(","));
  if (piece_text(&in, SPAN(" to=")) && piece_path(&in, &path)) {
    out->recipient = path;
    out->has_recipient = true;
    (void)piece_text(&in, SPAN(","));
  }
  if (!piece_text(&in, SPAN(" proto=")) || !piece_word(&in, ", ", &protocol))
    return false;
  (void)piece_text(&in, SPAN(","));
  if (piece_text(&in, SPAN(" helo=")) && piece_path(&in, &path))
    out->helo = span_slice(path, 1, path.len - 1);
  return in.len == 0 || piece_text(&in, SPAN(" sasl_")) || piece_text(&in, SPAN(", sasl_"));
}

/* Finds "; from=<" or "; to=<" from which on the rest of the line is as it should be: the text of a
 * reply may hold the same words. */
static bool find_tail(struct span in, struct maillog_event *out)
{
  struct span text;

  while (piece_until(&in, SPAN("; "), &text)) {
    struct span rest = in;

    if (piece_text(&rest, SPAN("from=")) && read_tail(rest, out))
      return true;
    if (in.len > 4 && span_starts_nocase(in, SPAN("to=<")) && read_tail(in, out))
      return true;
  }
  out->has_sender = false;
  out->has_recipient = false;
  out->helo = (struct span){0};
  return false;
}

/* "550 5.1.1 <nosuch@example.org>: ...": either code may be missing. */
static void read_codes(struct span in, struct maillog_event *out)
{
  struct span word;

  if (!piece_word(&in, " ", &word))
    return;
  if (word.len == 3 && byte_is_digit(word.at[0])) {
    out->code = word;
    if (!piece_text(&in, SPAN(" ")) || !piece_word(&in, " ", &word))
      return;
  }
  if (word.len >= 5 && word.len <= 9 && byte_is_digit(word.at[0]) && word.at[1] == '.')
    out->enhanced = word;
}

static enum maillog_command command_of(struct span word)
{
  static const struct {
    struct span word;
    enum maillog_command command;
  } commands[] = {
      {{"RCPT", 4}, MAILLOG_AT_RCPT}, {{"MAIL", 4}, MAILLOG_AT_MAIL},
      {{"VRFY", 4}, MAILLOG_AT_VRFY}, {{"HELO", 4}, MAILLOG_AT_HELO},
      {{"EHLO", 4}, MAILLOG_AT_HELO}, {{"END-OF-MESSAGE", 14}, MAILLOG_AT_END},
  };

  for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
    if (span_equals(word, commands[i].word))
      return commands[i].command;
  return MAILLOG_AT_OTHER;
}

/* "reject: RCPT from name[192.0.2.7]: 550 5.1.1 ...", and the like. */
static bool read_refusal(struct span in, struct maillog_event *out)
{
  /* What only warns, holds or redirects refuses nothing, but has the HELO name too. */
  static const struct {
    struct span word;
    bool refuses, by_milter;
  } actions[] = {
      {{"reject", 6}, true, false},    {{"milter-reject", 13}, true, true},
      {{"milter-hold", 11}, false, 0}, {{"milter-discard", 14}, true, true},
      {{"discard", 7}, true, false},   {{"reject_warning", 14}, false, 0},
      {{"hold", 4}, false, 0},         {{"redirect", 8}, false, 0},
      {{"filter", 6}, false, 0},       {{"warn", 4}, false, 0},
      {{"proxy-reject", 12}, true, 0}, {{"proxy-accept", 12}, false, 0},
      {{"permit", 6}, false, 0},       {{"prepend", 7}, false, 0},
      {{"info", 4}, false, 0},         {{"delay", 5}, false, 0},
  };
  struct span word, command;

  if (!piece_word(&in, ": ", &word) || !piece_text(&in, SPAN(": ")))
    return false;
  for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
    if (!span_equals(word, actions[i].word))
      continue;
    if (!piece_word(&in, " ", &command) || !piece_text(&in, SPAN(" from ")) ||
        !take_client(&in, out) || !piece_text(&in, SPAN(": ")))
      return false;
    out->kind = actions[i].refuses ? MAILLOG_REFUSED : MAILLOG_HELO;
    out->by_milter = actions[i].by_milter;
    out->command = command_of(command);
    read_codes(in, out);
    (void)find_tail(in, out);
    if (out->kind == MAILLOG_HELO && out->helo.len == 0)
      out->kind = MAILLOG_NOTHING;
    return true;
  }
  return false;
}

/* "warning: non-SMTP command from name[192.0.2.7]: GET / HTTP/1.0" */
static void read_warning(struct span in, struct maillog_event *out)
{
  if (!piece_text(&in, SPAN("non-SMTP command from ")) || !take_client(&in, out) ||
      !piece_text(&in, SPAN(": ")))
    return;
  out->kind = MAILLOG_COMMAND;
  out->text = in;
}

/* "Anonymous TLS connection established from name[192.0.2.7]: ..." */
static void read_tls(struct span in, struct maillog_event *out)
{
  struct span word;

  if (!piece_until(&in, SPAN(" TLS connection established from "), &word) || !take_client(&in, out))
    return;
  out->kind = MAILLOG_TLS;
  out->verified = span_equals(word, SPAN("Trusted")) || span_equals(word, SPAN("Verified"));
}

/* "client=name[192.0.2.7], sasl_method=PLAIN, sasl_username=joe", "client=localhost[127.0.0.1],
 * orig_queue_id=49A4FA723B4, orig_client=name[192.0.2.7]" */
static void read_queued(struct span in, struct maillog_event *out)
{
  struct span before, rest;

  if (!take_client(&in, out))
    return;
  out->kind = MAILLOG_QUEUED;
  rest = in;
  out->passed_on = piece_until(&rest, SPAN(", orig_client="), &before);
  out->authenticated = piece_until(&in, SPAN(", sasl_username="), &before) && in.len > 0;
}

static void read_smtpd(struct span in, struct maillog_event *out)
{
  if (piece_text(&in, SPAN("connect from "))) {
    out->kind = take_client(&in, out) ? MAILLOG_CONNECT : MAILLOG_NOTHING;
  } else if (piece_text(&in, SPAN("disconnect from "))) {
    if (!take_client(&in, out))
      return;
    out->kind = MAILLOG_DISCONNECT;
    read_counts(in, out);
  } else if (piece_text(&in, SPAN("warning: "))) {
    read_warning(in, out);
  } else if (piece_queue_id(&in, &out->queue_id)) {
    if (piece_text(&in, SPAN("client=")))
      read_queued(in, out);
    else
      (void)read_refusal(in, out);
  } else {
    read_tls(in, out);
  }
}

/* "reject: header Subject: buy from name[192.0.2.7]; from=<...> ...", by header_checks and their
 * kin. What is between is the message's own, and not looked at. */
static bool read_content(struct span in, struct maillog_event *out)
{
  static const struct span parts[] = {
      {"header ", 7}, {"body ", 5}, {"mime-header ", 12}, {"nested-header ", 14}};

  if (!piece_text(&in, SPAN("reject: ")) && !piece_text(&in, SPAN("discard: ")))
    return false;
  for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
    if (piece_text(&in, parts[i])) {
      out->kind = MAILLOG_REFUSED;
      out->command = MAILLOG_AT_END;
      return true;
    }
  return false;
}

static void read_cleanup(struct span in, struct maillog_event *out)
{
  if (!piece_queue_id(&in, &out->queue_id) || out->queue_id.len == 0)
    return;
  if (piece_text(&in, SPAN("message-id=")))
    out->kind = MAILLOG_STORED;
  else if (!read_content(in, out))
    (void)read_refusal(in, out);
}

/* "from=<sender@example.net>, size=327, nrcpt=1 (queue active)", "removed" */
static void read_qmgr(struct span in, struct maillog_event *out)
{
  struct span between;

  if (!piece_queue_id(&in, &out->queue_id) || out->queue_id.len == 0)
    return;
  if (piece_text(&in, SPAN("removed"))) {
    out->kind = in.len == 0 ? MAILLOG_REMOVED : MAILLOG_NOTHING;
  } else if (piece_text(&in, SPAN("from=")) && piece_path(&in, &out->sender) &&
             piece_text(&in, SPAN(", size=")) && piece_until(&in, SPAN(", nrcpt="), &between) &&
             piece_number(&in, &out->recipients)) {
    out->kind = MAILLOG_SENDER;
    out->has_sender = true;
    out->stored = true;
  }
}

/* "to=<alice@example.org>, orig_to=<postmaster>, relay=virtual, ..., status=sent (...)" */
static void read_delivery(struct span in, struct maillog_event *out)
{
  struct span between, status;
  bool discarded;

  if (!piece_queue_id(&in, &out->queue_id) || out->queue_id.len == 0 ||
      !piece_text(&in, SPAN("to=")) || !piece_path(&in, &out->recipient))
    return;
  if (piece_text(&in, SPAN(", orig_to=")) && !piece_path(&in, &out->recipient))
    return;
  if (!piece_until(&in, SPAN(", status="), &between) || !piece_word(&in, " ", &status))
    return;
  out->kind = MAILLOG_DELIVERY;
  out->has_recipient = true;
  /* Taken, and thrown away: by a content filter, in the words of amavisd, or by an alias. */
  discarded = piece_text(&in, SPAN(" (250 2.7.0 Ok, discarded")) ||
              piece_text(&in, SPAN(" (delivered to file: /dev/null)"));
  out->sent = span_equals(status, SPAN("sent")) && !discarded;
  out->failed = span_equals(status, SPAN("bounced")) || discarded;
}

/* The transport that throws mail away calls it sent. */
static void read_discard(struct span in, struct maillog_event *out)
{
  read_delivery(in, out);
  out->failed = out->failed || out->sent;
  out->sent = false;
}

/* Only its refusals are of use: they have the HELO name. */
static void read_postscreen(struct span in, struct maillog_event *out)
{
  if (piece_text(&in, SPAN("NOQUEUE: ")) && read_refusal(in, out))
    out->kind = MAILLOG_SCREENED;
}

void maillog_read_postfix(const struct maillog_line *line, struct maillog_event *out)
{
  static const struct {
    struct span program;
    void (*read)(struct span message, struct maillog_event *out);
  } readers[] = {
      {{"smtpd", 5}, read_smtpd},      {{"qmgr", 4}, read_qmgr},
      {{"cleanup", 7}, read_cleanup},  {{"smtp", 4}, read_delivery},
      {{"lmtp", 4}, read_delivery},    {{"local", 5}, read_delivery},
      {{"virtual", 7}, read_delivery}, {{"pipe", 4}, read_delivery},
      {{"discard", 7}, read_discard},  {{"relay", 5}, read_delivery},
      {{"error", 5}, read_delivery},   {{"postscreen", 10}, read_postscreen},
      {{"nqmgr", 5}, read_qmgr},
  };
  struct span service = line->program, program = last_part(&service), own = last_part(&service);

  out->mta = MAILLOG_POSTFIX;
  out->submission = span_starts_nocase(own, SPAN("submission")) || span_equals(own, SPAN("smtps"));
  for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
    if (span_equals(program, readers[i].program)) {
      readers[i].read(line->message, out);
      return;
    }
}
