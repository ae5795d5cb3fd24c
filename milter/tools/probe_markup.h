/*
 * Text inside HTML and XML: what both reports of a probe are written with.
 */
#ifndef MILTER_STRICT_PROBE_MARKUP_H
#define MILTER_STRICT_PROBE_MARKUP_H

#include "../policy/span.h"

#include <stdint.h>
#include <stdio.h>

/*
 * Writes `span` so that it is text and nothing else, between tags and inside an attribute in either
 * kind of quotes. Line feeds stay. Every other byte that is no printable ASCII becomes \xHH: XML
 * 1.0 has no way to write most control characters, and what is not ASCII has no known encoding.
 */
void markup_span(FILE *to, struct span span);
void markup_string(FILE *to, const char *string);

/* "mx.example.org:25", "[2001:db8::25]:25" */
void markup_host(FILE *to, const char *host, unsigned port);

/* Seconds with three decimals, "0.120", in any locale. */
void markup_seconds(FILE *to, uint64_t milliseconds);

/* "2026-11-24T15:04:05Z", or "" for a time that no calendar has. */
void markup_time(FILE *to, int64_t when);

#endif
