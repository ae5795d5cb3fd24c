/*
 * Settings as a configuration file. The options and rules come in the order of their tables, the
 * comments are the tables' own.
 */
#include "dump.h"
#include "options.h"

#include <stdlib.h>
#include <string.h>

struct dump {
  FILE *to;
  const struct settings *settings;
  enum dump_style style;
  struct text text; /* of one option or rule */
};

/* "exempt" of "exempt.networks"; empty for an option at the top. */
static struct span group_of(const struct option_entry *entry)
{
  struct span path = span_from(entry->path);
  size_t dot = span_find(path, '.');

  return span_slice(path, 0, dot == path.len ? 0 : dot);
}

static void dump_option(struct dump *dump, const struct option_entry *entry, bool first)
{
  size_t group = group_of(entry).len;
  const char *indent = group > 0 ? "  " : "";

  text_clear(&dump->text);
  if (option_is_secret(entry, dump->settings)) {
    fprintf(dump->to, "%s# %s is set, and not shown\n", indent, entry->path);
    return;
  }
  option_add_value(&dump->text, entry, dump->settings);
  if (dump->style == DUMP_COMMENTED)
    fprintf(dump->to, "%s%s# %s\n", first ? "" : "\n", indent, entry->summary);
  fprintf(dump->to, "%s%s = %s;\n", indent, entry->path + (group > 0 ? group + 1 : 0),
          dump->text.at);
}

static void dump_options(struct dump *dump)
{
  struct span open = SPAN("");

  for (enum option_id option = 0; option < OPTION_COUNT; option++) {
    const struct option_entry *entry = option_entry(option);
    struct span group = group_of(entry);
    bool first = !span_equals(group, open);

    if (first) {
      if (open.len > 0)
        fputs("};\n", dump->to);
      if (group.len > 0)
        fprintf(dump->to, "%s%.*s: {\n", dump->style == DUMP_COMMENTED ? "\n" : "", (int)group.len,
                group.at);
      open = group;
    }
    dump_option(dump, entry, first && group.len > 0);
  }
  if (open.len > 0)
    fputs("};\n", dump->to);
}

static void add_member(struct text *text, const char *name, struct span value)
{
  text_add(text, name);
  text_add(text, " = \"");
  text_add_quoted(text, value, "\"\\");
  text_add(text, "\"; ");
}

static void add_status(struct text *text, const struct reply_status *status)
{
  text_add_number(text, status->code);
  if (status->enhanced[0] != '\0')
    text_add(text, " ");
  text_add(text, status->enhanced);
}

static void add_names(struct text *text, struct names names)
{
  text_add(text, "names = [ ");
  for (size_t i = 0; i < names.count; i++) {
    text_add(text, i > 0 ? ", \"" : "\"");
    text_add_quoted(text, names.list[i], "\"\\");
    text_add(text, "\"");
  }
  text_add(text, names.count > 0 ? " ]; " : "]; ");
}

/* Whether the rule's row has more to be set than an action. */
static bool has_members(const struct rule_entry *entry)
{
  return entry->limit != RULE_NO_LIMIT || (entry->flags & RULE_FLAG_NAMES) != 0;
}

static void add_rule(struct dump *dump, const struct rule_entry *entry,
                     const struct rule_setting *setting)
{
  struct text *text = &dump->text;
  char memory[24];
  struct text status = text_in(memory, sizeof(memory));

  text_add(text, "{ ");
  add_member(text, "action", span_from(rule_action_name(setting->action, setting->status.code)));
  add_status(&status, &setting->status);
  if (dump->style == DUMP_PLAIN)
    add_member(text, "reply", text_span(&status));
  if (setting->text.len > 0)
    add_member(text, "text", setting->text);
  if (entry->limit != RULE_NO_LIMIT) {
    text_add(text, "limit = ");
    text_add_number(text, setting->limit);
    text_add(text, "; ");
  }
  if ((entry->flags & RULE_FLAG_NAMES) != 0)
    add_names(text, setting->names);
  text_add(text, "}");
}

/* "# 501 5.5.4: HELO name is malformed"; an answer is no complaint, and named by its code. */
static void comment_rule(struct dump *dump, const struct rule_entry *entry)
{
  bool positive = reply_is_positive(entry->status.code);

  text_clear(&dump->text);
  add_status(&dump->text, &entry->status);
  fprintf(dump->to, "  # %s: %s\n", dump->text.at,
          positive ? reply_find(entry->status.code)->name : entry->summary);
}

static void dump_rule(struct dump *dump, enum rule rule)
{
  const struct rule_entry *entry = rule_entry(rule);
  const struct rule_setting *setting = &dump->settings->policy.rules[rule];

  if (dump->style == DUMP_COMMENTED)
    comment_rule(dump, entry);
  text_clear(&dump->text);
  if (dump->style == DUMP_COMMENTED && !has_members(entry)) {
    text_add_byte(&dump->text, '"');
    text_add(&dump->text, rule_action_name(setting->action, setting->status.code));
    text_add_byte(&dump->text, '"');
  } else {
    add_rule(dump, entry, setting);
  }
  fprintf(dump->to, "  %s = %s;\n", entry->name, dump->text.at);
}

static const char head[] =
    "# milter-strict.conf: every option and every rule with its built-in value.\n"
    "#\n"
    "# All of them may be left out, and an empty file works. After a change:\n"
    "#   milter-strict check            says what is wrong, with the line\n"
    "#   systemctl reload milter-strict takes over what is right, for new sessions\n"
    "# The manual, milter-strict.conf(5), says more about each.\n";

static const char rules_head[] =
    "\n"
    "# What becomes of a broken rule:\n"
    "#   \"refuse\"   the client gets the reply that stands above the rule\n"
    "#   \"monitor\"  the log tells what would have been refused, and the command passes\n"
    "#   \"off\"      nobody looks\n"
    "#   \"answer\"   for command-help and command-vrfy: a friendly reply, 214 or 252\n"
    "# A group in place of the word sets more:\n"
    "#   command-expn = { action = \"refuse\"; reply = \"502 5.7.0\"; text = \"Our lists are "
    "private\"; };\n";

static size_t names_room(struct names names)
{
  size_t room = 0;

  for (size_t i = 0; i < names.count; i++)
    room += 2 * names.list[i].len + sizeof("\"\", ");
  return room;
}

/* Bytes that no single value takes more than: those of all lists, and all that is not a list. */
static size_t value_room(const struct policy *policy)
{
  size_t room = 4096 + policy->exempt_network_count * (IP_TEXT_SIZE + sizeof("\"/128\", "));

  room += names_room(policy->our_names) + names_room(policy->exempt_daemons);
  room += names_room(policy->reachable);
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    room += names_room(policy->rules[rule].names);
  return room;
}

bool dump_settings(FILE *to, const struct settings *settings, enum dump_style style)
{
  struct dump dump = {.to = to, .settings = settings, .style = style};
  size_t room = value_room(&settings->policy);
  char *memory = malloc(room);

  if (memory == NULL)
    return false;
  dump.text = text_in(memory, room);
  if (style == DUMP_COMMENTED)
    fputs(head, to);
  dump_options(&dump);
  if (style == DUMP_COMMENTED)
    fputs(rules_head, to);
  fputs("rules: {\n", to);
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    dump_rule(&dump, rule);
  fputs("};\n", to);
  free(memory);
  return true;
}
