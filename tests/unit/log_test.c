/*
 * The log: how lines look, and that nobody who logs waits for whoever reads it.
 */
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include "../../milter/daemon/log.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000 };

/* Standard error, caught in a pipe. */
struct capture {
  int ends[2];
  int stderr_before;
  char text[2 * 1024 * 1024];
  size_t len;
};

static struct capture capture;

static void capture_begin(int pipe_size)
{
  capture.len = 0;
  capture.text[0] = '\0';
  assert_int_equal(pipe(capture.ends), 0);
  if (pipe_size > 0)
    assert_true(fcntl(capture.ends[1], F_SETPIPE_SZ, pipe_size) > 0);
  capture.stderr_before = dup(STDERR_FILENO);
  dup2(capture.ends[1], STDERR_FILENO);
  close(capture.ends[1]);
}

/* Adds what comes next to the text; false at the end. */
static bool capture_read(void)
{
  struct pollfd waits = {.fd = capture.ends[0], .events = POLLIN};
  ssize_t got;

  assert_int_equal(poll(&waits, 1, PATIENCE_MS), 1);
  got = read(capture.ends[0], capture.text + capture.len, sizeof(capture.text) - 1 - capture.len);
  assert_true(got >= 0);
  capture.len += (size_t)got;
  capture.text[capture.len] = '\0';
  return got > 0;
}

/* Gives standard error back and reads all that was written. */
static const char *capture_end(void)
{
  dup2(capture.stderr_before, STDERR_FILENO);
  close(capture.stderr_before);
  while (capture_read())
    ;
  close(capture.ends[0]);
  return capture.text;
}

/* What stands behind the time stamp and the level of the first line. */
static const char *event_in(const char *text)
{
  const char *at = strstr(text, "event=");
  char *end = strchr(text, '\n');

  assert_non_null(at);
  assert_non_null(end);
  *end = '\0';
  return at;
}

static size_t count_in(const char *text, const char *what)
{
  size_t count = 0;

  for (text = strstr(text, what); text != NULL; text = strstr(text + 1, what))
    count++;
  return count;
}

static void log_one(enum log_level level, struct span value)
{
  struct log_line line;

  log_begin(&line, level, "test");
  log_text(&line, "key", value);
  log_end(&line);
}

/* Values */

#define SPAN_OF(literal)                                                                           \
  {                                                                                                \
    literal, sizeof(literal) - 1                                                                   \
  }

static const struct {
  const char *name;
  struct span value;
  const char *line;
} values[] = {
    {"bare", SPAN_OF("192.0.2.7"), "event=test key=192.0.2.7"},
    {"bare, all of it", SPAN_OF("aZ09._:/@+-"), "event=test key=aZ09._:/@+-"},
    {"empty", SPAN_OF(""), "event=test key=\"\""},
    {"space", SPAN_OF("a b"), "event=test key=\"a b\""},
    {"angle brackets", SPAN_OF("<a@b.c>"), "event=test key=\"<a@b.c>\""},
    {"quote and backslash", SPAN_OF("a\"b\\c"), "event=test key=\"a\\\"b\\\\c\""},
    {"a forged field", SPAN_OF("x rule=y"), "event=test key=\"x rule=y\""},
    {"a forged line", SPAN_OF("x\nevent=y"), "event=test key=\"x\\x0Aevent=y\""},
    {"control", SPAN_OF("\r\x1b[0m\x7f"), "event=test key=\"\\x0D\\x1B[0m\\x7F\""},
    {"NUL", SPAN_OF("a\0b"), "event=test key=\"a\\x00b\""},
    {"8-bit", SPAN_OF("\xc3\xa4"), "event=test key=\"\\xC3\\xA4\""},
    {"format", SPAN_OF("%s%n"), "event=test key=\"%s%n\""},
};

static void values_are_quoted(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    const char *line;

    capture_begin(0);
    log_open(LOG_TARGET_STDERR, LOG_FACILITY_MAIL, LOG_LEVEL_DEBUG);
    log_one(LOG_LEVEL_NOTICE, values[i].value);
    log_close();
    line = event_in(capture_end());
    if (strcmp(line, values[i].line) != 0)
      fail_msg("%s: got %s, want %s", values[i].name, line, values[i].line);
  }
}

