/*
 * The log: builds lines, keeps them in a ring of fixed slots and has one thread write them. It is
 * the only user of syslog, whose calls can block for as long as the system's log is stuck: that is
 * why no thread that serves a client ever makes one.
 */
#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum {
  FLUSH_SECONDS = 2,
  CUT_RESERVE = 6, /* room kept free in a line for a closing quote, "..." and a NUL */
};

static const struct {
  const char *name;
  int priority; /* syslog's */
} levels[] = {
#define WORD(id, word) [LOG_LEVEL_##id] = {word, LOG_##id},
    LOG_LEVELS(WORD)
#undef WORD
};

static const int facilities[] = {
#define WORD(id, word) [LOG_FACILITY_##id] = LOG_##id,
    LOG_FACILITIES(WORD)
#undef WORD
};

struct entry {
  enum log_level level;
  struct timespec when;
  char line[LOG_LINE_MAX + 1];
};

enum log_state { LOG_CLOSED, LOG_DIRECT, LOG_QUEUED };

static struct {
  pthread_mutex_t mutex;
  pthread_cond_t changed; /* a line was put in, or `state` changed */
  pthread_cond_t drained; /* the writer has ended */
  enum log_state state;
  bool writing; /* the writer runs */
  struct entry ring[LOG_QUEUE_LINES];
  size_t first, count;
  unsigned long long lost;
  pthread_t writer;
} queue = {
    .mutex = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
    .drained = PTHREAD_COND_INITIALIZER,
};

/* Set while there is one thread. */
static enum log_target log_to;
static bool to_journal; /* stderr is read by the journal, which has its own clock */

/* The levels below this one are written; 0 while the log is closed. */
static atomic_uint wanted_below;

/* Writing */

static void write_stderr(const struct entry *entry)
{
  char memory[LOG_LINE_MAX + 64];
  struct text text = text_in(memory, sizeof(memory));
  struct tm parts;
  char stamp[32];

  if (to_journal) {
    text_add_byte(&text, '<');
    text_add_number(&text, (unsigned)levels[entry->level].priority);
    text_add_byte(&text, '>');
  } else if (gmtime_r(&entry->when.tv_sec, &parts) != NULL &&
             strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &parts) > 0) {
    unsigned milliseconds = (unsigned)(entry->when.tv_nsec / 1000000);

    text_add(&text, stamp);
    text_add(&text, milliseconds < 10 ? ".00" : milliseconds < 100 ? ".0" : ".");
    text_add_number(&text, milliseconds);
    text_add(&text, "Z ");
    text_add(&text, levels[entry->level].name);
    text_add_byte(&text, ' ');
  }
  text_add(&text, entry->line);
  text_add_byte(&text, '\n');
  /* One call, so that lines of several writers do not mix; nobody is left to be told of a failure.
   */
  while (write(STDERR_FILENO, text.at, text.len) < 0 && errno == EINTR)
    ;
}

static void write_entry(const struct entry *entry)
{
  if (log_to == LOG_TARGET_STDERR)
    write_stderr(entry);
  else
    syslog(levels[entry->level].priority, "%s", entry->line);
}

static void write_lost(unsigned long long lost)
{
  struct entry entry = {.level = LOG_LEVEL_WARNING};
  struct text text = text_in(entry.line, sizeof(entry.line));

  clock_gettime(CLOCK_REALTIME, &entry.when);
  text_add(&text, "event=log-lost lines=");
  text_add_number(&text, lost);
  write_entry(&entry);
}

static void *write_lines(void *nothing)
{
  struct entry entry;
  unsigned long long lost;
  size_t written = 0; /* lines since the last word about lost ones */

  pthread_mutex_lock(&queue.mutex);
  while (queue.count > 0 || queue.lost > 0 || queue.state == LOG_QUEUED) {
    if (queue.count == 0 && queue.lost == 0) {
      pthread_cond_wait(&queue.changed, &queue.mutex);
      continue;
    }
    /* What was lost is told where the gap is: behind the lines that were waiting then. */
    lost = queue.count == 0 || written >= LOG_QUEUE_LINES ? queue.lost : 0;
    written = lost > 0 ? 0 : written + 1;
    if (lost > 0) {
      queue.lost = 0;
    } else {
      entry = queue.ring[queue.first];
      queue.first = (queue.first + 1) % LOG_QUEUE_LINES;
      queue.count--;
    }
    pthread_mutex_unlock(&queue.mutex);
    if (lost > 0)
      write_lost(lost);
    else
      write_entry(&entry);
    pthread_mutex_lock(&queue.mutex);
  }
  queue.writing = false;
  pthread_cond_signal(&queue.drained);
  pthread_mutex_unlock(&queue.mutex);
  return nothing;
}

static void fill_entry(struct entry *entry, const struct log_line *line)
{
  entry->level = line->level;
  clock_gettime(CLOCK_REALTIME, &entry->when);
  memcpy(entry->line, line->text.at, line->text.len + 1);
}

/* Opening and closing */

