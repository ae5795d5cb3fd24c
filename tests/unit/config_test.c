/*
 * Configurations that are right: every option and every rule takes what it says, the built-in
 * values are those of the tables, and what is written out reads as the same again.
 */
#include "config/config.h"
#include "config/dump.h"
#include "config/options.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads text that must be right. */
static struct settings read_good(const char *name, const char *text)
{
  static struct config_notes notes;
  struct settings settings;

  if (!config_load_text(name, span_from(text), &settings, &notes))
    fail_msg("%s: %s", name, notes.note[0].text);
  return settings;
}

static void expect_written(const char *row, const struct settings *settings, enum option_id option,
                           const char *want)
{
  char memory[512];
  struct text got = text_in(memory, sizeof(memory));

  option_add_value(&got, option_entry(option), settings);
  if (strcmp(memory, want) != 0)
    fail_msg("%s: %s is %s, want %s", row, option_entry(option)->path, memory, want);
}

static const struct {
  enum option_id option;
  const char *text, *value; /* as written; "" where it is the text's own */
} values[] = {
    {OPTION_MODE, "\"monitor\"", ""},
    {OPTION_OUR_NAMES, "[ \"mx.example.org\" ]", ""},
    {OPTION_OUR_NAMES, "( \"b.org\", \"A.org\", \"b.org\" )", "[ \"A.org\", \"b.org\" ]"},
    {OPTION_OUR_NAMES, "[ \"2001:DB8:0::1\", \"*.example.org\", \"pc_7\" ]",
     "[ \"*.example.org\", \"2001:db8::1\", \"pc_7\" ]"},
    {OPTION_SPEAK, "\"at-once\"", ""},
    {OPTION_USER, "\"_filter-1$\"", ""},
    {OPTION_GROUP, "\"postfix\"", ""},
    {OPTION_TIMEOUT, "10", ""},
    {OPTION_TIMEOUT, "86400", ""},
    {OPTION_TIMEOUT, "300L", "300"},
    {OPTION_LISTEN_MILTER, "\"inet:8890@127.0.0.1\"", ""},
    {OPTION_LISTEN_MILTER, "\"inet6:8890@::1\"", ""},
    {OPTION_LISTEN_MILTER, "\"fd:3\"", ""},
    {OPTION_LISTEN_POLICY, "\"unix:/var/spool/postfix/private/milter-strict\"", ""},
    {OPTION_LISTEN_POLICY, "\"\"", ""},
    {OPTION_LISTEN_SOCKETMAP, "\"inet:8892@127.0.0.1\"", ""},
    {OPTION_LISTEN_SOCKETMAP, "\"\"", ""},
    {OPTION_STATE_DIRECTORY, "\"\"", ""},
    {OPTION_STATE_DIRECTORY, "\"/srv/mail state\"", ""},
    {OPTION_PROBING_HALF_LIFE, "86400", ""},
    {OPTION_PROBING_REFUSE, "600", ""},
    {OPTION_PROBING_REFUSE_LONGEST, "86400", ""},
    {OPTION_PROBING_RATIO, "50", ""},
    {OPTION_PROBING_IPV4_PREFIX, "24", ""},
    {OPTION_PROBING_IPV6_PREFIX, "56", ""},
    {OPTION_PROBING_ENTRIES, "1000000", ""},
    {OPTION_PROBING_POINTS_UNKNOWN_RECIPIENT, "2", ""},
    {OPTION_PROBING_POINTS_VRFY, "0", ""},
    {OPTION_PROBING_POINTS_CALLOUT, "100", ""},
    {OPTION_PROBING_POINTS_ABANDONED, "0", ""},
    {OPTION_PROBING_POINTS_UNKNOWN_COMMAND, "3", ""},
    {OPTION_PROBING_POINTS_MALFORMED_COMMAND, "4", ""},
    {OPTION_PROBING_POINTS_DELIVERED, "5", ""},
    {OPTION_LISTEN_MODE, "\"0600\"", ""},
    {OPTION_LISTEN_MODE, "\"666\"", "\"0666\""},
    {OPTION_LISTEN_GROUP, "\"postfix\"", ""},
    {OPTION_LISTEN_BACKLOG, "65535", ""},
    {OPTION_LISTEN_CONTROL, "\"unix:/run/control\"", ""},
    {OPTION_LISTEN_CONTROL, "\"\"", ""},
    {OPTION_LISTEN_CONTROL_MODE, "\"0660\"", ""},
    {OPTION_LISTEN_CONTROL_GROUP, "\"adm\"", ""},
    {OPTION_EXEMPT_NETWORKS, "[ ]", ""},
    {OPTION_EXEMPT_NETWORKS, "[ \"2001:db8::/32\", \"192.0.2.0/24\", \"192.0.2.7\" ]",
     "[ \"192.0.2.0/24\", \"2001:db8::/32\" ]"},
    {OPTION_EXEMPT_AUTHENTICATED, "FALSE", "false"},
    {OPTION_EXEMPT_TLS_VERIFIED, "false", ""},
    {OPTION_EXEMPT_LOCAL, "false", ""},
    {OPTION_EXEMPT_DAEMONS, "[ \"ORIGINATING\" ]", ""},
    {OPTION_EXEMPT_RECIPIENTS, "[ ]", ""},
    {OPTION_REDIS_SERVER, "\"inet:6379@redis.example.org\"", ""},
    {OPTION_REDIS_SERVER, "\"inet6:6379@[2001:db8::7]\"", ""},
    {OPTION_REDIS_SERVER, "\"unix:/run/redis/redis.sock\"", ""},
    {OPTION_REDIS_USER, "\"relay\"", ""},
    {OPTION_REDIS_PASSWORD, "\"tell nobody\"", ""},
    {OPTION_REDIS_PASSWORD_FILE, "\"/etc/milter-strict/redis.password\"", ""},
    {OPTION_REDIS_TLS, "true", ""},
    {OPTION_REDIS_TLS_CA, "\"/etc/ssl/ca.pem\"", ""},
    {OPTION_REDIS_TLS_CERTIFICATE, "\"/etc/ssl/relay.pem\"", ""},
    {OPTION_REDIS_TLS_KEY, "\"/etc/ssl/relay.key\"", ""},
    {OPTION_REDIS_TLS_NAME, "\"redis.example.org\"", ""},
    {OPTION_REDIS_DATABASE, "15", ""},
    {OPTION_REDIS_PREFIX, "\"mail:\"", ""},
    {OPTION_REDIS_TIMEOUT, "1", ""},
    {OPTION_REPLIES_DETAIL, "\"brief\"", ""},
    {OPTION_REPLIES_URL, "\"https://mx.example.org/%%20#%rule\"", ""},
    {OPTION_REPLIES_URL, "\"mailto:postmaster@example.org\"", ""},
    {OPTION_REPLIES_CONTACT, "\"the \\\"desk\\\" \\\\ 1\"", ""},
    {OPTION_REPLIES_CONTACT, "\"in two \" \"parts\"", "\"in two parts\""},
    {OPTION_LOG_TO, "\"stderr\"", ""},
    {OPTION_LOG_FACILITY, "\"local7\"", ""},
    {OPTION_LOG_LEVEL, "\"debug\"", ""},
};
enum { VALUE_COUNT = sizeof(values) / sizeof(values[0]) };

