/*
 * Reply codes: the catalogue of reply.def as a table, and the reading of codes that a site writes
 * into its configuration. RFC 5321 section 4.2, RFC 3463 section 2.
 */
#include "reply.h"
#include "text.h"

static const struct reply_entry entries[] = {
#define REPLY(code, name, phrase, meaning, seen, fix) {code, name, phrase, meaning, seen, fix},
#include "reply.def"
#undef REPLY
};

enum { ENTRY_COUNT = sizeof(entries) / sizeof(entries[0]) };

const struct reply_entry *reply_all(size_t *count)
{
  *count = ENTRY_COUNT;
  return entries;
}

const struct reply_entry *reply_find(unsigned code)
{
  for (size_t i = 0; i < ENTRY_COUNT; i++)
    if (entries[i].code == code)
      return &entries[i];
  return NULL;
}

const char *reply_class(unsigned code)
{
  static const char *const classes[] = {
      [2] = "2xx positive completion",
      [3] = "3xx positive intermediate",
      [4] = "4xx transient negative",
      [5] = "5xx permanent negative",
  };

  return code < 200 || code > 599 ? "" : classes[code / 100];
}

bool reply_is_positive(unsigned code)
{
  return code >= 200 && code <= 399;
}

bool reply_is_deferral(unsigned code)
{
  return code >= 400 && code <= 499;
}

bool reply_is_refusal(unsigned code)
{
  return code >= 500 && code <= 599;
}

/* Reads 1 to 3 digits without a leading zero from *at on; false when there are none. */
static bool read_number(struct span in, size_t *at, unsigned *out)
{
  size_t from = *at;
  unsigned number = 0;

  while (*at < in.len && *at - from < 3 && byte_is_digit(in.at[*at]))
    number = number * 10 + (unsigned)(in.at[(*at)++] - '0');
  *out = number;
  return *at > from && (in.at[from] != '0' || *at - from == 1);
}

/* status-code = ("2"/"4"/"5") "." 1*3digit "." 1*3digit         RFC 3463, 2 */
static bool read_enhanced(struct span in, size_t *at, unsigned *class)
{
  unsigned part;

  if (!read_number(in, at, class) || (*class != 2 && *class != 4 && *class != 5))
    return false;
  for (int i = 0; i < 2; i++) {
    if (*at >= in.len || in.at[(*at)++] != '.' || !read_number(in, at, &part))
      return false;
  }
  return true;
}

enum reply_fault reply_status_parse(struct span span, struct reply_status *out)
{
  struct reply_status status = {0};
  size_t at = 0, from;
  unsigned code, class;

  span = span_trim(span);
  if (!read_number(span, &at, &code) || at != 3 || reply_find(code) == NULL)
    return REPLY_BAD_CODE;
  status.code = (uint16_t)code;
  if (at == span.len) {
    struct text enhanced = text_in(status.enhanced, sizeof(status.enhanced));

    text_add_number(&enhanced, code / 100);
    text_add(&enhanced, ".0.0");
    *out = status;
    return REPLY_OK;
  }
  if (span.at[at] != ' ')
    return REPLY_BAD_CODE;
  while (at < span.len && span.at[at] == ' ')
    at++;
  from = at;
  if (!read_enhanced(span, &at, &class))
    return REPLY_BAD_ENHANCED;
  if (at != span.len)
    return span.at[at] == ' ' ? REPLY_TRAILING : REPLY_BAD_ENHANCED;
  if (class != code / 100)
    return REPLY_CLASS_MISMATCH;
  for (size_t i = from; i < at; i++)
    status.enhanced[i - from] = span.at[i];
  *out = status;
  return REPLY_OK;
}

const char *reply_fault_text(enum reply_fault fault)
{
  static const char *const texts[] = {
      [REPLY_OK] = "",
      [REPLY_BAD_CODE] = "not a reply code that SMTP has; write for instance \"550 5.7.1\"",
      [REPLY_BAD_ENHANCED] = "not an enhanced status code; write for instance \"550 5.7.1\"",
      [REPLY_CLASS_MISMATCH] =
          ("the enhanced code must begin with the first digit of the reply code, "
           "as in \"550 5.7.1\" and \"450 4.7.1\""),
      [REPLY_TRAILING] = "only a code and an enhanced code here; the text goes into \"text\"",
  };

  return texts[fault];
}
