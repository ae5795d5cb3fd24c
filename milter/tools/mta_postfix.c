/*
 * Postfix's main.cf and the table of its smtpd_command_filter.
 *
 * Postfix tells a milter nothing of VRFY, and from 3.10 on says its own words in place of a
 * milter's 5xx to commands that it does not know. It asks policy services about VRFY, and lets a
 * table turn other commands into VRFY before it reads them: with both, the rules are heard.
 */
#include "mta.h"

#include <string.h>

#define OWN_RELAY_RULES "permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination"

/* Postfix knows none of these commands; HELP it has answered since 3.9, and with 214. */
static bool can_be_turned(enum command command)
{
  return command_entry(command)->kind == COMMAND_IS_OPTIONAL && command != COMMAND_VRFY;
}

/* Whether the command filter makes VRFY of it: when a refusal is to be heard. */
static bool is_turned(const struct policy *policy, enum command command)
{
  return can_be_turned(command) &&
         mta_stance(policy, (enum rule)command_entry(command)->rule) == MTA_REFUSE;
}

/* The verbs that are turned into VRFY, with this between them. */
static void add_turned(struct text *text, const struct policy *policy, const char *between)
{
  size_t begin = text->len;

  for (enum command command = 0; command < COMMAND_COUNT; command++) {
    if (!is_turned(policy, command))
      continue;
    text_add(text, text->len > begin ? between : "");
    text_add(text, command_entry(command)->verb);
  }
}

static bool turns_any(const struct policy *policy)
{
  for (enum command command = 0; command < COMMAND_COUNT; command++)
    if (is_turned(policy, command))
      return true;
  return false;
}

static enum mta_stance vrfy_stance(const struct mta *mta)
{
  return mta_stance(&mta->settings->policy, RULE_COMMAND_VRFY);
}

/* Whether a policy service has anything to say. */
static bool wants_policy(const struct mta *mta)
{
  return vrfy_stance(mta) != MTA_OFF || turns_any(&mta->settings->policy);
}

static bool has_policy(const struct mta *mta)
{
  return mta->door[0] != '\0' && wants_policy(mta);
}

/* A table for commands is needed for those that it turns, and for `VRFY postmaster`. */
bool mta_postfix_filters(const struct mta *mta)
{
  return has_policy(mta) && (turns_any(&mta->settings->policy) || vrfy_stance(mta) == MTA_REFUSE);
}

static void consider_chroot(struct mta *mta, const char *option, const char *address)
{
  if (strncmp(address, "unix:/", 6) == 0)
    mta_note(mta, false,
             "%s lies outside /var/spool/postfix: an smtpd in a chroot, as Debian runs it, cannot "
             "see it",
             option);
}

static void consider_missing_policy(struct mta *mta)
{
  char memory[80];
  struct text verbs = text_in(memory, sizeof(memory));

  if (vrfy_stance(mta) == MTA_REFUSE)
    mta_note(mta, false,
             "listen.policy is not set: Postfix refuses VRFY in its own words, and nothing is "
             "logged");
  if (vrfy_stance(mta) == MTA_ANSWER)
    mta_note(
        mta, true,
        "command-vrfy cannot be answered with 252: listen.policy is not set. Postfix says 502, "
        "which tells nothing of who has a mailbox either");
  add_turned(&verbs, &mta->settings->policy, ", ");
  if (verbs.len > 0)
    mta_note(mta, false,
             "listen.policy is not set: Postfix from 3.10 on says its own words to %s, earlier "
             "versions let the filter speak",
             memory);
}

static void consider(struct mta *mta)
{
  const struct settings *settings = mta->settings;

  mta_address(mta, "listen.milter", settings->listen_milter, MTA_SYNTAX_POSTFIX, mta->milter);
  consider_chroot(mta, "listen.milter", mta->milter);
  if (!wants_policy(mta))
    return;
  mta_address(mta, "listen.policy", settings->listen_policy, MTA_SYNTAX_POSTFIX, mta->door);
  consider_chroot(mta, "listen.policy", mta->door);
  if (settings->listen_policy.len == 0)
    consider_missing_policy(mta);
}

