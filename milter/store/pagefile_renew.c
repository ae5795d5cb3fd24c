/*
 * LMDB believes what its file says, and follows a damaged one out of the mapping or round in
 * circles, when it is read or, much later, when it is written. So no process goes on with a file
 * that it did not make: a child reads everything and writes what is sane to a new file. However the
 * child ends, the daemon knows.
 */
#include "pagefile_renew.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  RENEW_SECONDS = 60, /* more is going round in circles */
  READERS = 2,
};

struct copy {
  struct pagefile from, to;
  size_t seen;
  enum pagefile_fault fault;
};

static bool copy_page(void *context, const struct pagefile_key *key, const struct ledger_page *page)
{
  struct copy *copy = context;

  copy->seen++;
  if (page->updated != 0)
    copy->fault = pagefile_append(&copy->to, key, page);
  return copy->fault == PAGEFILE_OK;
}

static enum pagefile_fault copy_pages(struct copy *copy)
{
  enum pagefile_fault fault = pagefile_begin_copy(&copy->to, copy->from.seed);

  if (fault == PAGEFILE_OK)
    fault = pagefile_walk(&copy->from, NULL, copy_page, copy);
  if (fault == PAGEFILE_OK)
    fault = copy->fault;
  if (fault == PAGEFILE_OK && copy->seen != pagefile_count(&copy->from))
    fault = PAGEFILE_DAMAGED;
  if (fault == PAGEFILE_OK)
    fault = pagefile_commit(&copy->to, NULL);
  return fault == PAGEFILE_OK ? pagefile_sync(&copy->to) : fault;
}

/* Copies `path` to `fresh`. */
static enum pagefile_fault copy_file(const char *path, const char *fresh, unsigned entries)
{
  struct copy copy = {.fault = PAGEFILE_OK};
  enum pagefile_fault fault = pagefile_open(&copy.from, path, entries, READERS, NULL);

  if (fault == PAGEFILE_OK && pagefile_open(&copy.to, fresh, entries, READERS, NULL) != PAGEFILE_OK)
    fault = PAGEFILE_FAILED;
  if (fault == PAGEFILE_OK)
    fault = copy_pages(&copy);
  pagefile_close(&copy.to);
  pagefile_close(&copy.from);
  return fault;
}

/* In the child: no core, no last words, none of the parent's handlers, an end in any case. */
static void prepare_to_fall(void)
{
  static const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM};
  struct rlimit none = {0, 0};
  int null = open("/dev/null", O_RDWR);
  sigset_t all;

  setrlimit(RLIMIT_CORE, &none);
  for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
    signal(deadly[i], SIG_DFL);
  sigfillset(&all);
  sigprocmask(SIG_UNBLOCK, &all, NULL);
  if (null >= 0)
    (void)dup2(null, STDERR_FILENO);
  alarm(RENEW_SECONDS);
}

static enum pagefile_fault copy_in_child(const char *path, const char *fresh, unsigned entries)
{
  pid_t child = fork(), ended;
  int how = 0;

  if (child == 0) {
    prepare_to_fall();
    _exit((int)copy_file(path, fresh, entries));
  }
  if (child < 0)
    return PAGEFILE_FAILED;
  do
    ended = waitpid(child, &how, 0);
  while (ended < 0 && errno == EINTR);
  if (ended != child)
    return PAGEFILE_FAILED;
  return WIFEXITED(how) && WEXITSTATUS(how) <= PAGEFILE_FAILED
             ? (enum pagefile_fault)WEXITSTATUS(how)
             : PAGEFILE_DAMAGED;
}

enum pagefile_fault pagefile_renew(const char *path, unsigned entries)
{
  char memory[2][PAGEFILE_NAME_MAX + 16];
  struct text fresh = text_in(memory[0], sizeof(memory[0]));
  struct text lock = text_in(memory[1], sizeof(memory[1]));
  enum pagefile_fault fault;
  struct stat status;

  text_add(&fresh, path);
  text_add(&fresh, ".new");
  text_add_span(&lock, text_span(&fresh));
  text_add(&lock, "-lock");
  if (lstat(path, &status) != 0 || (S_ISREG(status.st_mode) && status.st_size == 0))
    return PAGEFILE_OK;
  if (!S_ISREG(status.st_mode))
    return PAGEFILE_DAMAGED;
  (void)unlink(fresh.at);
  fault = copy_in_child(path, fresh.at, entries);
  if (fault != PAGEFILE_OK || rename(fresh.at, path) != 0)
    (void)unlink(fresh.at);
  (void)unlink(lock.at);
  return fault == PAGEFILE_DAMAGED ? PAGEFILE_DAMAGED : PAGEFILE_OK;
}
