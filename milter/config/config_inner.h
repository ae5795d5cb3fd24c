/*
 * What the files of the configuration's reader share: the reader's state, its notes, and the steps
 * it goes through. Only config*.c include this; they alone know libconfig.
 */
#ifndef MILTER_STRICT_CONFIG_INNER_H
#define MILTER_STRICT_CONFIG_INNER_H

#include "config.h"
#include "guess.h"
#include "options.h"

#include <libconfig.h>

/* Where a rule's settings stand; 0: nowhere. */
struct rule_lines {
  unsigned rule, action, reply, text, limit, names;
};

struct reader {
  const char *name; /* of the file, for the notes */
  struct settings *settings;
  struct config_notes *notes;
  bool out_of_memory;
  bool others_can_read;               /* the file */
  unsigned option_line[OPTION_COUNT]; /* 0: not set in the file */
  struct rule_lines rule_lines[RULE_COUNT];
};

/* The first so many bytes of a span for "%.*s": a note shows no more of what somebody wrote. */
enum { SHOWN_MAX = 60 };
#define SHOWN(span) (int)((span).len < SHOWN_MAX ? (span).len : SHOWN_MAX), (span).at

/* Notes what is wrong at `line` (0: in the file as a whole). Unprintable bytes become \xHH. */
void reader_error(struct reader *reader, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void reader_warn(struct reader *reader, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void reader_out_of_memory(struct reader *reader);

/* Brings the notes into the order of their lines. */
void notes_sort(struct config_notes *notes);

/*
 * Looks at the text before libconfig does, for what libconfig 1.5 takes without a word, reports
 * badly, or is not safe against; see config_scan.c. False when the text must not be parsed.
 * `lines` receives the line of each text value, in order; to be freed with free().
 */
bool scan_text(struct reader *reader, struct span text, unsigned **lines, size_t *count);

unsigned setting_line(const config_setting_t *setting);
struct span setting_name(const config_setting_t *setting);

/* "a text", "a number" and so on. Static. */
const char *setting_type_name(const config_setting_t *setting);

/* Whether it is a text; fetches it. */
bool setting_text(const config_setting_t *setting, struct span *out);

/* Says that `what` is of the wrong type, and what it takes. */
void reader_wrong_type(struct reader *reader, const config_setting_t *setting, const char *what,
                       const char *takes);

/*
 * Reads a list of texts, each of which must fit `entry`, into the settings' memory and sorts it.
 * `what` names the setting in notes, of which there may be several. False: `out` is untouched.
 */
bool read_names(struct reader *reader, const config_setting_t *setting, const char *what,
                const struct option_entry *entry, struct names *out);

/* Reads a whole number within bounds. */
bool read_number(struct reader *reader, const config_setting_t *setting, const char *what,
                 unsigned low, unsigned high, unsigned *out);

/* Sets one option from the setting; notes what is wrong. */
void read_option(struct reader *reader, const config_setting_t *setting, enum option_id option);

/* The group of rules; then, when every option is known, what can be judged of them together. */
void read_rules(struct reader *reader, const config_setting_t *group);
void check_replies(struct reader *reader);

/* Warnings about what is legal and useless. */
void advise(struct reader *reader);

/* Whether this text can be the value, or an item of the list, that the option takes. */
bool option_text_fits(const struct option_entry *entry, struct span value, struct text *why);

#endif
