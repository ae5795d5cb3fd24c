/*
 * Settings in, log out: sharing itself is store/share.c.
 */
#include "sharing.h"
#include "listener.h"
#include "log.h"

#include <string.h>

static struct share *share; /* set before there are threads; NULL: nothing is shared */

static void copy(char *to, size_t size, struct span from)
{
  if (from.len < size && from.len > 0)
    memcpy(to, from.at, from.len);
}

struct share_options sharing_options(const struct settings *settings)
{
  struct share_options options = {.on = settings->redis_server.len > 0};
  struct redis_server *server = &options.server;
  struct endpoint address;
  const char *why;

  if (!options.on || !endpoint_parse(settings->redis_server, &address, &why))
    return (struct share_options){.on = false};
  copy(server->path, sizeof(server->path), span_from(address.path));
  copy(server->host, sizeof(server->host), span_from(address.host));
  server->port = address.port;
  server->tls = settings->redis_tls;
  copy(server->tls_ca, sizeof(server->tls_ca), settings->redis_tls_ca);
  copy(server->tls_certificate, sizeof(server->tls_certificate), settings->redis_tls_certificate);
  copy(server->tls_key, sizeof(server->tls_key), settings->redis_tls_key);
  copy(server->tls_name, sizeof(server->tls_name), settings->redis_tls_name);
  copy(server->user, sizeof(server->user), settings->redis_user);
  copy(server->password, sizeof(server->password), settings->redis_password);
  copy(server->password_file, sizeof(server->password_file), settings->redis_password_file);
  server->database = settings->redis_database;
  server->timeout = settings->redis_timeout;
  copy(options.prefix, sizeof(options.prefix), settings->redis_prefix);
  return options;
}

static void log_note(enum share_note note, const char *detail)
{
  static const struct {
    const char *event, *key;
    enum log_level level;
  } notes[] = {
      [SHARE_BACK] = {"sharing-back", NULL, LOG_LEVEL_NOTICE},
      [SHARE_ALONE] = {"sharing-lost", "because", LOG_LEVEL_WARNING},
      [SHARE_DROPPED] = {"sharing-dropped", "events", LOG_LEVEL_WARNING},
  };
  struct log_line line;

  log_begin(&line, notes[note].level, notes[note].event);
  if (notes[note].key != NULL)
    log_string(&line, notes[note].key, detail);
  log_end(&line);
}

void sharing_counted(void *context, struct netblock network, const struct ledger_entry *entries,
                     size_t count, uint64_t now)
{
  (void)context;
  if (share != NULL)
    share_counted(share, network, entries, count, now);
}

void sharing_set(void *context, struct netblock network, const struct ledger_page *page,
                 uint64_t now)
{
  (void)context;
  if (share != NULL)
    share_set(share, network, page, now);
}

void sharing_open(struct store *store,
                  void (*refused)(struct netblock network, const struct ledger_page *page,
                                  uint64_t now))
{
  share = share_open(store, &(struct share_ears){.note = log_note, .refused = refused});
  if (share == NULL)
    log_note(SHARE_ALONE, "not enough memory");
}

void sharing_change(const struct settings *settings, const struct ledger_settings *ledger)
{
  struct share_options options = sharing_options(settings);

  if (share != NULL && !share_change(share, &options, ledger))
    log_note(SHARE_ALONE, "cannot start a thread");
  explicit_bzero(&options, sizeof(options));
}

bool sharing_state(struct share_state *state)
{
  if (share == NULL)
    return false;
  *state = share_state_get(share);
  return true;
}

bool sharing_close(bool sessions_left)
{
  bool ended;

  if (sessions_left)
    return share_leave(share);
  ended = share_close(share);
  share = NULL;
  return ended;
}
