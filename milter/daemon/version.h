/*
 * The version, as the Makefile has it.
 */
#ifndef MILTER_STRICT_VERSION_H
#define MILTER_STRICT_VERSION_H

#ifndef VERSION
#define VERSION "unknown"
#endif

#endif
