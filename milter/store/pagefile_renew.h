/*
 * A file of pages made anew from the one that the last process left.
 */
#ifndef MILTER_STRICT_PAGEFILE_RENEW_H
#define MILTER_STRICT_PAGEFILE_RENEW_H

#include "pagefile.h"

/*
 * Copies all sane pages of the file at `path` to a new file, as small as can be, which then takes
 * its place: OK, or DAMAGED when it cannot be read to its end. It is read in a process of its own,
 * which a damaged file may end. No file, or an empty one, is fine, and so is one that cannot be
 * copied for want of permission or room: it stays. For a process with one thread.
 */
enum pagefile_fault pagefile_renew(const char *path, unsigned entries);

#endif