/* `group: { name = value; };` or `name = value;` */
static void write_setting(char *memory, size_t size, const char *path, const char *value)
{
  const char *dot = strchr(path, '.');

  if (dot == NULL)
    snprintf(memory, size, "%s = %s;", path, value);
  else
    snprintf(memory, size, "%.*s: { %s = %s; };", (int)(dot - path), path, dot + 1, value);
}

static void every_option_takes_good_values(void **state)
{
  bool tried[OPTION_COUNT] = {false};
  char text[512];

  (void)state;
  for (size_t i = 0; i < VALUE_COUNT; i++) {
    const char *path = option_entry(values[i].option)->path;
    struct settings settings;

    write_setting(text, sizeof(text), path, values[i].text);
    settings = read_good(text, text);
    expect_written(text, &settings, values[i].option,
                   *values[i].value == '\0' ? values[i].text : values[i].value);
    for (enum option_id other = 0; other < OPTION_COUNT; other++)
      if (other != values[i].option)
        expect_written(text, &settings, other, option_entry(other)->fallback);
    settings_free(&settings);
    tried[values[i].option] = true;
  }
  for (enum option_id option = 0; option < OPTION_COUNT; option++)
    if (!tried[option])
      fail_msg("%s has no row in this test", option_entry(option)->path);
}

