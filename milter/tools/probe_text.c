/*
 * A probe's report for a terminal: one line a check, and below those that are not as they should be
 * what was found, what to do, and what was said.
 */
#include "probe.h"

#include <string.h>

enum { NAME_COLUMNS = 21, INDENT = 7, LABEL_COLUMNS = 8 };

struct paper {
  FILE *to;
  const struct probe_report *report;
  bool colour, verbose;
  unsigned columns;
};

static const char *colour_of(enum probe_status status)
{
  static const char *const colours[PROBE_STATUS_COUNT] = {
      [PROBE_UNKNOWN] = "\033[2m",
      [PROBE_PASS] = "\033[32m",
      [PROBE_WARN] = "\033[33m",
      [PROBE_FAIL] = "\033[1;31m",
  };

  return colours[status];
}

static void print_coloured(const struct paper *paper, enum probe_status status, const char *words)
{
  if (paper->colour)
    fprintf(paper->to, "%s%s\033[0m", colour_of(status), words);
  else
    fputs(words, paper->to);
}

/* A paragraph behind its label, broken at spaces. */
static void print_paragraph(const struct paper *paper, const char *label, const char *words)
{
  size_t begin = INDENT + LABEL_COLUMNS, column = begin;
  struct span rest = span_from(words);

  if (rest.len == 0)
    return;
  fprintf(paper->to, "%*s%-*s", INDENT, "", LABEL_COLUMNS, label);
  while (rest.len > 0) {
    struct span word = span_slice(rest, 0, span_find(rest, ' '));

    if (column > begin && column + 1 + word.len > paper->columns) {
      fprintf(paper->to, "\n%*s", (int)begin, "");
      column = begin;
    }
    fprintf(paper->to, "%s%.*s", column > begin ? " " : "", (int)word.len, word.at);
    column += word.len + (column > begin ? 1 : 0);
    rest = span_slice(rest, word.len + 1, rest.len);
  }
  fputc('\n', paper->to);
}

static void print_transcript(const struct paper *paper, const struct probe_result *result)
{
  struct span rest = text_span(&result->transcript);
  struct probe_line line;

  while (probe_line_next(&rest, &line))
    fprintf(paper->to, "%*s%c  %.*s\n", INDENT, "", probe_side_letter(line.side),
            (int)line.text.len, line.text.at);
  if (result->transcript.cut)
    fprintf(paper->to, "%*s-  and more\n", INDENT, "");
}

static void print_details(const struct paper *paper, const struct probe_result *result)
{
  const struct probe_check_entry *entry = probe_check_entry(result->check);
  bool bad = result->status == PROBE_WARN || result->status == PROBE_FAIL;

  if (bad || paper->verbose || result->status == PROBE_UNKNOWN)
    print_paragraph(paper, "found", result->note);
  if (bad)
    print_paragraph(paper, "remedy", result->remedy);
  if (result->status == PROBE_FAIL || (bad && paper->verbose)) {
    print_paragraph(paper, "why", entry->reason);
    print_paragraph(paper, "source", entry->source);
  }
  if (result->status == PROBE_FAIL || paper->verbose)
    print_transcript(paper, result);
}

static void print_check(const struct paper *paper, const struct probe_result *result)
{
  static const char *const words[PROBE_STATUS_COUNT] = {[PROBE_UNKNOWN] = "?   ",
                                                        [PROBE_PASS] = "pass",
                                                        [PROBE_WARN] = "warn",
                                                        [PROBE_FAIL] = "FAIL"};
  const struct probe_check_entry *entry = probe_check_entry(result->check);

  print_coloured(paper, result->status, words[result->status]);
  fprintf(paper->to, "   %-*s %s", NAME_COLUMNS, entry->name, entry->title);
  if (result->status == PROBE_FAIL || result->status == PROBE_WARN)
    fprintf(paper->to, " (%s)", probe_severity_name(entry->severity));
  fputc('\n', paper->to);
  print_details(paper, result);
}

static void print_head(const struct paper *paper)
{
  const struct probe_report *report = paper->report;

  fprintf(paper->to, "%s, port %u", report->host, report->port);
  if (report->address[0] != '\0' && strcmp(report->address, report->host) != 0)
    fprintf(paper->to, " (%s)", report->address);
  fprintf(paper->to, ": %s\n",
          report->server != PROBE_SERVER_UNKNOWN ? probe_server_name(report->server)
          : report->address[0] != '\0'           ? "a server that is not recognised"
                                                 : "no connection");
  if (report->greeting[0] != '\0')
    fprintf(paper->to, "%s\n", report->greeting);
  for (size_t i = 0; i < report->other_count; i++)
    fprintf(paper->to, "%s%s%s", i == 0 ? "Not asked, of the same name: " : ", ", report->others[i],
            i + 1 == report->other_count ? "\n" : "");
  if (strncmp(report->address, "127.", 4) == 0 || strcmp(report->address, "::1") == 0)
    fputs("Asked from the machine itself, which many servers and milter-strict's exempt.networks "
          "trust:\nothers may be answered more strictly.\n",
          paper->to);
}

static void print_totals(const struct paper *paper)
{
  const struct probe_report *report = paper->report;
  static const struct {
    enum probe_status status;
    const char *words;
  } shown[] = {{PROBE_FAIL, "failed"},
               {PROBE_WARN, "warnings"},
               {PROBE_PASS, "passed"},
               {PROBE_UNKNOWN, "could not be told"}};

  fputc('\n', paper->to);
  if (report->ended[0] != '\0')
    fprintf(paper->to, "The probe ended early: %s\n", report->ended);
  for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
    char words[64];

    snprintf(words, sizeof(words), "%u %s", report->totals[shown[i].status], shown[i].words);
    fputs(i > 0 ? ", " : "", paper->to);
    if (report->totals[shown[i].status] > 0)
      print_coloured(paper, shown[i].status, words);
    else
      fputs(words, paper->to);
  }
  fprintf(paper->to, "; %u commands over %u connections in %u s\n", report->commands,
          report->connections, (report->milliseconds + 500) / 1000);
}

void probe_print_text(FILE *to, const struct probe_report *report, unsigned flags, unsigned columns)
{
  const struct paper paper = {
      .to = to,
      .report = report,
      .colour = (flags & PROBE_TEXT_COLOUR) != 0,
      .verbose = (flags & PROBE_TEXT_VERBOSE) != 0,
      .columns = columns,
  };

  print_head(&paper);
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++) {
    enum probe_area area = probe_check_entry(check)->area;

    if (check == 0 || area != probe_check_entry(check - 1)->area)
      fprintf(to, "\n%s\n", probe_area_title(area));
    print_check(&paper, &report->results[check]);
  }
  print_totals(&paper);
}