static void numbers_stand_bare(void **state)
{
  struct log_line line;

  (void)state;
  capture_begin(0);
  log_open(LOG_TARGET_STDERR, LOG_FACILITY_MAIL, LOG_LEVEL_DEBUG);
  log_begin(&line, LOG_LEVEL_INFO, "test");
  log_number(&line, "zero", 0);
  log_number(&line, "most", 18446744073709551615ULL);
  log_string(&line, "none", NULL);
  log_end(&line);
  log_close();
  assert_string_equal(event_in(capture_end()),
                      "event=test zero=0 most=18446744073709551615 none=\"\"");
}

static void a_long_value_is_cut_and_the_next_one_is_not(void **state)
{
  static char value[5000];
  struct log_line line;
  const char *text;

  (void)state;
  memset(value, 'a', sizeof(value));
  capture_begin(0);
  log_open(LOG_TARGET_STDERR, LOG_FACILITY_MAIL, LOG_LEVEL_DEBUG);
  log_begin(&line, LOG_LEVEL_INFO, "test");
  log_text(&line, "key", (struct span){value, sizeof(value)});
  log_string(&line, "queue", "4XyZ");
  log_end(&line);
  log_close();
  text = event_in(capture_end());
  assert_int_equal(strspn(strchr(text, '"') + 1, "a"), LOG_VALUE_MAX);
  assert_non_null(strstr(text, "a\"... queue=4XyZ"));
}

/* Whatever stands before the end of a full line, the end is whole: quotes in pairs, no half escape.
 */
static void a_full_line_is_cut_and_says_so(void **state)
{
  static char value[400];

  (void)state;
  for (size_t length = 1; length < sizeof(value); length += 3) {
    struct log_line line;
    const char *text;
    size_t len;

    memset(value, length % 2 == 0 ? 'a' : '\n', length);
    capture_begin(0);
    log_open(LOG_TARGET_STDERR, LOG_FACILITY_MAIL, LOG_LEVEL_DEBUG);
    log_begin(&line, LOG_LEVEL_INFO, "test");
    for (size_t i = 0; i < 600; i++)
      log_text(&line, "key", (struct span){value, length});
    log_end(&line);
    log_close();
    text = event_in(capture_end());
    len = strlen(text);
    if (len > LOG_LINE_MAX || strcmp(text + len - 3, "...") != 0 || count_in(text, "\"") % 2 != 0)
      fail_msg("values of %zu bytes: a line of %zu bytes: %s", length, len, text);
  }
}

/* Levels and targets */

static void only_what_is_wanted_is_written(void **state)
{
  const char *text;

  (void)state;
  capture_begin(0);
  log_one(LOG_LEVEL_ERR, SPAN("before-open"));
  log_open(LOG_TARGET_STDERR, LOG_FACILITY_MAIL, LOG_LEVEL_NOTICE);
  assert_true(log_wants(LOG_LEVEL_NOTICE));
  assert_false(log_wants(LOG_LEVEL_INFO));
  log_one(LOG_LEVEL_INFO, SPAN("too-fine"));
  log_one(LOG_LEVEL_NOTICE, SPAN("first"));
  log_set_level(LOG_LEVEL_INFO);
  log_one(LOG_LEVEL_INFO, SPAN("second"));
  log_close();
  log_close();
  assert_false(log_wants(LOG_LEVEL_ERR));
  log_event(LOG_LEVEL_ERR, "test", "key", "after-close");
  text = capture_end();
  assert_int_equal(count_in(text, "\n"), 2);
  assert_non_null(strstr(text, "Z notice event=test key=first\n"));
  assert_non_null(strstr(text, "Z info event=test key=second\n"));
}

