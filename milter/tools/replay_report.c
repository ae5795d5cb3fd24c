/*
 * The report for people. Its first screen answers what an administrator wants to know before
 * anything else: would this policy have cost mail, and which.
 */
#include "replay.h"
#include "../maillog/tells.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TOP_SHOWN = 3, RULE_COLUMNS = 22 };

/* Pieces */

void replay_time(uint64_t when, char text[REPLAY_TIME_SIZE])
{
  time_t seconds = (time_t)(when / 1000);
  struct tm parts;

  if (gmtime_r(&seconds, &parts) == NULL ||
      strftime(text, REPLAY_TIME_SIZE, "%Y-%m-%d %H:%M", &parts) == 0)
    strcpy(text, "?");
}

bool replay_saw(const struct replay *replay, enum maillog_mta mta)
{
  return maillog_totals(replay->joiner)->by_mta[mta] > 0;
}

enum maillog_tells replay_tells(const struct replay *replay, enum rule rule)
{
  enum maillog_tells least = TELLS_SEEN;
  bool any = false;

  for (enum maillog_mta mta = MAILLOG_POSTFIX; mta < MAILLOG_MTA_COUNT; mta++)
    if (replay_saw(replay, mta)) {
      any = true;
      if (maillog_tells(rule, mta) < least)
        least = maillog_tells(rule, mta);
    }
  return any ? least : TELLS_NOT;
}

uint64_t replay_mistakes(const struct replay *replay)
{
  uint64_t count = 0;

  for (unsigned i = 0; i < replay->sides; i++)
    count += replay->side[i].tally->delivered;
  return count;
}

/* "1,234,567"; `text` has room for 27 bytes. */
static const char *grouped(uint64_t number, char text[32])
{
  char digits[24];
  size_t length, out = 0;

  snprintf(digits, sizeof(digits), "%" PRIu64, number);
  length = strlen(digits);
  for (size_t i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0)
      text[out++] = ',';
    text[out++] = digits[i];
  }
  text[out] = '\0';
  return text;
}

static void print_number(uint64_t number)
{
  char text[32];

  fputs(grouped(number, text), stdout);
}

/* "1 message", "17 messages" */
static void print_count(uint64_t number, const char *noun)
{
  print_number(number);
  printf(" %s%s", noun, number == 1 ? "" : "s");
}

static void print_cell(uint64_t number)
{
  char text[32];

  printf(" %11s", grouped(number, text));
}

static void print_name(const char *name)
{
  char memory[512];
  struct text text = text_in(memory, sizeof(memory));

  text_add_quoted(&text, span_from(name), "");
  fputs(text.at, stdout);
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
  unsigned shown = 0;

  top_sort(&sorted);
  for (unsigned i = 0; i < sorted.used && shown < TOP_SHOWN && is_certain(&sorted.rows[i]); i++)
    printf("%s%s (%s%" PRIu64 ")", shown++ > 0 ? ", " : "", sorted.rows[i].name,
           sorted.rows[i].error > 0 ? "about " : "", sorted.rows[i].count);
  if (shown == 0)
    fputs("many, none of them often", stdout);
  else if (sorted.used > shown)
    fputs(", ...", stdout);
}

/* The log */

static void print_mtas(const struct replay *replay)
{
  const char *before = " of ";

  for (enum maillog_mta mta = MAILLOG_POSTFIX; mta < MAILLOG_MTA_COUNT; mta++)
    if (replay_saw(replay, mta)) {
      printf("%s%s", before, maillog_mta_name(mta));
      before = " and ";
    }
}

static void print_log(const struct replay *replay)
{
  char first[REPLAY_TIME_SIZE], last[REPLAY_TIME_SIZE];

  fputs("Log      ", stdout);
  for (unsigned i = 0; i < replay->reading.count; i++) {
    if (i > 0)
      fputs(", ", stdout);
    print_name(replay->reading.files[i].name);
  }
  fputs("\n         ", stdout);
  print_count(replay->reading.lines, "line");
  print_mtas(replay);
  if (replay->first != 0) {
    replay_time(replay->first, first);
    replay_time(replay->last, last);
    printf(", %s to %s", first, last);
  }
  fputs("\nPolicy   ", stdout);
  for (unsigned i = 0; i < replay->sides; i++) {
    if (i > 0)
      fputs("\nand      ", stdout);
    print_name(replay->side[i].name);
    if (replay->side[i].watches)
      fputs(" (judged as with mode = \"enforce\")", stdout);
  }
  fputs("\n\n", stdout);
}

