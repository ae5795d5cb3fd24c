/*
 * Paths of MAIL FROM and RCPT TO: RFC 5321 section 4.1.2 with the UTF-8 of RFC 6531 section 3.3.
 *
 * Each function below reads one production, notes what is wrong and returns whether what follows
 * can still be understood.
 */
#include "address.h"

#include "cursor.h"
#include "hostname.h"
#include "literal.h"

#include <string.h>

/* One parse under way. */
struct reading {
  struct cursor in;
  struct address *out;
  enum address_use use;
  bool smtputf8;
};

static void note(struct reading *reading, enum fault_kind kind, size_t at)
{
  faults_note(&reading->out->faults, kind, at);
}

static void note_here(struct reading *reading, enum fault_kind kind)
{
  note(reading, kind, reading->in.at);
}

/* What is wrong with a byte that the production being read has no place for. */
static enum fault_kind fault_of_byte(char byte, enum fault_kind otherwise)
{
  if (byte_is_control(byte))
    return FAULT_CONTROL;
  if (byte == ' ')
    return FAULT_SPACE;
  return otherwise;
}

/* UTF8-non-ascii = UTF8-2 / UTF8-3 / UTF8-4                 RFC 6531, 3.3
 * Deviation: bytes that are not UTF-8 are noted and stepped over one by one. */
static void non_ascii(struct reading *reading)
{
  size_t length = utf8_sequence(reading->in.in, reading->in.at);

  reading->out->non_ascii = true;
  if (length == 0)
    note_here(reading, FAULT_BAD_UTF8);
  else if (!reading->smtputf8)
    note_here(reading, FAULT_NON_ASCII);
  reading->in.at += length == 0 ? 1 : length;
}

/* atext of RFC 5322 section 3.2.3, ASCII only. */
static bool is_atext(char byte)
{
  static const char special[] = "!#$%&'*+-/=?^_`{|}~";

  return byte_is_letter(byte) || byte_is_digit(byte) ||
         memchr(special, byte, sizeof(special) - 1) != NULL;
}

/* Whether the local part ends here: "@" or the end of the path. */
static bool local_ends(const struct cursor *in)
{
  return cursor_at_end(in) || cursor_byte(in) == '@' || cursor_byte(in) == '>';
}

/*
 * Dot-string = Atom *("." Atom)                             RFC 5321, 4.1.2
 * Atom       = 1*atext                                      atext =/ UTF8-non-ascii, RFC 6531, 3.3
 *
 * Deviation: dots at the ends and dots in a row are noted and stepped over.
 */
static bool dot_string(struct reading *reading)
{
  struct cursor *in = &reading->in;
  size_t from = in->at;

  while (!local_ends(in)) {
    char byte = cursor_byte(in);

    if (byte_is_8bit(byte)) {
      non_ascii(reading);
      continue;
    }
    if (byte == '.' && in->at == from)
      note_here(reading, FAULT_DOT_FIRST);
    else if (byte == '.' && in->in.at[in->at - 1] == '.')
      note_here(reading, FAULT_DOT_DOUBLE);
    else if (byte != '.' && !is_atext(byte)) {
      note_here(reading, fault_of_byte(byte, FAULT_BAD_CHARACTER));
      return false;
    }
    in->at++;
  }
  if (in->at > from && in->in.at[in->at - 1] == '.')
    note(reading, FAULT_DOT_LAST, in->at - 1);
  return true;
}

/*
 * Quoted-string  = DQUOTE *QcontentSMTP DQUOTE              RFC 5321, 4.1.2
 * QcontentSMTP   = qtextSMTP / quoted-pairSMTP
 * quoted-pairSMTP = %d92 %d32-126
 * qtextSMTP      = %d32-33 / %d35-91 / %d93-126             qtextSMTP =/ UTF8-non-ascii, RFC 6531
 *
 * No deviation: nothing at all between the quotes is allowed, too.
 */
static bool quoted_string(struct reading *reading)
{
  struct cursor *in = &reading->in;
  size_t from = in->at++;

  reading->out->quoted = true;
  while (!cursor_at_end(in)) {
    char byte = cursor_byte(in);

    if (byte_is_8bit(byte)) {
      non_ascii(reading);
      continue;
    }
    if (byte_is_control(byte)) {
      note_here(reading, FAULT_CONTROL);
      return false;
    }
    in->at++;
    if (byte == '"')
      return true;
    if (byte != '\\')
      continue;
    if (cursor_at_end(in) || byte_is_control(cursor_byte(in)) || byte_is_8bit(cursor_byte(in))) {
      note(reading, FAULT_BAD_ESCAPE, in->at - 1);
      return false;
    }
    in->at++;
  }
  note(reading, FAULT_OPEN_QUOTE, from);
  return false;
}

