/*
 * Pauses that double. What works for a moment only, again and again, is not tried more often than
 * what does not work at all.
 */
#include "breaker.h"

bool breaker_fail(struct breaker *breaker, uint64_t now)
{
  bool opens = !breaker->open;

  if (opens && now - breaker->since >= BREAKER_STEADY_MS)
    breaker->pause = 0;
  breaker->pause = breaker->pause == 0 ? BREAKER_FIRST_MS : breaker->pause * 2;
  if (breaker->pause > BREAKER_LONGEST_MS)
    breaker->pause = BREAKER_LONGEST_MS;
  breaker->open = true;
  breaker->retry_at = now + breaker->pause;
  return opens;
}

bool breaker_work(struct breaker *breaker, uint64_t now)
{
  bool closes = breaker->open;

  if (closes)
    breaker->since = now;
  breaker->open = false;
  return closes;
}

bool breaker_may_try(const struct breaker *breaker, uint64_t now)
{
  return !breaker->open || now >= breaker->retry_at;
}
