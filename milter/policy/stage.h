/*
 * Where a session is, what may come next, and the commands by name (commands.def).
 */
#ifndef MILTER_STRICT_STAGE_H
#define MILTER_STRICT_STAGE_H

#include "span.h"

/* The commands that move a session on; also where a rule is decided. */
enum stage {
  STAGE_CONNECT, /* the client is there and has not greeted */
  STAGE_HELO,
  STAGE_MAIL,
  STAGE_RCPT,
  STAGE_DATA,
  STAGE_COMMAND, /* any other command; moves nothing */
  STAGE_COUNT,
};

/* Whether `next` may come when `last` was the last one that succeeded. RFC 5321, 4.1.4. */
bool stage_may_follow(enum stage last, enum stage next);

/* "connect", "HELO", "MAIL", ... Static. */
const char *stage_name(enum stage stage);

enum command {
#define COMMAND(name, ...) COMMAND_##name,
#include "commands.def"
#undef COMMAND
  COMMAND_COUNT,
  COMMAND_NONE = COMMAND_COUNT, /* no command that we know */
};

enum command_kind { COMMAND_IS_OFFERED, COMMAND_IS_OPTIONAL, COMMAND_IS_FOREIGN };

struct command_entry {
  const char *verb, *syntax, *summary, *source;
  enum command_kind kind;
  int rule; /* enum rule; RULE_NONE for an offered one */
};

/* The row of `command`, which must be less than COMMAND_COUNT. Static. */
const struct command_entry *command_entry(enum command command);

/*
 * The command that a line begins with, verb in any case, ended by a space, a tab or the line's end;
 * COMMAND_NONE for any other. Bytes that begin a TLS handshake, SSH or a SOCKS request are told by
 * line_is_foreign().
 */
enum command command_find(struct span line);

/* What follows the verb, without the blanks between. */
struct span command_argument(struct span line);

/* Whether the line begins another protocol: TLS record, "SSH-", an HTTP verb and the like. */
bool line_is_foreign(struct span line);

#endif
