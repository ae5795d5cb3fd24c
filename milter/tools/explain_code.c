/*
 * What a reply code and an enhanced status code mean, from the catalogue, and which rules use them.
 */
#include "explain.h"

#include <string.h>

/* The rules that answer with the code, and the enhanced one when it is not empty. */
static void say_rules(const struct explain *explain, unsigned code, const char *enhanced)
{
  bool any = false;

  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    struct reply_status status = verdict_status(explain->policy, rule, VERDICT_VOICE_ANY);

    if ((code != 0 && status.code != code) ||
        (*enhanced != '\0' && strcmp(enhanced, status.enhanced) != 0))
      continue;
    page_item(explain->page, "Rules", span_from(rule_entry(rule)->name));
    any = true;
  }
  if (!any)
    page_no_item(explain->page, "Rules", "none answers with it");
}

/* "5.5.1 invalid command", for each that goes with the code, or for the one that is given. */
static void say_enhanced(struct page *page, unsigned code, const char *only)
{
  const struct enhanced_entry *entry;
  bool any = false;

  for (size_t i = 0; (entry = enhanced_at(i)) != NULL; i++) {
    char memory[96];
    struct text text = text_in(memory, sizeof(memory));

    if (*only != '\0' ? enhanced_find(span_from(only)) != entry : !enhanced_goes_with(entry, code))
      continue;
    text_add_number(&text, code / 100);
    text_add(&text, ".");
    text_add(&text, entry->status);
    text_add(&text, " ");
    text_add(&text, entry->name);
    page_item(page, "Enhanced", text_span(&text));
    any = true;
  }
  if (!any && *only != '\0')
    page_item(page, "Enhanced", span_from(only));
  else if (!any)
    page_no_item(page, "Enhanced", "none goes with it");
}

void explain_say_code(struct page *page, const struct code_entry *entry)
{
  page_say_string(page, "Class", reply_class(entry->code));
  page_say_string(page, "Meaning", entry->meaning);
  page_say_string(page, "When seen", entry->seen);
  page_say_string(page, "As sender", entry->sender);
  page_say_string(page, "As operator", entry->administrator);
}

/* An enhanced code alone: with which replies it comes. */
static void explain_enhanced(const struct explain *explain, const char *status)
{
  const struct enhanced_entry *entry = enhanced_find(span_from(status));
  struct code_entry code;
  bool any = false;

  page_title(explain->page, status, entry->name);
  page_say_string(explain->page, "Class", enhanced_class(status[0]));
  page_say_string(explain->page, "Meaning", entry->meaning);
  for (size_t i = 0; code_at(i, &code); i++) {
    char memory[80];
    struct text text = text_in(memory, sizeof(memory));

    if (code.code / 100 != (unsigned)(status[0] - '0') || !enhanced_goes_with(entry, code.code))
      continue;
    text_add_number(&text, code.code);
    text_add(&text, " ");
    text_add(&text, code.name);
    page_item(explain->page, "Replies", text_span(&text));
    any = true;
  }
  if (!any)
    page_no_item(explain->page, "Replies", "the standards name none of this class");
  page_say_string(explain->page, "Source", entry->source);
  say_rules(explain, 0, status);
  page_say_string(explain->page, "Policy", explain->settings);
}

void explain_code(const struct explain *explain, const struct code_query *query)
{
  struct code_entry entry;
  char name[8];
  struct text text = text_in(name, sizeof(name));

  if (!code_find(query->code, &entry)) {
    explain_enhanced(explain, query->enhanced);
    return;
  }
  text_add_number(&text, entry.code);
  page_title(explain->page, name, entry.name);
  explain_say_code(explain->page, &entry);
  say_enhanced(explain->page, entry.code, query->enhanced);
  page_say_string(explain->page, "Source", entry.source);
  say_rules(explain, entry.code, query->enhanced);
  page_say_string(explain->page, "Policy", explain->settings);
}
