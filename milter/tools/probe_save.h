/*
 * Reports of a probe into files.
 */
#ifndef MILTER_STRICT_PROBE_SAVE_H
#define MILTER_STRICT_PROBE_SAVE_H

#include "probe.h"

#include "../policy/text.h"

/*
 * Writes the report to the file `path` with one of the functions of probe.h. The file is made anew
 * beside its place, brought to the disk and renamed: readers see the old one or the new one, whole,
 * and a failure leaves the old one. Its mode is 0666 less the umask. What is no plain file (a pipe;
 * a symbolic link counts as what it leads to) is written to as it is, and so is standard output,
 * whatever it is, after what was printed before.
 * Returns false when something failed: `why` has "PATH: reason".
 */
bool probe_save(const char *path, void (*print)(FILE *to, const struct probe_report *report),
                const struct probe_report *report, struct text *why);

#endif
