/*
 * A probe's report as JUnit XML, which continuous integration reads: one suite, one test case a
 * check. A check that failed is a failure, one that could not tell is skipped. The format has no
 * warnings: such a check has passed, and its output begins with what was found. A probe that ended
 * early adds a test case that is an error, so that nobody takes a row of skipped checks for
 * success.
 */
#include "probe.h"

#include "probe_markup.h"

#include <string.h>

static void print_attribute(FILE *to, const char *name, const char *value)
{
  fprintf(to, " %s=\"", name);
  markup_string(to, value);
  fputs("\"", to);
}

static void print_time(FILE *to, uint32_t milliseconds)
{
  fputs(" time=\"", to);
  markup_seconds(to, milliseconds);
  fputs("\"", to);
}

static void print_property(FILE *to, const char *name, const char *value)
{
  fputs("      <property", to);
  print_attribute(to, "name", name);
  print_attribute(to, "value", value);
  fputs("/>\n", to);
}

static void print_conversation(FILE *to, const struct probe_result *result)
{
  struct span left = text_span(&result->transcript);
  struct probe_line line;

  while (probe_line_next(&left, &line)) {
    fprintf(to, "%c: ", probe_side_letter(line.side));
    markup_span(to, line.text);
    fputs("\n", to);
  }
  if (result->transcript.cut)
    fputs("(cut here)\n", to);
}

/* "VRFY tells who has a mailbox", or the title where nothing was noted. */
static const char *finding(const struct probe_result *result)
{
  return result->note[0] != '\0' ? result->note : probe_check_entry(result->check)->title;
}

static void print_failure(FILE *to, const struct probe_result *result)
{
  const struct probe_check_entry *entry = probe_check_entry(result->check);

  fputs("      <failure", to);
  print_attribute(to, "type", probe_severity_name(entry->severity));
  print_attribute(to, "message", finding(result));
  fputs(">", to);
  markup_string(to, entry->reason);
  if (result->remedy != NULL) {
    fputs("\nRemedy: ", to);
    markup_string(to, result->remedy);
  }
  fputs("\nSource: ", to);
  markup_string(to, entry->source);
  fputs("</failure>\n", to);
}

static void print_output(FILE *to, const struct probe_result *result)
{
  fputs("      <system-out>", to);
  if (result->status == PROBE_WARN) {
    fputs("warn: ", to);
    markup_string(to, finding(result));
    fputs("\n", to);
    if (result->remedy != NULL) {
      fputs("Remedy: ", to);
      markup_string(to, result->remedy);
      fputs("\n", to);
    }
  }
  print_conversation(to, result);
  fputs("</system-out>\n", to);
}

static void print_case(FILE *to, const struct probe_result *result)
{
  const struct probe_check_entry *entry = probe_check_entry(result->check);

  fprintf(to, "    <testcase classname=\"probe.%s\" name=\"%s: ", probe_area_name(entry->area),
          entry->name);
  markup_string(to, entry->title);
  fputs("\"", to);
  print_time(to, result->milliseconds);
  fputs(">\n", to);
  if (result->status == PROBE_FAIL) {
    print_failure(to, result);
  } else if (result->status == PROBE_UNKNOWN) {
    fputs("      <skipped", to);
    print_attribute(to, "message", finding(result));
    fputs("/>\n", to);
  }
  if (result->transcript.len > 0 || result->status == PROBE_WARN)
    print_output(to, result);
  fputs("    </testcase>\n", to);
}

/* The sums, which stand in both elements. */
static void print_sums(FILE *to, const struct probe_report *report)
{
  unsigned errors = report->ended[0] != '\0';

  fprintf(to, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"",
          PROBE_CHECK_COUNT + errors, report->totals[PROBE_FAIL], errors,
          report->totals[PROBE_UNKNOWN]);
  print_time(to, report->milliseconds);
}

static void print_suite_head(FILE *to, const struct probe_report *report)
{
  fputs("  <testsuite name=\"", to);
  markup_host(to, report->host, report->port);
  fputs("\"", to);
  print_sums(to, report);
  print_attribute(to, "hostname", report->host);
  fputs(" timestamp=\"", to);
  markup_time(to, report->when);
  fputs("\">\n    <properties>\n", to);
  print_property(to, "server", probe_server_name(report->server));
  print_property(to, "greeting", report->greeting);
  print_property(to, "address", report->address);
  fputs("    </properties>\n", to);
}

void probe_print_junit(FILE *to, const struct probe_report *report)
{
  fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"milter-strict probe\"", to);
  print_sums(to, report);
  fputs(">\n", to);
  print_suite_head(to, report);
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++)
    print_case(to, &report->results[check]);
  if (report->ended[0] != '\0') {
    fputs("    <testcase classname=\"probe\" name=\"the probe came to its end\" time=\"0.000\">\n"
          "      <error type=\"ended\"",
          to);
    print_attribute(to, "message", report->ended);
    fputs("/>\n    </testcase>\n", to);
  }
  fputs("  </testsuite>\n</testsuites>\n", to);
}
