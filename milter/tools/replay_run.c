/*
 * The run: lines go to the joiner, what it tells to the judges, and what they say to the tallies.
 */
#include "replay.h"
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
  SESSIONS = 4096, /* open at once, or waiting for their messages */
  MESSAGES = 16384,
  HELOS = 8192,
};

/* One for all runs, so that the same log gives the same report: nobody who writes to a log gains by
 * knowing it. */
#define LEDGER_SEED UINT64_C(0x6d696c7465722d73)

/* Cases */

/* Of a client that both would refuse, or neither, nothing is told when two policies are compared.
 */
static uint64_t of_side(const struct replay *replay, unsigned side,
                        const struct replay_outcome *outcome)
{
  const struct replay_side *other = &replay->side[1 - side];

  if (replay->sides == 1)
    return outcome->refused;
  return (replay->about.is_mail ? other->judge.outcome.refused : other->judge.command.refused) != 0
             ? 0
             : outcome->refused;
}

static const struct replay_outcome *outcome_of(const struct replay *replay, unsigned side)
{
  const struct replay_judge *judge = &replay->side[side].judge;

  return replay->about.is_mail ? &judge->outcome : &judge->command;
}

/* Adds up what one side says of a case. */
static void add_to_side(struct replay *replay, unsigned side, uint64_t *marks)
{
  const struct replay_outcome *said = outcome_of(replay, side);
  struct replay_outcome outcome;

  if ((said->refused | said->watched | said->exempt) == 0)
    return;
  outcome = *said;
  outcome.refused = of_side(replay, side, said);
  if (replay->sides > 1)
    outcome.watched = outcome.exempt = 0;
  if (said->recipient_len > 0)
    replay->about.recipient = (struct span){said->recipient, said->recipient_len};
  replay_tally_add(replay->side[side].tally, &replay->about, &outcome);
  if (marks != NULL) {
    marks[2 * side] = outcome.refused & ~outcome.in_vain;
    marks[2 * side + 1] = outcome.watched & ~outcome.in_vain;
  }
}

/* What all sides say of it; `marks`: for the message, should it be delivered later. */
static void add_case(struct replay *replay, uint64_t *marks)
{
  bool all = replay->sides > 1;

  for (unsigned i = 0; i < replay->sides; i++) {
    all = all && outcome_of(replay, i)->refused != 0;
    add_to_side(replay, i, marks);
  }
  replay->both += all;
}

static void tell_judges(struct replay *replay, const struct maillog_step *step)
{
  for (unsigned i = 0; i < replay->sides; i++)
    replay_judge_step(&replay->side[i].judge, step);
}

/* A command, as often as it is counted. */
static void take_command(struct replay *replay, const struct maillog_step *step)
{
  struct replay_case about = replay->about;
  struct maillog_step once = *step;

  once.times = 1;
  replay->about.is_mail = false;
  replay->about.delivered = false;
  replay->about.place = step->place;
  replay->about.command = step->path;
  replay->about.queue_id = replay->about.sender = replay->about.recipient = SPAN("");
  for (uint32_t i = 0; i < step->times; i++) {
    tell_judges(replay, &once);
    add_case(replay, NULL);
  }
  replay->about = about;
}

/* What the joiner tells */

static void on_begin(void *context, const struct maillog_session *session)
{
  struct replay *replay = context;

  replay->about = (struct replay_case){.when = session->when,
                                       .has_client = session->has_client,
                                       .client = session->client,
                                       .helo_is = session->helo_is,
                                       .helo = session->helo};
  for (unsigned i = 0; i < replay->sides; i++)
    replay_judge_begin(&replay->side[i].judge, session);
}

static void on_step(void *context, const struct maillog_step *step)
{
  struct replay *replay = context;
  struct replay_case *about = &replay->about;

  if (step->kind == MAILLOG_STEP_COMMAND) {
    take_command(replay, step);
    return;
  }
  tell_judges(replay, step);
  if (step->kind == MAILLOG_STEP_MAIL) {
    about->is_mail = true;
    about->place = step->place;
    about->sender = step->path;
    about->sender_known = step->path.len > 0;
    about->queue_id = about->recipient = SPAN("");
  } else if (step->kind == MAILLOG_STEP_END) {
    if (step->message != NULL) {
      about->queue_id = step->message->queue_id;
      about->recipient = step->message->recipient;
    }
    about->delivered = step->stored && step->message != NULL && step->message->sent;
    add_case(replay, step->message != NULL ? step->message->marks : NULL);
  }
}

static void on_end(void *context)
{
  struct replay *replay = context;

  for (unsigned i = 0; i < replay->sides; i++)
    replay_judge_end(&replay->side[i].judge);
}

static void on_sent(void *context, const struct maillog_message *message)
{
  struct replay *replay = context;
  struct replay_case about = {.place = message->place,
                              .when = replay->now,
                              .has_client = message->has_client,
                              .client = message->client,
                              .is_mail = true,
                              .sender_known = message->sender.len > 0,
                              .delivered = true,
                              .sender = message->sender,
                              .recipient = message->recipient,
                              .queue_id = message->queue_id};

  for (unsigned i = 0; i < replay->sides; i++)
    if ((message->marks[2 * i] | message->marks[2 * i + 1]) != 0)
      replay_tally_delivered(replay->side[i].tally, &about, message->marks[2 * i],
                             message->marks[2 * i + 1]);
}

