/*
 * The order of commands, and the commands by name.
 */
#include "rules.h"

#include "protected.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static void order_of_commands(void **state)
{
  static const struct {
    const char *name;
    enum stage last, next;
    bool want;
  } rows[] = {
      {"HELO begins", STAGE_CONNECT, STAGE_HELO, true},
      {"MAIL before HELO", STAGE_CONNECT, STAGE_MAIL, false},
      {"RCPT before HELO", STAGE_CONNECT, STAGE_RCPT, false},
      {"DATA before HELO", STAGE_CONNECT, STAGE_DATA, false},
      {"MAIL after HELO", STAGE_HELO, STAGE_MAIL, true},
      {"HELO again", STAGE_HELO, STAGE_HELO, true},
      {"RCPT before MAIL", STAGE_HELO, STAGE_RCPT, false},
      {"DATA before MAIL", STAGE_HELO, STAGE_DATA, false},
      {"RCPT after MAIL", STAGE_MAIL, STAGE_RCPT, true},
      {"nested MAIL", STAGE_MAIL, STAGE_MAIL, false},
      {"DATA before RCPT", STAGE_MAIL, STAGE_DATA, false},
      {"EHLO ends a transaction", STAGE_MAIL, STAGE_HELO, true},
      {"another RCPT", STAGE_RCPT, STAGE_RCPT, true},
      {"DATA after RCPT", STAGE_RCPT, STAGE_DATA, true},
      {"MAIL after RCPT", STAGE_RCPT, STAGE_MAIL, false},
      {"EHLO after RCPT", STAGE_RCPT, STAGE_HELO, true},
      {"the next message", STAGE_DATA, STAGE_MAIL, true},
      {"RCPT after DATA", STAGE_DATA, STAGE_RCPT, false},
      {"DATA after DATA", STAGE_DATA, STAGE_DATA, false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (stage_may_follow(rows[i].last, rows[i].next) != rows[i].want)
      fail_msg("%s: got %d", rows[i].name, !rows[i].want);
  for (enum stage last = STAGE_CONNECT; last < STAGE_COMMAND; last++) {
    assert_true(stage_may_follow(last, STAGE_COMMAND));
    assert_false(stage_may_follow(last, STAGE_CONNECT));
  }
}

static void names_of_stages(void **state)
{
  static const char *const want[] = {"connect", "HELO", "MAIL", "RCPT", "DATA", "command"};

  (void)state;
  for (enum stage stage = 0; stage < STAGE_COUNT; stage++)
    assert_string_equal(stage_name(stage), want[stage]);
}

static void commands_are_sound(void **state)
{
  (void)state;
  for (enum command command = 0; command < COMMAND_COUNT; command++) {
    const struct command_entry *entry = command_entry(command);
    bool offered = entry->kind == COMMAND_IS_OFFERED;

    assert_int_equal(command_find(span_from(entry->verb)), command);
    if (strncmp(entry->syntax, entry->verb, strlen(entry->verb)) != 0)
      fail_msg("%s: syntax begins otherwise: %s", entry->verb, entry->syntax);
    if (strncmp(entry->source, "RFC ", 4) != 0 || strlen(entry->summary) < 8)
      fail_msg("%s: %s, %s", entry->verb, entry->summary, entry->source);
    if (offered != (entry->rule == RULE_NONE) || entry->rule > RULE_NONE)
      fail_msg("%s: an offered command has no rule, any other one has", entry->verb);
    if (entry->kind == COMMAND_IS_FOREIGN && entry->rule != RULE_COMMAND_FOREIGN)
      fail_msg("%s: foreign, but not judged so", entry->verb);
    if (!offered && rule_entry((enum rule)entry->rule)->stage != STAGE_COMMAND)
      fail_msg("%s: judged by a rule of another stage", entry->verb);
  }
}

static const struct {
  const char *name, *line;
  enum command want;
  const char *argument;
  bool foreign;
} lines[] = {
    {"a verb alone", "NOOP", COMMAND_NOOP, "", false},
    {"in any case", "vRfY alice", COMMAND_VRFY, "alice", false},
    {"with a tab", "EXPN\tstaff", COMMAND_EXPN, "staff", false},
    {"blanks around the argument", "HELP  \t MAIL \t", COMMAND_HELP, "MAIL", false},
    {"blanks in the argument", "VRFY Alice B", COMMAND_VRFY, "Alice B", false},
    {"a colon does not end a verb", "MAIL:<a@b.c>", COMMAND_NONE, "", false},
    {"a longer word", "HELPME", COMMAND_NONE, "", false},
    {"a shorter one", "HEL", COMMAND_NONE, "", false},
    {"a blank first", " NOOP", COMMAND_NONE, "NOOP", false},
    {"nothing", "", COMMAND_NONE, "", false},
    {"HTTP", "get / HTTP/1.1", COMMAND_GET, "/ HTTP/1.1", true},
    {"a proxy's verb", "CONNECT a:25 HTTP/1.1", COMMAND_CONNECT, "a:25 HTTP/1.1", true},
    {"TLS", "\x16\x03\x01\x02 x", COMMAND_NONE, "x", true},
    {"SSH", "SSH-2.0-OpenSSH", COMMAND_NONE, "", true},
    {"SOCKS 5", "\x05\x01", COMMAND_NONE, "", true},
    {"SOCKS 4", "\x04\x01", COMMAND_NONE, "", true},
    {"half of TLS", "\x16", COMMAND_NONE, "", false},
    {"STARTTLS is none of ours", "STARTTLS", COMMAND_NONE, "", false},
};

static void finds_commands(void **state)
{
  struct protected_area area = protected_make(64);

  (void)state;
  for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
    for (enum protected_side side = 0; side < PROTECTED_SIDES; side++) {
      struct span line = protected_place(&area, span_from(lines[i].line), side);

      if (command_find(line) != lines[i].want)
        fail_msg("%s: got command %d", lines[i].name, command_find(line));
      if (!span_equals(command_argument(line), span_from(lines[i].argument)))
        fail_msg("%s: another argument", lines[i].name);
      if (line_is_foreign(line) != lines[i].foreign)
        fail_msg("%s: foreign: %d", lines[i].name, !lines[i].foreign);
    }
  protected_free(&area);
}

static void a_nul_ends_no_verb(void **state)
{
  (void)state;
  assert_int_equal(command_find(SPAN("NOOP\0 x")), COMMAND_NONE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(order_of_commands),  cmocka_unit_test(names_of_stages),
      cmocka_unit_test(commands_are_sound), cmocka_unit_test(finds_commands),
      cmocka_unit_test(a_nul_ends_no_verb),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
