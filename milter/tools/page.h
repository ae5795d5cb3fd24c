/*
 * What a tool tells, collected and then printed on standard output: for people, as a title and
 * paragraphs with a label in front, broken to the terminal's width,
 *
 *   sender-syntax  sender address is malformed
 *
 *     Decided     at MAIL
 *     Cause       The address does not follow the grammar, so no reply and no bounce could
 *                 ever reach it.
 *
 * or for programs, as one JSON object: {"name": "sender-syntax", "decided": "at MAIL", ...}. Keys
 * are the English labels in small letters, with hyphens; what is said more than once under a label
 * is an array there. Labels are printed in the user's language
 * (language.h); they are static strings, and what stands here as the label of a call is what is
 * translated. Foreign bytes are escaped in either form.
 *
 * Not for more than one thread. Short memory is remembered and told by the last function.
 */
#ifndef MILTER_STRICT_PAGE_H
#define MILTER_STRICT_PAGE_H

#include "../policy/span.h"

struct cJSON;

enum page_kind {
  PAGE_WORDS, /* a paragraph */
  PAGE_ITEMS, /* a list, on the line in text */
  PAGE_LINES, /* a list of lines that stand as they are, under their label */
};

struct page_entry {
  const char *label;
  enum page_kind kind;
  struct cJSON *value; /* a string; else an array of strings */
  const char *none;    /* of an empty list: what is printed in its place; static */
};

enum { PAGE_ENTRIES_MAX = 40 };

struct page {
  char name[48];     /* "": no title */
  const char *words; /* borrowed until the page is printed */
  struct page_entry entries[PAGE_ENTRIES_MAX];
  unsigned count;
  bool failed; /* memory was short, or it has too many entries */
};

/* A page begins as {0}. */
void page_title(struct page *page, const char *name, const char *words);
void page_say(struct page *page, const char *label, struct span words);
void page_say_string(struct page *page, const char *label, const char *words);
void page_item(struct page *page, const char *label, struct span item); /* one more of the list */
void page_no_item(struct page *page, const char *label, const char *none); /* an empty list */
void page_line(struct page *page, const char *label, const char *line); /* one more of the lines */

/* All of it as an object that the caller owns, and the page is empty; NULL: memory was short. */
struct cJSON *page_take(struct page *page);

/* Print the page, free what it holds; false: memory was short. */
bool page_print(struct page *page);
bool page_print_json(struct page *page);

/* Prints `object`, which may be NULL, and frees it; false: memory was short. */
bool page_print_object(struct cJSON *object);

void page_free(struct page *page);

/*
 * Two pages with the same labels, in columns when the terminal has the room, else one after the
 * other.
 */
bool page_print_both(struct page *left, struct page *right);

/* --- lines in the making, for what is no page ----------------------------------------------- */

/* Columns: what COLUMNS says, the terminal's, or 80; from 40 to 160. */
size_t page_width(void);

/* Where a line is, and where those begin that follow it when it is full. */
struct page_flow {
  size_t column, indent;
};

/* A piece that is not broken, foreign bytes escaped; on a new line if need be. Pieces have one
 * space between them. */
void page_flow_add(struct page_flow *flow, struct span piece);

/* Words, broken at spaces, to the end of their line. */
void page_words(struct page_flow flow, struct span words);

#endif
