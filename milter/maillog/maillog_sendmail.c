/*
 * Sendmail's lines, as 8.12 to 8.17 write them; seen with 8.17.
 *
 * Sender and recipients stand in them as they were typed, with their brackets or without, 8-bit
 * bytes as \ooo. HELO names do not, nor do unknown commands.
 */
#include "event.h"
#include "piece.h"

/* "name [192.0.2.7]", "[192.0.2.7]", either with " (may be forged)" behind it; no `has_client` for
 * a local user. */
static bool take_relay(struct span *in, struct maillog_event *out)
{
  struct span rest = *in, name;

  if (rest.len > 0 && rest.at[0] != '[' &&
      (!piece_word(&rest, " ,", &name) || !piece_text(&rest, SPAN(" "))))
    return false;
  if (!piece_client(&rest, &out->client, &out->has_client))
    return false;
  (void)piece_text(&rest, SPAN(" (may be forged)"));
  *in = rest;
  return true;
}

/* A path in brackets, or what was typed instead: all before `end`. */
static bool take_path(struct span *in, struct span end, struct span *out)
{
  struct span rest = *in, path;

  if (piece_path(&rest, &path) && piece_text(&rest, end)) {
    *in = rest;
    *out = path;
    return true;
  }
  return piece_until(in, end, out);
}

/* The last relay= of the line: what is before it may come from the message. */
static void take_last_relay(struct span in, struct maillog_event *out)
{
  struct span before;

  while (piece_until(&in, SPAN(", relay="), &before)) {
    struct span rest = in;

    out->has_client = false;
    (void)take_relay(&rest, out);
  }
}

/* "from=<a@b>, size=18, class=0, nrcpts=1, msgid=<...>, proto=ESMTP, daemon=MTA, relay=[...]"; a
 * transaction that was left has no msgid. */
static void read_from(struct span in, struct maillog_event *out)
{
  struct span between;
  uint32_t size;

  if (!take_path(&in, SPAN(", size="), &out->sender) || !piece_number(&in, &size) ||
      !piece_until(&in, SPAN(", nrcpts="), &between) || !piece_number(&in, &out->recipients))
    return;
  out->kind = MAILLOG_SENDER;
  out->has_sender = true;
  out->stored = piece_text(&in, SPAN(", msgid="));
  take_last_relay(in, out);
}

/*
 * "to=<alice@example.org>, ctladdr=<staff@example.org> (5/0), delay=00:00:00, ..., dsn=2.0.0,
 * stat=Sent". Where an alias was followed, or delivery was to a file or a program, ctladdr= has
 * what the client asked for; but "ctladdr=alice (1000/1000)" is a member of an alias who passes
 * mail on, and what was asked for is not in the line. Of several recipients the first counts.
 */
static void read_to(struct span in, struct maillog_event *out)
{
  struct span between, owner = {0}, before, file = in;
  bool discarded = piece_text(&file, SPAN("/dev/null, ")); /* by an alias */

  out->has_recipient = piece_path(&in, &out->recipient);
  if (!piece_until(&in, SPAN(", "), &between))
    return;
  if (!out->has_recipient && span_find(between, '@') < between.len) {
    out->recipient = between;
    out->has_recipient = true;
  }
  if (piece_text(&in, SPAN("ctladdr=")) && take_path(&in, SPAN(" ("), &owner)) {
    out->recipient = owner;
    out->has_recipient = (owner.len > 0 && owner.at[0] == '<') || span_find(owner, '@') < owner.len;
  }
  if (!piece_until(&in, SPAN("stat="), &between))
    return;
  out->kind = MAILLOG_DELIVERY;
  out->failed = discarded ||
                (piece_until(&between, SPAN(", dsn="), &before) && piece_text(&between, SPAN("5")));
  out->sent = piece_text(&in, SPAN("Sent")) && !discarded;
  out->aborted = piece_text(&in, SPAN("aborted by sender")) || piece_text(&in, SPAN("RSET"));
}

static void read_codes(struct span in, struct maillog_event *out)
{
  if (piece_word(&in, " ", &out->code) && piece_text(&in, SPAN(" ")))
    (void)piece_word(&in, " ", &out->enhanced);
}

static void refused_at(enum maillog_command command, struct span path, struct maillog_event *out)
{
  out->kind = MAILLOG_REFUSED;
  out->command = command;
  if (command == MAILLOG_AT_MAIL) {
    out->has_sender = true;
    out->sender = path;
  } else if (command == MAILLOG_AT_RCPT) {
    out->has_recipient = true;
    out->recipient = path;
  }
}

/* "ruleset=check_rcpt, arg1=<user@example.com>, relay=[192.0.2.7], reject=550 5.7.1 ..." */
static void read_ruleset(struct span in, struct maillog_event *out)
{
  struct span name, argument = {0}, between;
  enum maillog_command command = MAILLOG_AT_OTHER;

  if (!piece_word(&in, ",", &name))
    return;
  if (piece_text(&in, SPAN(", arg1=")) && !take_path(&in, SPAN(", relay="), &argument))
    return;
  if (argument.at == NULL && !piece_text(&in, SPAN(", relay=")))
    return;
  if (!take_relay(&in, out) || !piece_until(&in, SPAN("reject="), &between))
    return;
  if (span_equals(name, SPAN("check_mail")))
    command = MAILLOG_AT_MAIL;
  else if (span_equals(name, SPAN("check_rcpt")))
    command = MAILLOG_AT_RCPT;
  refused_at(command, argument, out);
  read_codes(in, out);
}

