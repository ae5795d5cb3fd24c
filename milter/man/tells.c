/*
 * What the manual says of what logs tell of each rule.
 */
#include "../maillog/tells.h"
#include "../policy/text.h"
#include "write.h"

#include <stdio.h>

static void put_why(const char *why)
{
  char memory[512];
  struct text text = text_in(memory, sizeof(memory));

  text_add_byte(&text, byte_upper(*why));
  text_add(&text, why + 1);
  text_add_byte(&text, '.');
  put_sentences(memory);
}

void put_tells(void)
{
  puts(".Bl -tag -width Ds");
  for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
    const char *why = maillog_tells_why(rule);

    printf(".It Cm %s\n", rule_entry(rule)->name);
    for (enum maillog_mta mta = MAILLOG_POSTFIX; mta < MAILLOG_MTA_COUNT; mta++)
      printf("%s: %s%s\n", maillog_mta_name(mta), maillog_tells_name(maillog_tells(rule, mta)),
             mta + 1 < MAILLOG_MTA_COUNT ? ";" : ".");
    if (*why != '\0')
      put_why(why);
  }
  puts(".El");
}
