/*
 * milter-strict mta: prints or writes the settings of the mail server that a configuration needs.
 */
#include "mta.h"

#include "tool.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct arguments {
  const char *config, *output, *check;
  const struct mta_server *server;
};

static int complain(const char *path)
{
  tool_complain("mta", "%s: %s", path, strerror(errno));
  return TOOL_TRY_LATER;
}

/* Whether there is a file of this name that we have not made: its first line tells. */
static bool is_of_others(const char *path)
{
  char line[80] = "";
  FILE *file = fopen(path, "re");

  if (file == NULL)
    return errno != ENOENT;
  if (fgets(line, sizeof(line), file) == NULL)
    line[0] = '\0';
  fclose(file);
  return strstr(line, MTA_MARK) == NULL;
}

/* Under another name first, so that nobody reads half a file. */
static int write_file(const struct mta *mta, const struct mta_file *file, const char *folder)
{
  char path[PATH_MAX], new[PATH_MAX];
  struct text name = text_in(path, sizeof(path)), new_name = text_in(new, sizeof(new));
  FILE *to;
  bool written;

  text_add(&name, folder);
  text_add(&name, "/");
  text_add(&name, file->name);
  text_add(&new_name, path);
  text_add(&new_name, ".new");
  if (new_name.cut) {
    errno = ENAMETOOLONG;
    return complain(folder);
  }
  if (is_of_others(path))
    return tool_usage("mta", "%s is there and is not ours; --output needs a folder of its own",
                      path);
  unlink(new);
  to = fopen(new, "wxe");
  if (to == NULL)
    return complain(new);
  file->write(mta, to);
  written = ferror(to) == 0;
  written = fclose(to) == 0 && written;
  if (written && rename(new, path) == 0)
    return TOOL_FINE;
  unlink(new);
  return complain(path);
}

static bool is_needed(const struct mta *mta, const struct mta_file *file)
{
  return file->is_needed == NULL || file->is_needed(mta);
}

static int write_files(const struct mta *mta, const struct mta_server *server, const char *folder)
{
  int code = TOOL_FINE;

  if (mkdir(folder, 0755) != 0 && errno != EEXIST)
    return complain(folder);
  for (size_t i = 0; i < MTA_FILES_MAX && code == TOOL_FINE; i++)
    if (server->files[i].name != NULL && is_needed(mta, &server->files[i]))
      code = write_file(mta, &server->files[i], folder);
  return code;
}

static void print_files(const struct mta *mta, const struct mta_server *server)
{
  for (size_t i = 0; i < MTA_FILES_MAX; i++) {
    if (server->files[i].name == NULL || !is_needed(mta, &server->files[i]))
      continue;
    printf("%s%s ==> %s <==\n", i > 0 ? "\n" : "", server->files[i].mark, server->files[i].name);
    server->files[i].write(mta, stdout);
  }
}

/* What the mail server has set; false: it cannot be read. */
static bool read_settings_of(const char *path, char *memory, size_t size, struct span *out)
{
  bool standard = strcmp(path, "-") == 0;
  FILE *file = standard ? stdin : fopen(path, "re");
  bool done;

  if (file == NULL)
    return false;
  *out = (struct span){memory, fread(memory, 1, size - 1, file)};
  memory[out->len] = '\0';
  done = ferror(file) == 0;
  if (done && fgetc(file) != EOF) {
    errno = EFBIG;
    done = false;
  }
  if (!standard)
    fclose(file);
  return done;
}

/* What concerns the configuration alone is told without --check. */
static int check_settings(struct mta *mta, const struct mta_server *server, const char *path)
{
  enum { SETTINGS_MAX = 4 * 1024 * 1024 };
  char *memory = malloc(SETTINGS_MAX);
  struct span text;
  int code = TOOL_FINE;

  if (memory == NULL)
    return TOOL_NO_MEMORY;
  mta->note_count = 0;
  mta->wanting = false;
  if (read_settings_of(path, memory, SETTINGS_MAX, &text)) {
    server->check(mta, text);
    if (mta->note_count == 0)
      printf("%s: fine\n", path);
  } else {
    code = tool_usage("mta", "%s: %s", path, strerror(errno));
  }
  free(memory);
  return code;
}

