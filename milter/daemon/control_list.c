/*
 * While the store is walked, a heap holds the rows that come first in the order that was asked for,
 * the last of them on top, where the next one that comes before it takes its place.
 */
#include "control_list.h"

#include "../policy/probing.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_AT_FIRST = 256 };

struct filling {
  struct control_list *list;
  const struct control_request *request;
  int (*compare)(const void *a, const void *b);
  uint64_t now;
  const atomic_bool *stops;
  bool failed;
};

/* Orders: negative when `a` comes first. The address decides what is equal otherwise. */

static int by_network(const void *a, const void *b)
{
  return netblock_compare(((const struct control_row *)a)->network,
                          ((const struct control_row *)b)->network);
}

static int ascending(uint64_t a, uint64_t b)
{
  return a < b ? -1 : a > b;
}

#define BY(name, FIRST, SECOND, member)                                                            \
  static int by_##name(const void *a, const void *b)                                               \
  {                                                                                                \
    const struct control_row *FIRST = a, *SECOND = b;                                              \
    int order = ascending(left->member, right->member);                                            \
                                                                                                   \
    return order != 0 ? order : by_network(a, b);                                                  \
  }
BY(since, right, left, since) /* the greatest first */
BY(until, left, right, until)
BY(points, right, left, evidence.points)
BY(times, right, left, times)
#undef BY

static int (*const orders[CONTROL_SORT_COUNT])(const void *a, const void *b) = {
    [CONTROL_SORT_SINCE] = by_since,     [CONTROL_SORT_UNTIL] = by_until,
    [CONTROL_SORT_NETWORK] = by_network, [CONTROL_SORT_POINTS] = by_points,
    [CONTROL_SORT_TIMES] = by_times,
};

/* The heap */

static void rise(struct filling *filling, size_t at)
{
  struct control_row *rows = filling->list->rows, moving = rows[at];

  while (at > 0 && filling->compare(&rows[(at - 1) / 2], &moving) < 0) {
    rows[at] = rows[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  rows[at] = moving;
}

static void sink(struct filling *filling, size_t at)
{
  struct control_row *rows = filling->list->rows, moving = rows[at];
  size_t count = filling->list->count;

  while (at < count / 2) {
    size_t child = 2 * at + 1;

    if (child + 1 < count && filling->compare(&rows[child], &rows[child + 1]) < 0)
      child++;
    if (filling->compare(&moving, &rows[child]) >= 0)
      break;
    rows[at] = rows[child];
    at = child;
  }
  rows[at] = moving;
}

static bool make_room(struct filling *filling)
{
  struct control_list *list = filling->list;
  size_t room = list->room == 0 ? ROOM_AT_FIRST : 2 * list->room;
  struct control_row *rows;

  if (list->count < list->room)
    return true;
  rows = realloc(list->rows, room * sizeof(*rows));
  filling->failed = rows == NULL;
  if (rows == NULL)
    return false;
  list->rows = rows;
  list->room = room;
  return true;
}

static bool take(struct filling *filling, const struct control_row *row)
{
  struct control_list *list = filling->list;

  list->found++;
  if (list->count < filling->request->limit) {
    if (!make_room(filling))
      return false;
    list->rows[list->count++] = *row;
    rise(filling, list->count - 1);
  } else if (filling->compare(row, &list->rows[0]) < 0) {
    list->rows[0] = *row;
    sink(filling, 0);
  }
  return true;
}

static bool is_wanted(const struct filling *filling, struct netblock network,
                      const struct ledger_page *page)
{
  const struct control_request *request = filling->request;

  return ledger_refused_for(page, filling->now) > 0 && page->cause < LEDGER_CAUSE_COUNT &&
         (request->rule == RULE_NONE ||
          request->rule == probing_rule((enum ledger_cause)page->cause)) &&
         (!request->has_network || netblocks_overlap(request->network, network));
}

static bool see(void *context, struct netblock network, const struct ledger_page *page)
{
  struct filling *filling = context;
  struct control_row row = {.network = network,
                            .since = page->refused_since,
                            .until = page->refused_until,
                            .evidence = page->evidence,
                            .times = page->relapses,
                            .cause = (enum ledger_cause)page->cause};

  if (atomic_load_explicit(filling->stops, memory_order_relaxed))
    filling->failed = true;
  else if (is_wanted(filling, network, page))
    (void)take(filling, &row);
  return !filling->failed;
}

bool control_list_fill(struct control_list *out, struct store *store,
                       const struct control_request *request, uint64_t now,
                       const atomic_bool *stops)
{
  struct filling filling = {.list = out,
                            .request = request,
                            .compare = orders[request->sort],
                            .now = now,
                            .stops = stops};

  if (!store_walk(store, now, see, &filling) || filling.failed) {
    control_list_free(out);
    return false;
  }
  if (out->count > 0)
    qsort(out->rows, out->count, sizeof(*out->rows), filling.compare);
  return true;
}

void control_list_free(struct control_list *list)
{
  free(list->rows);
  *list = (struct control_list){0};
}