static void every_word_of_a_choice_is_taken(void **state)
{
  char text[128], value[64];

  (void)state;
  for (enum option_id option = 0; option < OPTION_COUNT; option++) {
    const struct option_entry *entry = option_entry(option);

    for (size_t i = 0; entry->words != NULL && entry->words[i] != NULL; i++) {
      struct settings settings;

      snprintf(value, sizeof(value), "\"%s\"", entry->words[i]);
      write_setting(text, sizeof(text), entry->path, value);
      settings = read_good(text, text);
      expect_written(text, &settings, option, value);
      settings_free(&settings);
    }
  }
}

static bool same_names(struct names a, struct names b)
{
  bool same = a.count == b.count;

  for (size_t i = 0; same && i < a.count; i++)
    same = span_equals(a.list[i], b.list[i]);
  return same;
}

/* The tables' defaults, and what policy_defaults() gives to those who read no configuration. */
static void empty_file_gives_the_defaults_of_the_core(void **state)
{
  static const char *const empties[] = {"", "\n", " \t\r\n", "# no line end", "/* */", "//"};
  struct policy core;

  (void)state;
  policy_defaults(&core);
  for (size_t i = 0; i < sizeof(empties) / sizeof(empties[0]); i++) {
    struct settings settings = read_good("empty", empties[i]);
    const struct policy *read = &settings.policy;

    assert_int_equal(read->mode, core.mode);
    assert_int_equal(read->speak, core.speak);
    assert_int_equal(read->detail, core.detail);
    assert_true(span_equals(read->url, core.url) && span_equals(read->contact, core.contact));
    assert_true(same_names(read->our_names, core.our_names));
    assert_true(same_names(read->exempt_daemons, core.exempt_daemons));
    assert_true(same_names(read->reachable, core.reachable));
    assert_int_equal(read->exempt_network_count, core.exempt_network_count);
    assert_memory_equal(read->exempt_networks, core.exempt_networks,
                        core.exempt_network_count * sizeof(*core.exempt_networks));
    assert_int_equal(read->exempt_authenticated, core.exempt_authenticated);
    assert_int_equal(read->exempt_tls_verified, core.exempt_tls_verified);
    assert_int_equal(read->exempt_local, core.exempt_local);
    for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
      assert_int_equal(read->rules[rule].action, core.rules[rule].action);
      assert_int_equal(read->rules[rule].status.code, core.rules[rule].status.code);
      assert_int_equal(read->rules[rule].limit, core.rules[rule].limit);
    }
    settings_free(&settings);
  }
}

/* The rule with this action, set by a word or in a group; nothing else may change. */
static void expect_action(enum rule rule, enum rule_action action, bool grouped)
{
  const char *name = rule_entry(rule)->name, *word = rule_action_name(action, 550);
  struct settings settings;
  char text[128];

  if (grouped)
    snprintf(text, sizeof(text), "rules: { %s = { action = \"%s\"; }; };", name, word);
  else
    snprintf(text, sizeof(text), "rules: { %s = \"%s\"; };", name, word);
  settings = read_good(text, text);
  if (settings.policy.rules[rule].action != action)
    fail_msg("%s: action is %d", text, settings.policy.rules[rule].action);
  for (enum rule other = 0; other < RULE_COUNT; other++)
    if (other != rule && settings.policy.rules[other].action != rule_entry(other)->action)
      fail_msg("%s: changes %s", text, rule_entry(other)->name);
  settings_free(&settings);
}

