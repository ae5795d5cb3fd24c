/*
 * The judgement: which rules a command breaks and what becomes of it. One function a stage looks
 * for broken rules and hands each to object(), which knows actions, exemptions and the mode.
 */
#include "probing.h"

#include <string.h>

/* One command before the judge. */
struct hearing {
  const struct policy *policy;
  struct session *session;
  const struct question *question;
  struct judgement *out;
};

static const struct fault no_place = {FAULT_NONE, 0};

static bool is_noticed(const struct policy *policy, enum rule rule)
{
  return policy->mode == POLICY_MONITOR || policy->rules[rule].action == ACTION_MONITOR;
}

/* Whether the one wrong byte comes before the other; what has no place stands where it came up. */
static bool stands_before(const struct fault *fault, const struct fault *other)
{
  return fault->kind != FAULT_NONE && other->kind != FAULT_NONE && fault->at < other->at;
}

/* A rule is broken: by its action, the mode and the client it is refused, noticed or overlooked. */
static void object(struct hearing *hearing, const struct verdict *verdict)
{
  struct judgement *out = hearing->out;

  if (hearing->policy->rules[verdict->rule].action == ACTION_OFF || out->exemption != EXEMPT_NOT)
    return;
  out->exemption = policy_exemption(hearing->policy, hearing->session);
  if (out->exemption != EXEMPT_NOT) {
    out->overlooked = *verdict;
    return;
  }
  if (is_noticed(hearing->policy, verdict->rule)) {
    if (out->notice_count < JUDGEMENT_NOTICES_MAX)
      out->notices[out->notice_count++] = *verdict;
    return;
  }
  if (out->verdict.rule == RULE_NONE || stands_before(&verdict->fault, &out->verdict.fault))
    out->verdict = *verdict;
}

static void object_to_command(struct hearing *hearing, enum rule rule, struct fault fault)
{
  object(hearing, &(struct verdict){.rule = rule,
                                    .fault = fault,
                                    .prefix = hearing->question->prefix,
                                    .subject = hearing->question->argument});
}

/* A HELO rule is broken: spoken now, or kept for RCPT. */
static void object_to_helo(struct hearing *hearing, enum rule rule, struct fault fault)
{
  struct session *session = hearing->session;

  if (hearing->policy->speak == POLICY_SPEAK_AT_ONCE) {
    object_to_command(hearing, rule, fault);
    return;
  }
  if (session->held_count == SESSION_HELD_MAX || hearing->policy->rules[rule].action == ACTION_OFF)
    return;
  session->held[session->held_count++] =
      (struct held){.rule = (uint16_t)rule, .kind = (uint16_t)fault.kind, .at = fault.at};
}

static bool is_our_address(const struct policy *policy, const struct session *session, struct ip ip)
{
  char text[IP_TEXT_SIZE];

  if (session->has_server && ip_equals(ip, session->server))
    return true;
  ip_format(ip, text);
  return names_contain(policy->our_names, span_from(text));
}

/* Whether the name is ours, and the client is not: our own programs may use it. */
static bool takes_our_name(const struct policy *policy, const struct session *session,
                           const struct helo *helo)
{
  struct span name = helo_bare(helo->name);
  bool ours;

  if (helo->is_ip)
    ours = is_our_address(policy, session, helo->ip);
  else if (policy->our_names.count > 0)
    ours = names_contain(policy->our_names, name);
  else
    ours = name.len > 0 && span_equals_nocase(helo_bare(session_host(session)), name);
  return ours && session->has_client && !is_our_address(policy, session, session->client);
}