/* A line, in the order of time. */
static void on_line(void *context, const struct maillog_line *line, uint64_t when, unsigned file,
                    uint64_t number)
{
  struct replay *replay = context;
  struct maillog_event event;

  if (replay->first == 0 || when < replay->first)
    replay->first = when;
  if (when > replay->last)
    replay->last = when;
  replay->now = when;
  maillog_read(line, &event);
  maillog_feed(replay->joiner, line, &event, when, (struct maillog_place){file, number});
}

/* Life */

static uint64_t seed(void)
{
  uint64_t out = 0;

  if (getrandom(&out, sizeof(out), GRND_NONBLOCK) != (ssize_t)sizeof(out))
    out = (uint64_t)time(NULL);
  return out;
}

static int no_memory(void)
{
  fputs("milter-strict replay: not enough memory\n", stderr);
  return TOOL_NO_MEMORY;
}

static int open_side(struct replay_side *side, const char *config, bool optional)
{
  int code = tool_read_settings(config, optional, &side->settings);

  if (code != TOOL_FINE)
    return code;
  side->name = config != NULL                           ? config
               : access(CONFIG_DEFAULT_FILE, F_OK) == 0 ? CONFIG_DEFAULT_FILE
                                                        : "built-in settings";
  side->watches = side->settings.policy.mode == POLICY_MONITOR;
  side->settings.policy.mode = POLICY_ENFORCE;
  side->tally = calloc(1, sizeof(*side->tally));
  if (side->tally == NULL || !replay_judge_open(&side->judge, &side->settings, LEDGER_SEED))
    return no_memory();
  return TOOL_FINE;
}

static int open_all(struct replay *replay, const char *config, const char *other)
{
  const struct maillog_sink sink = {
      .begin = on_begin, .step = on_step, .end = on_end, .sent = on_sent, .context = replay};
  const struct maillog_limits limits = {SESSIONS, MESSAGES, HELOS, seed()};
  int code = open_side(&replay->side[0], config, true);

  replay->sides = other != NULL ? 2 : 1;
  if (code == TOOL_FINE && other != NULL)
    code = open_side(&replay->side[1], other, false);
  if (code != TOOL_FINE)
    return code;
  replay->joiner = maillog_open(&limits, &sink);
  return replay->joiner != NULL ? TOOL_FINE : no_memory();
}

static void close_all(struct replay *replay)
{
  maillog_close(replay->joiner);
  for (unsigned i = 0; i < 2; i++) {
    replay_judge_close(&replay->side[i].judge);
    settings_free(&replay->side[i].settings);
    free(replay->side[i].tally);
  }
  replay_forget(replay->reading.files, replay->reading.count);
  free(replay->reading.files);
}

/* What is wrong with the file. */
static int cannot_read(const struct replay_file *file)
{
  if (file->packed == NULL)
    tool_complain("replay", "%s: %s", file->name, strerror(errno));
  else
    tool_complain(
        "replay",
        "%s: is compressed by %s, which is not read here; unpack it first, or hand it over "
        "unpacked on standard input",
        file->name, file->packed);
  return TOOL_UNAVAILABLE;
}

/* The files that are named, or standard input. */
static int look_at_files(struct replay *replay, char **names, unsigned count)
{
  unsigned wrong;

  replay->reading =
      (struct replay_reading){.count = count > 0 ? count : 1, .take = on_line, .context = replay};
  replay->reading.files = calloc(replay->reading.count, sizeof(*replay->reading.files));
  if (replay->reading.files == NULL)
    return no_memory();
  for (unsigned i = 0; i < replay->reading.count; i++)
    replay->reading.files[i].name = count > 0 ? names[i] : "-";
  if (replay_look_at(replay->reading.files, &replay->reading.count, &wrong))
    return TOOL_FINE;
  return cannot_read(&replay->reading.files[wrong]);
}

static int show(const struct replay *replay, bool json)
{
  if (json && !replay_report_json(replay))
    return no_memory();
  if (!json)
    replay_report(replay);
  for (unsigned i = 0; i < replay->reading.count; i++)
    if (replay->reading.files[i].damaged) {
      tool_complain("replay", "%s: cannot be read to its end", replay->reading.files[i].name);
      return TOOL_UNAVAILABLE;
    }
  if (replay->reading.lines > 0 && !replay_saw_any(replay)) {
    fputs("milter-strict replay: no line of Postfix or Sendmail was found; milter-strict-replay(8) "
          "says which forms of logs are read\n",
          stderr);
    return TOOL_UNAVAILABLE;
  }
  return replay_mistakes(replay) > 0 ? TOOL_WANTING : TOOL_FINE;
}

int replay_files(const struct replay_options *options, char **names, unsigned count)
{
  static struct replay replay;
  int code = look_at_files(&replay, names, count);

  if (code == TOOL_FINE)
    code = open_all(&replay, options->config, options->other);
  if (code == TOOL_FINE && !replay_read(&replay.reading))
    code = no_memory();
  if (code == TOOL_FINE) {
    maillog_finish(replay.joiner);
    code = show(&replay, options->json);
  }
  close_all(&replay);
  return code;
}
