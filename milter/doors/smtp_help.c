/*
 * HELP: RFC 5321 section 4.1.1.8. Everything it says comes from the tables of commands, rules and
 * replies, and from the policy in force.
 */
#include "smtp_inner.h"

enum {
  HELP_COLUMNS = 76, /* of text in a line */
  HELP_LINE_SIZE = 480,
  HELP_INDENT = 2,
};

/* A reply that grows line by line. The last line is held back: only the end knows that it is last.
 */
struct help {
  struct smtp *smtp;
  struct reply_status status;
  struct text line;
  bool pending; /* there is a line in `line` */
  char memory[HELP_LINE_SIZE];
};

static void help_begin(struct help *help, struct smtp *smtp)
{
  struct reply_status native = {.code = 214, .enhanced = "2.0.0"};
  struct reply_status set = verdict_status(smtp->policy, RULE_COMMAND_HELP, VERDICT_VOICE_ANY);

  help->smtp = smtp;
  help->status = reply_is_positive(set.code) ? set : native;
  help->line = text_in(help->memory, sizeof(help->memory));
  help->pending = false;
}

static void help_flush(struct help *help, const char *mark)
{
  char memory[SMTP_REPLY_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  if (!help->pending)
    return;
  text_add_number(&text, help->status.code);
  text_add(&text, mark);
  text_add(&text, help->status.enhanced);
  text_add(&text, " ");
  text_add_span(&text, text_span(&help->line));
  smtp_say_text(help->smtp, &text);
}

static void help_new_line(struct help *help)
{
  help_flush(help, "-");
  text_clear(&help->line);
  help->pending = true;
}

/* Adds the words of `span`; lines that get too long are broken and go on indented. */
static void help_words(struct help *help, struct span span)
{
  while (span.len > 0) {
    struct span word = span_slice(span, 0, span_find(span, ' '));

    if (help->line.len + 1 + word.len > HELP_COLUMNS && help->line.len > HELP_INDENT) {
      help_new_line(help);
      text_add(&help->line, " ");
    }
    if (word.len > 0 && help->line.len > 0)
      text_add(&help->line, " ");
    text_add_quoted(&help->line, word, "");
    span = span_slice(span, word.len + 1, span.len);
  }
}

/* A paragraph: "label: text". */
static void help_say(struct help *help, const char *label, const char *words)
{
  help_new_line(help);
  help_words(help, span_from(label));
  help_words(help, span_from(words));
}

/* The rule's line: what is done here when it is broken. */
static void help_setting(struct help *help, enum rule rule)
{
  const struct rule_setting *setting = &help->smtp->policy->rules[rule];
  struct reply_status status = verdict_status(help->smtp->policy, rule, VERDICT_VOICE_ANY);
  char memory[64];
  struct text text = text_in(memory, sizeof(memory));

  text_add(&text, rule_action_name(setting->action, status.code));
  text_add(&text, ", ");
  text_add_number(&text, status.code);
  text_add(&text, " ");
  text_add(&text, status.enhanced);
  help_say(help, "Here:", text.at);
  if (help->smtp->policy->mode == POLICY_MONITOR)
    help_words(help, SPAN("(in monitor mode: noted only)"));
}

static void help_on_rule(struct help *help, enum rule rule)
{
  const struct rule_entry *entry = rule_entry(rule);

  help_say(help, entry->name, "- rule decided at");
  help_words(help, span_from(stage_name(entry->stage)));
  help_say(help, "What:", entry->summary);
  help_say(help, "Why:", entry->cause);
  help_say(help, "Remedy:", entry->remedy);
  help_say(help, "Source:", entry->source);
  help_setting(help, rule);
}

static void help_on_command(struct help *help, enum command command)
{
  const struct command_entry *entry = command_entry(command);

  help_say(help, "Syntax:", entry->syntax);
  help_say(help, "It", entry->summary);
  help_say(help, "Source:", entry->source);
  if (entry->rule != RULE_NONE) {
    help_say(help, "Rule:", rule_entry((enum rule)entry->rule)->name);
    help_setting(help, (enum rule)entry->rule);
  }
}

/* The rules that a command is measured by, when its name is a stage's. */
static void help_rules_of(struct help *help, const char *label, enum stage stage)
{
  help_say(help, label, "");
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    if (rule_entry(rule)->stage == stage)
      help_words(help, span_from(rule_entry(rule)->name));
}

static bool stage_of(enum command command, enum stage *out)
{
  static const struct {
    enum command command;
    enum stage stage;
  } stages[] = {
      {COMMAND_HELO, STAGE_HELO}, {COMMAND_EHLO, STAGE_HELO}, {COMMAND_MAIL, STAGE_MAIL},
      {COMMAND_RCPT, STAGE_RCPT}, {COMMAND_DATA, STAGE_DATA},
  };

  for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
    if (stages[i].command == command) {
      *out = stages[i].stage;
      return true;
    }
  return false;
}

static void help_on_code(struct help *help, const struct reply_entry *entry)
{
  char memory[16];
  struct text text = text_in(memory, sizeof(memory));

  text_add_number(&text, entry->code);
  help_say(help, text.at, entry->name);
  help_words(help, SPAN("-"));
  help_words(help, span_from(reply_class(entry->code)));
  help_say(help, "Meaning:", entry->meaning);
  help_say(help, "Seen:", entry->seen);
  help_say(help, "Remedy:", entry->fix);
}

static void help_on_codes(struct help *help)
{
  size_t count;
  const struct reply_entry *entries = reply_all(&count);

  help_say(help, "Reply codes:", "");
  for (size_t i = 0; i < count; i++) {
    char memory[16];
    struct text text = text_in(memory, sizeof(memory));

    text_add_number(&text, entries[i].code);
    help_words(help, text_span(&text));
  }
}

static void help_list_commands(struct help *help, const char *label, enum command_kind kind)
{
  help_say(help, label, "");
  for (enum command command = 0; command < COMMAND_COUNT; command++)
    if (command_entry(command)->kind == kind)
      help_words(help, span_from(command_entry(command)->verb));
}

static void help_on_all(struct help *help)
{
  struct span own = help->smtp->policy->rules[RULE_COMMAND_HELP].text;

  if (own.len > 0) {
    help_new_line(help);
    help_words(help, own);
  }
  help_list_commands(help, "Commands:", COMMAND_IS_OFFERED);
  help_list_commands(help, "Commands that the policy decides:", COMMAND_IS_OPTIONAL);
  for (enum stage stage = STAGE_HELO; stage < STAGE_COUNT; stage++) {
    static const char *const labels[STAGE_COUNT] = {
        [STAGE_HELO] = "Rules for HELO and EHLO:",
        [STAGE_MAIL] = "Rules for MAIL:",
        [STAGE_RCPT] = "Rules for RCPT:",
        [STAGE_DATA] = "Rules for DATA:",
        [STAGE_COMMAND] = "Rules for other commands:",
    };

    help_rules_of(help, labels[stage], stage);
  }
  help_on_codes(help);
  if (help->smtp->policy->contact.len > 0) {
    help_say(help, "Contact:", "");
    help_words(help, help->smtp->policy->contact);
  }
  help_say(help, "Send HELP and one of these names to read more, as in", "HELP MAIL.");
}

static const struct reply_entry *find_code(struct span topic)
{
  unsigned code = 0;

  if (topic.len != 3)
    return NULL;
  for (size_t i = 0; i < topic.len; i++) {
    if (!byte_is_digit(topic.at[i]))
      return NULL;
    code = code * 10 + (unsigned)(topic.at[i] - '0');
  }
  return reply_find(code);
}

/* As rule_find(), in any case. */
static enum rule find_rule(struct span topic)
{
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    if (span_equals_nocase(topic, span_from(rule_entry(rule)->name)))
      return rule;
  return RULE_NONE;
}

/* One topic; false when there is nothing of that name. */
static bool help_on_topic(struct help *help, struct span topic)
{
  enum command command = command_find(topic);
  enum rule rule = find_rule(topic);
  const struct reply_entry *code = find_code(topic);
  enum stage stage;

  if (command != COMMAND_NONE) {
    help_on_command(help, command);
    if (stage_of(command, &stage))
      help_rules_of(help, "Rules:", stage);
  } else if (rule != RULE_NONE) {
    help_on_rule(help, rule);
  } else if (code != NULL) {
    help_on_code(help, code);
  } else {
    return false;
  }
  return true;
}

void smtp_help(struct smtp *smtp, const struct question *question)
{
  struct span topic = command_argument(question->argument);
  struct help help;

  topic = span_slice(topic, 0, span_find(topic, ' '));
  help_begin(&help, smtp);
  if (topic.len == 0)
    help_on_all(&help);
  else if (!help_on_topic(&help, topic)) {
    /* RFC 5321, 4.3.2 gives HELP this code */
    smtp_refuse(smtp, question, 504, "5.5.4", "No help on that; HELP alone lists the topics");
    return;
  }
  help_flush(&help, " ");
}
