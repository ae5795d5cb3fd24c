/*
 * A probe's report as one page: no script, no font, no picture, nothing that a browser would have
 * to ask for. The style (probe_html.css) is built in. What the server said is text, never markup,
 * and the page forbids itself to load anything, should that ever fail.
 */
#include "probe.h"

#include "probe_markup.h"

#include <string.h>

/* Made of probe_html.css. */
static const char style[] =
#include <probe_html.css.inc>
    ;

static const char head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n";

/* Most pressing first. */
static const enum probe_status by_urgency[PROBE_STATUS_COUNT] = {PROBE_FAIL, PROBE_WARN,
                                                                 PROBE_UNKNOWN, PROBE_PASS};

static void print_badge(FILE *to, enum probe_status status)
{
  fprintf(to, "<span class=\"badge %s\">%s</span>", probe_status_name(status),
          status == PROBE_UNKNOWN ? "unclear" : probe_status_words(status));
}

/* The row of a list of facts; `value` is text. */
static void print_fact(FILE *to, const char *name, const char *value)
{
  if (value[0] == '\0')
    return;
  fprintf(to, "<dt>%s</dt><dd>", name);
  markup_string(to, value);
  fputs("</dd>\n", to);
}

/* "3 checks failed", "1 check warns", "no check failed" */
static void print_verdict(FILE *to, const struct probe_report *report)
{
  unsigned failed = report->totals[PROBE_FAIL], warned = report->totals[PROBE_WARN];

  if (failed > 0)
    fprintf(to, "%u %s", failed, failed == 1 ? "check failed" : "checks failed");
  else if (report->ended[0] != '\0')
    fputs("not probed to the end", to);
  else if (warned > 0)
    fprintf(to, "nothing failed, %u %s", warned, warned == 1 ? "check warns" : "checks warn");
  else
    fputs("nothing to put right", to);
}

static void print_sums(FILE *to, const struct probe_report *report)
{
  fputs("<ul class=\"sums\">\n", to);
  for (size_t i = 0; i < PROBE_STATUS_COUNT; i++)
    fprintf(to, "<li class=\"%s\"><b>%u</b> %s</li>\n", probe_status_name(by_urgency[i]),
            report->totals[by_urgency[i]], probe_status_words(by_urgency[i]));
  fputs("</ul>\n", to);
}

static void print_others(FILE *to, const struct probe_report *report)
{
  if (report->other_count == 0)
    return;
  fputs("<dt>Not asked</dt><dd>", to);
  for (size_t i = 0; i < report->other_count; i++) {
    fputs(i > 0 ? ", " : "", to);
    markup_string(to, report->others[i]);
  }
  fputs("</dd>\n", to);
}

static void print_facts(FILE *to, const struct probe_report *report)
{
  fputs("<dl class=\"facts\">\n", to);
  print_fact(to, "Server", probe_server_name(report->server));
  print_fact(to, "Greeting", report->greeting);
  print_fact(to, "Address", report->address);
  print_others(to, report);
  fputs("<dt>When</dt><dd><time>", to);
  markup_time(to, report->when);
  fputs("</time>, took ", to);
  markup_seconds(to, report->milliseconds);
  fprintf(to,
          " s</dd>\n<dt>Asked</dt><dd>%u commands in %u connections; "
          "%llu bytes came back</dd>\n</dl>\n",
          report->commands, report->connections, (unsigned long long)report->received);
}

static void print_top(FILE *to, const struct probe_report *report)
{
  fputs("<body>\n<header>\n<p class=\"kicker\">SMTP server probed with milter-strict</p>\n<h1>",
        to);
  markup_host(to, report->host, report->port);
  fputs(": ", to);
  print_verdict(to, report);
  fputs("</h1>\n", to);
  print_sums(to, report);
  if (report->ended[0] != '\0') {
    fputs("<p class=\"ended fail\">The probe ended early: ", to);
    markup_string(to, report->ended);
    fputs("</p>\n", to);
  }
  print_facts(to, report);
  fputs("</header>\n<main>\n", to);
}

/* What to look at, the failures first and of them the severe ones. */
static void print_todo_of(FILE *to, const struct probe_report *report, enum probe_status status,
                          enum probe_severity severity)
{
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++) {
    const struct probe_check_entry *entry = probe_check_entry(check);
    const struct probe_result *result = &report->results[check];

    if (result->status != status || entry->severity != severity)
      continue;
    fputs("<li>", to);
    print_badge(to, status);
    fprintf(to, "<span class=\"what\"><a href=\"#%s\">%s</a> ", entry->name, entry->name);
    markup_string(to, result->note);
    fputs("</span></li>\n", to);
  }
}

