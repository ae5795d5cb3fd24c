/*
 * milter-strict mta --check: what a mail server has set, held against what the rules need.
 *
 * Postfix's settings come as `postconf -n` prints them, or as a main.cf: "name = value", a line
 * that begins with a blank goes on with the one before. Sendmail's are those of sendmail.cf. What
 * the file does not set has its default. Only what is known to keep a rule from being heard is
 * told.
 */
#include "mta.h"

#include <string.h>

/* Takes the next line off the front. */
static struct span next_line(struct span *text)
{
  size_t end = span_find(*text, '\n');
  struct span line = span_slice(*text, 0, end);

  *text = span_slice(*text, end + 1, text->len);
  return line;
}

static bool is_between(char byte)
{
  return strchr(" \t\r\n,{}=", byte) != NULL; /* a NUL as well */
}

/* Takes the next word off the front: what stands between blanks, commas and the like. */
static struct span next_word(struct span *text)
{
  struct span word;
  size_t begin = 0, end;

  while (begin < text->len && is_between(text->at[begin]))
    begin++;
  for (end = begin; end < text->len && !is_between(text->at[end]);)
    end++;
  word = span_slice(*text, begin, end);
  *text = span_slice(*text, end, text->len);
  return word;
}

static bool has_word(struct span text, const char *wanted)
{
  while (text.len > 0)
    if (span_equals_nocase(next_word(&text), span_from(wanted)))
      return true;
  return false;
}

static bool ends_in(struct span text, struct span end)
{
  return text.len >= end.len && span_equals(span_slice(text, text.len - end.len, text.len), end);
}

/* One of these words that stands in the text, or NULL. The list ends in NULL. */
static const char *find_word(struct span text, const char *const *list)
{
  for (; *list != NULL; list++)
    if (has_word(text, *list))
      return *list;
  return NULL;
}

static void found(struct mta *mta, const char *setting, const char *what)
{
  mta_note(mta, true, "%s %s", setting, what);
}

/* Postfix */

/* The value of a setting with all its lines, the last one of that name; false when it is not set.
 */
static bool postfix_value(struct span text, const char *name, struct span *out)
{
  bool is_set = false;

  *out = SPAN("");
  while (text.len > 0) {
    struct span line = next_line(&text);
    size_t equals = span_find(line, '=');

    if (equals == line.len || line.at[0] == '#' ||
        !span_equals(span_trim_end(span_slice(line, 0, equals)), span_from(name)))
      continue;
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
      struct span more = next_line(&text);

      line.len = (size_t)(more.at + more.len - line.at);
    }
    *out = span_trim(span_slice(line, equals + 1, line.len));
    is_set = true;
  }
  return is_set;
}

static bool postfix_says(struct span text, const char *name, const char *word)
{
  struct span value;

  return postfix_value(text, name, &value) && has_word(value, word);
}

/* Whether the list asks our policy service, and before all others. */
static void check_place(struct mta *mta, struct span text, const char *name)
{
  struct span value, rest;

  postfix_value(text, name, &value);
  rest = value;
  if (!has_word(value, mta->door))
    found(mta, name, "does not ask milter-strict's policy service about VRFY");
  else if (!span_equals(next_word(&rest), SPAN("check_policy_service")) ||
           !span_equals(next_word(&rest), span_from(mta->door)))
    found(mta, name, "asks others first: milter-strict's policy service must be the first");
}

/* Delayed until there is a recipient, these lists come before those in which we are asked. */
static void check_earlier_lists(struct mta *mta, struct span text)
{
  static const char *const lists[] = {"smtpd_client_restrictions", "smtpd_helo_restrictions",
                                      "smtpd_sender_restrictions"};
  static const char *const asking[] = {
      "reject_unlisted_recipient",       "reject_unverified_recipient",
      "reject_unauth_destination",       "defer_unauth_destination",
      "reject_unknown_recipient_domain", "reject_non_fqdn_recipient",
      "check_recipient_access",          NULL};

  for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
    struct span value;
    const char *word;

    postfix_value(text, lists[i], &value);
    word = find_word(value, asking);
    if (word != NULL)
      mta_note(mta, true, "%s has %s, which answers VRFY before a rule is asked", lists[i], word);
  }
}

