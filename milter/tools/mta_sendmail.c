/*
 * Sendmail's .mc lines.
 *
 * Sendmail tells a milter of nothing but words that it does not know. Rulesets decide about VRFY,
 * EXPN and the rest; they can ask a socket map, and say what it answers (doors/socketmap.h has the
 * form of question and answer). HELP it answers from a file.
 */
#include "mta.h"

#include "../config/config.h"

#include <string.h>

#define HELP_FILE SYSCONFDIR "/milter-strict/helpfile"
#define ASK "$&{client_addr} $| $&{client_port} $| $&{daemon_name} $| $&{auth_authen} $| $&{verify}"

static enum mta_stance stance(const struct mta *mta, enum rule rule)
{
  return mta_stance(&mta->settings->policy, rule);
}

/* The rules that check_other asks for: of commands that Sendmail knows and does not offer. */
static const enum rule other_rules[] = {RULE_COMMAND_TURN, RULE_COMMAND_SEND, RULE_COMMAND_SOML,
                                        RULE_COMMAND_SAML};
enum { OTHER_RULE_COUNT = sizeof(other_rules) / sizeof(other_rules[0]) };

static bool asks_other(const struct mta *mta)
{
  for (size_t i = 0; i < OTHER_RULE_COUNT; i++)
    if (stance(mta, other_rules[i]) != MTA_OFF)
      return true;
  return false;
}

static bool asks(const struct mta *mta, enum rule rule)
{
  return mta->door[0] != '\0' && stance(mta, rule) != MTA_OFF;
}

static bool wants_map(const struct mta *mta)
{
  return stance(mta, RULE_COMMAND_VRFY) != MTA_OFF || stance(mta, RULE_COMMAND_EXPN) != MTA_OFF ||
         asks_other(mta);
}

static void consider_missing_map(struct mta *mta)
{
  const struct policy *policy = &mta->settings->policy;

  if (stance(mta, RULE_COMMAND_VRFY) == MTA_REFUSE)
    mta_note(mta, true,
             "VRFY cannot be refused: listen.socketmap is not set. Sendmail says 252 to everybody, "
             "which tells nothing of who has a mailbox either");
  if (stance(mta, RULE_COMMAND_VRFY) == MTA_ANSWER)
    mta_note(mta, false, "listen.socketmap is not set: Sendmail says 252 to VRFY in its own words");
  if (mta_speaks(policy, RULE_COMMAND_EXPN))
    mta_note(mta, false, "listen.socketmap is not set: Sendmail refuses EXPN in its own words");
  if (asks_other(mta))
    mta_note(mta, false,
             "listen.socketmap is not set: Sendmail refuses TURN, SEND, SOML and SAML in its own "
             "words");
}

static void consider_help(struct mta *mta)
{
  const struct rule_setting *setting = &mta->settings->policy.rules[RULE_COMMAND_HELP];

  if (stance(mta, RULE_COMMAND_HELP) == MTA_REFUSE && setting->status.code != 502)
    mta_note(mta, true,
             "command-help cannot answer %u: Sendmail answers HELP from a file, or with "
             "502 when there is none",
             (unsigned)setting->status.code);
}

static void consider(struct mta *mta)
{
  const struct settings *settings = mta->settings;

  mta_address(mta, "listen.milter", settings->listen_milter, MTA_SYNTAX_SENDMAIL, mta->milter);
  consider_help(mta);
  if (!wants_map(mta))
    return;
  mta_address(mta, "listen.socketmap", settings->listen_socketmap, MTA_SYNTAX_SENDMAIL, mta->door);
  if (settings->listen_socketmap.len == 0)
    consider_missing_map(mta);
}

static void say(FILE *to, const char *words)
{
  mta_comment(to, "dnl", words);
}

static void put_head(const struct mta *mta, FILE *to)
{
  fputs("dnl Made by milter-strict mta sendmail: what sendmail.mc needs for this configuration.\n"
        "dnl\n",
        to);
  say(to, "Add it at the end of sendmail.mc, copy helpfile to " HELP_FILE ", make sendmail.cf anew "
          "and restart Sendmail. No folder above the sockets may be writable for its group or for "
          "all: Sendmail does not use such a socket.");
  fputs("dnl\n", to);
  mta_comment_notes(mta, to, "dnl");
}

