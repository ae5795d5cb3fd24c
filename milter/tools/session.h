/*
 * The two ways of the session tool: one conversation on stdin and stdout, or a port.
 */
#ifndef MILTER_STRICT_TOOLS_SESSION_H
#define MILTER_STRICT_TOOLS_SESSION_H

#include "../doors/smtp.h"

enum { SESSION_CONNECTIONS_MAX = 1000 };

struct session_options {
  const struct policy *policy;
  struct span host;     /* our name */
  struct ip client;     /* who clients are taken for */
  bool client_given;    /* false: on a port only those that come from this machine */
  bool verbose;         /* tell on stderr what was decided */
  unsigned flags;       /* enum smtp_flags */
  struct ip listen_ip;  /* for session_listen() */
  uint16_t listen_port; /* 0: any */
  unsigned idle;        /* seconds */
};

/* For struct smtp_sink: tells on stderr which rule decided, and what would be refused. */
void session_tell(void *context, const struct smtp *smtp, const struct judgement *judgement);

/* Serves the port until SIGINT or SIGTERM. Returns an exit code; what went wrong is on stderr. */
int session_listen(const struct session_options *options);

#endif
