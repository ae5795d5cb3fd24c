/*
 * What connects connections and doors. Neither door says anything unasked: a client that is hung up
 * on, or for whom there is no room, is to see that its question was not answered.
 */
#include "protocols.h"
#include "postfix_policy.h"
#include "socketmap.h"

/* One connection. */
struct policy_talk {
  struct postfix_policy door;
  struct door_sink sink;
};

struct socketmap_talk {
  struct socketmap door;
  struct door_sink sink;
};

static bool write_stream(void *stream, struct span bytes)
{
  return stream_write(stream, bytes);
}

static void policy_begin(struct stream *stream, void *state, const struct stream_ends *ends)
{
  struct policy_talk *talk = state;

  (void)ends; /* the MTA's, and of no interest */
  talk->sink = (struct door_sink){.write = write_stream, .context = stream};
  postfix_policy_open(&talk->door, stream_context(stream), &talk->sink);
}

static size_t policy_feed(struct stream *stream, void *state, struct span bytes)
{
  struct policy_talk *talk = state;
  size_t used = postfix_policy_feed(&talk->door, bytes);

  if (talk->door.closed)
    stream_close(stream);
  return used;
}

static void socketmap_begin(struct stream *stream, void *state, const struct stream_ends *ends)
{
  struct socketmap_talk *talk = state;

  (void)ends;
  talk->sink = (struct door_sink){.write = write_stream, .context = stream};
  socketmap_open(&talk->door, stream_context(stream), &talk->sink);
}

static size_t socketmap_take(struct stream *stream, void *state, struct span bytes)
{
  struct socketmap_talk *talk = state;
  size_t used = socketmap_feed(&talk->door, bytes);

  if (talk->door.closed)
    stream_close(stream);
  return used;
}

const struct stream_protocol *door_protocol(enum door door)
{
  static const struct stream_protocol policy = {
      .state_size = sizeof(struct policy_talk), .begin = policy_begin, .feed = policy_feed};
  static const struct stream_protocol socketmap = {.state_size = sizeof(struct socketmap_talk),
                                                   .begin = socketmap_begin,
                                                   .feed = socketmap_take};
  static const struct stream_protocol *const protocols[DOOR_COUNT] = {
      [DOOR_POLICY] = &policy, [DOOR_SOCKETMAP] = &socketmap};

  return protocols[door];
}
