/*
 * Sendmail's HelpFile, from the tables of commands, rules and replies.
 *
 * A line is a topic, a tab and a line of the reply. HELP says every line whose topic begins with
 * the word that the client gave, so that HELP HELO tells of the command and of its rules; without
 * a word the topic is "smtp". A dollar sign begins a macro there, and a "#" a comment.
 */
#include "mta.h"

#include <string.h>

enum { HELP_COLUMNS = 72 };

/* Lines of the reply to one topic. */
struct topic {
  FILE *to;
  const char *name;
  size_t column; /* of the line that is being written; 0: none is */
};

static void put_byte(FILE *to, char byte)
{
  if (byte == '$')
    fputs("$$", to);
  else if (byte == '#')
    fputs("\\#", to);
  else
    fputc(byte, to);
}

static void put_word(struct topic *topic, struct span word)
{
  for (size_t i = 0; i < word.len; i++)
    put_byte(topic->to, word.at[i]);
  topic->column += word.len;
}

static void end_line(struct topic *topic)
{
  if (topic->column > 0)
    fputc('\n', topic->to);
  topic->column = 0;
}

static void begin_line(struct topic *topic, const char *indent)
{
  end_line(topic);
  for (const char *c = topic->name; *c != '\0'; c++)
    fputc(byte_lower(*c), topic->to);
  fprintf(topic->to, "\t%s", indent);
  topic->column = strlen(indent) + 1;
}

/* Adds words to the line; what does not fit goes on in another, indented. */
static void add(struct topic *topic, const char *string)
{
  struct span words = span_from(string);

  while (words.len > 0) {
    struct span word = span_slice(words, 0, span_find(words, ' '));

    if (topic->column + word.len > HELP_COLUMNS)
      begin_line(topic, "    ");
    else if (topic->column > 1) {
      fputc(' ', topic->to);
      topic->column++;
    }
    put_word(topic, word);
    words = span_slice(words, word.len + 1, words.len);
  }
}

static void begin(struct topic *topic, const char *words)
{
  begin_line(topic, "");
  add(topic, words);
}

static void list_commands(struct topic *topic, const char *label, enum command_kind kind)
{
  begin(topic, label);
  for (enum command command = 0; command < COMMAND_COUNT; command++)
    if (command_entry(command)->kind == kind)
      add(topic, command_entry(command)->verb);
}

static void list_replies(struct topic *topic)
{
  size_t count;
  const struct reply_entry *entries = reply_all(&count);

  begin(topic, "Replies:");
  for (size_t i = 0; i < count; i++) {
    char code[8];
    struct text text = text_in(code, sizeof(code));

    text_add_number(&text, entries[i].code);
    add(topic, code);
  }
}

static void put_all(const struct policy *policy, FILE *to)
{
  struct topic topic = {.to = to, .name = "smtp"};

  if (policy->rules[RULE_COMMAND_HELP].text.len > 0)
    begin(&topic, policy->rules[RULE_COMMAND_HELP].text.at);
  list_commands(&topic, "Commands:", COMMAND_IS_OFFERED);
  list_commands(&topic, "Commands that the policy decides:", COMMAND_IS_OPTIONAL);
  list_replies(&topic);
  begin(&topic, "Send HELP and the name of a command, the code of a reply, or the rule that a "
                "reply names in brackets, to read more.");
  if (policy->contact.len > 0) {
    begin(&topic, "Contact:");
    add(&topic, policy->contact.at);
  }
  end_line(&topic);
}

static void put_command(const struct command_entry *entry, FILE *to)
{
  struct topic topic = {.to = to, .name = entry->verb};

  begin(&topic, "Syntax:");
  add(&topic, entry->syntax);
  begin(&topic, "It");
  add(&topic, entry->summary);
  begin(&topic, "Source:");
  add(&topic, entry->source);
  end_line(&topic);
}

static void put_reply(const struct reply_entry *entry, FILE *to)
{
  char code[8];
  struct text text = text_in(code, sizeof(code));
  struct topic topic = {.to = to, .name = code};

  text_add_number(&text, entry->code);
  begin(&topic, code);
  add(&topic, entry->name);
  begin(&topic, entry->meaning);
  begin(&topic, entry->fix);
  end_line(&topic);
}

static void put_rule(const struct rule_entry *entry, FILE *to)
{
  struct topic topic = {.to = to, .name = entry->name};

  begin(&topic, entry->name);
  add(&topic, "-");
  add(&topic, entry->summary);
  begin(&topic, entry->cause);
  begin(&topic, entry->remedy);
  end_line(&topic);
}

void mta_write_helpfile(const struct mta *mta, FILE *to)
{
  size_t count;
  const struct reply_entry *replies = reply_all(&count);

  fputs("# Made by milter-strict mta sendmail: what Sendmail answers to HELP.\n"
        "#vers\t2\n",
        to);
  put_all(&mta->settings->policy, to);
  for (enum command command = 0; command < COMMAND_COUNT; command++)
    if (command_entry(command)->kind != COMMAND_IS_FOREIGN)
      put_command(command_entry(command), to);
  for (size_t i = 0; i < count; i++)
    put_reply(&replies[i], to);
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    put_rule(rule_entry(rule), to);
}