static void print_todo(FILE *to, const struct probe_report *report)
{
  if (report->totals[PROBE_FAIL] + report->totals[PROBE_WARN] == 0)
    return;
  fputs("<h2>To look at</h2>\n<ol class=\"todo\">\n", to);
  for (size_t i = 0; by_urgency[i] != PROBE_UNKNOWN; i++)
    for (enum probe_severity severity = PROBE_HIGH + 1; severity-- > PROBE_LOW;)
      print_todo_of(to, report, by_urgency[i], severity);
  fputs("</ol>\n", to);
}

static void print_rules(FILE *to, const struct probe_check_entry *entry)
{
  if (entry->rules[0] == RULE_NONE)
    return;
  fputs("<dt>Rules</dt><dd>", to);
  for (size_t i = 0; entry->rules[i] != RULE_NONE; i++)
    fprintf(to, "%s<code>%s</code>", i > 0 ? ", " : "", rule_entry(entry->rules[i])->name);
  fputs("</dd>\n", to);
}

static void print_conversation(FILE *to, const struct probe_result *result)
{
  static const char *const classes[] = {
      [PROBE_SIDE_CLIENT] = "c", [PROBE_SIDE_SERVER] = "s", [PROBE_SIDE_EVENT] = "e"};
  struct span left = text_span(&result->transcript);
  struct probe_line line;

  if (left.len == 0)
    return;
  fputs("<ol class=\"talk\">\n", to);
  while (probe_line_next(&left, &line)) {
    fprintf(to, "<li class=\"%s\">%c ", classes[line.side], probe_side_letter(line.side));
    markup_span(to, line.text);
    fputs("</li>\n", to);
  }
  if (result->transcript.cut)
    fputs("<li class=\"e\">- cut here</li>\n", to);
  fputs("</ol>\n", to);
}

static void print_body(FILE *to, const struct probe_result *result)
{
  const struct probe_check_entry *entry = probe_check_entry(result->check);

  fputs("<div class=\"body\">\n<dl class=\"more\">\n", to);
  print_fact(to, "Found", result->note);
  if (result->remedy != NULL)
    print_fact(to, "Remedy", result->remedy);
  print_fact(to, "Why", entry->reason);
  print_fact(to, "Source", entry->source);
  print_fact(to, "Severity", probe_severity_name(entry->severity));
  print_rules(to, entry);
  fputs("</dl>\n", to);
  print_conversation(to, result);
  fputs("</div>\n", to);
}

static void print_check(FILE *to, const struct probe_result *result)
{
  const struct probe_check_entry *entry = probe_check_entry(result->check);
  bool open = result->status == PROBE_FAIL || result->status == PROBE_WARN;

  fprintf(to, "<details id=\"%s\"%s>\n<summary>", entry->name, open ? " open" : "");
  print_badge(to, result->status);
  fputs("<span class=\"what\"><span class=\"title\">", to);
  markup_string(to, entry->title);
  fprintf(to, "</span> <code>%s</code></span></summary>\n", entry->name);
  print_body(to, result);
  fputs("</details>\n", to);
}

/* "2 of 9 to look at", or "9 checks" */
static void print_area_sums(FILE *to, const struct probe_report *report, enum probe_area area)
{
  unsigned all = 0, open = 0;

  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++) {
    enum probe_status status = report->results[check].status;

    if (probe_check_entry(check)->area != area)
      continue;
    all++;
    open += status == PROBE_FAIL || status == PROBE_WARN;
  }
  if (open > 0)
    fprintf(to, "%u of %u to look at", open, all);
  else
    fprintf(to, "%u %s", all, all == 1 ? "check" : "checks");
}

static void print_area(FILE *to, const struct probe_report *report, enum probe_area area)
{
  fprintf(to, "<section>\n<h2>%s <small>", probe_area_title(area));
  print_area_sums(to, report, area);
  fputs("</small></h2>\n<div class=\"checks\">\n", to);
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++)
    if (probe_check_entry(check)->area == area)
      print_check(to, &report->results[check]);
  fputs("</div>\n</section>\n", to);
}

void probe_print_html(FILE *to, const struct probe_report *report)
{
  fputs(head, to);
  fputs("<title>", to);
  markup_host(to, report->host, report->port);
  fputs(": ", to);
  print_verdict(to, report);
  fputs("</title>\n<style>\n", to);
  fputs(style, to);
  fputs("</style>\n</head>\n", to);
  print_top(to, report);
  print_todo(to, report);
  for (enum probe_area area = 0; area < PROBE_AREA_COUNT; area++)
    print_area(to, report, area);
  fputs("</main>\n<footer>\n<p>C is what the probe sent, S what the server answered, - what "
        "happened. \\xHH is a byte that is no printable ASCII. No message was sent.</p>\n"
        "</footer>\n</body>\n</html>\n",
        to);
}