/* "3.6", "3.10", "2": the number before the first dot, or behind it. */
static unsigned number_at(struct span *text)
{
  unsigned number = 0;
  size_t at = 0;

  for (; at < text->len && byte_is_digit(text->at[at]) && number < 100000; at++)
    number = number * 10 + (unsigned)(text->at[at] - '0');
  *text = span_slice(*text, at + 1, text->len);
  return number;
}

/* Whether smtpd_relay_restrictions is looked at before smtpd_recipient_restrictions. */
static bool relay_comes_first(struct span text)
{
  struct span value;
  unsigned major;

  if (postfix_value(text, "smtpd_relay_before_recipient_restrictions", &value))
    return has_word(value, "yes");
  postfix_value(text, "compatibility_level", &value); /* not set, it is 0 */
  major = number_at(&value);
  return major > 3 || (major == 3 && number_at(&value) >= 6);
}

static void check_policy_service(struct mta *mta, struct span text)
{
  bool answers = mta_stance(&mta->settings->policy, RULE_COMMAND_VRFY) == MTA_ANSWER;
  struct span value;

  check_place(mta, text, "smtpd_relay_restrictions");
  check_earlier_lists(mta, text);
  if (answers) {
    check_place(mta, text, "smtpd_recipient_restrictions");
    if (!postfix_says(text, "smtpd_reject_unlisted_recipient", "no"))
      found(mta, "smtpd_reject_unlisted_recipient",
            "is not \"no\": VRFY gets 252 for mailboxes that there are, and 550 for others");
  } else if (!relay_comes_first(text) &&
             postfix_value(text, "smtpd_recipient_restrictions", &value) && value.len > 0) {
    check_place(mta, text, "smtpd_recipient_restrictions");
  }
}

static void check_vrfy(struct mta *mta, struct span text)
{
  bool disabled = postfix_says(text, "disable_vrfy_command", "yes");
  bool vrfy = mta_speaks(&mta->settings->policy, RULE_COMMAND_VRFY);

  if (mta->door[0] == '\0') {
    if (vrfy && !disabled)
      found(mta, "disable_vrfy_command",
            "is not \"yes\", and no policy service is asked: VRFY tells who has a mailbox");
    return;
  }
  if (vrfy || mta_postfix_filters(mta)) {
    check_policy_service(mta, text);
    if (disabled)
      found(mta, "disable_vrfy_command", "is \"yes\": Postfix answers before a rule is asked");
  }
}

static void check_filter(struct mta *mta, struct span text)
{
  struct span value;

  if (!mta_postfix_filters(mta))
    return;
  postfix_value(text, "smtpd_command_filter", &value);
  if (value.len == 0)
    found(mta, "smtpd_command_filter",
          "is not set: the rules of EXPN, TURN and the like are not "
          "heard from every version of Postfix");
  else if (!ends_in(value, SPAN("/" MTA_POSTFIX_FILTER)))
    found(mta, "smtpd_command_filter",
          "is another table: it needs the lines of " MTA_POSTFIX_FILTER);
}

static void check_commands(struct mta *mta, struct span text)
{
  const struct policy *policy = &mta->settings->policy;
  struct span value;

  if (mta_speaks(policy, RULE_COMMAND_FOREIGN) &&
      (!postfix_value(text, "smtpd_forbidden_commands", &value) || value.len > 0))
    found(mta, "smtpd_forbidden_commands",
          "is not empty: Postfix hangs up before the rule command-foreign is asked");
  postfix_value(text, "smtpd_noop_commands", &value);
  for (enum command command = 0; command < COMMAND_COUNT; command++) {
    const struct command_entry *entry = command_entry(command);

    if (entry->kind != COMMAND_IS_OFFERED && has_word(value, entry->verb) &&
        mta_speaks(policy, (enum rule)entry->rule))
      mta_note(mta, true, "smtpd_noop_commands has %s, which is answered with 250 then",
               entry->verb);
  }
}

