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

/* Whether the client is one of those who are remembered. */
static bool is_kept(const struct door_services *services, const struct session *session)
{
  return services->look != NULL && session->has_client;
}

/* Most clients are unknown and do nothing wrong: only of others is it asked who is exempt. */
void door_meet_ledger(const struct door_services *services, const struct policy *policy,
                      struct session *session, enum stage stage)
{
  struct ledger_entry entries[LEDGER_EVENT_COUNT];
  bool news = probing_has_news(session, false);

  if (!is_kept(services, session))
    return;
  if (!news && (stage == STAGE_MAIL || stage == STAGE_COMMAND))
    session->standing = services->look(session->client);
  if (!news && !session->standing.known)
    return;
  if (policy_exemption(policy, session) != EXEMPT_NOT) {
    session->standing = (struct standing){0};
  } else if (news) {
    unsigned count = probing_entries(session, false, entries);

    session->standing = services->enter(session->client, entries, count);
  }
}

void door_tell_ledger(const struct door_services *services, const struct policy *policy,
                      struct session *session, bool end)
{
  struct ledger_entry entries[LEDGER_EVENT_COUNT];
  unsigned count;

  if (!is_kept(services, session) || !probing_has_news(session, end) ||
      policy_exemption(policy, session) != EXEMPT_NOT)
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
