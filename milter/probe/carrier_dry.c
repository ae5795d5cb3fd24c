/*
 * A server that is not there: it offers everything and refuses what should be refused, so that a
 * probe goes through all of its questions. Time passes only when somebody waits.
 */
#include "carrier.h"

#include <string.h>

static enum channel_fault dry_open(void *context, uint64_t deadline, struct text *why)
{
  struct probe_dry *dry = context;

  (void)deadline;
  (void)why;
  dry->answer = text_in(dry->memory, sizeof(dry->memory));
  dry->read = 0;
  dry->tls = dry->greeted = false;
  dry->data = 0;
  text_add(&dry->answer, "220 mx.example.org ESMTP\r\n");
  return CHANNEL_OK;
}

static enum channel_fault dry_read(void *context, char *buffer, size_t size, size_t *got,
                                   uint64_t deadline, struct text *why)
{
  struct probe_dry *dry = context;
  size_t left = dry->answer.len - dry->read;

  (void)deadline;
  if (left == 0) {
    text_add(why, "closed");
    return CHANNEL_CLOSED;
  }
  *got = left < size ? left : size;
  memcpy(buffer, dry->answer.at + dry->read, *got);
  dry->read += *got;
  if (dry->read == dry->answer.len) {
    text_clear(&dry->answer);
    dry->read = 0;
  }
  return CHANNEL_OK;
}

static void answer_ehlo(struct probe_dry *dry)
{
  dry->greeted = true;
  text_add(&dry->answer,
           "250-mx.example.org\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n");
  text_add(&dry->answer, dry->tls ? "" : "250-STARTTLS\r\n");
  text_add(&dry->answer, "250 ENHANCEDSTATUSCODES\r\n");
}

/* Whether the mailbox of the site, or its postmaster, stands in the line as it should. */
static bool is_ours(const struct probe_dry *dry, struct span line)
{
  char memory[600];
  struct text path = text_in(memory, sizeof(memory));

  text_add(&path, "RCPT TO:<");
  if (dry->user != NULL) {
    text_add(&path, dry->user);
    text_add(&path, "@");
    text_add(&path, dry->domain != NULL ? dry->domain : "mx.example.org");
    text_add(&path, ">");
    if (span_equals(line, text_span(&path)))
      return true;
  }
  return span_equals_nocase(line, SPAN("RCPT TO:<postmaster>"));
}

static const struct {
  struct span verb;
  const char *answer;
} answers[] = {
    {SPAN("MAIL"), "250 2.1.0 fine\r\n"},    {SPAN("RSET"), "250 2.0.0 fine\r\n"},
    {SPAN("NOOP"), "250 2.0.0 fine\r\n"},    {SPAN("QUIT"), "221 2.0.0 good-bye\r\n"},
    {SPAN("DATA"), "503 5.5.1 no\r\n"},      {SPAN("VRFY"), "252 2.0.0 send it\r\n"},
    {SPAN("STARTTLS"), "220 2.0.0 go\r\n"},  {SPAN("HELP"), "214 2.0.0 help yourself\r\n"},
    {SPAN("GET "), "421 4.7.0 no SMTP\r\n"}, {SPAN("BDAT"), "503 5.5.1 no\r\n"},
};

/* "BDAT 6": how many octets follow; RFC 3030, 2. */
static size_t length_of(struct span line)
{
  size_t length = 0;

  for (size_t i = sizeof("BDAT"); i < line.len && byte_is_digit(line.at[i]); i++)
    length = length * 10 + (size_t)(line.at[i] - '0');
  return length;
}

static void answer_line(struct probe_dry *dry, struct span line)
{
  if (span_starts_nocase(line, SPAN("BDAT ")))
    dry->data = length_of(line);
  if (span_starts_nocase(line, SPAN("EHLO")) || span_starts_nocase(line, SPAN("HELO"))) {
    answer_ehlo(dry);
    return;
  }
  if (span_starts_nocase(line, SPAN("RCPT"))) {
    text_add(&dry->answer,
             is_ours(dry, line) && dry->greeted ? "250 2.1.5 fine\r\n" : "550 5.1.1 no\r\n");
    return;
  }
  for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
    if (span_starts_nocase(line, answers[i].verb)) {
      text_add(&dry->answer, answers[i].answer);
      return;
    }
  text_add(&dry->answer, "500 5.5.2 no\r\n");
}

static enum channel_fault dry_write(void *context, struct span bytes, uint64_t deadline,
                                    struct text *why)
{
  struct probe_dry *dry = context;

  (void)deadline;
  (void)why;
  while (bytes.len > 0) {
    size_t skipped = dry->data < bytes.len ? dry->data : bytes.len;
    size_t end;
    struct span line;

    dry->data -= skipped;
    bytes = span_slice(bytes, skipped, bytes.len);
    if (bytes.len == 0)
      break;
    end = span_find(bytes, '\n');
    line = span_slice(bytes, 0, end);
    if (line.len > 0 && line.at[line.len - 1] == '\r')
      line.len--;
    answer_line(dry, line);
    bytes = span_slice(bytes, end + 1, bytes.len);
  }
  return CHANNEL_OK;
}

static enum channel_fault dry_start_tls(void *context, uint64_t deadline, struct text *why)
{
  struct probe_dry *dry = context;

  (void)deadline;
  (void)why;
  dry->tls = true;
  return CHANNEL_OK;
}

static void dry_close(void *context)
{
  (void)context;
}

static uint64_t dry_clock(void *context)
{
  return ((struct probe_dry *)context)->now;
}

static void dry_pause(void *context, uint64_t milliseconds)
{
  ((struct probe_dry *)context)->now += milliseconds;
}

struct probe_carrier probe_carrier_dry(struct probe_dry *dry)
{
  return (struct probe_carrier){
      .open = dry_open,
      .read = dry_read,
      .write = dry_write,
      .start_tls = dry_start_tls,
      .close = dry_close,
      .clock = dry_clock,
      .pause = dry_pause,
      .context = dry,
  };
}
