/*
 * ESMTP parameters: RFC 5321 section 4.1.2, RFC 6531 section 3.3, and the values of the extensions
 * in parameters.def, each by the RFC named there.
 */
#include "parameters.h"

#include "cursor.h"
#include "hostname.h"

#include <limits.h>

enum {
  LIST_MAX = 32,
  SIZE_DIGITS_MAX = 20,   /* RFC 1870, section 3 */
  SECONDS_DIGITS_MAX = 9, /* RFC 2852, section 4; RFC 4865, section 4 */
};

/*
 * The functions that read one value. Each returns false with the cursor at the first wrong byte;
 * that nothing follows is asked by their caller. Their input is known to be an esmtp-value.
 */

static bool take_word(struct cursor *in, struct span word)
{
  if (!span_starts_nocase(span_slice(in->in, in->at, in->in.len), word))
    return false;
  in->at += word.len;
  return true;
}

/* size-value ::= 1*20DIGIT                                  RFC 1870, 3 */
static bool read_size(struct cursor *in, struct parameters *out)
{
  size_t from = in->at;
  size_t digits = cursor_take_while(in, byte_is_digit, SIZE_DIGITS_MAX);
  unsigned long long size = 0;

  for (size_t i = from; i < in->at; i++) {
    unsigned digit = (unsigned)(in->in.at[i] - '0');

    size = size > (ULLONG_MAX - digit) / 10 ? ULLONG_MAX : size * 10 + digit;
  }
  if (digits == 0 || !cursor_at_end(in))
    return false;
  out->size = size;
  out->size_given = true;
  return true;
}

/* body-value = "7BIT" / "8BITMIME" / "BINARYMIME"           RFC 6152, 2; RFC 3030, 3 */
static bool read_body(struct cursor *in, struct parameters *out)
{
  (void)out;
  return take_word(in, SPAN("7BIT")) || take_word(in, SPAN("8BITMIME")) ||
         take_word(in, SPAN("BINARYMIME"));
}

/* ret-value = "FULL" / "HDRS"                               RFC 3461, 4.3 */
static bool read_ret(struct cursor *in, struct parameters *out)
{
  (void)out;
  return take_word(in, SPAN("FULL")) || take_word(in, SPAN("HDRS"));
}

/* notify-esmtp-value = "NEVER" / 1#notify-list-element      RFC 3461, 4.1
 * Deviation: an element may be there twice; it means the same. */
static bool read_notify(struct cursor *in, struct parameters *out)
{
  (void)out;
  if (take_word(in, SPAN("NEVER")))
    return true;
  do {
    if (!take_word(in, SPAN("SUCCESS")) && !take_word(in, SPAN("FAILURE")) &&
        !take_word(in, SPAN("DELAY")))
      return false;
  } while (cursor_take(in, ','));
  return true;
}

static bool is_hex(char byte)
{
  char lower = byte_lower(byte);

  return byte_is_digit(byte) || (lower >= 'a' && lower <= 'f');
}

/* xtext   = *( xchar / hexchar )                            RFC 3461, 4
 * hexchar = ASCII "+" immediately followed by two upper case hexadecimal digits
 * Deviations: digits in lower case, which Exim (in AUTH) and Exchange (in ENVID) are known to write
 * and Postfix reads; bytes over 0x7f, where the value may have them, are xchar. */
static bool read_xtext(struct cursor *in, struct parameters *out)
{
  (void)out;
  while (!cursor_at_end(in))
    if (!cursor_take(in, '+'))
      in->at++;
    else if (cursor_take_while(in, is_hex, 2) < 2)
      return false;
  return true;
}

/* atom of RFC 5322 section 3.2.3, as far as an esmtp-value can hold it */
static bool is_atom(char byte)
{
  return byte_is_letter(byte) || byte_is_digit(byte) ||
         span_find(SPAN("!#$%&'*+-/?^_`{|}~"), byte) < sizeof("!#$%&'*+-/?^_`{|}~") - 1;
}

/* original-recipient-address = addr-type ";" generic-address     RFC 3461, 4.2
 * addr-type = atom; generic-address = *CHAR, sent as xtext
 * Deviation: the three forms of an address of type "utf-8" (RFC 6533, 3) are not told apart. */
