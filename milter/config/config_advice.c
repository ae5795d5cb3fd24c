/*
 * Warnings: settings that are legal and have no effect, or one that hardly anybody wants.
 */
#include "config_inner.h"

#include "../policy/probing.h"

#include <string.h>
#include <sys/stat.h>

static void advise_rule(struct reader *reader, enum rule rule)
{
  const struct rule_lines *lines = &reader->rule_lines[rule];
  const struct rule_setting *setting = &reader->settings->policy.rules[rule];
  const char *name = rule_entry(rule)->name;

  if (setting->action == ACTION_OFF && lines->rule > 0 && lines->action == 0)
    reader_warn(reader, lines->rule, "rules.%s is off as long as nothing sets its action", name);
  else if (setting->action != ACTION_OFF && lines->rule > 0 && lines->names == 0 &&
           (rule_entry(rule)->flags & RULE_FLAG_NAMES) != 0)
    reader_warn(reader, lines->rule, "rules.%s has no names, so it never applies", name);
  if (lines->text > 0 && setting->text.len == 0)
    reader_warn(reader, lines->text, "rules.%s.text is empty, so the built-in text is used", name);
}

static void advise_exemptions(struct reader *reader)
{
  const struct policy *policy = &reader->settings->policy;

  for (size_t i = 0; i < policy->exempt_network_count; i++) {
    struct netblock block = policy->exempt_networks[i];

    if (block.bits == 0 || (block.bits == 96 && ip_is_v4(block.base)))
      reader_warn(reader, reader->option_line[OPTION_EXEMPT_NETWORKS],
                  "exempt.networks has every %s client in it, so they are refused nothing",
                  block.bits == 0 ? "IPv6" : "IPv4");
  }
  if (policy->speak == POLICY_SPEAK_AT_ONCE && reader->option_line[OPTION_EXEMPT_RECIPIENTS] > 0 &&
      policy->reachable.count > 0)
    reader_warn(reader, reader->option_line[OPTION_EXEMPT_RECIPIENTS],
                "exempt.recipients has no effect with speak = \"at-once\"");
}

static void advise_replies(struct reader *reader)
{
  const struct policy *policy = &reader->settings->policy;

  if (policy->detail != POLICY_DETAIL_BRIEF)
    return;
  if (policy->url.len > 0)
    reader_warn(reader, reader->option_line[OPTION_REPLIES_URL],
                "replies.url is not shown with replies.detail = \"brief\"");
  if (policy->contact.len > 0)
    reader_warn(reader, reader->option_line[OPTION_REPLIES_CONTACT],
                "replies.contact is not shown with replies.detail = \"brief\"");
}

/* What is opened: an address each; two doors cannot share one. */
static void advise_listening(struct reader *reader)
{
  static const enum option_id unix_only[] = {OPTION_LISTEN_MODE, OPTION_LISTEN_GROUP};
  static const enum option_id doors[] = {OPTION_LISTEN_MILTER, OPTION_LISTEN_POLICY,
                                         OPTION_LISTEN_SOCKETMAP, OPTION_LISTEN_CONTROL};
  const struct settings *settings = reader->settings;
  const struct span addresses[] = {settings->listen_milter, settings->listen_policy,
                                   settings->listen_socketmap, settings->listen_control};
  bool has_file = false;

  for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
    has_file = has_file || (doors[i] != OPTION_LISTEN_CONTROL &&
                            span_starts_nocase(addresses[i], SPAN("unix:")));
    for (size_t other = 0; other < i; other++)
      if (addresses[i].len > 0 && span_equals(addresses[i], addresses[other]))
        reader_error(reader, reader->option_line[doors[i]], "%s and %s are the same address",
                     option_entry(doors[other])->path, option_entry(doors[i])->path);
  }
  if (has_file)
    return;
  for (size_t i = 0; i < sizeof(unix_only) / sizeof(unix_only[0]); i++)
    if (reader->option_line[unix_only[i]] > 0)
      reader_warn(reader, reader->option_line[unix_only[i]],
                  "%s has no effect: no socket is a unix socket", option_entry(unix_only[i])->path);
}

/* Redis's options that do nothing without another one. */
static void advise_redis_idle(struct reader *reader)
{
  const struct settings *settings = reader->settings;
  static const enum option_id tls[] = {OPTION_REDIS_TLS_CA, OPTION_REDIS_TLS_CERTIFICATE,
                                       OPTION_REDIS_TLS_KEY, OPTION_REDIS_TLS_NAME};

  for (size_t i = 0; i < sizeof(tls) / sizeof(tls[0]) && !settings->redis_tls; i++)
    if (reader->option_line[tls[i]] > 0)
      reader_warn(reader, reader->option_line[tls[i]], "%s has no effect: redis.tls is false",
                  option_entry(tls[i])->path);
  if (settings->redis_tls && settings->redis_tls_key.len > 0 &&
      settings->redis_tls_certificate.len == 0)
    reader_warn(reader, reader->option_line[OPTION_REDIS_TLS_KEY],
                "redis.tls-key has no effect without redis.tls-certificate");
  if (settings->redis_user.len > 0 && settings->redis_password.len == 0 &&
      settings->redis_password_file.len == 0)
    reader_warn(reader, reader->option_line[OPTION_REDIS_USER],
                "redis.user has no effect without a password");
  if (settings->state_directory.len == 0)
    reader_warn(reader, reader->option_line[OPTION_REDIS_SERVER],
                "redis.server has no effect: state-directory is empty, so nobody is remembered");
}

