/*
 * The table of rules: what each row must be, and the defaults that sites rely on.
 */
#include "verdict.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void for_each_rule(void (*check)(enum rule rule, const struct rule_entry *entry))
{
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    check(rule, rule_entry(rule));
}

static bool is_ascii(const char *text)
{
  for (; *text != '\0'; text++)
    if (*text < ' ' || *text > '~')
      return false;
  return true;
}

/* Words of lower-case letters, joined by hyphens; a digit may stand in a word ("utf8"). */
static void check_identifier(enum rule rule, const struct rule_entry *entry)
{
  const char *name = entry->name;

  if (strlen(name) < 5 || strlen(name) > 24 || strchr(name, '-') == NULL)
    fail_msg("%s: not two words of sane length", name);
  for (const char *at = name; *at != '\0'; at++)
    if (!islower((unsigned char)*at) && !(isdigit((unsigned char)*at) && at > name) &&
        !(*at == '-' && at > name && at[1] != '\0' && at[1] != '-'))
      fail_msg("%s: bad character %c", name, *at);
  assert_int_equal(rule_find(span_from(name)), rule); /* unique, or the first one would be found */
}

static void check_reply(enum rule rule, const struct rule_entry *entry)
{
  struct reply_status parsed;
  char memory[32];
  struct text text = text_in(memory, sizeof(memory));

  (void)rule;
  text_add_number(&text, entry->status.code);
  text_add(&text, " ");
  text_add(&text, entry->status.enhanced);
  if (reply_status_parse(text_span(&text), &parsed) != REPLY_OK)
    fail_msg("%s: impossible reply %s", entry->name, text.at);
}

static void check_words(enum rule rule, const struct rule_entry *entry)
{
  size_t cause = strlen(entry->cause), remedy = strlen(entry->remedy);

  (void)rule;
  if (!is_ascii(entry->summary) || !is_ascii(entry->cause) || !is_ascii(entry->remedy) ||
      !is_ascii(entry->source))
    fail_msg("%s: not printable ASCII", entry->name);
  if (strlen(entry->summary) < 8 || strlen(entry->summary) > 60)
    fail_msg("%s: summary of %zu bytes", entry->name, strlen(entry->summary));
  if (remedy < 8 || remedy > 150 || entry->remedy[remedy - 1] == '.' ||
      !isupper((unsigned char)entry->remedy[0]))
    fail_msg("%s: remedy: %s", entry->name, entry->remedy);
  if (cause < 20 || entry->cause[cause - 1] != '.' || !isupper((unsigned char)entry->cause[0]))
    fail_msg("%s: cause: %s", entry->name, entry->cause);
  if (strstr(entry->source, "RFC ") != entry->source && strcmp(entry->source, "local policy") != 0)
    fail_msg("%s: source: %s", entry->name, entry->source);
}

/* HELD is for HELO alone; limits and actions are possible ones; what a rule says can be said. */
static void check_sense(enum rule rule, const struct rule_entry *entry)
{
  struct policy policy;
  const char *why;

  assert_true(entry->stage < STAGE_COUNT && entry->stage != STAGE_CONNECT);
  assert_true(entry->limit == RULE_NO_LIMIT || entry->limit > 0);
  assert_true((entry->flags & RULE_FLAG_HELD) == 0 || entry->stage == STAGE_HELO);
  assert_true((entry->flags & RULE_FLAG_NAMES) == 0 || rule == RULE_HELO_LISTED);
  policy_defaults(&policy);
  if (!verdict_reply_fits(&policy, rule, &why))
    fail_msg("%s: %s", entry->name, why);
}

static void rows_are_sound(void **state)
{
  (void)state;
  for_each_rule(check_identifier);
  for_each_rule(check_reply);
  for_each_rule(check_words);
  for_each_rule(check_sense);
}

/* What is promised to sites: identifier, where it is decided, what it does by default, its reply.
 */
