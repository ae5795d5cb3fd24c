/*
 * Address literals of RFC 5321 section 4.1.3, and IP addresses as text: RFC 4291 section 2.2 to
 * read IPv6, RFC 5952 to write it.
 */
#include "literal.h"

#include "cursor.h"
#include "text.h"

#include <string.h>

enum {
  IP_GROUPS = 8,        /* 16-bit groups of an IPv6 address */
  COMP_GROUPS_SMTP = 6, /* most groups beside "::", RFC 5321: it stands for at least two */
  COMP_GROUPS_ANY = 7,  /* the same, RFC 4291: it stands for at least one */
};

/* What an IPv6 address has shown so far. */
struct groups {
  uint16_t value[IP_GROUPS];
  unsigned count;
  unsigned gap; /* groups before the "::" */
  bool has_gap;
  bool ends_in_ipv4;
  unsigned most_with_gap;
};

static const uint8_t ipv4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static int hex_value(char byte)
{
  char lower = byte_lower(byte);

  if (byte_is_digit(byte))
    return byte - '0';
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool is_hex(char byte)
{
  return hex_value(byte) >= 0;
}

/* Snum = 1*3DIGIT     ; a decimal integer value in the range 0 through 255     RFC 5321, 4.1.3
 * On failure the cursor stands at the first wrong byte, here as in all of these. */
static bool snum(struct cursor *in, uint8_t *out)
{
  unsigned value = 0, digits = 0;

  while (digits < 3 && !cursor_at_end(in) && byte_is_digit(cursor_byte(in))) {
    value = value * 10 + (unsigned)(cursor_byte(in) - '0');
    if (value > 255)
      return false;
    in->at++;
    digits++;
  }
  *out = (uint8_t)value;
  return digits > 0;
}

/* IPv4-address-literal = Snum 3("." Snum)                   RFC 5321, 4.1.3 */
static bool ipv4(struct cursor *in, uint8_t *out)
{
  if (!snum(in, &out[0]))
    return false;
  for (size_t i = 1; i < 4; i++)
    if (!cursor_take(in, '.') || !snum(in, &out[i]))
      return false;
  return true;
}

static bool add_group(struct groups *groups, unsigned value)
{
  if (groups->count >= (groups->has_gap ? groups->most_with_gap : IP_GROUPS))
    return false;
  groups->value[groups->count++] = (uint16_t)value;
  return true;
}

/* The last 32 bits as a dotted quad; the cursor stands at its first digit. */
static bool ipv4_tail(struct cursor *in, struct groups *groups)
{
  uint8_t quad[4];
  size_t from = in->at;

  if (!ipv4(in, quad))
    return false;
  groups->ends_in_ipv4 = true;
  if (add_group(groups, (unsigned)quad[0] << 8 | quad[1]) &&
      add_group(groups, (unsigned)quad[2] << 8 | quad[3]))
    return true;
  in->at = from;
  return false;
}

/* IPv6-hex = 1*4HEXDIG, or the IPv4-address-literal that may stand for the last two groups. */
static bool group(struct cursor *in, struct groups *groups)
{
  size_t from = in->at;
  unsigned value = 0;
  size_t digits = cursor_take_while(in, is_hex, 4);

  if (digits == 0)
    return false;
  if (cursor_sees(in, '.')) {
    in->at = from;
    return ipv4_tail(in, groups);
  }
  for (size_t i = from; i < in->at; i++)
    value = value << 4 | (unsigned)hex_value(in->in.at[i]);
  if (!add_group(groups, value)) {
    in->at = from;
    return false;
  }
  return true;
}

/* The second ":" of a "::", which may stand once and leaves room for the zeros it stands for. */
static bool gap(struct cursor *in, struct groups *groups)
{
  if (groups->has_gap || groups->count > groups->most_with_gap)
    return false;
  groups->has_gap = true;
  groups->gap = groups->count;
  return cursor_take(in, ':');
}

/*
 * IPv6-addr   = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp          RFC 5321, 4.1.3
 * IPv6-full   = IPv6-hex 7(":" IPv6-hex)
 * IPv6-comp   = [IPv6-hex *5(":" IPv6-hex)] "::" [IPv6-hex *5(":" IPv6-hex)]
 * IPv6v4-full = IPv6-hex 5(":" IPv6-hex) ":" IPv4-address-literal
 * IPv6v4-comp = [IPv6-hex *3(":" IPv6-hex)] "::"
 *               [IPv6-hex *3(":" IPv6-hex) ":"] IPv4-address-literal
 *
 * The four as one, by counting groups: an IPv4 tail counts as two. Reads to the end of the input.
 */
static bool ipv6_groups(struct cursor *in, struct groups *groups)
{
  if (cursor_take(in, ':')) {
    if (!cursor_sees(in, ':') || !gap(in, groups))
      return false;
    if (cursor_at_end(in))
      return true;
  }
  for (;;) {
    if (!group(in, groups))
      return false;
    if (cursor_at_end(in))
      return groups->has_gap || groups->count == IP_GROUPS;
    if (groups->ends_in_ipv4 || !cursor_take(in, ':'))
      return false;
    if (cursor_sees(in, ':')) {
      if (!gap(in, groups))
        return false;
      if (cursor_at_end(in))
        return true;
    }
  }
}

static bool ipv6(struct cursor *in, unsigned most_with_gap, struct ip *out)
{
  struct groups groups = {.most_with_gap = most_with_gap};
  unsigned before;

  if (!ipv6_groups(in, &groups))
    return false;
  *out = (struct ip){0};
  before = groups.has_gap ? groups.gap : groups.count;
  for (unsigned i = 0; i < groups.count; i++) {
    unsigned place = i < before ? i : i + IP_GROUPS - groups.count;

    out->bytes[2 * place] = (uint8_t)(groups.value[i] >> 8);
    out->bytes[2 * place + 1] = (uint8_t)(groups.value[i] & 0xff);
  }
  return true;
}

static struct ip ip_of_quad(const uint8_t *quad)
{
  struct ip ip;

  memcpy(ip.bytes, ipv4_prefix, sizeof(ipv4_prefix));
  memcpy(ip.bytes + sizeof(ipv4_prefix), quad, 4);
  return ip;
}

bool ip_parse_v4(struct span span, struct ip *out)
{
  struct cursor in = {span, 0};
  uint8_t quad[4];

  if (!ipv4(&in, quad) || !cursor_at_end(&in))
    return false;
  *out = ip_of_quad(quad);
  return true;
}

bool ip_parse_v6(struct span span, struct ip *out)
{
  struct cursor in = {span, 0};

  return ipv6(&in, COMP_GROUPS_ANY, out);
}

bool ip_parse(struct span span, struct ip *out)
{
  return ip_parse_v4(span, out) || ip_parse_v6(span, out);
}

bool ip_is_v4(struct ip ip)
{
  return memcmp(ip.bytes, ipv4_prefix, sizeof(ipv4_prefix)) == 0;
}

bool ip_equals(struct ip a, struct ip b)
{
  return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

/* dcontent = %d33-90 / %d94-126                             RFC 5321, 4.1.3 */
static bool is_dcontent(char byte)
{
  return (byte >= 33 && byte <= 90) || (byte >= 94 && byte <= 126);
}

/* Standardized-tag = Ldh-str                                RFC 5321, 4.1.3 */
static bool is_ldh(char byte)
{
  return byte_is_letter(byte) || byte_is_digit(byte) || byte == '-';
}

/*
 * General-address-literal = Standardized-tag ":" 1*dcontent       RFC 5321, 4.1.3
 *
 * Which tags are registered is not asked: "IPv6" is the only one, and it does not come here.
 * `in` ends before the "]" and holds dcontent only; on failure the cursor is at the wrong byte.
 */
static bool general(struct cursor *in)
{
  size_t tag = cursor_take_while(in, is_ldh, in->in.len);

  if (tag == 0 || !cursor_sees(in, ':'))
    return false;
  if (in->in.at[in->at - 1] == '-') {
    in->at--;
    return false;
  }
  in->at++;
  return !cursor_at_end(in);
}

/* What begins with a digit and has no tag can only be meant as an IPv4 address. */
static bool looks_like_ipv4(struct span inside)
{
  return byte_is_digit(inside.at[0]) && span_find(inside, ':') == inside.len;
}

/* IPv4-address-literal / IPv6-address-literal / General-address-literal: what stands between the
 * brackets, not empty. The cursor stands behind the "[", and its input ends before the "]". */
static enum fault_kind content(struct cursor *in, struct ip *ip, bool *is_ip)
{
  struct span all = span_slice(in->in, in->at, in->in.len);
  size_t from = in->at;
  uint8_t quad[4];

  if (span_starts_nocase(all, SPAN("IPv6:"))) {
    in->at += 5;
    *is_ip = ipv6(in, COMP_GROUPS_SMTP, ip);
    return *is_ip ? FAULT_NONE : FAULT_BAD_IPV6;
  }
  if (looks_like_ipv4(all)) {
    *is_ip = ipv4(in, quad) && cursor_at_end(in);
    if (!*is_ip)
      return FAULT_BAD_IPV4;
    *ip = ip_of_quad(quad);
    return FAULT_NONE;
  }
  /* Deviation: "2001:db8::1" fits the general form, its tag being "2001"; nobody can mean that. */
  if (ip_parse_v6(all, ip)) {
    *is_ip = true;
    in->at = from;
    return FAULT_NO_IPV6_TAG;
  }
  return general(in) ? FAULT_NONE : FAULT_BAD_TAG;
}

size_t literal_scan(struct span in, size_t from, struct ip *out, bool *is_ip, struct faults *faults)
{
  struct span rest = span_slice(in, from, in.len);
  size_t close = from + span_find(rest, ']');
  struct cursor cursor = {span_slice(in, 0, close), from + 1};
  enum fault_kind kind;
  struct ip ip;
  bool found = false;

  if (is_ip != NULL)
    *is_ip = false;
  if (close >= in.len) {
    faults_note(faults, FAULT_OPEN_LITERAL, from);
    return in.len;
  }
  cursor_take_while(&cursor, is_dcontent, cursor.in.len);
  if (cursor.at < close || close == from + 1) {
    faults_note(faults, FAULT_BAD_LITERAL, cursor.at);
    return close + 1;
  }
  cursor.at = from + 1;
  kind = content(&cursor, &ip, &found);
  faults_note(faults, kind, cursor.at);
  if (found && is_ip != NULL)
    *is_ip = true;
  if (found && out != NULL)
    *out = ip;
  return close + 1;
}

/* The run of at least two groups of zeros that RFC 5952 section 4.2 writes as "::": the longest,
 * of several the first. Returns its length, 0 for none. */
static unsigned longest_zeros(const struct ip *ip, unsigned *begin)
{
  unsigned best = 1, run = 0;

  for (unsigned i = 0; i < IP_GROUPS; i++) {
    run = ip->bytes[2 * i] == 0 && ip->bytes[2 * i + 1] == 0 ? run + 1 : 0;
    if (run > best) {
      best = run;
      *begin = i + 1 - run;
    }
  }
  return best > 1 ? best : 0;
}

static void add_hex(struct text *text, unsigned value)
{
  static const char digits[] = "0123456789abcdef";
  unsigned shift = 12;

  while (shift > 0 && value >> shift == 0)
    shift -= 4;
  for (;; shift -= 4) {
    text_add_byte(text, digits[value >> shift & 15]);
    if (shift == 0)
      return;
  }
}

static void add_quad(struct text *text, const uint8_t *quad)
{
  for (size_t i = 0; i < 4; i++) {
    if (i > 0)
      text_add_byte(text, '.');
    text_add_number(text, quad[i]);
  }
}

void ip_format(struct ip ip, char *text)
{
  struct text out = text_in(text, IP_TEXT_SIZE);
  unsigned begin = 0, zeros = longest_zeros(&ip, &begin);

  if (ip_is_v4(ip)) {
    add_quad(&out, ip.bytes + sizeof(ipv4_prefix));
    return;
  }
  for (unsigned i = 0; i < IP_GROUPS; i++) {
    if (zeros > 0 && i == begin) {
      text_add(&out, "::");
      i += zeros - 1;
      continue;
    }
    if (i > 0 && i != begin + zeros)
      text_add_byte(&out, ':');
    add_hex(&out, (unsigned)ip.bytes[2 * i] << 8 | ip.bytes[2 * i + 1]);
  }
}
