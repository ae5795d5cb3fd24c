/*
 * The files of a log as one, line by line in the order of time: rotated files follow one another,
 * and logs of several hosts are read side by side. A line that stands in two files counts once.
 * Memory is bounded, whatever the files hold.
 */
#ifndef MILTER_STRICT_REPLAY_READ_H
#define MILTER_STRICT_REPLAY_READ_H

#include "../maillog/event.h"
#include "replay_file.h"

struct replay_reading {
  struct replay_file *files; /* in order */
  unsigned count;
  uint64_t lines, bytes; /* bytes: unpacked */
  uint64_t cut;          /* lines that were too long */
  uint64_t strange;      /* lines that are none of a log */
  uint64_t strays;       /* lines with a stray stamp, taken for one like that before */
  uint64_t repeated;     /* lines that stand in another file as well, left aside */
  /* Takes one line; `number` counts from 1 in its file. */
  void (*take)(void *context, const struct maillog_line *line, uint64_t when, unsigned file,
               uint64_t number);
  void *context;
};

/* Reads them all. Shows how far it is on standard error, when that is a terminal. False when memory
 * is short. */
bool replay_read(struct replay_reading *reading);

#endif
