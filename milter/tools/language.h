/*
 * The user's language, for headings and labels: gettext, with catalogues from milter/po. What is
 * explained stays English, as the replies themselves are.
 */
#ifndef MILTER_STRICT_LANGUAGE_H
#define MILTER_STRICT_LANGUAGE_H

#include <stddef.h>

/*
 * Takes the language from LANGUAGE, LC_ALL, LC_MESSAGES and LANG. Catalogues are those that were
 * installed, or, for a program that is not, in the folder that MILTER_STRICT_LOCALES names. Once,
 * before any other thread runs.
 */
void language_begin(void);

/* The label in the user's language, or as it is. Static. */
const char *language_of(const char *label);

/* The columns that UTF-8 text takes on a terminal; bytes, where the locale cannot tell. */
size_t language_width(const char *text);

#endif
