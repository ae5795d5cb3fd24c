/*
 * The words of replies, line by line.
 */
#include "verdict.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#define LINKED (1U << 0)  /* replies.url */
#define CONTACT (1U << 1) /* replies.contact */
#define BRIEF (1U << 2)
#define OWN (1U << 3)  /* the rule's text */
#define ANY (1U << 4)  /* the door can say 2xx */
#define MILD (1U << 5) /* reply = "450 4.7.1" */
#define BARE (1U << 6) /* no enhanced code */

struct row {
  const char *name;
  enum rule rule;
  const char *prefix, *subject;
  struct fault fault;
  unsigned how;
  const char *want[VERDICT_LINES_MAX + 1];
};

static struct policy policy_for(const struct row *row)
{
  struct policy policy;
  struct rule_setting *setting = &policy.rules[row->rule];

  policy_defaults(&policy);
  if (row->how & LINKED)
    policy.url = SPAN("https://mx.example.org/policy#%rule");
  if (row->how & CONTACT)
    policy.contact = SPAN("postmaster@example.org");
  if (row->how & BRIEF)
    policy.detail = POLICY_DETAIL_BRIEF;
  if (row->how & OWN)
    setting->text = SPAN("Our lists are private");
  if (row->how & MILD)
    setting->status = (struct reply_status){450, "4.7.1"};
  if (row->how & BARE)
    setting->status.enhanced[0] = '\0';
  return policy;
}

static void check(const struct row *row)
{
  struct policy policy = policy_for(row);
  struct verdict verdict = {.rule = row->rule,
                            .fault = row->fault,
                            .prefix = span_from(row->prefix),
                            .subject = span_from(row->subject)};
  struct reply_lines reply;
  unsigned i;

  verdict_reply(&policy, &verdict, row->how & ANY ? VERDICT_VOICE_ANY : VERDICT_VOICE_NEGATIVE,
                &reply);
  for (i = 0; i < reply.count; i++) {
    char memory[600];
    struct text line = text_in(memory, sizeof(memory));

    reply_line_write(&line, &reply, i);
    if (row->want[i] == NULL || strcmp(line.at, row->want[i]) != 0)
      fail_msg("%s, line %u:\n got  %s\n want %s", row->name, i + 1, line.at,
               row->want[i] == NULL ? "no more" : row->want[i]);
  }
  if (row->want[i] != NULL)
    fail_msg("%s, line %u: got no more, want %s", row->name, i + 1, row->want[i]);
}

#define SECOND_AT                                                                                  \
  {                                                                                                \
    FAULT_SECOND_AT, 6                                                                             \
  }
#define FIRST "501-5.1.7 Syntax error in parameters: sender address is malformed (sender-syntax)"
#define ECHO "501-5.1.7 MAIL FROM:<user@@example.com>"
#define CARET "501-5.1.7                 ^ second \"@\" outside quotes"
#define REMEDY                                                                                     \
  "Write the address as in <user@example.com>; quote unusual characters, as in "                   \
  "<\"a b\"@example.com>"
#define SENDER RULE_SENDER_SYNTAX, "MAIL FROM:", "<user@@example.com>", SECOND_AT

