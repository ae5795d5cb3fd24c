/*
 * Reports in files: whole or not at all.
 */
#include "../../milter/tools/probe_save.h"

#include "probe_report_case.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
  char at[40], file[80], why[300];
  struct text complaint;
  struct probe_report *report;
};

static void print_hello(FILE *to, const struct probe_report *report)
{
  fprintf(to, "hello %s\n", report->host);
}

/* More than fits into any buffer. */
static void print_much(FILE *to, const struct probe_report *report)
{
  for (int i = 0; i < 100000; i++)
    print_hello(to, report);
}

static int make_folder(void **state)
{
  struct folder *folder = calloc(1, sizeof(*folder));

  assert_non_null(folder);
  snprintf(folder->at, sizeof(folder->at), "/tmp/milter-strict-XXXXXX");
  assert_non_null(mkdtemp(folder->at));
  snprintf(folder->file, sizeof(folder->file), "%s/report", folder->at);
  folder->complaint = text_in(folder->why, sizeof(folder->why));
  folder->report = report_new();
  *state = folder;
  return 0;
}

/* How many entries it has; with `remove`, they go. */
static unsigned entries(const struct folder *folder, bool remove)
{
  DIR *dir = opendir(folder->at);
  unsigned count = 0;

  assert_non_null(dir);
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    if (entry->d_name[0] == '.')
      continue;
    count++;
    if (remove)
      unlinkat(dirfd(dir), entry->d_name, 0);
  }
  closedir(dir);
  return count;
}

static int remove_folder(void **state)
{
  struct folder *folder = *state;

  entries(folder, true);
  rmdir(folder->at);
  free(folder->report);
  free(folder);
  return 0;
}

static void put(const char *path, const char *words)
{
  FILE *to = fopen(path, "we");

  assert_non_null(to);
  fputs(words, to);
  assert_int_equal(fclose(to), 0);
}

static void assert_holds(const char *path, const char *words)
{
  char text[200] = "";
  FILE *from = fopen(path, "re");

  assert_non_null(from);
  text[fread(text, 1, sizeof(text) - 1, from)] = '\0';
  fclose(from);
  assert_string_equal(text, words);
}

static void a_file_is_made_and_made_anew(void **state)
{
  struct folder *folder = *state;
  struct stat first, second;
  mode_t mask = umask(027);

  assert_true(probe_save(folder->file, print_hello, folder->report, &folder->complaint));
  assert_holds(folder->file, "hello mx.example.org\n");
  assert_int_equal(stat(folder->file, &first), 0);
  assert_int_equal(first.st_mode & 0777, 0640);
  put(folder->file, "of before, and much longer than what comes");
  assert_true(probe_save(folder->file, print_hello, folder->report, &folder->complaint));
  assert_holds(folder->file, "hello mx.example.org\n");
  assert_int_equal(stat(folder->file, &second), 0);
  assert_int_not_equal(first.st_ino, second.st_ino);
  assert_int_equal(entries(folder, false), 1);
  umask(mask);
}

static void a_link_stays_and_what_it_leads_to_is_made_anew(void **state)
{
  struct folder *folder = *state;
  char link[100];
  struct stat there;

  snprintf(link, sizeof(link), "%s/link", folder->at);
  put(folder->file, "of before");
  assert_int_equal(symlink("report", link), 0);
  assert_true(probe_save(link, print_hello, folder->report, &folder->complaint));
  assert_int_equal(lstat(link, &there), 0);
  assert_true(S_ISLNK(there.st_mode));
  assert_holds(folder->file, "hello mx.example.org\n");
  assert_int_equal(entries(folder, false), 2);
}

static void what_is_no_plain_file_is_written_to(void **state)
{
  struct folder *folder = *state;
  struct stat there;

  assert_true(probe_save("/dev/null", print_hello, folder->report, &folder->complaint));
  assert_int_equal(stat("/dev/null", &there), 0);
  assert_true(S_ISCHR(there.st_mode));
}

static void a_failure_is_told_and_leaves_nothing(void **state)
{
  struct folder *folder = *state;
  char path[120];

  snprintf(path, sizeof(path), "%s/absent/report", folder->at);
  assert_false(probe_save(path, print_hello, folder->report, &folder->complaint));
  assert_has(folder->why, path);
  assert_has(folder->why, ": No such file or directory");
  assert_false(probe_save(folder->at, print_hello, folder->report, &folder->complaint));
  assert_has(folder->why, ": Is a directory");
  assert_false(probe_save("/dev/full", print_hello, folder->report, &folder->complaint));
  assert_string_equal(folder->why, "/dev/full: No space left on device");
  assert_false(probe_save("/dev/full", print_much, folder->report, &folder->complaint));
  assert_string_equal(folder->why, "/dev/full: No space left on device");
  assert_int_equal(entries(folder, false), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_file_is_made_and_made_anew, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_link_stays_and_what_it_leads_to_is_made_anew, make_folder,
                                      remove_folder),
      cmocka_unit_test_setup_teardown(what_is_no_plain_file_is_written_to, make_folder,
                                      remove_folder),
      cmocka_unit_test_setup_teardown(a_failure_is_told_and_leaves_nothing, make_folder,
                                      remove_folder),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