static void put_milter(const struct mta *mta, FILE *to)
{
  say(to, "The filter. Filters are asked in the order of their lines: this one behind others that "
          "refuse recipients. Asked before them, it would count such a recipient as accepted (the "
          "rule sequence-abandoned).");
  say(to,
      "  Without F= mail passes unchecked while the filter is away. With F=T clients are told to "
      "come back later: nothing passes unchecked and nothing is lost.");
  say(to,
      "  T= how long to wait for the connection, for sending and for an answer: it answers from "
      "memory; what takes longer has failed.");
  if (mta->milter[0] == '\0')
    say(to, "INPUT_MAIL_FILTER(...): see the notes above");
  else
    fprintf(to, "INPUT_MAIL_FILTER(`milter-strict', `S=%s, T=C:10s;S:10s;R:10s;E:5m')dnl\n",
            mta->milter);
  fputc('\n', to);
}

static void put_helo(const struct mta *mta, FILE *to)
{
  if (!mta_speaks(&mta->settings->policy, RULE_HELO_SYNTAX))
    return;
  say(to,
      "A malformed HELO name is a matter of the rule helo-syntax, which lets exempt clients pass "
      "and waits for RCPT. Otherwise Sendmail refuses it at once in its own words.");
  fputs("define(`confALLOW_BOGUS_HELO', `True')dnl\n\n", to);
}

/* What Sendmail would answer by itself is left out where a rule is to be heard. */
static void put_privacy(const struct mta *mta, FILE *to)
{
  const struct policy *policy = &mta->settings->policy;
  bool map = mta->door[0] != '\0';
  bool vrfy = mta_speaks(policy, RULE_COMMAND_VRFY), expn = mta_speaks(policy, RULE_COMMAND_EXPN);
  bool helo = mta_speaks(policy, RULE_HELO_MISSING);

  if (!vrfy && !expn && !helo)
    return;
  say(to,
      "The list replaces the one that sendmail.mc has: keep from yours what is missing here, but "
      "none of novrfy, noexpn, needvrfyhelo, needexpnhelo, needmailhelo, and not goaway, which "
      "stands for all of them, unless it stands here. With them Sendmail answers before a rule "
      "is asked.");
  if (helo)
    say(to, "  no needmailhelo: the rule helo-missing does that, with an explanation");
  if (vrfy)
    say(to, map ? "  no novrfy, no needvrfyhelo: the rule command-vrfy speaks"
                : "  novrfy: 252 to everybody, because there is no socket map that could say more");
  if (expn)
    say(to, map ? "  no noexpn, no needexpnhelo: the rule command-expn speaks"
                : "  noexpn: 502, because there is no socket map that could say more");
  if (map && (vrfy || expn))
    say(to,
        "  An argument of more than some 1,250 bytes, as of \"VRFY alice,,,\" and more commas, "
        "Sendmail shows to no ruleset, and answers it by itself: whoever knows that can ask "
        "who has a mailbox. Only novrfy and noexpn close that, and then Sendmail says 252 and 502 "
        "to all, in its own words, and no rule is asked. Where that matters more, add them.");
  say(to, "  noverb: VERB would show how addresses are resolved");
  fprintf(to,
          "define(`confPRIVACY_FLAGS', "
          "`authwarnings,noverb,restrictqrun,restrictexpand,nobodyreturn%s%s%s')dnl\n\n",
          helo ? "" : ",needmailhelo",
          !vrfy  ? ",needvrfyhelo"
          : !map ? ",novrfy"
                 : "",
          !expn  ? ",needexpnhelo"
          : !map ? ",noexpn"
                 : "");
}

static void put_help(const struct mta *mta, FILE *to)
{
  switch (stance(mta, RULE_COMMAND_HELP)) {
  case MTA_ANSWER:
    say(to, "HELP is answered with 214 from this file, which is made from the tables of commands, "
            "rules and replies.");
    fputs("define(`HELP_FILE', `" HELP_FILE "')dnl\n\n", to);
    break;
  case MTA_REFUSE:
    say(to, "HELP is refused: without a file to answer from, Sendmail says 502.");
    fputs("define(`HELP_FILE', `/dev/null')dnl\n\n", to);
    break;
  case MTA_OFF:
  case MTA_WATCH:
    break;
  }
}

