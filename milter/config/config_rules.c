/*
 * The group `rules`: what a site makes of each rule, and whether the replies that come of it can be
 * said.
 */
#include "../policy/probing.h"
#include "../policy/verdict.h"
#include "config_inner.h"

#include <stdio.h>
#include <string.h>

enum { LIMIT_MAX = 1000000 };

/* Words in a rule's list, and its text, for option_text_fits(). */
static const struct option_entry rule_names = {.kind = KIND_WORDS, .high = 255};
static const struct option_entry rule_text = {.kind = KIND_PLAIN, .high = 450};

/* What one rule's settings say, before it is known whether it makes sense. */
struct rule_reading {
  enum rule rule;
  bool answers; /* action = "answer" */
  struct rule_lines *lines;
  struct rule_setting *setting;
};

static const struct rule_entry *entry_of(const struct rule_reading *reading)
{
  return rule_entry(reading->rule);
}

/* "rules.helo-listed.names" */
static const char *member_path(const struct rule_reading *reading, const char *member, char *memory,
                               size_t size)
{
  snprintf(memory, size, "rules.%s.%s", entry_of(reading)->name, member);
  return memory;
}

static void read_action(struct reader *reader, const config_setting_t *setting,
                        struct rule_reading *reading)
{
  static const char *const words[] = {"off", "monitor", "refuse", "answer"};
  static const char takes[] = "\"off\", \"monitor\", \"refuse\" or \"answer\"";
  const char *name = entry_of(reading)->name;
  struct span word;
  struct guess guess;
  char hint[80];

  reading->lines->action = setting_line(setting);
  if (!setting_text(setting, &word)) {
    char what[80];

    snprintf(what, sizeof(what), "rules.%s", name);
    reader_wrong_type(reader, setting, what, takes);
    return;
  }
  reading->answers = span_equals(word, SPAN("answer"));
  if (rule_action_parse(word, &reading->setting->action))
    return;
  guess = guess_begin(word);
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    guess_offer(&guess, span_from(words[i]));
  reader_error(reader, setting_line(setting), "rules.%s = \"%.*s\": it takes %s%s", name,
               SHOWN(word), takes, guess_hint(&guess, hint, sizeof(hint), ""));
  reading->lines->action = 0;
}

static void read_reply(struct reader *reader, const config_setting_t *setting,
                       struct rule_reading *reading)
{
  char path[80];
  enum reply_fault fault;
  struct span code;

  member_path(reading, "reply", path, sizeof(path));
  if (!setting_text(setting, &code)) {
    reader_wrong_type(reader, setting, path, "a code in quotes, as \"550 5.7.1\" or \"550\"");
    return;
  }
  fault = reply_status_parse(code, &reading->setting->status);
  if (fault != REPLY_OK)
    reader_error(reader, setting_line(setting), "%s = \"%.*s\": %s", path, SHOWN(code),
                 reply_fault_text(fault));
  else
    reading->lines->reply = setting_line(setting);
}

static void read_text_member(struct reader *reader, const config_setting_t *setting,
                             struct rule_reading *reading)
{
  char path[80], memory[160];
  struct text why = text_in(memory, sizeof(memory));
  struct span said;

  member_path(reading, "text", path, sizeof(path));
  if (!setting_text(setting, &said)) {
    reader_wrong_type(reader, setting, path, "a text in quotes");
  } else if (!option_text_fits(&rule_text, said, &why)) {
    reader_error(reader, setting_line(setting), "%s = \"%.*s\": %s", path, SHOWN(said), memory);
  } else {
    reading->lines->text = setting_line(setting);
    if (!settings_copy(reader->settings, said, &reading->setting->text))
      reader_out_of_memory(reader);
  }
}

/* A limit of points that no network could ever reach would look like one and be none. */
static unsigned highest_limit(enum rule rule)
{
  for (enum ledger_cause cause = 0; cause < LEDGER_CAUSE_COUNT; cause++)
    if (probing_rule(cause) == rule)
      return LEDGER_LIMIT_MAX;
  return LIMIT_MAX;
}

static void read_limit(struct reader *reader, const config_setting_t *setting,
                       struct rule_reading *reading)
{
  char path[80];

  member_path(reading, "limit", path, sizeof(path));
  if (entry_of(reading)->limit == RULE_NO_LIMIT)
    reader_error(reader, setting_line(setting), "%s: this rule has no limit; remove it", path);
  else if (read_number(reader, setting, path, 1, highest_limit(reading->rule),
                       &reading->setting->limit))
    reading->lines->limit = setting_line(setting);
}

static void read_rule_names(struct reader *reader, const config_setting_t *setting,
                            struct rule_reading *reading)
{
  char path[80];

  member_path(reading, "names", path, sizeof(path));
  if ((entry_of(reading)->flags & RULE_FLAG_NAMES) == 0)
    reader_error(reader, setting_line(setting), "%s: this rule has no names; remove them", path);
  else if (read_names(reader, setting, path, &rule_names, &reading->setting->names))
    reading->lines->names = setting_line(setting);
}

