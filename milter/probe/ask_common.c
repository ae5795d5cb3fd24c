/*
 * What several checks need.
 */
#include "ask.h"

#include <string.h>

void ask_mailbox(const struct talk *talk, struct text *out)
{
  if (talk->options->user == NULL) {
    text_add(out, "postmaster");
    return;
  }
  text_add(out, talk->options->user);
  text_add(out, "@");
  text_add(out, talk->domain);
}

bool ask_means_nobody(struct span text)
{
  static const char *const words[] = {"unknown",        "no such",     "not found",
                                      "does not exist", "unrouteable", "undeliverable"};

  for (; text.len > 0; text = span_slice(text, 1, text.len))
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
      if (span_starts_nocase(text, span_from(words[i])))
        return true;
  return false;
}

const char *ask_sender_domain(const struct talk *talk)
{
  const char *at = strrchr(talk->options->from, '@');

  return at != NULL ? at + 1 : "example.com";
}

bool ask_is(const struct talk *talk, unsigned flag)
{
  unsigned flags = talk->options->flags;

  return (flags & flag) != 0 && (flags & PROBE_FLAG_STRANGER) == 0;
}

enum talk_answer ask_recipient(struct talk *talk)
{
  char memory[512];
  struct text mailbox = text_in(memory, sizeof(memory));

  ask_mailbox(talk, &mailbox);
  return talk_ask(talk, "RCPT TO:<%s>", memory);
}

bool ask_recipient_works(struct talk *talk)
{
  if (!talk->recipient_asked) {
    if (!talk_at(talk, TALK_MAIL))
      return false;
    talk->recipient = ask_recipient(talk);
    if (talk->recipient == TALK_NOTHING || talk->recipient == TALK_GONE) {
      (void)talk_untold(talk);
      return false;
    }
    talk->recipient_asked = true;
  }
  if (talk->recipient == TALK_YES)
    return true;
  (void)talk_conclude(talk, PROBE_UNKNOWN, "%s is not accepted either way%s",
                      talk->options->user != NULL ? "the mailbox of --user" : "<postmaster>",
                      talk->options->user != NULL ? ""
                                                  : ": give a mailbox that exists with --user");
  return false;
}

void ask_list_begin(struct ask_list *list)
{
  list->text = text_in(list->memory, sizeof(list->memory));
  list->count = 0;
}

void ask_list_add(struct ask_list *list, const char *words)
{
  if (list->count++ > 0)
    text_add(&list->text, ", ");
  text_add(&list->text, words);
}
