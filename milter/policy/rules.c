/*
 * The rules as a table, made from rules.def.
 */
#include "rules.h"

/* The words of rules.def, local to this file. */
enum {
  NO_LIMIT = RULE_NO_LIMIT,
  HELD = RULE_FLAG_HELD,
  NAMES = RULE_FLAG_NAMES,
  NATIVE = RULE_FLAG_NATIVE,
};

static const struct rule_entry entries[] = {
#define RULE(id, text, at, act, reply_code, enhanced_code, lim, flag_bits, sum, why, how, from)    \
  [RULE_##id] = {.name = text,                                                                     \
                 .stage = STAGE_##at,                                                              \
                 .action = ACTION_##act,                                                           \
                 .status = {reply_code, enhanced_code},                                            \
                 .limit = lim,                                                                     \
                 .flags = flag_bits,                                                               \
                 .summary = sum,                                                                   \
                 .cause = why,                                                                     \
                 .remedy = how,                                                                    \
                 .source = from},
#include "rules.def"
#undef RULE
};

const struct rule_entry *rule_entry(enum rule rule)
{
  return &entries[rule];
}

enum rule rule_find(struct span name)
{
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    if (span_equals(name, span_from(entries[rule].name)))
      return rule;
  return RULE_NONE;
}

const char *rule_action_name(enum rule_action action, unsigned code)
{
  static const char *const names[] = {
      [ACTION_OFF] = "off",
      [ACTION_MONITOR] = "monitor",
      [ACTION_REFUSE] = "refuse",
  };

  return action == ACTION_REFUSE && reply_is_positive(code) ? "answer" : names[action];
}

bool rule_action_parse(struct span word, enum rule_action *out)
{
  for (enum rule_action action = ACTION_OFF; action <= ACTION_REFUSE; action++) {
    if (span_equals(word, span_from(rule_action_name(action, 0)))) {
      *out = action;
      return true;
    }
  }
  if (!span_equals(word, SPAN("answer")))
    return false;
  *out = ACTION_REFUSE;
  return true;
}
