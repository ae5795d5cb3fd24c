/*
 * What the manual says of what logs tell of each rule.
 */
#include "../maillog/tells.h"
#include "write.h"

#include <stdio.h>

void put_tells(void)
{
  puts(".Bl -tag -width Ds");
  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    const char *why = maillog_tells_why(rule);

    printf(".It Cm %s\n", rule_entry(rule)->name);
    for (enum maillog_mta mta = MAILLOG_POSTFIX; mta < MAILLOG_MTA_COUNT; mta++)
      printf("%s: %s%s\n", maillog_mta_name(mta), maillog_tells_name(maillog_tells(rule, mta)),
             mta + 1 < MAILLOG_MTA_COUNT ? ";" : ".");
    if (*why == '\0')
      continue;
    putchar(byte_upper(*why));
    put(why + 1);
    puts(".");
  }
  puts(".El");
}