/* Local-part = Dot-string / Quoted-string                   RFC 5321, 4.1.2
 * Deviation: an empty one is left to mailbox(), which knows what stands there instead. */
static bool local_part(struct reading *reading)
{
  struct cursor *in = &reading->in;
  size_t from = in->at;
  bool quoted = cursor_sees(in, '"');
  bool good = quoted ? quoted_string(reading) : dot_string(reading);

  reading->out->local = cursor_since(in, from);
  if (!good)
    return false;
  if (quoted && !local_ends(in)) {
    note_here(reading, FAULT_AFTER_QUOTE);
    return false;
  }
  if (in->at - from > ADDRESS_LOCAL_MAX)
    note(reading, FAULT_LOCAL_LENGTH, from + ADDRESS_LOCAL_MAX);
  reading->out->postmaster = span_equals_nocase(reading->out->local, SPAN("postmaster"));
  return true;
}

/* What may not follow the domain, or not stand in it. */
static bool domain_ends(struct reading *reading)
{
  const struct cursor *in = &reading->in;
  enum fault_kind otherwise = FAULT_DOMAIN_CHARACTER;

  if (cursor_at_end(in) || cursor_byte(in) == '>')
    return true;
  if (cursor_byte(in) == '@')
    otherwise = FAULT_SECOND_AT;
  note_here(reading, fault_of_byte(cursor_byte(in), otherwise));
  return false;
}

/* Domain, with what its labels are besides their letters: qualified, and allowed by IDNA. */
static bool domain_name(struct reading *reading)
{
  struct cursor *in = &reading->in;
  struct address *out = reading->out;
  size_t from = in->at;
  struct hostname host;

  hostname_scan(in->in, from, &host, &out->faults);
  in->at = host.end;
  out->domain = cursor_since(in, from);
  if (host.non_ascii) {
    out->non_ascii = true;
    if (!reading->smtputf8)
      note(reading, FAULT_NON_ASCII, host.non_ascii_at);
  }
  if (!domain_ends(reading))
    return false;
  if (host.labels == 0)
    note(reading, FAULT_EMPTY_DOMAIN, from);
  if (host.labels == 1)
    note(reading, FAULT_ONE_LABEL, from);
  if (host.non_ascii || host.a_label)
    hostname_check_idn(in->in, from, host.end, &out->faults);
  return true;
}

/* address-literal; a ">" that ends the path is not searched for the "]", nor is it skipped when
 * something foreign stands before it. */
static void literal(struct reading *reading)
{
  struct cursor *in = &reading->in;
  size_t from = in->at, end = in->in.len;
  size_t stop = end > 0 && in->in.at[end - 1] == '>' ? end - 1 : end;

  reading->out->literal = true;
  in->at = literal_scan(span_slice(in->in, 0, stop), from, NULL, NULL, &reading->out->faults);
  reading->out->domain = cursor_since(in, from);
  if (cursor_at_end(in) || cursor_byte(in) == '>')
    return;
  note_here(reading, FAULT_AFTER_LITERAL);
  in->at += span_find(span_slice(in->in, in->at, end), '>');
}

/*
 * Mailbox = Local-part "@" ( Domain / address-literal )     RFC 5321, 4.1.2
 *
 * Deviation: the "@" and the domain may be wanting; this is noted unless it is "Postmaster" of
 * Forward-path.
 */
static bool mailbox(struct reading *reading)
{
  struct cursor *in = &reading->in;
  struct address *out = reading->out;

  if (!local_part(reading))
    return false;
  if (cursor_sees(in, '@') && out->local.len == 0) {
    note_here(reading, FAULT_NO_LOCAL_PART);
    return false;
  }
  if (cursor_take(in, '@')) {
    if (!cursor_sees(in, '['))
      return domain_name(reading);
    literal(reading);
    return true;
  }
  if (out->local.len == 0) {
    note_here(reading, FAULT_NO_PATH);
    return false;
  }
  if (!out->postmaster || reading->use == ADDRESS_SENDER)
    note_here(reading, FAULT_NO_DOMAIN);
  return true;
}

