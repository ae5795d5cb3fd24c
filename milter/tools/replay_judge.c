/*
 * The judge: steps made into the questions that a milter would have been asked, and the policy's
 * own judgement of them.
 */
#include "replay_judge.h"
#include "../daemon/remember.h"
#include "../policy/hash.h"
#include "../policy/probing.h"

#include <stdlib.h>
#include <string.h>

static struct replay_judge *at_work; /* whose turn it is: the doors' services know no context */

/* The ledger in memory */

static uint64_t key_of(const struct replay_judge *judge, struct ip client)
{
  unsigned bits = ip_is_v4(client) ? 96 + judge->ipv4_prefix : judge->ipv6_prefix;
  struct netblock network = netblock_around(client, bits);
  uint64_t half[2];

  memcpy(half, network.base.bytes, sizeof(half));
  return hash_mix(hash_mix(judge->ledger.seed ^ half[0]) ^ half[1]);
}

static struct standing look(struct ip client)
{
  uint32_t slot = lru_find(&at_work->index, key_of(at_work, client));

  if (slot == LRU_NONE)
    return (struct standing){0};
  return ledger_standing(&at_work->pages[slot], at_work->when);
}

static bool any_is_wrong(const struct ledger_entry *entries, unsigned count)
{
  for (unsigned i = 0; i < count; i++)
    if (ledger_event_is_wrong(entries[i].event))
      return true;
  return false;
}

/* The client's page; NULL when it has none and these entries are no reason to begin one. */
static struct ledger_page *page_of(struct ip client, const struct ledger_entry *entries,
                                   unsigned count)
{
  uint64_t key = key_of(at_work, client);
  uint32_t slot = lru_find(&at_work->index, key);

  if (slot == LRU_NONE) {
    if (!any_is_wrong(entries, count))
      return NULL;
    if (at_work->index.count == at_work->index.capacity) {
      lru_drop(&at_work->index, lru_oldest(&at_work->index));
      at_work->forgotten++;
    }
    slot = lru_add(&at_work->index, key);
    at_work->pages[slot] = (struct ledger_page){0};
  }
  lru_touch(&at_work->index, slot);
  return &at_work->pages[slot];
}

static struct standing enter(struct ip client, const struct ledger_entry *entries, unsigned count)
{
  struct ledger_page *page = page_of(client, entries, count);

  if (page == NULL)
    return (struct standing){0};
  for (unsigned i = 0; i < count; i++)
    at_work->probing += ledger_add(&at_work->ledger, page, &entries[i], at_work->when);
  return ledger_standing(page, at_work->when);
}

/* What is said */

static void report(const struct door_report *report)
{
  struct replay_outcome *outcome = at_work->said;
  uint64_t bit = UINT64_C(1) << report->verdict->rule;
  bool again = ((outcome->refused | outcome->watched) & bit) != 0;

  if (!at_work->in_vain || rule_entry(report->verdict->rule)->stage != STAGE_RCPT)
    outcome->in_vain &= ~bit;
  else if (!again)
    outcome->in_vain |= bit;
  if (report->event == DOOR_REFUSED)
    outcome->refused |= bit;
  else if (report->event == DOOR_WOULD_REFUSE)
    outcome->watched |= bit;
  else
    outcome->exempt |= bit;
  outcome->fault[report->verdict->rule] = (uint16_t)report->verdict->fault.kind;
  if (report->question->stage == STAGE_RCPT && outcome->recipient_len == 0) {
    struct span path = span_slice(report->question->argument, 0, sizeof(outcome->recipient));

    memcpy(outcome->recipient, path.at, path.len);
    outcome->recipient_len = (uint16_t)path.len;
  }
}

static const struct door_services services = {.report = report, .look = look, .enter = enter};
static const struct door_services services_without = {.report = report}; /* no ledger */

static const struct door_services *services_of(const struct replay_judge *judge)
{
  return judge->pages != NULL ? &services : &services_without;
}

/* As the milter door does: counted first, judged after. Whether it may pass. */
static bool ask(struct replay_judge *judge, const struct question *question)
{
  struct door_case about = {.door = DOOR_MILTER,
                            .voice = VERDICT_VOICE_NEGATIVE,
                            .policy = judge->policy,
                            .session = &judge->session,
                            .question = question,
                            .queue_id = SPAN("")};
  struct judgement judgement;

  at_work = judge;
  session_note(&judge->session, question);
  door_meet_ledger(services_of(judge), judge->policy, &judge->session, question->stage);
  if (question->refused_by_mta)
    return true;
  policy_judge(judge->policy, &judge->session, question, &judgement);
  if (judgement_is_silent(&judgement))
    return true;
  door_report_judgement(services_of(judge), &about, &judgement);
  probing_judged(judge->policy, &judge->session, &judgement);
  if (judgement.verdict.rule == RULE_NONE)
    return true;
  session_refused(&judge->session, question);
  return false;
}

static void tell_ledger(struct replay_judge *judge)
{
  at_work = judge;
  door_tell_ledger(services_of(judge), judge->policy, &judge->session, true);
}

