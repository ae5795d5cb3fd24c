/*
 * Reading a file, through zlib, which takes what is not compressed as it is.
 */
#include "replay_file.h"
#include "../maillog/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum { LOOK_SIZE = 1 << 16 /* bytes in which the first time stamp must stand */ };

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
    (void)gzbuffer(in, REPLAY_BUFFER_SIZE);
  return in;
}

/* What it is */

/* By what else the bytes are compressed, or NULL. */
static const char *packed_by(struct span bytes)
{
  static const struct {
    const char *name;
    struct span magic;
  } packers[] = {
      {"xz",
       {"\xFD"
        "7zXZ",
        5}},
      {"bzip2", {"BZh", 3}},
      {"zstd", {"\x28\xB5\x2F\xFD", 4}},
      {"lz4", {"\x04\x22\x4D\x18", 4}},
      {"lzop", {"\x89LZO", 4}},
      {"compress", {"\x1F\x9D", 2}},
      {"zip", {"PK\x03\x04", 4}},
  };

  for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++)
    if (bytes.len >= packers[i].magic.len &&
        memcmp(bytes.at, packers[i].magic.at, packers[i].magic.len) == 0)
      return packers[i].name;
  return NULL;
}

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
  file->zoned = stamp.zoned;
  file->first_year = timeline_first_year(&stamp, (uint64_t)(written > 0 ? written : 0) * 1000);
  file->first = timestamp_in_year(&stamp, file->first_year);
}

/* Its first bytes, for a moment; what is read from a pipe is kept for later. */
static bool begin(struct replay_file *file, bool regular, struct span *out)
{
  static char memory[LOOK_SIZE];
  gzFile in = open_file(file);
  int got;

  if (in == NULL)
    return false;
  if (!regular) {
    file->in = in;
    file->begun = malloc(LOOK_SIZE);
    if (file->begun == NULL)
      return false;
  }
  got = gzread(in, regular ? memory : file->begun, LOOK_SIZE);
  *out = (struct span){regular ? memory : file->begun, got > 0 ? (size_t)got : 0};
  if (regular)
    gzclose(in);
  else
    file->begun_len = out->len;
  return true;
}

static bool identify(struct replay_file *file, struct stat *about)
{
  if ((is_stdin(file) ? fstat(STDIN_FILENO, about) : stat(file->name, about)) != 0)
    return false;
  file->device = about->st_dev;
  file->inode = about->st_ino;
  if (!S_ISDIR(about->st_mode))
    return true;
  errno = EISDIR;
  return false;
}

static bool look_at(struct replay_file *file, const struct stat *about)
{
  bool again = S_ISREG(about->st_mode) && !is_stdin(file); /* it can be opened */
  struct span bytes;

  if (again)
    file->size = (uint64_t)about->st_size;
  if (!begin(file, again, &bytes))
    return false;
  file->packed = packed_by(bytes);
  date(file, bytes, S_ISREG(about->st_mode) ? about->st_mtime : time(NULL));
  return file->packed == NULL;
}

/* Whether one of those before is the same file. */
static bool is_known(const struct replay_file *files, unsigned index)
{
  for (unsigned i = 0; i < index; i++)
    if (files[i].device == files[index].device && files[i].inode == files[index].inode)
      return true;
  return false;
}

static bool comes_before(const struct replay_file *a, const struct replay_file *b)
{
  return a->dated && (!b->dated || a->first < b->first);
}

static void put_in_order(struct replay_file *files, unsigned count)
{
  for (unsigned i = 1; i < count; i++)
    for (unsigned j = i; j > 0 && comes_before(&files[j], &files[j - 1]); j--) {
      struct replay_file file = files[j];

      files[j] = files[j - 1];
      files[j - 1] = file;
    }
}

bool replay_look_at(struct replay_file *files, unsigned *count, unsigned *wrong)
{
  for (*wrong = 0; *wrong < *count;) {
    struct replay_file *file = &files[*wrong];
    struct stat about;

    if (!identify(file, &about))
      return false;
    if (is_known(files, *wrong)) {
      --*count;
      memmove(file, file + 1, (*count - *wrong) * sizeof(*file));
      continue;
    }
    if (!look_at(file, &about))
      return false;
    ++*wrong;
  }
  put_in_order(files, *count);
  return true;
}

void replay_forget(struct replay_file *files, unsigned count)
{
  for (unsigned i = 0; i < count; i++) {
    if (files[i].in != NULL)
      gzclose(files[i].in);
    free(files[i].begun);
  }
}

/* Lines */

void replay_source_open(struct replay_source *source, struct replay_file *file)
{
  source->file = file;
  source->in = file->in != NULL ? file->in : open_file(file);
  source->at = 0;
  source->used = source->bytes = file->begun_len;
  source->skips = false;
  source->number = 0;
  source->ended = source->in == NULL;
  file->damaged = source->in == NULL;
  if (file->begun_len > 0)
    memcpy(source->buffer, file->begun, file->begun_len);
  file->in = NULL;
}

/* Reads on, behind what is left. */
static void fill(struct replay_source *source)
{
  int got;

  source->used -= source->at;
  memmove(source->buffer, source->buffer + source->at, source->used);
  source->at = 0;
  got = gzread(source->in, source->buffer + source->used,
               (unsigned)(sizeof(source->buffer) - source->used));
  if (got <= 0) {
    source->ended = true;
    source->file->damaged = got < 0;
    return;
  }
  source->used += (size_t)got;
  source->bytes += (size_t)got;
}

bool replay_source_line(struct replay_source *source, struct span *line)
{
  for (;;) {
    struct span rest = {source->buffer + source->at, source->used - source->at};
    const char *end = rest.len > 0 ? memchr(rest.at, '\n', rest.len) : NULL;
    size_t len = end == NULL ? rest.len : (size_t)(end - rest.at);
    bool skipped = source->skips;

    if (end == NULL && rest.len < sizeof(source->buffer)) {
      if (!source->ended) {
        fill(source);
        continue;
      }
      if (rest.len == 0)
        return false;
    }
    source->at += len + (end != NULL);
    source->skips = end == NULL; /* longer than the buffer, or the last one without an end */
    if (skipped)
      continue;
    *line = (struct span){rest.at, len};
    source->number++;
    return true;
  }
}

uint64_t replay_source_place(const struct replay_source *source)
{
  z_off_t at = source->in != NULL ? gzoffset(source->in) : 0;

  return at > 0 ? (uint64_t)at : 0;
}

void replay_source_close(struct replay_source *source)
{
  if (source->in != NULL && gzclose(source->in) != Z_OK)
    source->file->damaged = true;
  source->in = NULL;
}
