/*
 * What the parts of page*.c share.
 */
#ifndef MILTER_STRICT_PAGE_INNER_H
#define MILTER_STRICT_PAGE_INNER_H

#include "page.h"

enum {
  PAGE_LABEL_MARGIN = 2, /* before a label */
  PAGE_LABEL_LEAST = 11, /* columns of a label, and one more before the words */
};

/* Columns of the widest of the page's labels, in the user's language. */
size_t page_label_width(const struct page *page);

/* The label, and blanks up to where words begin. */
void page_put_label(const char *label, size_t width);

/* An entry's words, or its items, as one string that the caller frees; NULL: memory is short. */
char *page_words_of(const struct page_entry *entry);

/* Takes from `words` what fits into `width` columns, at least one word or that much of it. */
struct span page_next_line(struct span *words, size_t width);

#endif
