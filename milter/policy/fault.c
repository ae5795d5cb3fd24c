/*
 * Faults: the table of faults.def as C, and the rule that of two faults of one aspect the one that
 * stands first in the argument is told.
 */
#include "fault.h"

static const struct {
  const char *name;
  const char *text;
  enum aspect aspect;
} kinds[FAULT_COUNT] = {
    [FAULT_NONE] = {"NONE", "", ASPECT_SYNTAX},
#define FAULT(name, aspect, text) [FAULT_##name] = {#name, text, ASPECT_##aspect},
#include "faults.def"
#undef FAULT
};

/* A kind that came from a damaged value reads as FAULT_NONE and not from outside the table. */
static enum fault_kind known(enum fault_kind kind)
{
  return (unsigned)kind < FAULT_COUNT ? kind : FAULT_NONE;
}

static void note_in_slot(struct fault *slot, enum fault_kind kind, uint32_t at)
{
  if (slot->kind == FAULT_NONE || at < slot->at)
    *slot = (struct fault){kind, at};
}

void faults_note(struct faults *faults, enum fault_kind kind, size_t at)
{
  if (known(kind) == FAULT_NONE)
    return;
  note_in_slot(&faults->of[fault_aspect(kind)], kind, at > UINT32_MAX ? UINT32_MAX : (uint32_t)at);
}

void faults_fold(struct faults *faults, enum aspect from, enum aspect into)
{
  struct fault fault = faults->of[from];

  if (fault.kind == FAULT_NONE || from == into)
    return;
  faults->of[from] = (struct fault){0};
  note_in_slot(&faults->of[into], fault.kind, fault.at);
}

bool faults_any(const struct faults *faults)
{
  for (unsigned aspect = 0; aspect < ASPECT_COUNT; aspect++)
    if (faults->of[aspect].kind != FAULT_NONE)
      return true;
  return false;
}

enum aspect fault_aspect(enum fault_kind kind)
{
  return kinds[known(kind)].aspect;
}

const char *fault_text(enum fault_kind kind)
{
  return kinds[known(kind)].text;
}

const char *fault_name(enum fault_kind kind)
{
  return kinds[known(kind)].name;
}
