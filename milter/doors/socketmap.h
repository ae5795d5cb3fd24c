/*
 * The socket-map door: Sendmail's rulesets check_vrfy, check_expn and check_other ask what a client
 * is to hear. A state machine without I/O: bytes in, answers out.
 *
 * Each question and each answer is a netstring, LENGTH:BYTES, and a connection carries any number
 * of them. A question is the map's name, a blank and the key. Fields of the key are separated by
 * the byte 0x9b, which is "$|" in a ruleset; empty macros make empty fields:
 *
 *   ADDRESS $| PORT $| DAEMON $| AUTH $| VERIFY $| REST
 *
 *   ADDRESS  $&{client_addr}, with or without "IPv6:"; empty: mail from this host
 *   PORT     $&{client_port}; with the address it finds the milter session of the client, whose
 *            policy and daemon name then hold. Empty: not known
 *   DAEMON   $&{daemon_name}
 *   AUTH     $&{auth_authen}; not empty: the client has authenticated
 *   VERIFY   $&{verify}; "OK": the client has a certificate that the MTA trusts
 *   REST     whatever comes from the client stands at the end, so that it cannot pass for a field
 *
 *   map          REST                             asked by
 *   check_vrfy   the argument of VRFY             Scheck_vrfy
 *   check_expn   the argument of EXPN             Scheck_expn
 *   check_other  the whole line $| reply's class  Scheck_other; a class other than 5 is not judged,
 *                                                 for Sendmail would say two replies to NOOP
 *
 * The answers:
 *
 *   OK "502 5.5.1 text"  to be said: one quoted string, 250 bytes at most. `$#error $: $1` says it,
 *                        252 and 421 as well
 *   NOTFOUND             nothing to object to (a blank follows, as Sendmail needs it)
 *   TEMP reason          the question cannot be understood. PERM would make Sendmail go on as if
 *                        nothing had been asked, and tell who has a mailbox
 *
 * For the maps' lines: flag -f, for keys are not to be folded and cut; -T<TMPF>, and a rule for
 * <TMPF> that says 252 or 502, for the time when this door is closed.
 *
 *   Kcheck_vrfy socket -f -d5s -T<TMPF> unix:/run/milter-strict/socketmap.sock
 *   Scheck_vrfy
 *   R$*         $: $(check_vrfy $&{client_addr} $| $&{client_port} $| $&{daemon_name} $|
 *                    $&{auth_authen} $| $&{verify} $| $1 $: <NONE> $)      (all in one line)
 *   R<NONE>     $@ ok
 *   R$* <TMPF>  $#error $: "252 2.5.2 Cannot verify now"
 *   R$+         $#error $: $1
 *
 * Scheck_other begins with `R$* $| 5` and hands on `$1 $| 5`.
 *
 * Sendmail takes an argument apart and puts it together again before a ruleset sees it: comments,
 * quotes and blanks may be gone. It is logged and not judged; only the verb matters.
 */
#ifndef MILTER_STRICT_SOCKETMAP_H
#define MILTER_STRICT_SOCKETMAP_H

#include "door.h"

enum {
  SOCKETMAP_REQUEST_MAX = 4096, /* bytes of a question without length, ":" and "," */
  SOCKETMAP_VALUE_MAX = 250,    /* bytes of a value with its quotes: Sendmail breaks longer ones */
  SOCKETMAP_SEPARATOR = 0x9b,
};

/* A connection: a plain value, nothing to free. */
struct socketmap {
  const struct door_services *services;
  const struct door_sink *sink;
  bool closed; /* out of step: send what was written and hang up */
};

/* Begins a connection. Services and sink must outlive it. */
void socketmap_open(struct socketmap *socketmap, const struct door_services *services,
                    const struct door_sink *sink);

/*
 * Answers all questions that are complete, as far as the sink takes answers. Returns how many bytes
 * were used up; the others are to be offered again, with more behind them. The same bytes get the
 * same answers however they are cut into pieces. One thread at a time.
 */
size_t socketmap_feed(struct socketmap *socketmap, struct span bytes);

#endif