static void advise_redis_secrets(struct reader *reader)
{
  const struct settings *settings = reader->settings;
  unsigned line = reader->option_line[OPTION_REDIS_PASSWORD_FILE];
  struct stat status;

  if (settings->redis_password.len > 0 && settings->redis_password_file.len > 0)
    reader_error(reader, line, "redis.password and redis.password-file: set one of them");
  if (settings->redis_password.len > 0 && reader->others_can_read)
    reader_warn(reader, reader->option_line[OPTION_REDIS_PASSWORD],
                "everybody can read this file with redis.password in it; chmod o-r it, or set "
                "redis.password-file");
  if (settings->redis_password_file.len > 0 &&
      stat(settings->redis_password_file.at, &status) == 0 && (status.st_mode & S_IROTH) != 0)
    reader_warn(reader, line, "everybody can read the file of redis.password-file; chmod o-r it");
  if (settings->redis_tls && settings->redis_tls_name.len == 0 &&
      span_starts_nocase(settings->redis_server, SPAN("unix:")))
    reader_error(reader, reader->option_line[OPTION_REDIS_TLS],
                 "redis.tls needs redis.tls-name: a unix socket has no host's name");
}

/* Whether the file sets it to something else than it is by itself. */
static bool is_changed(const struct reader *reader, enum option_id option)
{
  char memory[2 * SHOWN_MAX];
  struct text value = text_in(memory, sizeof(memory));

  option_add_value(&value, option_entry(option), reader->settings);
  return reader->option_line[option] > 0 &&
         !span_equals(text_span(&value), span_from(option_entry(option)->fallback));
}

static void advise_redis(struct reader *reader)
{
  if (reader->settings->redis_server.len > 0) {
    advise_redis_idle(reader);
    advise_redis_secrets(reader);
    return;
  }
  for (enum option_id option = OPTION_REDIS_USER; option <= OPTION_REDIS_TIMEOUT; option++)
    if (is_changed(reader, option)) {
      reader_warn(reader, reader->option_line[option], "%s has no effect: redis.server is empty",
                  option_entry(option)->path);
      return;
    }
}

/* A rule to which nothing adds any points. */
static void advise_points(struct reader *reader, enum ledger_cause cause)
{
#define EVENT(id, word, of, ...) {LEDGER_##id, LEDGER_CAUSE_##of, "probing.points-" word},
  static const struct {
    enum ledger_event event;
    enum ledger_cause cause;
    const char *path;
  } events[] = {LEDGER_EVENTS(EVENT)};
#undef EVENT
  const struct rule_entry *rule = rule_entry(probing_rule(cause));
  const char *path = NULL;

  for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
    if (events[i].cause == cause && reader->settings->ledger.points[events[i].event] > 0)
      return;
    if (events[i].cause == cause)
      path = events[i].path;
  }
  for (enum option_id option = 0; option < OPTION_COUNT && path != NULL; option++)
    if (strcmp(option_entry(option)->path, path) == 0)
      reader_warn(reader, reader->option_line[option],
                  "%s = 0: the rule %s never applies, for nothing has points for it", path,
                  rule->name);
}

static void advise_probing(struct reader *reader)
{
  const struct ledger_settings *ledger = &reader->settings->ledger;
  unsigned first = reader->option_line[OPTION_PROBING_REFUSE];
  unsigned longest = reader->option_line[OPTION_PROBING_REFUSE_LONGEST];

  if (ledger->refuse_first > ledger->refuse_longest)
    reader_warn(reader, first > longest ? first : longest,
                "probing.refuse = %u is more than probing.refuse-longest = %u, which is how long a "
                "refusal lasts then",
                (unsigned)ledger->refuse_first, (unsigned)ledger->refuse_longest);
  for (enum ledger_cause cause = 0; cause < LEDGER_CAUSE_COUNT; cause++)
    if (reader->settings->policy.rules[probing_rule(cause)].action != ACTION_OFF)
      advise_points(reader, cause);
}

void advise(struct reader *reader)
{
  const struct settings *settings = reader->settings;

  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    advise_rule(reader, rule);
  advise_exemptions(reader);
  advise_replies(reader);
  advise_listening(reader);
  advise_probing(reader);
  advise_redis(reader);
  if (settings->log_to == LOG_TARGET_STDERR && reader->option_line[OPTION_LOG_FACILITY] > 0)
    reader_warn(reader, reader->option_line[OPTION_LOG_FACILITY],
                "log.facility has no effect with log.to = \"stderr\"");
  if (settings->log_level < LOG_LEVEL_NOTICE)
    reader_warn(reader, reader->option_line[OPTION_LOG_LEVEL],
                "log.level = \"%s\" hides refusals; \"notice\" shows them",
                settings->log_level == LOG_LEVEL_ERR ? "error" : "warning");
}
