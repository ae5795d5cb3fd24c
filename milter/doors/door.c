/*
 * What all doors do alike once a command has been judged.
 */
#include "door.h"

void door_report_judgement(const struct door_services *services, const struct policy *policy,
                           const struct session *session, const struct question *question,
                           const struct judgement *judgement, enum verdict_voice voice,
                           struct span queue_id)
{
  struct door_report report = {.session = session,
                               .question = question,
                               .queue_id = queue_id,
                               .exemption = judgement->exemption};

  report.event = DOOR_WOULD_REFUSE;
  for (unsigned i = 0; i < judgement->notice_count; i++) {
    report.verdict = &judgement->notices[i];
    report.status = verdict_status(policy, report.verdict->rule, voice);
    services->report(&report);
  }
  if (judgement->exemption != EXEMPT_NOT) {
    report.event = DOOR_EXEMPT;
    report.verdict = &judgement->overlooked;
    report.status = verdict_status(policy, report.verdict->rule, voice);
    services->report(&report);
  }
  if (judgement->verdict.rule != RULE_NONE) {
    report.event = DOOR_REFUSED;
    report.verdict = &judgement->verdict;
    report.status = verdict_status(policy, report.verdict->rule, voice);
    services->report(&report);
  }
}