static bool read_orcpt(struct cursor *in, struct parameters *out)
{
  size_t from = in->at;

  if (cursor_take_while(in, is_atom, in->in.len) == 0)
    return false;
  if (!span_equals_nocase(cursor_since(in, from), SPAN("utf-8")))
    return cursor_take(in, ';') && read_xtext(in, out);
  if (!cursor_take(in, ';'))
    return false;
  in->at = in->in.len;
  return true;
}

/* by-value = by-time ";" by-mode [by-trace]                 RFC 2852, 4
 * by-time  = ["-" / "+"] 1*9digit     by-mode = "N" / "R"     by-trace = "T" */
static bool read_by(struct cursor *in, struct parameters *out)
{
  (void)out;
  if (!cursor_take(in, '-'))
    cursor_take(in, '+');
  if (cursor_take_while(in, byte_is_digit, SECONDS_DIGITS_MAX) == 0 || !cursor_take(in, ';'))
    return false;
  if (!take_word(in, SPAN("N")) && !take_word(in, SPAN("R")))
    return false;
  take_word(in, SPAN("T"));
  return true;
}

/* priority-value = (["-"] NZDIGIT) / "0"                    RFC 6710, 3 */
static bool read_priority(struct cursor *in, struct parameters *out)
{
  (void)out;
  if (cursor_take(in, '0'))
    return true;
  cursor_take(in, '-');
  return !cursor_sees(in, '0') && cursor_take_while(in, byte_is_digit, 1) == 1;
}

/* future-release-interval = 1*9DIGIT                        RFC 4865, 4 */
static bool read_seconds(struct cursor *in, struct parameters *out)
{
  (void)out;
  return cursor_take_while(in, byte_is_digit, SECONDS_DIGITS_MAX) > 0;
}

/* `shape`: "d" is a digit, every other byte is itself, letters in any case. */
static bool take_shape(struct cursor *in, const char *shape)
{
  for (; *shape != '\0'; shape++) {
    if (*shape == 'd' ? cursor_take_while(in, byte_is_digit, 1) == 0
                      : !take_word(in, (struct span){shape, 1}))
      return false;
  }
  return true;
}

/* future-release-date-time = date-time of RFC 3339, 5.6     RFC 4865, 4
 * Deviation: the shape only; the 31st of February passes, and so does an offset other than "Z". */
static bool read_date_time(struct cursor *in, struct parameters *out)
{
  (void)out;
  if (!take_shape(in, "dddd-dd-ddTdd:dd:dd"))
    return false;
  if (cursor_take(in, '.') && cursor_take_while(in, byte_is_digit, in->in.len) == 0)
    return false;
  if (take_word(in, SPAN("Z")))
    return true;
  return (cursor_take(in, '+') || cursor_take(in, '-')) && take_shape(in, "dd:dd");
}

