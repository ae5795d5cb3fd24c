/*
 * What a probe has found: one result a check, in the order of checks.def.
 *
 * Everything that the server said is in here escaped: printable ASCII only, each other byte as
 * \xHH, each backslash as two (text_add_quoted()). It may be shown on a terminal as it is; HTML and
 * XML have to escape their own characters.
 *
 * The report owns its memory, all of it inside the structure (some 600 KiB: not on the stack).
 */
#ifndef MILTER_STRICT_PROBE_REPORT_H
#define MILTER_STRICT_PROBE_REPORT_H

#include "../policy/text.h"
#include "checks.h"

enum {
  PROBE_TRANSCRIPT_SIZE = 8192, /* bytes of one check's conversation, NUL included */
  PROBE_NOTE_SIZE = 512,
  PROBE_GREETING_SIZE = 1024,
  PROBE_HOST_SIZE = 256,
  PROBE_ADDRESS_SIZE = 64,
  PROBE_OTHERS_MAX = 15,
};

enum probe_status {
  PROBE_UNKNOWN, /* could not tell: not asked, or the answer says nothing; the note says why */
  PROBE_PASS,
  PROBE_WARN, /* not as it should be, yet common or harmless by itself */
  PROBE_FAIL, /* to be put right */
  PROBE_STATUS_COUNT,
};

struct probe_result {
  enum probe_check check;
  enum probe_status status;
  uint32_t milliseconds;      /* that the check took */
  struct text transcript;     /* what was said; see probe_line_next() */
  char note[PROBE_NOTE_SIZE]; /* what was found, a sentence without its final stop; may be "" */
  const char *remedy;         /* static; NULL when there is nothing to mend (PASS, UNKNOWN) */
  char memory[PROBE_TRANSCRIPT_SIZE];
};

struct probe_report {
  char host[PROBE_HOST_SIZE]; /* as it was given, escaped */
  uint16_t port;
  char address[PROBE_ADDRESS_SIZE]; /* the address connected to, "" when there was no connection */
  char others[PROBE_OTHERS_MAX][PROBE_ADDRESS_SIZE]; /* more of the host's, which were not asked */
  size_t other_count;
  int64_t when;                       /* seconds since 1970, when the probe began */
  uint32_t milliseconds;              /* that it took */
  enum probe_server server;           /* whose software it was taken for */
  char greeting[PROBE_GREETING_SIZE]; /* its lines joined by " / ", escaped; "" for none */
  char ended[PROBE_NOTE_SIZE];        /* why the probe ended early; "" when it did not */
  unsigned totals[PROBE_STATUS_COUNT];
  unsigned commands, connections; /* how much was asked */
  uint64_t received;              /* bytes */
  struct probe_result results[PROBE_CHECK_COUNT];
};

/* Who said a line of a transcript. */
enum probe_side {
  PROBE_SIDE_CLIENT, /* what we sent */
  PROBE_SIDE_SERVER, /* what came back */
  PROBE_SIDE_EVENT,  /* what happened: "connected", "closed by the server", "no answer within 30 s"
                      */
};

struct probe_line {
  enum probe_side side;
  struct span text; /* escaped; of the client: bytes as sent, \x0D\x0A left out where it ends so */
};

/*
 * Takes the next line off a transcript: begin with text_span(&result->transcript). False at its
 * end. The line borrows from the transcript. Where `transcript.cut` is set, lines are missing at
 * the end.
 */
bool probe_line_next(struct span *transcript, struct probe_line *out);

/* How a side is shown: "C", "S", "-". */
char probe_side_letter(enum probe_side side);

const char *probe_status_name(enum probe_status status);  /* "unknown", "pass", "warn", "fail" */
const char *probe_status_words(enum probe_status status); /* "could not tell", "pass", ... */

/* All results, UNKNOWN and empty. */
void probe_report_begin(struct probe_report *report, struct span host, uint16_t port);

/* The whole report where nothing could be asked: every check says why, half a sentence. */
void probe_report_end(struct probe_report *report, const char *why);

/* Counts the totals and looks up the remedies. */
void probe_report_finish(struct probe_report *report);

#endif
