/*
 * What the files for all mail servers have in common: comments, notes, addresses, and what a rule
 * comes to.
 */
#include "mta.h"

#include "../config/endpoint.h"

#include <stdarg.h>
#include <string.h>

enum { COMMENT_COLUMNS = 98 };

void mta_note(struct mta *mta, bool wanting, const char *format, ...)
{
  va_list arguments;

  mta->wanting = mta->wanting || wanting;
  if (mta->note_count == MTA_NOTES_MAX)
    return;
  va_start(arguments, format);
  vsnprintf(mta->notes[mta->note_count++], MTA_NOTE_SIZE, format, arguments);
  va_end(arguments);
}

enum mta_stance mta_stance(const struct policy *policy, enum rule rule)
{
  const struct rule_setting *setting = &policy->rules[rule];

  if (setting->action == ACTION_OFF)
    return MTA_OFF;
  if (setting->action == ACTION_MONITOR || policy->mode == POLICY_MONITOR)
    return MTA_WATCH;
  return reply_is_positive(setting->status.code) ? MTA_ANSWER : MTA_REFUSE;
}

bool mta_speaks(const struct policy *policy, enum rule rule)
{
  return mta_stance(policy, rule) >= MTA_REFUSE;
}

void mta_comment(FILE *to, const char *mark, const char *words)
{
  size_t indent = strspn(words, " "), column = strlen(mark) + indent;
  struct span rest = span_from(words + indent);

  fprintf(to, "%s%*s", mark, (int)indent, "");
  while (rest.len > 0) {
    struct span word = span_slice(rest, 0, span_find(rest, ' '));

    if (column + 1 + word.len > COMMENT_COLUMNS) {
      column = strlen(mark) + 2 * indent;
      fprintf(to, "\n%s%*s", mark, (int)(2 * indent), "");
    }
    fprintf(to, " %.*s", (int)word.len, word.at);
    column += 1 + word.len;
    rest = span_slice(rest, word.len + 1, rest.len);
  }
  fputc('\n', to);
}

void mta_comment_notes(const struct mta *mta, FILE *to, const char *mark)
{
  for (unsigned i = 0; i < mta->note_count; i++) {
    char memory[MTA_NOTE_SIZE + 16];
    struct text note = text_in(memory, sizeof(memory));

    text_add(&note, "Note: ");
    text_add(&note, mta->notes[i]);
    mta_comment(to, mark, memory);
  }
  fputc('\n', to);
}

/* Bytes that need no care in any of the files. */
static bool is_plain(const char *string)
{
  for (; *string != '\0'; string++)
    if (!byte_is_letter(*string) && !byte_is_digit(*string) && strchr("._/:@+~-", *string) == NULL)
      return false;
  return true;
}

static bool has_prefix(const char *string, const char *prefix)
{
  return strncmp(string, prefix, strlen(prefix)) == 0;
}

/* Postfix takes a relative path as one in its queue directory, with a chroot and without. */
static void add_path(struct text *out, const char *path, enum mta_syntax syntax)
{
  static const char queue[] = "/var/spool/postfix/";

  text_add(out, "unix:");
  text_add(out,
           path + (syntax == MTA_SYNTAX_POSTFIX && has_prefix(path, queue) ? strlen(queue) : 0));
}

/* Where all addresses are listened on, the mail server is taken to be on the same machine. */
static const char *host_of(const struct endpoint *address)
{
  bool six = address->kind == ENDPOINT_INET6;

  if (address->host[0] == '\0' || strcmp(address->host, six ? "::" : "0.0.0.0") == 0)
    return six ? "::1" : "127.0.0.1";
  return address->host;
}

static void add_port(struct text *out, const struct endpoint *address, enum mta_syntax syntax)
{
  bool six = address->kind == ENDPOINT_INET6, postfix = syntax == MTA_SYNTAX_POSTFIX;
  const char *host = host_of(address);
  bool brackets = postfix && strchr(host, ':') != NULL;

  text_add(out, six && !postfix ? "inet6:" : "inet:");
  if (!postfix) {
    text_add_number(out, address->port);
    text_add(out, "@");
  }
  text_add(out, brackets ? "[" : "");
  text_add(out, host);
  text_add(out, brackets ? "]" : "");
  if (postfix) {
    text_add(out, ":");
    text_add_number(out, address->port);
  }
}

void mta_address(struct mta *mta, const char *option, struct span address, enum mta_syntax syntax,
                 char *out)
{
  struct text text = text_in(out, MTA_ADDRESS_SIZE);
  struct endpoint read;
  const char *why;

  if (address.len == 0 || !endpoint_parse(address, &read, &why))
    return;
  if (read.kind == ENDPOINT_FD)
    mta_note(mta, true,
             "%s is a descriptor, whose address only the service manager knows: name the address "
             "instead, for this command",
             option);
  else if (!is_plain(read.path) || !is_plain(read.host))
    mta_note(mta, true, "%s: name the socket with letters, digits and any of ._/:@+~- only",
             option);
  else if (read.kind == ENDPOINT_UNIX)
    add_path(&text, read.path, syntax);
  else
    add_port(&text, &read, syntax);
}
