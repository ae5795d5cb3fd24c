/*
 * Sessions: what is recorded, what is taken back, and what is kept of what a client says.
 */
#include "session.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static const struct ip client = {{[10] = 0xff, [11] = 0xff, 192, 0, 2, 7}};

static void helo(struct session *session, const char *name)
{
  struct question question;

  question_helo(&question, span_from(name));
  session_note(session, &question);
}

static struct question mail(struct session *session, const char *path, bool smtputf8)
{
  static const struct span list[] = {{"SMTPUTF8", 8}};
  struct question question;

  question_mail(&question, span_from(path), list, smtputf8 ? 1 : 0);
  session_note(session, &question);
  return question;
}

static struct question rcpt(struct session *session, bool refused_by_mta)
{
  struct question question;

  question_rcpt(&question, SPAN("<c@d.example>"), NULL, 0, session->smtputf8);
  question.refused_by_mta = refused_by_mta;
  session_note(session, &question);
  return question;
}

static struct question data(struct session *session)
{
  struct question question;

  question_data(&question);
  session_note(session, &question);
  return question;
}

static void begins_empty(void **state)
{
  struct session session;

  (void)state;
  memset(&session, 0xa5, sizeof(session));
  session_begin(&session, &client);
  assert_int_equal(session.stage, STAGE_CONNECT);
  assert_true(session.has_client && ip_equals(session.client, client));
  assert_false(session.has_server || session.authenticated || session.tls || session.helo_seen ||
               session.orders_itself);
  assert_int_equal(session_helo(&session).len + session_sender(&session).len +
                       session_daemon(&session).len + session_host(&session).len,
                   0);
  session_begin(&session, NULL);
  assert_false(session.has_client);
}

static void goes_through_a_transaction(void **state)
{
  struct session session;

  (void)state;
  session_begin(&session, &client);
  helo(&session, "client.example");
  assert_int_equal(session.stage, STAGE_HELO);
  assert_true(session.helo_seen);
  assert_true(span_equals(session_helo(&session), SPAN("client.example")));
  mail(&session, "<a@b.example>", true);
  assert_int_equal(session.stage, STAGE_MAIL);
  assert_true(session.smtputf8 && !session.null_sender);
  assert_true(span_equals(session_sender(&session), SPAN("<a@b.example>")));
  rcpt(&session, false);
  rcpt(&session, false);
  assert_int_equal(session.stage, STAGE_RCPT);
  assert_int_equal(session.recipients, 2);
  data(&session);
  assert_int_equal(session.stage, STAGE_DATA);
  session_end_transaction(&session);
  assert_int_equal(session.stage, STAGE_HELO);
  assert_int_equal(session.recipients + session.abandoned, 0);
  assert_false(session.smtputf8);
  assert_int_equal(session_sender(&session).len, 0);
}

static void takes_back_what_was_refused(void **state)
{
  struct session session;
  struct question question;

  (void)state;
  session_begin(&session, &client);
  helo(&session, "client.example");
  question = mail(&session, "<>", true);
  assert_true(session.null_sender);
  session_refused(&session, &question);
  assert_int_equal(session.stage, STAGE_HELO);
  assert_false(session.null_sender || session.smtputf8);
  assert_int_equal(session_sender(&session).len, 0);

  mail(&session, "<a@b.example>", false);
  question = rcpt(&session, false);
  session_refused(&session, &question);
  assert_int_equal(session.stage, STAGE_MAIL);
  assert_int_equal(session.recipients, 0);
  question = data(&session);
  session_refused(&session, &question);
  assert_int_equal(session.stage, STAGE_MAIL);
  rcpt(&session, false);
  question = rcpt(&session, false);
  session_refused(&session, &question);
  assert_int_equal(session.stage, STAGE_RCPT);
  assert_int_equal(session.recipients, 1);
}

static void a_recipient_that_the_mta_refused_moves_nothing(void **state)
{
  struct session session;
  struct question question;

  (void)state;
  session_begin(&session, &client);
  helo(&session, "client.example");
  mail(&session, "<a@b.example>", false);
  question = rcpt(&session, true);
  assert_int_equal(session.stage, STAGE_MAIL);
  assert_int_equal(session.recipients, 0);
  session_refused(&session, &question);
  assert_int_equal(session.recipients, 0);
  assert_int_equal(session.stage, STAGE_MAIL);
}

