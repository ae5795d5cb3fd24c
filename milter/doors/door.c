/*
 * What all doors do alike once a command has been judged.
 */
#include "door.h"

const char *door_name(enum door door)
{
  static const char *const names[DOOR_COUNT] = {
      [DOOR_MILTER] = "milter", [DOOR_POLICY] = "policy", [DOOR_SOCKETMAP] = "socketmap"};

  return names[door];
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
