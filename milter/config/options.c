/*
 * The options as a table, made from options.def, and how their values are written.
 */
#include "options.h"

#include <string.h>

static const char *const modes[] = {
    [POLICY_ENFORCE] = "enforce", [POLICY_MONITOR] = "monitor", NULL};
static const char *const speaks[] = {
    [POLICY_SPEAK_RCPT] = "rcpt", [POLICY_SPEAK_AT_ONCE] = "at-once", NULL};
static const char *const details[] = {
    [POLICY_DETAIL_FULL] = "full", [POLICY_DETAIL_BRIEF] = "brief", NULL};

#define WORD(name, word) word,
static const char *const targets[] = {LOG_TARGETS(WORD) NULL};
static const char *const facilities[] = {LOG_FACILITIES(WORD) NULL};
static const char *const levels[] = {LOG_LEVELS(WORD) NULL};
#undef WORD

/* The kinds of options.def, local to this file. */
#define CHOICE(list) .kind = KIND_CHOICE, .words = (list)
#define NUMBER(from, to) .kind = KIND_NUMBER, .low = (from), .high = (to)
#define POINTS NUMBER(0, LEDGER_POINTS_MAX)
#define FLAG .kind = KIND_FLAG
#define ADDRESS(from) .kind = KIND_ADDRESS, .low = (from), .high = 255
#define SOCKET_FILE .kind = KIND_SOCKET_FILE, .high = 255
#define PERMISSIONS .kind = KIND_PERMISSIONS
#define FOLDER(to) .kind = KIND_FOLDER, .high = (to)
#define ACCOUNT(from) .kind = KIND_ACCOUNT, .low = (from), .high = 32
#define URL(to) .kind = KIND_URL, .high = (to)
#define PLAIN(to) .kind = KIND_PLAIN, .high = (to)
#define SERVER .kind = KIND_SERVER, .high = 255
#define PATH(to) .kind = KIND_PATH, .high = (to)
#define TOKEN(to) .kind = KIND_TOKEN, .high = (to)
#define SECRET(to) .kind = KIND_SECRET, .high = (to)
#define HOSTS .kind = KIND_HOSTS, .high = 255
#define WORDS(to) .kind = KIND_WORDS, .high = (to)
#define LOCAL_PARTS .kind = KIND_LOCAL_PARTS, .high = 64
#define NETWORKS .kind = KIND_NETWORKS

static const struct option_entry entries[] = {
#define RELOAD false
#define RESTART true
#define OPTION(name, dotted, takes, member, when, value, line, more)                               \
  [OPTION_##name] = {.path = (dotted),                                                             \
                     takes,                                                                        \
                     .offset = offsetof(struct settings, member),                                  \
                     .needs_restart = (when),                                                      \
                     .fallback = (value),                                                          \
                     .summary = (line),                                                            \
                     .text = (more)},
#include "options.def"
#undef OPTION
};

const struct option_entry *option_entry(enum option_id option)
{
  return &entries[option];
}

enum option_id option_find(struct span path)
{
  for (enum option_id option = 0; option < OPTION_COUNT; option++)
    if (span_equals(path, span_from(entries[option].path)))
      return option;
  return OPTION_NONE;
}

bool option_is_group(struct span path)
{
  for (enum option_id option = 0; option < OPTION_COUNT; option++) {
    struct span known = span_from(entries[option].path);

    if (known.len > path.len && known.at[path.len] == '.' &&
        span_equals(path, span_slice(known, 0, path.len)))
      return true;
  }
  return false;
}

static void add_words(struct text *text, const char *const *words)
{
  for (size_t i = 0; words[i] != NULL; i++) {
    if (i > 0)
      text_add(text, words[i + 1] == NULL ? " or " : ", ");
    text_add_byte(text, '"');
    text_add(text, words[i]);
    text_add_byte(text, '"');
  }
}

