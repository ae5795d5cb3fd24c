/*
 * Paths: the arguments of MAIL FROM and RCPT TO.
 *
 *   Reverse-path = Path / "<>"
 *   Forward-path = "<Postmaster@" Domain ">" / "<Postmaster>" / Path
 *   Path         = "<" [ A-d-l ":" ] Mailbox ">"             RFC 5321, 4.1.2; RFC 6531, 3.3
 */
#ifndef MILTER_STRICT_ADDRESS_H
#define MILTER_STRICT_ADDRESS_H

#include "fault.h"

enum { ADDRESS_LOCAL_MAX = 64 }; /* octets, RFC 5321, 4.5.3.1.1 */

enum address_use {
  ADDRESS_SENDER,    /* Reverse-path: may be null */
  ADDRESS_RECIPIENT, /* Forward-path: may be <Postmaster> without a domain */
};

/* All spans borrow from the parsed path. After a SYNTAX fault they hold what was read before it. */
struct address {
  struct span path;    /* the whole argument */
  struct span mailbox; /* without brackets and source route: local@domain */
  struct span local;   /* with its quotes, when it is a Quoted-string */
  struct span domain;  /* with its square brackets, when it is an address literal */
  bool null;           /* "<>" */
  bool postmaster;     /* local part is "postmaster" in any case, with or without a domain */
  bool bracketed;      /* "<" at its beginning and ">" at its end */
  bool routed;         /* had a source route; ignored, as RFC 5321 appendix C tells servers to */
  bool quoted;         /* local part is a Quoted-string */
  bool literal;        /* domain is an address literal */
  bool non_ascii;      /* a byte over 0x7f stands in it: needs SMTPUTF8 */
  struct faults faults;
};

/*
 * Parses one path. `smtputf8`: the transaction has the SMTPUTF8 parameter, so non-ASCII is no fault
 * (bytes that are not UTF-8 still are). A path without brackets is noted as BRACKETS and judged on
 * as if it had them. Never fails: what is wrong is in out->faults.
 * One pass over the bytes, linear time on any input, no allocation but what libidn2 needs for a
 * label that is not plain ASCII. Reads nothing outside `path`.
 */
void address_parse(struct span path, enum address_use use, bool smtputf8, struct address *out);

#endif
