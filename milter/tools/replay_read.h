/*
 * The files of a log, one after the other, line by line: plain or compressed by gzip, standard
 * input as "-". Of a line without end the beginning is kept. Memory does not depend on the files.
 */
#ifndef MILTER_STRICT_REPLAY_READ_H
#define MILTER_STRICT_REPLAY_READ_H

#include "../maillog/timestamp.h"

enum {
  REPLAY_LINE_MAX = 16384, /* bytes of a line that are looked at */
};

struct replay_file {
  const char *name;
  bool dated;     /* a time stamp was found in its beginning */
  int first_year; /* in which it begins, as far as that is known */
  uint64_t first; /* milliseconds: its first time stamp */
  uint64_t size;  /* bytes as they lie on disk; 0: not known */
  bool damaged;   /* it ended where it should not */
};

struct replay_reading {
  struct replay_file *files;
  unsigned count;
  uint64_t lines, bytes; /* bytes: unpacked */
  uint64_t cut;          /* lines that were too long */
  /* Takes one line, without its line feed. */
  void (*take)(void *context, struct span line, unsigned file, uint64_t number);
  /* Another file begins. */
  void (*next)(void *context, const struct replay_file *file);
  void *context;
};

/*
 * Looks at the beginning of each file, and puts them in order by their first time stamps; those
 * without one stay behind those with one, in the order that they were given in. False when one
 * cannot be read; `*wrong` is its index then, errno is why.
 */
bool replay_look_at(struct replay_file *files, unsigned count, unsigned *wrong);

/* Reads them all. Shows how far it is on standard error, when that is a terminal. */
void replay_read(struct replay_reading *reading);

#endif
