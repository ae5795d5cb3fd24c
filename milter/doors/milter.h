/*
 * The milter door: the only user of libmilter.
 *
 * One door a process, for libmilter keeps its state in globals. Open it, run it in a thread of its
 * own, stop it from another.
 */
#ifndef MILTER_STRICT_MILTER_H
#define MILTER_STRICT_MILTER_H

#include "door.h"

struct milter_options {
  int fd;                               /* a listening socket; libmilter takes it over as "fd:N" */
  unsigned timeout;                     /* seconds to wait for the MTA's next command */
  unsigned backlog;                     /* connections that may wait */
  const struct door_services *services; /* must outlive the door */
};

/* Registers with libmilter. On false `why` (static text) says what libmilter did not take. */
bool milter_open(const struct milter_options *options, const char **why);

/*
 * Serves until milter_stop(); returns whether libmilter ended as it was asked to. libmilter starts
 * its own threads, one of which waits for SIGHUP, SIGINT and SIGTERM and stops on any of them,
 * unless another thread takes the signal first.
 */
bool milter_run(void);

/* Asks milter_run() to end: sessions in a callback finish it, waiting ones are dropped. */
void milter_stop(void);

#endif
