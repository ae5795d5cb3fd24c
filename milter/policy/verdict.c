/*
 * The words of a verdict. The first line stands alone, for it is what MTAs log and bounces show;
 * the lines after it show the place, and tell the remedy. Lines keep to RFC 5321 section 4.5.3.1.5
 * and hold nothing but printable ASCII, whatever the client sent.
 */
#include "verdict.h"

enum {
  WINDOW_COLUMNS = 72, /* of what the client sent */
  WINDOW_BEFORE = 40,  /* of these before the fault, when not all can be shown */
};

static const struct reply_status not_implemented = {502, "5.5.1"};

struct reply_status verdict_status(const struct policy *policy, enum rule rule,
                                   enum verdict_voice voice)
{
  const struct reply_status *status = &policy->rules[rule].status;

  if (voice == VERDICT_VOICE_NEGATIVE && reply_is_positive(status->code))
    return not_implemented;
  return *status;
}

static struct text next_line(struct reply_lines *out)
{
  return text_in(out->line[out->count++], sizeof(out->line[0]));
}

/* The part of what the client sent that is shown, and how much of it stands before the fault. */
struct window {
  struct span before, after;
  bool cut_before, cut_after;
};

/* Takes bytes from the end of `span` (or its beginning) while they fit into `columns`. */
static size_t fitting(struct span span, size_t columns, bool from_end)
{
  size_t taken = 0, width = 0;

  while (taken < span.len) {
    size_t at = from_end ? span.len - taken - 1 : taken;

    width += text_quoted_width(span_slice(span, at, at + 1), "");
    if (width > columns)
      break;
    taken++;
  }
  return taken;
}

static struct window window_around(struct span subject, size_t at)
{
  struct span before = span_slice(subject, 0, at), after = span_slice(subject, at, subject.len);
  size_t room = WINDOW_COLUMNS, tail = fitting(after, WINDOW_COLUMNS, false);
  size_t head, width;

  /* Everything before the fault when it all fits, else a part of it. */
  width = text_quoted_width(span_slice(after, 0, tail), "");
  head = fitting(before, width + WINDOW_BEFORE > room ? WINDOW_BEFORE : room - width, true);
  width = text_quoted_width(span_slice(before, before.len - head, before.len), "");
  tail = fitting(after, room - width, false);
  return (struct window){.before = span_slice(before, before.len - head, before.len),
                         .after = span_slice(after, 0, tail),
                         .cut_before = head < before.len,
                         .cut_after = tail < after.len};
}

static void add_echo(struct reply_lines *out, const struct verdict *verdict)
{
  /* Of a HELO name only so much is kept: a place behind that cannot be shown. */
  bool has_place = verdict->fault.kind != FAULT_NONE && verdict->fault.at <= verdict->subject.len;
  struct window window = window_around(verdict->subject, has_place ? verdict->fault.at : 0);
  struct text line;
  size_t column;

  if (verdict->subject.len == 0 && verdict->prefix.len == 0)
    return;
  line = next_line(out);
  text_add_quoted(&line, verdict->prefix, "");
  if (window.cut_before)
    text_add(&line, "...");
  text_add_quoted(&line, window.before, "");
  column = line.len;
  text_add_quoted(&line, window.after, "");
  if (window.cut_after)
    text_add(&line, "...");
  if (!has_place)
    return;
  line = next_line(out);
  while (column-- > 0)
    text_add_byte(&line, ' ');
  text_add(&line, "^ ");
  text_add(&line, fault_text(verdict->fault.kind));
}

/* The link, with "%rule" and "%%" replaced. */
static void add_url(struct text *line, struct span url, enum rule rule)
{
  const struct span mark = SPAN("%rule"), percent = SPAN("%%");

  while (url.len > 0) {
    size_t at = span_find(url, '%');
    struct span rest = span_slice(url, at, url.len);
    size_t step = rest.len > 0 ? 1 : 0;

    text_add_span(line, span_slice(url, 0, at));
    if (span_starts_nocase(rest, mark)) {
      text_add(line, rule_entry(rule)->name);
      step = mark.len;
    } else if (span_starts_nocase(rest, percent)) {
      text_add_byte(line, '%');
      step = percent.len;
    } else {
      text_add_span(line, span_slice(rest, 0, step));
    }
    url = span_slice(rest, step, rest.len);
  }
}

/* The remedy of the table, unless the site's own text tells what is to be told; link and contact.
 */
static void add_advice(struct reply_lines *out, const struct policy *policy, enum rule rule)
{
  bool own_text = policy->rules[rule].text.len > 0;
  struct text line;

  if (own_text && policy->url.len == 0 && policy->contact.len == 0)
    return;
  line = next_line(out);
  if (!own_text)
    text_add(&line, rule_entry(rule)->remedy);
  if (policy->url.len > 0) {
    text_add(&line, own_text ? "See " : "; see ");
    add_url(&line, policy->url, rule);
  }
  if (policy->contact.len > 0) {
    text_add(&line, own_text && policy->url.len == 0 ? "Questions to " : "; questions to ");
    text_add_quoted(&line, policy->contact, "");
  }
  if (line.cut)
    out->count--; /* verdict_reply_fits() does not let a configuration come to this */
}

