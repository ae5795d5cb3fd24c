/*
 * Domain names as SMTP writes them.
 *
 *   Domain = sub-domain *("." sub-domain)                 RFC 5321, 4.1.2
 *   sub-domain =/ U-label                                 RFC 6531, 3.3
 *
 * Lengths are those of RFC 5321, 4.5.3.1.2 and RFC 1035, 2.3.4: 255 octets a domain, 63 a label.
 */
#ifndef MILTER_STRICT_HOSTNAME_H
#define MILTER_STRICT_HOSTNAME_H

#include "fault.h"

enum {
  HOSTNAME_MAX = 255,      /* octets of a domain */
  HOSTNAME_LABEL_MAX = 63, /* octets of an ASCII label */
};

struct hostname {
  size_t end;                /* offset of the first byte after the name */
  unsigned labels;           /* labels seen; 0 when there is no name at all */
  bool non_ascii;            /* a byte over 0x7f was seen */
  size_t non_ascii_at;       /* offset of the first one */
  bool a_label;              /* a label begins with "xn--", in any case */
  bool only_digits_and_dots; /* as an IPv4 address has, but not therefore one */
};

/*
 * Scans the domain name in `in` that begins at offset `from` and ends before the first byte that
 * cannot stand in a name (which is no fault here: the caller knows what may follow).
 * Notes at most one fault of each aspect in `faults`, with offsets into `in`:
 *   SYNTAX      hyphen at a label's end or beginning, label over 63 octets, domain over 255 (a
 * label with bytes over 0x7f: over 252, for hostname_check_idn() measures its A-label) DOTS a dot
 * at the beginning, at the end, or two in a row UNDERSCORE  an underscore UTF8        bytes over
 * 0x7f that are not valid UTF-8 (valid ones are the caller's matter) Unqualified names are the
 * caller's matter too (`labels`). One pass, no allocation.
 */
void hostname_scan(struct span in, size_t from, struct hostname *out, struct faults *faults);

/*
 * Checks the labels of in[from, to) that hold bytes over 0x7f or begin with "xn--" against
 * IDNA 2008 (RFC 5890-5893) with libidn2, which allocates for itself; each label is bounded
 * before it gets there. Notes an IDN fault at the first bad label, and LABEL_LENGTH or
 * DOMAIN_LENGTH when the A-labels are longer than a name may be. Not checked: a name over 255
 * octets, which has its fault already; bytes that are not UTF-8, likewise.
 *
 * Capitals, decomposed letters and compatibility forms are mapped first (UTS #46, non-transitional)
 * and are no fault. Letters that the library's tables do not know yet are none either.
 */
void hostname_check_idn(struct span in, size_t from, size_t to, struct faults *faults);

/*
 * Length in bytes of the valid UTF-8 sequence (RFC 3629: no overlong forms, no surrogates, at most
 * U+10FFFF) that begins at `at`, 1 to 4, or 0 when there is none.
 */
size_t utf8_sequence(struct span in, size_t at);

#endif