/* What the other kinds take. */
static const char *const taken[] = {
    [KIND_FLAG] = "true or false",
    [KIND_ADDRESS] = "\"unix:/path\", \"inet:port@host\", \"inet6:port@host\" or \"fd:number\"",
    [KIND_SOCKET_FILE] = "\"unix:/path\"",
    [KIND_PERMISSIONS] = "permissions in octal and in quotes, as \"0660\"",
    [KIND_FOLDER] = "an absolute path in quotes, as \"/var/lib/milter-strict\"",
    [KIND_ACCOUNT] = "a name in quotes, as \"postfix\"",
    [KIND_URL] = "a link in quotes, as \"https://mx.example.org/policy#%rule\"",
    [KIND_PLAIN] = "a text in quotes",
    [KIND_SERVER] = "\"inet:port@host\", \"unix:/path\" or \"\"",
    [KIND_PATH] = "an absolute path in quotes, as \"/etc/milter-strict/redis.password\"",
    [KIND_TOKEN] = "a text in quotes, without blanks",
    [KIND_SECRET] = "a text in quotes",
    [KIND_HOSTS] = "a list of host names and addresses, as [ \"mx.example.org\", \"192.0.2.1\" ]",
    [KIND_WORDS] = "a list of names, as [ \"one\", \"two\" ]",
    [KIND_LOCAL_PARTS] = "a list of local parts, as [ \"postmaster\", \"abuse\" ]",
    [KIND_NETWORKS] = "a list of networks, as [ \"192.0.2.0/24\", \"2001:db8::/32\" ]",
};

void option_add_taken(struct text *text, const struct option_entry *entry)
{
  if (entry->kind == KIND_CHOICE) {
    add_words(text, entry->words);
  } else if (entry->kind == KIND_NUMBER) {
    text_add(text, "a whole number from ");
    text_add_number(text, entry->low);
    text_add(text, " to ");
    text_add_number(text, entry->high);
  } else {
    text_add(text, taken[entry->kind]);
  }
}

static void add_quoted(struct text *text, struct span value)
{
  text_add_byte(text, '"');
  text_add_quoted(text, value, "\"\\");
  text_add_byte(text, '"');
}

static void add_names(struct text *text, struct names names)
{
  text_add(text, "[ ");
  for (size_t i = 0; i < names.count; i++) {
    if (i > 0)
      text_add(text, ", ");
    add_quoted(text, names.list[i]);
  }
  text_add(text, names.count > 0 ? " ]" : "]");
}

static void add_network(struct text *text, struct netblock block)
{
  char address[IP_TEXT_SIZE];
  unsigned bits = block.bits, most = 128;

  if (ip_is_v4(block.base) && bits >= 96) {
    bits -= 96;
    most = 32;
  }
  ip_format(block.base, address);
  text_add_byte(text, '"');
  text_add(text, address);
  if (bits < most) {
    text_add_byte(text, '/');
    text_add_number(text, bits);
  }
  text_add_byte(text, '"');
}

static void add_networks(struct text *text, const struct policy *policy)
{
  text_add(text, "[ ");
  for (size_t i = 0; i < policy->exempt_network_count; i++) {
    if (i > 0)
      text_add(text, ", ");
    add_network(text, policy->exempt_networks[i]);
  }
  text_add(text, policy->exempt_network_count > 0 ? " ]" : "]");
}

static void add_permissions(struct text *text, unsigned mode)
{
  text_add(text, "\"0");
  for (int shift = 6; shift >= 0; shift -= 3)
    text_add_byte(text, (char)('0' + (mode >> shift & 7)));
  text_add_byte(text, '"');
}

bool option_is_secret(const struct option_entry *entry, const struct settings *settings)
{
  struct span value = {0};

  if (entry->kind == KIND_SECRET)
    memcpy(&value, (const char *)settings + entry->offset, sizeof(value));
  return value.len > 0;
}

void option_add_value(struct text *text, const struct option_entry *entry,
                      const struct settings *settings)
{
  const char *member = (const char *)settings + entry->offset;
  unsigned number = 0;
  struct span span = {0};
  struct names names = {0};

  switch (entry->kind) {
  case KIND_CHOICE:
    memcpy(&number, member, sizeof(number));
    add_quoted(text, span_from(entry->words[number]));
    break;
  case KIND_NUMBER:
    memcpy(&number, member, sizeof(number));
    text_add_number(text, number);
    break;
  case KIND_FLAG:
    text_add(text, *(const bool *)member ? "true" : "false");
    break;
  case KIND_PERMISSIONS:
    memcpy(&number, member, sizeof(number));
    add_permissions(text, number);
    break;
  case KIND_ADDRESS:
  case KIND_SOCKET_FILE:
  case KIND_FOLDER:
  case KIND_ACCOUNT:
  case KIND_URL:
  case KIND_PLAIN:
  case KIND_SERVER:
  case KIND_PATH:
  case KIND_TOKEN:
  case KIND_SECRET:
    memcpy(&span, member, sizeof(span));
    add_quoted(text, span);
    break;
  case KIND_HOSTS:
  case KIND_WORDS:
  case KIND_LOCAL_PARTS:
    memcpy(&names, member, sizeof(names));
    add_names(text, names);
    break;
  case KIND_NETWORKS:
    add_networks(text, &settings->policy);
    break;
  }
}