/* Whether stderr leads to the journal: JOURNAL_STREAM names that stream as "device:inode". */
static bool stderr_is_journal(void)
{
  const char *stream = getenv("JOURNAL_STREAM");
  unsigned long long device, inode;
  struct stat status;

  return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
         fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

void log_open(enum log_target target, enum log_facility facility, enum log_level most)
{
  log_to = target;
  to_journal = target == LOG_TARGET_STDERR && stderr_is_journal();
  /* Before privileges are dropped, and in any case: libmilter's own lines go there too. */
  openlog("milter-strict", LOG_PID | (target == LOG_TARGET_SYSLOG ? LOG_NDELAY : 0),
          facilities[facility]);
  pthread_mutex_lock(&queue.mutex);
  queue.state = LOG_DIRECT;
  pthread_mutex_unlock(&queue.mutex);
  log_set_level(most);
}

bool log_start(void)
{
  sigset_t all, before;
  bool started;

  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before); /* the writer has no part in signals */
  pthread_mutex_lock(&queue.mutex);
  queue.state = LOG_QUEUED;
  queue.writing = true;
  started = pthread_create(&queue.writer, NULL, write_lines, NULL) == 0;
  if (!started) {
    queue.state = LOG_DIRECT;
    queue.writing = false;
  }
  pthread_mutex_unlock(&queue.mutex);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

void log_set_level(enum log_level most)
{
  atomic_store_explicit(&wanted_below, (unsigned)most + 1, memory_order_relaxed);
}

bool log_wants(enum log_level level)
{
  return (unsigned)level < atomic_load_explicit(&wanted_below, memory_order_relaxed);
}

void log_close(void)
{
  struct timespec until;
  bool queued, done = true;

  atomic_store(&wanted_below, 0);
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += FLUSH_SECONDS;
  pthread_mutex_lock(&queue.mutex);
  queued = queue.state == LOG_QUEUED;
  queue.state = LOG_CLOSED;
  pthread_cond_signal(&queue.changed);
  while (queue.writing && done)
    done = pthread_cond_timedwait(&queue.drained, &queue.mutex, &until) == 0;
  done = !queue.writing;
  pthread_mutex_unlock(&queue.mutex);
  if (queued && done)
    pthread_join(queue.writer, NULL);
  else if (queued)
    pthread_detach(queue.writer);
  /* A writer that is stuck in syslog() holds its lock: closing would wait for it. */
  if (done)
    closelog();
}

/* Lines */

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
  line->level = level;
  line->wanted = log_wants(level);
  if (!line->wanted)
    return;
  line->text = text_in(line->memory, sizeof(line->memory));
  text_add(&line->text, "event=");
  text_add(&line->text, event);
}

static bool byte_is_bare(char c)
{
  return byte_is_letter(c) || byte_is_digit(c) || (c != '\0' && strchr("._:/@+-", c) != NULL);
}

static bool value_is_bare(struct span value, size_t room)
{
  if (value.len == 0 || value.len > room)
    return false;
  for (size_t i = 0; i < value.len; i++)
    if (!byte_is_bare(value.at[i]))
      return false;
  return true;
}

/* Adds the value in quotes, what is inside them at most `room` bytes long. */
static void add_quoted(struct text *line, struct span value, size_t room)
{
  struct text inside;

  text_add_byte(line, '"');
  inside = text_in(line->at + line->len, room + 1);
  text_add_quoted(&inside, value, "\"\\");
  line->len += inside.len;
  text_add(line, inside.cut ? "\"..." : "\"");
}

/* Starts " key=" and tells how many bytes its value may have; 0 when nothing more fits. */
static size_t add_key(struct log_line *line, const char *key)
{
  size_t before = 1 + strlen(key) + 2; /* " key=" and the quote that opens */
  size_t room;

  if (!line->wanted || line->text.cut)
    return 0;
  room = line->text.size - line->text.len;
  if (room < before + CUT_RESERVE + 8) {
    if (room > strlen(" ..."))
      text_add(&line->text, " ...");
    line->text.cut = true;
    return 0;
  }
  text_add_byte(&line->text, ' ');
  text_add(&line->text, key);
  text_add_byte(&line->text, '=');
  room -= before + CUT_RESERVE;
  return room < LOG_VALUE_MAX ? room : LOG_VALUE_MAX;
}

void log_text(struct log_line *line, const char *key, struct span value)
{
  size_t room = add_key(line, key);

  if (room == 0)
    return;
  if (value_is_bare(value, room))
    text_add_span(&line->text, value);
  else
    add_quoted(&line->text, value, room);
}

void log_string(struct log_line *line, const char *key, const char *value)
{
  log_text(line, key, span_from(value));
}

void log_number(struct log_line *line, const char *key, unsigned long long value)
{
  char memory[24];
  struct text text = text_in(memory, sizeof(memory));

  text_add_number(&text, value);
  log_text(line, key, text_span(&text));
}

void log_end(struct log_line *line)
{
  struct entry entry;
  bool direct;

  if (!line->wanted)
    return;
  pthread_mutex_lock(&queue.mutex);
  direct = queue.state == LOG_DIRECT;
  if (queue.state == LOG_QUEUED && queue.count == LOG_QUEUE_LINES) {
    queue.lost++;
  } else if (queue.state == LOG_QUEUED) {
    fill_entry(&queue.ring[(queue.first + queue.count) % LOG_QUEUE_LINES], line);
    queue.count++;
    pthread_cond_signal(&queue.changed);
  }
  pthread_mutex_unlock(&queue.mutex);
  if (direct) {
    fill_entry(&entry, line);
    write_entry(&entry);
  }
}

void log_event(enum log_level level, const char *event, const char *key, const char *value)
{
  struct log_line line;

  log_begin(&line, level, event);
  log_string(&line, key, value);
  log_end(&line);
}
