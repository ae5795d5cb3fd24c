/*
 * What `milter-strict mta` is made of; for mta*.c alone.
 */
#ifndef MILTER_STRICT_MTA_H
#define MILTER_STRICT_MTA_H

#include "../config/settings.h"
#include "../policy/text.h"

#include <stdio.h>

enum { MTA_NOTES_MAX = 32, MTA_NOTE_SIZE = 400, MTA_ADDRESS_SIZE = 320 };

/* The settings of a mail server in the making. */
struct mta {
  const struct settings *settings;
  char milter[MTA_ADDRESS_SIZE]; /* where the mail server finds the filter, in its own syntax; "":
                                    that cannot be told */
  char door[MTA_ADDRESS_SIZE];   /* and the policy service or the socket map; "": there is none */
  bool wanting;                  /* it cannot be set up for all that the configuration asks for */
  unsigned note_count;
  char notes[MTA_NOTES_MAX][MTA_NOTE_SIZE]; /* for stderr, and for the top of the first file */
};

#define MTA_MARK "milter-strict mta"

/* One file that is printed or written. */
struct mta_file {
  const char *name, *mark; /* the mark begins a comment; the first line must be one with MTA_MARK */
  void (*write)(const struct mta *mta, FILE *to);
  bool (*is_needed)(const struct mta *mta); /* NULL: always */
};

enum { MTA_FILES_MAX = 2 };

/* What there is to know of one mail server. */
struct mta_server {
  const char *name;                                     /* as on the command line */
  struct mta_file files[MTA_FILES_MAX];                 /* up to the first without a name */
  void (*consider)(struct mta *mta);                    /* notes what cannot be as it should */
  void (*check)(struct mta *mta, struct span settings); /* notes what contradicts in its own */
};

extern const struct mta_server mta_postfix, mta_sendmail;

/* Adds a note; `wanting`: it is more than advice. */
void mta_note(struct mta *mta, bool wanting, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What becomes of a command that a rule decides. */
enum mta_stance {
  MTA_OFF,    /* nobody looks */
  MTA_WATCH,  /* looked at and logged; the mail server goes on by itself */
  MTA_REFUSE, /* a 4xx or 5xx is said */
  MTA_ANSWER, /* 214 or 252 is said */
};

enum mta_stance mta_stance(const struct policy *policy, enum rule rule);

/* Whether the rule can make a client hear something. */
bool mta_speaks(const struct policy *policy, enum rule rule);

/* Words as lines of comment, broken at blanks, each begun with `mark`. Blanks at the beginning
 * indent the first line, and those that follow by as much again. */
void mta_comment(FILE *to, const char *mark, const char *words);

/* The notes as comments, then an empty line. */
void mta_comment_notes(const struct mta *mta, FILE *to, const char *mark);

enum mta_syntax { MTA_SYNTAX_POSTFIX, MTA_SYNTAX_SENDMAIL };

/*
 * Writes to `out`, of MTA_ADDRESS_SIZE bytes, where a door listens, the way the mail server names
 * it. A door that is not there, with an empty address, gives ""; so does one that cannot be named,
 * a descriptor or bytes that the mail server's files cannot hold, with a note about `option`.
 */
void mta_address(struct mta *mta, const char *option, struct span address, enum mta_syntax syntax,
                 char *out);

/* mta_helpfile.c: HELP's texts in the form of Sendmail's HelpFile. */
void mta_write_helpfile(const struct mta *mta, FILE *to);

/* mta_postfix.c: whether Postfix needs the table of commands, which is in this file. */
bool mta_postfix_filters(const struct mta *mta);
#define MTA_POSTFIX_FILTER "command_filter.pcre"

/* mta_check.c: each notes what in the mail server's own settings keeps a rule from being heard. */
void mta_check_postfix(struct mta *mta, struct span text);
void mta_check_sendmail(struct mta *mta, struct span text);

#endif
