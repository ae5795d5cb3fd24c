/*
 * The ledger of this process: the store behind the doors, and what it has to tell the log.
 *
 * Opening, starting and closing are for the main thread, while no door serves.
 */
#ifndef MILTER_STRICT_REMEMBER_H
#define MILTER_STRICT_REMEMBER_H

#include "../doors/door.h"
#include "settings.h"

/* The ledger's settings, those that stand in the rules included. */
struct ledger_settings remember_ledger(const struct settings *settings);

/*
 * Opens the store. Without one the daemon serves as well, and remembers nobody: the log has said
 * why. Nor is
 * there one when the settings name no folder.
 */
void remember_open(const struct settings *settings);

/* Starts the store's thread; before the doors serve. False when there can be none. */
bool remember_start(void);

/* New settings are in force. */
void remember_tune(const struct settings *settings);

/* Adds what the doors may ask of the ledger; nothing when there is no store. */
void remember_serve(struct door_services *services);

/* Writes what waits and closes the store; after the doors have stopped. */
void remember_close(void);

#endif
