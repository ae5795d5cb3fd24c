/*
 * Plain text for a terminal of 80 columns, on standard output: a title, then paragraphs with a
 * label in front.
 *
 *   sender-syntax  sender address is malformed
 *
 *     Decided    at MAIL
 *     Cause      The address does not follow the grammar, so no reply and no bounce could
 *                ever reach it.
 */
#ifndef MILTER_STRICT_PAGE_H
#define MILTER_STRICT_PAGE_H

#include "../policy/span.h"

/* `name` and what it is, and an empty line. */
void page_title(const char *name, const char *words);

/* A paragraph, broken at spaces; foreign bytes are escaped. The label may be "". */
void page_say(const char *label, struct span words);
void page_say_string(const char *label, const char *words);

/* A line in the making: where it is, and where those begin that follow it when it is full. */
struct page_flow {
  size_t column, indent;
};

/* A piece that is not broken, foreign bytes escaped; on a new line if need be. Pieces have one
 * space between them. */
void page_flow_add(struct page_flow *flow, struct span piece);

/* Words, broken at spaces, to the end of their line. */
void page_words(struct page_flow flow, struct span words);

/* Lines that stand as they are, however long, under their label. */
void page_label(const char *label);
void page_line(const char *line);

#endif
