/*
 * The control socket: where operators ask and command, with `milter-strict ctl`. It has a thread
 * and a loop of its own: nothing that an operator does, or leaves undone, holds up a door.
 *
 * Reloading belongs to the main thread: control_news() tells it that somebody wants one, and it
 * says what came of it. For the main thread, but for what is said otherwise.
 */
#ifndef MILTER_STRICT_CONTROL_H
#define MILTER_STRICT_CONTROL_H

#include "control_talk.h"
#include "listener.h"
#include "loop.h"
#include "privileges.h"

#include <pthread.h>

struct control_peer;

struct control {
  struct listener listener; /* LISTENER_NONE: there is no socket */
  struct control_services services;
  struct loop *loop;
  int news; /* eventfd: readable when a reload is wanted; -1: there never is */
  atomic_bool stops;
  struct control_peer *waiting; /* for a reload; the loop's thread alone */

  pthread_mutex_t lock;              /* of what follows */
  unsigned long long wanted, served; /* reloads, by number */
  struct reload_report report;       /* of the last one served */
};

enum control_start {
  CONTROL_STARTED, /* or not wanted */
  CONTROL_FAILED,  /* the daemon can do without */
  CONTROL_BAD,     /* the settings are wrong */
};

/* Makes one without a socket. It must stay where it is. */
void control_begin(struct control *control);

/* Opens the socket that the settings name, while it may still be done as root. */
enum control_start control_listen(struct control *control, const struct settings *settings,
                                  const struct identity *identity, struct text *why);

/* Starts to answer; after the store. */
enum control_start control_serve(struct control *control, struct text *why);

/* Adds the address to a line of the log: control=... */
void control_log(const struct control *control, struct log_line *line);

/* To be waited for beside others; -1 when there is nothing to wait for, as after control_stop():
 * nobody reloads then, and what is asked for all the same must not end a wait. */
int control_news(const struct control *control);

/* Whether a reload is wanted; if so, control_reloaded() is to be called with `*number`. */
bool control_wants_reload(struct control *control, unsigned long long *number);
void control_reloaded(struct control *control, unsigned long long number,
                      const struct reload_report *report);

/* Tells it to stop, without waiting. */
void control_stop(struct control *control);

/* Closes the socket and removes its file: all that is left to do when the process ends at once. */
void control_abandon(struct control *control);

/* Stops it, waits for its thread, frees all; before the store is closed. Half begun is fine. */
void control_close(struct control *control);

#endif
