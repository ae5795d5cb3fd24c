/*
 * Merging. A file is opened when the time comes at which it begins; of those that are open, the one
 * whose next line is the earliest is read on. So rotated files are open one after the other, and
 * the clock of the ledger never runs back because of a second host's log.
 *
 * Each file has a timeline of its own, for its stamps may have no year.
 */
#include "replay_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
  STREAMS_MAX = 16,     /* open at once: more wait until one has ended */
  SHOW_EVERY = 250,     /* milliseconds */
  LOOK_AT_CLOCK = 4096, /* lines */
};

struct entry {
  struct maillog_line line;
  struct span bytes;
  uint64_t number;
};

/* A file that is open, and the line of it that comes next. */
struct stream {
  unsigned file;
  struct timeline timeline;
  struct entry next;
  uint64_t when;      /* of that line */
  bool looked_ahead;  /* at the line after it, because its stamp was in doubt */
  struct entry ahead; /* that line */
  struct replay_source source;
  char held[REPLAY_LINE_MAX]; /* where `next` stands when `ahead` is known */
};

struct merge {
  struct replay_reading *reading;
  struct stream *streams[STREAMS_MAX]; /* the first `open` ones are open, others may be NULL */
  unsigned open;
  unsigned begun; /* files that were opened */
};

/* The next line of a log in the file; those that are none are counted. */
static bool pull(struct replay_reading *reading, struct stream *stream, struct entry *out)
{
  struct span line;
  bool found = false;

  while (!found && replay_source_line(&stream->source, &line)) {
    reading->lines++;
    if (line.len > REPLAY_LINE_MAX) {
      reading->cut++;
      line.len = REPLAY_LINE_MAX;
    }
    out->bytes = line;
    out->number = stream->source.number;
    found = maillog_cut(line, &out->line);
    reading->strange += !found;
  }
  reading->bytes += stream->source.bytes;
  stream->source.bytes = 0;
  return found;
}

/* The stamp of `next` is far from the one before: the one after it tells whether it is a stray. */
static bool is_stray(struct replay_reading *reading, struct stream *stream)
{
  struct entry *next = &stream->next;

  memcpy(stream->held, next->bytes.at, next->bytes.len);
  next->bytes.at = stream->held;
  (void)maillog_cut(next->bytes, &next->line); /* as before, but here */
  stream->looked_ahead = pull(reading, stream, &stream->ahead);
  return stream->looked_ahead &&
         timeline_strays(&stream->timeline, &next->line.stamp, &stream->ahead.line.stamp);
}

/* Goes on to the next line; false at the end. */
static bool go_on(struct replay_reading *reading, struct stream *stream)
{
  if (stream->looked_ahead)
    stream->next = stream->ahead;
  else if (!pull(reading, stream, &stream->next))
    return false;
  stream->looked_ahead = false;
  if (timeline_doubts(&stream->timeline, &stream->next.line.stamp) && is_stray(reading, stream)) {
    reading->strays++;
    stream->when = stream->timeline.last;
  } else {
    stream->when = timeline_place(&stream->timeline, &stream->next.line.stamp);
  }
  return true;
}

/* Goes on, or closes the stream of this index. */
static void step(struct merge *merge, unsigned index)
{
  struct stream *stream = merge->streams[index];

  if (go_on(merge->reading, stream))
    return;
  replay_source_close(&stream->source);
  memmove(&merge->streams[index], &merge->streams[index + 1],
          (--merge->open - index) * sizeof(merge->streams[0]));
  merge->streams[merge->open] = stream;
}

/* The next file; false when memory is short. */
static bool open_next(struct merge *merge)
{
  struct stream **place = &merge->streams[merge->open], *stream;
  struct replay_file *file = &merge->reading->files[merge->begun];

  if (*place == NULL)
    *place = malloc(sizeof(**place));
  stream = *place;
  if (stream == NULL)
    return false;
  stream->file = merge->begun++;
  stream->timeline = (struct timeline){.year = file->first_year};
  stream->looked_ahead = false;
  replay_source_open(&stream->source, file);
  step(merge, merge->open++);
  return true;
}

