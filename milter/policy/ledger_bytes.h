/*
 * A ledger's page as bytes that machines of any word order read alike: for sharing it. Pure.
 */
#ifndef MILTER_STRICT_LEDGER_BYTES_H
#define MILTER_STRICT_LEDGER_BYTES_H

#include "ledger.h"

enum {
  LEDGER_BYTES_VERSION = 1, /* the first byte; to be raised with every change of what follows */
  LEDGER_BYTES = 1 + 5 * 8 + (LEDGER_EVENT_COUNT + 6) * 4 + 2 * LEDGER_SKETCH_BYTES,
};

/* Writes LEDGER_BYTES bytes. Equal pages make equal bytes. */
void ledger_write(const struct ledger_page *page, char *bytes);

/* Reads what ledger_write() wrote. False, and `page` untouched, for any other bytes: of another
 * length or version, or no page that is sane. */
bool ledger_read(struct span bytes, struct ledger_page *page);

#endif
