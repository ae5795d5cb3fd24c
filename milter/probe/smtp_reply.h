/*
 * Reads what a server says, which may be anything: one reply at a time, byte by byte, within
 * bounds. Pure; no allocation.
 *
 *   Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
 *                                                                        RFC 5321, 4.2
 */
#ifndef MILTER_STRICT_PROBE_SMTP_REPLY_H
#define MILTER_STRICT_PROBE_SMTP_REPLY_H

#include "../policy/span.h"

enum {
  SMTP_REPLY_MAX = 16384,      /* octets of one reply */
  SMTP_REPLY_LINES_MAX = 128,  /* lines of one reply */
  SMTP_REPLY_LINE_MAX = 4096,  /* octets of a line that is still read */
  SMTP_REPLY_LINE_OCTETS = 512 /* octets that a line may have, CRLF included: 4.5.3.1.5 */
};

enum smtp_reply_state {
  SMTP_REPLY_MORE,    /* not complete yet */
  SMTP_REPLY_WHOLE,   /* complete */
  SMTP_REPLY_GARBAGE, /* a line does not begin with a reply code: no SMTP */
  SMTP_REPLY_ENDLESS, /* longer than the bounds above */
};

/* What is wrong with a reply; the first ones can be read all the same. */
enum smtp_reply_flaw {
  SMTP_FLAW_LF = 1 << 0,        /* a line ends in a bare LF */
  SMTP_FLAW_LENGTH = 1 << 1,    /* a line has more than 512 octets */
  SMTP_FLAW_CONTROL = 1 << 2,   /* a control character, a bare CR included */
  SMTP_FLAW_8BIT = 1 << 3,      /* a byte over 0x7f */
  SMTP_FLAW_CODES = 1 << 4,     /* lines with different codes */
  SMTP_FLAW_SEPARATOR = 1 << 5, /* neither a space nor a hyphen after the code */
  /* Set by who reads the connection: */
  SMTP_FLAW_CUT = 1 << 6,     /* the connection ended within it */
  SMTP_FLAW_GARBAGE = 1 << 7, /* its state is GARBAGE */
  SMTP_FLAW_ENDLESS = 1 << 8, /* its state is ENDLESS */
  SMTP_FLAW_END = 1 << 9,
};

struct smtp_reply {
  enum smtp_reply_state state;
  unsigned code;  /* of the first line, 200 to 599; 0 until there is one */
  unsigned flaws; /* enum smtp_reply_flaw */
  unsigned lines; /* complete ones */
  size_t line_at; /* offset of the line that is being read */
  size_t len;
  char bytes[SMTP_REPLY_MAX]; /* as they came, line ends included */
};

struct smtp_enhanced {
  unsigned class, subject, detail;
};

/* How the enhanced codes of a reply fit it; the worst of its lines decides. */
enum smtp_enhanced_fit {
  SMTP_ENHANCED_FITS,
  SMTP_ENHANCED_MIXED,   /* its lines have different ones */
  SMTP_ENHANCED_MISSING, /* a line has none */
  SMTP_ENHANCED_WRONG,   /* of another class than the reply */
  SMTP_ENHANCED_COUNT,
};

/* Nothing read yet. */
void smtp_reply_begin(struct smtp_reply *reply);

/* Takes bytes until the reply is no longer MORE, and returns how many it took. */
size_t smtp_reply_feed(struct smtp_reply *reply, struct span bytes);

/* Takes the next complete line off `rest`, which begins as smtp_reply_bytes(); without its line
 * end. False at the end. */
struct span smtp_reply_bytes(const struct smtp_reply *reply);
bool smtp_reply_next(struct span *rest, struct span *line);

/* SMTP_FLAW_CONTROL and SMTP_FLAW_8BIT, where bytes of a line are such; its end is none. */
unsigned smtp_text_flaws(struct span line);

/* What follows the code and its separator in a line. */
struct span smtp_reply_text(struct span line);

/* "5.1.1" at the beginning of a line's text; RFC 3463, 2. */
bool smtp_enhanced_parse(struct span text, struct smtp_enhanced *out);

/* `text` without an enhanced code at its beginning. */
struct span smtp_enhanced_skip(struct span text);

/* How those of a complete reply fit; RFC 2034, 3 and 4. */
enum smtp_enhanced_fit smtp_reply_enhanced(const struct smtp_reply *reply);

/* Whether a reply to EHLO lists this keyword, and what stands after it (may be NULL). */
bool smtp_reply_keyword(const struct smtp_reply *reply, const char *keyword,
                        struct span *parameters);

/* A flaw as half a sentence: "a line ends in a bare LF". Static. */
const char *smtp_flaw_words(enum smtp_reply_flaw flaw);

#endif
