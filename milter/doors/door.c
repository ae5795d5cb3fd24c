/*
 * What all doors do alike once a command has been judged.
 */
#include "door.h"
#include "../policy/probing.h"

const char *door_name(enum door door)
{
  static const char *const names[DOOR_COUNT] = {
      [DOOR_MILTER] = "milter", [DOOR_POLICY] = "policy", [DOOR_SOCKETMAP] = "socketmap"};

  return names[door];
}

/* Whether there is a ledger, and the client has a page to be entered on. */
static bool is_kept(const struct door_services *services, const struct policy *policy,
                    const struct session *session)
{
  return services->look != NULL && session->has_client &&
         policy_exemption(policy, session) == EXEMPT_NOT;
}

void door_meet_ledger(const struct door_services *services, const struct policy *policy,
                      struct session *session, enum stage stage)
{
  struct ledger_entry entries[LEDGER_EVENT_COUNT];
  unsigned count;

  if (!is_kept(services, policy, session)) {
    session->standing = (struct standing){0};
    return;
  }
  count = probing_entries(session, false, entries);
  if (count > 0)
    session->standing = services->enter(session->client, entries, count);
  else if (stage == STAGE_MAIL || stage == STAGE_COMMAND)
    session->standing = services->look(session->client);
}

void door_tell_ledger(const struct door_services *services, const struct policy *policy,
                      struct session *session, bool end)
{
  struct ledger_entry entries[LEDGER_EVENT_COUNT];
  unsigned count;

  if (!is_kept(services, policy, session))
    return;
  count = probing_entries(session, end, entries);
  if (count > 0)
    session->standing = services->enter(session->client, entries, count);
}

void door_report_judgement(const struct door_services *services, const struct door_case *about,
                           const struct judgement *judgement)
{
  struct door_report report = {.door = about->door,
                               .session = about->session,
                               .question = about->question,
                               .queue_id = about->queue_id,
                               .exemption = judgement->exemption};

  report.event = DOOR_WOULD_REFUSE;
  for (unsigned i = 0; i < judgement->notice_count; i++) {
    report.verdict = &judgement->notices[i];
    report.status = verdict_status(about->policy, report.verdict->rule, about->voice);
    services->report(&report);
  }
  if (judgement->exemption != EXEMPT_NOT) {
    report.event = DOOR_EXEMPT;
    report.verdict = &judgement->overlooked;
    report.status = verdict_status(about->policy, report.verdict->rule, about->voice);
    services->report(&report);
  }
  if (judgement->verdict.rule != RULE_NONE) {
    report.event = DOOR_REFUSED;
    report.verdict = &judgement->verdict;
    report.status = verdict_status(about->policy, report.verdict->rule, about->voice);
    services->report(&report);
  }
}
