/*
 * The networks that are refused, for an answer to an operator: collected from the store, filtered,
 * sorted, and cut at a limit, in memory that the limit bounds.
 *
 * For one thread at a time.
 */
#ifndef MILTER_STRICT_CONTROL_LIST_H
#define MILTER_STRICT_CONTROL_LIST_H

#include "../store/store.h"
#include "control_request.h"

#include <stdatomic.h>

struct control_row {
  struct netblock network;
  uint64_t since, until; /* milliseconds since the epoch */
  struct ledger_evidence evidence;
  uint32_t times; /* refusals that are not forgotten */
  enum ledger_cause cause;
};

/* All zero is an empty one. */
struct control_list {
  struct control_row *rows; /* sorted */
  size_t count, room;
  unsigned long long found; /* networks that the request is about, whether there was room or not */
};

/*
 * Fills `out`, which must be empty, with what the request asks for at `now`. False when the store
 * cannot be read, memory is short, or `*stops` became true meanwhile; `out` is empty then.
 */
bool control_list_fill(struct control_list *out, struct store *store,
                       const struct control_request *request, uint64_t now,
                       const atomic_bool *stops);

/* Makes it empty. */
void control_list_free(struct control_list *list);

#endif