void mta_check_postfix(struct mta *mta, struct span text)
{
  struct span value;

  postfix_value(text, "smtpd_milters", &value);
  if (mta->milter[0] != '\0' && !has_word(value, mta->milter))
    mta_note(mta, true, "smtpd_milters does not have %s", mta->milter);
  if (mta_speaks(&mta->settings->policy, RULE_HELO_MISSING) &&
      postfix_says(text, "smtpd_helo_required", "yes"))
    found(mta, "smtpd_helo_required",
          "is \"yes\": Postfix answers before the rule helo-missing is asked");
  if (postfix_says(text, "soft_bounce", "yes"))
    found(mta, "soft_bounce", "is \"yes\": every refusal becomes a deferral");
  check_vrfy(mta, text);
  check_filter(mta, text);
  check_commands(mta, text);
}

/* Sendmail */

/* Whether a line begins and goes on so; `rest` may be NULL. */
static bool has_line(struct span text, const char *begin, const char *rest)
{
  while (text.len > 0) {
    struct span line = next_line(&text);

    if (span_starts_nocase(line, span_from(begin)) && (rest == NULL || has_word(line, rest)))
      return true;
  }
  return false;
}

static void check_privacy(struct mta *mta, struct span text)
{
  static const struct {
    const char *word;
    enum rule rule;
    bool with_map; /* without a socket map it is what we ask for, or does no harm */
  } words[] = {
      {"goaway", RULE_COMMAND_VRFY, true},       {"novrfy", RULE_COMMAND_VRFY, true},
      {"noexpn", RULE_COMMAND_EXPN, true},       {"needvrfyhelo", RULE_COMMAND_VRFY, true},
      {"needexpnhelo", RULE_COMMAND_EXPN, true}, {"needmailhelo", RULE_HELO_MISSING, false},
  };
  static const char option[] = "O PrivacyOptions=";

  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    if (has_line(text, option, words[i].word) &&
        mta_speaks(&mta->settings->policy, words[i].rule) &&
        (!words[i].with_map || mta->door[0] != '\0'))
      mta_note(mta, true, "PrivacyOptions has %s: Sendmail answers before the rule %s is asked",
               words[i].word, rule_entry(words[i].rule)->name);
  if (mta->door[0] == '\0' && mta_speaks(&mta->settings->policy, RULE_COMMAND_VRFY) &&
      !has_line(text, option, "novrfy") && !has_line(text, option, "goaway"))
    found(mta, "PrivacyOptions",
          "does not have novrfy, and no socket map is asked: VRFY tells who has a mailbox");
}

void mta_check_sendmail(struct mta *mta, struct span text)
{
  static const struct {
    const char *ruleset;
    enum rule rule;
  } rulesets[] = {{"Scheck_vrfy", RULE_COMMAND_VRFY}, {"Scheck_expn", RULE_COMMAND_EXPN}};

  if (mta->milter[0] != '\0' && !has_line(text, "X", mta->milter))
    mta_note(mta, true, "InputMailFilters has none at %s", mta->milter);
  if (mta_speaks(&mta->settings->policy, RULE_HELO_SYNTAX) &&
      !has_line(text, "O AllowBogusHELO=", "True"))
    found(mta, "AllowBogusHELO", "is not \"True\": Sendmail answers before helo-syntax is asked");
  check_privacy(mta, text);
  if (mta->door[0] == '\0')
    return;
  if (!has_line(text, "K", mta->door))
    mta_note(mta, true, "there is no map at %s", mta->door);
  for (size_t i = 0; i < sizeof(rulesets) / sizeof(rulesets[0]); i++)
    if (mta_speaks(&mta->settings->policy, rulesets[i].rule) &&
        !has_line(text, rulesets[i].ruleset, NULL))
      mta_note(mta, true, "there is no ruleset %s: the rule %s is not asked",
               rulesets[i].ruleset + 1, rule_entry(rulesets[i].rule)->name);
}
