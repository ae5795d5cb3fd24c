/*
 * What servers are known by: their names, and turns of phrase that only one of them has.
 */
#include "recognise.h"

static const struct {
  const char *says;
  enum probe_server server;
} marks[] = {
    {"OpenSMTPD", PROBE_SERVER_OPENSMTPD},
    {"Postfix", PROBE_SERVER_POSTFIX},
    {"Sendmail", PROBE_SERVER_SENDMAIL},
    {"ESMTP Exim", PROBE_SERVER_EXIM},
    {"milter-strict; nothing is delivered", PROBE_SERVER_SESSION},
    {"Error: command not recognized", PROBE_SERVER_POSTFIX},
    {"Error: need MAIL command", PROBE_SERVER_POSTFIX},
    {"Error: nested MAIL command", PROBE_SERVER_POSTFIX},
    {"Error: send HELO/EHLO first", PROBE_SERVER_POSTFIX},
    {"... Sender ok", PROBE_SERVER_SENDMAIL},
    {"pleased to meet you", PROBE_SERVER_SENDMAIL},
    {"Need MAIL before RCPT", PROBE_SERVER_SENDMAIL},
    {"503 sender not yet given", PROBE_SERVER_EXIM},
    {"500 unrecognized command", PROBE_SERVER_EXIM},
    {"Invalid command: Command unrecognized", PROBE_SERVER_OPENSMTPD},
};

static bool contains(struct span text, struct span part)
{
  for (size_t at = 0; at + part.len <= text.len; at++)
    if (span_starts_nocase(span_slice(text, at, text.len), part))
      return true;
  return false;
}

enum probe_server recognise_server(struct span reply)
{
  for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
    if (contains(reply, span_from(marks[i].says)))
      return marks[i].server;
  return PROBE_SERVER_UNKNOWN;
}

static struct span next_word(struct span *text)
{
  size_t begin = 0, end;
  struct span word;

  while (begin < text->len && (text->at[begin] == ' ' || text->at[begin] == '/'))
    begin++;
  for (end = begin; end < text->len && text->at[end] != ' ' && text->at[end] != '/';)
    end++;
  word = span_slice(*text, begin, end);
  *text = span_slice(*text, end, text->len);
  return word;
}

static bool is_name(struct span word)
{
  static const char *const names[] = {"version", "sendmail", "exim", "postfix", "opensmtpd"};

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (span_equals_nocase(word, span_from(names[i])))
      return true;
  return false;
}

/* "4.96", "8.17.1.9", "3.7.11-debian": a number, a dot, a digit */
static bool is_version(struct span word)
{
  size_t at = 0;

  while (at < word.len && byte_is_digit(word.at[at]))
    at++;
  return at > 0 && at + 1 < word.len && word.at[at] == '.' && byte_is_digit(word.at[at + 1]);
}

bool recognise_version(struct span text, struct span *version)
{
  bool named = false;

  while (text.len > 0) {
    struct span word = next_word(&text);

    if (named && is_version(word)) {
      *version = word;
      return true;
    }
    named = is_name(word);
  }
  return false;
}