/* Rules */

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

static bool any_belongs(const struct replay_tally *tally, const struct part *part)
{
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    if (part->belongs(&tally->rules[rule]))
      return true;
  return false;
}

static void print_row(const struct replay_rule *row, enum rule rule, const struct part *part)
{
  const struct top *who = row->senders.used > 0 ? &row->senders : &row->clients;

  printf("  %-*s", RULE_COLUMNS, rule_entry(rule)->name);
  if (part->first_of != NULL)
    print_cell(part->first_of(row));
  print_cell(part->second_of(row));
  fputs("  ", stdout);
  if (row->clients.used > 0)
    print_top(who);
  if (who == &row->senders) {
    printf("\n  %*s from ", RULE_COLUMNS + (part->first_of != NULL ? 24 : 12), "");
    print_top(&row->clients);
  }
  putchar('\n');
}

static void print_part(const struct replay_tally *tally, const struct part *part)
{
  if (!any_belongs(tally, part))
    return;
  if (part->title[0] != '\0')
    printf("%s\n\n", part->title);
  printf("  %-*s", RULE_COLUMNS, "rule");
  if (part->first_of != NULL)
    printf(" %11s", part->first);
  printf(" %11s  who most\n", part->second);
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    if (part->belongs(&tally->rules[rule]))
      print_row(&tally->rules[rule], rule, part);
  putchar('\n');
}

/* Examples */

static void print_place(const struct replay *replay, const struct maillog_place *place)
{
  fputs("  ", stdout);
  print_name(replay->reading.files[place->file].name);
  printf(":%" PRIu64, place->line);
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
  if (example->said[0] != '\0')
    printf(" said %s", example->said);
  if (example->queue_id[0] != '\0' || example->sender[0] != '\0')
    printf(" from %s", example->sender[0] != '\0' ? example->sender : "a sender not in the log");
  if (example->recipient[0] != '\0')
    printf(" to %s", example->recipient);
  if (example->fault != FAULT_NONE)
    printf(": %s", fault_text((enum fault_kind)example->fault));
  putchar('\n');
}

static void print_examples(const struct replay *replay, const struct replay_tally *tally,
                           const struct part *part, bool delivered)
{
  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    const struct replay_rule *row = &tally->rules[rule];

    if (!part->belongs(row))
      continue;
    printf("  %s: %s\n", rule_entry(rule)->name, rule_entry(rule)->summary);
    for (unsigned i = 0; i < row->example_count; i++)
      if (row->examples[i].delivered || !delivered)
        print_example(replay, &row->examples[i]);
    putchar('\n');
  }
}

static void print_mistakes(const struct replay *replay, const struct replay_tally *tally)
{
  if (!any_belongs(tally, &mistakes))
    return;
  print_part(tally, &mistakes);
  puts("Look at these first. Where the mail was wanted, set the rule to \"monitor\", or add the "
       "client\n"
       "to exempt.networks; `milter-strict explain RULE` says what a rule is about.\n");
  print_examples(replay, tally, &mistakes, true);
}

/* The answer */

static void print_share(uint64_t part, uint64_t whole)
{
  if (whole > 0 && part > 0)
    printf(" (%.*f %%)", part * 100 >= whole ? 1 : 3, (double)part * 100 / (double)whole);
}

static void print_answer(const struct replay *replay)
{
  const struct replay_tally *tally = replay->side[0].tally;
  uint64_t delivered = maillog_totals(replay->joiner)->delivered;

  if (tally->delivered == 0) {
    fputs("NO MAIL LOST: of ", stdout);
    print_count(delivered, "message");
    puts(" that the log shows as delivered, this policy would have refused none.\n");
  } else {
    fputs("MAIL LOST: of ", stdout);
    print_count(delivered, "message");
    fputs(" that the log shows as delivered, this policy would have refused ", stdout);
    print_number(tally->delivered);
    print_share(tally->delivered, delivered);
    puts(".\n");
  }
}