static void say(FILE *to, const char *words)
{
  mta_comment(to, "#", words);
}

static void put_head(const struct mta *mta, FILE *to)
{
  fputs("# Made by milter-strict mta postfix: what main.cf needs for this configuration.\n#\n", to);
  say(to, "Add it to main.cf. Where main.cf sets one of these already, put the two together as is "
          "said below. Services in master.cf that set one of these with -o need it there. Then: "
          "postfix check && postfix reload");
  fputs("#\n", to);
  mta_comment_notes(mta, to, "#");
}

static void put_milter(const struct mta *mta, FILE *to)
{
  say(to,
      "The filter. Behind others that refuse recipients: asked before them, it would count such "
      "a recipient as accepted (the rule sequence-abandoned).");
  say(to, "  default_action=accept: mail passes unchecked while the filter is away. With tempfail "
          "clients are told to come back later: nothing passes unchecked and nothing is lost.");
  say(to,
      "  connect_timeout, command_timeout: it answers from memory; what takes longer has failed.");
  say(to, "  protocol=6: with earlier ones it is not asked about unknown commands.");
  if (mta->milter[0] == '\0') {
    say(to, "smtpd_milters = { ADDRESS, ... }: see the notes above");
    fputc('\n', to);
    return;
  }
  fprintf(to,
          "smtpd_milters = { %s, default_action=accept, connect_timeout=10s, command_timeout=10s, "
          "protocol=6 }\n\n",
          mta->milter);
}

static void put_helo(const struct mta *mta, FILE *to)
{
  if (!mta_speaks(&mta->settings->policy, RULE_HELO_MISSING))
    return;
  say(to, "The rule helo-missing insists on HELO, at MAIL and with an explanation. With \"yes\" "
          "Postfix would do so in its own words, and for VRFY as well.");
  fputs("smtpd_helo_required = no\n\n", to);
}

static void put_foreign(const struct mta *mta, FILE *to)
{
  if (!mta_speaks(&mta->settings->policy, RULE_COMMAND_FOREIGN))
    return;
  say(to, "GET, POST and CONNECT are a matter of the rule command-foreign, which hangs up as well. "
          "Left at its default, Postfix does that with 221 before the filter is asked. (It still "
          "does so when a line looks like a header, as those do that follow POST.)");
  fputs("smtpd_forbidden_commands =\n\n", to);
}

static void put_service(const struct mta *mta, FILE *to)
{
  fprintf(to, "check_policy_service { %s, timeout=10s, default_action=DUNNO }", mta->door);
}

static void put_places(const struct mta *mta, FILE *to)
{
  say(to, "VRFY is shown to no filter, but to policy services. This one decides VRFY only; for "
          "everything else it says DUNNO, no objection. It must stand first: of an address that is "
          "not ours, what stands before it would say \"Relay access denied\". Behind it stays what "
          "your main.cf has; here, Postfix's default.");
  say(to, "  timeout: it answers from memory, too.");
  say(to, "  default_action=DUNNO: while it is away mail passes, and VRFY is answered by Postfix "
          "alone, which tells who has a mailbox. \"451 4.3.5 Try again later\" defers both.");
  fputs("smtpd_relay_restrictions = ", to);
  put_service(mta, to);
  fputs(", " OWN_RELAY_RULES "\n\n", to);
  if (vrfy_stance(mta) == MTA_ANSWER)
    return; /* it stands first in both */
  say(to,
      "Otherwise, by default with a compatibility_level below 3.6, smtpd_recipient_restrictions "
      "comes before that list, and reject_unlisted_recipient in it tells who has a mailbox. "
      "(Postfix before 3.6 has no choice: there the policy service must stand first in "
      "smtpd_recipient_restrictions as well.)");
  fputs("smtpd_relay_before_recipient_restrictions = yes\n\n", to);
}

/* With 252 the service says OK, which ends one list; Postfix must not look for the mailbox in the
 * next, nor after them. */
