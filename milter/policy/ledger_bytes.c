/*
 * The fields of a page one after the other, numbers with their highest byte first. One function
 * goes through them for reading and writing, so that the two cannot differ.
 */
#include "ledger_bytes.h"

#include <string.h>

/* Where the next field stands; `reads`: from the bytes to the page. */
struct place {
  char *at;
  bool reads;
};

static void pass_number(struct place *place, uint64_t *number, unsigned size)
{
  uint64_t value = 0;

  for (unsigned i = 0; i < size; i++) {
    if (!place->reads)
      place->at[i] = (char)(*number >> 8 * (size - 1 - i));
    value = value << 8 | (unsigned char)place->at[i];
  }
  *number = value;
  place->at += size;
}

static void pass_64(struct place *place, uint64_t *number)
{
  pass_number(place, number, 8);
}

static void pass_32(struct place *place, uint32_t *number)
{
  uint64_t wide = *number;

  pass_number(place, &wide, 4);
  *number = (uint32_t)wide;
}

static void pass_bytes(struct place *place, uint8_t *bytes, size_t size)
{
  if (place->reads)
    memcpy(bytes, place->at, size);
  else
    memcpy(place->at, bytes, size);
  place->at += size;
}

static void pass_page(struct place *place, struct ledger_page *page)
{
  pass_64(place, &page->updated);
  pass_64(place, &page->refused_since);
  pass_64(place, &page->refused_until);
  pass_64(place, &page->sketch_since);
  pass_64(place, &page->set);
  for (size_t i = 0; i < LEDGER_EVENT_COUNT; i++)
    pass_32(place, &page->count[i]);
  pass_32(place, &page->evidence.points);
  pass_32(place, &page->evidence.distinct);
  pass_32(place, &page->evidence.accepted);
  pass_32(place, &page->evidence.delivered);
  pass_32(place, &page->relapses);
  pass_32(place, &page->cause);
  pass_bytes(place, page->sketch[0], LEDGER_SKETCH_BYTES);
  pass_bytes(place, page->sketch[1], LEDGER_SKETCH_BYTES);
}

/* A page has no padding, so that a field that is not passed on shows here. */
_Static_assert(LEDGER_BYTES == 1 + sizeof(struct ledger_page),
               "every field of a page is passed on");

void ledger_write(const struct ledger_page *page, char *bytes)
{
  struct ledger_page copy = *page;
  struct place place = {.at = bytes + 1};

  bytes[0] = LEDGER_BYTES_VERSION;
  pass_page(&place, &copy);
}

bool ledger_read(struct span bytes, struct ledger_page *page)
{
  char copy[LEDGER_BYTES];
  struct place place = {.at = copy + 1, .reads = true};
  struct ledger_page read;

  if (bytes.len != sizeof(copy) || bytes.at[0] != LEDGER_BYTES_VERSION)
    return false;
  memcpy(copy, bytes.at, sizeof(copy));
  pass_page(&place, &read);
  if (!ledger_is_sane(&read))
    return false;
  *page = read;
  return true;
}
