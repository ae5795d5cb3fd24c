/*
 * The report for people. Its first screen answers what an administrator wants to know before
 * anything else: would this policy have cost mail, and which.
 */
#include "replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { COLUMNS = 96, UNTOLD_COLUMN = 16 };

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

bool replay_saw_any(const struct replay *replay)
{
  for (enum maillog_mta mta = MAILLOG_POSTFIX; mta < MAILLOG_MTA_COUNT; mta++)
    if (replay_saw(replay, mta))
      return true;
  return false;
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

const char *replay_grouped(uint64_t number, char text[32])
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

  fputs(replay_grouped(number, text), stdout);
}

/* "1 message", "17 messages" */
static void print_count(uint64_t number, const char *noun)
{
  print_number(number);
  printf(" %s%s", noun, number == 1 ? "" : "s");
}

void replay_print_name(const char *name)
{
  char memory[512];
  struct text text = text_in(memory, sizeof(memory));

  text_add_quoted(&text, span_from(name), "");
  fputs(text.at, stdout);
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
    replay_print_name(replay->reading.files[i].name);
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
    replay_print_name(replay->side[i].name);
    if (replay->side[i].watches)
      fputs(" (judged as with mode = \"enforce\")", stdout);
  }
  fputs("\n\n", stdout);
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

  if (!replay_saw_any(replay)) {
    puts("NOTHING JUDGED: no line of Postfix or Sendmail was found.\n");
  } else if (delivered == 0) { /* not "no mail lost": lines of delivery agents may be left out */
    puts("NOTHING DELIVERED: the log shows no message as delivered, so it cannot tell whether this "
         "policy\nwould have cost mail.\n");
  } else if (tally->delivered == 0) {
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

static void print_side(const struct replay *replay, unsigned side)
{
  const struct replay_tally *tally = replay->side[side].tally;

  fputs("Only ", stdout);
  replay_print_name(replay->side[side].name);
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
  replay_print_side(replay, side);
}

static void print_two_policies(const struct replay *replay)
{
  bool differ = false;

  for (unsigned i = 0; i < 2; i++)
    differ = differ || replay->side[i].tally->messages + replay->side[i].tally->commands > 0;
  if (!differ)
    fputs("NO DIFFERENCE: on this log the two policies refuse the same. ", stdout);
  for (unsigned i = 0; i < 2 && differ; i++)
    print_side(replay, i);
  fputs("Both would have refused ", stdout);
  print_number(replay->both);
  puts(" messages and commands.\n");
}

/* What was not seen */

static void print_told(const struct replay *replay, enum maillog_tells tells)
{
  unsigned column = UNTOLD_COLUMN;

  printf("  %-14s", maillog_tells_name(tells));
  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    const char *name = rule_entry(rule)->name;

    if (replay_tells(replay, rule) != tells)
      continue;
    if (column + 1 + strlen(name) > COLUMNS) {
      printf("\n%*s", UNTOLD_COLUMN, "");
      column = UNTOLD_COLUMN;
    }
    column += (unsigned)printf(" %s", name);
  }
  putchar('\n');
}

static void print_untold(const struct replay *replay)
{
  puts("What this log can tell of each rule:\n");
  print_told(replay, TELLS_SEEN);
  print_told(replay, TELLS_PARTLY);
  print_told(replay, TELLS_NOT);
  puts("\n  Why not more: see milter-strict-replay(8), or what --json prints.");
}

static void print_remark(uint64_t number, const char *remark)
{
  char text[32];

  if (number > 0)
    printf("  %13s  %s\n", replay_grouped(number, text), remark);
}

static void print_remarks(const struct replay *replay)
{
  const struct maillog_totals *totals = maillog_totals(replay->joiner);

  puts("\nIn this log there were:\n");
  print_remark(totals->sessions, "sessions");
  print_remark(totals->messages, "messages that entered the queue from clients");
  print_remark(totals->delivered, "of them delivered");
  print_remark(totals->passed_on,
               "of them passed on by a filter: judged as its own, not as their client's");
  print_remark(totals->refused, "commands that the mail server refused itself: not judged");
  print_remark(totals->refused_by_milter, "commands that a filter refused");
  print_remark(totals->screened, "refusals by postscreen, before any filter is asked");
  print_remark(totals->ours, "lines of milter-strict itself: left aside");
  print_remark(replay->reading.strange, "lines that are none of a log");
  print_remark(replay->reading.strays,
               "lines with a stray time stamp, taken for that of the line before");
  print_remark(replay->reading.repeated, "lines that stand in two files, counted once");
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
  if (replay->sides == 1) {
    print_answer(replay);
    replay_print_side(replay, 0);
  } else {
    print_two_policies(replay);
  }
  print_untold(replay);
  print_remarks(replay);
}
