/*
 * The command line of `milter-strict probe`.
 */
#ifndef MILTER_STRICT_PROBE_OPTIONS_H
#define MILTER_STRICT_PROBE_OPTIONS_H

#include "../probe/run.h"

enum { PROBE_USER_SIZE = 320 };

struct probe_command {
  struct probe_options options;
  char host[PROBE_HOST_SIZE];
  uint16_t port;
  const char *junit, *html; /* files; NULL: none is wanted */
  bool json, dry_run, yes, verbose;
  char user[PROBE_USER_SIZE]; /* what options.user and options.domain point into */
};

/* Takes the name of the sub-command as argv[0]; returns an exit code. */
int tool_probe_run(int argc, char **argv);

/* Takes the command line. Returns true when there is something to do; else `code` is the exit code.
 */
bool probe_command_read(int argc, char **argv, struct probe_command *out, int *code);

/* "HOST", "HOST:PORT", "[ADDRESS]", "[ADDRESS]:PORT" or an IPv6 address alone; `port` is left alone
 * when none is named. */
bool probe_target_parse(const char *word, char host[PROBE_HOST_SIZE], uint16_t *port);

/* Whether an address is loopback, private or link-local: one that nobody else uses. */
bool probe_is_private(struct ip ip);
bool probe_is_loopback(struct ip ip);

#endif