static void every_rule_takes_every_action(void **state)
{
  (void)state;
  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    for (enum rule_action action = ACTION_OFF; action <= ACTION_REFUSE; action++) {
      expect_action(rule, action, false);
      expect_action(rule, action, true);
    }
  }
}

static const struct {
  const char *name, *text;
  enum rule rule;
  enum rule_action action;
  unsigned code;
  const char *enhanced, *said;
  unsigned limit;
} rules[] = {
    {"code alone", "command-vrfy = { reply = \"252\"; };", RULE_COMMAND_VRFY, ACTION_REFUSE, 252,
     "2.0.0", "", 0},
    {"VRFY answers", "command-vrfy = \"answer\";", RULE_COMMAND_VRFY, ACTION_REFUSE, 252, "2.0.0",
     "", 0},
    {"VRFY answers as told", "command-vrfy = { action = \"answer\"; reply = \"252 2.5.2\"; };",
     RULE_COMMAND_VRFY, ACTION_REFUSE, 252, "2.5.2", "", 0},
    {"HELP answers", "command-help = \"answer\";", RULE_COMMAND_HELP, ACTION_REFUSE, 214, "2.0.0",
     "", 0},
    {"HELP refuses", "command-help = \"refuse\";", RULE_COMMAND_HELP, ACTION_REFUSE, 502, "5.5.1",
     "", 0},
    {"HELP monitors", "command-help = \"monitor\";", RULE_COMMAND_HELP, ACTION_MONITOR, 214,
     "2.0.0", "", 0},
    {"reply and text", "command-expn = { reply = \"502 5.7.0\"; text = \"Private\"; };",
     RULE_COMMAND_EXPN, ACTION_REFUSE, 502, "5.7.0", "Private", 0},
    {"deferral", "sender-dots = { reply = \"450 4.1.7\"; };", RULE_SENDER_DOTS, ACTION_REFUSE, 450,
     "4.1.7", "", 0},
    {"hang-up", "sender-dots = { reply = \"421 4.7.0\"; };", RULE_SENDER_DOTS, ACTION_REFUSE, 421,
     "4.7.0", "", 0},
    {"limit alone refuses", "recipient-many = { limit = 7; };", RULE_RECIPIENT_MANY, ACTION_REFUSE,
     452, "4.5.3", "", 7},
    {"limit and action", "recipient-many = { limit = 7; action = \"monitor\"; };",
     RULE_RECIPIENT_MANY, ACTION_MONITOR, 452, "4.5.3", "", 7},
    {"limit and off", "recipient-many = { action = \"off\"; limit = 7; };", RULE_RECIPIENT_MANY,
     ACTION_OFF, 452, "4.5.3", "", 7},
    {"another limit", "sequence-abandoned = { limit = 1000000; };", RULE_SEQUENCE_ABANDONED,
     ACTION_REFUSE, 421, "4.7.0", "", 1000000},
};

static void rules_take_replies_texts_and_limits(void **state)
{
  char text[160];

  (void)state;
  for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
    const struct rule_setting *got;
    struct settings settings;

    snprintf(text, sizeof(text), "rules: { %s };", rules[i].text);
    settings = read_good(rules[i].name, text);
    got = &settings.policy.rules[rules[i].rule];
    if (got->action != rules[i].action || got->status.code != rules[i].code ||
        strcmp(got->status.enhanced, rules[i].enhanced) != 0)
      fail_msg("%s: action %d, reply %u %s", rules[i].name, got->action, got->status.code,
               got->status.enhanced);
    if (!span_equals(got->text, span_from(rules[i].said)))
      fail_msg("%s: text is \"%s\"", rules[i].name, got->text.at);
    if (rules[i].limit > 0 && got->limit != rules[i].limit)
      fail_msg("%s: limit is %u", rules[i].name, got->limit);
    settings_free(&settings);
  }
}

