/*
 * What is wrong with an argument, and where: the common result of all parsers in this folder.
 *
 * A parser does not stop at a fault that a site may have chosen to tolerate. It notes the first
 * fault of each aspect and goes on; only a fault of aspect SYNTAX may end it, where nothing after
 * such a byte has a meaning any more. So a rule that is switched off hides no other rule.
 */
#ifndef MILTER_STRICT_FAULT_H
#define MILTER_STRICT_FAULT_H

#include "span.h"

#include <stdint.h>

/* The sides of an argument that have a rule of their own. ASPECT(name, end of the rule's name) */
#define FAULT_ASPECTS(ASPECT)                                                                      \
  ASPECT(BRACKETS, "brackets")                                                                     \
  ASPECT(SYNTAX, "syntax")                                                                         \
  ASPECT(UNQUALIFIED, "unqualified")                                                               \
  ASPECT(DOTS, "dots")                                                                             \
  ASPECT(LENGTH, "length")                                                                         \
  ASPECT(UNDERSCORE, "underscore")                                                                 \
  ASPECT(UTF8, "utf8")                                                                             \
  ASPECT(IDN, "idn")                                                                               \
  ASPECT(LITERAL, "literal")                                                                       \
  ASPECT(PARAMETERS, "parameters")                                                                 \
  ASPECT(BARE_ADDRESS, "bare-address")

enum aspect {
#define ASPECT(name, word) ASPECT_##name,
  FAULT_ASPECTS(ASPECT)
#undef ASPECT
      ASPECT_COUNT
};

enum fault_kind {
  FAULT_NONE = 0,
#define FAULT(name, aspect, text) FAULT_##name,
#include "faults.def"
#undef FAULT
  FAULT_COUNT
};

struct fault {
  enum fault_kind kind; /* FAULT_NONE: nothing is wrong */
  uint32_t at;          /* offset of the first wrong byte, 0 to the argument's length inclusive */
};

/* Of each aspect the fault that stands first. All zero: no fault. */
struct faults {
  struct fault of[ASPECT_COUNT];
};

/* Notes a fault unless its aspect has one already at the same byte or before it. FAULT_NONE notes
 * nothing. An offset over 4 GiB is cut to 4 GiB - 1. */
void faults_note(struct faults *faults, enum fault_kind kind, size_t at);

/* Moves the fault of aspect `from`, if any, to the place of aspect `into`, where again the one that
 * stands first is kept: for an argument that knows no difference between the two. The kind stays,
 * so fault_aspect() of it is no longer the aspect it is found under. */
void faults_fold(struct faults *faults, enum aspect from, enum aspect into);

bool faults_any(const struct faults *faults);

static inline bool faults_has(const struct faults *faults, enum aspect aspect)
{
  return faults->of[aspect].kind != FAULT_NONE;
}

enum aspect fault_aspect(enum fault_kind kind);

/* The text for the caret line; "" for FAULT_NONE. Static, never NULL. */
const char *fault_text(enum fault_kind kind);

/* The kind's name in the source, as "SECOND_AT": for tests and logs. */
const char *fault_name(enum fault_kind kind);

#endif
