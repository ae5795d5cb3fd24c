/*
 * Whether VRFY and EXPN tell who has a mailbox: what they say of somebody who exists, of somebody
 * who does not, and of somebody elsewhere, held against each other.
 */
#include "ask.h"

#include <string.h>

enum { NAME_SIZE = 512, TEXT_SIZE = 1024 };

/* What was said of one name, with the name itself taken out. */
struct said {
  enum talk_answer answer;
  unsigned code;
  bool unknown; /* "there is no such user" */
  char shown[256];
  char text[TEXT_SIZE];
};

/* 550, 551 or 553 with an enhanced code about the mailbox, or words to this effect. */
static bool says_unknown(const struct smtp_reply *reply, struct span line)
{
  struct span text = smtp_reply_text(line);
  struct smtp_enhanced enhanced;

  if (reply->code != 550 && reply->code != 551 && reply->code != 553)
    return false;
  return (smtp_enhanced_parse(text, &enhanced) && enhanced.subject == 1) || ask_means_nobody(text);
}

/* The text of a reply with `name` as "{}", so that replies to different names can be compared. */
static void without_name(struct text *out, struct span line, struct span name)
{
  while (line.len > 0) {
    bool here = name.len > 0 && span_starts_nocase(line, name);

    if (here)
      text_add(out, "{}");
    else
      text_add_byte(out, line.at[0]);
    line = span_slice(line, here ? name.len : 1, line.len);
  }
  text_add_byte(out, '\n');
}

/* False when nothing was said. */
static bool ask_about(struct talk *talk, const char *verb, const char *name, struct said *out)
{
  struct text text = text_in(out->text, sizeof(out->text));
  struct text shown = text_in(out->shown, sizeof(out->shown));
  struct span rest, line;

  if (!talk_at(talk, TALK_GREETED))
    return false;
  out->answer = talk_ask(talk, "%s %s", verb, name);
  if (out->answer == TALK_NOTHING || out->answer == TALK_GONE || talk_is_conditional(talk)) {
    (void)talk_untold(talk);
    return false;
  }
  out->code = talk->reply.code;
  out->unknown = false;
  text_add(&shown, talk->shown);
  rest = smtp_reply_bytes(&talk->reply);
  while (smtp_reply_next(&rest, &line)) {
    out->unknown |= says_unknown(&talk->reply, line);
    without_name(&text, line, span_from(name));
  }
  return true;
}

static bool differ(const struct said *a, const struct said *b)
{
  return a->code != b->code || strcmp(a->text, b->text) != 0;
}

static enum probe_status tell_leak(struct talk *talk, const char *name, const struct said *there,
                                   const struct said *nobody)
{
  return talk_conclude(talk, PROBE_FAIL, "%.100s gets \"%.120s\", who does not exist \"%.120s\"",
                       name, there->shown, nobody->shown);
}

/* Somebody who should exist against nobody. */
static enum probe_status compare(struct talk *talk, const char *name, bool sure,
                                 const struct said *there, const struct said *nobody)
{
  if (there->answer == TALK_LATER || nobody->answer == TALK_LATER)
    return differ(there, nobody) && there->answer != nobody->answer &&
                   (there->answer == TALK_YES || nobody->unknown)
               ? tell_leak(talk, name, there, nobody)
           : differ(there, nobody) ? talk_untold(talk)
                                   : PROBE_PASS;
  if (!differ(there, nobody))
    return PROBE_PASS;
  /* Many servers answer for their postmaster alone: without a user that is no proof. */
  if (sure || (there->answer == TALK_YES && nobody->unknown))
    return tell_leak(talk, name, there, nobody);
  return PROBE_UNKNOWN;
}

static enum probe_status ask_names(struct talk *talk, const char *verb)
{
  struct said nobody, there, nobody_at, elsewhere;
  const char *user = talk->options->user;
  char name[NAME_SIZE];
  struct text full = text_in(name, sizeof(name));
  enum probe_status status;

  if (!ask_about(talk, verb, ASK_NOBODY, &nobody) ||
      !ask_about(talk, verb, user != NULL ? user : "postmaster", &there))
    return PROBE_UNKNOWN;
  status = compare(talk, user != NULL ? user : "postmaster", user != NULL, &there, &nobody);
  if (status == PROBE_FAIL)
    return status;
  text_add(&full, ASK_NOBODY "@");
  text_add(&full, talk->domain);
  if (!ask_about(talk, verb, name, &nobody_at))
    return PROBE_UNKNOWN;
  text_clear(&full);
  ask_mailbox(talk, &full);
  if (user == NULL) {
    text_add(&full, "@");
    text_add(&full, talk->domain);
  }
  if (!ask_about(talk, verb, name, &there))
    return PROBE_UNKNOWN;
  if (compare(talk, name, user != NULL, &there, &nobody_at) == PROBE_FAIL)
    return PROBE_FAIL;
  if (status == PROBE_UNKNOWN)
    return talk_conclude(talk, PROBE_UNKNOWN,
                         "postmaster is answered otherwise than nobody: give a user with --user");
  if (!ask_about(talk, verb, ASK_NOBODY "@example.com", &elsewhere))
    return PROBE_UNKNOWN;
  /* That a domain is not served here is no secret: RCPT has to say so. */
  return talk_conclude(talk, PROBE_PASS, "%.150s%s%.150s%s", nobody.shown,
                       elsewhere.code != nobody_at.code ? "; elsewhere: " : "",
                       elsewhere.code != nobody_at.code ? elsewhere.shown : "",
                       user == NULL ? "; --user makes it sure" : "");
}

enum probe_status ask_vrfy(struct talk *talk)
{
  return ask_names(talk, "VRFY");
}

enum probe_status ask_expn(struct talk *talk)
{
  return ask_names(talk, "EXPN");
}
