/*
 * The settings in force. A mutex that is held for a few instructions guards one pointer and the
 * counts of those who use what it points to; nothing is freed while it is held.
 */
#include "snapshot.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

struct snapshot {
  struct settings settings; /* first: a pointer to it is a pointer to the snapshot */
  unsigned long users;      /* those who took it, and `current` */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct snapshot *current;

static void let_go(struct snapshot *snapshot)
{
  bool last;

  if (snapshot == NULL)
    return;
  pthread_mutex_lock(&lock);
  last = --snapshot->users == 0;
  pthread_mutex_unlock(&lock);
  if (!last)
    return;
  settings_free(&snapshot->settings);
  free(snapshot);
}

/* Puts `next`, which counts one user already, in the place of what is in force. */
static void exchange(struct snapshot *next)
{
  struct snapshot *before;

  pthread_mutex_lock(&lock);
  before = current;
  current = next;
  pthread_mutex_unlock(&lock);
  let_go(before);
}

bool snapshot_replace(struct settings *next)
{
  struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

  if (snapshot == NULL)
    return false;
  snapshot->settings = *next;
  snapshot->users = 1;
  *next = (struct settings){0};
  exchange(snapshot);
  return true;
}

const struct settings *snapshot_take(void)
{
  struct snapshot *snapshot;

  pthread_mutex_lock(&lock);
  snapshot = current;
  if (snapshot != NULL)
    snapshot->users++;
  pthread_mutex_unlock(&lock);
  return snapshot == NULL ? NULL : &snapshot->settings;
}

/* Settings are handed out as const and made here as they are. */
static struct snapshot *snapshot_of(const struct settings *settings)
{
  return (struct snapshot *)(uintptr_t)settings;
}

void snapshot_keep(const struct settings *settings)
{
  pthread_mutex_lock(&lock);
  snapshot_of(settings)->users++;
  pthread_mutex_unlock(&lock);
}

void snapshot_release(const struct settings *settings)
{
  let_go(snapshot_of(settings));
}

void snapshot_close(void)
{
  exchange(NULL);
}
