/*
 * Single commands: found session, judged, reported.
 */
#include "inquiry.h"
#include "registry.h"

uint16_t inquiry_port(struct span digits)
{
  unsigned port = 0;

  if (digits.len == 0 || digits.len > 5)
    return 0;
  for (size_t i = 0; i < digits.len; i++) {
    if (!byte_is_digit(digits.at[i]))
      return 0;
    port = port * 10 + (unsigned)(digits.at[i] - '0');
  }
  return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* VRFY may be answered with 252; 214 cannot be said through any MTA's door. */
static enum verdict_voice voice_of(const struct question *question)
{
  return question->command == COMMAND_VRFY ? VERDICT_VOICE_ANY : VERDICT_VOICE_NEGATIVE;
}

static bool refuses(const struct policy *policy, enum command command)
{
  return policy->rules[command_entry(command)->rule].action == ACTION_REFUSE;
}

static bool judge(const struct door_services *services, const struct policy *policy,
                  struct inquiry *inquiry, struct reply_lines *reply)
{
  if (inquiry->otherwise != NULL && !refuses(policy, inquiry->question.command))
    inquiry->question = *inquiry->otherwise;

  struct door_case about = {.door = inquiry->door,
                            .voice = voice_of(&inquiry->question),
                            .policy = policy,
                            .session = &inquiry->session,
                            .question = &inquiry->question,
                            .queue_id = inquiry->queue_id};
  struct judgement judgement;

  session_note(&inquiry->session, &inquiry->question);
  door_meet_ledger(services, policy, &inquiry->session, inquiry->question.stage);
  policy_judge(policy, &inquiry->session, &inquiry->question, &judgement);
  door_report_judgement(services, &about, &judgement);
  if (judgement.verdict.rule == RULE_NONE)
    return false;
  verdict_reply(policy, &judgement.verdict, about.voice, reply);
  return true;
}

/* The policy of the client's milter session; NULL when there is none. */
static const struct policy *find_session(struct registry *registry, struct inquiry *inquiry,
                                         bool *judged)
{
  struct ip client = inquiry->session.client;

  *judged = false;
  if (registry == NULL || !inquiry->session.has_client || inquiry->port == 0)
    return NULL;
  *judged = inquiry->unknown && registry_take_passed(registry, client, inquiry->port);
  return registry_find(registry, client, inquiry->port, &inquiry->session);
}

enum inquiry_result inquiry_judge(const struct door_services *services, struct inquiry *inquiry,
                                  struct reply_lines *reply)
{
  bool says, judged;
  const struct policy *policy = find_session(services->registry, inquiry, &judged);

  if (policy == NULL)
    policy = services->policy_take();
  if (policy == NULL)
    return INQUIRY_LOST;
  says = !judged && judge(services, policy, inquiry, reply);
  services->policy_release(policy);
  return says ? INQUIRY_ANSWERS : INQUIRY_PASSES;
}

enum inquiry_result inquiry_judge_standing(const struct door_services *services,
                                           struct inquiry *inquiry, struct reply_lines *reply)
{
  const struct policy *policy;
  bool says, judged;

  if (services->look == NULL || !inquiry->session.has_client)
    return INQUIRY_PASSES;
  inquiry->session.standing = services->look(inquiry->session.client);
  if (inquiry->session.standing.refused_for == 0)
    return INQUIRY_PASSES;
  policy = find_session(services->registry, inquiry, &judged);
  if (policy == NULL)
    policy = services->policy_take();
  if (policy == NULL)
    return INQUIRY_LOST;
  says =
      policy_refuses_standing(policy, &inquiry->session) && judge(services, policy, inquiry, reply);
  services->policy_release(policy);
  return says ? INQUIRY_ANSWERS : INQUIRY_PASSES;
}