static void judge_helo(struct hearing *hearing)
{
  static const struct {
    enum aspect aspect;
    enum rule rule;
  } spelling[] = {
      {ASPECT_SYNTAX, RULE_HELO_SYNTAX},
      {ASPECT_LITERAL, RULE_HELO_SYNTAX},
      {ASPECT_BARE_ADDRESS, RULE_HELO_BARE_ADDRESS},
      {ASPECT_UNQUALIFIED, RULE_HELO_UNQUALIFIED},
      {ASPECT_UNDERSCORE, RULE_HELO_UNDERSCORE},
  };
  const struct helo *helo = &hearing->question->helo;

  if (takes_our_name(hearing->policy, hearing->session, helo))
    object_to_helo(hearing, RULE_HELO_OURS, no_place);
  if (names_contain(hearing->policy->rules[RULE_HELO_LISTED].names, helo_bare(helo->name)))
    object_to_helo(hearing, RULE_HELO_LISTED, no_place);
  for (size_t i = 0; i < sizeof(spelling) / sizeof(spelling[0]); i++)
    if (faults_has(&helo->faults, spelling[i].aspect))
      object_to_helo(hearing, spelling[i].rule, helo->faults.of[spelling[i].aspect]);
  if (hearing->session->helo_changed)
    object_to_helo(hearing, RULE_HELO_CHANGED, no_place);
}

/* What waited since HELO. postmaster and abuse stay reachable, RFC 5321, 4.5.1 and RFC 2142. */
static void judge_held(struct hearing *hearing)
{
  struct session *session = hearing->session;
  bool refused = hearing->out->verdict.rule != RULE_NONE;

  if (session->held_count == 0 ||
      names_contain(hearing->policy->reachable, hearing->question->address.local))
    return;
  for (unsigned i = 0; i < session->held_count; i++) {
    const struct held *held = &session->held[i];
    struct verdict verdict = {.rule = (enum rule)held->rule,
                              .fault = {(enum fault_kind)held->kind, held->at},
                              .prefix = SPAN("HELO "),
                              .subject = session_helo(session)};

    if (is_noticed(hearing->policy, verdict.rule) ? !session->notices_given : !refused)
      object(hearing, &verdict);
  }
  session->notices_given = true;
}

/* The rules sender-* and recipient-* stand in pairs, in the order of the aspects. */
static enum rule address_rule(enum aspect aspect, enum stage stage)
{
  return RULE_SENDER_BRACKETS + 2 * (enum rule)aspect + (stage == STAGE_RCPT ? 1 : 0);
}

#define PAIR_IN_PLACE(aspect)                                                                      \
  _Static_assert(RULE_SENDER_##aspect == RULE_SENDER_BRACKETS + 2 * ASPECT_##aspect &&             \
                     RULE_RECIPIENT_##aspect == RULE_SENDER_##aspect + 1,                          \
                 "address rules stand in the order of the aspects")
PAIR_IN_PLACE(BRACKETS);
PAIR_IN_PLACE(SYNTAX);
PAIR_IN_PLACE(UNQUALIFIED);
PAIR_IN_PLACE(DOTS);
PAIR_IN_PLACE(LENGTH);
PAIR_IN_PLACE(UNDERSCORE);
PAIR_IN_PLACE(UTF8);
PAIR_IN_PLACE(IDN);
PAIR_IN_PLACE(LITERAL);
PAIR_IN_PLACE(PARAMETERS);

static void judge_path(struct hearing *hearing)
{
  const struct question *question = hearing->question;
  struct fault parameter = question->parameters.faults.of[ASPECT_PARAMETERS];

  for (enum aspect aspect = ASPECT_BRACKETS; aspect < ASPECT_PARAMETERS; aspect++)
    if (faults_has(&question->address.faults, aspect))
      object_to_command(hearing, address_rule(aspect, question->stage),
                        question->address.faults.of[aspect]);
  if (parameter.kind != FAULT_NONE && hearing->out->verdict.rule == RULE_NONE)
    object(hearing, &(struct verdict){.rule = address_rule(ASPECT_PARAMETERS, question->stage),
                                      .fault = parameter,
                                      .prefix = SPAN(""),
                                      .subject = question->bad_parameter});
}

