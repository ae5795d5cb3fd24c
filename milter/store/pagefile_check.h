/*
 * Whether a file of pages can be read without harm.
 */
#ifndef MILTER_STRICT_PAGEFILE_CHECK_H
#define MILTER_STRICT_PAGEFILE_CHECK_H

#include "pagefile.h"

/*
 * Reads the file at `path` from the first page to the last, in a process of its own, which a
 * damaged file may end: OK, or DAMAGED. No file, or an empty one, is fine, and so is one that
 * cannot be opened for want of permission or room: pagefile_open() will say that. For a process
 * with one thread.
 */
enum pagefile_fault pagefile_check(const char *path);

#endif
