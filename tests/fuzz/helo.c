/*
 * Fuzz target: the argument of HELO and EHLO.
 *
 * Checked: faults stand within the name and under the aspects that HELO has; an address that was
 * read is read again from its canonical text, and its literal has no fault.
 */
#include "helo.h"
#include "text.h"

#include <stdlib.h>

static void require(bool holds)
{
  if (!holds)
    abort();
}

static void check_faults(const struct faults *faults, size_t length)
{
  static const bool used[ASPECT_COUNT] = {
      [ASPECT_SYNTAX] = true,      [ASPECT_LITERAL] = true,    [ASPECT_BARE_ADDRESS] = true,
      [ASPECT_UNQUALIFIED] = true, [ASPECT_UNDERSCORE] = true,
  };

  for (unsigned aspect = 0; aspect < ASPECT_COUNT; aspect++) {
    struct fault fault = faults->of[aspect];

    require(fault.kind == FAULT_NONE || (used[aspect] && fault.at <= length));
  }
}

static void check_address(struct ip ip)
{
  char canonical[IP_TEXT_SIZE], literal[IP_TEXT_SIZE + 8];
  struct text text = text_in(literal, sizeof(literal));
  struct ip again;
  struct helo helo;

  ip_format(ip, canonical);
  require(ip_parse(span_from(canonical), &again) && ip_equals(ip, again));
  text_add(&text, ip_is_v4(ip) ? "[" : "[IPv6:");
  text_add(&text, canonical);
  text_add(&text, "]");
  require(!text.cut);
  helo_parse(text_span(&text), &helo);
  require(helo.literal && helo.is_ip && ip_equals(helo.ip, ip) && !faults_any(&helo.faults));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct span name = size == 0 ? SPAN("") : (struct span){(const char *)data, size};
  struct helo helo;

  helo_parse(name, &helo);
  check_faults(&helo.faults, name.len);
  require(span_equals(helo.name, name));
  if (helo.is_ip)
    check_address(helo.ip);
  return 0;
}
