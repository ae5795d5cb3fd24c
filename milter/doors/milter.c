/*
 * The milter door: libmilter's callbacks turned into questions, and verdicts into replies.
 *
 * What an MTA sends, and when, was measured with Postfix 3.7 and Sendmail 8.17: connect may come
 * without an address, close before connect, MAIL without abort after an unfinished message. The
 * callbacks of one session may run on different threads, one after the other; all state is in the
 * session's own `struct visit`.
 */
#include "milter.h"
#include "../policy/probing.h"
#include "registry.h"
#include "socket_ip.h"

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMETERS_MAX = 40 }; /* more than parameters_parse() takes without a fault */

/* One SMTP session. */
struct visit {
  const struct policy *policy;
  bool answers_helo; /* the MTA waits for a reply to HELO */
  struct registry_entry entry;
  struct session session;
};

static const struct door_services *services;

/* The session's state; begun here when the MTA did not negotiate for this session. */
static struct visit *visit_of(SMFICTX *ctx)
{
  struct visit *visit = smfi_getpriv(ctx);

  if (visit != NULL)
    return visit;
  visit = calloc(1, sizeof(*visit)); /* all zero is a new session */
  if (visit == NULL)
    return NULL;
  visit->policy = services->policy_take();
  if (visit->policy == NULL || smfi_setpriv(ctx, visit) != MI_SUCCESS) {
    services->policy_release(visit->policy);
    free(visit);
    return NULL;
  }
  visit->answers_helo = true;
  services->sessions(1);
  return visit;
}

static void visit_end(SMFICTX *ctx)
{
  struct visit *visit = smfi_getpriv(ctx);

  if (visit == NULL)
    return;
  (void)smfi_setpriv(ctx, NULL);
  registry_leave(services->registry, &visit->entry);
  session_end_transaction(&visit->session);
  door_tell_ledger(services, visit->policy, &visit->session, true);
  services->policy_release(visit->policy);
  services->sessions(-1);
  free(visit);
}

static struct span macro_value(SMFICTX *ctx, char *name)
{
  return span_from(smfi_getsymval(ctx, name));
}

/* libmilter takes names that it could write to, though it does not: hence the copy. */
#define MACRO(ctx, name) macro_value((ctx), (char[]){name})

/* libmilter formats the lines: a "%" must be doubled. */
static void double_percents(const char *line, char *out)
{
  do {
    if (*line == '%')
      *out++ = '%';
    *out++ = *line;
  } while (*line++ != '\0');
}

/* Sends a reply. libmilter drops a 4xx text under REJECT and a 5xx under TEMPFAIL. */
static sfsistat speak(SMFICTX *ctx, const struct reply_lines *reply)
{
  char doubled[VERDICT_LINES_MAX][2 * VERDICT_LINE_MAX + 1];
  char *line[VERDICT_LINES_MAX] = {NULL};
  char code[8], enhanced[REPLY_ENHANCED_SIZE];
  struct text code_text = text_in(code, sizeof(code));

  _Static_assert(VERDICT_LINES_MAX == 6, "each line is an argument below");
  _Static_assert(2 * VERDICT_LINE_MAX <= 980, "libmilter's longest line");
  for (unsigned i = 0; i < reply->count; i++) {
    double_percents(reply->line[i], doubled[i]);
    line[i] = doubled[i];
  }
  text_add_number(&code_text, reply->status.code);
  memcpy(enhanced, reply->status.enhanced, sizeof(enhanced));
  (void)smfi_setmlreply(ctx, code, enhanced[0] == '\0' ? NULL : enhanced, line[0], line[1], line[2],
                        line[3], line[4], line[5], NULL);
  return reply_is_deferral(reply->status.code) ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}

static void report(SMFICTX *ctx, const struct visit *visit, const struct question *question,
                   const struct judgement *judgement)
{
  struct door_case about = {.door = DOOR_MILTER,
                            .voice = VERDICT_VOICE_NEGATIVE,
                            .policy = visit->policy,
                            .session = &visit->session,
                            .question = question,
                            .queue_id = MACRO(ctx, "i")};

  door_report_judgement(services, &about, judgement);
}

/* Count first, judge after; then say it. */
static sfsistat answer(SMFICTX *ctx, struct visit *visit, const struct question *question)
{
  struct judgement judgement;
  struct reply_lines reply;

  session_note(&visit->session, question);
  door_meet_ledger(services, visit->policy, &visit->session, question->stage);
  if (question->refused_by_mta)
    return SMFIS_CONTINUE; /* the MTA's own reply stands and ours would be discarded */
  policy_judge(visit->policy, &visit->session, question, &judgement);
  if (judgement_is_silent(&judgement))
    return SMFIS_CONTINUE;
  report(ctx, visit, question, &judgement);
  probing_judged(visit->policy, &visit->session, &judgement);
  if (judgement.verdict.rule == RULE_NONE)
    return SMFIS_CONTINUE;
  verdict_reply(visit->policy, &judgement.verdict, VERDICT_VOICE_NEGATIVE, &reply);
  session_refused(&visit->session, question);
  return speak(ctx, &reply);
}

