/*
 * The checks of `milter-strict probe`, from its table.
 */
#include "../probe/checks.h"
#include "write.h"

#include <stdio.h>

static void put_remedies(const struct probe_check_entry *entry)
{
  const struct {
    const char *server, *remedy;
  } remedies[] = {{"Postfix", entry->postfix},
                  {"Sendmail", entry->sendmail},
                  {"Exim", entry->exim},
                  {"others", entry->others}};

  for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
    put(i == 0 ? "What to do: on " : "on ");
    put(remedies[i].server);
    fputs(", ", stdout);
    put(remedies[i].remedy);
    puts(i + 1 < sizeof(remedies) / sizeof(remedies[0]) ? ";" : ".");
  }
}

static void put_check(const struct probe_check_entry *entry)
{
  printf(".It Cm %s\n", entry->name);
  putchar(byte_upper(*entry->title));
  put(entry->title + 1);
  printf("; severity %s.\n", probe_severity_name(entry->severity));
  put_sentences(entry->reason);
  if ((entry->needs & PROBE_NEEDS_LIMITS) != 0)
    puts("Asked with\n.Fl -limits\nonly.");
  if ((entry->needs & PROBE_NEEDS_ENUMERATE) != 0)
    puts("Asked with\n.Fl -enumerate\nonly.");
  if ((entry->needs & PROBE_NEEDS_USER) != 0)
    puts("Asked with\n.Fl -user\nonly.");
  put_remedies(entry);
  fputs("(", stdout);
  put(entry->source);
  puts(")");
}

void put_checks(void)
{
  for (enum probe_check check = 0; check < PROBE_CHECK_COUNT; check++) {
    const struct probe_check_entry *entry = probe_check_entry(check);

    if (check == 0 || entry->area != probe_check_entry(check - 1)->area) {
      if (check > 0)
        puts(".El");
      fputs(".Ss ", stdout);
      put(probe_area_title(entry->area));
      puts("\n.Bl -tag -width Ds");
    }
    put_check(entry);
  }
  puts(".El");
}