/* Which stream has the earliest line; of several, that of the earliest file. */
static unsigned earliest(const struct merge *merge)
{
  unsigned best = 0;

  for (unsigned i = 1; i < merge->open; i++)
    if (merge->streams[i]->when < merge->streams[best]->when)
      best = i;
  return best;
}

/* Whether the times of a file can be compared with those of the open ones: not those of a zone with
 * those of none, as where the rotated files of one host have changed their form. */
static bool is_comparable(const struct merge *merge, const struct replay_file *file)
{
  for (unsigned i = 0; i < merge->open; i++)
    if (merge->streams[i]->source.file->zoned != file->zoned)
      return false;
  return true;
}

/* Whether the next file begins before what would come next. */
static bool may_open(const struct merge *merge, uint64_t when)
{
  const struct replay_file *next = &merge->reading->files[merge->begun];

  if (merge->begun == merge->reading->count || merge->open == STREAMS_MAX)
    return false;
  return merge->open == 0 || (next->dated && next->first <= when && is_comparable(merge, next));
}

/* Leaves the same line aside where it comes next in another file. */
static void drop_repeated(struct merge *merge, unsigned index)
{
  const struct stream *stream = merge->streams[index];

  for (unsigned i = merge->open; i-- > index + 1;)
    if (merge->streams[i]->when == stream->when &&
        span_equals(merge->streams[i]->next.bytes, stream->next.bytes)) {
      merge->reading->repeated++;
      step(merge, i);
    }
}

/* Progress */

struct progress {
  bool shown, wanted;
  unsigned lines; /* since the clock was looked at */
  uint64_t total; /* bytes on disk */
  uint64_t last;  /* when it was shown, milliseconds */
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

/* Bytes on disk that are done with. */
static uint64_t done(const struct merge *merge)
{
  uint64_t sum = 0;

  for (unsigned i = 0; i < merge->begun; i++)
    sum += merge->reading->files[i].size;
  for (unsigned i = 0; i < merge->open; i++) {
    const struct replay_source *source = &merge->streams[i]->source;
    uint64_t place = replay_source_place(source);

    sum -= source->file->size > place ? source->file->size - place : 0;
  }
  return sum;
}

static void progress_show(struct progress *progress, const struct merge *merge)
{
  uint64_t now;

  if (!progress->wanted || ++progress->lines < LOOK_AT_CLOCK)
    return;
  progress->lines = 0;
  now = clock_now();
  if (now - progress->last < SHOW_EVERY)
    return;
  progress->last = now;
  progress->shown = true;
  fputs("\r", stderr);
  if (progress->total > 0)
    fprintf(stderr, "%3u %%", (unsigned)(done(merge) * 100 / progress->total));
  fprintf(stderr, "  %llu MB, %llu lines ", (unsigned long long)(merge->reading->bytes >> 20),
          (unsigned long long)merge->reading->lines);
}

static void progress_end(const struct progress *progress)
{
  if (progress->shown)
    fprintf(stderr, "\r\033[K");
}

/* All of it */

static bool merge_all(struct merge *merge, struct progress *progress)
{
  for (;;) {
    unsigned index = earliest(merge);
    struct stream *stream = merge->open > 0 ? merge->streams[index] : NULL;

    if (may_open(merge, stream != NULL ? stream->when : 0)) {
      if (!open_next(merge))
        return false;
      continue;
    }
    if (stream == NULL)
      return true;
    drop_repeated(merge, index);
    merge->reading->take(merge->reading->context, &stream->next.line, stream->when, stream->file,
                         stream->next.number);
    progress_show(progress, merge);
    step(merge, index);
  }
}

bool replay_read(struct replay_reading *reading)
{
  struct merge merge = {.reading = reading};
  struct progress progress = progress_begin(reading);
  bool fine = merge_all(&merge, &progress);

  progress_end(&progress);
  for (unsigned i = 0; i < merge.open; i++)
    replay_source_close(&merge.streams[i]->source);
  for (unsigned i = 0; i < STREAMS_MAX; i++)
    free(merge.streams[i]);
  return fine;
}