/* The macros that are read below, by stage; the MTA sends no others. */
static void ask_for_macros(SMFICTX *ctx)
{
  static struct {
    int stage;
    char names[64]; /* libmilter copies them */
  } wanted[] = {
      {SMFIM_CONNECT, "j {daemon_name} {daemon_addr} {if_addr}"},
      {SMFIM_HELO, "{tls_version}"},
      {SMFIM_ENVFROM, "i {auth_authen} {tls_version} {verify} {cert_subject}"},
      {SMFIM_ENVRCPT, "i {rcpt_mailer} {rcpt_host}"},
      {SMFIM_DATA, "i"},
      {SMFIM_EOM, "i"},
      {SMFIM_EOH, "i"},
  };

  for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
    (void)smfi_setsymlist(ctx, wanted[i].stage, wanted[i].names);
}

/*
 * Only what is needed: no message contents; recipients that the MTA refused; no reply to what is
 * merely recorded (libmilter itself answers for us where the MTA cannot do without).
 */
static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
                             unsigned long f2, unsigned long f3, unsigned long *actions_out,
                             unsigned long *steps_out, unsigned long *f2_out, unsigned long *f3_out)
{
  struct visit *visit = visit_of(ctx);
  unsigned long wanted = SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NOBODY | SMFIP_RCPT_REJ |
                         SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_DATA;

  (void)f2;
  (void)f3;
  if (visit == NULL)
    return SMFIS_REJECT;
  visit->answers_helo = visit->policy->speak == POLICY_SPEAK_AT_ONCE;
  if (services->registry != NULL)
    wanted &= ~(unsigned long)SMFIP_NR_CONN;
  if (visit->answers_helo)
    wanted &= ~(unsigned long)SMFIP_NR_HELO;
  *actions_out = actions & SMFIF_SETSYMLIST;
  *steps_out = steps & wanted;
  *f2_out = 0;
  *f3_out = 0;
  if ((actions & SMFIF_SETSYMLIST) != 0)
    ask_for_macros(ctx);
  return SMFIS_CONTINUE;
}

/* The address that the client came to. Sendmail has {if_addr}, but not on loopback, and its
 * {daemon_addr} is where it listens: mostly every address. Postfix has {daemon_addr} alone. */
static bool server_of(SMFICTX *ctx, struct ip *out)
{
  return socket_ip_of_host(MACRO(ctx, "{if_addr}"), out) ||
         socket_ip_of_host(MACRO(ctx, "{daemon_addr}"), out);
}

/* Other doors are asked about this client, too. */
static void register_visit(struct visit *visit, uint16_t port)
{
  if (services->registry != NULL && visit->session.has_client && port != 0)
    registry_enter(services->registry, &visit->entry, visit->session.client, port, visit->policy,
                   session_daemon(&visit->session));
  else
    registry_leave(services->registry, &visit->entry);
}

/*
 * Recorded only. No reply is waited for, unless other doors may be asked about this client, who
 * then has to be known there before the MTA goes on. It is the same for every session of a process,
 * so a session without negotiation of its own on the same connection has it too.
 */
static sfsistat on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
  const sfsistat done = services->registry != NULL ? SMFIS_CONTINUE : SMFIS_NOREPLY;
  struct visit *visit = visit_of(ctx);
  struct ip client;
  uint16_t port = 0;

  (void)name;
  if (visit == NULL)
    return done;
  session_begin(&visit->session,
                socket_ip_of_client((struct sockaddr *)address, &client, &port) ? &client : NULL);
  session_set_daemon(&visit->session, MACRO(ctx, "{daemon_name}"));
  session_set_host(&visit->session, MACRO(ctx, "j"));
  visit->session.has_server = server_of(ctx, &visit->session.server);
  register_visit(visit, port);
  return done;
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
  struct visit *visit = visit_of(ctx);
  struct question question;
  sfsistat result;

  if (visit == NULL)
    return SMFIS_TEMPFAIL;
  visit->session.tls = MACRO(ctx, "{tls_version}").len > 0;
  question_helo(&question, span_from(name));
  result = answer(ctx, visit, &question);
  return visit->answers_helo ? result : SMFIS_NOREPLY;
}

/* Parameters come as a list of strings that ends with NULL, the path first. */
static size_t spans_of(char **arguments, struct span *list, size_t room)
{
  size_t count = 0;

  while (count < room && arguments[count] != NULL) {
    list[count] = span_from(arguments[count]);
    count++;
  }
  return count;
}

/* Sendmail tells {verify}; Postfix gives {cert_subject} for certificates that it trusts. */
static bool has_trusted_certificate(SMFICTX *ctx)
{
  struct span verify = MACRO(ctx, "{verify}");

  return verify.len > 0 ? span_equals(verify, SPAN("OK")) : MACRO(ctx, "{cert_subject}").len > 0;
}