static const struct {
  const char *name;
  enum stage stage;
  enum rule_action action;
  unsigned code;
  const char *enhanced;
} defaults[] = {
    {"helo-syntax", STAGE_HELO, ACTION_REFUSE, 501, "5.5.4"},
    {"helo-bare-address", STAGE_HELO, ACTION_MONITOR, 501, "5.5.4"},
    {"helo-unqualified", STAGE_HELO, ACTION_MONITOR, 501, "5.5.4"},
    {"helo-underscore", STAGE_HELO, ACTION_MONITOR, 501, "5.5.4"},
    {"helo-ours", STAGE_HELO, ACTION_REFUSE, 550, "5.7.1"},
    {"helo-listed", STAGE_HELO, ACTION_REFUSE, 550, "5.7.1"},
    {"helo-changed", STAGE_HELO, ACTION_MONITOR, 503, "5.5.1"},
    {"helo-missing", STAGE_MAIL, ACTION_REFUSE, 503, "5.5.1"},
    {"sender-brackets", STAGE_MAIL, ACTION_REFUSE, 501, "5.5.4"},
    {"recipient-brackets", STAGE_RCPT, ACTION_REFUSE, 501, "5.5.4"},
    {"sender-syntax", STAGE_MAIL, ACTION_REFUSE, 501, "5.1.7"},
    {"recipient-syntax", STAGE_RCPT, ACTION_REFUSE, 501, "5.1.3"},
    {"sender-unqualified", STAGE_MAIL, ACTION_REFUSE, 501, "5.1.7"},
    {"recipient-unqualified", STAGE_RCPT, ACTION_REFUSE, 501, "5.1.3"},
    {"sender-dots", STAGE_MAIL, ACTION_REFUSE, 501, "5.1.7"},
    {"recipient-dots", STAGE_RCPT, ACTION_REFUSE, 501, "5.1.3"},
    {"sender-length", STAGE_MAIL, ACTION_MONITOR, 501, "5.1.7"},
    {"recipient-length", STAGE_RCPT, ACTION_MONITOR, 501, "5.1.3"},
    {"sender-underscore", STAGE_MAIL, ACTION_MONITOR, 501, "5.1.7"},
    {"recipient-underscore", STAGE_RCPT, ACTION_MONITOR, 501, "5.1.3"},
    {"sender-utf8", STAGE_MAIL, ACTION_REFUSE, 550, "5.6.7"},
    {"recipient-utf8", STAGE_RCPT, ACTION_REFUSE, 553, "5.6.7"},
    {"sender-idn", STAGE_MAIL, ACTION_REFUSE, 501, "5.1.7"},
    {"recipient-idn", STAGE_RCPT, ACTION_REFUSE, 501, "5.1.3"},
    {"sender-literal", STAGE_MAIL, ACTION_REFUSE, 501, "5.1.7"},
    {"recipient-literal", STAGE_RCPT, ACTION_REFUSE, 501, "5.1.3"},
    {"sender-parameters", STAGE_MAIL, ACTION_REFUSE, 501, "5.5.4"},
    {"recipient-parameters", STAGE_RCPT, ACTION_REFUSE, 501, "5.5.4"},
    {"recipient-many", STAGE_RCPT, ACTION_OFF, 452, "4.5.3"},
    {"bounce-recipients", STAGE_RCPT, ACTION_MONITOR, 550, "5.5.3"},
    {"sequence-abandoned", STAGE_MAIL, ACTION_REFUSE, 421, "4.7.0"},
    {"sequence-mail", STAGE_MAIL, ACTION_REFUSE, 503, "5.5.1"},
    {"sequence-rcpt", STAGE_RCPT, ACTION_REFUSE, 503, "5.5.1"},
    {"sequence-data", STAGE_DATA, ACTION_REFUSE, 503, "5.5.1"},
    {"probe-recipients", STAGE_MAIL, ACTION_REFUSE, 421, "4.7.0"},
    {"probe-vrfy", STAGE_COMMAND, ACTION_REFUSE, 421, "4.7.0"},
    {"probe-callout", STAGE_MAIL, ACTION_REFUSE, 421, "4.7.0"},
    {"probe-commands", STAGE_COMMAND, ACTION_REFUSE, 421, "4.7.0"},
    {"client-refused", STAGE_COMMAND, ACTION_REFUSE, 421, "4.7.0"},
    {"command-vrfy", STAGE_COMMAND, ACTION_REFUSE, 502, "5.5.1"},
    {"command-expn", STAGE_COMMAND, ACTION_REFUSE, 502, "5.5.1"},
    {"command-turn", STAGE_COMMAND, ACTION_REFUSE, 502, "5.5.1"},
    {"command-send", STAGE_COMMAND, ACTION_REFUSE, 502, "5.5.1"},
    {"command-soml", STAGE_COMMAND, ACTION_REFUSE, 502, "5.5.1"},
    {"command-saml", STAGE_COMMAND, ACTION_REFUSE, 502, "5.5.1"},
    {"command-help", STAGE_COMMAND, ACTION_REFUSE, 214, "2.0.0"},
    {"command-unknown", STAGE_COMMAND, ACTION_REFUSE, 500, "5.5.2"},
    {"command-foreign", STAGE_COMMAND, ACTION_REFUSE, 421, "4.7.0"},
    {"command-long", STAGE_COMMAND, ACTION_REFUSE, 500, "5.5.2"},
    {"command-argument", STAGE_COMMAND, ACTION_REFUSE, 501, "5.5.4"},
    {"line-end", STAGE_COMMAND, ACTION_REFUSE, 500, "5.5.2"},
};

