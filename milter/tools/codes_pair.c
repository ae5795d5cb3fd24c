/*
 * What differs between two replies: a sentence of its own for those that are often confused, for
 * any others what follows from their digits. RFC 5321 section 4.2.1.
 */
#include "codes.h"

static const struct code_pair pairs[] = {
#define PAIR(first, second, differs, use) {first, second, differs, use},
#include "pairs.def"
#undef PAIR
};

const struct code_pair *code_pair_at(size_t index)
{
  return index < sizeof(pairs) / sizeof(pairs[0]) ? &pairs[index] : NULL;
}

const struct code_pair *code_pair_find(unsigned one, unsigned other)
{
  unsigned least = one < other ? one : other, greatest = one < other ? other : one;

  for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
    if (pairs[i].first == least && pairs[i].second == greatest)
      return &pairs[i];
  return NULL;
}

/* What a client does after a reply of this class. */
static const char *const done[] = {
    [2] = "the client goes on",
    [3] = "the client sends what the server waits for",
    [4] = "the client keeps the message and tries again later",
    [5] = "the client does not repeat it, and tells the sender when a message is lost by it",
};

/* What the second digit tells. */
static const char *const subjects[] = {
    "the syntax of commands",
    "information",
    "the connection",
    "authentication and encryption", /* RFC 4954; RFC 5321 leaves it open */
    NULL,
    "the mail system and its mailboxes",
};

static const char *subject_of(unsigned code)
{
  unsigned digit = code / 10 % 10;

  return digit < sizeof(subjects) / sizeof(subjects[0]) ? subjects[digit] : NULL;
}

static void add_effect(struct text *out, unsigned code)
{
  text_add(out, "After ");
  text_add_number(out, code);
  text_add(out, " ");
  text_add(out, done[code / 100]);
  text_add(out, ". ");
}

/* "The second digit ..." when it says something. */
static void add_subjects(struct text *out, unsigned one, unsigned other)
{
  const char *first = subject_of(one), *second = subject_of(other);

  if (first == NULL || second == NULL) {
    text_add(out, "The texts tell them apart.");
  } else if (first == second) {
    text_add(out, "Both are about ");
    text_add(out, first);
    text_add(out, ".");
  } else {
    text_add_number(out, one);
    text_add(out, " is about ");
    text_add(out, first);
    text_add(out, ", ");
    text_add_number(out, other);
    text_add(out, " about ");
    text_add(out, second);
    text_add(out, ".");
  }
}

void code_pair_differs(const struct code_entry *one, const struct code_entry *other,
                       struct text *out)
{
  const struct code_pair *pair = code_pair_find(one->code, other->code);

  if (pair != NULL) {
    text_add(out, pair->differs);
    return;
  }
  if (one->code / 100 == other->code / 100) {
    text_add(out, "Both are of the same class: after either ");
    text_add(out, done[one->code / 100]);
    text_add(out, ". What differs is the reason. ");
  } else {
    add_effect(out, one->code);
    add_effect(out, other->code);
  }
  add_subjects(out, one->code, other->code);
}

static void add_when(struct text *out, const struct code_entry *entry)
{
  text_add_number(out, entry->code);
  text_add(out, " when ");
  text_add(out, entry->when);
}

void code_pair_use(const struct code_entry *one, const struct code_entry *other, struct text *out)
{
  const struct code_pair *pair = code_pair_find(one->code, other->code);

  if (pair != NULL) {
    text_add(out, pair->use);
    return;
  }
  text_add(out, "Answer ");
  add_when(out, one);
  text_add(out, "; answer ");
  add_when(out, other);
  text_add(out, ".");
}
