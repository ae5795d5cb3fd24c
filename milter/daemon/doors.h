/*
 * All doors of the daemon together: their sockets, their threads, their end.
 *
 * For the main thread, which opens them while it may still do what only root may.
 */
#ifndef MILTER_STRICT_DOORS_H
#define MILTER_STRICT_DOORS_H

#include "../doors/registry.h"
#include "listener.h"
#include "log.h"
#include "loop.h"
#include "privileges.h"
#include "serve.h"

#include <stdatomic.h>

enum { DOORS_ADDRESS_SIZE = 512 }; /* bytes of an address as it is shown */

struct doors {
  struct listener listener[DOOR_COUNT]; /* LISTENER_NONE: no such door */
  char shown[DOOR_COUNT][DOORS_ADDRESS_SIZE];
  struct door_services services;
  struct registry registry; /* in use when there is a door beside the milter's */
  int news;                 /* eventfd: readable when a door has ended */
  pthread_t milter, stopper;
  bool milter_runs, stopper_runs; /* they are to be joined */
  struct loop *loop;              /* NULL: only the milter's door is there */
  atomic_bool milter_ended, loop_ended;
};

/* Makes one that has no doors. It must stay where it is, and live as long as the process. */
void doors_begin(struct doors *doors);

/* Opens the sockets that the settings name, or takes those that the service manager passes. */
enum serve_end doors_listen(struct doors *doors, const struct settings *settings,
                            const struct identity *identity, struct text *why);

/* Starts to serve. On anything but SERVE_FINE `why` says what went wrong. */
enum serve_end doors_start(struct doors *doors, const struct settings *settings, struct text *why);

/* Adds the addresses to a line of the log: listen=... policy=... socketmap=... */
void doors_log(const struct doors *doors, struct log_line *line);

/* The addresses for people: "unix:/a, unix:/b". */
void doors_show(const struct doors *doors, struct text *text);

/* What ended by itself, as half a sentence; NULL when all serve. Static. */
const char *doors_fallen(const struct doors *doors);

/* Tells all doors to stop, without waiting. False: no thread can be had for that. */
bool doors_stop(struct doors *doors);

/*
 * Whether they have stopped; doors_stop() came before. To be asked again and again, for libmilter
 * notices only when it is woken up. False in `*in_time` when they have, but not in order.
 */
bool doors_have_stopped(struct doors *doors, bool *in_time);

/* Forgets the news, before their reason is looked for. */
void doors_hear(const struct doors *doors);

/* Closes the sockets and removes their files: all that is left to do when the process ends at once.
 */
void doors_abandon(struct doors *doors);

/* Waits for the threads of doors that have stopped or were never started, and frees all. */
void doors_close(struct doors *doors);

#endif