static void defaults_are_as_promised(void **state)
{
  size_t count = sizeof(defaults) / sizeof(defaults[0]);

  (void)state;
  if (count != RULE_COUNT)
    fail_msg("%zu rules are promised, there are %d", count, RULE_COUNT);
  for (size_t i = 0; i < count; i++) {
    enum rule rule = rule_find(span_from(defaults[i].name));
    const struct rule_entry *entry;

    if (rule == RULE_NONE)
      fail_msg("%s: no such rule", defaults[i].name);
    entry = rule_entry(rule);
    if (entry->stage != defaults[i].stage || entry->action != defaults[i].action ||
        entry->status.code != defaults[i].code ||
        strcmp(entry->status.enhanced, defaults[i].enhanced) != 0)
      fail_msg("%s: %s %s %u %s", entry->name, stage_name(entry->stage),
               rule_action_name(entry->action, 0), entry->status.code, entry->status.enhanced);
  }
}

static void built_in_policy_is_the_table(void **state)
{
  struct policy policy;

  (void)state;
  policy_defaults(&policy);
  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    const struct rule_setting *setting = &policy.rules[rule];
    const struct rule_entry *entry = rule_entry(rule);

    assert_int_equal(setting->action, entry->action);
    assert_int_equal(setting->status.code, entry->status.code);
    assert_string_equal(setting->status.enhanced, entry->status.enhanced);
    assert_int_equal(setting->limit, entry->limit == RULE_NO_LIMIT ? 0 : entry->limit);
    assert_int_equal(setting->text.len + setting->names.count, 0);
  }
}

static void finds_exact_names_only(void **state)
{
  static const char *const none[] = {"", "helo", "helo-", "HELO-SYNTAX", "helo-syntax ", "x"};

  (void)state;
  for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
    assert_int_equal(rule_find(span_from(none[i])), RULE_NONE);
  assert_int_equal(rule_find(SPAN("helo-syntax\0")), RULE_NONE);
}

static void words_for_actions(void **state)
{
  enum rule_action action = ACTION_MONITOR;

  (void)state;
  assert_true(rule_action_parse(SPAN("off"), &action) && action == ACTION_OFF);
  assert_true(rule_action_parse(SPAN("monitor"), &action) && action == ACTION_MONITOR);
  assert_true(rule_action_parse(SPAN("refuse"), &action) && action == ACTION_REFUSE);
  action = ACTION_OFF;
  assert_true(rule_action_parse(SPAN("answer"), &action) && action == ACTION_REFUSE);
  assert_false(rule_action_parse(SPAN(""), &action));
  assert_false(rule_action_parse(SPAN("Refuse"), &action));
  assert_false(rule_action_parse(SPAN("refuse "), &action));
  assert_string_equal(rule_action_name(ACTION_REFUSE, 550), "refuse");
  assert_string_equal(rule_action_name(ACTION_REFUSE, 252), "answer");
  assert_string_equal(rule_action_name(ACTION_MONITOR, 252), "monitor");
  assert_string_equal(rule_action_name(ACTION_OFF, 252), "off");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_sound),
      cmocka_unit_test(defaults_are_as_promised),
      cmocka_unit_test(built_in_policy_is_the_table),
      cmocka_unit_test(finds_exact_names_only),
      cmocka_unit_test(words_for_actions),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