static const struct row {
  struct span keyword;
  enum parameters_use use;
  bool (*read)(struct cursor *in, struct parameters *out); /* NULL: takes no value */
} rows[] = {
#define read_none NULL
#define PARAMETER(keyword, command, value)                                                         \
  {{keyword, sizeof(keyword) - 1}, PARAMETERS_##command, read_##value},
#include "parameters.def"
#undef PARAMETER
#undef read_none
};

static const struct row *find_row(struct span keyword, enum parameters_use use)
{
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (rows[i].use == use && span_equals_nocase(rows[i].keyword, keyword))
      return &rows[i];
  return NULL;
}

static bool is_let_dig(char byte)
{
  return byte_is_letter(byte) || byte_is_digit(byte);
}

static bool is_keyword_byte(char byte)
{
  return is_let_dig(byte) || byte == '-';
}

/* esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")    RFC 5321, 4.1.2 */
static struct span keyword(struct cursor *in)
{
  size_t from = in->at;

  if (cursor_take_while(in, is_let_dig, 1) == 1)
    cursor_take_while(in, is_keyword_byte, in->in.len);
  return cursor_since(in, from);
}

/* esmtp-value = 1*(%d33-60 / %d62-126)                      RFC 5321, 4.1.2
 * esmtp-value =/ UTF8-non-ascii                             RFC 6531, 3.3
 * Deviation: an "=" in a value is let pass. It is to be sent as "+3D", but bounce addresses are
 * full of it, not every sender encodes them in ORCPT, and mail servers take it. */
static bool value_bytes(struct cursor *in, bool utf8)
{
  while (!cursor_at_end(in)) {
    char byte = cursor_byte(in);
    size_t length = 1;

    if (byte_is_8bit(byte))
      length = utf8 ? utf8_sequence(in->in, in->at) : 0;
    else if (byte_is_control(byte) || byte == ' ')
      length = 0;
    if (length == 0)
      return false;
    in->at += length;
  }
  return true;
}

/* ["=" esmtp-value]; the cursor stands behind the keyword. Returns what is wrong there. */
static enum fault_kind value_syntax(struct cursor *in, bool utf8)
{
  if (cursor_at_end(in))
    return FAULT_NONE;
  if (!cursor_take(in, '='))
    return FAULT_PARAMETER_CHARACTER;
  if (cursor_at_end(in))
    return FAULT_PARAMETER_NO_VALUE;
  return value_bytes(in, utf8) ? FAULT_NONE : FAULT_PARAMETER_CHARACTER;
}

/* What its row asks of a value that is an esmtp-value; the cursor stands behind the keyword. */
static enum fault_kind value_meaning(struct cursor *in, const struct row *row,
                                     struct parameters *out)
{
  if (!cursor_take(in, '='))
    return FAULT_PARAMETER_NO_VALUE;
  return row->read(in, out) && cursor_at_end(in) ? FAULT_NONE : FAULT_PARAMETER_BAD_VALUE;
}

/* esmtp-param = esmtp-keyword ["=" esmtp-value]             RFC 5321, 4.1.2
 * Returns what is wrong, and the cursor is there. */
static enum fault_kind parameter(struct cursor *in, enum parameters_use use, bool utf8,
                                 struct parameters *out)
{
  struct span word = keyword(in);
  const struct row *row = find_row(word, use);
  size_t after = in->at;
  enum fault_kind kind;

  if (word.len == 0)
    return FAULT_PARAMETER_KEYWORD;
  if (row != NULL && row->read == NULL && cursor_sees(in, '='))
    return FAULT_PARAMETER_HAS_VALUE;
  kind = value_syntax(in, utf8);
  if (kind != FAULT_NONE)
    return kind;
  if (row == NULL && out->unknown.len == 0)
    out->unknown = word;
  if (row == NULL || row->read == NULL)
    return FAULT_NONE;
  in->at = after;
  return value_meaning(in, row, out);
}

static bool is_repeated(const struct span *keywords, size_t index)
{
  for (size_t i = 0; i < index; i++)
    if (keywords[index].len > 0 && span_equals_nocase(keywords[i], keywords[index]))
      return true;
  return false;
}

/* Keeps the fault of the first wrong parameter. */
static void note(struct parameters *out, size_t index, enum fault_kind kind, size_t at)
{
  if (faults_has(&out->faults, ASPECT_PARAMETERS) || kind == FAULT_NONE)
    return;
  out->bad = index;
  faults_note(&out->faults, kind, at);
}

void parameters_parse(const struct span *list, size_t count, enum parameters_use use,
                      struct parameters *out)
{
  size_t checked = count < LIST_MAX ? count : LIST_MAX;
  struct span keywords[LIST_MAX];

  *out = (struct parameters){0};
  for (size_t i = 0; i < checked && use == PARAMETERS_MAIL; i++)
    out->smtputf8 |= span_equals_nocase(list[i], SPAN("SMTPUTF8"));
  for (size_t i = 0; i < checked; i++) {
    struct cursor in = {list[i], 0};
    bool utf8 = out->smtputf8 || use == PARAMETERS_RCPT; /* what MAIL had is not known here */

    enum fault_kind kind = parameter(&in, use, utf8, out);

    keywords[i] = keyword(&(struct cursor){list[i], 0});
    note(out, i, kind, in.at);
    if (is_repeated(keywords, i))
      note(out, i, FAULT_PARAMETER_REPEATED, 0);
  }
  if (count > LIST_MAX)
    note(out, LIST_MAX, FAULT_PARAMETER_MANY, 0);
}

static bool is_blank(char byte)
{
  return byte == ' ' || byte == '\t';
}

static bool is_not_blank(char byte)
{
  return !is_blank(byte);
}

size_t parameters_split(struct span line, struct span *list, size_t room)
{
  struct cursor in = {line, 0};
  size_t count = 0;

  for (; count < room; count++) {
    size_t from;

    cursor_take_while(&in, is_blank, line.len);
    from = in.at;
    if (cursor_take_while(&in, is_not_blank, line.len) == 0)
      break;
    list[count] = cursor_since(&in, from);
  }
  return count;
}