static bool over_limit(const struct hearing *hearing, enum rule rule, unsigned count)
{
  return count > hearing->policy->rules[rule].limit;
}

/* A sequence that an MTA refuses before a milter hears of it; only our own SMTP door asks. */
static bool out_of_order(const struct session *session, enum stage stage)
{
  return session->orders_itself && !stage_may_follow(session->before, stage);
}

static void judge_mail(struct hearing *hearing)
{
  const struct session *session = hearing->session;

  if (!session->helo_seen)
    object_to_command(hearing, RULE_HELO_MISSING, no_place);
  else if (out_of_order(session, STAGE_MAIL))
    object_to_command(hearing, RULE_SEQUENCE_MAIL, no_place);
  if (over_limit(hearing, RULE_SEQUENCE_ABANDONED, session->abandoned))
    object_to_command(hearing, RULE_SEQUENCE_ABANDONED, no_place);
  if (hearing->out->verdict.rule == RULE_NONE)
    judge_path(hearing);
}

/* Whether the command is refused, or would be without monitor mode: then it does not count. */
static bool is_refused(const struct hearing *hearing)
{
  const struct judgement *out = hearing->out;

  for (unsigned i = 0; i < out->notice_count; i++)
    if (hearing->policy->rules[out->notices[i].rule].action == ACTION_REFUSE)
      return true;
  return out->verdict.rule != RULE_NONE;
}

/* One recipient more than there may be. */
static void judge_count(struct hearing *hearing)
{
  const struct session *session = hearing->session;

  if (over_limit(hearing, RULE_RECIPIENT_MANY, session->recipients))
    object_to_command(hearing, RULE_RECIPIENT_MANY, no_place);
  if (session->null_sender && session->recipients > 1)
    object_to_command(hearing, RULE_BOUNCE_RECIPIENTS, no_place);
}

static void judge_rcpt(struct hearing *hearing)
{
  if (out_of_order(hearing->session, STAGE_RCPT)) {
    object_to_command(hearing, RULE_SEQUENCE_RCPT, no_place);
    return;
  }
  judge_path(hearing);
  if (!is_refused(hearing))
    judge_count(hearing);
  judge_held(hearing);
}

static void judge_data(struct hearing *hearing)
{
  if (out_of_order(hearing->session, STAGE_DATA))
    object_to_command(hearing, RULE_SEQUENCE_DATA, no_place);
}

enum { LINE_MAX_WITHOUT_CRLF = 510 }; /* RFC 5321, 4.5.3.1.4 */

static enum rule command_rule(const struct question *question)
{
  if (question->fault_rule != RULE_NONE)
    return question->fault_rule;
  if (question->command != COMMAND_NONE)
    return (enum rule)command_entry(question->command)->rule;
  if (line_is_foreign(question->argument))
    return RULE_COMMAND_FOREIGN;
  return question->argument.len > LINE_MAX_WITHOUT_CRLF ? RULE_COMMAND_LONG : RULE_COMMAND_UNKNOWN;
}

static void judge_command(struct hearing *hearing)
{
  enum rule rule = command_rule(hearing->question);

  if (rule != RULE_NONE)
    object_to_command(hearing, rule, no_place);
}

/*
 * The client's network is refused for what it did before. Not at CONNECT: waiting for an answer
 * there would cost every session a round trip, and Postfix has no place for our text in it. Nor at
 * HELO, before the client can authenticate. When monitored, once a transaction is enough.
 */
static void judge_standing(struct hearing *hearing)
{
  struct session *session = hearing->session;
  enum rule rule;

  if (session->standing.refused_for == 0 ||
      (hearing->question->stage != STAGE_MAIL && hearing->question->stage != STAGE_RCPT &&
       hearing->question->stage != STAGE_COMMAND))
    return;
  rule = probing_rule(session->standing.cause);
  if (!is_noticed(hearing->policy, rule) || !session->refusal_given)
    object(hearing, &(struct verdict){.rule = rule,
                                      .seconds = session->standing.refused_for,
                                      .prefix = SPAN(""),
                                      .subject = SPAN("")});
  session->refusal_given = true;
}

