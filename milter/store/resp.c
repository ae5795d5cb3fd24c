/*
 * hiredis's reader with functions of our own that make its values: they come out of a store of
 * fixed size, and the reader takes a value that cannot be made for a fault.
 */
#include "resp.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

struct resp {
  redisReader *reader;
  size_t commands_len, command_count, fed, values_used, bytes_used;
  struct resp_value values[RESP_VALUES_MAX];
  char commands[RESP_BYTES_MAX];
  char bytes[RESP_BYTES_MAX]; /* of the values */
};

/* Values */

static struct resp_value *take_values(struct resp *resp, size_t count)
{
  struct resp_value *first = &resp->values[resp->values_used];

  if (count > RESP_VALUES_MAX - resp->values_used)
    return NULL;
  resp->values_used += count;
  return first;
}

/* Puts the value where it belongs: into its list, or at the top. */
static void *put(const redisReadTask *task, struct resp_value value)
{
  struct resp *resp = task->privdata;
  struct resp_value *at;

  if (task->parent != NULL)
    at = &((struct resp_value *)task->parent->obj)->items[task->idx];
  else
    at = take_values(resp, 1);
  if (at != NULL)
    *at = value;
  return at;
}

static void *make_string(const redisReadTask *task, char *bytes, size_t length)
{
  struct resp *resp = task->privdata;
  struct resp_value value = {.kind = task->type == REDIS_REPLY_ERROR    ? RESP_ERROR
                                     : task->type == REDIS_REPLY_STATUS ? RESP_STATUS
                                                                        : RESP_STRING};
  char *copy = resp->bytes + resp->bytes_used;

  if (length > sizeof(resp->bytes) - resp->bytes_used)
    return NULL;
  memcpy(copy, bytes, length); /* the reader's own move while it reads on */
  resp->bytes_used += length;
  value.bytes = (struct span){copy, length};
  return put(task, value);
}

static void *make_list(const redisReadTask *task, int count)
{
  struct resp_value value = {.kind = RESP_LIST, .count = (size_t)count};

  value.items = take_values(task->privdata, (size_t)count);
  if (value.items == NULL)
    return NULL;
  memset(value.items, 0, value.count * sizeof(*value.items));
  return put(task, value);
}

static void *make_number(const redisReadTask *task, long long number)
{
  return put(task, (struct resp_value){.kind = RESP_NUMBER, .number = number});
}

static void *make_nil(const redisReadTask *task)
{
  return put(task, (struct resp_value){.kind = RESP_NIL});
}

static void forget_value(void *value)
{
  (void)value; /* all of them are forgotten together */
}

static redisReplyObjectFunctions functions = {make_string, make_list, make_number, make_nil,
                                              forget_value};

/* Life */

struct resp *resp_open(void)
{
  struct resp *resp = calloc(1, sizeof(*resp));

  if (resp != NULL && !resp_begin(resp)) {
    free(resp);
    return NULL;
  }
  return resp;
}

static void free_reader(struct resp *resp)
{
  if (resp->reader != NULL)
    redisReaderFree(resp->reader);
  resp->reader = NULL;
}

void resp_close(struct resp *resp)
{
  if (resp == NULL)
    return;
  free_reader(resp);
  explicit_bzero(resp->commands, sizeof(resp->commands));
  free(resp);
}

bool resp_begin(struct resp *resp)
{
  free_reader(resp); /* it may stand amid an answer, or hold a fault */
  resp->reader = redisReaderCreateWithFunctions(&functions);
  if (resp->reader != NULL)
    resp->reader->privdata = resp;
  explicit_bzero(resp->commands, resp->commands_len); /* there may be a password in it */
  resp->commands_len = 0;
  resp->command_count = 0;
  resp->fed = 0;
  resp->values_used = 0;
  resp->bytes_used = 0;
  return resp->reader != NULL;
}

/* Commands */

bool resp_add(struct resp *resp, const struct span *words, size_t count)
{
  const char *at[RESP_WORDS_MAX];
  size_t len[RESP_WORDS_MAX];
  char *made = NULL;
  int length;
  bool fits;

  if (count > RESP_WORDS_MAX)
    return false;
  for (size_t i = 0; i < count; i++) {
    at[i] = words[i].at == NULL ? "" : words[i].at;
    len[i] = words[i].len;
  }
  length = redisFormatCommandArgv(&made, (int)count, at, len);
  fits = length > 0 && (size_t)length <= sizeof(resp->commands) - resp->commands_len;
  if (fits) {
    memcpy(resp->commands + resp->commands_len, made, (size_t)length);
    resp->commands_len += (size_t)length;
    resp->command_count++;
  }
  if (length > 0) {
    explicit_bzero(made, (size_t)length);
    redisFreeCommand(made);
  }
  return fits;
}

struct span resp_commands(const struct resp *resp)
{
  return (struct span){resp->commands, resp->commands_len};
}

size_t resp_count(const struct resp *resp)
{
  return resp->command_count;
}

/* Answers */

enum resp_state resp_feed(struct resp *resp, struct span bytes)
{
  resp->fed += bytes.len;
  if (resp->fed > RESP_BYTES_MAX || redisReaderFeed(resp->reader, bytes.at, bytes.len) != REDIS_OK)
    return RESP_WRONG;
  return RESP_MORE;
}

enum resp_state resp_next(struct resp *resp, const struct resp_value **out)
{
  void *value = NULL;

  if (redisReaderGetReply(resp->reader, &value) != REDIS_OK)
    return RESP_WRONG;
  *out = value;
  return value == NULL ? RESP_MORE : RESP_OK;
}

bool resp_is(const struct resp_value *value, struct span bytes)
{
  return (value->kind == RESP_STRING || value->kind == RESP_STATUS) &&
         span_equals(value->bytes, bytes);
}
