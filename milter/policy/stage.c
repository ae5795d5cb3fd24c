/*
 * The order of commands, RFC 5321 section 4.1.4, and the commands as a table.
 */
#include "rules.h"

#define MAY(stage) (1U << (stage))

/* RSET and QUIT are not here: they may come at any time. HELO and EHLO too, and they reset. */
static const unsigned next_stages[STAGE_COUNT] = {
    [STAGE_CONNECT] = MAY(STAGE_HELO) | MAY(STAGE_COMMAND),
    [STAGE_HELO] = MAY(STAGE_HELO) | MAY(STAGE_MAIL) | MAY(STAGE_COMMAND),
    [STAGE_MAIL] = MAY(STAGE_HELO) | MAY(STAGE_RCPT) | MAY(STAGE_COMMAND),
    [STAGE_RCPT] = MAY(STAGE_HELO) | MAY(STAGE_RCPT) | MAY(STAGE_DATA) | MAY(STAGE_COMMAND),
    [STAGE_DATA] = MAY(STAGE_HELO) | MAY(STAGE_MAIL) | MAY(STAGE_COMMAND),
};

static const struct command_entry commands[] = {
#define COMMAND(name, word, what, how, does, decided, from)                                        \
  [COMMAND_##name] = {.verb = word,                                                                \
                      .syntax = how,                                                               \
                      .summary = does,                                                             \
                      .source = from,                                                              \
                      .kind = COMMAND_IS_##what,                                                   \
                      .rule = RULE_##decided},
#include "commands.def"
#undef COMMAND
};

bool stage_may_follow(enum stage last, enum stage next)
{
  return (next_stages[last] & MAY(next)) != 0;
}

const char *stage_name(enum stage stage)
{
  static const char *const names[STAGE_COUNT] = {
      [STAGE_CONNECT] = "connect", [STAGE_HELO] = "HELO", [STAGE_MAIL] = "MAIL",
      [STAGE_RCPT] = "RCPT",       [STAGE_DATA] = "DATA", [STAGE_COMMAND] = "command",
  };

  return names[stage];
}

const struct command_entry *command_entry(enum command command)
{
  return &commands[command];
}

static size_t verb_end(struct span line)
{
  size_t end = 0;

  while (end < line.len && line.at[end] != ' ' && line.at[end] != '\t')
    end++;
  return end;
}

enum command command_find(struct span line)
{
  struct span verb = span_slice(line, 0, verb_end(line));

  for (enum command command = 0; command < COMMAND_COUNT; command++)
    if (span_equals_nocase(verb, span_from(commands[command].verb)))
      return command;
  return COMMAND_NONE;
}

struct span command_argument(struct span line)
{
  return span_trim(span_slice(line, verb_end(line), line.len));
}

bool line_is_foreign(struct span line)
{
  enum command command = command_find(line);

  if (command != COMMAND_NONE)
    return commands[command].kind == COMMAND_IS_FOREIGN;
  return span_starts_nocase(line, SPAN("\x16\x03")) /* TLS handshake record, RFC 8446, 5.1 */
         || span_starts_nocase(line, SPAN("SSH-"))  /* RFC 4253, 4.2 */
         || span_starts_nocase(line, SPAN("\x05\x01")) ||
         span_starts_nocase(line, SPAN("\x04\x01"));
}