static void mail_ends_a_transaction_that_nobody_ended(void **state)
{
  struct session session;

  (void)state;
  session_begin(&session, &client);
  helo(&session, "client.example");
  mail(&session, "<>", true);
  rcpt(&session, false);
  mail(&session, "<a@b.example>", false);
  assert_int_equal(session.stage, STAGE_MAIL);
  assert_int_equal(session.before, STAGE_HELO);
  assert_int_equal(session.abandoned, 1);
  assert_false(session.null_sender || session.smtputf8);
  assert_int_equal(session.recipients, 0);
}

static void nested_mail_at_our_own_door_changes_nothing(void **state)
{
  struct session session;
  struct question question;

  (void)state;
  session_begin(&session, &client);
  session.orders_itself = true;
  helo(&session, "client.example");
  mail(&session, "<>", false);
  rcpt(&session, false);
  question = mail(&session, "<a@b.example>", true);
  session_refused(&session, &question);
  assert_int_equal(session.stage, STAGE_RCPT);
  assert_int_equal(session.recipients, 1);
  assert_true(session.null_sender && !session.smtputf8);
  assert_true(span_equals(session_sender(&session), SPAN("<>")));
  assert_int_equal(session.abandoned, 0);
}

static void ends_without_having_begun(void **state)
{
  struct session session;

  (void)state;
  session_begin(&session, &client);
  session_end_transaction(&session);
  session_end_transaction(&session);
  assert_int_equal(session.stage, STAGE_CONNECT);
  assert_int_equal(session.abandoned, 0);
  mail(&session, "<a@b.example>", false); /* no HELO */
  session_end_transaction(&session);
  assert_int_equal(session.stage, STAGE_CONNECT);
}

static void other_commands_move_nothing(void **state)
{
  struct session session, before;
  struct question question;

  (void)state;
  session_begin(&session, &client);
  helo(&session, "client.example");
  mail(&session, "<a@b.example>", false);
  rcpt(&session, false);
  memcpy(&before, &session, sizeof(before)); /* padding too */
  question_command(&question, SPAN("VRFY alice"));
  session_note(&session, &question);
  session_refused(&session, &question);
  question_connect(&question);
  session_note(&session, &question);
  before.before = session.before;
  before.deeds.of[LEDGER_VRFY]++; /* told of, and nothing else */
  assert_memory_equal(&session, &before, sizeof(session));
}

static void keeps_a_bounded_part(void **state)
{
  static char longest[70000];
  struct session session;
  struct question question;

  (void)state;
  memset(longest, 'a', sizeof(longest));
  session_begin(&session, &client);
  session_set_daemon(&session, (struct span){longest, sizeof(longest)});
  session_set_host(&session, (struct span){longest, sizeof(longest)});
  question_helo(&question, (struct span){longest, sizeof(longest)});
  session_note(&session, &question);
  question_mail(&question, (struct span){longest, sizeof(longest)}, NULL, 0);
  session_note(&session, &question);
  assert_int_equal(session_helo(&session).len, SESSION_NAME_MAX);
  assert_int_equal(session_host(&session).len, SESSION_NAME_MAX);
  assert_int_equal(session_sender(&session).len, SESSION_SENDER_MAX);
  assert_int_equal(session_daemon(&session).len, sizeof(session.daemon));
  session_set_daemon(&session, SPAN("x"));
  assert_true(span_equals(session_daemon(&session), SPAN("x")));
  session_set_daemon(&session, (struct span){NULL, 0});
  assert_int_equal(session_daemon(&session).len, 0);
}

static void fits_into_its_share_of_memory(void **state)
{
  (void)state;
  assert_true(sizeof(struct session) <= 1200); /* one for each session that waits */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(begins_empty),
      cmocka_unit_test(goes_through_a_transaction),
      cmocka_unit_test(takes_back_what_was_refused),
      cmocka_unit_test(a_recipient_that_the_mta_refused_moves_nothing),
      cmocka_unit_test(mail_ends_a_transaction_that_nobody_ended),
      cmocka_unit_test(nested_mail_at_our_own_door_changes_nothing),
      cmocka_unit_test(ends_without_having_begun),
      cmocka_unit_test(other_commands_move_nothing),
      cmocka_unit_test(keeps_a_bounded_part),
      cmocka_unit_test(fits_into_its_share_of_memory),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