static void names_of_a_rule_are_sorted(void **state)
{
  struct settings settings = read_good(
      "names",
      "rules: { helo-listed = { names = [ \"ylmf-pc\", \"*.Example.net\", \"User\" ]; }; };");
  struct names names = settings.policy.rules[RULE_HELO_LISTED].names;

  (void)state;
  assert_int_equal(names.count, 3);
  assert_true(names_contain(names, SPAN("YLMF-PC")));
  assert_true(names_contain(names, SPAN("a.example.net")));
  assert_false(names_contain(names, SPAN("example.net")));
  settings_free(&settings);
}

/* Every span of the settings ends in a NUL, and none is NULL. */
static void texts_are_c_strings(void **state)
{
  struct settings settings = read_good("texts", "user = \"filter\"; replies: { url = \"\"; };");
  struct settings moved = settings;

  (void)state;
  assert_string_equal(moved.user.at, "filter");
  assert_string_equal(moved.group.at, "");
  assert_string_equal(moved.policy.url.at, "");
  assert_string_equal(moved.listen_milter.at, "unix:/run/milter-strict/milter.sock");
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    assert_string_equal(moved.policy.rules[rule].text.at, "");
  settings_free(&moved);
  settings_free(&moved);
}

static char *dumped(const struct settings *settings, enum dump_style style)
{
  char *memory = NULL;
  size_t length;
  FILE *to = open_memstream(&memory, &length);

  assert_non_null(to);
  assert_true(dump_settings(to, settings, style));
  fclose(to);
  return memory;
}

static const char all_at_once[] =
    "mode = \"monitor\"; our-names = [ \"mx.example.org\", \"192.0.2.1\" ]; timeout = 60;\n"
    "listen: { milter = \"inet:1@localhost\"; }; exempt: { networks = [ \"10.0.0.0/8\" ]; };\n"
    "replies: { contact = \"\\\"desk\\\"\"; };\n"
    "rules: { command-vrfy = \"answer\"; command-help = \"refuse\"; sender-idn = \"off\";\n"
    "  helo-listed = { names = [ \"a\", \"b\" ]; text = \"No \\\\ \\\"thanks\\\"\"; };\n"
    "  recipient-many = { limit = 9; reply = \"450\"; }; };\n";

static void dump_reads_as_the_same(void **state)
{
  static const char *const texts[] = {"", all_at_once};

  (void)state;
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    struct settings settings = read_good("text", texts[i]), again;
    char *first = dumped(&settings, DUMP_PLAIN), *second;

    again = read_good("dump", first);
    second = dumped(&again, DUMP_PLAIN);
    assert_string_equal(second, first);
    free(first);
    free(second);
    settings_free(&settings);
    settings_free(&again);
  }
}

static void complete_file_is_in_step_with_the_tables(void **state)
{
  static char text[64 * 1024];
  FILE *file = fopen("conf/milter-strict.conf", "r");
  struct settings settings;
  char *want, *first, *second;

  (void)state;
  assert_non_null(file);
  text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
  fclose(file);
  assert_true(config_defaults(&settings));
  want = dumped(&settings, DUMP_COMMENTED);
  if (strcmp(text, want) != 0)
    fail_msg("conf/milter-strict.conf is not what the tables say; write it anew with "
             "build/milter/man/generate conf");
  first = dumped(&settings, DUMP_PLAIN);
  settings_free(&settings);
  settings = read_good("complete file", text);
  second = dumped(&settings, DUMP_PLAIN);
  assert_string_equal(second, first);
  settings_free(&settings);
  free(first);
  free(second);
  free(want);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_option_takes_good_values),
      cmocka_unit_test(every_word_of_a_choice_is_taken),
      cmocka_unit_test(empty_file_gives_the_defaults_of_the_core),
      cmocka_unit_test(every_rule_takes_every_action),
      cmocka_unit_test(rules_take_replies_texts_and_limits),
      cmocka_unit_test(names_of_a_rule_are_sorted),
      cmocka_unit_test(texts_are_c_strings),
      cmocka_unit_test(dump_reads_as_the_same),
      cmocka_unit_test(complete_file_is_in_step_with_the_tables),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
