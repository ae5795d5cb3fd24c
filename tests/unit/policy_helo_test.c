/*
 * Judgement of HELO and EHLO, spoken at once so that each row sees it where it falls.
 */
#include "play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void at_once(struct play *play)
{
  play->policy.speak = POLICY_SPEAK_AT_ONCE;
}

/* Every rule refuses. */
static void strict(struct play *play)
{
  at_once(play);
  for (enum rule rule = 0; rule < RULE_COUNT; rule++)
    if (rule_entry(rule)->action == ACTION_MONITOR)
      play->policy.rules[rule].action = ACTION_REFUSE;
}

static const struct play_row spelling[] = {
    {"a host name is fine", at_once, {{"HELO mail.example.com", ""}}},
    {"case does not matter", at_once, {{"HELO MAIL.Example.COM", ""}}},
    {"a final dot is fine", strict, {{"HELO mail.example.com.", ""}}},
    {"blanks at the end are fine", strict, {{"HELO mail.example.com \t", ""}}},
    {"an IPv4 literal is fine", strict, {{"HELO [192.0.2.7]", ""}}},
    {"an IPv6 literal is fine", strict, {{"HELO [IPv6:2001:db8::7]", ""}}},
    {"no name", at_once, {{"HELO", "helo-syntax@0"}}},
    {"a space in the name", at_once, {{"HELO bad name", "helo-syntax@3"}}},
    {"a control character", at_once, {{"HELO bad\x01name.example", "helo-syntax@3"}}},
    {"8-bit bytes", at_once, {{"HELO b\xc3\xbc.example", "helo-syntax@1"}}},
    {"a broken literal", at_once, {{"HELO [192.0.2]", "helo-syntax@8"}}},
    {"a literal with something after it", at_once, {{"HELO [192.0.2.7]x", "helo-syntax@11"}}},
    {"two dots", at_once, {{"HELO a..example", "helo-syntax@2"}}},
    {"a bare address is noticed", at_once, {{"HELO 192.0.2.7", "~helo-bare-address@0"}}},
    {"a single label is noticed", at_once, {{"HELO pc7", "~helo-unqualified@0"}}},
    {"an underscore is noticed", at_once, {{"HELO my_pc.example", "~helo-underscore@2"}}},
    {"two notices at once", at_once, {{"HELO my_pc", "~helo-unqualified@0 ~helo-underscore@2"}}},
    {"a notice beside a refusal",
     at_once,
     {{"HELO my_pc.example!", "helo-syntax@13 ~helo-underscore@2"}}},
    {"the first wrong byte speaks", strict, {{"HELO my_pc.example!", "helo-underscore@2"}}},
    {"the first wrong byte speaks, other way round",
     strict,
     {{"HELO -my_pc.example", "helo-syntax@0"}}},
};

static void our_names(struct play *play)
{
  static const struct span list[] = {
      {"*.example.net", 13}, {"192.0.2.99", 10}, {"2001:db8::99", 12}, {"mail.example.org", 16}};

  at_once(play);
  play->policy.our_names = (struct names){list, sizeof(list) / sizeof(list[0])};
}

static void is_ourselves(struct play *play)
{
  our_names(play);
  play_client(play, "198.51.100.25");
}

static void has_another_address_of_ours(struct play *play)
{
  our_names(play);
  play_client(play, "192.0.2.99");
}

static void is_local(struct play *play)
{
  our_names(play);
  play_client(play, NULL);
  play->policy.exempt_local = false;
}

static void came_over_ipv6(struct play *play)
{
  our_names(play);
  play_client(play, "2001:db8::7");
  play_server(play, "2001:db8::25");
}

static void came_as_mapped_ipv6(struct play *play)
{
  our_names(play);
  play_client(play, "::ffff:198.51.100.25");
}

static void server_unknown(struct play *play)
{
  at_once(play);
  play_server(play, NULL);
  play->session.host_len = 0;
}

static void ours_and_strict(struct play *play)
{
  our_names(play);
  strict(play);
}

static const struct play_row ours[] = {
    {"the MTA's own name, none being set", at_once, {{"HELO MX.example.org", "helo-ours"}}},
    {"with a final dot", at_once, {{"HELO mx.example.org.", "helo-ours"}}},
    {"with a blank after it", at_once, {{"HELO mx.example.org ", "helo-ours"}}},
    {"another name of the same domain", at_once, {{"HELO mx2.example.org", ""}}},
    {"a name that is set", our_names, {{"HELO mail.example.org", "helo-ours"}}},
    {"set names take the place of the MTA's", our_names, {{"HELO mx.example.org", ""}}},
    {"a name below a starred one", our_names, {{"HELO a.b.example.net", "helo-ours"}}},
    {"the starred one itself", our_names, {{"HELO example.net", ""}}},
    {"the address that the client came to", our_names, {{"HELO [198.51.100.25]", "helo-ours"}}},
    {"the same without brackets",
     our_names,
     {{"HELO 198.51.100.25", "helo-ours ~helo-bare-address@0"}}},
    {"the same as a mapped IPv6 address",
     our_names,
     {{"HELO [IPv6:::ffff:198.51.100.25]", "helo-ours"}}},
    {"another address of ours", our_names, {{"HELO [192.0.2.99]", "helo-ours"}}},
    {"an IPv6 address of ours, longer", our_names, {{"HELO [IPv6:2001:DB8:0::99]", "helo-ours"}}},
    {"its own address", our_names, {{"HELO [192.0.2.7]", ""}}},
    {"over IPv6, the address it came to",
     came_over_ipv6,
     {{"HELO [IPv6:2001:db8::25]", "helo-ours"}}},
    {"our own host may use our name", is_ourselves, {{"HELO mail.example.org", ""}}},
    {"our own host may use our address", is_ourselves, {{"HELO [198.51.100.25]", ""}}},
    {"from another address of ours", has_another_address_of_ours, {{"HELO mail.example.org", ""}}},
    {"local submission may use our name", is_local, {{"HELO mail.example.org", ""}}},
    {"our own host, seen as mapped IPv6", came_as_mapped_ipv6, {{"HELO mail.example.org", ""}}},
    {"nothing is known of us",
     server_unknown,
     {{"HELO mx.example.org", ""}, {"HELO", "helo-syntax@0 ~helo-changed"}}},
    {"a name that is ours and misspelt is ours first",
     ours_and_strict,
     {{"HELO a_b.example.net", "helo-ours"}}},
};