/* Steps */

static void begin_outcome(struct replay_judge *judge, struct replay_outcome *outcome)
{
  judge->said = outcome;
  outcome->refused = outcome->watched = outcome->exempt = outcome->in_vain = 0;
  outcome->recipient_len = 0;
}

/* An address that breaks no rule stands for one that the log does not have. */
static void mail(struct replay_judge *judge, const struct maillog_step *step)
{
  struct question question;

  begin_outcome(judge, &judge->outcome);
  question_mail(&question, step->path.len > 0 ? step->path : SPAN("<not-logged@log.invalid>"), NULL,
                0);
  judge->open = ask(judge, &question);
  judge->outcome.watched |= judge->helo_watched;
  judge->outcome.exempt |= judge->helo_exempt;
  if (judge->helo_refused != 0) { /* the MTA repeats it at every command */
    judge->outcome.refused = judge->helo_refused;
    judge->open = false;
  }
}

static void rcpt(struct replay_judge *judge, const struct maillog_step *step)
{
  struct question question;

  question_rcpt(&question, step->path.len > 0 ? step->path : SPAN("<not-logged@log.invalid>"), NULL,
                0, judge->session.smtputf8);
  question.refused_by_mta = step->kind == MAILLOG_STEP_REFUSED;
  question.unknown_to_mta = step->unknown;
  judge->in_vain = step->kind == MAILLOG_STEP_MILTER || step->failed;
  for (uint32_t i = 0; i < step->times && judge->open; i++)
    if (ask(judge, &question) && step->kind == MAILLOG_STEP_MILTER)
      session_refused(&judge->session, &question);
  judge->in_vain = false;
}

static void end_transaction(struct replay_judge *judge, const struct maillog_step *step)
{
  struct question question;

  if (judge->open && judge->session.recipients > 0 && step->sent_whole) {
    question_data(&question);
    session_note(&judge->session, &question);
    if (step->stored)
      session_delivered(&judge->session);
  }
  session_end_transaction(&judge->session);
  if (step->stored)
    tell_ledger(judge);
  judge->open = false;
}

static void command(struct replay_judge *judge, const struct maillog_step *step)
{
  struct question question;

  begin_outcome(judge, &judge->command);
  question_command(&question, step->path.len > 0 ? step->path : SPAN("?"));
  (void)ask(judge, &question);
  judge->said = &judge->outcome;
}

void replay_judge_step(struct replay_judge *judge, const struct maillog_step *step)
{
  switch (step->kind) {
  case MAILLOG_STEP_MAIL:
    mail(judge, step);
    break;
  case MAILLOG_STEP_RCPT:
  case MAILLOG_STEP_REFUSED:
  case MAILLOG_STEP_MILTER:
    rcpt(judge, step);
    break;
  case MAILLOG_STEP_COMMAND:
    command(judge, step);
    break;
  case MAILLOG_STEP_END:
    end_transaction(judge, step);
    break;
  }
}

/* A session whose HELO name the log does not have was greeted all the same. */
static void greet(struct replay_judge *judge, const struct maillog_session *session)
{
  struct question question;

  if (session->helo_is == MAILLOG_HELO_NOT_LOGGED) {
    judge->session.helo_seen = true;
    judge->session.stage = STAGE_HELO;
  } else if (session->helo_is != MAILLOG_HELO_NONE) {
    begin_outcome(judge, &judge->command);
    question_helo(&question, session->helo);
    (void)ask(judge, &question);
    judge->helo_refused = judge->command.refused;
    judge->helo_watched = judge->command.watched;
    judge->helo_exempt = judge->command.exempt;
  }
}

void replay_judge_begin(struct replay_judge *judge, const struct maillog_session *session)
{
  session_begin(&judge->session, session->has_client ? &session->client : NULL);
  session_set_host(&judge->session, session->host);
  judge->session.authenticated = session->authenticated;
  judge->session.tls = session->tls;
  judge->session.tls_verified = session->tls_verified;
  judge->when = session->when;
  judge->open = false;
  judge->helo_refused = judge->helo_watched = judge->helo_exempt = 0;
  greet(judge, session);
}

void replay_judge_end(struct replay_judge *judge)
{
  session_end_transaction(&judge->session);
  tell_ledger(judge);
}

/* Life */

bool replay_judge_open(struct replay_judge *judge, const struct settings *settings, uint64_t seed)
{
  *judge = (struct replay_judge){.policy = &settings->policy,
                                 .ledger = remember_ledger(settings),
                                 .ipv4_prefix = settings->ipv4_prefix,
                                 .ipv6_prefix = settings->ipv6_prefix};
  judge->ledger.seed = seed;
  if (settings->state_directory.len == 0)
    return true;
  judge->pages = calloc(settings->entries, sizeof(*judge->pages));
  if (judge->pages != NULL && lru_open(&judge->index, settings->entries))
    return true;
  replay_judge_close(judge);
  return false;
}

void replay_judge_close(struct replay_judge *judge)
{
  lru_close(&judge->index);
  free(judge->pages);
  judge->pages = NULL;
}
