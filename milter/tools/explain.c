/*
 * milter-strict explain: what a reply code or a rule means, and what a command line would get.
 */
#include "explain.h"

#include "../config/guess.h"
#include "language.h"
#include "tool.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 4096 }; /* bytes of a command line, put together from the arguments */

/* What is asked about. */
struct subject {
  struct span words;
  bool is_code;
  struct code_query code;
  enum rule rule; /* RULE_NONE: no rule */
};

/* A word such as a rule's name or a code, and no command line: lower case, digits and hyphens. */
static bool is_name(struct span words)
{
  for (size_t i = 0; i < words.len; i++)
    if (!byte_is_digit(words.at[i]) && words.at[i] != '-' &&
        (!byte_is_letter(words.at[i]) || words.at[i] != byte_lower(words.at[i])))
      return false;
  return true;
}

static int unknown_name(struct span words)
{
  struct guess guess = guess_begin(words);
  char memory[96];

  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    guess_offer(&guess, span_from(rule_entry(rule)->name));
  return tool_usage("explain", "\"%.*s\" is no reply code, rule or command%s", (int)words.len,
                    words.at, guess_hint(&guess, memory, sizeof(memory), ""));
}

static int unknown_code(struct span words, enum code_fault fault)
{
  char memory[64];
  struct text shown = text_in(memory, sizeof(memory));

  text_add_quoted(&shown, words, "");
  if (fault == CODE_MISMATCH)
    return tool_usage("explain", "\"%s\" is no reply of SMTP: its codes are of two classes",
                      shown.at);
  return tool_usage("explain", "\"%s\" is no reply of SMTP; --help lists the codes", shown.at);
}

/* Finds out what the words are; an exit code. */
static int recognise(struct subject *subject)
{
  struct span words = subject->words;
  bool alone = span_find(words, ' ') == words.len;
  enum code_fault fault;

  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    if (span_equals_nocase(words, span_from(rule_entry(rule)->name)))
      subject->rule = rule;
  if (subject->rule != RULE_NONE)
    return TOOL_FINE;
  fault = code_query_parse(words, &subject->code);
  subject->is_code = fault == CODE_OK;
  if (subject->is_code)
    return TOOL_FINE;
  if (words.len > 0 && byte_is_digit(words.at[0]))
    return unknown_code(words, fault);
  if (words.len == 0)
    return tool_usage("explain", "what shall be explained?");
  if (alone && command_find(words) == COMMAND_NONE && is_name(words))
    return unknown_name(words);
  return TOOL_FINE;
}

static int answer(const struct explain *explain, const struct subject *subject)
{
  if (subject->is_code)
    explain_code(explain, &subject->code);
  else if (subject->rule != RULE_NONE)
    explain_rule(explain, subject->rule);
  else
    return explain_line(explain, subject->words);
  return TOOL_FINE;
}

struct arguments {
  const char *config;
  struct ip client;
  bool json;
};

/* The arguments with a space between: quotes around a command line may be left out. */
static bool join(char **words, int count, struct text *out)
{
  for (int i = 0; i < count; i++) {
    if (i > 0)
      text_add(out, " ");
    text_add(out, words[i]);
  }
  return !out->cut;
}

static int explain_under_policy(const struct arguments *arguments, const struct subject *subject)
{
  char host[SESSION_NAME_MAX] = "";
  bool built_in = arguments->config == NULL && access(CONFIG_DEFAULT_FILE, F_OK) != 0;
  struct page page = {.count = 0};
  struct settings settings;
  struct explain explain = {
      .page = &page, .policy = &settings.policy, .client = &arguments->client};
  int code = tool_read_settings(arguments->config, true, &settings);

  if (code != TOOL_FINE)
    return code;
  explain.settings = arguments->config != NULL ? arguments->config : CONFIG_DEFAULT_FILE;
  if (built_in)
    explain.settings = "built-in settings";
  if (gethostname(host, sizeof(host)) == 0)
    host[sizeof(host) - 1] = '\0';
  explain.host = span_from(host);
  code = answer(&explain, subject);
  settings_free(&settings);
  return (arguments->json ? page_print_json(&page) : page_print(&page)) ? code : TOOL_NO_MEMORY;
}