static sfsistat on_mail(SMFICTX *ctx, char **arguments)
{
  struct visit *visit = visit_of(ctx);
  struct span list[1 + PARAMETERS_MAX];
  size_t count = spans_of(arguments, list, 1 + PARAMETERS_MAX);
  struct question question;

  if (visit == NULL)
    return SMFIS_TEMPFAIL;
  visit->session.authenticated = MACRO(ctx, "{auth_authen}").len > 0;
  visit->session.tls = MACRO(ctx, "{tls_version}").len > 0;
  visit->session.tls_verified = visit->session.tls && has_trusted_certificate(ctx);
  question_mail(&question, count > 0 ? list[0] : SPAN(""), list + 1, count > 0 ? count - 1 : 0);
  return answer(ctx, visit, &question);
}

static sfsistat on_rcpt(SMFICTX *ctx, char **arguments)
{
  struct visit *visit = visit_of(ctx);
  struct span list[1 + PARAMETERS_MAX];
  size_t count = spans_of(arguments, list, 1 + PARAMETERS_MAX);
  struct question question;

  if (visit == NULL)
    return SMFIS_TEMPFAIL;
  question_rcpt(&question, count > 0 ? list[0] : SPAN(""), list + 1, count > 0 ? count - 1 : 0,
                visit->session.smtputf8);
  question.refused_by_mta = span_equals(MACRO(ctx, "{rcpt_mailer}"), SPAN("error"));
  question.unknown_to_mta =
      question.refused_by_mta && probing_is_unknown(MACRO(ctx, "{rcpt_host}"));
  return answer(ctx, visit, &question);
}

/* A refusal here would hang a session that sends DATA again: it is recorded, never answered. */
static sfsistat on_data(SMFICTX *ctx)
{
  struct visit *visit = visit_of(ctx);
  struct question question;

  if (visit == NULL)
    return SMFIS_NOREPLY;
  question_data(&question);
  session_note(&visit->session, &question);
  return SMFIS_NOREPLY;
}

static sfsistat on_unknown(SMFICTX *ctx, const char *line)
{
  struct visit *visit = visit_of(ctx);
  struct question question;
  sfsistat result;

  if (visit == NULL)
    return SMFIS_TEMPFAIL;
  question_command(&question, span_from(line));
  result = answer(ctx, visit, &question);
  registry_note_unknown(services->registry, &visit->entry, result == SMFIS_CONTINUE);
  return result;
}

/* All milters before this one, and the MTA's own checks, have let the message pass. libmilter is
 * told of the end in any case, so that this costs no packet. */
static sfsistat on_end_of_message(SMFICTX *ctx)
{
  struct visit *visit = visit_of(ctx);

  if (visit == NULL)
    return SMFIS_TEMPFAIL;
  session_delivered(&visit->session);
  door_tell_ledger(services, visit->policy, &visit->session, true);
  return SMFIS_CONTINUE;
}

static sfsistat on_abort(SMFICTX *ctx)
{
  struct visit *visit = smfi_getpriv(ctx);

  if (visit != NULL)
    session_end_transaction(&visit->session);
  return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
  visit_end(ctx);
  return SMFIS_CONTINUE;
}

bool milter_open(const struct milter_options *options, const char **why)
{
  static char name[] = "milter-strict";
  struct smfiDesc filter = {
      .xxfi_name = name,
      .xxfi_version = SMFI_VERSION,
      .xxfi_flags = SMFIF_SETSYMLIST,
      .xxfi_connect = on_connect,
      .xxfi_helo = on_helo,
      .xxfi_envfrom = on_mail,
      .xxfi_envrcpt = on_rcpt,
      .xxfi_data = on_data,
      .xxfi_unknown = on_unknown,
      .xxfi_eom = on_end_of_message,
      .xxfi_abort = on_abort,
      .xxfi_close = on_close,
      .xxfi_negotiate = on_negotiate,
  };
  char socket[24];
  struct text text = text_in(socket, sizeof(socket));

  services = options->services;
  text_add(&text, "fd:");
  text_add_number(&text, (unsigned)options->fd);
  if (smfi_setconn(socket) != MI_SUCCESS)
    *why = "libmilter does not take an open socket";
  else if (smfi_register(filter) != MI_SUCCESS)
    *why = "libmilter does not register the filter: is it older than the one that was built with?";
  else if (smfi_settimeout((int)options->timeout) != MI_SUCCESS ||
           smfi_setbacklog((int)options->backlog) != MI_SUCCESS)
    *why = "libmilter does not take the time-out or the backlog";
  else if (smfi_opensocket(false) != MI_SUCCESS)
    *why = "libmilter cannot listen on the open socket";
  else
    return true;
  return false;
}

bool milter_run(void)
{
  return smfi_main() == MI_SUCCESS;
}

void milter_stop(void)
{
  (void)smfi_stop();
}
