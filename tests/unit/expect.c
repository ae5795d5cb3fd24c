/*
 * Comparing faults with those that a row expects, and pseudo-random inputs.
 */
#include "expect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static const struct fault *wanted(const struct fault *want, enum fault_kind kind)
{
  for (size_t i = 0; i < WANT_MAX && want[i].kind != FAULT_NONE; i++)
    if (want[i].kind == kind)
      return &want[i];
  return NULL;
}

static bool has_kind(const struct faults *faults, enum fault_kind kind)
{
  for (size_t i = 0; i < ASPECT_COUNT; i++)
    if (faults->of[i].kind == kind)
      return true;
  return false;
}

void expect_faults(const char *row, const char *place, const struct faults *got,
                   const struct fault *want)
{
  for (size_t i = 0; i < ASPECT_COUNT; i++) {
    const struct fault *fault = &got->of[i];
    const struct fault *match = wanted(want, fault->kind);

    if (fault->kind == FAULT_NONE)
      continue;
    if (match == NULL)
      fail_msg("%s (%s): unexpected %s at %u", row, place, fault_name(fault->kind), fault->at);
    if (match->at != fault->at)
      fail_msg("%s (%s): %s at %u, want %u", row, place, fault_name(fault->kind), fault->at,
               match->at);
  }
  for (size_t i = 0; i < WANT_MAX && want[i].kind != FAULT_NONE; i++)
    if (!has_kind(got, want[i].kind))
      fail_msg("%s (%s): no %s at %u", row, place, fault_name(want[i].kind), want[i].at);
}

void expect_sound(const struct faults *got, struct span input, bool folded)
{
  for (size_t i = 0; i < ASPECT_COUNT; i++) {
    struct fault fault = got->of[i];

    if (fault.kind == FAULT_NONE)
      continue;
    if (fault.at > input.len)
      fail_msg("%s at %u of %zu", fault_name(fault.kind), fault.at, input.len);
    if (!folded && fault_aspect(fault.kind) != i)
      fail_msg("%s stands as another aspect", fault_name(fault.kind));
  }
}

void expect_span(const char *row, const char *what, struct span got, const char *want)
{
  if (!span_equals(got, span_from(want)))
    fail_msg("%s: %s is \"%.*s\", want \"%s\"", row, what, (int)got.len,
             got.at == NULL ? "" : got.at, want == NULL ? "" : want);
}

bool lies_in(struct span inner, struct span outer)
{
  if (inner.len == 0)
    return true;
  return (uintptr_t)inner.at >= (uintptr_t)outer.at &&
         (uintptr_t)inner.at + inner.len <= (uintptr_t)outer.at + outer.len;
}

/* A linear congruential generator (Knuth's MMIX constants): good enough to mix bytes. */
size_t dice_roll(struct dice *dice, size_t sides)
{
  dice->state = dice->state * 6364136223846793005u + 1442695040888963407u;
  return (size_t)(dice->state >> 33) % sides;
}

size_t dice_join(struct dice *dice, const char *const *pieces, size_t count, char *memory,
                 size_t room)
{
  size_t len = 0, most = dice_roll(dice, 16);

  for (size_t i = 0; i < most; i++) {
    const char *piece = pieces[dice_roll(dice, count)];
    size_t size = strlen(piece) == 0 ? 1 : strlen(piece); /* "" stands for a NUL */

    if (len + size > room)
      break;
    memcpy(memory + len, piece, size);
    len += size;
  }
  return len;
}

size_t dice_word(struct dice *dice, const char *bytes, size_t most, char *memory)
{
  size_t len = 1 + dice_roll(dice, most), choice = strlen(bytes);

  for (size_t i = 0; i < len; i++)
    memory[i] = bytes[dice_roll(dice, choice)];
  return len;
}

struct span repeated(const char *piece)
{
  enum { MEGABYTE = 1 << 20 };
  size_t size = strlen(piece), len = 0;
  char *memory = malloc(MEGABYTE);

  assert_non_null(memory);
  for (; len + size <= MEGABYTE; len += size)
    memcpy(memory + len, piece, size);
  return (struct span){memory, len};
}
