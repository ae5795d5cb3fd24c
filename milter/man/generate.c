/*
 * Of the build: writes what the manual and the complete configuration file say of options, rules
 * and replies, from the tables that the program itself is made of.
 *
 *   generate page [TRUTH] <PAGE.in >PAGE    replaces the marks below, each a line of its own
 *   generate conf >milter-strict.conf
 *
 *   @OPTIONS@  every option         @RULES@    every rule, with cause, remedy and source
 *   @REPLIES@  every reply code     @ACTIONS@  every rule with what it does by default, a table
 *   @TRUTH@    what clients read at each mail server, from the file TRUTH (truth.table)
 *   @COMMANDS@ every sub-command, with its page
 *   @CHECKS@   every check of a probe
 *   @TELLS@    every rule, with what mail logs tell of it
 * and for one sub-command, NAME, from its table (tools/option.h)
 *   @NAME NAME@      the section NAME          @OPTIONS NAME@  the list of its options
 *   @SYNOPSIS NAME@  the section SYNOPSIS      @EXITS NAME@    the section EXIT STATUS
 * and in any line @FILE@, the default configuration file, and @VERSION@.
 */
#include "../config/dump.h"
#include "../config/config.h"
#include "../config/options.h"
#include "write.h"

#include <stdlib.h>
#include <string.h>

void put(const char *text)
{
  if (*text == '.' || *text == '\'')
    fputs("\\&", stdout);
  for (; *text != '\0'; text++) {
    if (*text == '\\')
      fputs("\\e", stdout);
    else if (*text == '"')
      fputs("\\(dq", stdout);
    else
      putchar(*text);
  }
}

/* The length of the sentence that `text` begins with: to its full stop at the end, or before a
 * blank and a capital letter or a quote. */
static size_t sentence(struct span text)
{
  for (size_t i = 0; i + 2 < text.len; i++) {
    char next = text.at[i + 2];

    if (text.at[i] == '.' && text.at[i + 1] == ' ' &&
        (next == '"' || (byte_is_letter(next) && next != byte_lower(next))))
      return i + 1;
  }
  return text.len;
}

void put_sentences(const char *text)
{
  struct span rest = span_from(text);

  while (rest.len > 0) {
    char line[1024];
    struct text piece = text_in(line, sizeof(line));
    size_t end = sentence(rest);

    text_add_span(&piece, span_slice(rest, 0, end));
    put(line);
    putchar('\n');
    rest = span_trim(span_slice(rest, end, rest.len));
  }
}

static void put_option(const struct option_entry *entry)
{
  char memory[256];
  struct text taken = text_in(memory, sizeof(memory));

  option_add_taken(&taken, entry);
  printf(".It Cm %s\n", entry->path);
  putchar(byte_upper(*entry->summary));
  put(entry->summary + 1);
  puts(".");
  put_sentences(entry->text);
  if (entry->needs_restart)
    puts("A change needs a restart.");
  fputs("It takes ", stdout);
  put(memory);
  fputs("; the default is ", stdout);
  put(entry->fallback);
  puts(".");
}

static void put_options(void)
{
  puts(".Bl -tag -width Ds");
  for (enum option_id option = 0; option < OPTION_COUNT; option++)
    put_option(option_entry(option));
  puts(".El");
}

static const char *action_of(const struct rule_entry *entry)
{
  return rule_action_name(entry->action, entry->status.code);
}

/* Where a rule is decided, in words. */
static const char *place_of(const struct rule_entry *entry)
{
  return entry->stage == STAGE_COMMAND ? "other commands" : stage_name(entry->stage);
}

static void put_rule(const struct rule_entry *entry)
{
  printf(".It Cm %s\n", entry->name);
  printf("At %s, %u %s, default %s", place_of(entry), entry->status.code, entry->status.enhanced,
         action_of(entry));
  if (entry->limit != RULE_NO_LIMIT)
    printf(", limit %d", entry->limit);
  puts(".");
  put_sentences(entry->cause);
  if ((entry->flags & RULE_FLAG_HELD) != 0)
    puts("The verdict waits for RCPT.");
  if ((entry->flags & RULE_FLAG_NATIVE) != 0)
    puts("A mail server decides this itself before a milter is asked.");
  fputs("To put it right: ", stdout);
  put(entry->remedy);
  puts(".");
  fputs("(", stdout);
  put(entry->source);
  puts(")");
}

static void put_rules(void)
{
  puts(".Bl -tag -width Ds");
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    put_rule(rule_entry(rule));
  puts(".El");
}

static void put_actions(void)
{
  puts(".Bl -column \"recipient-unqualified\" \"other commands\" \"421 4.7.0\" \"monitor\"");
  puts(".It Sy rule Ta Sy decided at Ta Sy reply Ta Sy default");
  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    const struct rule_entry *entry = rule_entry(rule);

    printf(".It Cm %s Ta %s Ta %u %s Ta %s\n", entry->name, place_of(entry), entry->status.code,
           entry->status.enhanced, action_of(entry));
  }
  puts(".El");
}

