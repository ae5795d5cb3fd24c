/*
 * One file of a log, line by line: plain or compressed by gzip, standard input as "-". Of a line
 * without end the beginning is kept. Memory does not depend on the file.
 */
#ifndef MILTER_STRICT_REPLAY_FILE_H
#define MILTER_STRICT_REPLAY_FILE_H

#include "../maillog/timestamp.h"

#include <sys/types.h>

enum {
  REPLAY_LINE_MAX = 16384, /* bytes of a line that are looked at */
  REPLAY_BUFFER_SIZE = 1 << 18,
};

struct replay_file {
  const char *name;
  const char *packed; /* "xz": compressed in a way that is not read; NULL */
  bool dated;         /* a time stamp was found in its beginning */
  bool zoned;         /* and it has a zone */
  int first_year;     /* in which it begins, as far as that is known */
  uint64_t first;     /* milliseconds: its first time stamp */
  uint64_t size;      /* bytes as they lie on disk; 0: not known */
  bool damaged;       /* it ended where it should not */
  dev_t device;
  ino_t inode;
  void *in;    /* of what can be read but once: open since it was looked at */
  char *begun; /* and what was read of it then */
  size_t begun_len;
};

/*
 * Looks at the beginning of each file, and puts them in order by their first time stamps; those
 * without one stay behind those with one, in the order that they were given in. What is named
 * twice, or by two names, stays once; `*count` is how many there are then. False when one cannot be
 * read; `*wrong` is its index then, and either its `packed` or errno says why.
 */
bool replay_look_at(struct replay_file *files, unsigned *count, unsigned *wrong);

/* What was allocated for the files themselves; the array is the caller's. */
void replay_forget(struct replay_file *files, unsigned count);

/* A file that is being read. */
struct replay_source {
  struct replay_file *file;
  void *in;
  size_t at, used; /* bytes in the buffer: done with, in all */
  bool ended;
  bool skips;      /* the line that is being read was taken already, cut */
  uint64_t number; /* of the last line, from 1 */
  uint64_t bytes;  /* unpacked, that were read since somebody set it to 0 */
  char buffer[REPLAY_BUFFER_SIZE];
};

/* A file that cannot be opened has no lines, and is damaged. */
void replay_source_open(struct replay_source *source, struct replay_file *file);

/* The next line, without its line feed, of any length up to the buffer's; valid until the next
 * call. False at the end. */
bool replay_source_line(struct replay_source *source, struct span *line);

/* How many bytes on disk were read. */
uint64_t replay_source_place(const struct replay_source *source);

void replay_source_close(struct replay_source *source);

#endif
