/*
 * What is seen only in all replies together.
 */
#include "ask.h"

enum probe_status ask_enhanced_codes(struct talk *talk)
{
  const unsigned *found = talk->enhanced;
  unsigned all = 0;

  for (enum smtp_enhanced_fit fit = 0; fit < SMTP_ENHANCED_COUNT; fit++)
    all += found[fit];
  if (all == 0)
    return talk_conclude(talk, PROBE_UNKNOWN, "ENHANCEDSTATUSCODES is not offered");
  if (found[SMTP_ENHANCED_WRONG] > 0)
    return talk_conclude(talk, PROBE_FAIL, "%u of %u replies have one of another class",
                         found[SMTP_ENHANCED_WRONG], all);
  if (found[SMTP_ENHANCED_MISSING] > 0)
    return talk_conclude(talk, PROBE_WARN, "%u of %u replies have none",
                         found[SMTP_ENHANCED_MISSING], all);
  if (found[SMTP_ENHANCED_MIXED] > 0)
    return talk_conclude(talk, PROBE_WARN, "%u of %u replies have different ones in their lines",
                         found[SMTP_ENHANCED_MIXED], all);
  return talk_conclude(talk, PROBE_PASS, "all of %u replies", all);
}

enum probe_status ask_reply_form(struct talk *talk)
{
  /* Programs get over these; the others make them lose their place. */
  const unsigned harmless = SMTP_FLAW_LENGTH | SMTP_FLAW_8BIT | SMTP_FLAW_CONTROL;
  struct ask_list seen;

  if (talk->report->greeting[0] == '\0')
    return talk_conclude(talk, PROBE_UNKNOWN, "no reply was read");
  if (talk->flaws == 0)
    return PROBE_PASS;
  ask_list_begin(&seen);
  for (unsigned flaw = SMTP_FLAW_LF; flaw < SMTP_FLAW_END; flaw <<= 1)
    if ((talk->flaws & flaw) != 0)
      ask_list_add(&seen, smtp_flaw_words(flaw));
  return talk_conclude(talk, (talk->flaws & ~harmless) != 0 ? PROBE_FAIL : PROBE_WARN, "%s",
                       seen.memory);
}
