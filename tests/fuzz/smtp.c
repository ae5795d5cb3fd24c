/*
 * Any bytes through the SMTP door. The first byte chooses flags and policy, the second how the rest
 * is cut into pieces. Holds: every reply line is well formed, pieces do not matter, a full sink is
 * heeded, and a session that is over says no more.
 */
#include "doors/smtp.h"
#include "require.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
  SAID_MAX = 4 << 20,
  ENOUGH = 2048,         /* bytes that a sink takes before it has enough */
  REPLY_MAX = 16 * 1024, /* more than the longest reply */
};

struct client {
  struct smtp smtp;
  struct smtp_sink sink;
  size_t since, len;
  char said[SAID_MAX];
};

static struct client whole, cut;

/* "501-5.5.4 text": the class of the enhanced code is that of the code. */
static void check_line(struct span line)
{
  REQUIRE(line.len >= 6 && line.len <= 512);
  REQUIRE(line.at[line.len - 2] == '\r' && line.at[line.len - 1] == '\n');
  REQUIRE(line.at[0] >= '2' && line.at[0] <= '5');
  REQUIRE(byte_is_digit(line.at[1]) && byte_is_digit(line.at[2]));
  REQUIRE(line.at[3] == ' ' || line.at[3] == '-');
  for (size_t i = 0; i < line.len - 2; i++)
    REQUIRE(!byte_is_control(line.at[i]) && !byte_is_8bit(line.at[i]));
  if (byte_is_digit(line.at[4]) && line.at[5] == '.')
    REQUIRE(line.at[4] == line.at[0]);
}

static bool take(void *context, struct span bytes)
{
  struct client *client = context;

  REQUIRE(!client->smtp.closed);
  for (struct span rest = bytes; rest.len > 0;) {
    size_t end = span_find(rest, '\n') + 1;

    check_line(span_slice(rest, 0, end));
    rest = span_slice(rest, end, rest.len);
  }
  REQUIRE(client->len + bytes.len <= SAID_MAX);
  memcpy(client->said + client->len, bytes.at, bytes.len);
  client->len += bytes.len;
  client->since += bytes.len;
  return client->since < ENOUGH;
}

static void begin(struct client *client, const struct policy *policy, unsigned choice)
{
  static const struct ip somebody = {{[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1}};
  struct smtp_peer peer = {
      .client = &somebody, .host = SPAN("mx.example.org"), .flags = choice & 3};

  client->since = client->len = 0;
  client->sink = (struct smtp_sink){.write = take, .context = client};
  smtp_open(&client->smtp, policy, &client->sink, &peer);
  smtp_greet(&client->smtp);
}

/* `step` bytes at a time; 0: all at once. */
static void feed(struct client *client, struct span bytes, size_t step)
{
  size_t used = 0;

  while (used < bytes.len && !client->smtp.closed) {
    size_t to = step == 0 ? bytes.len : used + step;

    client->since = 0;
    used += smtp_feed(&client->smtp, span_slice(bytes, used, to));
    REQUIRE(client->since < ENOUGH + REPLY_MAX);
  }
  REQUIRE(used <= bytes.len);
  smtp_bye(&client->smtp, SMTP_BYE_STOP);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct policy policy;
  struct span bytes;

  if (size < 2 || size > 16384)
    return 0;
  bytes = (struct span){(const char *)data + 2, size - 2};
  policy_defaults(&policy);
  policy.mode = (data[0] & 4) != 0 ? POLICY_MONITOR : POLICY_ENFORCE;
  policy.speak = (data[0] & 8) != 0 ? POLICY_SPEAK_AT_ONCE : POLICY_SPEAK_RCPT;
  policy.detail = (data[0] & 16) != 0 ? POLICY_DETAIL_BRIEF : POLICY_DETAIL_FULL;
  if ((data[0] & 32) != 0)
    policy.rules[RULE_LINE_END].action = policy.rules[RULE_COMMAND_LONG].action = ACTION_OFF;
  begin(&whole, &policy, data[0]);
  feed(&whole, bytes, 0);
  begin(&cut, &policy, data[0]);
  feed(&cut, bytes, 1 + data[1] % 8);
  REQUIRE(whole.len == cut.len && memcmp(whole.said, cut.said, whole.len) == 0);
  return 0;
}
