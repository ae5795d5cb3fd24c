/*
 * The ledger of this process: the store behind the doors, and what it has to tell the log.
 *
 * Opening, starting and closing are for the main thread, while no door serves.
 */
#ifndef MILTER_STRICT_REMEMBER_H
#define MILTER_STRICT_REMEMBER_H

#include "../doors/door.h"
#include "../config/settings.h"

#include <time.h>

struct store;

/* The ledger's settings, those that stand in the rules included. */
struct ledger_settings remember_ledger(const struct settings *settings);

/*
 * Opens the store. Without one the daemon serves as well, and remembers nobody: the log has said
 * why. Nor is
 * there one when the settings name no folder.
 */
void remember_open(const struct settings *settings);

/* Starts the store's thread, and that of sharing if there is any; before the doors serve. False
 * when the store can have none. */
bool remember_start(const struct settings *settings);

/* New settings are in force. */
void remember_tune(const struct settings *settings);

/* Adds what the doors may ask of the ledger; nothing when there is no store. */
void remember_serve(struct door_services *services);

/* The store, for operators; NULL: nobody is remembered. Any thread, until remember_close(). */
struct store *remember_store(void);

enum { REMEMBER_WHY_SIZE = 256 };

enum remember_state {
  REMEMBER_OFF, /* the settings name no folder */
  REMEMBER_FINE,
  REMEMBER_FAILING, /* it cannot be opened or written */
};

struct remember_status {
  enum remember_state state;
  char file[REMEMBER_WHY_SIZE]; /* "" when there is none */
  char why[REMEMBER_WHY_SIZE];  /* why it fails; else "" */
  size_t networks;              /* remembered */
  unsigned entries;             /* so many at most */
  unsigned long long lost;      /* events */
};

/* What is shared with other relays. */
struct remember_sharing {
  const char *state;           /* "off", "connected", or "alone": it is wanted and does not work */
  time_t since;                /* when that last changed; 0: never */
  unsigned long long sent;     /* changes that others were told */
  unsigned long long learned;  /* networks refused because of what others know */
  unsigned long long lost;     /* events and changes that were not shared */
  char why[REMEMBER_WHY_SIZE]; /* the last error; "": none so far */
};

/* Any thread. */
void remember_status(struct remember_status *out);
void remember_sharing(struct remember_sharing *out);

/* Writes what waits and closes the store; after the doors have stopped. libmilter does not wait for
 * its sessions: when there are some left, the store stays in memory for their last words. */
void remember_close(bool sessions_left);

#endif