static void put_map(const struct mta *mta, FILE *to, const char *name)
{
  fprintf(to, "K%s socket -f -d5s -T<TMPF> %s\n", name, mta->door);
}

static void put_maps(const struct mta *mta, FILE *to)
{
  say(to, "The maps through which rulesets ask milter-strict; all of them share a connection.");
  say(to, "  -f: what is asked is not to be folded to lower case, nor cut");
  say(to, "  -d5s: how long to wait for an answer; then the client reads 451");
  say(to, "  -T<TMPF>: what the rulesets see when milter-strict is away");
  fputs("LOCAL_CONFIG\n", to);
  if (asks(mta, RULE_COMMAND_VRFY))
    put_map(mta, to, "check_vrfy");
  if (asks(mta, RULE_COMMAND_EXPN))
    put_map(mta, to, "check_expn");
  if (asks_other(mta))
    put_map(mta, to, "check_other");
  fputc('\n', to);
}

/* What is said while nobody answers, so that not even then Sendmail tells who has a mailbox; a rule
 * that only watches leaves it to Sendmail. */
static void put_fallback(const struct mta *mta, FILE *to, enum rule rule)
{
  const struct reply_status *status = &mta->settings->policy.rules[rule].status;
  const struct reply_entry *entry = reply_find(status->code);

  if (!mta_speaks(&mta->settings->policy, rule) || entry == NULL)
    fputs("R$* <TMPF>\t$@ ok\n", to);
  else
    fprintf(to, "R$* <TMPF>\t$#error $: \"%u %s %s\"\n", (unsigned)status->code, status->enhanced,
            entry->phrase);
}

static void put_ruleset(const struct mta *mta, FILE *to, const char *name, enum rule rule)
{
  if (!asks(mta, rule))
    return;
  fprintf(to, "S%s\nR$*\t$: $(%s " ASK " $| $1 $: <NONE> $)\n", name, name);
  fputs("R<NONE>\t$@ ok\n", to);
  put_fallback(mta, to, rule);
  fputs("R$+\t$#error $: $1\n", to);
}

static void put_ruleset_other(const struct mta *mta, FILE *to)
{
  if (!asks_other(mta))
    return;
  fputs("dnl\n", to);
  say(to, "TURN, SEND, SOML, SAML and words that Sendmail does not know. Only what it is about to "
          "refuse (5) is asked about: NOOP comes here, too, and would get two answers. While "
          "milter-strict is away, Sendmail refuses these in its own words.");
  fputs("Scheck_other\n"
        "R$* $| 5\t$: <ASK> $1\n"
        "R$* $| $*\t$@ ok\n"
        "R<ASK> $*\t$: $(check_other " ASK " $| $1 $| 5 $: <NONE> $)\n"
        "R<NONE>\t$@ ok\n"
        "R$* <TMPF>\t$@ ok\n"
        "R$+\t$#error $: $1\n",
        to);
}

static void put_rulesets(const struct mta *mta, FILE *to)
{
  say(to,
      "What milter-strict answers is said as it is; <NONE>: it has nothing to object; <TMPF>: it "
      "is away. The second column is set off with tabs.");
  fputs("LOCAL_RULESETS\n", to);
  put_ruleset(mta, to, "check_vrfy", RULE_COMMAND_VRFY);
  put_ruleset(mta, to, "check_expn", RULE_COMMAND_EXPN);
  put_ruleset_other(mta, to);
}

static void write_mc(const struct mta *mta, FILE *to)
{
  put_head(mta, to);
  put_milter(mta, to);
  put_helo(mta, to);
  put_privacy(mta, to);
  put_help(mta, to);
  if (mta->door[0] == '\0')
    return;
  put_maps(mta, to);
  put_rulesets(mta, to);
}

static bool has_helpfile(const struct mta *mta)
{
  return stance(mta, RULE_COMMAND_HELP) == MTA_ANSWER;
}

const struct mta_server mta_sendmail = {
    .name = "sendmail",
    .files = {{"milter-strict.mc", "dnl", write_mc, NULL},
              {"helpfile", "#", mta_write_helpfile, has_helpfile}},
    .consider = consider,
    .check = mta_check_sendmail,
};
