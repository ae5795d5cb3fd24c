/*
 * Probing. A client whose recipients are all refused is not counted as leaving: bounces to
 * addresses that do not exist end in the same way, and the refused recipients count by themselves.
 */
#include "probing.h"

bool probing_is_unknown(struct span enhanced)
{
  static const struct span unknown[] = {{"5.1.1", 5}, {"5.1.0", 5}, {"5.1.6", 5}, {"5.2.1", 5}};

  for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
    if (span_equals(enhanced, unknown[i]))
      return true;
  return false;
}

#define CAUSE(name, rule)                                                                          \
  _Static_assert((int)RULE_##rule == (int)RULE_PROBE_RECIPIENTS + LEDGER_CAUSE_##name,             \
                 "rules stand in the order of the causes");
LEDGER_CAUSES(CAUSE)
#undef CAUSE

enum rule probing_rule(enum ledger_cause cause)
{
  return RULE_PROBE_RECIPIENTS + (enum rule)cause;
}

/* Rules about a malformed argument. A HELO verdict may be spoken at every RCPT, and counts once. */
static bool is_malformed(struct session *session, enum rule rule)
{
  bool first = !session->helo_counted;

  if (rule >= RULE_SENDER_BRACKETS && rule <= RULE_RECIPIENT_PARAMETERS)
    return true;
  if (rule > RULE_HELO_UNDERSCORE)
    return false;
  session->helo_counted = true;
  return first;
}

void probing_judged(const struct policy *policy, struct session *session,
                    const struct judgement *judgement)
{
  bool malformed =
      judgement->verdict.rule != RULE_NONE && is_malformed(session, judgement->verdict.rule);

  for (unsigned i = 0; i < judgement->notice_count && !malformed; i++)
    malformed = policy->rules[judgement->notices[i].rule].action == ACTION_REFUSE &&
                is_malformed(session, judgement->notices[i].rule);
  if (malformed)
    session->deeds.of[LEDGER_MALFORMED_COMMAND]++;
}

static bool has_wrong(const struct deeds *deeds)
{
  for (enum ledger_event event = 0; event < LEDGER_EVENT_COUNT; event++)
    if (deeds->of[event] > 0 && ledger_event_is_wrong(event))
      return true;
  return false;
}

bool probing_has_news(const struct session *session, bool end)
{
  return has_wrong(&session->deeds) || (end && session->standing.known);
}

unsigned probing_entries(struct session *session, bool end,
                         struct ledger_entry entries[LEDGER_EVENT_COUNT])
{
  struct deeds *deeds = &session->deeds;
  unsigned count = 0;

  if (!probing_has_news(session, end))
    return 0;
  for (unsigned wrong = 0; wrong < 2; wrong++)
    for (enum ledger_event event = 0; event < LEDGER_EVENT_COUNT; event++) {
      if (deeds->of[event] == 0 || ledger_event_is_wrong(event) != (wrong == 1))
        continue;
      entries[count++] = (struct ledger_entry){
          .event = event, .times = deeds->of[event], .hash = deeds->wrong_name};
    }
  for (unsigned i = 0; i < count; i++)
    if (entries[i].event == LEDGER_CALLOUT || entries[i].event == LEDGER_ABANDONED) {
      entries[i].withdrawn = deeds->withdrawn;
      break;
    }
  *deeds = (struct deeds){0};
  return count;
}