static void print_one_policy(const struct replay *replay)
{
  const struct replay_tally *tally = replay->side[0].tally;

  print_answer(replay);
  print_mistakes(replay, tally);
  print_part(tally, &harmless);
  print_part(tally, &overlooked);
  print_part(tally, &watching);
  if (tally->watched_delivered > 0) {
    puts("Delivered, and noticed by rules that only watch:\n");
    print_examples(replay, tally, &watching, true);
  }
}

static void print_side(const struct replay *replay, unsigned side)
{
  const struct replay_tally *tally = replay->side[side].tally;

  fputs("Only ", stdout);
  print_name(replay->side[side].name);
  fputs(" would have refused ", stdout);
  print_count(tally->messages, "message");
  fputs(" and ", stdout);
  print_count(tally->commands, "other command");
  if (tally->messages > 0) {
    fputs("; of the messages, ", stdout);
    print_number(tally->delivered);
    fputs(tally->delivered == 1 ? " was delivered" : " were delivered", stdout);
  }
  puts(".\n");
  print_mistakes(replay, tally);
  print_part(tally, &harmless);
}

static void print_two_policies(const struct replay *replay)
{
  bool differ = false;

  for (unsigned i = 0; i < 2; i++)
    differ = differ || replay->side[i].tally->messages + replay->side[i].tally->commands > 0;
  if (!differ)
    fputs("NO DIFFERENCE: on this log the two policies do the same. ", stdout);
  for (unsigned i = 0; i < 2 && differ; i++)
    print_side(replay, i);
  fputs("Either would have refused ", stdout);
  print_count(replay->both, "message or command");
  puts(".\n");
}

/* What was not seen */

static void print_untold(const struct replay *replay)
{
  puts("What this log can tell of each rule:\n");
  for (enum maillog_tells tells = TELLS_SEEN;; tells--) {
    unsigned column = 17;

    printf("  %-14s ", maillog_tells_name(tells));
    for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
      const char *name = rule_entry(rule)->name;

      if (replay_tells(replay, rule) != tells)
        continue;
      if (column + strlen(name) > 96) {
        printf("\n%17s", "");
        column = 17;
      }
      column += (unsigned)printf("%s ", name);
    }
    putchar('\n');
    if (tells == TELLS_NOT)
      break;
  }
  puts("\n  Why not more: see milter-strict-replay(8), or what --json prints.");
}

static void print_remark(uint64_t number, const char *remark)
{
  char text[32];

  if (number > 0)
    printf("  %13s  %s\n", grouped(number, text), remark);
}

static void print_remarks(const struct replay *replay)
{
  const struct maillog_totals *totals = maillog_totals(replay->joiner);

  puts("\nIn this log there were:\n");
  print_remark(totals->sessions, "sessions");
  print_remark(totals->messages, "messages that entered the queue from clients");
  print_remark(totals->delivered, "of them delivered");
  print_remark(totals->refused, "commands that the mail server refused itself: not judged");
  print_remark(totals->refused_by_milter, "commands that a filter refused");
  print_remark(totals->screened, "refusals by postscreen, before any filter is asked");
  print_remark(totals->ours, "lines of milter-strict itself: left aside");
  print_remark(replay->strange, "lines that are none of a log");
  print_remark(replay->reading.cut, "lines that were too long, and cut");
  print_remark(totals->cut_sessions, "sessions judged before their end, for want of room");
  print_remark(totals->cut_messages, "messages forgotten before they left the queue, likewise");
  print_remark(totals->lost_steps, "commands of long sessions that were left out, likewise");
  for (unsigned i = 0; i < replay->sides; i++)
    print_remark(replay->side[i].judge.forgotten,
                 "networks that the ledger forgot, likewise (probing.entries)");
}

void replay_report(const struct replay *replay)
{
  print_log(replay);
  if (replay->sides == 1)
    print_one_policy(replay);
  else
    print_two_policies(replay);
  print_untold(replay);
  print_remarks(replay);
}
