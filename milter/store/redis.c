/*
 * The transport is ours (net/), the protocol hiredis's (resp.c).
 */
#include "redis.h"
#include "../net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 16384, ANSWERS_MAX = 4, SHOWN_MAX = 100 };

void redis_add_complaint(struct text *why, const struct resp_value *answer)
{
  if (answer->kind != RESP_ERROR) {
    text_add(why, "an answer that Redis does not give");
    return;
  }
  text_add(why, "the server says ");
  text_add_quoted(why, span_slice(answer->bytes, 0, SHOWN_MAX), "");
}

/* Exchanges */

static bool read_answers(struct redis *redis, const struct resp_value **answers, uint64_t deadline,
                         struct text *why)
{
  size_t wanted = resp_count(redis->resp), have = 0, got;
  enum resp_state state = RESP_MORE;
  char buffer[READ_SIZE];

  while (have < wanted && state != RESP_WRONG) {
    if (channel_read(&redis->channel, buffer, sizeof(buffer), &got, deadline, why) != CHANNEL_OK)
      return false;
    state = resp_feed(redis->resp, (struct span){buffer, got});
    while (state != RESP_WRONG && have < wanted &&
           (state = resp_next(redis->resp, &answers[have])) == RESP_OK)
      have++;
  }
  if (state == RESP_WRONG)
    text_add(why, "an answer that is not Redis's, or too large");
  return state != RESP_WRONG;
}

bool redis_exchange(struct redis *redis, const struct resp_value **answers, unsigned milliseconds,
                    struct text *why)
{
  uint64_t deadline = channel_clock() + milliseconds;

  if (channel_write(&redis->channel, resp_commands(redis->resp), deadline, why) == CHANNEL_OK &&
      read_answers(redis, answers, deadline, why))
    return true;
  redis_close(redis);
  return false;
}

/* Opening */

bool redis_is_open(const struct redis *redis)
{
  return redis->channel.fd >= 0;
}

void redis_close(struct redis *redis)
{
  channel_close(&redis->channel);
  redis->channel = CHANNEL_NONE;
}

static const char *given(const char *text)
{
  return text[0] == '\0' ? NULL : text;
}

static bool start_tls(struct redis *redis, const struct redis_server *server, uint64_t deadline,
                      struct text *why)
{
  const struct tls_client_options options = {.ca_file = given(server->tls_ca),
                                             .certificate_file = given(server->tls_certificate),
                                             .key_file = given(server->tls_key),
                                             .verify = true};
  const char *name = server->tls_name[0] != '\0' ? server->tls_name : server->host;
  struct tls_client *client = tls_client_open(&options, why);
  bool done = client != NULL &&
              tls_client_start(client, &redis->channel, name, deadline, why) == CHANNEL_OK;

  tls_client_close(client); /* what the connection needs of it lives on with the connection */
  return done;
}

/* The first line of the file; `password` has REDIS_PATH_SIZE bytes. */
static bool read_password(const char *path, char *password, struct text *why)
{
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  ssize_t got = fd < 0 ? -1 : read(fd, password, REDIS_PATH_SIZE - 1);
  int error = errno;
  bool fits = false;

  if (fd >= 0)
    close(fd);
  if (got >= 0) {
    password[got] = '\0';
    password[strcspn(password, "\r\n")] = '\0';
    fits = strlen(password) < REDIS_PATH_SIZE - 1;
  }
  if (fits && password[0] != '\0')
    return true;
  text_add(why, path);
  text_add(why, got < 0 ? ": "
                : fits  ? ": the first line is empty"
                        : ": the first line is too long");
  if (got < 0)
    text_add(why, strerror(error));
  return false;
}

/* AUTH, when there is a password. */
static bool add_auth(struct redis *redis, const struct redis_server *server, struct text *why)
{
  char password[REDIS_PATH_SIZE];
  struct span words[3] = {SPAN("AUTH")};
  size_t count = 1;
  bool added = true;

  memcpy(password, server->password, sizeof(password));
  if (server->password_file[0] != '\0' && !read_password(server->password_file, password, why))
    return false;
  if (password[0] != '\0') {
    if (server->user[0] != '\0')
      words[count++] = span_from(server->user);
    words[count++] = span_from(password);
    added = resp_add(redis->resp, words, count);
  }
  explicit_bzero(password, sizeof(password));
  return added;
}

static bool add_select(struct redis *redis, unsigned database)
{
  char memory[16];
  struct text number = text_in(memory, sizeof(memory));

  text_add_number(&number, database);
  return resp_add(redis->resp, (struct span[]){SPAN("SELECT"), text_span(&number)}, 2);
}

/* What must be said before anything else. */
static bool introduce(struct redis *redis, const struct redis_server *server, uint64_t deadline,
                      struct text *why)
{
  const struct resp_value *answers[ANSWERS_MAX];
  uint64_t now = channel_clock();

  if (!resp_begin(redis->resp) || !add_auth(redis, server, why) ||
      !add_select(redis, server->database)) {
    if (why->len == 0)
      text_add(why, "not enough memory");
    return false;
  }
  if (!redis_exchange(redis, answers, deadline > now ? (unsigned)(deadline - now) : 0, why))
    return false;
  for (size_t i = 0; i < resp_count(redis->resp); i++) {
    if (!resp_is(answers[i], SPAN("OK"))) {
      redis_add_complaint(why, answers[i]);
      return false;
    }
  }
  return true;
}

bool redis_open(struct redis *redis, const struct redis_server *server, struct text *why)
{
  uint64_t deadline = channel_clock() + REDIS_CONNECT_MS;
  enum channel_fault fault;

  redis->channel = CHANNEL_NONE;
  if (server->path[0] != '\0')
    fault = channel_open_unix(&redis->channel, server->path, deadline, why);
  else
    fault = channel_open(&redis->channel, server->host, server->port, deadline, why);
  if (fault == CHANNEL_OK && (!server->tls || start_tls(redis, server, deadline, why)) &&
      introduce(redis, server, deadline, why))
    return true;
  redis_close(redis);
  return false;
}