static const struct {
  const char *name;
  void (*read)(struct reader *, const config_setting_t *, struct rule_reading *);
} members[] = {
    {"action", read_action}, {"reply", read_reply},      {"text", read_text_member},
    {"limit", read_limit},   {"names", read_rule_names},
};

enum { MEMBER_COUNT = sizeof(members) / sizeof(members[0]) };

static void read_member(struct reader *reader, const config_setting_t *setting,
                        struct rule_reading *reading)
{
  struct guess guess = guess_begin(setting_name(setting));
  char hint[80];

  for (size_t i = 0; i < MEMBER_COUNT; i++) {
    if (span_equals(setting_name(setting), span_from(members[i].name))) {
      members[i].read(reader, setting, reading);
      return;
    }
    guess_offer(&guess, span_from(members[i].name));
  }
  reader_error(
      reader, setting_line(setting), "rules.%s has no setting \"%.*s\"%s", entry_of(reading)->name,
      SHOWN(setting_name(setting)),
      guess_hint(&guess, hint, sizeof(hint), "; it has action, reply, text, limit and names"));
}

/* The reply that an action by itself stands for, and contradictions between the two. */
static void settle_reply(struct reader *reader, struct rule_reading *reading)
{
  struct rule_setting *setting = reading->setting;
  const char *name = entry_of(reading)->name;
  bool positive = reply_is_positive(setting->status.code);
  bool may_answer = reading->rule == RULE_COMMAND_VRFY || reading->rule == RULE_COMMAND_HELP;

  if (reading->lines->action == 0 || setting->action != ACTION_REFUSE ||
      reading->answers == positive)
    return;
  if (reading->answers && reading->lines->reply > 0)
    reader_error(reader, reading->lines->reply,
                 "rules.%s: \"answer\" goes with a 2xx reply and %u refuses; write action = "
                 "\"refuse\"",
                 name, setting->status.code);
  else if (reading->answers && reading->rule == RULE_COMMAND_VRFY)
    reply_status_parse(SPAN("252"), &setting->status);
  else if (reading->answers)
    reader_error(reader, reading->lines->action,
                 "rules.%s = \"answer\": this rule can only refuse; write \"refuse\"", name);
  else if (reading->lines->reply > 0 && may_answer)
    reader_error(reader, reading->lines->reply,
                 "rules.%s: \"refuse\" goes with a 4xx or 5xx reply and %u is none; write action = "
                 "\"answer\"",
                 name, setting->status.code);
  else if (reading->lines->reply == 0)
    reply_status_parse(SPAN("502 5.5.1"), &setting->status);
}

static void read_rule(struct reader *reader, const config_setting_t *setting)
{
  struct rule_reading reading = {.rule = rule_find(setting_name(setting))};
  struct guess guess = guess_begin(setting_name(setting));
  char hint[80];

  if (reading.rule == RULE_NONE) {
    for (enum rule rule = 0; rule < RULE_COUNT; rule++)
      guess_offer(&guess, span_from(rule_entry(rule)->name));
    reader_error(reader, setting_line(setting), "there is no rule \"%.*s\"%s",
                 SHOWN(setting_name(setting)),
                 guess_hint(&guess, hint, sizeof(hint), "; milter-strict(8) has the list"));
    return;
  }
  reading.setting = &reader->settings->policy.rules[reading.rule];
  reading.lines = &reader->rule_lines[reading.rule];
  reading.lines->rule = setting_line(setting);
  if (!config_setting_is_group(setting)) {
    read_action(reader, setting, &reading);
  } else {
    for (unsigned i = 0; i < (unsigned)config_setting_length(setting); i++)
      read_member(reader, config_setting_get_elem(setting, i), &reading);
  }
  if (reading.lines->limit > 0 && reading.lines->action == 0 &&
      entry_of(&reading)->action == ACTION_OFF)
    reading.setting->action = ACTION_REFUSE; /* who sets a limit wants it kept */
  settle_reply(reader, &reading);
}

void read_rules(struct reader *reader, const config_setting_t *group)
{
  for (unsigned i = 0; i < (unsigned)config_setting_length(group); i++)
    read_rule(reader, config_setting_get_elem(group, i));
}

/* The line to blame for a reply that cannot be said: the rule's own, else the link's or contact's.
 */
static unsigned reply_line(const struct reader *reader, enum rule rule)
{
  const struct rule_lines *lines = &reader->rule_lines[rule];
  unsigned url = reader->option_line[OPTION_REPLIES_URL];

  if (lines->reply > 0)
    return lines->reply;
  if (lines->text > 0)
    return lines->text;
  return url > 0 ? url : reader->option_line[OPTION_REPLIES_CONTACT];
}

void check_replies(struct reader *reader)
{
  bool blamed = false; /* link or contact: they are the same for all rules */

  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    const struct rule_lines *lines = &reader->rule_lines[rule];
    bool own = lines->reply > 0 || lines->text > 0;
    const char *why;

    if (verdict_reply_fits(&reader->settings->policy, rule, &why) || (!own && blamed))
      continue;
    reader_error(reader, reply_line(reader, rule), "the reply of rule %s cannot be said: %s",
                 rule_entry(rule)->name, why);
    blamed = blamed || !own;
  }
}
