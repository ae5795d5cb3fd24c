/*
 * The report of a probe: its empty form, its sums, and how transcripts are read.
 */
#include "report.h"

static const struct {
  const char *name, *words;
} statuses[PROBE_STATUS_COUNT] = {
    [PROBE_UNKNOWN] = {"unknown", "could not tell"},
    [PROBE_PASS] = {"pass", "pass"},
    [PROBE_WARN] = {"warn", "warn"},
    [PROBE_FAIL] = {"fail", "fail"},
};

static const char letters[] = {
    [PROBE_SIDE_CLIENT] = 'C', [PROBE_SIDE_SERVER] = 'S', [PROBE_SIDE_EVENT] = '-'};

/* "S: 250 Ok\n" */
bool probe_line_next(struct span *transcript, struct probe_line *out)
{
  size_t end = span_find(*transcript, '\n');
  struct span line = span_slice(*transcript, 0, end);

  if (line.len < 3)
    return false;
  *transcript = span_slice(*transcript, end + 1, transcript->len);
  out->side = line.at[0] == 'C'   ? PROBE_SIDE_CLIENT
              : line.at[0] == 'S' ? PROBE_SIDE_SERVER
                                  : PROBE_SIDE_EVENT;
  out->text = span_slice(line, 3, line.len);
  return true;
}

char probe_side_letter(enum probe_side side)
{
  return letters[side];
}

const char *probe_status_name(enum probe_status status)
{
  return statuses[status].name;
}

const char *probe_status_words(enum probe_status status)
{
  return statuses[status].words;
}

void probe_report_begin(struct probe_report *report, struct span host, uint16_t port)
{
  struct text name;

  *report = (struct probe_report){.port = port};
  name = text_in(report->host, sizeof(report->host));
  text_add_quoted(&name, host, "\\");
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++) {
    struct probe_result *result = &report->results[check];

    result->check = check;
    result->transcript = text_in(result->memory, sizeof(result->memory));
  }
}

void probe_report_end(struct probe_report *report, const char *why)
{
  struct text ended = text_in(report->ended, sizeof(report->ended));

  text_add_quoted(&ended, span_from(why), "\\");
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++) {
    struct probe_result *result = &report->results[check];
    struct text note = text_in(result->note, sizeof(result->note));

    text_add(&note, "not asked: ");
    text_add(&note, report->ended);
  }
  probe_report_finish(report);
}

void probe_report_finish(struct probe_report *report)
{
  for (enum probe_status status = 0; status < PROBE_STATUS_COUNT; status++)
    report->totals[status] = 0;
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++) {
    struct probe_result *result = &report->results[check];

    report->totals[result->status]++;
    result->remedy = result->status == PROBE_WARN || result->status == PROBE_FAIL
                         ? probe_check_remedy(check, report->server)
                         : NULL;
  }
}