static void put_answer_places(const struct mta *mta, FILE *to)
{
  say(to, "VRFY is answered with 252, whoever is asked for: for that the service says OK, in both "
          "lists, and never to RCPT. After it stands reject_unlisted_recipient, so that RCPT is "
          "still refused for unknown mailboxes, and then what your main.cf has.");
  fputs("smtpd_recipient_restrictions = ", to);
  put_service(mta, to);
  fputs(", reject_unlisted_recipient\n\n", to);
  say(to, "Otherwise Postfix does this after all lists, for VRFY as well, and tells who has a "
          "mailbox.");
  fputs("smtpd_reject_unlisted_recipient = no\n\n", to);
}

static void put_policy(const struct mta *mta, FILE *to)
{
  put_places(mta, to);
  if (vrfy_stance(mta) == MTA_ANSWER)
    put_answer_places(mta, to);
  if (!mta_speaks(&mta->settings->policy, RULE_COMMAND_VRFY) && !mta_postfix_filters(mta))
    return;
  say(to, "With \"yes\" Postfix would refuse VRFY, and what the table below turns into it, before "
          "the policy service is asked: safe, but in its own words, and nothing is logged.");
  fputs("disable_vrfy_command = no\n\n", to);
}

static void put_filter(FILE *to)
{
  say(to, "Commands that reach neither a filter nor the policy service as they are; the table says "
          "why. It needs the package postfix-pcre, and its place is beside main.cf.");
  fputs("smtpd_command_filter = pcre:${config_directory}/" MTA_POSTFIX_FILTER "\n", to);
}

static void put_without_policy(FILE *to)
{
  say(to, "VRFY is shown to no filter, and by default Postfix tells who has a mailbox. Without a "
          "policy service (listen.policy) it is refused here, with \"502 5.5.1 VRFY command is "
          "disabled\". With one, the rule command-vrfy speaks.");
  fputs("disable_vrfy_command = yes\n", to);
}

static void put_watching(FILE *to)
{
  say(to, "Rules that are monitored make no client hear anything, so disable_vrfy_command and "
          "smtpd_command_filter stay as they are. Run this command again when they refuse.");
}

static void write_main_cf(const struct mta *mta, FILE *to)
{
  put_head(mta, to);
  put_milter(mta, to);
  put_helo(mta, to);
  put_foreign(mta, to);
  if (has_policy(mta))
    put_policy(mta, to);
  else if (mta_speaks(&mta->settings->policy, RULE_COMMAND_VRFY))
    put_without_policy(to);
  if (mta_postfix_filters(mta))
    put_filter(to);
  if (vrfy_stance(mta) == MTA_WATCH && !mta_postfix_filters(mta))
    put_watching(to);
}

static void write_filter(const struct mta *mta, FILE *to)
{
  char memory[80];
  struct text verbs = text_in(memory, sizeof(memory));

  fputs("# Made by milter-strict mta postfix: Postfix's " MTA_POSTFIX_FILTER ".\n#\n", to);
  say(to, "A command line that fits a pattern, in either case, is replaced by what stands right of "
          "it before Postfix reads it.");
  add_turned(&verbs, &mta->settings->policy, "|");
  if (verbs.len > 0) {
    fputc('\n', to);
    say(to, "These are decided by rules of their own. The policy service sees the verb as what is "
            "to be verified, and answers for the rule of that command. (Postfix from 3.10 on would "
            "not use a filter's answer, and from 3.9 on it would answer HELP itself.)");
    fprintf(to, "/^(%s)(\\s.*)?$/    VRFY $1\n", memory);
  }
  if (vrfy_stance(mta) == MTA_REFUSE) {
    fputc('\n', to);
    say(to,
        "Postfix asks nobody about postmaster, whom every site has. So that this VRFY, too, gets "
        "the reply of its rule:");
    fputs("/^VRFY\\s+[<\"]*postmaster[\">]*(\\s.*)?$/    VRFY VRFY\n", to);
  }
}

const struct mta_server mta_postfix = {
    .name = "postfix",
    .files = {{"main.cf", "#", write_main_cf, NULL},
              {MTA_POSTFIX_FILTER, "#", write_filter, mta_postfix_filters}},
    .consider = consider,
    .check = mta_check_postfix,
};
