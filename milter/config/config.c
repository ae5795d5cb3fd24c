/*
 * The configuration file: reading it whole, having libconfig parse it, and walking through what is
 * in it. A step that finds something wrong notes it and goes on, so that one run tells all.
 */
#include "config_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(enum policy_mode) == sizeof(unsigned), "choices are stored as unsigned");

/* Settings in their groups */

static void unknown_option(struct reader *reader, const config_setting_t *setting, struct span path)
{
  struct guess guess = guess_begin(path);
  char hint[80], rule[80];

  for (enum option_id option = 0; option < OPTION_COUNT; option++)
    guess_offer(&guess, span_from(option_entry(option)->path));
  guess_offer(&guess, SPAN("rules"));
  for (enum rule known = 0; guess.best.len == 0 && known < RULE_COUNT; known++) {
    snprintf(rule, sizeof(rule), "rules.%s", rule_entry(known)->name);
    guess_offer(&guess, span_from(rule));
  }
  reader_error(
      reader, setting_line(setting), "there is no option \"%.*s\"%s", SHOWN(path),
      guess_hint(&guess, hint, sizeof(hint), "; see milter-strict.conf(5) for those there are"));
}

/* One setting at the top, or in the group `group`. */
static void read_setting(struct reader *reader, const config_setting_t *setting, const char *group)
{
  char path[160];
  enum option_id option;
  struct span whole;

  snprintf(path, sizeof(path), "%s%s%s", group, *group == '\0' ? "" : ".",
           config_setting_name(setting));
  whole = span_from(path);
  option = option_find(whole);
  if (option != OPTION_NONE) {
    reader->option_line[option] = setting_line(setting);
    read_option(reader, setting, option);
  } else if (*group != '\0' || (!option_is_group(whole) && !span_equals(whole, SPAN("rules")))) {
    unknown_option(reader, setting, whole);
  } else if (!config_setting_is_group(setting)) {
    reader_error(reader, setting_line(setting),
                 "%s is %s; it takes a group, as in %s: { name = value; };", path,
                 setting_type_name(setting), path);
  } else if (option_is_group(whole)) {
    for (unsigned i = 0; i < (unsigned)config_setting_length(setting); i++)
      read_setting(reader, config_setting_get_elem(setting, i), path);
  } else {
    read_rules(reader, setting);
  }
}

/* The built-in values, written as a file would have them and read as a file is. */
static void read_defaults(struct reader *reader)
{
  char memory[4096];
  struct text text = text_in(memory, sizeof(memory));
  config_t config;

  text_add(&text, "defaults = ( ");
  for (enum option_id option = 0; option < OPTION_COUNT; option++) {
    text_add(&text, option == 0 ? "" : ", ");
    text_add(&text, option_entry(option)->fallback);
  }
  text_add(&text, " );\n");
  config_init(&config);
  if (config_read_string(&config, memory)) {
    const config_setting_t *list = config_setting_get_elem(config_root_setting(&config), 0);

    for (enum option_id option = 0; option < OPTION_COUNT; option++)
      read_option(reader, config_setting_get_elem(list, option), option);
  } else {
    reader_error(reader, 0, "the built-in settings cannot be read");
  }
  config_destroy(&config);
}

/* Rules have no text of their own; policy_defaults() sets the rest of each. */
static void begin_settings(struct settings *settings)
{
  *settings = (struct settings){0};
  policy_defaults(&settings->policy);
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    settings->policy.rules[rule].text = SPAN("");
}

/* Parsing */

/*
 * libconfig knows the line of an item only after it has read on to the next token, which may stand
 * some lines below. Gives each text in a list the line where scan_text() has seen it.
 */
static void correct_lines(config_setting_t *setting, const unsigned *lines, size_t count,
                          size_t *next)
{
  if (config_setting_type(setting) == CONFIG_TYPE_STRING) {
    if (*next < count && !config_setting_is_group(config_setting_parent(setting)))
      setting->line = lines[*next];
    ++*next;
  } else if (config_setting_is_aggregate(setting)) {
    for (unsigned i = 0; i < (unsigned)config_setting_length(setting); i++)
      correct_lines(config_setting_get_elem(setting, i), lines, count, next);
  }
}

/* What stands in a line, without the blanks around it. */
static struct span line_of(struct span text, unsigned line)
{
  for (; line > 1; line--)
    text = span_slice(text, span_find(text, '\n') + 1, text.len);
  return span_trim(span_slice(text, 0, span_find(text, '\n')));
}

/* A line that may hold a password is not shown. */
static struct span without_secret(struct span line)
{
  for (size_t i = 0; i < line.len; i++)
    if (span_starts_nocase(span_slice(line, i, line.len), SPAN("password")))
      return SPAN("password...");
  return line;
}

