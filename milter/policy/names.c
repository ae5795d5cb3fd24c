/*
 * Sorted lists of names: our own names, refused HELO names, exempt daemons.
 */
#include "names.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
  return span_compare_nocase(*(const struct span *)a, *(const struct span *)b);
}

size_t names_sort(struct span *list, size_t count)
{
  size_t kept = 0;

  if (count > 0)
    qsort(list, count, sizeof(*list), compare);
  for (size_t i = 0; i < count; i++)
    if (kept == 0 || !span_equals_nocase(list[kept - 1], list[i]))
      list[kept++] = list[i];
  return kept;
}

/* Compares the name "*" + tail (or the tail alone) with an entry, without building it. */
static int compare_starred(bool starred, struct span tail, struct span entry)
{
  if (!starred)
    return span_compare_nocase(tail, entry);
  if (entry.len == 0 || entry.at[0] != '*')
    return entry.len == 0 ? 1 : '*' - (unsigned char)byte_lower(entry.at[0]);
  return span_compare_nocase(tail, span_slice(entry, 1, entry.len));
}

static bool find(struct names names, bool starred, struct span tail)
{
  size_t low = 0, high = names.count;

  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = compare_starred(starred, tail, names.list[middle]);

    if (order == 0)
      return true;
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return false;
}

bool names_contain(struct names names, struct span name)
{
  if (names.count == 0 || name.len == 0)
    return false;
  if (name.at[name.len - 1] == '.')
    name.len--;
  if (find(names, false, name))
    return true;
  for (size_t dot = span_find(name, '.'); dot < name.len;) {
    struct span tail = span_slice(name, dot, name.len);

    if (find(names, true, tail))
      return true;
    dot += 1 + span_find(span_slice(tail, 1, tail.len), '.');
  }
  return false;
}
