/*
 * Sharing in this process: the settings' part of it, and what it has to tell the log.
 *
 * For remember.c, which has the store; opening, changing and closing are for the main thread.
 */
#ifndef MILTER_STRICT_SHARING_H
#define MILTER_STRICT_SHARING_H

#include "../store/share.h"
#include "../config/settings.h"

/* What the settings say of it. */
struct share_options sharing_options(const struct settings *settings);

/* Where the store's callbacks lead, with the store's context NULL: nowhere before sharing_open().
 */
void sharing_counted(void *context, struct netblock network, const struct ledger_entry *entries,
                     size_t count, uint64_t now);
void sharing_set(void *context, struct netblock network, const struct ledger_page *page,
                 uint64_t now);

/* Opens, for this store; `refused` hears of networks that are refused for what others know. Without
 * memory nothing is shared, and the log says so. */
void sharing_open(struct store *store,
                  void (*refused)(struct netblock network, const struct ledger_page *page,
                                  uint64_t now));

/* New settings are in force, and other threads may be started. */
void sharing_change(const struct settings *settings, const struct ledger_settings *ledger);

/* False: nothing is shared, for there is no store. */
bool sharing_state(struct share_state *state);

/* After the doors have stopped; for sessions that are left it stays in memory. False: the store
 * must stay open, see share_close(). */
bool sharing_close(bool sessions_left);

#endif
