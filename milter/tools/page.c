/*
 * What is told, collected, and as JSON.
 */
#include "page.h"

#include "../policy/text.h"
#include "page_inner.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { STRING_SIZE = 8192 };

/* The words as a JSON string, fit to be shown; NULL when memory is short. */
static cJSON *string_of(struct span words)
{
  char memory[STRING_SIZE];
  struct text text = text_in(memory, sizeof(memory));

  text_add_quoted(&text, words, "");
  return cJSON_CreateString(memory);
}

/* A new entry at the end; NULL: there is no room. Takes `value` over. */
static struct page_entry *add(struct page *page, const char *label, enum page_kind kind,
                              cJSON *value)
{
  struct page_entry *entry = &page->entries[page->count];

  if (value == NULL || page->count == PAGE_ENTRIES_MAX) {
    cJSON_Delete(value);
    page->failed = true;
    return NULL;
  }
  *entry = (struct page_entry){label, kind, value, NULL};
  page->count++;
  return entry;
}

/* One more of the list that the page ends with, or the first of a new one. */
static void add_to_list(struct page *page, const char *label, enum page_kind kind,
                        struct span words)
{
  struct page_entry *last = page->count == 0 ? NULL : &page->entries[page->count - 1];
  cJSON *item = string_of(words);

  if (last == NULL || last->kind != kind || strcmp(last->label, label) != 0)
    last = add(page, label, kind, cJSON_CreateArray());
  if (last != NULL && item != NULL && cJSON_AddItemToArray(last->value, item))
    return;
  cJSON_Delete(item);
  page->failed = true;
}

void page_title(struct page *page, const char *name, const char *words)
{
  struct text text = text_in(page->name, sizeof(page->name));

  text_add(&text, name);
  page->words = words;
}

void page_say(struct page *page, const char *label, struct span words)
{
  add(page, label, PAGE_WORDS, string_of(words));
}

void page_say_string(struct page *page, const char *label, const char *words)
{
  page_say(page, label, span_from(words));
}

void page_item(struct page *page, const char *label, struct span item)
{
  add_to_list(page, label, PAGE_ITEMS, item);
}

void page_no_item(struct page *page, const char *label, const char *none)
{
  struct page_entry *entry = add(page, label, PAGE_ITEMS, cJSON_CreateArray());

  if (entry != NULL)
    entry->none = none;
}

void page_line(struct page *page, const char *label, const char *line)
{
  add_to_list(page, label, PAGE_LINES, span_from(line));
}

/* "When seen" as "when-seen" */
static void write_key(const char *label, char *key, size_t size)
{
  struct text text = text_in(key, size);

  for (; *label != '\0'; label++)
    text_add_byte(&text, *label == ' ' ? '-' : byte_lower(*label));
}

/* Adds what has been said under this key once more: both as an array. */
static bool add_again(cJSON *object, cJSON *before, const char *key, cJSON *value)
{
  cJSON *array = before;

  if (!cJSON_IsArray(before)) {
    array = cJSON_CreateArray();
    if (array == NULL || !cJSON_AddItemToArray(array, cJSON_Duplicate(before, true)) ||
        !cJSON_ReplaceItemInObjectCaseSensitive(object, key, array)) {
      cJSON_Delete(array);
      return false;
    }
  }
  return cJSON_AddItemToArray(array, value);
}

static bool move_entry(cJSON *object, struct page_entry *entry)
{
  char key[64];
  cJSON *before;
  bool moved;

  write_key(entry->label, key, sizeof(key));
  before = cJSON_GetObjectItemCaseSensitive(object, key);
  moved = before == NULL ? cJSON_AddItemToObject(object, key, entry->value)
                         : add_again(object, before, key, entry->value);
  if (moved)
    entry->value = NULL;
  return moved;
}

struct cJSON *page_take(struct page *page)
{
  cJSON *object = cJSON_CreateObject();
  bool fine = object != NULL && !page->failed;

  if (fine && page->name[0] != '\0')
    fine = cJSON_AddStringToObject(object, "name", page->name) != NULL &&
           cJSON_AddStringToObject(object, "summary", page->words) != NULL;
  for (unsigned i = 0; i < page->count && fine; i++)
    fine = move_entry(object, &page->entries[i]);
  page_free(page);
  if (fine)
    return object;
  cJSON_Delete(object);
  return NULL;
}

bool page_print_object(struct cJSON *object)
{
  char *printed = object == NULL ? NULL : cJSON_Print(object);
  bool done = printed != NULL;

  if (done)
    puts(printed);
  cJSON_free(printed);
  cJSON_Delete(object);
  return done;
}

bool page_print_json(struct page *page)
{
  return page_print_object(page_take(page));
}

void page_free(struct page *page)
{
  for (unsigned i = 0; i < page->count; i++)
    cJSON_Delete(page->entries[i].value);
  *page = (struct page){.failed = page->failed};
}
