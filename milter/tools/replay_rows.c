/*
 * The report for people, below its first lines: rules in tables, and examples.
 */
#include "replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TOP_SHOWN = 3, EXAMPLES_SHOWN = 3, RULE_COLUMNS = 24, COLUMNS = 96 };

static void print_cell(uint64_t number)
{
  char text[32];

  printf(" %11s", replay_grouped(number, text));
}

/* Whether the count is certain enough to be shown: most of it is the name's own. */
static bool is_certain(const struct top_row *row)
{
  return row->error <= row->count / 2;
}

/* "docomo.example (10), example.net (2), ..."; "about" where the count may be too great. */
static void print_top(const struct top *top)
{
  struct top sorted = *top;
  bool once;
  unsigned shown = 0;

  top_sort(&sorted);
  once = sorted.used > 1 && sorted.rows[0].count == 1;
  for (; shown < sorted.used && shown < TOP_SHOWN && is_certain(&sorted.rows[shown]); shown++) {
    const struct top_row *row = &sorted.rows[shown];

    printf("%s%s", shown > 0 ? ", " : "", row->name);
    if (!once)
      printf(" (%s%" PRIu64 ")", row->error > 0 ? "about " : "", row->count);
  }
  if (shown == 0)
    fputs("many, none of them often", stdout);
  else if (sorted.used > shown)
    fputs(", ...", stdout);
  if (once)
    fputs(" (each once)", stdout);
}

/* A part of the table: which rules, and what of them is counted. */
struct part {
  const char *title, *first, *second;
  bool (*belongs)(const struct replay_rule *row);
  uint64_t (*first_of)(const struct replay_rule *row);
  uint64_t (*second_of)(const struct replay_rule *row);
};

static bool cost_mail(const struct replay_rule *row)
{
  return row->refused_delivered > 0;
}

static bool cost_none(const struct replay_rule *row)
{
  return row->refused > 0 && row->refused_delivered == 0;
}

static bool only_watches(const struct replay_rule *row)
{
  return row->watched > 0;
}

static uint64_t refused_of(const struct replay_rule *row)
{
  return row->refused;
}

static uint64_t refused_delivered_of(const struct replay_rule *row)
{
  return row->refused_delivered;
}

static uint64_t watched_of(const struct replay_rule *row)
{
  return row->watched;
}

static uint64_t watched_delivered_of(const struct replay_rule *row)
{
  return row->watched_delivered;
}

static bool is_overlooked(const struct replay_rule *row)
{
  return row->exempt > 0;
}

static uint64_t exempt_of(const struct replay_rule *row)
{
  return row->exempt;
}

static const struct part mistakes = {"",        "delivered",          "in all",
                                     cost_mail, refused_delivered_of, refused_of};
static const struct part harmless = {
    "Also refused; none of it was delivered:", "", "refused", cost_none, NULL, refused_of};
static const struct part watching = {
    "Only watched (action \"monitor\"); with \"refuse\" it would be:",
    "delivered",
    "in all",
    only_watches,
    watched_delivered_of,
    watched_of};

static const struct part overlooked = {
    "Overlooked, for the client is exempt:", "", "in all", is_overlooked, NULL, exempt_of};

/* Whom clients and senders are kept of: those alone who are not exempt. */
static bool knows_who(const struct part *part)
{
  return part != &overlooked;
}

/* The rules of a part, those that cost most first; how many. */
static unsigned order_of(const struct replay_tally *tally, const struct part *part,
                         enum rule order[RULE_COUNT])
{
  uint64_t (*weight)(const struct replay_rule *row) =
      part->first_of != NULL ? part->first_of : part->second_of;
  unsigned count = 0;

  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    unsigned at = count;

    if (!part->belongs(&tally->rules[rule]))
      continue;
    for (; at > 0 && weight(&tally->rules[order[at - 1]]) < weight(&tally->rules[rule]); at--)
      order[at] = order[at - 1];
    order[at] = rule;
    count++;
  }
  return count;
}

static void print_row(const struct replay *replay, const struct replay_rule *row, enum rule rule,
                      const struct part *part)
{
  const struct top *who = row->senders.used > 0 ? &row->senders : &row->clients;
  char name[RULE_COLUMNS + 8];

  snprintf(name, sizeof(name), "%s%s", rule_entry(rule)->name,
           replay_tells(replay, rule) == TELLS_SEEN ? "" : " ~");
  printf("  %-*s", RULE_COLUMNS, name);
  if (part->first_of != NULL)
    print_cell(part->first_of(row));
  print_cell(part->second_of(row));
  if (!knows_who(part)) {
    putchar('\n');
    return;
  }
  fputs("  ", stdout);
  print_top(who);
  if (who == &row->senders) {
    printf("\n  %*s  from ", RULE_COLUMNS + (part->first_of != NULL ? 24 : 12), "");
    print_top(&row->clients);
  }
  putchar('\n');
}

