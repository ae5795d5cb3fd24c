/*
 * Files that appear whole or not at all.
 */
#include "probe_save.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct job {
  const struct probe_report *report;
  void (*print)(FILE *to, const struct probe_report *report);
  struct text *why;
};

static bool complain(const struct job *job, const char *path, int error)
{
  text_clear(job->why);
  text_add(job->why, path);
  text_add(job->why, ": ");
  text_add(job->why, strerror(error));
  return false;
}

/* Prints into the open file; 0, or the errno of what failed first. */
static int print_to(const struct job *job, FILE *to)
{
  errno = 0;
  job->print(to, job->report);
  if (fflush(to) == 0 && ferror(to) == 0)
    return 0;
  return errno != 0 ? errno : EIO;
}

static int print_and_close(const struct job *job, FILE *to, bool sync)
{
  int error = print_to(job, to);

  if (error == 0 && sync && fsync(fileno(to)) != 0)
    error = errno;
  if (fclose(to) != 0 && error == 0)
    error = errno;
  return error;
}

/* "/dev/stdout", or what it leads to: made anew, what was printed before would be lost. */
static bool is_output(const struct stat *there)
{
  struct stat output;

  return fstat(STDOUT_FILENO, &output) == 0 && output.st_dev == there->st_dev &&
         output.st_ino == there->st_ino;
}

static bool save_as_it_is(const struct job *job, const char *path)
{
  FILE *to = fopen(path, "we");
  int error = to == NULL ? errno : print_and_close(job, to, false);

  return error == 0 || complain(job, path, error);
}

/* `path` is not there, or a plain file. */
static bool save_beside(const struct job *job, const char *path)
{
  char memory[PATH_MAX];
  struct text new = text_in(memory, sizeof(memory));
  FILE *to;
  int error;

  text_add(&new, path);
  text_add(&new, ".new-");
  text_add_number(&new, (unsigned long long)getpid());
  if (new.cut)
    return complain(job, path, ENAMETOOLONG);
  to = fopen(new.at, "wxe");
  if (to == NULL)
    return complain(job, path, errno);
  error = print_and_close(job, to, true);
  if (error == 0 && rename(new.at, path) != 0)
    error = errno;
  if (error == 0)
    return true;
  unlink(new.at);
  return complain(job, path, error);
}

bool probe_save(const char *path, void (*print)(FILE *to, const struct probe_report *report),
                const struct probe_report *report, struct text *why)
{
  struct job job = {.report = report, .print = print, .why = why};
  struct stat there;
  char *whole;
  bool saved;

  if (stat(path, &there) != 0)
    return save_beside(&job, path);
  if (is_output(&there)) {
    int error = print_to(&job, stdout);

    return error == 0 || complain(&job, path, error);
  }
  if (!S_ISREG(there.st_mode))
    return save_as_it_is(&job, path);
  whole = realpath(path, NULL); /* what a symbolic link leads to is renamed, not the link */
  if (whole == NULL)
    return complain(&job, path, errno);
  saved = save_beside(&job, whole);
  free(whole);
  return saved;
}
