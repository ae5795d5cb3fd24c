/*
 * Reading a configuration: from a file or from text to settings, with everything that is wrong in
 * it.
 *
 * Safe on any bytes. One thread at a time: libconfig makes no promise about more. Its own functions
 * begin with config_ too, so these are config_load*() and not config_read*().
 */
#ifndef MILTER_STRICT_CONFIG_H
#define MILTER_STRICT_CONFIG_H

#include "settings.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#define CONFIG_DEFAULT_FILE SYSCONFDIR "/milter-strict/milter-strict.conf"

enum {
  CONFIG_FILE_MAX = 1024 * 1024, /* bytes of a configuration file */
  CONFIG_NOTES_MAX = 20,         /* notes kept; more are only counted */
  CONFIG_NOTE_SIZE = 400,        /* bytes of a note with its NUL; a longer one is cut */
};

/* "file:line: what is wrong, what would be right"; printable ASCII in one line. */
struct config_note {
  unsigned line; /* 0: not about a line */
  bool warning;  /* legal, and surely not what was meant */
  char text[CONFIG_NOTE_SIZE];
};

/* Everything that was found, in the order of the lines. A plain value. */
struct config_notes {
  unsigned errors, warnings; /* found; warnings only when there are no errors */
  unsigned count;            /* kept in `note`: the first ones */
  struct config_note note[CONFIG_NOTES_MAX];
};

/*
 * Reads the file at `path`, NULL for the default one, which must exist as well. True: `out` holds
 * the settings, to be freed with settings_free(); `notes` may hold warnings. False: `notes` tells
 * why and `out` is all zero.
 */
bool config_load(const char *path, struct settings *out, struct config_notes *notes);

/* The same from text in memory; `name` stands in the notes where the file's name would. */
bool config_load_text(const char *name, struct span text, struct settings *out,
                      struct config_notes *notes);

/* The built-in settings: those of an empty file. False only when memory is short. */
bool config_defaults(struct settings *out);

#endif
