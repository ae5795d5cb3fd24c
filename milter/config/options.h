/*
 * The table of options (options.def).
 */
#ifndef MILTER_STRICT_OPTIONS_H
#define MILTER_STRICT_OPTIONS_H

#include "../policy/text.h"
#include "settings.h"

enum option_id {
#define OPTION(name, ...) OPTION_##name,
#include "options.def"
#undef OPTION
  OPTION_COUNT,
  OPTION_NONE = OPTION_COUNT,
};

enum option_kind {
  KIND_CHOICE,  /* an enum */
  KIND_NUMBER,  /* unsigned */
  KIND_FLAG,    /* bool */
  KIND_ADDRESS, /* struct span, as all to SECRET but this one */
  KIND_SOCKET_FILE,
  KIND_PERMISSIONS, /* unsigned */
  KIND_FOLDER,
  KIND_ACCOUNT,
  KIND_URL,
  KIND_PLAIN,
  KIND_SERVER,
  KIND_PATH,
  KIND_TOKEN,
  KIND_SECRET,
  KIND_HOSTS, /* struct names, as WORDS and LOCAL_PARTS */
  KIND_WORDS,
  KIND_LOCAL_PARTS,
  KIND_NETWORKS, /* policy.exempt_networks and its count */
};

struct option_entry {
  const char *path; /* "exempt.networks" */
  enum option_kind kind;
  unsigned low, high;       /* bounds of a number, or of a length; 0 where the kind has none */
  const char *const *words; /* of a choice, in the order of its enum; ends in NULL */
  size_t offset;            /* of the member of struct settings */
  bool needs_restart;       /* before a change takes effect; else a reload will do */
  const char *fallback;     /* the default, as a configuration file has it */
  const char *summary, *text;
};

/* The row of `option`, which must be less than OPTION_COUNT. Static. */
const struct option_entry *option_entry(enum option_id option);

/* The option with this whole path, or OPTION_NONE. */
enum option_id option_find(struct span path);

/* Whether `path` is a group that options stand in: "exempt". */
bool option_is_group(struct span path);

/* What an option of this kind takes, as "a whole number from 10 to 86400". */
void option_add_taken(struct text *text, const struct option_entry *entry);

/* Whether it is set to what nobody may see. */
bool option_is_secret(const struct option_entry *entry, const struct settings *settings);

/* Adds the value that `settings` have, as a configuration file has it. */
void option_add_value(struct text *text, const struct option_entry *entry,
                      const struct settings *settings);

#endif