/* "12 minutes", rounded up in the largest unit of which there are two at least. */
static void add_duration(struct text *line, uint32_t seconds)
{
  static const struct {
    uint32_t seconds;
    const char *one, *many;
  } units[] = {{86400, " day", " days"}, {3600, " hour", " hours"}, {60, " minute", " minutes"}};
  size_t unit = 0;
  uint32_t number;

  while (unit + 1 < sizeof(units) / sizeof(units[0]) && seconds < 2 * units[unit].seconds)
    unit++;
  number = seconds / units[unit].seconds + (seconds % units[unit].seconds > 0);
  text_add_number(line, number);
  text_add(line, number == 1 ? units[unit].one : units[unit].many);
}

/* `seconds`: how long the client should wait, 0 when that would be of no use. */
static bool add_first(struct reply_lines *out, const struct policy *policy, enum rule rule,
                      uint32_t seconds)
{
  const struct reply_entry *entry = reply_find(out->status.code);
  struct text line = next_line(out);

  if (policy->rules[rule].text.len > 0) {
    text_add_quoted(&line, policy->rules[rule].text, "");
  } else {
    if (entry != NULL)
      text_add(&line, entry->phrase);
    if (!reply_is_positive(out->status.code)) {
      text_add(&line, ": ");
      text_add(&line, rule_entry(rule)->summary);
    }
  }
  if (seconds > 0) {
    text_add(&line, "; try again in ");
    add_duration(&line, seconds);
  }
  text_add(&line, " (");
  text_add(&line, rule_entry(rule)->name);
  text_add(&line, ")");
  return !line.cut;
}

void verdict_reply(const struct policy *policy, const struct verdict *verdict,
                   enum verdict_voice voice, struct reply_lines *out)
{
  out->status = verdict_status(policy, verdict->rule, voice);
  out->count = 0;
  add_first(out, policy, verdict->rule, verdict->seconds);
  if (policy->detail == POLICY_DETAIL_BRIEF || reply_is_positive(out->status.code))
    return;
  add_echo(out, verdict);
  add_advice(out, policy, verdict->rule);
}

static bool is_printable(struct span span)
{
  for (size_t i = 0; i < span.len; i++)
    if (byte_is_control(span.at[i]) || byte_is_8bit(span.at[i]))
      return false;
  return true;
}

/* 2xx where a door can send it: VRFY's 252 and HELP's 214. 3xx, and 220 and 221, never. */
static bool code_is_possible(enum rule rule, unsigned code)
{
  if (reply_is_positive(code))
    return (rule == RULE_COMMAND_VRFY && code == 252) || (rule == RULE_COMMAND_HELP && code == 214);
  return reply_is_deferral(code) || reply_is_refusal(code);
}

static bool tells_time(enum rule rule)
{
  return rule >= RULE_PROBE_RECIPIENTS && rule < RULE_PROBE_RECIPIENTS + LEDGER_CAUSE_COUNT;
}

bool verdict_reply_fits(const struct policy *policy, enum rule rule, const char **why)
{
  const struct rule_setting *setting = &policy->rules[rule];
  struct reply_lines lines = {.status = setting->status};
  unsigned before;

  *why = NULL;
  if (reply_find(setting->status.code) == NULL || !code_is_possible(rule, setting->status.code))
    *why = "this rule cannot answer that code: a 4xx or 5xx code is needed (252 is possible for "
           "command-vrfy, 214 for command-help)";
  else if (setting->status.enhanced[0] != '\0' &&
           (unsigned)(setting->status.enhanced[0] - '0') != setting->status.code / 100)
    *why = reply_fault_text(REPLY_CLASS_MISMATCH);
  else if (!is_printable(setting->text) || !is_printable(policy->url) ||
           !is_printable(policy->contact))
    *why = "a reply holds printable ASCII only";
  else if (!add_first(&lines, policy, rule, tells_time(rule) ? LEDGER_SECONDS_MAX : 0))
    *why = "the text is too long: the first line of a reply takes 488 bytes with the rule's name";
  if (*why != NULL)
    return false;
  before = lines.count;
  add_advice(&lines, policy, rule);
  if (lines.count == before && (policy->url.len > 0 || policy->contact.len > 0)) {
    *why = "the link and the contact are too long: with the remedy they take at most 488 bytes";
    return false;
  }
  return true;
}

void reply_line_write(struct text *text, const struct reply_lines *reply, unsigned line)
{
  text_add_number(text, reply->status.code);
  text_add_byte(text, line + 1 < reply->count ? '-' : ' ');
  if (reply->status.enhanced[0] != '\0') {
    text_add(text, reply->status.enhanced);
    text_add_byte(text, ' ');
  }
  text_add(text, reply->line[line]);
}