static void listed(struct play *play)
{
  static const struct span list[] = {{"*.bad.example", 13}, {"[192.0.2.66]", 12}, {"ylmf-pc", 7}};

  at_once(play);
  play->policy.rules[RULE_HELO_LISTED].names = (struct names){list, sizeof(list) / sizeof(list[0])};
}

static const struct play_row lists[] = {
    {"the list is empty by default", at_once, {{"HELO bad.example", ""}}},
    {"a listed name", listed, {{"HELO YLMF-PC", "helo-listed ~helo-unqualified@0"}}},
    {"with a final dot", listed, {{"HELO x.bad.example.", "helo-listed"}}},
    {"a listed literal", listed, {{"HELO [192.0.2.66]", "helo-listed"}}},
    {"another name", listed, {{"HELO bad.example", ""}}},
};

static void changes_refused(struct play *play)
{
  at_once(play);
  play_action(play, "helo-changed", ACTION_REFUSE);
}

static const struct play_row changes[] = {
    {"the same name again", at_once, {{"HELO a.example", ""}, {"HELO A.example", ""}}},
    {"the same name with a final dot", at_once, {{"HELO a.example", ""}, {"HELO a.example.", ""}}},
    {"another name is noticed",
     at_once,
     {{"HELO a.example", ""}, {"HELO b.example", "~helo-changed"}}},
    {"another name after STARTTLS",
     changes_refused,
     {{"HELO a.example", ""}, {"+TLS", ""}, {"HELO b.example", ""}}},
    {"another name within TLS",
     changes_refused,
     {{"+TLS", ""}, {"HELO a.example", ""}, {"HELO b.example", "helo-changed"}}},
    {"a changed and misspelt name is misspelt first",
     changes_refused,
     {{"HELO a.example", ""}, {"HELO b!.example", "helo-syntax@1"}}},
    {"a refused second HELO leaves the first in force",
     changes_refused,
     {{"HELO a.example", ""},
      {"HELO b.example", "helo-changed"},
      {"MAIL <a@b.example>", ""},
      {"RCPT <c@d.example>", ""}}},
    {"a refused first HELO leaves none",
     at_once,
     {{"HELO !", "helo-syntax@0"}, {"MAIL <a@b.example>", "helo-missing"}}},
    {"a good HELO mends a refused one",
     at_once,
     {{"HELO !", "helo-syntax@0"}, {"HELO a.example", ""}, {"MAIL <a@b.example>", ""}}},
};

static void misses_no_helo(struct play *play)
{
  play_action(play, "helo-missing", ACTION_OFF);
}

static const struct play_row missing[] = {
    {"MAIL without HELO", NULL, {{"MAIL <a@b.example>", "helo-missing"}}},
    {"it is asked at each MAIL",
     NULL,
     {{"MAIL <a@b.example>", "helo-missing"}, {"MAIL <a@b.example>", "helo-missing"}}},
    {"before a wrong address is", NULL, {{"MAIL <a@@b.example>", "helo-missing"}}},
    {"HELO afterwards mends it",
     NULL,
     {{"MAIL <a@b.example>", "helo-missing"}, {"HELO a.example", ""}, {"MAIL <a@b.example>", ""}}},
    {"nobody asks when it is off",
     misses_no_helo,
     {{"MAIL <a@b.example>", ""}, {"RCPT <c@d.example>", ""}, {"DATA", ""}}},
};

PLAYS(judges_the_spelling, spelling)
PLAYS(knows_our_names, ours)
PLAYS(knows_listed_names, lists)
PLAYS(sees_a_name_change, changes)
PLAYS(misses_helo, missing)

static void tells_place_and_subject(void **state)
{
  struct play play;

  (void)state;
  play_begin(&play);
  at_once(&play);
  play_say(&play, "HELO bad name");
  assert_int_equal(play.judgement.verdict.fault.kind, FAULT_SPACE);
  assert_true(span_equals(play.judgement.verdict.prefix, SPAN("HELO ")));
  assert_true(span_equals(play.judgement.verdict.subject, SPAN("bad name")));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(judges_the_spelling), cmocka_unit_test(knows_our_names),
      cmocka_unit_test(knows_listed_names),  cmocka_unit_test(sees_a_name_change),
      cmocka_unit_test(misses_helo),         cmocka_unit_test(tells_place_and_subject),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
