/*
 * Any bytes through the policy door. The first byte chooses the policy, the second how the rest is
 * cut into pieces. Holds: every answer is one of those that there are, pieces do not matter, a full
 * sink is heeded, and policies that were taken are released.
 */
#include "doors/postfix_policy.h"
#include "asking.h"

static struct asker whole, cut;

/* "action=DUNNO", "action=OK" or "action=4.. text", in printable ASCII, and an empty line. */
static void check_answers(const struct asker *asker)
{
  struct span rest = {asker->said, asker->len};

  while (rest.len > 0) {
    struct span line = span_slice(rest, 0, span_find(rest, '\n'));
    struct span action = span_slice(line, 7, line.len);

    REQUIRE(span_starts_nocase(line, SPAN("action=")));
    REQUIRE(span_equals(action, SPAN("DUNNO")) || span_equals(action, SPAN("OK")) ||
            (action.len > 8 && (action.at[0] == '4' || action.at[0] == '5') &&
             byte_is_digit(action.at[1]) && byte_is_digit(action.at[2]) && action.at[3] == ' ' &&
             action.at[4] == action.at[0]));
    for (size_t i = 0; i < line.len; i++)
      REQUIRE(!byte_is_control(line.at[i]) && !byte_is_8bit(line.at[i]));
    REQUIRE(rest.len >= line.len + 2 && rest.at[line.len + 1] == '\n');
    rest = span_slice(rest, line.len + 2, rest.len);
  }
}

static size_t feed_door(void *door, struct span bytes)
{
  return postfix_policy_feed(door, bytes);
}

/* One connection. */
static void feed(struct asker *asker, struct span bytes, size_t step, size_t enough)
{
  struct postfix_policy door;

  asker_begin(asker, enough);
  postfix_policy_open(&door, &services, &asker->sink);
  asker_offer(asker, bytes, step, feed_door, &door, &door.closed);
  check_answers(asker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct span bytes;

  if (size < 2 || size > 65536)
    return 0;
  bytes = (struct span){(const char *)data + 2, size - 2};
  services_begin(data[0]);
  feed(&whole, bytes, bytes.len, SAID_MAX);
  feed(&cut, bytes, 1 + data[1] % 64, 1 + data[1]);
  REQUIRE(whole.len == cut.len && memcmp(whole.said, cut.said, whole.len) == 0);
  return 0;
}
