/*
 * milter-strict: finds the sub-command and hands over to it. The only file that ends the process
 * the regular way.
 */
#include "daemon/version.h"
#include "tools/tool.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_commands(FILE *to)
{
  for (size_t i = 0; i < tool_spec_count; i++)
    fprintf(to, "  milter-strict %-10s %s\n", tool_specs[i]->name, tool_specs[i]->summary);
}

static int print_help(void)
{
  puts("milter-strict keeps SMTP clients to the rules of SMTP. It sits beside Postfix or Sendmail "
       "and\n"
       "refuses what is malformed, out of order, not offered or probing for addresses, each with "
       "the\n"
       "reply that the standard has for it.\n");
  print_commands(stdout);
  puts("\n"
       "  milter-strict COMMAND --help    the options of a command\n"
       "  milter-strict --version         the version\n"
       "\n"
       "The configuration is " CONFIG_DEFAULT_FILE ".\n"
       "Manual: milter-strict(8), milter-strict.conf(5).");
  return TOOL_FINE;
}

static int print_usage(const char *wrong)
{
  if (wrong != NULL)
    tool_complain(NULL, "there is no command \"%s\"", wrong);
  fputs("usage:\n", stderr);
  print_commands(stderr);
  fputs("More: milter-strict --help\n", stderr);
  return TOOL_USAGE;
}

static bool is_one_of(const char *word, const char *short_form, const char *long_form,
                      const char *plain)
{
  return strcmp(word, short_form) == 0 || strcmp(word, long_form) == 0 || strcmp(word, plain) == 0;
}

static int dispatch(int argc, char **argv)
{
  if (argc < 2)
    return print_usage(NULL);
  if (is_one_of(argv[1], "-h", "--help", "help"))
    return print_help();
  if (is_one_of(argv[1], "-V", "--version", "version")) {
    puts("milter-strict " VERSION);
    return TOOL_FINE;
  }
  for (size_t i = 0; i < tool_spec_count; i++)
    if (strcmp(argv[1], tool_specs[i]->name) == 0)
      return tool_specs[i]->run(argc - 1, argv + 1);
  return print_usage(argv[1]);
}

/* Whoever starts us may have closed the standard descriptors. What is opened later must not get
 * their numbers, or the log would be written into a socket. Writing to these fails as before. */
static void fill_standard_descriptors(void)
{
  int fd;

  do
    fd = open("/dev/null", O_RDONLY);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    close(fd);
}

/* What was printed and could not be written, to a full disk or a closed pipe, is an error too. */
static bool output_failed(void)
{
  bool failed = ferror(stdout) != 0;

  return fflush(stdout) != 0 || failed;
}

int main(int argc, char **argv)
{
  int status;

  fill_standard_descriptors();
  status = dispatch(argc, argv);
  if (output_failed() && status == TOOL_FINE) {
    perror("milter-strict: standard output");
    status = TOOL_TRY_LATER;
  }
  exit(status);
}
