/*
 * A file is tasted before it is eaten: LMDB believes what its file says, and follows a damaged one
 * out of the mapping or round in circles. A child process reads everything; however it ends, the
 * daemon knows.
 */
#include "pagefile_check.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  CHECK_SECONDS = 20, /* more is going round in circles */
  CHILD_SOUND = 0,
  CHILD_DAMAGED = 1,
};

static bool see_page(void *context, const struct pagefile_key *key, const struct ledger_page *page)
{
  size_t *count = context;

  (void)key;
  (void)page;
  ++*count;
  return true;
}

/* Reads all pages, and tries to change the file, so that its list of free pages is read as well. */
static enum pagefile_fault read_all(const char *path)
{
  static const struct pagefile_key key = {.bits = 0};
  static const struct ledger_page page = {.updated = 0};
  struct pagefile file;
  size_t seen = 0;
  enum pagefile_fault fault = pagefile_open(&file, path, 0, 2, NULL);

  if (fault == PAGEFILE_FAILED)
    return PAGEFILE_OK;
  if (fault == PAGEFILE_OK)
    fault = pagefile_walk(&file, NULL, see_page, &seen);
  if (fault == PAGEFILE_OK && seen != pagefile_count(&file))
    fault = PAGEFILE_DAMAGED;
  if (fault == PAGEFILE_OK)
    fault = pagefile_begin(&file, NULL);
  if (fault == PAGEFILE_OK)
    fault = pagefile_put(&file, &key, &page, NULL);
  pagefile_close(&file);
  return fault == PAGEFILE_DAMAGED ? PAGEFILE_DAMAGED : PAGEFILE_OK;
}

/* In the child: no core, no handlers of the parent, an end in any case. */
static void taste(const char *path)
{
  static const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM};
  struct rlimit none = {0, 0};
  sigset_t all;

  setrlimit(RLIMIT_CORE, &none);
  for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
    signal(deadly[i], SIG_DFL);
  sigfillset(&all);
  sigprocmask(SIG_UNBLOCK, &all, NULL);
  alarm(CHECK_SECONDS);
  _exit(read_all(path) == PAGEFILE_OK ? CHILD_SOUND : CHILD_DAMAGED);
}

enum pagefile_fault pagefile_check(const char *path)
{
  struct stat status;
  pid_t child, ended;
  int how = 0;

  if (lstat(path, &status) != 0 || (S_ISREG(status.st_mode) && status.st_size == 0))
    return PAGEFILE_OK;
  if (!S_ISREG(status.st_mode))
    return PAGEFILE_DAMAGED;
  child = fork();
  if (child == 0)
    taste(path);
  if (child < 0)
    return PAGEFILE_OK;
  do
    ended = waitpid(child, &how, 0);
  while (ended < 0 && errno == EINTR);
  return ended == child && WIFEXITED(how) && WEXITSTATUS(how) == CHILD_SOUND ? PAGEFILE_OK
                                                                             : PAGEFILE_DAMAGED;
}
