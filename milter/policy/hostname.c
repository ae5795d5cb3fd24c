/*
 * Domain names: RFC 5321 section 4.1.2 with the U-labels of RFC 6531 section 3.3, and the check of
 * internationalised labels against IDNA 2008 (RFC 5890 to 5893).
 */
#include "hostname.h"

#include "cursor.h"

#include <idn2.h>
#include <string.h>

/* A U-label's octets can be told only after IDNA has made an A-label of it; until then it is
 * bounded by 63 code points of four octets. */
enum { U_LABEL_MAX = 4 * HOSTNAME_LABEL_MAX };

/* UTF8-2 / UTF8-3 / UTF8-4, RFC 3629 section 4: by first byte, the range of the second byte. */
static const struct {
  unsigned char first, last, second_from, second_to;
  size_t length;
} sequences[] = {
    {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static unsigned char octet(struct span in, size_t at)
{
  return (unsigned char)in.at[at];
}

size_t utf8_sequence(struct span in, size_t at)
{
  if (at >= in.len)
    return 0;
  for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
    size_t length = sequences[i].length;

    if (octet(in, at) < sequences[i].first || octet(in, at) > sequences[i].last)
      continue;
    if (length > in.len - at)
      return 0;
    if (length > 1 && (octet(in, at + 1) < sequences[i].second_from ||
                       octet(in, at + 1) > sequences[i].second_to))
      return 0;
    for (size_t n = 2; n < length; n++)
      if ((octet(in, at + n) & 0xc0) != 0x80)
        return 0;
    return length;
  }
  return 0;
}

/* A byte of a label: Let-dig / "-" / UTF8-non-ascii; bytes that are not UTF-8 and "_" pass here
 * too, for they have faults of their own. */
static bool is_label_byte(char byte)
{
  return byte_is_letter(byte) || byte_is_digit(byte) || byte == '-' || byte == '_' ||
         byte_is_8bit(byte);
}

/* Goes past one UTF8-non-ascii, or past one byte that is no UTF-8 and is noted. */
static void non_ascii(struct cursor *in, struct hostname *out, struct faults *faults)
{
  size_t length = utf8_sequence(in->in, in->at);

  if (!out->non_ascii) {
    out->non_ascii = true;
    out->non_ascii_at = in->at;
  }
  if (length == 0)
    faults_note(faults, FAULT_BAD_UTF8, in->at);
  in->at += length == 0 ? 1 : length;
}

/* The bytes of a label; whether all are ASCII. */
static bool label_bytes(struct cursor *in, struct hostname *out, struct faults *faults)
{
  bool ascii = true;

  while (!cursor_at_end(in) && is_label_byte(cursor_byte(in))) {
    char byte = cursor_byte(in);

    if (!byte_is_digit(byte))
      out->only_digits_and_dots = false;
    if (byte_is_8bit(byte)) {
      ascii = false;
      non_ascii(in, out, faults);
      continue;
    }
    if (byte == '_')
      faults_note(faults, FAULT_UNDERSCORE, in->at);
    in->at++;
  }
  return ascii;
}

static bool has_ace_prefix(struct span label)
{
  return span_starts_nocase(label, SPAN("xn--"));
}

/*
 * sub-domain = Let-dig [Ldh-str]                            RFC 5321, 4.1.2
 * Ldh-str    = *( ALPHA / DIGIT / "-" ) Let-dig
 * sub-domain =/ U-label                                     RFC 6531, 3.3
 *
 * Deviations: an underscore is noted and counts as a letter; an empty label is left to domain();
 * whether bytes over 0x7f make a U-label is left to hostname_check_idn().
 */
static void sub_domain(struct cursor *in, struct hostname *out, struct faults *faults)
{
  size_t from = in->at;
  bool ascii = label_bytes(in, out, faults);
  size_t most = ascii ? HOSTNAME_LABEL_MAX : U_LABEL_MAX;
  struct span label = cursor_since(in, from);

  if (label.len == 0)
    return;
  out->labels++;
  if (label.at[0] == '-')
    faults_note(faults, FAULT_HYPHEN_FIRST, from);
  if (label.at[label.len - 1] == '-')
    faults_note(faults, FAULT_HYPHEN_LAST, in->at - 1);
  if (label.len > most)
    faults_note(faults, FAULT_LABEL_LENGTH, from + most);
  if (has_ace_prefix(label))
    out->a_label = true;
}

/*
 * Domain = sub-domain *("." sub-domain)                     RFC 5321, 4.1.2
 *
 * Deviation: dots at the ends and dots in a row are noted and stepped over.
 */
static void domain(struct cursor *in, struct hostname *out, struct faults *faults)
{
  size_t from = in->at;

  sub_domain(in, out, faults);
  while (cursor_sees(in, '.')) {
    if (in->at == from)
      faults_note(faults, FAULT_DOT_FIRST, in->at);
    else if (in->in.at[in->at - 1] == '.')
      faults_note(faults, FAULT_DOT_DOUBLE, in->at);
    in->at++;
    sub_domain(in, out, faults);
  }
  if (in->at > from && in->in.at[in->at - 1] == '.')
    faults_note(faults, FAULT_DOT_LAST, in->at - 1);
}

void hostname_scan(struct span in, size_t from, struct hostname *out, struct faults *faults)
{
  struct cursor cursor = {in, from < in.len ? from : in.len};
  size_t begin = cursor.at;

  *out = (struct hostname){.only_digits_and_dots = true};
  domain(&cursor, out, faults);
  out->end = cursor.at;
  if (out->labels == 0)
    out->only_digits_and_dots = false;
  if (out->end - begin > HOSTNAME_MAX)
    faults_note(faults, FAULT_DOMAIN_LENGTH, begin + HOSTNAME_MAX);
}

/* Mapping must not bring forth what the grammar keeps out: nothing at all (a soft hyphen alone), a
 * dot (U+3002), "/" (U+2100), or an underscore that was not typed as one (U+FF3F). */
static bool is_host_label(const char *name, bool underscore)
{
  if (*name == '\0')
    return false;
  for (; *name != '\0'; name++)
    if (!byte_is_letter(*name) && !byte_is_digit(*name) && *name != '-' &&
        !(underscore && *name == '_'))
      return false;
  return true;
}

/*
 * The fault that a result of libidn2 stands for.
 * Deviation: an A-label of a code point that IDNA 2008 disallows is let pass. Domains with a heart
 * or a snowman in them were registered all the same, and mail programs send their A-labels.
 */
static enum fault_kind fault_of_idn(int result, bool a_label)
{
  switch (result) {
  case IDN2_DISALLOWED:
    return a_label ? FAULT_NONE : FAULT_BAD_U_LABEL;
  case IDN2_OK:
  case IDN2_MALLOC:         /* our trouble, not the sender's */
  case IDN2_ENCODING_ERROR: /* the UTF8 aspect has told it */
  case IDN2_UNASSIGNED:     /* unknown to the library's tables: newer than they are */
    return FAULT_NONE;
  case IDN2_PUNYCODE_BIG_OUTPUT:
  case IDN2_TOO_BIG_LABEL:
  case IDN2_TOO_BIG_DOMAIN:
    return FAULT_LABEL_LENGTH;
  default:
    return a_label ? FAULT_BAD_A_LABEL : FAULT_BAD_U_LABEL;
  }
}

/*
 * One label against IDNA 2008, with the mapping of UTS #46 (non-transitional) that mail programs
 * apply before they send: a capital or a decomposed letter that a program left as it was typed is
 * no reason to lose mail. What IDNA 2008 disallows stays disallowed. The bidi rule is applied
 * within the label only.
 */
static enum fault_kind check_label(struct span label, size_t *ascii_length)
{
  char name[U_LABEL_MAX + 1];
  bool a_label = has_ace_prefix(label);
  enum fault_kind kind;
  uint8_t *ascii = NULL;
  int result;

  *ascii_length = label.len;
  if (label.len > U_LABEL_MAX)
    return FAULT_LABEL_LENGTH;
  if (span_find(label, '\0') < label.len)
    return FAULT_BAD_U_LABEL;
  memcpy(name, label.at, label.len);
  name[label.len] = '\0';
  result = idn2_lookup_u8((const uint8_t *)name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  kind = fault_of_idn(result, a_label);
  if (result == IDN2_OK) {
    *ascii_length = strlen((const char *)ascii);
    if (!is_host_label((const char *)ascii, span_find(label, '_') < label.len))
      kind = FAULT_BAD_U_LABEL;
    idn2_free(ascii);
  }
  return kind;
}

/* Whether all bytes of a label are ASCII, and it has no "xn--" before it. */
static bool is_plain(struct span label)
{
  for (size_t i = 0; i < label.len; i++)
    if (byte_is_8bit(label.at[i]))
      return false;
  return !has_ace_prefix(label);
}

void hostname_check_idn(struct span in, size_t from, size_t to, struct faults *faults)
{
  struct span name = span_slice(in, from, to);
  size_t begin = 0, ascii_total = 0;

  if (name.len > HOSTNAME_MAX)
    return;
  while (begin < name.len) {
    struct span rest = span_slice(name, begin, name.len);
    struct span label = span_slice(rest, 0, span_find(rest, '.'));
    size_t ascii_length = label.len;

    if (!is_plain(label))
      faults_note(faults, check_label(label, &ascii_length), from + begin);
    ascii_total += ascii_length + 1;
    begin += label.len + 1;
  }
  if (ascii_total > HOSTNAME_MAX + 1)
    faults_note(faults, FAULT_DOMAIN_LENGTH, from);
}
