/*
 * Replies of a server that may be broken or hostile.
 */
#include "smtp_reply.h"

void smtp_reply_begin(struct smtp_reply *reply)
{
  reply->state = SMTP_REPLY_MORE;
  reply->code = reply->flaws = reply->lines = 0;
  reply->line_at = reply->len = 0;
}

/* Reply-code = %x32-35 %x30-35 %x30-39; the second digit is taken as it comes. 0: none. */
static unsigned code_of(struct span line)
{
  unsigned code = 0;

  if (line.len < 3 || line.at[0] < '2' || line.at[0] > '5')
    return 0;
  for (size_t i = 0; i < 3; i++) {
    if (!byte_is_digit(line.at[i]))
      return 0;
    code = code * 10 + (unsigned)(line.at[i] - '0');
  }
  return code;
}

static struct span without_line_end(struct span line)
{
  if (line.len > 0 && line.at[line.len - 1] == '\n')
    line.len--;
  if (line.len > 0 && line.at[line.len - 1] == '\r')
    line.len--;
  return line;
}

unsigned smtp_text_flaws(struct span text)
{
  struct span inner = without_line_end(text);
  unsigned flaws = 0;

  for (size_t i = 0; i < inner.len; i++) {
    if (byte_is_control(inner.at[i]) && inner.at[i] != '\t') /* HT is in textstring */
      flaws |= SMTP_FLAW_CONTROL;
    if (byte_is_8bit(inner.at[i]))
      flaws |= SMTP_FLAW_8BIT;
  }
  return flaws;
}

static unsigned flaws_of(struct span line)
{
  unsigned flaws = smtp_text_flaws(line);

  if (without_line_end(line).len + 2 != line.len)
    flaws |= SMTP_FLAW_LF;
  if (line.len > SMTP_REPLY_LINE_OCTETS)
    flaws |= SMTP_FLAW_LENGTH;
  return flaws;
}

static void end_line(struct smtp_reply *reply)
{
  struct span line = {reply->bytes + reply->line_at, reply->len - reply->line_at};
  struct span inner = without_line_end(line);
  unsigned code = code_of(inner);

  reply->lines++;
  reply->line_at = reply->len;
  reply->flaws |= flaws_of(line);
  if (code == 0) {
    reply->state = SMTP_REPLY_GARBAGE;
    return;
  }
  if (reply->code != 0 && reply->code != code)
    reply->flaws |= SMTP_FLAW_CODES;
  if (reply->code == 0)
    reply->code = code;
  if (inner.len > 3 && inner.at[3] != ' ' && inner.at[3] != '-')
    reply->flaws |= SMTP_FLAW_SEPARATOR;
  if (inner.len <= 3 || inner.at[3] != '-')
    reply->state = SMTP_REPLY_WHOLE;
  else if (reply->lines == SMTP_REPLY_LINES_MAX)
    reply->state = SMTP_REPLY_ENDLESS;
}

size_t smtp_reply_feed(struct smtp_reply *reply, struct span bytes)
{
  size_t used = 0;

  while (used < bytes.len && reply->state == SMTP_REPLY_MORE) {
    if (reply->len == SMTP_REPLY_MAX || reply->len - reply->line_at == SMTP_REPLY_LINE_MAX) {
      reply->state = SMTP_REPLY_ENDLESS;
      break;
    }
    reply->bytes[reply->len++] = bytes.at[used++];
    if (reply->bytes[reply->len - 1] == '\n')
      end_line(reply);
  }
  return used;
}

struct span smtp_reply_bytes(const struct smtp_reply *reply)
{
  return (struct span){reply->bytes, reply->line_at};
}

bool smtp_reply_next(struct span *rest, struct span *line)
{
  size_t end = span_find(*rest, '\n');

  if (rest->len == 0)
    return false;
  *line = without_line_end(span_slice(*rest, 0, end + 1));
  *rest = span_slice(*rest, end + 1, rest->len);
  return true;
}

struct span smtp_reply_text(struct span line)
{
  return span_slice(line, 4, line.len);
}

