/*
 * What the files of `milter-strict replay` share.
 */
#ifndef MILTER_STRICT_REPLAY_H
#define MILTER_STRICT_REPLAY_H

#include "replay_read.h"
#include "../maillog/tells.h"
#include "replay_tally.h"

/* A policy and what came of it. */
struct replay_side {
  const char *name; /* of its file, or "built-in settings" */
  struct settings settings;
  struct replay_judge judge;
  struct replay_tally *tally; /* with two sides: what this one alone would have refused */
  bool watches;               /* mode = "monitor": judged as if it enforced */
};

struct replay {
  struct replay_side side[2];
  unsigned sides;
  struct replay_reading reading;
  struct maillog_joiner *joiner;
  uint64_t first, last;     /* times of the log, milliseconds; 0: none */
  uint64_t now;             /* of the line that is being read */
  uint64_t both;            /* with two sides: refused by either */
  struct replay_case about; /* the transaction that is being told */
};

struct replay_options {
  const char
      *config;       /* NULL: the default file, and when that is not there, the built-in settings */
  const char *other; /* another configuration to compare with; NULL: none */
  bool json;
};

/* Reads the files that are named, or standard input when none is, and prints the report. Returns an
 * exit code. */
int replay_files(const struct replay_options *options, char **names, unsigned count);

/* What there is to say, for people and for programs. The latter returns false when memory is
 * short. */
void replay_report(const struct replay *replay);
bool replay_report_json(const struct replay *replay);

/* What would have been lost: messages that were delivered and would have been refused. */
uint64_t replay_mistakes(const struct replay *replay);

/* Whether lines of this mail server, or of any, were seen. */
bool replay_saw(const struct replay *replay, enum maillog_mta mta);
bool replay_saw_any(const struct replay *replay);

/* What the log tells of the rule, the least of all mail servers that were seen. */
enum maillog_tells replay_tells(const struct replay *replay, enum rule rule);

/* The parts of the report: the tables of one side, or of both; numbers with their digits in groups,
 * in `text`. */
void replay_print_side(const struct replay *replay, unsigned side);
const char *replay_grouped(uint64_t number, char text[32]);
void replay_print_name(const char *name);

/* "2026-11-24 15:39"; `text` has room for it. */
enum { REPLAY_TIME_SIZE = 24 };
void replay_time(uint64_t when, char text[REPLAY_TIME_SIZE]);

#endif
