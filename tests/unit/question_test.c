/*
 * Questions: what each command is made into.
 */
#include "question.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

/* Filled with garbage, so that a member that is not set shows. */
static struct question garbage(void)
{
  struct question question;

  memset(&question, 0xa5, sizeof(question));
  return question;
}

static void is_plain(const struct question *question, enum stage stage, const char *prefix,
                     const char *argument)
{
  assert_int_equal(question->stage, stage);
  assert_true(span_equals(question->prefix, span_from(prefix)));
  assert_true(span_equals(question->argument, span_from(argument)));
  assert_int_equal(question->fault_rule, RULE_NONE);
  assert_false(question->refused_by_mta);
  if (stage != STAGE_COMMAND)
    assert_int_equal(question->command, COMMAND_NONE);
}

static void connect_and_data(void **state)
{
  struct question question = garbage();

  (void)state;
  question_connect(&question);
  is_plain(&question, STAGE_CONNECT, "", "");
  question = garbage();
  question_data(&question);
  is_plain(&question, STAGE_DATA, "", "DATA");
}

static void helo(void **state)
{
  struct question question = garbage();

  (void)state;
  question_helo(&question, SPAN("a!"));
  is_plain(&question, STAGE_HELO, "HELO ", "a!");
  assert_int_equal(question.helo.faults.of[ASPECT_SYNTAX].kind, FAULT_DOMAIN_CHARACTER);
  question = garbage();
  question_helo(&question, (struct span){NULL, 0});
  assert_int_equal(question.helo.faults.of[ASPECT_SYNTAX].kind, FAULT_NO_NAME);
}

static void mail(void **state)
{
  struct span list[] = {SPAN("SMTPUTF8"), SPAN("SIZE=x"), SPAN("BODY=y")};
  struct question question = garbage();

  (void)state;
  question_mail(&question, SPAN("<\xc3\xb6@d.e>"), list, 3);
  is_plain(&question, STAGE_MAIL, "MAIL FROM:", "<\xc3\xb6@d.e>");
  assert_false(faults_any(&question.address.faults));
  assert_true(question.parameters.smtputf8);
  assert_true(span_equals(question.bad_parameter, SPAN("SIZE=x")));
}

static void mail_without_parameters(void **state)
{
  struct question question = garbage();

  (void)state;
  question_mail(&question, SPAN("<>"), NULL, 0);
  is_plain(&question, STAGE_MAIL, "MAIL FROM:", "<>");
  assert_true(question.address.null);
  assert_false(question.parameters.smtputf8);
  assert_int_equal(question.bad_parameter.len, 0);
}

/* The list ends where it says: the parameter that is one too many is not looked for behind it. */
static void mail_with_too_many_parameters(void **state)
{
  struct span list[33];
  char names[33][4];
  struct question question = garbage();

  (void)state;
  for (size_t i = 0; i < 33; i++) {
    names[i][0] = 'X';
    names[i][1] = (char)('A' + i / 10);
    names[i][2] = (char)('0' + i % 10);
    list[i] = (struct span){names[i], 3};
  }
  question_mail(&question, SPAN("<a@b.c>"), list, 33);
  assert_int_equal(question.parameters.faults.of[ASPECT_PARAMETERS].kind, FAULT_PARAMETER_MANY);
  assert_true(span_equals(question.bad_parameter, list[32]));
}

static void rcpt(void **state)
{
  struct span list[] = {SPAN("NOTIFY=NEVER")};
  struct question question = garbage();

  (void)state;
  question_rcpt(&question, SPAN("<\xc3\xb6@d.e>"), list, 1, true);
  is_plain(&question, STAGE_RCPT, "RCPT TO:", "<\xc3\xb6@d.e>");
  assert_false(faults_any(&question.address.faults));
  question = garbage();
  question_rcpt(&question, SPAN("<\xc3\xb6@d.e>"), NULL, 0, false);
  assert_true(faults_has(&question.address.faults, ASPECT_UTF8));
}

static void command(void **state)
{
  struct question question = garbage();

  (void)state;
  question_command(&question, SPAN("vrfy alice"));
  is_plain(&question, STAGE_COMMAND, "", "vrfy alice");
  assert_int_equal(question.command, COMMAND_VRFY);
  question = garbage();
  question_command(&question, SPAN("\x16\x03"));
  assert_int_equal(question.command, COMMAND_NONE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(connect_and_data),
      cmocka_unit_test(helo),
      cmocka_unit_test(mail),
      cmocka_unit_test(mail_without_parameters),
      cmocka_unit_test(mail_with_too_many_parameters),
      cmocka_unit_test(rcpt),
      cmocka_unit_test(command),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
