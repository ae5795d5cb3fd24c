/*
 * Lines of mail logs for tests: what is read from one, as text that a table can hold.
 */
#ifndef MILTER_STRICT_MAILLOG_CASE_H
#define MILTER_STRICT_MAILLOG_CASE_H

#include "../../milter/maillog/event.h"

#include "expect.h"
#include "protected.h"
#include "text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

struct line_row {
  const char *name, *line, *want;
};

static inline void add_field(struct text *text, const char *name, struct span value)
{
  if (value.at == NULL || (value.len == 0 && name[0] != 's' && name[0] != 'r'))
    return;
  text_add_byte(text, ' ');
  text_add(text, name);
  text_add_byte(text, '=');
  text_add_quoted(text, value, "");
}

static inline void add_flag(struct text *text, const char *name, bool set)
{
  if (!set)
    return;
  text_add_byte(text, ' ');
  text_add(text, name);
}

/* "refused RCPT client=192.0.2.7 id=4ABEF recipient=<a@b> ..." */
static inline void describe_event(struct text *text, const struct maillog_event *event)
{
  static const char *const kinds[] = {
      [MAILLOG_NOTHING] = "nothing",
      [MAILLOG_CONNECT] = "connect",
      [MAILLOG_DISCONNECT] = "disconnect",
      [MAILLOG_QUEUED] = "queued",
      [MAILLOG_STORED] = "stored",
      [MAILLOG_SENDER] = "sender",
      [MAILLOG_REFUSED] = "refused",
      [MAILLOG_DELIVERY] = "delivery",
      [MAILLOG_REMOVED] = "removed",
      [MAILLOG_COMMAND] = "command",
      [MAILLOG_HELO] = "helo",
      [MAILLOG_TLS] = "tls",
      [MAILLOG_AUTH] = "auth",
      [MAILLOG_SCREENED] = "screened",
      [MAILLOG_OURS] = "ours",
  };
  static const char *const commands[] = {
      [MAILLOG_AT_OTHER] = "other", [MAILLOG_AT_HELO] = "HELO", [MAILLOG_AT_MAIL] = "MAIL",
      [MAILLOG_AT_RCPT] = "RCPT",   [MAILLOG_AT_VRFY] = "VRFY", [MAILLOG_AT_END] = "end"};
  char client[IP_TEXT_SIZE];

  text_add(text, kinds[event->kind]);
  if (event->kind == MAILLOG_NOTHING)
    return;
  add_flag(text, commands[event->command],
           event->kind == MAILLOG_REFUSED || event->kind == MAILLOG_SCREENED);
  if (event->has_client) {
    ip_format(event->client, client);
    add_field(text, "client", span_from(client));
  }
  add_field(text, "id", event->queue_id);
  add_field(text, "code", event->code);
  add_field(text, "enhanced", event->enhanced);
  if (event->has_sender)
    add_field(text, "sender", event->sender);
  if (event->has_recipient)
    add_field(text, "recipient", event->recipient);
  add_field(text, "helo", event->helo);
  add_field(text, "text", event->text);
  if (event->kind == MAILLOG_SENDER) {
    text_add(text, " recipients=");
    text_add_number(text, event->recipients);
  }
  add_flag(text, "authenticated", event->authenticated);
  add_flag(text, "passed-on", event->passed_on);
  add_flag(text, "milter", event->by_milter);
  add_flag(text, "unknown", event->unknown_user);
  add_flag(text, "stored", event->stored);
  add_flag(text, "sent", event->sent);
  add_flag(text, "failed", event->failed);
  add_flag(text, "aborted", event->aborted);
  add_flag(text, "verified", event->verified);
  add_flag(text, "no-helo", event->no_helo);
  add_flag(text, "submission", event->submission);
}

/* Reads each row's line, with nothing readable before and behind it, and compares. */
static inline void check_rows(const struct line_row *rows, size_t count)
{
  struct protected_area area = protected_make(2048);

  for (size_t i = 0; i < count; i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span in = protected_place(&area, span_from(rows[i].line), side);
      struct maillog_line line;
      struct maillog_event event;
      char memory[1024];
      struct text text = text_in(memory, sizeof(memory));

      if (maillog_cut(in, &line)) {
        maillog_read(&line, &event);
        describe_event(&text, &event);
      } else {
        text_add(&text, "no line");
      }
      if (strcmp(text.at, rows[i].want) != 0)
        fail_msg("%s:\n got  %s\n want %s", rows[i].name, text.at, rows[i].want);
    }
  protected_free(&area);
}

#endif
