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

void page_say(const char *label, struct span words)
{
  size_t column = INDENT;

  printf("  %-*s", LABEL_COLUMNS, label);
  while (words.len > 0) {
    char memory[WORD_SIZE];
    struct text word = text_in(memory, sizeof(memory));
    size_t end = span_find(words, ' ');

    text_add_quoted(&word, span_slice(words, 0, end), "");
    if (column > INDENT && column + 1 + word.len > COLUMNS) {
      printf("\n%*s", INDENT - 1, "");
      column = INDENT;
    }
    printf(" %s", word.at);
    column += word.len + (column > INDENT ? 1 : 0);
    words = span_slice(words, end + 1, words.len);
  }
  putchar('\n');
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