static int explain_words(const struct arguments *arguments, char **words, int count)
{
  struct subject subject = {.rule = RULE_NONE};
  char memory[LINE_SIZE];
  struct text line = text_in(memory, sizeof(memory));
  int code;

  if (!join(words, count, &line))
    return tool_usage("explain", "a line of more than %d bytes is too long", LINE_SIZE - 1);
  subject.words = text_span(&line);
  code = recognise(&subject);
  return code != TOOL_FINE ? code : explain_under_policy(arguments, &subject);
}

enum { OPTION_CONFIG, OPTION_CLIENT, OPTION_JSON, OPTION_COUNT };

static const struct tool_option options[OPTION_COUNT] = {
    [OPTION_CONFIG] = TOOL_OPTION_CONFIG(TOOL_CONFIG_OR_BUILT_IN),
    [OPTION_CLIENT] = {"client", .argument = "ADDRESS",
                       .help = "who says the line; 192.0.2.1 by default, which is nobody's"},
    [OPTION_JSON] = {"json", .help = "print one JSON object; its keys are English in any language"},
};

static int run(int argc, char **argv)
{
  struct arguments arguments = {
      .client = {{[10] = 0xff, [11] = 0xff, [12] = 192, [13] = 0, [14] = 2, [15] = 1}}};
  const char *value;
  int at = 0, option;

  while ((option = tool_option_next(&tool_explain_spec, argc, argv, &at, &value)) >= 0) {
    if (option == OPTION_CONFIG)
      arguments.config = value;
    else if (option == OPTION_JSON)
      arguments.json = true;
    else if (!ip_parse(span_from(value), &arguments.client))
      return tool_usage("explain", "--client %s: an IPv4 or IPv6 address is needed", value);
  }
  if (option == TOOL_OPTION_HELP)
    return tool_print_help(&tool_explain_spec);
  if (option == TOOL_OPTION_WRONG)
    return TOOL_USAGE;
  language_begin();
  return explain_words(&arguments, argv + at, argc - at);
}

/* What can be explained, beside command lines. */
static const char words[] =
#define SPOKEN(code, when, administrator, source) " " #code
#define OTHER(code, name, meaning, seen, sender, when, administrator, source) " " #code
#include "codes.def"
#undef SPOKEN
#undef OTHER
#define RULE(NAME, name, STAGE, ACTION, code, enhanced, limit, FLAGS, summary, cause, remedy,      \
             source)                                                                               \
  " " name
#include "../policy/rules.def"
#undef RULE
    ;

const struct tool_spec tool_explain_spec = {
    .name = "explain",
    .run = run,
    .operands = "CODE | RULE | 'COMMAND LINE'",
    .completes = TOOL_COMPLETES_WORDS,
    .words = words + 1, /* after the first space */
    .summary = "what a reply or a rule means, or what a command would get",
    .about = "Explains a reply code (501, or \"550 5.7.1\"), an enhanced code (5.1.1), a rule "
             "(sender-syntax), or what a "
             "client gets for a command line: the verdict and its rule, the place, and the reply. "
             "A line is judged as if the session had come to it in good order.\n",
    .examples = "milter-strict explain 503\n"
                "milter-strict explain 5.1.1\n"
                "milter-strict explain helo-unqualified\n"
                "milter-strict explain 'MAIL FROM:<user@@example.com>'\n",
    .exits = "0 explained\n"
             "1 the command line is refused\n"
             "2 wrong usage\n"
             "78 bad configuration\n",
    .options = options,
    .option_count = OPTION_COUNT,
};