static const struct row rows[] = {
    {"a place is shown", SENDER, 0, {FIRST, ECHO, CARET, "501 5.1.7 " REMEDY}},
    {"with a link",
     SENDER,
     LINKED,
     {FIRST, ECHO, CARET, "501 5.1.7 " REMEDY "; see https://mx.example.org/policy#sender-syntax"}},
    {"with a contact",
     SENDER,
     CONTACT,
     {FIRST, ECHO, CARET, "501 5.1.7 " REMEDY "; questions to postmaster@example.org"}},
    {"with both",
     SENDER,
     LINKED | CONTACT,
     {FIRST, ECHO, CARET,
      "501 5.1.7 " REMEDY "; see https://mx.example.org/policy#sender-syntax; questions to "
      "postmaster@example.org"}},
    {"brief",
     SENDER,
     BRIEF | LINKED | CONTACT,
     {"501 5.1.7 Syntax error in parameters: sender address is malformed (sender-syntax)"}},
    {"own text takes the place of summary and remedy",
     SENDER,
     OWN,
     {"501-5.1.7 Our lists are private (sender-syntax)", ECHO,
      "501 5.1.7                 ^ second \"@\" outside quotes"}},
    {"own text and a link",
     SENDER,
     OWN | LINKED,
     {"501-5.1.7 Our lists are private (sender-syntax)", ECHO, CARET,
      "501 5.1.7 See https://mx.example.org/policy#sender-syntax"}},
    {"own text and a contact",
     SENDER,
     OWN | CONTACT,
     {"501-5.1.7 Our lists are private (sender-syntax)", ECHO, CARET,
      "501 5.1.7 Questions to postmaster@example.org"}},
    {"own text and both, brief",
     SENDER,
     OWN | LINKED | CONTACT | BRIEF,
     {"501 5.1.7 Our lists are private (sender-syntax)"}},
    {"another code brings its own phrase",
     SENDER,
     MILD | BRIEF,
     {"450 4.7.1 Mailbox unavailable for now: sender address is malformed (sender-syntax)"}},
    {"no enhanced code",
     SENDER,
     BARE | BRIEF,
     {"501 Syntax error in parameters: sender address is malformed (sender-syntax)"}},
    {"without a place",
     RULE_HELO_OURS,
     "HELO ",
     "mx.example.org",
     {FAULT_NONE, 0},
     0,
     {"550-5.7.1 Refused by policy: HELO name is ours, not yours (helo-ours)",
      "550-5.7.1 HELO mx.example.org",
      "550 5.7.1 Greet with the name of the host that is sending"}},
    {"a command of its own",
     RULE_COMMAND_EXPN,
     "",
     "EXPN staff",
     {FAULT_NONE, 0},
     0,
     {"502-5.5.1 Command not implemented: EXPN is not offered here (command-expn)",
      "502-5.5.1 EXPN staff", "502 5.5.1 Write to the list, or ask its owner"}},
    {"an empty line",
     RULE_COMMAND_UNKNOWN,
     "",
     "",
     {FAULT_NONE, 0},
     0,
     {"500-5.5.2 Syntax error: command not recognised (command-unknown)",
      "500 5.5.2 Check the spelling of the command"}},
    {"HELP is answered",
     RULE_COMMAND_HELP,
     "",
     "HELP",
     {FAULT_NONE, 0},
     ANY | LINKED,
     {"214 2.0.0 Help message (command-help)"}},
    {"HELP where only refusals can be said",
     RULE_COMMAND_HELP,
     "",
     "HELP",
     {FAULT_NONE, 0},
     BRIEF,
     {"502 5.5.1 Command not implemented: HELP is not offered here (command-help)"}},
    {"421",
     RULE_COMMAND_FOREIGN,
     "",
     "GET / HTTP/1.1",
     {FAULT_NONE, 0},
     0,
     {"421-4.7.0 Closing connection: this is a mail server, and that is no SMTP (command-foreign)",
      "421-4.7.0 GET / HTTP/1.1", "421 4.7.0 Speak SMTP to this port"}},
};

static void lines_are_exactly_so(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    check(&rows[i]);
}

static void vrfy_may_be_answered(void **state)
{
  struct verdict verdict = {.rule = RULE_COMMAND_VRFY, .subject = SPAN("VRFY alice")};
  struct policy policy;
  struct reply_lines reply;

  (void)state;
  policy_defaults(&policy);
  policy.rules[RULE_COMMAND_VRFY].status = (struct reply_status){252, "2.0.0"};
  verdict_reply(&policy, &verdict, VERDICT_VOICE_ANY, &reply);
  assert_int_equal(reply.count, 1);
  assert_int_equal(reply.status.code, 252);
  assert_string_equal(
      reply.line[0],
      "Cannot verify user; send the message, and delivery will be tried (command-vrfy)");
  verdict_reply(&policy, &verdict, VERDICT_VOICE_NEGATIVE, &reply);
  assert_int_equal(reply.status.code, 502);
  assert_string_equal(reply.status.enhanced, "5.5.1");
}

static void link_is_filled_in(void **state)
{
  static const struct {
    const char *url, *want;
  } links[] = {
      {"https://a.example/%rule", "https://a.example/line-end"},
      {"https://a.example/%rule.html?%rule", "https://a.example/line-end.html?line-end"},
      {"https://a.example/100%%", "https://a.example/100%"},
      {"https://a.example/%%rule", "https://a.example/%rule"},
      {"https://a.example/", "https://a.example/"},
      {"https://a.example/%", "https://a.example/%"},
      {"https://a.example/%20", "https://a.example/%20"},
  };
  struct verdict verdict = {.rule = RULE_LINE_END};
  struct policy policy;
  struct reply_lines reply;

  (void)state;
  policy_defaults(&policy);
  policy.rules[RULE_LINE_END].text = SPAN("x");
  for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
    policy.url = span_from(links[i].url);
    verdict_reply(&policy, &verdict, VERDICT_VOICE_NEGATIVE, &reply);
    assert_int_equal(reply.count, 2);
    assert_string_equal(reply.line[1] + strlen("See "), links[i].want);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_are_exactly_so),
      cmocka_unit_test(vrfy_may_be_answered),
      cmocka_unit_test(link_is_filled_in),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
