/*
 * Requests of operators: split into words, each word by its table. Every answer to a wrong one says
 * what would be right, for somebody who typed it.
 */
#include "control_request.h"

#include "../policy/probing.h"

enum { WORDS_MAX = 8, SHOWN_MAX = 60 };

static const char *const sorts[CONTROL_SORT_COUNT] = {
#define KEY(name, word) [CONTROL_SORT_##name] = word,
    CONTROL_SORTS(KEY)
#undef KEY
};

struct words {
  struct span word[WORDS_MAX];
  unsigned count;
};

/* What is wrong with `word`, which is shown as far as it is short. */
static bool wrong(struct text *why, struct span word, const char *reason)
{
  text_add_byte(why, '"');
  text_add_quoted(why, span_slice(word, 0, SHOWN_MAX), "\"\\");
  text_add(why, word.len > SHOWN_MAX ? "\"...: " : "\": ");
  text_add(why, reason);
  return false;
}

static bool is_blank(char byte)
{
  return byte == ' ' || byte == '\t';
}

static bool split(struct span line, struct words *out, struct text *why)
{
  size_t at = 0;

  out->count = 0;
  while (at < line.len) {
    size_t end = at;

    while (end < line.len && !is_blank(line.at[end]))
      end++;
    if (end > at && out->count == WORDS_MAX)
      return wrong(why, span_slice(line, at, end), "is one word too many");
    if (end > at)
      out->word[out->count++] = span_slice(line, at, end);
    at = end + 1;
  }
  return true;
}

static bool is_number(struct span word)
{
  for (size_t i = 0; i < word.len; i++)
    if (!byte_is_digit(word.at[i]))
      return false;
  return word.len > 0;
}

static bool read_number(struct span digits, unsigned most, unsigned *out)
{
  unsigned long number = 0;

  if (!is_number(digits) || digits.len > 9)
    return false;
  for (size_t i = 0; i < digits.len; i++)
    number = number * 10 + (unsigned long)(digits.at[i] - '0');
  *out = (unsigned)number;
  return number >= 1 && number <= most;
}

static bool read_network(struct span word, struct control_request *out, struct text *why)
{
  enum netblock_fault fault = netblock_parse(word, &out->network);

  out->has_network = fault == NETBLOCK_OK;
  return out->has_network || wrong(why, word, netblock_fault_text(fault));
}

/* A number and a unit. */
static bool read_time(struct span word, uint32_t *out, struct text *why)
{
  static const struct {
    char letter;
    unsigned seconds;
  } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
  struct span digits = span_slice(word, 0, word.len - 1);
  unsigned number;

  for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
    if (word.at[word.len - 1] != units[i].letter || !is_number(digits))
      continue;
    if (!read_number(digits, LEDGER_SECONDS_MAX / units[i].seconds, &number))
      return wrong(why, word, "a time is at least 1s and at most 366d");
    *out = number * units[i].seconds;
    return true;
  }
  return wrong(why, word, "a time is written as 90s, 30m, 12h, 7d or 2w");
}

static bool read_sort(struct span word, struct control_request *out, struct text *why)
{
  for (enum control_sort sort = 0; sort < CONTROL_SORT_COUNT; sort++)
    if (span_equals(word, span_from(sorts[sort]))) {
      out->sort = sort;
      return true;
    }
  return wrong(why, word, "the order is one of since, until, network, points, times");
}

static bool read_rule(struct span word, struct control_request *out, struct text *why)
{
  out->rule = rule_find(word);
  for (enum ledger_cause cause = 0; cause < LEDGER_CAUSE_COUNT; cause++)
    if (out->rule == probing_rule(cause))
      return true;
  return wrong(why, word,
               out->rule == RULE_NONE
                   ? "there is no such rule; networks are refused by probe-* and client-refused"
                   : "no network is refused by it, but by probe-* and client-refused");
}

static bool read_limit(struct span word, struct control_request *out, struct text *why)
{
  return read_number(word, CONTROL_ROWS_MAX, &out->limit) ||
         wrong(why, word, "the limit is a number from 1 to 100000");
}

/* name=value */
static bool read_choice(struct span word, struct control_request *out, struct text *why)
{
  static const struct {
    struct span name;
    bool (*read)(struct span value, struct control_request *out, struct text *why);
  } choices[] = {{{"sort=", 5}, read_sort},
                 {{"rule=", 5}, read_rule},
                 {{"network=", 8}, read_network},
                 {{"limit=", 6}, read_limit}};

  for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
    struct span name = choices[i].name;

    if (span_equals(span_slice(word, 0, name.len), name))
      return choices[i].read(span_slice(word, name.len, word.len), out, why);
  }
  return wrong(why, word, "is not one of sort=, rule=, network=, limit=");
}

/* Commands: each reads the words behind its name. */

static bool read_nothing(const struct words *words, struct control_request *out, struct text *why)
{
  (void)out;
  return words->count == 1 || wrong(why, words->word[1], "is one word too many");
}

static bool read_refused(const struct words *words, struct control_request *out, struct text *why)
{
  for (unsigned i = 1; i < words->count; i++)
    if (!read_choice(words->word[i], out, why))
      return false;
  return true;
}

static bool read_refuse(const struct words *words, struct control_request *out, struct text *why)
{
  if (words->count < 2)
    return wrong(why, words->word[0], "the network is missing, as in 192.0.2.0/24");
  if (words->count > 3)
    return wrong(why, words->word[3], "is one word too many");
  return read_network(words->word[1], out, why) &&
         (words->count == 2 || read_time(words->word[2], &out->seconds, why));
}

static bool read_forgive(const struct words *words, struct control_request *out, struct text *why)
{
  if (words->count > 2)
    return wrong(why, words->word[2], "is one word too many");
  return read_refuse(words, out, why);
}

static const struct {
  const char *name;
  bool (*read)(const struct words *words, struct control_request *out, struct text *why);
} commands[CONTROL_COMMAND_COUNT] = {
    [CONTROL_STATUS] = {"status", read_nothing}, [CONTROL_REFUSED] = {"refused", read_refused},
    [CONTROL_REFUSE] = {"refuse", read_refuse},  [CONTROL_FORGIVE] = {"forgive", read_forgive},
    [CONTROL_RELOAD] = {"reload", read_nothing},
};

const char *control_command_name(enum control_command command)
{
  return commands[command].name;
}

static bool is_plain(struct span line)
{
  for (size_t i = 0; i < line.len; i++)
    if (byte_is_8bit(line.at[i]) || (byte_is_control(line.at[i]) && line.at[i] != '\t'))
      return false;
  return true;
}

bool control_request_parse(struct span line, struct control_request *out, struct text *why)
{
  struct words words;

  *out = (struct control_request){
      .seconds = CONTROL_REFUSE_SECONDS, .rule = RULE_NONE, .limit = CONTROL_ROWS_MAX};
  if (!is_plain(line))
    return wrong(why, line, "a request is a line of printable ASCII");
  if (!split(line, &words, why))
    return false;
  if (words.count == 0)
    return wrong(why, line, "a request is one of status, refused, refuse, forgive, reload");
  for (enum control_command command = 0; command < CONTROL_COMMAND_COUNT; command++)
    if (span_equals(words.word[0], span_from(commands[command].name))) {
      out->command = command;
      return commands[command].read(&words, out, why);
    }
  return wrong(why, words.word[0], "is not one of status, refused, refuse, forgive, reload");
}
