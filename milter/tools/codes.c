/*
 * The catalogue of replies from its tables. RFC 5321 section 4.2, RFC 3463, RFC 5248.
 */
#include "codes.h"

static const struct code_entry codes[] = {
#define SPOKEN(code, when, administrator, source)                                                  \
  {code, NULL, NULL, NULL, NULL, when, administrator, source},
#define OTHER(code, name, meaning, seen, sender, when, administrator, source)                      \
  {code, name, meaning, seen, sender, when, administrator, source},
#include "codes.def"
#undef SPOKEN
#undef OTHER
};

static const struct enhanced_entry statuses[] = {
#define ENHANCED(status, name, codes, meaning, source) {status, name, codes, meaning, source},
#include "enhanced.def"
#undef ENHANCED
};

bool code_at(size_t index, struct code_entry *out)
{
  const struct reply_entry *reply;

  if (index >= sizeof(codes) / sizeof(codes[0]))
    return false;
  *out = codes[index];
  reply = reply_find(out->code);
  if (out->name == NULL && reply != NULL) {
    out->name = reply->name;
    out->meaning = reply->meaning;
    out->seen = reply->seen;
    out->sender = reply->fix;
  }
  return true;
}

bool code_find(unsigned code, struct code_entry *out)
{
  for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
    if (codes[i].code == code)
      return code_at(i, out);
  return false;
}

const struct enhanced_entry *enhanced_at(size_t index)
{
  return index < sizeof(statuses) / sizeof(statuses[0]) ? &statuses[index] : NULL;
}

const struct enhanced_entry *enhanced_find(struct span status)
{
  size_t dot = span_find(status, '.');

  if (span_find(span_slice(status, dot + 1, status.len), '.') + dot + 1 < status.len)
    status = span_slice(status, dot + 1, status.len); /* without its class */
  for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
    if (span_equals(status, span_from(statuses[i].status)))
      return &statuses[i];
  return NULL;
}

bool enhanced_goes_with(const struct enhanced_entry *entry, unsigned code)
{
  struct span rest = span_from(entry->codes);

  while (rest.len > 0) {
    size_t end = span_find(rest, ' ');
    unsigned value = 0;

    for (size_t i = 0; i < end; i++)
      value = value * 10 + (unsigned)(rest.at[i] - '0');
    if (value == code)
      return true;
    rest = span_slice(rest, end + 1, rest.len);
  }
  return false;
}

const char *enhanced_class(char digit)
{
  switch (digit) {
  case '2':
    return "2 success";
  case '4':
    return "4 persistent transient failure";
  case '5':
    return "5 permanent failure";
  default:
    return "";
  }
}

/* Three digits, 200 to 599; 0: it is something else. */
static unsigned read_code(struct span word)
{
  if (word.len != 3 || word.at[0] < '2' || word.at[0] > '5' || !byte_is_digit(word.at[1]) ||
      !byte_is_digit(word.at[2]))
    return 0;
  return (unsigned)(word.at[0] - '0') * 100 + (unsigned)(word.at[1] - '0') * 10 +
         (unsigned)(word.at[2] - '0');
}

/* class.subject.detail, each detail of one to three digits without a leading zero. */
static bool is_enhanced(struct span word)
{
  unsigned digits = 0, dots = 0;
  bool zero = false;

  if (word.len < 5 || word.len >= REPLY_ENHANCED_SIZE || *enhanced_class(word.at[0]) == '\0' ||
      word.at[1] != '.')
    return false;
  for (size_t i = 1; i < word.len; i++) {
    if (word.at[i] == '.') {
      if (i > 1 && digits == 0)
        return false;
      dots++;
      digits = 0;
      continue;
    }
    if (!byte_is_digit(word.at[i]) || ++digits > 3 || (digits > 1 && zero))
      return false;
    zero = digits == 1 && word.at[i] == '0';
  }
  return dots == 2 && digits > 0;
}

enum code_fault code_query_parse(struct span words, struct code_query *out)
{
  size_t space = span_find(words, ' ');
  struct span first = span_slice(words, 0, space),
              enhanced = span_slice(words, space + 1, words.len);
  struct code_query query = {.code = read_code(first)};
  struct text text = text_in(query.enhanced, sizeof(query.enhanced));
  struct code_entry entry;

  if (query.code == 0 && space == words.len)
    enhanced = first;
  if ((query.code == 0 || enhanced.len > 0) && !is_enhanced(enhanced))
    return CODE_NONE;
  if (query.code == 0 && space < words.len)
    return CODE_NONE;
  if (query.code != 0 && enhanced.len > 0 && enhanced.at[0] != first.at[0])
    return CODE_MISMATCH;
  if (query.code != 0 && !code_find(query.code, &entry))
    return CODE_UNKNOWN;
  if (query.code == 0 && enhanced_find(enhanced) == NULL)
    return CODE_UNKNOWN;
  text_add_span(&text, enhanced);
  *out = query;
  return CODE_OK;
}
