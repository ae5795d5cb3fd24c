/*
 * Sorted lists of names. "*.example.com" stands for every name below example.com.
 * A list belongs to whoever made it; looking one up is pure.
 */
#ifndef MILTER_STRICT_NAMES_H
#define MILTER_STRICT_NAMES_H

#include "span.h"

struct names {
  const struct span *list; /* sorted with names_sort() */
  size_t count;
};

/* Sorts without regard to case and removes doubles; returns how many are left. */
size_t names_sort(struct span *list, size_t count);

/* Whether the name, or a "*." above it, is in the list; case does not matter, nor a final dot. */
bool names_contain(struct names names, struct span name);

#endif
