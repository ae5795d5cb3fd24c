/*
 * Any bytes as what a server says: first to the reader of replies, cut into pieces as the first
 * byte says, then, if the second says so, to a whole probe, connection after connection. Holds:
 * pieces do not matter, bounds are kept, no message is sent, and nothing but printable text is
 * shown.
 */
#include "probe/recognise.h"
#include "probe/run.h"
#include "probe/smtp_reply.h"
#include "require.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct smtp_reply whole, cut;
static struct probe_report report;

static void read_in_pieces(struct span bytes, size_t step)
{
  struct span line, rest, version;
  size_t used = 0, taken;

  smtp_reply_begin(&whole);
  taken = smtp_reply_feed(&whole, bytes);
  smtp_reply_begin(&cut);
  while (used < bytes.len && cut.state == SMTP_REPLY_MORE)
    used += smtp_reply_feed(&cut, span_slice(bytes, used, used + step));
  REQUIRE(used == taken && whole.state == cut.state && whole.code == cut.code);
  REQUIRE(whole.flaws == cut.flaws && whole.lines == cut.lines && whole.len == cut.len);
  REQUIRE(whole.len <= SMTP_REPLY_MAX && whole.lines <= SMTP_REPLY_LINES_MAX);
  REQUIRE(whole.state == SMTP_REPLY_MORE || whole.lines > 0 || whole.state == SMTP_REPLY_ENDLESS);
  rest = smtp_reply_bytes(&whole);
  for (used = 0; smtp_reply_next(&rest, &line); used++) {
    struct span text = smtp_enhanced_skip(smtp_reply_text(line));

    if (recognise_version(text, &version))
      REQUIRE(version.at >= text.at && version.at + version.len <= text.at + text.len);
  }
  REQUIRE(used == whole.lines);
  (void)recognise_server(smtp_reply_bytes(&whole));
  (void)smtp_reply_keyword(&whole, "AUTH", &rest);
}

/* A server that says the bytes, from the beginning again when all is said: in the next connection,
 * or without end in this one. */
struct server {
  struct span bytes;
  size_t said, step, total;
  bool endless;
  uint64_t now;
  bool open;
};

static enum channel_fault server_open(void *context, uint64_t deadline, struct text *why)
{
  struct server *server = context;

  (void)deadline;
  (void)why;
  REQUIRE(!server->open);
  server->open = true;
  if (server->said == server->bytes.len)
    server->said = 0;
  return CHANNEL_OK;
}

static enum channel_fault server_read(void *context, char *buffer, size_t size, size_t *got,
                                      uint64_t deadline, struct text *why)
{
  struct server *server = context;
  struct span rest;

  (void)deadline;
  (void)why;
  REQUIRE(server->open);
  if (server->endless && server->said == server->bytes.len)
    server->said = 0;
  rest = span_slice(server->bytes, server->said, server->said + server->step);
  *got = rest.len < size ? rest.len : size;
  if (*got == 0)
    return CHANNEL_CLOSED;
  memcpy(buffer, rest.at, *got);
  server->said += *got;
  server->total += *got;
  REQUIRE(server->total <= 2 * PROBE_RECEIVED_MAX); /* whatever it says, somebody stops listening */
  return CHANNEL_OK;
}

static enum channel_fault server_write(void *context, struct span bytes, uint64_t deadline,
                                       struct text *why)
{
  (void)deadline;
  (void)why;
  REQUIRE(((struct server *)context)->open);
  REQUIRE(bytes.len > 0 && bytes.at[bytes.len - 1] == '\n' && bytes.at[0] != '.');
  return CHANNEL_OK;
}

static enum channel_fault server_start_tls(void *context, uint64_t deadline, struct text *why)
{
  (void)context;
  (void)deadline;
  (void)why;
  return CHANNEL_OK;
}

static void server_close(void *context)
{
  struct server *server = context;

  REQUIRE(server->open);
  server->open = false;
}

static uint64_t server_clock(void *context)
{
  return ((struct server *)context)->now;
}

static void server_pause(void *context, uint64_t milliseconds)
{
  ((struct server *)context)->now += milliseconds;
}

static bool is_printable(const char *text)
{
  for (; *text != '\0'; text++)
    if (*text != '\n' && (byte_is_control(*text) || byte_is_8bit(*text)))
      return false;
  return true;
}

static void probe(struct span bytes, size_t step, unsigned choice)
{
  struct server server = {.bytes = bytes, .step = step, .endless = (choice & 128) != 0};
  struct probe_carrier carrier = {.open = server_open,
                                  .read = server_read,
                                  .write = server_write,
                                  .start_tls = server_start_tls,
                                  .close = server_close,
                                  .clock = server_clock,
                                  .pause = server_pause,
                                  .context = &server};
  struct probe_options options = {.helo = "probe.example.net",
                                  .from = "",
                                  .user = (choice & 1) != 0 ? "alice" : NULL,
                                  .flags = (choice >> 1) & 31,
                                  .timeout = 1000,
                                  .pace = 1};

  probe_report_begin(&report, SPAN("mx.example.org"), 25);
  probe_run(&options, &carrier, NULL, &report);
  REQUIRE(!server.open);
  REQUIRE(report.commands <= PROBE_COMMANDS_MAX && report.connections <= PROBE_CONNECTIONS_MAX);
  REQUIRE(is_printable(report.greeting) && is_printable(report.ended));
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++) {
    REQUIRE(is_printable(report.results[check].note));
    REQUIRE(is_printable(report.results[check].memory));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct span bytes;

  if (size < 3 || size > 65536)
    return 0;
  bytes = (struct span){(const char *)data + 2, size - 2};
  read_in_pieces(bytes, 1 + data[0] % 16);
  if ((data[1] & 64) == 0) /* which takes a hundred times as long */
    probe(bytes, 64 + data[0], data[1]);
  return 0;
}
