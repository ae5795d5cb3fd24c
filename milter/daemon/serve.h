/*
 * The daemon's life: start, serve, reload, stop.
 */
#ifndef MILTER_STRICT_SERVE_H
#define MILTER_STRICT_SERVE_H

#include "../config/config.h"

enum serve_end {
  SERVE_FINE,        /* stopped as it was told to */
  SERVE_BAD_CONFIG,  /* the settings cannot be served with: user, group, address */
  SERVE_UNAVAILABLE, /* no socket to serve on, or a door gave up */
  SERVE_NOT_ALLOWED, /* privileges could not be dropped */
  SERVE_TRY_LATER,   /* the system is short of something */
};

/*
 * Serves until SIGTERM or SIGINT; SIGHUP and SIGUSR1 read the file at `path` again (NULL: the
 * default one). Takes over `settings`, which config_load() filled in together with `notes`. What
 * goes wrong is logged, and said on stderr. Call it once, from the main thread, while it is the
 * only one. It ends the process itself, as SERVE_FINE, when sessions do not let go in five
 * seconds or when it is told to stop a second time.
 */
enum serve_end serve(const char *path, struct settings *settings, const struct config_notes *notes);

#endif
