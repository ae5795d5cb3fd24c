/*
 * Reading logs, through zlib, which takes what is not compressed as it is.
 */
#include "replay_read.h"
#include "../maillog/event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum {
  BUFFER_SIZE = 1 << 18,
  LOOK_SIZE = 1 << 16, /* bytes in which the first time stamp must stand */
  SHOW_EVERY = 250,    /* milliseconds */
};

static bool is_stdin(const struct replay_file *file)
{
  return strcmp(file->name, "-") == 0;
}

static gzFile open_file(const struct replay_file *file)
{
  gzFile in;

  errno = 0;
  in = is_stdin(file) ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(file->name, "rb");
  if (in != NULL)
    (void)gzbuffer(in, BUFFER_SIZE);
  return in;
}

/* Order */

/* The first time stamp in these bytes. */
static bool find_stamp(struct span bytes, struct timestamp *out)
{
  while (bytes.len > 0) {
    size_t end = span_find(bytes, '\n');
    struct maillog_line line;

    if (maillog_cut(span_slice(bytes, 0, end), &line)) {
      *out = line.stamp;
      return true;
    }
    bytes = span_slice(bytes, end + 1, bytes.len);
  }
  return false;
}

/* Where the file begins in time; when it has no years, by when it was last written to. */
static void date(struct replay_file *file, struct span bytes, time_t written)
{
  struct timestamp stamp;

  file->first_year = timeline_first_year(&(struct timestamp){.month = 1, .day = 1},
                                         (uint64_t)(written > 0 ? written : 0) * 1000);
  if (!find_stamp(bytes, &stamp))
    return;
  file->dated = true;
  file->first_year = timeline_first_year(&stamp, (uint64_t)(written > 0 ? written : 0) * 1000);
  file->first = timestamp_in_year(&stamp, file->first_year);
}

static bool look_at(struct replay_file *file)
{
  static char bytes[LOOK_SIZE];
  struct stat about;
  gzFile in;
  int got;

  if (is_stdin(file)) {
    date(file, SPAN(""), time(NULL));
    return true;
  }
  if (stat(file->name, &about) != 0)
    return false;
  if (S_ISDIR(about.st_mode)) {
    errno = EISDIR;
    return false;
  }
  if (!S_ISREG(about.st_mode)) { /* a pipe: what is read is gone */
    date(file, SPAN(""), time(NULL));
    return access(file->name, R_OK) == 0;
  }
  in = open_file(file);
  if (in == NULL)
    return false;
  file->size = (uint64_t)about.st_size;
  got = gzread(in, bytes, sizeof(bytes));
  gzclose(in);
  date(file, (struct span){bytes, got > 0 ? (size_t)got : 0}, about.st_mtime);
  return true;
}

static bool comes_before(const struct replay_file *a, const struct replay_file *b)
{
  return a->dated && (!b->dated || a->first < b->first);
}

bool replay_look_at(struct replay_file *files, unsigned count, unsigned *wrong)
{
  for (*wrong = 0; *wrong < count; ++*wrong)
    if (!look_at(&files[*wrong]))
      return false;
  for (unsigned i = 1; i < count; i++)
    for (unsigned j = i; j > 0 && comes_before(&files[j], &files[j - 1]); j--) {
      struct replay_file file = files[j];

      files[j] = files[j - 1];
      files[j - 1] = file;
    }
  return true;
}

/* Progress */

struct progress {
  bool shown, wanted;
  uint64_t total, before; /* bytes on disk: of all files, of those that are done */
  uint64_t last;          /* when it was shown, milliseconds */
};

static uint64_t clock_now(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct progress progress_begin(const struct replay_reading *reading)
{
  struct progress progress = {.wanted = isatty(STDERR_FILENO) == 1, .last = clock_now()};

  for (unsigned i = 0; i < reading->count; i++)
    progress.total += reading->files[i].size;
  return progress;
}

static void progress_show(struct progress *progress, const struct replay_reading *reading,
                          const struct replay_file *file, gzFile in)
{
  uint64_t now = progress->wanted ? clock_now() : 0;
  z_off_t at;

  if (!progress->wanted || now - progress->last < SHOW_EVERY)
    return;
  progress->last = now;
  progress->shown = true;
  at = gzoffset(in);
  if (file->size > 0 && progress->total > 0 && at >= 0)
    fprintf(stderr, "\r%3u %%",
            (unsigned)((progress->before + (uint64_t)at) * 100 / progress->total));
  else
    fprintf(stderr, "\r");
  fprintf(stderr, "  %llu MB, %llu lines ", (unsigned long long)(reading->bytes >> 20),
          (unsigned long long)reading->lines);
}

static void progress_end(const struct progress *progress)
{
  if (progress->shown)
    fprintf(stderr, "\r\033[K");
}

/* Lines */

struct cutter {
  size_t used; /* bytes in the buffer */
  bool skips;  /* the line that is being read was taken already, cut */
  uint64_t number;
  char bytes[BUFFER_SIZE];
};

static void take_line(struct replay_reading *reading, struct cutter *cutter, unsigned file,
                      struct span line)
{
  reading->lines++;
  cutter->number++;
  if (line.len > REPLAY_LINE_MAX) {
    reading->cut++;
    line.len = REPLAY_LINE_MAX;
  }
  reading->take(reading->context, line, file, cutter->number);
}

/* Takes the whole lines of the buffer; what is left moves to its beginning. */
static void take_lines(struct replay_reading *reading, struct cutter *cutter, unsigned file)
{
  struct span rest = {cutter->bytes, cutter->used};

  while (rest.len > 0) {
    const char *end = memchr(rest.at, '\n', rest.len);
    size_t len = end == NULL ? rest.len : (size_t)(end - rest.at);

    if (end == NULL && rest.len < sizeof(cutter->bytes))
      break;
    if (!cutter->skips)
      take_line(reading, cutter, file, span_slice(rest, 0, len));
    cutter->skips = end == NULL; /* longer than the buffer */
    rest = span_slice(rest, len + 1, rest.len);
  }
  if (cutter->skips)
    rest.len = 0;
  memmove(cutter->bytes, rest.at, rest.len);
  cutter->used = rest.len;
}

static void read_file(struct replay_reading *reading, unsigned index, struct cutter *cutter,
                      struct progress *progress)
{
  struct replay_file *file = &reading->files[index];
  gzFile in = open_file(file);
  int got;

  cutter->used = 0;
  cutter->skips = false;
  cutter->number = 0;
  if (in == NULL) {
    file->damaged = true;
    return;
  }
  while ((got = gzread(in, cutter->bytes + cutter->used,
                       (unsigned)(sizeof(cutter->bytes) - cutter->used))) > 0) {
    cutter->used += (size_t)got;
    reading->bytes += (uint64_t)got;
    take_lines(reading, cutter, index);
    progress_show(progress, reading, file, in);
  }
  if (cutter->used > 0)
    take_line(reading, cutter, index, (struct span){cutter->bytes, cutter->used});
  file->damaged = gzclose(in) != Z_OK || got < 0;
  progress->before += file->size;
}

void replay_read(struct replay_reading *reading)
{
  static struct cutter cutter;
  struct progress progress = progress_begin(reading);

  for (unsigned i = 0; i < reading->count; i++) {
    reading->next(reading->context, &reading->files[i]);
    read_file(reading, i, &cutter, &progress);
  }
  progress_end(&progress);
}
