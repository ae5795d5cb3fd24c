/*
 * Open sessions in lists by a hash of address and port. The links are within the sessions, so that
 * there is nothing to allocate and nothing to fail.
 */
#include "registry.h"
#include "../policy/hash.h"

#include <string.h>
#include <sys/random.h>

void registry_open(struct registry *registry, const struct door_services *services)
{
  registry->services = services;
  registry->seed = 0;
  if (getrandom(&registry->seed, sizeof(registry->seed), GRND_NONBLOCK) < 0)
    registry->seed = (uint64_t)(uintptr_t)registry; /* early in the boot; good enough */
  for (size_t i = 0; i < REGISTRY_LISTS; i++) {
    pthread_mutex_init(&registry->lists[i].lock, NULL);
    registry->lists[i].first = NULL;
  }
}

static struct registry_list *list_of(struct registry *registry, struct ip client, uint16_t port)
{
  uint64_t half[2], hash;

  memcpy(half, client.bytes, sizeof(half));
  hash = hash_mix(hash_mix(hash_mix(registry->seed ^ half[0]) ^ half[1]) ^ port);
  return &registry->lists[hash % REGISTRY_LISTS];
}

void registry_leave(struct registry *registry, struct registry_entry *entry)
{
  struct registry_list *list;

  if (!entry->entered)
    return;
  entry->entered = false;
  list = list_of(registry, entry->client, entry->port);
  pthread_mutex_lock(&list->lock);
  *entry->link = entry->next;
  if (entry->next != NULL)
    entry->next->link = entry->link;
  pthread_mutex_unlock(&list->lock);
}

void registry_enter(struct registry *registry, struct registry_entry *entry, struct ip client,
                    uint16_t port, const struct policy *policy, struct span daemon)
{
  struct registry_list *list = list_of(registry, client, port);
  struct span kept = span_slice(daemon, 0, sizeof(entry->daemon));

  registry_leave(registry, entry);
  entry->entered = true;
  entry->client = client;
  entry->port = port;
  entry->passed = false;
  entry->policy = policy;
  entry->daemon_len = kept.len;
  if (kept.len > 0)
    memcpy(entry->daemon, kept.at, kept.len);
  pthread_mutex_lock(&list->lock);
  entry->next = list->first;
  entry->link = &list->first;
  if (entry->next != NULL)
    entry->next->link = &entry->next;
  list->first = entry;
  pthread_mutex_unlock(&list->lock);
}

void registry_note_unknown(struct registry *registry, struct registry_entry *entry, bool passed)
{
  struct registry_list *list;

  if (!entry->entered)
    return;
  list = list_of(registry, entry->client, entry->port);
  pthread_mutex_lock(&list->lock);
  entry->passed = passed;
  pthread_mutex_unlock(&list->lock);
}

/* The session entered last, or NULL; the list is locked. */
static struct registry_entry *find(const struct registry_list *list, struct ip client,
                                   uint16_t port)
{
  struct registry_entry *entry = list->first;

  while (entry != NULL && (entry->port != port || !ip_equals(entry->client, client)))
    entry = entry->next;
  return entry;
}

bool registry_take_passed(struct registry *registry, struct ip client, uint16_t port)
{
  struct registry_list *list = list_of(registry, client, port);
  struct registry_entry *entry;
  bool passed = false;

  pthread_mutex_lock(&list->lock);
  entry = find(list, client, port);
  if (entry != NULL) {
    passed = entry->passed;
    entry->passed = false;
  }
  pthread_mutex_unlock(&list->lock);
  return passed;
}

const struct policy *registry_find(struct registry *registry, struct ip client, uint16_t port,
                                   struct session *session)
{
  struct registry_list *list = list_of(registry, client, port);
  const struct policy *policy = NULL;
  const struct registry_entry *entry;

  pthread_mutex_lock(&list->lock);
  entry = find(list, client, port);
  if (entry != NULL) {
    policy = registry->services->policy_keep(entry->policy);
    session_set_daemon(session, (struct span){entry->daemon, entry->daemon_len});
  }
  pthread_mutex_unlock(&list->lock);
  return policy;
}
