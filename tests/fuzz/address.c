/*
 * Fuzz target: paths. The first byte of the input says how the rest is parsed.
 *
 * Checked: faults stand within the path and under their own aspect, spans lie within it, and a
 * mailbox without fault is without fault when it is parsed again by itself in brackets.
 */
#include "address.h"

#include <stdlib.h>
#include <string.h>

static void require(bool holds)
{
  if (!holds)
    abort();
}

static bool lies_in(struct span inner, struct span outer)
{
  if (inner.len == 0)
    return true;
  return inner.at >= outer.at && inner.at + inner.len <= outer.at + outer.len;
}

static void check_faults(const struct faults *faults, size_t length)
{
  for (unsigned aspect = 0; aspect < ASPECT_COUNT; aspect++) {
    struct fault fault = faults->of[aspect];

    require(fault.kind == FAULT_NONE || fault.at <= length);
    require(fault.kind == FAULT_NONE || fault_aspect(fault.kind) == aspect);
  }
}

static void check_again(const struct address *first, enum address_use use, bool smtputf8)
{
  size_t length = first->mailbox.len + 2;
  char *path = malloc(length);
  struct address second;

  require(path != NULL);
  path[0] = '<';
  if (first->mailbox.len > 0)
    memcpy(path + 1, first->mailbox.at, first->mailbox.len);
  path[length - 1] = '>';
  address_parse((struct span){path, length}, use, smtputf8, &second);
  require(!faults_any(&second.faults));
  require(span_equals(first->local, second.local));
  require(span_equals(first->domain, second.domain));
  require(first->null == second.null && first->postmaster == second.postmaster);
  require(first->quoted == second.quoted && first->literal == second.literal);
  free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  enum address_use use = size > 0 && (data[0] & 1) != 0 ? ADDRESS_RECIPIENT : ADDRESS_SENDER;
  bool smtputf8 = size > 0 && (data[0] & 2) != 0;
  struct span path = size == 0 ? SPAN("") : (struct span){(const char *)data + 1, size - 1};
  struct address address;

  address_parse(path, use, smtputf8, &address);
  check_faults(&address.faults, path.len);
  require(lies_in(address.mailbox, path));
  require(lies_in(address.local, address.mailbox));
  require(lies_in(address.domain, address.mailbox));
  if (!faults_any(&address.faults))
    check_again(&address, use, smtputf8);
  return 0;
}
