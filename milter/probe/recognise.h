/*
 * Whose software answers, from what it says. Pure.
 */
#ifndef MILTER_STRICT_PROBE_RECOGNISE_H
#define MILTER_STRICT_PROBE_RECOGNISE_H

#include "checks.h"

/* The software that says such a reply, or PROBE_SERVER_UNKNOWN when many do. */
enum probe_server recognise_server(struct span reply);

/* Finds a version number ("8.17.1.9" after a word that is a program's name or "version"); addresses
 * and enhanced codes are none. */
bool recognise_version(struct span text, struct span *version);

#endif
