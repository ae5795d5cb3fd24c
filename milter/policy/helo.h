/*
 * The argument of HELO and EHLO.
 *
 *   ehlo = "EHLO" SP ( Domain / address-literal )             RFC 5321, 4.1.1.1
 *
 * One deviation: a single dot at the end of the name is tolerated, for an absolute DNS name names
 * the same host. Aspects used: SYNTAX (with DOTS, LENGTH, UTF8 folded into it), LITERAL,
 * BARE_ADDRESS, UNQUALIFIED, UNDERSCORE. A-labels are not checked: a client's own name is
 * no address that mail must reach.
 */
#ifndef MILTER_STRICT_HELO_H
#define MILTER_STRICT_HELO_H

#include "literal.h"

struct helo {
  struct span name; /* as typed; borrows */
  bool literal;     /* written in square brackets */
  bool is_ip;       /* a literal or a bare address; `ip` is set */
  struct ip ip;
  struct faults faults;
};

/* The name without the blanks, and without the single dot, that may stand at its end: how names are
 * compared. */
struct span helo_bare(struct span name);

/* Never fails: what is wrong is in out->faults. One pass, no allocation. */
void helo_parse(struct span name, struct helo *out);

#endif