/* "Milter: to=<alice@example.org>, reject=550 5.7.1 ...", "Milter: from=...", "Milter: data, ..."
 */
static void read_milter(struct span in, struct maillog_event *out)
{
  struct span path = {0};
  enum maillog_command command = MAILLOG_AT_END;

  if (piece_text(&in, SPAN("to=")))
    command = MAILLOG_AT_RCPT;
  else if (piece_text(&in, SPAN("from=")))
    command = MAILLOG_AT_MAIL;
  else if (piece_text(&in, SPAN("helo=")))
    command = MAILLOG_AT_HELO;
  else if (piece_text(&in, SPAN("connect")))
    command = MAILLOG_AT_OTHER;
  if (!take_path(&in, SPAN(", reject="), &path))
    return;
  refused_at(command, path, out);
  out->by_milter = true;
  read_codes(in, out);
}

/* "invalid domain name (my host) from [192.0.2.7]" */
static void read_bad_helo(struct span in, struct maillog_event *out)
{
  struct span rest = in, before;
  size_t len = in.len + 1;

  while (piece_until(&rest, SPAN(") from "), &before))
    len = in.len - rest.len - (sizeof(") from ") - 1);
  if (len > in.len)
    return;
  out->helo = span_slice(in, 0, len);
  in = span_slice(in, len + sizeof(") from ") - 1, in.len);
  out->kind = take_relay(&in, out) ? MAILLOG_HELO : MAILLOG_NOTHING;
}

/* "[192.0.2.7]: VRFY alice", "[192.0.2.7]: probable open proxy: command=GET / HTTP/1.0\r\n" */
static void read_command(struct span in, struct maillog_event *out)
{
  struct span after;

  if (!take_relay(&in, out) || !piece_text(&in, SPAN(": ")))
    return;
  after = in;
  if (piece_text(&in, SPAN("probable open proxy: command="))) {
    if (in.len > 4 && span_equals(span_slice(in, in.len - 4, in.len), SPAN("\\r\\n")))
      in.len -= 4;
  } else if (!piece_text(&after, SPAN("VRFY ")) && !piece_text(&after, SPAN("EXPN "))) {
    return;
  }
  out->kind = MAILLOG_COMMAND;
  out->text = in;
}

/* "<nosuch@example.org>... User unknown" */
static bool read_unknown_user(struct span in, struct maillog_event *out)
{
  struct span path;

  if (!take_path(&in, SPAN("... User unknown"), &path) || in.len > 0)
    return false;
  refused_at(MAILLOG_AT_RCPT, path, out);
  out->unknown_user = true;
  return true;
}

/* "STARTTLS=server, relay=[192.0.2.7], version=TLSv1.3, verify=NO, ..."; likewise "AUTH=server" */
static void read_server(struct span in, enum maillog_kind kind, struct maillog_event *out)
{
  struct span before;

  if (!piece_text(&in, SPAN("server, relay=")) || !take_relay(&in, out))
    return;
  out->kind = kind;
  out->verified = piece_until(&in, SPAN(", verify="), &before) && piece_text(&in, SPAN("OK"));
}

static void read_message(struct span in, struct maillog_event *out)
{
  if (piece_text(&in, SPAN("from=")))
    read_from(in, out);
  else if (piece_text(&in, SPAN("to=")))
    read_to(in, out);
  else if (piece_text(&in, SPAN("ruleset=")))
    read_ruleset(in, out);
  else if (piece_text(&in, SPAN("Milter: ")))
    read_milter(in, out);
  else if (piece_text(&in, SPAN("connect from ")))
    out->kind = take_relay(&in, out) ? MAILLOG_CONNECT : MAILLOG_NOTHING;
  else if (piece_text(&in, SPAN("done; ")))
    out->kind = MAILLOG_REMOVED;
  else if (piece_text(&in, SPAN("invalid domain name (")))
    read_bad_helo(in, out);
  else if (piece_text(&in, SPAN("AUTH=")))
    read_server(in, MAILLOG_AUTH, out);
  else if (piece_text(&in, SPAN("STARTTLS=")))
    read_server(in, MAILLOG_TLS, out);
  else if (!read_unknown_user(in, out))
    read_command(in, out);
}

/* "Authentication-Warning: mx.example.org: [192.0.2.7] didn't use HELO protocol" */
static bool read_no_helo(struct span in, struct maillog_event *out)
{
  struct span before;

  if (!piece_text(&in, SPAN("Authentication-Warning: ")) ||
      !piece_until(&in, SPAN(": "), &before) || !take_relay(&in, out) ||
      !span_equals(in, SPAN(" didn't use HELO protocol")))
    return false;
  out->kind = MAILLOG_HELO;
  out->no_helo = true;
  return true;
}

void maillog_read_sendmail(const struct maillog_line *line, struct maillog_event *out)
{
  struct span in = line->message;

  out->mta = MAILLOG_SENDMAIL;
  (void)piece_queue_id(&in, &out->queue_id);
  if (!read_no_helo(in, out))
    read_message(in, out);
}
