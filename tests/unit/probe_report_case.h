/*
 * Reports for the tests of their writers, and what is written as one string.
 */
#ifndef MILTER_STRICT_PROBE_REPORT_CASE_H
#define MILTER_STRICT_PROBE_REPORT_CASE_H

#include "../../milter/probe/report.h"
#include "../../milter/tools/probe.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* What ends tags, attributes, CDATA, comments, scripts and styles, and bytes that XML forbids. A
 * report holds no such bytes, but its writers shall not rely on that. */
#define HOSTILE                                                                                    \
  "</pre></style><script>alert(1)</script>\" onload='x' &lt; ]]> --> \x01\x1b[31m\x7f\xff\xc0"

/* A report on which nothing was asked; to be freed. */
static inline struct probe_report *report_new(void)
{
  struct probe_report *report = malloc(sizeof(*report));

  assert_non_null(report);
  probe_report_begin(report, SPAN("mx.example.org"), 25);
  report->when = 1795535473; /* 2026-11-24T15:51:13Z */
  report->milliseconds = 12045;
  return report;
}

static inline void report_set(struct probe_report *report, enum probe_check check,
                              enum probe_status status, const char *note, const char *transcript)
{
  struct probe_result *result = &report->results[check];
  struct text words = text_in(result->note, sizeof(result->note));

  text_add(&words, note);
  text_add(&result->transcript, transcript);
  result->status = status;
  result->milliseconds = 120;
}

/* A report of a server that says HOSTILE wherever it can. */
static inline struct probe_report *report_hostile(void)
{
  static const enum probe_status statuses[] = {PROBE_FAIL, PROBE_WARN, PROBE_PASS, PROBE_UNKNOWN};
  struct probe_report *report = report_new();
  struct text greeting = text_in(report->greeting, sizeof(report->greeting));
  struct text ended = text_in(report->ended, sizeof(report->ended));
  struct text host = text_in(report->host, sizeof(report->host));

  text_add(&host, HOSTILE);
  text_add(&greeting, HOSTILE);
  text_add(&ended, HOSTILE);
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++)
    report_set(report, check, statuses[check % 4], HOSTILE,
               "C: " HOSTILE "\nS: 250 " HOSTILE "\n-: " HOSTILE "\n");
  probe_report_finish(report);
  return report;
}

/* All that `print` writes, to be freed. */
static inline char *printed(void (*print)(FILE *to, const struct probe_report *report),
                            const struct probe_report *report)
{
  char *text = NULL;
  size_t size = 0;
  FILE *to = open_memstream(&text, &size);

  assert_non_null(to);
  print(to, report);
  assert_int_equal(ferror(to), 0);
  assert_int_equal(fclose(to), 0);
  assert_int_equal(strlen(text), size); /* no NUL within */
  return text;
}

static inline unsigned occurrences(const char *text, const char *words)
{
  unsigned count = 0;

  for (const char *at = text; (at = strstr(at, words)) != NULL; at += strlen(words))
    count++;
  return count;
}

static inline void assert_has(const char *text, const char *words)
{
  if (strstr(text, words) == NULL)
    fail_msg("not there: %s", words);
}

static inline void assert_lacks(const char *text, const char *words)
{
  if (strstr(text, words) != NULL)
    fail_msg("there: %s", words);
}

/* Printable ASCII and line feeds, nothing else. */
static inline void assert_plain(const char *text)
{
  for (const char *at = text; *at != '\0'; at++)
    if (*at != '\n' && (*at < ' ' || *at > '~'))
      fail_msg("byte 0x%02x at %td", (unsigned)(unsigned char)*at, at - text);
}

#endif