void policy_judge(const struct policy *policy, struct session *session,
                  const struct question *question, struct judgement *out)
{
  static void (*const judges[STAGE_COUNT])(struct hearing *) = {
      [STAGE_HELO] = judge_helo, [STAGE_MAIL] = judge_mail,       [STAGE_RCPT] = judge_rcpt,
      [STAGE_DATA] = judge_data, [STAGE_COMMAND] = judge_command,
  };
  struct hearing hearing = {policy, session, question, out};

  out->verdict.rule = RULE_NONE;
  out->notice_count = 0;
  out->exemption = EXEMPT_NOT;
  judge_standing(&hearing);
  if (judges[question->stage] != NULL && out->verdict.rule == RULE_NONE)
    judges[question->stage](&hearing);
}

bool policy_refuses_standing(const struct policy *policy, const struct session *session)
{
  enum rule rule;

  if (session->standing.refused_for == 0)
    return false;
  rule = probing_rule(session->standing.cause);
  return policy->rules[rule].action == ACTION_REFUSE && !is_noticed(policy, rule) &&
         policy_exemption(policy, session) == EXEMPT_NOT;
}

bool judgement_is_silent(const struct judgement *judgement)
{
  return judgement->verdict.rule == RULE_NONE && judgement->notice_count == 0 &&
         judgement->exemption == EXEMPT_NOT;
}

enum exemption policy_exemption(const struct policy *policy, const struct session *session)
{
  if (!session->has_client && policy->exempt_local)
    return EXEMPT_LOCAL;
  if (session->authenticated && policy->exempt_authenticated)
    return EXEMPT_AUTHENTICATED;
  if (session->tls_verified && policy->exempt_tls_verified)
    return EXEMPT_TLS_VERIFIED;
  if (names_contain(policy->exempt_daemons, session_daemon(session)))
    return EXEMPT_DAEMON;
  if (session->has_client &&
      netblocks_contain(policy->exempt_networks, policy->exempt_network_count, session->client))
    return EXEMPT_NETWORK;
  return EXEMPT_NOT;
}

const char *exemption_name(enum exemption exemption)
{
  static const char *const names[] = {
      [EXEMPT_NOT] = "",
      [EXEMPT_NETWORK] = "network",
      [EXEMPT_AUTHENTICATED] = "authenticated",
      [EXEMPT_TLS_VERIFIED] = "tls-verified",
      [EXEMPT_LOCAL] = "local",
      [EXEMPT_DAEMON] = "daemon",
  };

  return names[exemption];
}

void policy_defaults(struct policy *out)
{
  /* 127.0.0.0/8 as ::ffff:7f00:0/104, and ::1; in the order of netblocks_sort(). */
  static const struct netblock loopback[] = {
      {{{[10] = 0xff, [11] = 0xff, [12] = 127}}, 104},
      {{{[15] = 1}}, 128},
  };
  static const struct span reachable[] = {{"abuse", 5}, {"postmaster", 10}};

  memset(out, 0, sizeof(*out));
  out->exempt_networks = loopback;
  out->exempt_network_count = sizeof(loopback) / sizeof(loopback[0]);
  out->reachable = (struct names){reachable, sizeof(reachable) / sizeof(reachable[0])};
  out->exempt_authenticated = true;
  out->exempt_tls_verified = true;
  out->exempt_local = true;
  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    const struct rule_entry *entry = rule_entry(rule);

    out->rules[rule].action = entry->action;
    out->rules[rule].status = entry->status;
    out->rules[rule].limit = entry->limit == RULE_NO_LIMIT ? 0 : (unsigned)entry->limit;
  }
}
