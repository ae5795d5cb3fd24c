/*
 * The memory of one read configuration: a list of blocks, freed together. A configuration is read
 * seldom and held long, so one block an allocation is good enough.
 */
#include "settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct settings_block {
  struct settings_block *next;
  max_align_t bytes[];
};

void *settings_allocate(struct settings *settings, size_t size)
{
  struct settings_block *block;

  if (size > SIZE_MAX / 2)
    return NULL;
  block = calloc(1, sizeof(*block) + size);
  if (block == NULL)
    return NULL;
  block->next = settings->blocks;
  settings->blocks = block;
  return block->bytes;
}

bool settings_copy(struct settings *settings, struct span span, struct span *out)
{
  char *copy;

  if (span.len == 0) {
    *out = SPAN("");
    return true;
  }
  copy = settings_allocate(settings, span.len + 1);
  if (copy == NULL)
    return false;
  memcpy(copy, span.at, span.len);
  *out = (struct span){copy, span.len};
  return true;
}

void settings_free(struct settings *settings)
{
  struct settings_block *block = settings->blocks, *next;

  for (; block != NULL; block = next) {
    next = block->next;
    free(block);
  }
  *settings = (struct settings){0};
}
