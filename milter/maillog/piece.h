/*
 * Reading a message of a log piece by piece: each function takes what it is about from the
 * beginning of `in`, moves on and returns true, or leaves all as it was and returns false.
 */
#ifndef MILTER_STRICT_PIECE_H
#define MILTER_STRICT_PIECE_H

#include "../policy/literal.h"

/* This very text. */
bool piece_text(struct span *in, struct span text);

/* All before the first `text`, and that text. */
bool piece_until(struct span *in, struct span text, struct span *out);

/* Everything up to a byte of `ends`, which stays; at least one byte. */
bool piece_word(struct span *in, const char *ends, struct span *out);

/* A decimal number, saturated. */
bool piece_number(struct span *in, uint32_t *out);

/*
 * A path in angle brackets, brackets included: "<user@example.com>". A ">" ends it only outside
 * quotes, so that a quoted local part cannot forge what follows; "<" does not stand in it unquoted.
 */
bool piece_path(struct span *in, struct span *out);

/* "name[192.0.2.7]" or "[192.0.2.7]", with ":port" behind it or not. `*known` is false when what
 * stands in the brackets is no address ("unknown"). */
bool piece_client(struct span *in, struct ip *out, bool *known);

/* "49A4FA723B4: ", "4XyZw1abcdz3Jk: ", "6AOFdv16012582: ", or "NOQUEUE: ", which is the empty one.
 * Letters and digits only. */
bool piece_queue_id(struct span *in, struct span *out);

#endif
