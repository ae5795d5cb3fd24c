/*
 * A page as text: labels, paragraphs, columns.
 */
#include "../policy/text.h"
#include "language.h"
#include "page_inner.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
  WIDTH_LEAST = 40,
  WIDTH_MOST = 160,
  WIDTH_DEFAULT = 80,
  WIDTH_BOTH = 100, /* from here on two pages stand side by side */
  WORD_SIZE = 512,  /* the most that one word may be; a longer one is shortened */
};

/* A small number; 0: it is none. */
static size_t read_width(const char *asked)
{
  size_t width = 0;

  for (; asked != NULL && *asked != '\0'; asked++) {
    if (!byte_is_digit(*asked))
      return 0;
    width = width > WIDTH_MOST ? width : width * 10 + (size_t)(*asked - '0');
  }
  return width;
}

size_t page_width(void)
{
  size_t width = read_width(getenv("COLUMNS"));
  struct winsize size;

  if (width == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
    width = size.ws_col;
  if (width == 0)
    return WIDTH_DEFAULT;
  if (width < WIDTH_LEAST)
    return WIDTH_LEAST;
  return width > WIDTH_MOST ? WIDTH_MOST : width;
}

void page_flow_add(struct page_flow *flow, struct span piece)
{
  char memory[WORD_SIZE];
  struct text word = text_in(memory, sizeof(memory));
  bool begun = flow->column > flow->indent;

  text_add_quoted(&word, piece, "");
  if (begun && flow->column + 1 + word.len > page_width()) {
    putchar('\n');
    flow->column = 0;
    begun = false;
  }
  if (flow->column < flow->indent)
    printf("%*s", (int)(flow->indent - flow->column), "");
  printf("%s%s", begun ? " " : "", word.at);
  flow->column = (begun ? flow->column + 1 : flow->indent) + word.len;
}

void page_words(struct page_flow flow, struct span words)
{
  while (words.len > 0) {
    size_t end = span_find(words, ' ');

    page_flow_add(&flow, span_slice(words, 0, end));
    words = span_slice(words, end + 1, words.len);
  }
  putchar('\n');
}

size_t page_label_width(const struct page *page)
{
  size_t widest = PAGE_LABEL_LEAST;

  for (unsigned i = 0; i < page->count; i++) {
    size_t width = language_width(language_of(page->entries[i].label));

    if (page->entries[i].kind != PAGE_LINES && width > widest)
      widest = width;
  }
  return widest;
}

void page_put_label(const char *label, size_t width)
{
  const char *words = language_of(label);

  printf("%*s%s%*s", PAGE_LABEL_MARGIN, "", words, (int)(width + 1 - language_width(words)), "");
}

char *page_words_of(const struct page_entry *entry)
{
  const cJSON *item;
  const char *joint = " ";
  size_t size = 1;
  char *words;
  struct text text;

  if (entry->kind == PAGE_WORDS)
    return strdup(cJSON_GetStringValue(entry->value));
  if (entry->none != NULL)
    return strdup(entry->none);
  cJSON_ArrayForEach(item, entry->value)
  {
    size += strlen(item->valuestring) + 2;
    if (strchr(item->valuestring, ' ') != NULL)
      joint = "; ";
  }
  words = malloc(size);
  if (words == NULL)
    return NULL;
  text = text_in(words, size);
  cJSON_ArrayForEach(item, entry->value)
  {
    text_add(&text, text.len > 0 ? joint : "");
    text_add(&text, item->valuestring);
  }
  return words;
}

struct span page_next_line(struct span *words, size_t width)
{
  size_t end = span_find(*words, ' ');
  struct span line;

  if (end > width)
    end = width; /* a word that is longer than the line */
  while (end < words->len && words->at[end] == ' ') {
    size_t next = end + 1 + span_find(span_slice(*words, end + 1, words->len), ' ');

    if (next > width)
      break;
    end = next;
  }
  line = span_slice(*words, 0, end);
  *words = span_slice(*words, end, words->len);
  if (words->len > 0 && words->at[0] == ' ')
    *words = span_slice(*words, 1, words->len);
  return line;
}

static void print_lines(const struct page_entry *entry)
{
  const cJSON *item;

  printf("%*s%s\n", PAGE_LABEL_MARGIN, "", language_of(entry->label));
  cJSON_ArrayForEach(item, entry->value) printf("    %s\n", item->valuestring);
}

static bool print_entry(const struct page_entry *entry, size_t width)
{
  size_t indent = PAGE_LABEL_MARGIN + width + 1;
  char *words;

  if (entry->kind == PAGE_LINES) {
    print_lines(entry);
    return true;
  }
  words = page_words_of(entry);
  if (words == NULL)
    return false;
  page_put_label(entry->label, width);
  page_words((struct page_flow){indent, indent}, span_from(words));
  free(words);
  return true;
}

bool page_print(struct page *page)
{
  size_t width = page_label_width(page);
  bool fine = !page->failed;

  if (page->name[0] != '\0')
    printf("%s  %s\n\n", page->name, page->words);
  for (unsigned i = 0; i < page->count && fine; i++)
    fine = print_entry(&page->entries[i], width);
  page_free(page);
  return fine;
}

/* Words in two columns under each other's beginnings; the label has been printed. */
static void print_columns(struct span left, struct span right, size_t indent, size_t column)
{
  bool first = true;

  while (first || left.len > 0 || right.len > 0) {
    struct span one = page_next_line(&left, column), two = page_next_line(&right, column);

    printf("%*s%.*s", first ? 0 : (int)indent, "", (int)one.len, one.len > 0 ? one.at : "");
    if (two.len > 0)
      printf("%*s%.*s", (int)(column - one.len) + 2, "", (int)two.len, two.at);
    putchar('\n');
    first = false;
  }
}

static bool print_row(const struct page_entry *left, const struct page_entry *right, size_t width)
{
  size_t indent = PAGE_LABEL_MARGIN + width + 1;
  char *one = page_words_of(left), *two = page_words_of(right);
  bool fine = one != NULL && two != NULL;

  if (fine) {
    page_put_label(left->label, width);
    print_columns(span_from(one), span_from(two), indent, (page_width() - indent - 2) / 2);
  }
  free(one);
  free(two);
  return fine;
}

static bool print_side_by_side(const struct page *left, const struct page *right)
{
  size_t width = page_label_width(left), indent = PAGE_LABEL_MARGIN + width + 1;
  char one[160], two[160];
  bool fine = true;

  snprintf(one, sizeof(one), "%s  %s", left->name, left->words);
  snprintf(two, sizeof(two), "%s  %s", right->name, right->words);
  printf("%*s", (int)indent, "");
  print_columns(span_from(one), span_from(two), indent, (page_width() - indent - 2) / 2);
  putchar('\n');
  for (unsigned i = 0; i < left->count && fine; i++)
    fine = print_row(&left->entries[i], &right->entries[i], width);
  return fine;
}

bool page_print_both(struct page *left, struct page *right)
{
  bool fine = !left->failed && !right->failed;

  if (fine && page_width() >= WIDTH_BOTH && left->count == right->count) {
    fine = print_side_by_side(left, right);
    page_free(left);
    page_free(right);
    return fine;
  }
  fine = page_print(left);
  putchar('\n');
  return page_print(right) && fine;
}
