/*
 * The settings in force, shared by all threads: who takes them keeps them, whatever is read anew
 * meanwhile, and the last one to let go frees them.
 *
 * All functions may be called from any thread.
 */
#ifndef MILTER_STRICT_SNAPSHOT_H
#define MILTER_STRICT_SNAPSHOT_H

#include "../config/settings.h"

/*
 * Puts `next` in force: sessions that begin from now on get it. Takes over all that `next` owns and
 * zeroes it. False, with nothing changed, only when memory is short.
 */
bool snapshot_replace(struct settings *next);

/* The settings in force; NULL when there are none. Each take needs one release. */
const struct settings *snapshot_take(void);

/* Another hold on settings that somebody has taken; needs a release of its own. */
void snapshot_keep(const struct settings *settings);

/* Lets go of what snapshot_take() gave; NULL is fine. */
void snapshot_release(const struct settings *settings);

/* Lets go of the settings in force: at the daemon's end. Those still taken stay valid. */
void snapshot_close(void);

#endif
