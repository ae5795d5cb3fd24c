/*
 * A bounded buffer for the text that we write, and the one function that makes foreign bytes
 * fit to be shown.
 *
 * The caller owns the memory. The text is always terminated by a NUL; what does not fit is left
 * out and `cut` is set, nothing is ever written past `size`. Used by one thread at a time.
 */
#ifndef MILTER_STRICT_TEXT_H
#define MILTER_STRICT_TEXT_H

#include "span.h"

struct text {
  char *at;
  size_t size; /* bytes of memory, the final NUL included; at least 1 */
  size_t len;  /* bytes written, without the NUL */
  bool cut;    /* something did not fit */
};

/* An empty text in `memory`. */
struct text text_in(char *memory, size_t size);

void text_clear(struct text *text);
void text_add(struct text *text, const char *string);
void text_add_span(struct text *text, struct span span);
void text_add_byte(struct text *text, char byte);
void text_add_number(struct text *text, unsigned long long number);

/*
 * Adds foreign bytes so that they can be shown anywhere: printable ASCII stands as it is, each
 * other byte becomes \xHH, and each byte that stands in `also` gets a backslash before it.
 * An escape is added whole or not at all.
 */
void text_add_quoted(struct text *text, struct span span, const char *also);

/* Columns that text_add_quoted() would take for `span`. */
size_t text_quoted_width(struct span span, const char *also);

struct span text_span(const struct text *text);

#endif