static int make_settings(const struct arguments *arguments, const struct settings *settings)
{
  struct mta mta = {.settings = settings};
  int code = TOOL_FINE;

  arguments->server->consider(&mta);
  if (arguments->check != NULL)
    code = check_settings(&mta, arguments->server, arguments->check);
  else if (arguments->output != NULL)
    code = write_files(&mta, arguments->server, arguments->output);
  else
    print_files(&mta, arguments->server);
  for (unsigned i = 0; i < mta.note_count; i++)
    fprintf(stderr, "milter-strict mta: %s\n", mta.notes[i]);
  return code == TOOL_FINE && mta.wanting ? TOOL_WANTING : code;
}

enum { OPTION_CONFIG, OPTION_OUTPUT, OPTION_CHECK, OPTION_COUNT };

static const struct tool_option options[OPTION_COUNT] = {
    [OPTION_CONFIG] = TOOL_OPTION_CONFIG(TOOL_CONFIG_OR_BUILT_IN),
    [OPTION_OUTPUT] = {"output", 'o', "DIR", TOOL_COMPLETES_FOLDER,
                       .help = "write the files there; those of others are not written over"},
    [OPTION_CHECK] = {"check", '\0', "FILE", TOOL_COMPLETES_FILE,
                      .help = "say which of the settings that the mail server has contradict the "
                              "configuration; FILE is what \"postconf -n\" prints, or sendmail.cf; "
                              "\"-\" is standard input"},
};

/* What is not asked for stays NULL. */
static void take_option(int option, const char *value, struct arguments *out)
{
  if (option == OPTION_CONFIG)
    out->config = value;
  else if (option == OPTION_OUTPUT)
    out->output = value;
  else
    out->check = value;
}

static int take_operands(char **operands, int count, struct arguments *out)
{
  static const struct mta_server *const servers[] = {&mta_postfix, &mta_sendmail};

  if (out->output != NULL && out->check != NULL)
    return tool_usage("mta", "--output and --check do not go together");
  if (count != 1)
    return tool_usage("mta", "one mail server is to be named: postfix or sendmail");
  for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
    if (strcmp(operands[0], servers[i]->name) == 0)
      out->server = servers[i];
  if (out->server == NULL)
    return tool_usage("mta", "\"%s\" is neither postfix nor sendmail", operands[0]);
  return TOOL_FINE;
}

static int run(int argc, char **argv)
{
  struct arguments arguments = {0};
  struct settings settings;
  const char *value;
  int at = 0, option, code;

  while ((option = tool_option_next(&tool_mta_spec, argc, argv, &at, &value)) >= 0)
    take_option(option, value, &arguments);
  if (option == TOOL_OPTION_HELP)
    return tool_print_help(&tool_mta_spec);
  if (option == TOOL_OPTION_WRONG)
    return TOOL_USAGE;
  code = take_operands(argv + at, argc - at, &arguments);
  if (code == TOOL_FINE)
    code = tool_read_settings(arguments.config, true, &settings);
  if (code != TOOL_FINE)
    return code;
  code = make_settings(&arguments, &settings);
  settings_free(&settings);
  return code;
}

const struct tool_spec tool_mta_spec = {
    .name = "mta",
    .run = run,
    .operands = "postfix | sendmail",
    .completes = TOOL_COMPLETES_WORDS,
    .words = "postfix sendmail",
    .summary = "the settings of the mail server that the configuration needs",
    .about =
        "Prints the settings of the mail server that the configuration needs, each with its "
        "reason, "
        "and says on standard error what keeps a rule from being heard. The mail server itself is "
        "neither looked at nor changed.\n"
        "For postfix: main.cf, to be added to Postfix's own, and command_filter.pcre. For "
        "sendmail: "
        "milter-strict.mc, to be added to sendmail.mc, and helpfile.\n",
    .examples = "milter-strict mta postfix\n"
                "postconf -n | milter-strict mta postfix --check -\n"
                "milter-strict mta sendmail --output /etc/mail/milter-strict\n",
    .exits = "0 fine\n"
             "1 something that the configuration asks for cannot be set up, or --check has found "
             "something\n"
             "2 wrong usage\n"
             "75 a file cannot be written\n"
             "78 bad configuration\n",
    .options = options,
    .option_count = OPTION_COUNT,
};
