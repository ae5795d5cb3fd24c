/*
 * milter-strict compare: two replies, what differs between them, and which to use when.
 */
#include "codes.h"
#include "explain.h"
#include "language.h"
#include "tool.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* The two replies, and what is said about both. */
struct comparison {
  struct code_entry one, other;
  struct page left, right, both;
};

static void fill_page(struct page *page, const struct code_entry *entry)
{
  char name[8];
  struct text text = text_in(name, sizeof(name));

  text_add_number(&text, entry->code);
  page_title(page, name, entry->name);
  explain_say_code(page, entry);
}

static void fill(struct comparison *comparison)
{
  char memory[2048];
  struct text text = text_in(memory, sizeof(memory));

  fill_page(&comparison->left, &comparison->one);
  fill_page(&comparison->right, &comparison->other);
  code_pair_differs(&comparison->one, &comparison->other, &text);
  page_say(&comparison->both, "Key differences", text_span(&text));
  text_clear(&text);
  code_pair_use(&comparison->one, &comparison->other, &text);
  page_say(&comparison->both, "Which to use", text_span(&text));
}

static bool print_text(struct comparison *comparison)
{
  bool fine = page_print_both(&comparison->left, &comparison->right);

  putchar('\n');
  return page_print(&comparison->both) && fine;
}

/* {"replies": [{...}, {...}], "key-differences": "...", "which-to-use": "..."} */
static bool print_json(struct comparison *comparison)
{
  cJSON *left = page_take(&comparison->left), *right = page_take(&comparison->right),
        *object = page_take(&comparison->both),
        *replies = object == NULL ? NULL : cJSON_AddArrayToObject(object, "replies");
  bool fine = left != NULL && right != NULL && replies != NULL &&
              cJSON_AddItemToArray(replies, left) && cJSON_AddItemToArray(replies, right);

  if (fine)
    return page_print_object(object);
  if (replies == NULL || cJSON_GetArraySize(replies) == 0)
    cJSON_Delete(left);
  cJSON_Delete(right);
  cJSON_Delete(object);
  return false;
}

/* Reads one of the operands. */
static bool read_code(const char *word, struct code_entry *out)
{
  struct code_query query;

  return code_query_parse(span_from(word), &query) == CODE_OK && query.enhanced[0] == '\0' &&
         code_find(query.code, out);
}

static int compare(char **words, int count, bool json)
{
  struct comparison comparison = {.one = {.code = 0}};
  struct code_entry *entries[] = {&comparison.one, &comparison.other};

  if (count != 2)
    return tool_usage("compare", "two reply codes are to be named, as 550 554");
  for (int i = 0; i < 2; i++)
    if (!read_code(words[i], entries[i])) {
      char memory[64];
      struct text shown = text_in(memory, sizeof(memory));

      text_add_quoted(&shown, span_from(words[i]), "");
      return tool_usage("compare", "\"%s\" is no reply code of SMTP; --help lists them", shown.at);
    }
  if (comparison.one.code == comparison.other.code)
    return tool_usage("compare", "%s is one code; two are to be named", words[0]);
  fill(&comparison);
  return (json ? print_json(&comparison) : print_text(&comparison)) ? TOOL_FINE : TOOL_NO_MEMORY;
}

enum { OPTION_JSON, OPTION_COUNT };

static const struct tool_option options[OPTION_COUNT] = {
    [OPTION_JSON] = {"json", .help = "print one JSON object; its keys are English in any language"},
};

static int run(int argc, char **argv)
{
  const char *value;
  bool json = false;
  int at = 0, option;

  while ((option = tool_option_next(&tool_compare_spec, argc, argv, &at, &value)) >= 0)
    json = true;
  if (option == TOOL_OPTION_HELP)
    return tool_print_help(&tool_compare_spec);
  if (option == TOOL_OPTION_WRONG)
    return TOOL_USAGE;
  language_begin();
  return compare(argv + at, argc - at, json);
}

static const char words[] =
#define SPOKEN(code, when, administrator, source) " " #code
#define OTHER(code, name, meaning, seen, sender, when, administrator, source) " " #code
#include "codes.def"
#undef SPOKEN
#undef OTHER
    ;

const struct tool_spec tool_compare_spec = {
    .name = "compare",
    .run = run,
    .operands = "CODE CODE",
    .completes = TOOL_COMPLETES_WORDS,
    .words = words + 1, /* after the first space */
    .summary = "two replies side by side, and which to use when",
    .about =
        "Tells of two reply codes the class, the meaning, when each is seen and what to do, then "
        "what differs between them and which to use when. On a terminal of 100 columns or more "
        "they stand side by side.\n",
    .examples = "milter-strict compare 550 554\n"
                "milter-strict compare --json 450 451\n",
    .exits = "0 compared\n"
             "2 wrong usage\n",
    .options = options,
    .option_count = OPTION_COUNT,
};
