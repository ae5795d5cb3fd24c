/*
 * Adding up. Mail that was delivered is what an administrator looks at first, so examples of it
 * take the places of others.
 */
#include "replay_tally.h"

#include <string.h>

static void show(char *memory, size_t size, struct span span)
{
  struct text text = text_in(memory, size);

  text_add_quoted(&text, span, "\\");
}

/* What the example shows of the case besides its addresses. */
static struct span said_of(const struct replay_case *about, enum rule rule)
{
  if (!about->is_mail)
    return about->command.len > 0 ? about->command : SPAN("(not in the log)");
  return rule_entry(rule)->stage == STAGE_HELO ? about->helo : SPAN("");
}

static void fill_example(struct replay_example *out, const struct replay_case *about,
                         enum rule rule, uint16_t fault)
{
  *out = (struct replay_example){.delivered = about->delivered,
                                 .is_mail = about->is_mail,
                                 .place = about->place,
                                 .when = about->when,
                                 .fault = fault};
  if (about->has_client)
    ip_format(about->client, out->client);
  show(out->queue_id, sizeof(out->queue_id), about->queue_id);
  show(out->sender, sizeof(out->sender), about->sender);
  show(out->recipient, sizeof(out->recipient), about->recipient);
  show(out->said, sizeof(out->said), said_of(about, rule));
  out->helo_before =
      about->is_mail && out->said[0] != '\0' && about->helo_is == MAILLOG_HELO_BEFORE;
}

/* The place of a new example: a free one, or that of one which is not delivered; else NULL. Clients
 * that are there already give way to others. */
static struct replay_example *place_for(struct replay_rule *row, const struct replay_case *about)
{
  char client[IP_TEXT_SIZE] = "";

  if (about->has_client)
    ip_format(about->client, client);
  for (unsigned i = 0; i < row->example_count; i++)
    if (strcmp(row->examples[i].client, client) == 0)
      return about->delivered && !row->examples[i].delivered ? &row->examples[i] : NULL;
  if (row->example_count < TALLY_EXAMPLES)
    return &row->examples[row->example_count++];
  for (unsigned i = 0; i < TALLY_EXAMPLES && about->delivered; i++)
    if (!row->examples[i].delivered)
      return &row->examples[i];
  return NULL;
}

/* Whether the example is of this very message: then it knows more than is known now. */
static bool is_of(const struct replay_example *example, const struct replay_case *about)
{
  char queue_id[sizeof(example->queue_id)];

  show(queue_id, sizeof(queue_id), about->queue_id);
  return queue_id[0] != '\0' && strcmp(example->queue_id, queue_id) == 0;
}

static void keep_example(struct replay_rule *row, const struct replay_case *about, enum rule rule,
                         uint16_t fault)
{
  struct replay_example *place = place_for(row, about);

  if (place == NULL)
    return;
  if (is_of(place, about))
    place->delivered = about->delivered;
  else
    fill_example(place, about, rule, fault);
}

/* "example.net" of "<user@example.net>": mail is judged by whom it comes from, not by each of the
 * addresses that a list makes up. */
static struct span domain_of(const struct replay_case *about)
{
  struct span path = about->sender;
  size_t at = path.len;

  if (!about->sender_known)
    return SPAN("(not in the log)");
  if (path.len > 0 && path.at[path.len - 1] == '>')
    path.len--;
  while (at > 0 && path.at[at - 1] != '@')
    at--;
  return at > 0 && at <= path.len ? span_slice(path, at, path.len) : about->sender;
}

static void note_who(struct replay_rule *row, const struct replay_case *about)
{
  char client[IP_TEXT_SIZE] = "local";

  if (about->has_client)
    ip_format(about->client, client);
  top_add(&row->clients, span_from(client));
  if (about->is_mail)
    top_add(&row->senders, domain_of(about));
}

static bool has(uint64_t rules, enum rule rule)
{
  return (rules >> rule & 1) != 0;
}

/* A message was delivered, to recipients at whom these rules object. */
static void add_delivered(struct replay_tally *tally, uint64_t refused, uint64_t watched)
{
  if (refused != 0)
    tally->delivered++;
  else if (watched != 0)
    tally->watched_delivered++;
  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    tally->rules[rule].refused_delivered += has(refused, rule);
    tally->rules[rule].watched_delivered += has(watched, rule);
  }
}

void replay_tally_add(struct replay_tally *tally, const struct replay_case *about,
                      const struct replay_outcome *outcome)
{
  uint64_t lost = about->delivered ? ~outcome->in_vain : 0;

  if (outcome->refused != 0) {
    if (about->is_mail)
      tally->messages++;
    else
      tally->commands++;
  }
  add_delivered(tally, outcome->refused & lost, outcome->watched & lost);
  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    struct replay_rule *row = &tally->rules[rule];
    struct replay_case seen;

    row->exempt += has(outcome->exempt, rule);
    if (!has(outcome->refused | outcome->watched, rule))
      continue;
    row->refused += has(outcome->refused, rule);
    row->watched += has(outcome->watched, rule);
    note_who(row, about);
    seen = *about;
    seen.delivered = has(lost, rule);
    keep_example(row, &seen, rule, outcome->fault[rule]);
  }
}

void replay_tally_delivered(struct replay_tally *tally, const struct replay_case *about,
                            uint64_t refused, uint64_t watched)
{
  add_delivered(tally, refused, watched);
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    if (has(refused | watched, rule))
      keep_example(&tally->rules[rule], about, rule, 0);
}
