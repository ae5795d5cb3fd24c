/*
 * A table of small sets: a network has one set, and any place in it.
 */
#include "share_pages.h"
#include "../policy/hash.h"

#include <string.h>

static struct share_page *set_of(struct share_pages *pages, struct netblock network)
{
  uint64_t half[2];

  memcpy(half, network.base.bytes, sizeof(half));
  half[0] = hash_mix(hash_mix(pages->secret ^ half[0] ^ network.bits) ^ half[1]);
  return pages->pages[half[0] % SHARE_PAGES_SETS];
}

static bool is_of(const struct share_page *page, struct netblock network)
{
  return page->used && page->network.bits == network.bits &&
         memcmp(&page->network.base, &network.base, sizeof(network.base)) == 0;
}

struct share_page *share_pages_take(struct share_pages *pages, struct netblock network,
                                    bool *is_new)
{
  struct share_page *set = set_of(pages, network), *oldest = NULL;

  *is_new = false;
  for (size_t i = 0; i < SHARE_PAGES_WAYS; i++) {
    if (is_of(&set[i], network)) {
      set[i].touched = ++pages->touched;
      return &set[i];
    }
    if (!set[i].wanted && (oldest == NULL || set[i].touched < oldest->touched))
      oldest = &set[i];
  }
  if (oldest == NULL)
    return NULL;
  *oldest = (struct share_page){.network = network, .used = true, .touched = ++pages->touched};
  *is_new = true;
  return oldest;
}

void share_pages_want(struct share_pages *pages, struct share_page *page)
{
  pages->wanted += !page->wanted;
  page->wanted = true;
}

void share_pages_sent(struct share_pages *pages, struct share_page *page,
                      const char bytes[LEDGER_BYTES])
{
  pages->wanted -= page->wanted;
  page->wanted = false;
  page->apart = false;
  page->strange = false;
  page->has_seen = true;
  memmove(page->seen, bytes, sizeof(page->seen));
}

static struct share_page *nth(struct share_pages *pages, size_t n)
{
  return &pages->pages[n / SHARE_PAGES_WAYS][n % SHARE_PAGES_WAYS];
}

enum { ALL = SHARE_PAGES_SETS * SHARE_PAGES_WAYS };

size_t share_pages_wanted(struct share_pages *pages, struct share_page **out, size_t most)
{
  size_t count = 0;

  for (size_t i = 0; i < ALL && count < most && count < pages->wanted; i++)
    if (nth(pages, i)->wanted)
      out[count++] = nth(pages, i);
  return count;
}

void share_pages_part(struct share_pages *pages)
{
  for (size_t i = 0; i < ALL && pages->wanted > 0; i++)
    nth(pages, i)->apart |= nth(pages, i)->wanted;
}

void share_pages_forget(struct share_pages *pages, bool sketches)
{
  for (size_t i = 0; i < ALL; i++) {
    struct share_page *page = nth(pages, i);

    if (!page->wanted)
      *page = (struct share_page){.used = false};
    page->apart = page->wanted;
    page->has_seen = false;
    if (sketches)
      memset(page->page.sketch, 0, sizeof(page->page.sketch));
  }
}
