/*
 * Whether the server takes mail for others from us. Nothing is sent after RCPT.
 */
#include "ask.h"

#include <stdio.h>
#include <string.h>

#define ELSEWHERE "probe@example.com"

/* A deferral of RCPT that is a refusal to relay, as Postfix's default is, and not greylisting:
 * "delayed" is not "relay". So is the wish for a login. */
static bool is_relay_denial(const struct talk *talk)
{
  struct span text = span_from(talk->shown);

  for (; text.len > 0; text = span_slice(text, 1, text.len))
    if (span_starts_nocase(text, SPAN("relay")))
      return true;
  return talk->reply.code == 454 || talk_is_conditional(talk);
}

/* Whether a recipient is taken from this sender. A sender that is not taken relays nothing. */
static enum talk_answer ask_from(struct talk *talk, const char *sender, const char *recipient)
{
  enum talk_answer answer;
  bool begun;

  if (!talk_at(talk, TALK_GREETED))
    return TALK_NOTHING;
  answer = talk_ask(talk, "MAIL FROM:<%s>", sender);
  begun = answer == TALK_YES;
  if (begun)
    answer = talk_ask(talk, "RCPT TO:%s", recipient);
  if (answer == TALK_NOTHING || answer == TALK_GONE) {
    (void)talk_untold(talk);
    return TALK_NOTHING;
  }
  if (answer == TALK_LATER && begun && is_relay_denial(talk))
    answer = TALK_NO;
  return answer;
}

static enum probe_status tell_open(struct talk *talk, const char *how)
{
  talk->relays = true;
  if (talk->report->server == PROBE_SERVER_SESSION)
    return talk_conclude(talk, PROBE_UNKNOWN, "it takes any recipient, and delivers nothing");
  if (ask_is(talk, PROBE_FLAG_NEAR))
    return talk_conclude(talk, PROBE_UNKNOWN,
                         "it relays for us (%s), as most do for their own machine and network; "
                         "ask from a host that it must not trust, or say --stranger",
                         how);
  return talk_conclude(talk, PROBE_FAIL, "an open relay: taken %s", how);
}

static void write_literal(const struct talk *talk, struct text *out)
{
  const char *address = talk->report->address;

  text_add(out, strchr(address, ':') != NULL ? "[IPv6:" : "[");
  text_add(out, address[0] != '\0' ? address : "192.0.2.25");
  text_add(out, "]");
}

/* %d: the server's domain, %i: its address literal, %n: a name that nobody has, %u: the mailbox
 * that should exist, %f: our sender. */
static void write_route(const struct talk *talk, const char *path, struct text *out)
{
  const char *user = talk->options->user;

  for (; *path != '\0'; path++) {
    if (path[0] == '%' && path[1] == 'd')
      text_add(out, talk->domain);
    else if (path[0] == '%' && path[1] == 'n')
      text_add(out, ASK_NOBODY);
    else if (path[0] == '%' && path[1] == 'i')
      write_literal(talk, out);
    else if (path[0] == '%' && path[1] == 'u')
      text_add(out, user != NULL ? user : "postmaster");
    else if (path[0] == '%' && path[1] == 'f')
      text_add(out, talk->options->from);
    else {
      text_add_byte(out, *path);
      continue;
    }
    path++;
  }
}

/* Senders that servers have been known to trust by their address alone. */
static const struct {
  const char *sender; /* see write_route() */
  const char *how;
} senders[] = {
    {"%f", "from the sender of --from-address"},      {"", "from the null sender"},
    {"probe@example.net", "from a foreign sender"},   {"%u@%d", "from a sender of its own domain"},
    {"probe@%i", "from a sender at its own address"}, {"root@localhost", "from root@localhost"},
};

enum probe_status ask_open_relay(struct talk *talk)
{
  char sender[600];
  struct text text = text_in(sender, sizeof(sender));
  size_t first = talk->options->from[0] != '\0' ? 0 : 1;
  unsigned deferred = 0;

  if (!talk_at(talk, TALK_CONNECTED)) /* the greeting names the domain */
    return PROBE_UNKNOWN;
  for (size_t i = first; i < sizeof(senders) / sizeof(senders[0]); i++) {
    enum talk_answer answer;

    text_clear(&text);
    write_route(talk, senders[i].sender, &text);
    answer = ask_from(talk, sender, "<" ELSEWHERE ">");
    if (answer == TALK_YES)
      return tell_open(talk, senders[i].how);
    if (answer == TALK_NOTHING)
      return PROBE_UNKNOWN;
    deferred += answer == TALK_LATER;
  }
  if (deferred > 0 && talk_is_conditional(talk))
    return talk_untold(talk);
  if (deferred > 0)
    return talk_conclude(talk, PROBE_UNKNOWN, "deferred for now: %s", talk->shown);
  return PROBE_PASS;
}

struct route {
  const char *path;    /* see write_route() */
  const char *control; /* as the path, with a local part that routes nowhere */
};

#define CONTROL "<%n@%d>"

static const struct route routes[] = {
    {"<probe%example.com@%d>", CONTROL}, {"<probe%example.com@%i>", "<%n@%i>"},
    {"<probe%example.com>", "<%n>"},     {"<example.com!probe@%d>", CONTROL},
    {"<example.com!probe>", "<%n>"},     {"<\"probe@example.com\"@%d>", CONTROL},
    {"<\"probe@example.com\">", "<%n>"}, {"<\"probe%example.com\"@%d>", CONTROL},
    {"<@%d:probe@example.com>", NULL},   {"<@%i:probe@example.com>", NULL},
    {"<probe@example.com@%d>", CONTROL}, {"<probe@%d@example.com>", NULL},
    {"<probe@[192.0.2.1]>", NULL},
};

static enum talk_answer ask_route(struct talk *talk, const char *path, struct text *line)
{
  text_clear(line);
  write_route(talk, path, line);
  return ask_from(talk, talk->options->from, line->at);
}

enum probe_status ask_relay_routes(struct talk *talk)
{
  char memory[600];
  struct text line = text_in(memory, sizeof(memory));
  unsigned meaningless = 0, deferred = 0;

  if (talk->relays)
    return talk_conclude(talk, PROBE_UNKNOWN, "it relays for us without any");
  for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
    enum talk_answer answer = ask_route(talk, routes[i].path, &line);

    if (answer == TALK_NOTHING)
      return PROBE_UNKNOWN;
    deferred += answer == TALK_LATER;
    if (answer != TALK_YES)
      continue;
    /* A server that takes any local part may take this one for a mailbox, too. */
    if (routes[i].control != NULL) {
      answer = ask_route(talk, routes[i].control, &line);
      if (answer == TALK_NOTHING)
        return PROBE_UNKNOWN;
      if (answer == TALK_YES) {
        meaningless++;
        continue;
      }
      (void)ask_route(talk, routes[i].path, &line);
    }
    return talk_conclude(talk, PROBE_FAIL, "RCPT TO:%.300s is taken", memory);
  }
  if (deferred > 0)
    return talk_conclude(talk, PROBE_UNKNOWN, "%u of %zu forms were deferred only", deferred,
                         sizeof(routes) / sizeof(routes[0]));
  if (meaningless > 0)
    return talk_conclude(talk, PROBE_UNKNOWN,
                         "it takes any name, so that %u of %zu forms tell nothing; the others are "
                         "refused",
                         meaningless, sizeof(routes) / sizeof(routes[0]));
  return PROBE_PASS;
}