static void put_replies(void)
{
  size_t count;
  const struct reply_entry *entries = reply_all(&count);

  puts(".Bl -tag -width Ds");
  for (size_t i = 0; i < count; i++) {
    printf(".It Sy %u %s\n", entries[i].code, entries[i].name);
    put_sentences(entries[i].meaning);
    fputs("Seen: ", stdout);
    put_sentences(entries[i].seen);
    put_sentences(entries[i].fix);
  }
  puts(".El");
}

static const char *truth_path;
static bool failed;

/* The next cell of a row, without the blanks around it. */
static struct span next_cell(struct span *row)
{
  size_t end = span_find(*row, '|');
  struct span cell = span_trim(span_slice(*row, 0, end));

  *row = span_slice(*row, end + 1, row->len);
  return cell;
}

void put_span(struct span span)
{
  char memory[256];
  struct text piece = text_in(memory, sizeof(memory));

  text_add_span(&piece, span);
  put(memory);
}

/* When, what is sent, the rule's setting, and a reply for each mail server. */
static void put_truth_row(struct span row)
{
  static const char *const servers[] = {"Postfix", "Sendmail"};
  struct span when = next_cell(&row), sent = next_cell(&row), rule = next_cell(&row);

  fputs(".It Sy \"", stdout);
  put_span(sent);
  fputs("\" Pq \"", stdout);
  put_span(when);
  if (rule.len > 0) {
    fputs(", with ", stdout);
    put_span(rule);
  }
  puts("\"");
  puts(".Bl -tag -width \"Sendmail\" -compact");
  for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
    printf(".It %s\n", servers[i]);
    put_span(next_cell(&row));
    putchar('\n');
  }
  puts(".El");
}

static void put_truth(void)
{
  char line[512];
  bool in_list = false;
  FILE *file = truth_path == NULL ? NULL : fopen(truth_path, "r");

  if (file == NULL) {
    failed = true;
    return;
  }
  while (fgets(line, sizeof(line), file) != NULL) {
    struct span row = span_from(line);

    row = span_trim(span_slice(row, 0, span_find(row, '\n')));
    if (row.len == 0 || row.at[0] == '#')
      continue;
    if (span_find(row, '|') < row.len) {
      put_truth_row(row);
      continue;
    }
    if (in_list)
      puts(".El");
    in_list = true;
    fputs(".Ss ", stdout);
    put_span(row);
    puts("\n.Bl -tag -width Ds");
  }
  puts(".El");
  fclose(file);
}

static const struct {
  const char *mark;
  void (*put)(void);
} marks[] = {
    {"@OPTIONS@\n", put_options}, {"@RULES@\n", put_rules}, {"@REPLIES@\n", put_replies},
    {"@ACTIONS@\n", put_actions}, {"@TRUTH@\n", put_truth}, {"@COMMANDS@\n", put_commands},
    {"@CHECKS@\n", put_checks},   {"@TELLS@\n", put_tells},
};

static const struct {
  const char *word, *value;
} words[] = {
    {"@FILE@", CONFIG_DEFAULT_FILE},
    {"@VERSION@", VERSION},
};

/* A line of the page, with the words in it replaced. */
static void put_line(const char *line)
{
  while (*line != '\0') {
    size_t skip = 0;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && skip == 0; i++) {
      if (strncmp(line, words[i].word, strlen(words[i].word)) == 0) {
        fputs(words[i].value, stdout);
        skip = strlen(words[i].word);
      }
    }
    if (skip == 0)
      putchar(*line);
    line += skip == 0 ? 1 : skip;
  }
}

static int write_page(void)
{
  char line[1024];

  while (fgets(line, sizeof(line), stdin) != NULL) {
    bool marked = put_command_mark(line);

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
      if (strcmp(line, marks[i].mark) == 0) {
        marks[i].put();
        marked = true;
      }
    }
    if (!marked)
      put_line(line);
  }
  return EXIT_SUCCESS;
}

static int write_conf(void)
{
  struct settings settings;
  bool done;

  if (!config_defaults(&settings))
    return EXIT_FAILURE;
  done = dump_settings(stdout, &settings, DUMP_COMMENTED);
  settings_free(&settings);
  return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
  int result = EXIT_FAILURE;

  if (argc == 3)
    truth_path = argv[2];
  if ((argc == 2 || argc == 3) && strcmp(argv[1], "page") == 0)
    result = write_page();
  else if (argc == 2 && strcmp(argv[1], "conf") == 0)
    result = write_conf();
  else
    fputs("usage: generate page [TRUTH] | conf\n", stderr);
  return fflush(stdout) == 0 && !failed ? result : EXIT_FAILURE;
}
