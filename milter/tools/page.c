/*
 * Paragraphs with labels.
 */
#include "page.h"

#include "../policy/text.h"

#include <stdio.h>

enum { COLUMNS = 80, LABEL_COLUMNS = 11, INDENT = 2 + LABEL_COLUMNS + 1 };

/* The most that one word may be; a longer one is shortened. */
enum { WORD_SIZE = 512 };

void page_title(const char *name, const char *words)
{
  printf("%s  %s\n\n", name, words);
}

void page_flow_add(struct page_flow *flow, struct span piece)
{
  char memory[WORD_SIZE];
  struct text word = text_in(memory, sizeof(memory));
  bool begun = flow->column > flow->indent;

  text_add_quoted(&word, piece, "");
  if (begun && flow->column + 1 + word.len > COLUMNS) {
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

void page_say(const char *label, struct span words)
{
  printf("  %-*s", LABEL_COLUMNS, label);
  page_words((struct page_flow){INDENT - 1, INDENT}, words);
}

void page_say_string(const char *label, const char *words)
{
  page_say(label, span_from(words));
}

void page_label(const char *label)
{
  printf("  %s\n", label);
}

void page_line(const char *line)
{
  printf("    %s\n", line);
}
