/*
 * One configuration as it was read: the policy, and everything else that the daemon needs to know.
 *
 * Settings are filled in by config_load() and read-only from then on; any number of threads may
 * read them. They own the memory that their spans and lists point into; every non-empty span in
 * them also ends in a NUL, so that `.at` is a C string, and an empty one has `.at` set to "".
 * The struct may be moved by assignment: nothing in it points into itself.
 */
#ifndef MILTER_STRICT_SETTINGS_H
#define MILTER_STRICT_SETTINGS_H

#include "../policy/ledger.h"
#include "../policy/policy.h"
#include "log_words.h"

struct settings_block;

/* The members stand in options.def, one row each. */
struct settings {
  struct policy policy;

  struct span listen_milter; /* "unix:/path", "inet:port@host", "inet6:port@host", "fd:n" */
  struct span listen_policy; /* likewise; empty: no such door */
  struct span listen_socketmap;
  unsigned listen_mode;             /* permissions of unix sockets, as 0660 */
  struct span listen_group;         /* group of unix sockets; empty: the process's own */
  unsigned listen_backlog;          /* connections that may wait to be accepted */
  struct span listen_control;       /* "unix:/path" for operators; empty: nowhere */
  unsigned listen_control_mode;     /* permissions and group of that one */
  struct span listen_control_group; /* empty: the process's own */
  unsigned timeout;                 /* seconds that a door waits for the MTA */

  struct span state_directory; /* where the ledger's pages are kept; empty: nowhere */
  unsigned entries;            /* networks that are remembered at most */
  unsigned ipv4_prefix;        /* bits of an address that are a network */
  unsigned ipv6_prefix;
  struct ledger_settings ledger; /* but for what comes from the rules: limits, noticed */

  struct span redis_server;        /* "inet:port@host", "unix:/path"; empty: nothing is shared */
  struct span redis_user;          /* empty: the default one */
  struct span redis_password;      /* empty: none, or that of the file */
  struct span redis_password_file; /* paths; all of them may be empty */
  bool redis_tls;
  struct span redis_tls_ca;
  struct span redis_tls_certificate;
  struct span redis_tls_key;
  struct span redis_tls_name;
  unsigned redis_database;
  struct span redis_prefix; /* of keys */
  unsigned redis_timeout;   /* milliseconds of an exchange */

  struct span user;  /* who the daemon becomes when root starts it */
  struct span group; /* and its group; empty: the user's own */

  enum log_target log_to;
  enum log_facility log_facility;
  enum log_level log_level; /* the least weighty level that is written */

  struct settings_block *blocks; /* all memory, see settings_allocate() */
};

/* `size` bytes of zeros that live as long as the settings; NULL when memory is short. */
void *settings_allocate(struct settings *settings, size_t size);

/* Copies `span` into the settings' memory with a NUL behind it; false when memory is short. */
bool settings_copy(struct settings *settings, struct span span, struct span *out);

/* Frees what the settings own and zeroes them. All zero, half filled and freed ones are fine. */
void settings_free(struct settings *settings);

#endif
