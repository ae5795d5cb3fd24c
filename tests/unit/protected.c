/*
 * Inputs beside memory that must not be touched: pages in between two pages without access.
 */
#include "protected.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct protected_area protected_make(size_t most)
{
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t room = (most / page + 1) * page;
  char *map = mmap(NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (map == MAP_FAILED || mprotect(map + page, room, PROT_READ | PROT_WRITE) != 0)
    fail_msg("no memory for %zu protected bytes", most);
  return (struct protected_area){map, page, room};
}

struct span protected_place(const struct protected_area *area, struct span input,
                            enum protected_side side)
{
  char *begin = area->map + area->page;
  char *at = side == PROTECTED_AFTER ? begin + area->room - input.len : begin;

  if (input.len > area->room)
    fail_msg("%zu bytes do not fit into a protected area of %zu", input.len, area->room);
  if (input.len > 0)
    memcpy(at, input.at, input.len);
  return (struct span){at, input.len};
}

void protected_free(struct protected_area *area)
{
  if (area->map != NULL)
    munmap(area->map, area->room + 2 * area->page);
  *area = (struct protected_area){0};
}

const char *protected_side_name(enum protected_side side)
{
  return side == PROTECTED_AFTER ? "before a protected page" : "after a protected page";
}
