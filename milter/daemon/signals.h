/*
 * Signals as things to be read, not as interruptions: SIGHUP, SIGUSR1, SIGTERM and SIGINT are
 * blocked in every thread and wait in a descriptor.
 */
#ifndef MILTER_STRICT_SIGNALS_H
#define MILTER_STRICT_SIGNALS_H

#include <pthread.h>
#include <stdbool.h>

enum signals_wish { SIGNALS_NOTHING, SIGNALS_RELOAD, SIGNALS_STOP };

/*
 * Blocks the four in the calling thread, which must be the only one so that all later ones inherit
 * it, and ignores SIGPIPE. `fd` becomes readable when one has come. False when there is no
 * descriptor.
 */
bool signals_open(int *fd);

/* What the next signal wants; SIGNALS_NOTHING when none waits. Never blocks. */
enum signals_wish signals_next(int fd);

/* Cuts short what `thread` waits for in poll(). */
void signals_wake(pthread_t thread);

#endif
