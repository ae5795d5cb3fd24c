/*
 * The script of a session, made of two tables: the events with their macros as Postfix sends them
 * when nobody asks for others, and the values of macros. A macro without a value is not sent.
 */
#include "script.h"

#include <arpa/inet.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  char command;
  int stage;                 /* of its macros, SMFIM_*; -1: it has none */
  uint32_t declined, silent; /* SMFIP_* */
  const char *data;
  size_t len;
} events[] = {
#define DATA(string) (string), sizeof(string) /* with the NUL that ends the last string */
    {SMFIC_CONNECT, SMFIM_CONNECT, SMFIP_NOCONNECT, SMFIP_NR_CONN,
     DATA("mail.example.com\0"
          "4\x9c\x40"
          "192.0.2.7")},
    {SMFIC_HELO, SMFIM_HELO, SMFIP_NOHELO, SMFIP_NR_HELO, DATA("mail.example.com")},
    {SMFIC_MAIL, SMFIM_ENVFROM, SMFIP_NOMAIL, SMFIP_NR_MAIL,
     DATA("<alice.sender@example.com>\0SIZE=4321\0BODY=8BITMIME")},
    {SMFIC_RCPT, SMFIM_ENVRCPT, SMFIP_NORCPT, SMFIP_NR_RCPT, DATA("<bob@example.org>")},
    {SMFIC_RCPT, SMFIM_ENVRCPT, SMFIP_NORCPT, SMFIP_NR_RCPT, DATA("<carol.smith@example.org>")},
    {SMFIC_RCPT, SMFIM_ENVRCPT, SMFIP_NORCPT, SMFIP_NR_RCPT, DATA("<dave@lists.example.org>")},
    {SMFIC_DATA, SMFIM_DATA, SMFIP_NODATA, SMFIP_NR_DATA, "", 0},
    {SMFIC_HEADER, -1, SMFIP_NOHDRS, SMFIP_NR_HDR, DATA("From\0Alice <alice@example.com>")},
    {SMFIC_HEADER, -1, SMFIP_NOHDRS, SMFIP_NR_HDR, DATA("To\0bob@example.org")},
    {SMFIC_HEADER, -1, SMFIP_NOHDRS, SMFIP_NR_HDR, DATA("Subject\0a test of speed")},
    {SMFIC_HEADER, -1, SMFIP_NOHDRS, SMFIP_NR_HDR, DATA("Message-ID\0<1@example.com>")},
    {SMFIC_EOH, SMFIM_EOH, SMFIP_NOEOH, SMFIP_NR_EOH, "", 0},
    {SMFIC_BODY, -1, SMFIP_NOBODY, SMFIP_NR_BODY, "A line of text.\r\n", 17},
    {SMFIC_BODYEOB, SMFIM_EOM, 0, 0, "", 0},
    {SMFIC_ABORT, -1, 0, UINT32_MAX, "", 0}, /* Postfix sends it after a message, too */
    {SMFIC_QUIT, -1, 0, UINT32_MAX, "", 0},
};

static const struct {
  const char *name, *value;
} values[] = {
    {"j", "mx.example.org"},
    {"{daemon_name}", "mx.example.org"},
    {"{daemon_addr}", "192.0.2.25"},
    {"v", "Postfix 3.7.11"},
    {"i", "4XyZ012345z6789"},
    {"{mail_addr}", "alice.sender@example.com"},
    {"{mail_host}", "example.com"},
    {"{mail_mailer}", "smtp"},
    {"{rcpt_addr}", "bob@example.org"},
    {"{rcpt_host}", "example.org"},
    {"{rcpt_mailer}", "local"},
};

/* By stage, what is sent until the milter asks for something else. */
static const char *const usual_macros[] = {
    [SMFIM_CONNECT] = "j {daemon_name} {daemon_addr} v",
    [SMFIM_HELO] = "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}",
    [SMFIM_ENVFROM] =
        "i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}",
    [SMFIM_ENVRCPT] = "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
    [SMFIM_DATA] = "i",
    [SMFIM_EOM] = "i",
    [SMFIM_EOH] = "i",
};
enum { STAGES = sizeof(usual_macros) / sizeof(usual_macros[0]) };

static void add_bytes(struct script_step *step, const void *bytes, size_t len)
{
  if (step->len + len > sizeof(step->bytes))
    abort(); /* the tables above are at fault */
  if (len > 0)
    memcpy(step->bytes + step->len, bytes, len);
  step->len += len;
}

static void add_packet(struct script_step *step, char command, const void *data, size_t len)
{
  uint32_t size = htonl((uint32_t)len + 1);

  add_bytes(step, &size, sizeof(size));
  add_bytes(step, &command, 1);
  add_bytes(step, data, len);
}

struct script_step script_negotiation(void)
{
  const uint32_t offer[] = {htonl(SMFI_PROT_VERSION), htonl(SMFI_CURR_ACTS), htonl(0x1fffff)};
  struct script_step step = {.command = SMFIC_OPTNEG, .answered = true};

  add_packet(&step, SMFIC_OPTNEG, offer, sizeof(offer));
  return step;
}

/* Adds the macros of `wanted` ("j {daemon_name}") that have a value. */
static void add_macros(struct script_step *step, const char *wanted)
{
  struct script_step pairs = {0};
  char list[256], *rest = NULL;

  if (strlen(wanted) >= sizeof(list))
    abort();
  strcpy(list, wanted);
  add_bytes(&pairs, &step->command, 1);
  for (char *name = strtok_r(list, " ,", &rest); name != NULL; name = strtok_r(NULL, " ,", &rest))
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
      if (strcmp(values[i].name, name) == 0) {
        add_bytes(&pairs, name, strlen(name) + 1);
        add_bytes(&pairs, values[i].value, strlen(values[i].value) + 1);
      }
  if (pairs.len > 1)
    add_packet(step, SMFIC_MACRO, pairs.bytes, pairs.len);
}

static uint32_t number_at(const unsigned char *bytes)
{
  uint32_t number;

  memcpy(&number, bytes, sizeof(number));
  return ntohl(number);
}

/* The lists of macros that the milter asked for, after version, actions and steps. */
static bool read_lists(const unsigned char *at, size_t len, const char *macros[STAGES])
{
  while (len > 0) {
    const unsigned char *end = len > 4 ? memchr(at + 4, '\0', len - 4) : NULL;

    if (end == NULL || number_at(at) >= STAGES)
      return false;
    macros[number_at(at)] = (const char *)at + 4;
    len -= (size_t)(end + 1 - at);
    at = end + 1;
  }
  return true;
}

bool script_write(const unsigned char *answer, size_t len, struct script *out)
{
  const char *macros[STAGES];
  uint32_t steps;

  memcpy(macros, usual_macros, sizeof(macros));
  if (len < 12 || !read_lists(answer + 12, len - 12, macros))
    return false;
  steps = number_at(answer + 8);
  out->count = 0;
  for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
    struct script_step *step = &out->step[out->count];

    if ((steps & events[i].declined) != 0)
      continue;
    *step = (struct script_step){.command = events[i].command};
    step->answered = events[i].silent != UINT32_MAX && (steps & events[i].silent) == 0;
    if (events[i].stage >= 0)
      add_macros(step, macros[events[i].stage]);
    add_packet(step, events[i].command, events[i].data, events[i].len);
    out->count++;
  }
  return true;
}