static void explain_parse_error(struct reader *reader, const config_t *config, struct span text)
{
  unsigned line = (unsigned)config_error_line(config);
  const char *error = config_error_text(config);
  struct span near = without_secret(line_of(text, line));

  if (error != NULL && strncmp(error, "duplicate", 9) == 0)
    reader_error(reader, line, "this sets for the second time what is set above, remove one: %.*s",
                 SHOWN(near));
  else if (error != NULL && strncmp(error, "mismatched", 10) == 0)
    reader_error(reader, line, "the items of a list must be of one type; write each in quotes");
  else
    reader_error(
        reader, line,
        "syntax error here or just before, in \"%.*s\"; a setting is written as name = value;",
        SHOWN(near));
}

/* `text` ends in a line end and a NUL that is not counted. */
static void parse(struct reader *reader, struct span text)
{
  config_t config;
  unsigned *lines = NULL;
  size_t count = 0, next = 0;

  config_init(&config);
  config_set_include_dir(&config, "/dev/null"); /* nothing can be included from there */
  if (!scan_text(reader, text, &lines, &count)) {
    /* it has said what is wrong */
  } else if (!config_read_string(&config, text.at)) {
    explain_parse_error(reader, &config, text);
  } else {
    config_setting_t *root = config_root_setting(&config);

    correct_lines(root, lines, count, &next);
    for (unsigned i = 0; i < (unsigned)config_setting_length(root); i++)
      read_setting(reader, config_setting_get_elem(root, i), "");
    check_replies(reader);
    if (reader->notes->errors == 0)
      advise(reader);
  }
  free(lines);
  config_destroy(&config);
}

static bool load(struct reader *reader, struct span text)
{
  struct config_notes *notes = reader->notes;
  struct settings *out = reader->settings;
  char *copy = malloc(text.len + 2);

  if (span_starts_nocase(text, SPAN("\xEF\xBB\xBF"))) /* what some editors put before UTF-8 */
    text = span_slice(text, 3, text.len);
  *notes = (struct config_notes){0};
  begin_settings(out);
  if (copy == NULL) {
    reader_out_of_memory(reader);
  } else {
    if (text.len > 0)
      memcpy(copy, text.at, text.len);
    memcpy(copy + text.len, "\n", 2); /* libconfig sees no comment in a line without an end */
    read_defaults(reader);
    parse(reader, (struct span){copy, text.len + 1});
  }
  free(copy);
  notes_sort(notes);
  if (notes->errors > 0)
    settings_free(out);
  return notes->errors == 0;
}

bool config_load_text(const char *name, struct span text, struct settings *out,
                      struct config_notes *notes)
{
  struct reader reader = {.name = name, .settings = out, .notes = notes};

  return load(&reader, text);
}

bool config_defaults(struct settings *out)
{
  struct config_notes notes;

  return config_load_text("built-in settings", SPAN(""), out, &notes);
}

/* Files */

/* A regular file, or an empty one by the name of /dev/null: reading neither can block. */
static bool may_be_read(struct reader *reader, int fd)
{
  struct stat status, null;

  if (fstat(fd, &status) != 0) {
    reader_error(reader, 0, "cannot be read: %s", strerror(errno));
    return false;
  }
  reader->others_can_read = (status.st_mode & S_IROTH) != 0;
  if (S_ISCHR(status.st_mode) && stat("/dev/null", &null) == 0 && null.st_rdev == status.st_rdev)
    return true;
  if (!S_ISREG(status.st_mode)) {
    reader_error(reader, 0, "%s; a configuration is a plain file",
                 S_ISDIR(status.st_mode) ? "is a directory" : "is not a plain file");
    return false;
  }
  return true;
}

/* Reads all of the file into `memory`, which has room for one byte more than may be there. */
static bool read_all(struct reader *reader, int fd, char *memory, size_t *length)
{
  ssize_t got = 1;

  for (*length = 0; *length <= CONFIG_FILE_MAX && got > 0;) {
    got = read(fd, memory + *length, CONFIG_FILE_MAX + 1 - *length);
    if (got > 0)
      *length += (size_t)got;
    else if (got < 0 && errno == EINTR)
      got = 1;
  }
  if (got < 0)
    reader_error(reader, 0, "cannot be read: %s", strerror(errno));
  else if (*length > CONFIG_FILE_MAX)
    reader_error(reader, 0, "larger than %d bytes; a configuration is a few pages at most",
                 CONFIG_FILE_MAX);
  return got >= 0 && *length <= CONFIG_FILE_MAX;
}

bool config_load(const char *path, struct settings *out, struct config_notes *notes)
{
  const char *name = path == NULL ? CONFIG_DEFAULT_FILE : path;
  struct reader reader = {.name = name, .settings = out, .notes = notes};
  int fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  char *memory = malloc(CONFIG_FILE_MAX + 1);
  size_t length = 0;
  bool done = false;

  *out = (struct settings){0};
  *notes = (struct config_notes){0};
  if (memory == NULL)
    reader_out_of_memory(&reader);
  else if (fd < 0)
    reader_error(&reader, 0, "cannot be opened: %s%s", strerror(errno),
                 path == NULL ? "; put a configuration there or name another with -c" : "");
  else if (may_be_read(&reader, fd) && read_all(&reader, fd, memory, &length))
    done = load(&reader, (struct span){memory, length});
  if (fd >= 0)
    close(fd);
  free(memory);
  return done;
}