static void lines_for_the_journal_have_its_prefix(void **state)
{
  struct stat status;
  char stream[64];

  (void)state;
  capture_begin(0);
  fstat(STDERR_FILENO, &status);
  snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
           (unsigned long long)status.st_ino);
  setenv("JOURNAL_STREAM", stream, 1);
  log_open(LOG_TARGET_STDERR, LOG_FACILITY_MAIL, LOG_LEVEL_DEBUG);
  log_one(LOG_LEVEL_NOTICE, SPAN("one"));
  log_one(LOG_LEVEL_ERR, SPAN("two"));
  log_close();
  unsetenv("JOURNAL_STREAM");
  assert_string_equal(capture_end(), "<5>event=test key=one\n<3>event=test key=two\n");
}

/* The writer */

enum { THREADS = 8, LINES_EACH = 100, FLOOD = 4 * LOG_QUEUE_LINES };

static void *log_many(void *nothing)
{
  for (unsigned i = 0; i < LINES_EACH; i++)
    log_one(LOG_LEVEL_NOTICE, SPAN("a b c"));
  return nothing;
}

static void lines_of_many_threads_stay_whole(void **state)
{
  pthread_t threads[THREADS];
  const char *text;

  (void)state;
  capture_begin(1024 * 1024);
  log_open(LOG_TARGET_STDERR, LOG_FACILITY_MAIL, LOG_LEVEL_DEBUG);
  assert_true(log_start());
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, log_many, NULL), 0);
  for (size_t i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  while (count_in(capture.text, "\n") < THREADS * LINES_EACH) /* closing has little time */
    assert_true(capture_read());
  log_close();
  text = capture_end();
  assert_int_equal(count_in(text, "\n"), THREADS * LINES_EACH);
  assert_int_equal(count_in(text, "Z notice event=test key=\"a b c\"\n"), THREADS * LINES_EACH);
}

/* How many lines are said to be lost; 0 as long as none are. */
static unsigned long long told_lost(void)
{
  const char *told = strstr(capture.text, "Z warning event=log-lost lines=");
  unsigned long long lost = 0;

  if (told != NULL && strchr(told, '\n') != NULL)
    (void)sscanf(told, "Z warning event=log-lost lines=%llu", &lost);
  return lost;
}

/* Nobody reads while it is flooded: every call returns, what was lost is counted. */
static void a_stuck_reader_holds_nobody_up(void **state)
{
  size_t received;

  (void)state;
  capture_begin(4096);
  log_open(LOG_TARGET_STDERR, LOG_FACILITY_MAIL, LOG_LEVEL_DEBUG);
  assert_true(log_start());
  for (size_t i = 0; i < FLOOD; i++)
    log_one(LOG_LEVEL_NOTICE, SPAN("flood"));
  while (told_lost() == 0 || count_in(capture.text, "key=flood\n") + told_lost() < FLOOD)
    assert_true(capture_read());
  log_close();
  received = count_in(capture_end(), "key=flood\n");
  assert_true(received >= LOG_QUEUE_LINES);
  assert_int_equal(received + told_lost(), FLOOD);
  assert_int_equal(count_in(capture.text, "event=log-lost"), 1);
}

/* With a reader that never comes back, closing gives up after a while. The last test: the writer is
 * left behind. */
static void closing_is_bounded(void **state)
{
  (void)state;
  capture_begin(4096);
  log_open(LOG_TARGET_STDERR, LOG_FACILITY_MAIL, LOG_LEVEL_DEBUG);
  assert_true(log_start());
  for (size_t i = 0; i < 200; i++)
    log_one(LOG_LEVEL_NOTICE, SPAN("flood"));
  log_close();
  dup2(capture.stderr_before, STDERR_FILENO);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_are_quoted),
      cmocka_unit_test(numbers_stand_bare),
      cmocka_unit_test(a_long_value_is_cut_and_the_next_one_is_not),
      cmocka_unit_test(a_full_line_is_cut_and_says_so),
      cmocka_unit_test(only_what_is_wanted_is_written),
      cmocka_unit_test(lines_for_the_journal_have_its_prefix),
      cmocka_unit_test(lines_of_many_threads_stay_whole),
      cmocka_unit_test(a_stuck_reader_holds_nobody_up),
      cmocka_unit_test(closing_is_bounded),
  };

  return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
