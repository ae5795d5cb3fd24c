/*
 * The words of a verdict: the lines of reply that a client reads.
 */
#ifndef MILTER_STRICT_VERDICT_H
#define MILTER_STRICT_VERDICT_H

#include "policy.h"
#include "text.h"

enum {
  VERDICT_LINES_MAX = 6,
  VERDICT_LINE_MAX = 488, /* bytes of text a line: with "550-5.999.999 " and CRLF under 512 octets,
                             RFC 5321, 4.5.3.1.5 */
};

/* A reply without the codes in front of its lines: at least one line, each ended by a NUL. */
struct reply_lines {
  struct reply_status status;
  unsigned count;
  char line[VERDICT_LINES_MAX][VERDICT_LINE_MAX + 1];
};

/* What a door can say. */
enum verdict_voice {
  VERDICT_VOICE_NEGATIVE, /* 4xx and 5xx only, as a milter: a rule that answers 2xx says 502 5.5.1
                           */
  VERDICT_VOICE_ANY,
};

/* The code that the verdict's rule answers through a door with this voice. */
struct reply_status verdict_status(const struct policy *policy, enum rule rule,
                                   enum verdict_voice voice);

/*
 * Writes the reply for a verdict (its rule is not RULE_NONE). Lines hold printable ASCII only.
 *
 *   full   the first line, which stands alone: phrase, summary, (rule)
 *          what the client sent, shown from a window of 72 columns around the fault
 *          a caret under the first wrong byte and what is wrong there
 *          the remedy, the link with "%rule" filled in, the contact
 *   brief  the first line only
 */
void verdict_reply(const struct policy *policy, const struct verdict *verdict,
                   enum verdict_voice voice, struct reply_lines *out);

/*
 * Whether the reply of `rule` can be spoken as it is set: a code that the rule may have, text of
 * printable ASCII, lines within bounds. A configuration is checked with it when it is read; when it
 * does not fit, `*why` is set to static text: what is wrong, what would be right.
 */
bool verdict_reply_fits(const struct policy *policy, enum rule rule, const char **why);

/* One line as it goes over the wire: "501-5.1.7 text" or, the last, "501 5.1.7 text"; no CRLF. */
void reply_line_write(struct text *text, const struct reply_lines *reply, unsigned line);

#endif
