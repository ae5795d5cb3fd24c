/*
 * Signals, and how SIGHUP is kept from stopping the daemon.
 *
 * libmilter has a thread of its own that waits in sigwait() for SIGHUP, SIGTERM and SIGINT and
 * stops the filter on any of them. A signal to a process goes to one thread, and which one is the
 * kernel's choice: a handler in the main thread gets nearly all of them, yet a SIGHUP that crossed
 * a SIGUSR1, or came while the process was stopped, was seen to reach libmilter's. So that nothing
 * depends on luck, the sigwait() below takes the place of the C library's in this program,
 * libmilter's calls included (the dynamic linker looks in the program first), and never waits for
 * the signals that are ours. libmilter is stopped with smfi_stop() alone.
 */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int ours[] = {SIGHUP, SIGUSR1, SIGTERM, SIGINT};
enum { OURS_COUNT = sizeof(ours) / sizeof(ours[0]) };

/* Without our own signals the set may be empty: then this waits for ever, as is wanted. */
__attribute__((visibility("default"))) int sigwait(const sigset_t *set, int *number)
{
  sigset_t others = *set;
  int found;

  for (size_t i = 0; i < OURS_COUNT; i++)
    sigdelset(&others, ours[i]);
  do
    found = sigwaitinfo(&others, NULL);
  while (found < 0 && errno == EINTR);
  if (found < 0)
    return errno;
  *number = found;
  return 0;
}

/* That a call was interrupted is all that is wanted. */
static void do_nothing(int number)
{
  (void)number;
}

bool signals_open(int *fd)
{
  const struct sigaction nothing = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
  sigset_t set;

  sigemptyset(&set);
  for (size_t i = 0; i < OURS_COUNT; i++)
    sigaddset(&set, ours[i]);
  if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
      sigaction(SIGUSR2, &nothing, NULL) < 0)
    return false;
  /* A parent such as nohup may have had them ignored, and then they would never wait. */
  for (size_t i = 0; i < OURS_COUNT; i++)
    if (signal(ours[i], SIG_DFL) == SIG_ERR)
      return false;
  *fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return *fd >= 0;
}

enum signals_wish signals_next(int fd)
{
  struct signalfd_siginfo info;

  if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
    return SIGNALS_NOTHING;
  return info.ssi_signo == SIGHUP || info.ssi_signo == SIGUSR1 ? SIGNALS_RELOAD : SIGNALS_STOP;
}

void signals_wake(pthread_t thread)
{
  pthread_kill(thread, SIGUSR2);
}