/* subject = 1*3DIGIT, detail = 1*3DIGIT; RFC 3463, 2 */
static bool take_number(struct span text, size_t *at, unsigned *out)
{
  size_t begin = *at;

  *out = 0;
  while (*at < text.len && *at - begin < 3 && byte_is_digit(text.at[*at]))
    *out = *out * 10 + (unsigned)(text.at[(*at)++] - '0');
  return *at > begin;
}

static bool take_dot(struct span text, size_t *at)
{
  return *at < text.len && text.at[(*at)++] == '.';
}

/* The length of the enhanced code at the beginning, 0 when there is none. */
static size_t enhanced_length(struct span text, struct smtp_enhanced *out)
{
  size_t at = 0;

  if (!take_number(text, &at, &out->class) || at != 1 || !take_dot(text, &at) ||
      !take_number(text, &at, &out->subject) || !take_dot(text, &at) ||
      !take_number(text, &at, &out->detail) || (at < text.len && text.at[at] != ' '))
    return 0;
  return out->class == 2 || out->class == 4 || out->class == 5 ? at : 0;
}

bool smtp_enhanced_parse(struct span text, struct smtp_enhanced *out)
{
  struct smtp_enhanced found;

  if (enhanced_length(text, &found) == 0)
    return false;
  *out = found;
  return true;
}

struct span smtp_enhanced_skip(struct span text)
{
  struct smtp_enhanced ignored;

  return span_trim(span_slice(text, enhanced_length(text, &ignored), text.len));
}

/* ehlo-line = ehlo-keyword *( SP ehlo-param ), on each line but the first; 4.1.1.1 */
static bool are_same(struct smtp_enhanced a, struct smtp_enhanced b)
{
  return a.class == b.class && a.subject == b.subject && a.detail == b.detail;
}

enum smtp_enhanced_fit smtp_reply_enhanced(const struct smtp_reply *reply)
{
  struct span rest = smtp_reply_bytes(reply), line;
  enum smtp_enhanced_fit found = SMTP_ENHANCED_FITS;
  struct smtp_enhanced first = {0}, enhanced;

  while (smtp_reply_next(&rest, &line)) {
    enum smtp_enhanced_fit here = SMTP_ENHANCED_FITS;

    if (!smtp_enhanced_parse(smtp_reply_text(line), &enhanced))
      here = SMTP_ENHANCED_MISSING;
    else if (enhanced.class != reply->code / 100)
      here = SMTP_ENHANCED_WRONG;
    else if (first.class == 0)
      first = enhanced;
    else if (!are_same(first, enhanced))
      here = SMTP_ENHANCED_MIXED;
    if (here > found)
      found = here;
  }
  return found;
}

bool smtp_reply_keyword(const struct smtp_reply *reply, const char *keyword,
                        struct span *parameters)
{
  struct span rest = smtp_reply_bytes(reply), line, wanted = span_from(keyword);
  bool first = true;

  while (smtp_reply_next(&rest, &line)) {
    struct span text = smtp_reply_text(line);

    /* "AUTH=PLAIN" is how some old programs announce it */
    if (!first && span_starts_nocase(text, wanted) &&
        (text.len == wanted.len || text.at[wanted.len] == ' ' || text.at[wanted.len] == '=')) {
      if (parameters != NULL)
        *parameters = span_trim(span_slice(text, wanted.len + 1, text.len));
      return true;
    }
    first = false;
  }
  return false;
}

const char *smtp_flaw_words(enum smtp_reply_flaw flaw)
{
  switch (flaw) {
  case SMTP_FLAW_LF:
    return "a line ends in a bare LF";
  case SMTP_FLAW_LENGTH:
    return "a line has more than 512 octets";
  case SMTP_FLAW_CONTROL:
    return "a control character";
  case SMTP_FLAW_8BIT:
    return "a byte over 127";
  case SMTP_FLAW_CODES:
    return "lines of one reply have different codes";
  case SMTP_FLAW_SEPARATOR:
    return "neither a space nor a hyphen after the code";
  case SMTP_FLAW_CUT:
    return "a reply breaks off";
  case SMTP_FLAW_GARBAGE:
    return "a line without a reply code";
  case SMTP_FLAW_ENDLESS:
    return "a reply without end";
  case SMTP_FLAW_END:
    break;
  }
  return "";
}