static void print_part(const struct replay *replay, const struct replay_tally *tally,
                       const struct part *part)
{
  enum rule order[RULE_COUNT];
  unsigned count = order_of(tally, part, order);

  if (count == 0)
    return;
  if (part->title[0] != '\0')
    printf("%s\n\n", part->title);
  printf("  %-*s", RULE_COLUMNS, "rule");
  if (part->first_of != NULL)
    printf(" %11s", part->first);
  printf(" %11s%s\n", part->second, knows_who(part) ? "  who most" : "");
  for (unsigned i = 0; i < count; i++)
    print_row(replay, &tally->rules[order[i]], order[i], part);
  putchar('\n');
}

/* Examples */

static void print_place(const struct replay *replay, const struct maillog_place *place)
{
  fputs("  ", stdout);
  replay_print_name(replay->reading.files[place->file].name);
  printf(":%" PRIu64, place->line);
}

/* What the client called itself, or the command that it sent. */
static void print_said(const struct replay_example *example)
{
  if (example->said[0] == '\0')
    return;
  printf(" %s%s", example->is_mail ? "HELO " : "", example->said);
  if (example->helo_before)
    fputs(" (in an earlier session)", stdout);
  if (example->is_mail)
    putchar(',');
}

static void print_example(const struct replay *replay, const struct replay_example *example)
{
  char when[REPLAY_TIME_SIZE];

  replay_time(example->when, when);
  printf("    %s  %s", when, example->client[0] != '\0' ? example->client : "local");
  if (example->queue_id[0] != '\0')
    printf("  %s", example->queue_id);
  print_place(replay, &example->place);
  fputs("\n     ", stdout);
  print_said(example);
  if (example->is_mail)
    printf(" from %s", example->sender[0] != '\0' ? example->sender : "a sender not in the log");
  if (example->recipient[0] != '\0')
    printf(" to %s", example->recipient);
  if (example->fault != FAULT_NONE)
    printf(": %s", fault_text((enum fault_kind)example->fault));
  putchar('\n');
}

/* "~ no log says ...", in lines that are not too long. */
static void print_doubt(const char *why)
{
  int column = printf("    ~");

  while (*why != '\0') {
    size_t len = strcspn(why, " ");

    if (column + 1 + (int)len > COLUMNS)
      column = printf("\n     ") - 1;
    column += printf(" %.*s", (int)len, why);
    why += len + (why[len] == ' ');
  }
  putchar('\n');
}

/* Which rule, and how far the log can be trusted with it. */
static void print_rule(const struct replay *replay, enum rule rule)
{
  printf("  %s: %s\n", rule_entry(rule)->name, rule_entry(rule)->summary);
  if (replay_tells(replay, rule) != TELLS_SEEN)
    print_doubt(maillog_tells_why(rule));
}

/* Of mail that was delivered. */
static void print_examples(const struct replay *replay, const struct replay_tally *tally,
                           const struct part *part)
{
  enum rule order[RULE_COUNT];
  unsigned count = order_of(tally, part, order);

  for (unsigned i = 0; i < count; i++) {
    const struct replay_rule *row = &tally->rules[order[i]];
    unsigned shown = 0;

    for (unsigned j = 0; j < row->example_count && shown < EXAMPLES_SHOWN; j++) {
      if (!row->examples[j].delivered)
        continue;
      if (shown++ == 0)
        print_rule(replay, order[i]);
      print_example(replay, &row->examples[j]);
    }
    if (shown > 0)
      putchar('\n');
  }
}

static void print_mistakes(const struct replay *replay, const struct replay_tally *tally)
{
  if (tally->delivered == 0)
    return;
  print_part(replay, tally, &mistakes);
  puts("Look at these first. Where the mail was wanted, set the rule to \"monitor\", or add the "
       "client\n"
       "to exempt.networks; `milter-strict explain RULE` says what a rule is about. Of a rule with "
       "\"~\"\n"
       "the log tells in part, or a likeness, as is said below it.\n");
  print_examples(replay, tally, &mistakes);
}

void replay_print_side(const struct replay *replay, unsigned side)
{
  const struct replay_tally *tally = replay->side[side].tally;

  print_mistakes(replay, tally);
  print_part(replay, tally, &harmless);
  print_part(replay, tally, &overlooked);
  print_part(replay, tally, &watching);
  if (tally->watched_delivered > 0) {
    puts("Delivered, and noticed by rules that only watch:\n");
    print_examples(replay, tally, &watching);
  }
}
