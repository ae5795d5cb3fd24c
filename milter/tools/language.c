/*
 * gettext and its locale. No translation is ever used as a format.
 */
#define _GNU_SOURCE /* secure_getenv(), wcswidth() */

#include "language.h"

#include <libintl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define DOMAIN "milter-strict"

/* What the user asks for, as the standard ranks the variables. */
static const char *asked_for(void)
{
  static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    const char *value = getenv(names[i]);

    if (value != NULL && *value != '\0')
      return value;
  }
  return "C";
}

/* Small systems have no locale but C.UTF-8: there the catalogue is found by LANGUAGE alone. */
static void do_without_locale(void)
{
  const char *asked = asked_for(), *before = getenv("LANGUAGE");

  if (strstr(asked, ".UTF-8") == NULL && strstr(asked, ".utf8") == NULL)
    return;
  if (setlocale(LC_CTYPE, "C.UTF-8") != NULL && setlocale(LC_MESSAGES, "C.UTF-8") != NULL)
    setenv("LANGUAGE", asked, before != NULL && *before == '\0'); /* set to "", it asks nothing */
}

void language_begin(void)
{
  const char *folder = secure_getenv("MILTER_STRICT_LOCALES");

  if (setlocale(LC_CTYPE, "") == NULL || setlocale(LC_MESSAGES, "") == NULL)
    do_without_locale();
  bindtextdomain(DOMAIN, folder != NULL && *folder == '/' ? folder : LOCALEDIR);
}

const char *language_of(const char *label)
{
  return *label == '\0' ? label : dgettext(DOMAIN, label); /* "" is the catalogue's header */
}

size_t language_width(const char *text)
{
  wchar_t wide[256];
  size_t len = mbstowcs(wide, text, sizeof(wide) / sizeof(wide[0]));
  int width = len >= sizeof(wide) / sizeof(wide[0]) ? -1 : wcswidth(wide, len);

  return width < 0 ? strlen(text) : (size_t)width;
}