/*
 * At-domain = "@" Domain                                    RFC 5321, 4.1.2
 *
 * Deviations: underscores are passed over and IDNA is not asked, for the name is not used. Returns
 * false with a ROUTE fault noted where the name is wrong.
 */
static bool at_domain(struct reading *reading)
{
  struct cursor *in = &reading->in;
  struct faults *faults = &reading->out->faults;
  struct faults inner = {0};
  struct hostname host;

  if (!cursor_take(in, '@')) {
    note_here(reading, FAULT_ROUTE);
    return false;
  }
  hostname_scan(in->in, in->at, &host, &inner);
  if (host.labels == 0)
    faults_note(&inner, FAULT_ROUTE, in->at);
  faults_fold(&inner, ASPECT_DOTS, ASPECT_SYNTAX);
  if (faults_has(&inner, ASPECT_UTF8))
    faults_note(faults, inner.of[ASPECT_UTF8].kind, inner.of[ASPECT_UTF8].at);
  if (host.non_ascii && !reading->smtputf8)
    note(reading, FAULT_NON_ASCII, host.non_ascii_at);
  reading->out->non_ascii |= host.non_ascii;
  in->at = host.end;
  if (!faults_has(&inner, ASPECT_SYNTAX))
    return true;
  note(reading, FAULT_ROUTE, inner.of[ASPECT_SYNTAX].at);
  return false;
}

/* A path that begins with "@" is a source route if it has what a route has: "," or ":". Else its
 * local part was forgotten. */
static bool route_begins(const struct cursor *in)
{
  struct span rest = span_slice(in->in, in->at, in->in.len);

  return cursor_sees(in, '@') &&
         (span_find(rest, ':') < rest.len || span_find(rest, ',') < rest.len);
}

/* A-d-l ":"     A-d-l = At-domain *( "," At-domain )        RFC 5321, 4.1.2 and appendix C */
static bool route(struct reading *reading)
{
  struct cursor *in = &reading->in;

  reading->out->routed = true;
  do {
    if (!at_domain(reading))
      return false;
  } while (cursor_take(in, ','));
  if (cursor_take(in, ':'))
    return true;
  note_here(reading, FAULT_ROUTE);
  return false;
}

/* [ A-d-l ":" ] Mailbox */
static bool routed_mailbox(struct reading *reading)
{
  size_t from;
  bool good;

  if (route_begins(&reading->in) && !route(reading))
    return false;
  from = reading->in.at;
  good = mailbox(reading);
  reading->out->mailbox = cursor_since(&reading->in, from);
  return good;
}

/* "<>" of Reverse-path; the cursor stands between the two. */
static void null_path(struct reading *reading)
{
  reading->out->null = true;
  if (reading->use == ADDRESS_RECIPIENT)
    note_here(reading, FAULT_NULL_RECIPIENT);
}

/*
 * Path = "<" [ A-d-l ":" ] Mailbox ">"                      RFC 5321, 4.1.2
 *
 * Deviations: blanks before it and missing brackets are noted and judged on; blanks after it are
 * passed over, as RFC 5321 section 4.1.1 wants.
 */
static void path(struct reading *reading)
{
  struct cursor *in = &reading->in;
  bool open;

  while (cursor_take(in, ' ') || cursor_take(in, '\t'))
    note(reading, FAULT_NO_BRACKETS, 0);
  if (cursor_at_end(in)) {
    note_here(reading, FAULT_NO_PATH);
    return;
  }
  open = cursor_take(in, '<');
  if (!open)
    note_here(reading, FAULT_NO_BRACKETS);
  if (open && cursor_sees(in, '>'))
    null_path(reading);
  else if (!routed_mailbox(reading))
    return;
  if (!cursor_take(in, '>') && open)
    note_here(reading, FAULT_NO_CLOSING_BRACKET);
  else if (!cursor_at_end(in))
    note_here(reading, FAULT_AFTER_BRACKET);
}

void address_parse(struct span span, enum address_use use, bool smtputf8, struct address *out)
{
  struct span trimmed = span_trim(span);
  struct reading reading = {{span_trim_end(span), 0}, out, use, smtputf8};

  *out = (struct address){.path = span};
  out->bracketed = trimmed.len >= 2 && trimmed.at[0] == '<' && trimmed.at[trimmed.len - 1] == '>';
  path(&reading);
}
