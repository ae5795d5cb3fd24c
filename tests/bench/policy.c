/*
 * What one event costs in the core: the question made of it, noted and judged, and for a refusal
 * the words of the reply. No socket, no thread.
 *
 *   policy [MILLISECONDS]       a row; 100 by default
 *
 * Prints a line a row: "usual" or "worst", nanoseconds, what it was. Worst rows are the dearest
 * inputs known of the length that an MTA lets through.
 */
#include "verdict.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  ARGUMENT_MAX = 2048, /* Postfix takes no longer lines */
  PARAMETERS_MAX = 40,
  NETWORKS = 10000,
  ROUND = 64, /* events between two looks at the clock */
};

/* One event, and what becomes of it. */
struct row {
  const char *name;
  enum stage stage;
  const char *argument;
  const char *parameters; /* separated by spaces; NULL: none */
  const char *filling;    /* with `end` behind it, repeated until the argument has `len` bytes */
  const char *end;
  size_t len;
  bool refused;
  bool many_networks; /* under the policy with NETWORKS exempt networks */
};

/* A row with its texts made. */
struct event {
  const struct row *row;
  struct span argument;
  struct span list[PARAMETERS_MAX];
  size_t count;
  char memory[ARGUMENT_MAX + 1];
};

static void event_make(const struct row *row, struct event *out)
{
  struct text text = text_in(out->memory, sizeof(out->memory));

  out->row = row;
  out->count = 0;
  text_add(&text, row->argument);
  if (row->filling != NULL) {
    while (text.len + strlen(row->filling) + strlen(row->end) <= row->len)
      text_add(&text, row->filling);
    text_add(&text, row->end);
  }
  out->argument = text_span(&text);
  if (row->parameters != NULL)
    out->count = parameters_split(span_from(row->parameters), out->list, PARAMETERS_MAX);
}

static void ask(const struct event *event, struct question *out)
{
  switch (event->row->stage) {
  case STAGE_CONNECT:
    question_connect(out);
    break;
  case STAGE_HELO:
    question_helo(out, event->argument);
    break;
  case STAGE_MAIL:
    question_mail(out, event->argument, event->list, event->count);
    break;
  case STAGE_RCPT:
    question_rcpt(out, event->argument, event->list, event->count, true);
    break;
  case STAGE_DATA:
    question_data(out);
    break;
  case STAGE_COMMAND:
  case STAGE_COUNT:
    question_command(out, event->argument);
    break;
  }
}

/* The event as a door has it; whether it was refused. */
static bool happen(const struct policy *policy, struct session *session, const struct event *event)
{
  static struct reply_lines reply;
  struct question question;
  struct judgement judgement;

  ask(event, &question);
  session_note(session, &question);
  policy_judge(policy, session, &question, &judgement);
  if (judgement.verdict.rule == RULE_NONE)
    return false;
  verdict_reply(policy, &judgement.verdict, VERDICT_VOICE_NEGATIVE, &reply);
  session_refused(session, &question);
  return true;
}

/* Brings a session as far as `stage` needs it, of a client whom nothing exempts. */
static void session_prepare(const struct policy *policy, enum stage stage, struct session *out)
{
  static const struct row before[] = {
      {.stage = STAGE_HELO, .argument = "mail.example.com"},
      {.stage = STAGE_MAIL, .argument = "<alice@example.com>"},
  };
  const struct ip client = {
      {[10] = 0xff, [11] = 0xff, [12] = 198, [13] = 51, [14] = 100, [15] = 7}};
  struct event event;

  session_begin(out, &client);
  session_set_daemon(out, SPAN("mx.example.org"));
  session_set_host(out, SPAN("mx.example.org"));
  for (size_t i = 0; i < sizeof(before) / sizeof(before[0]) && before[i].stage < stage; i++) {
    event_make(&before[i], &event);
    (void)happen(policy, out, &event);
  }
}

static double nanoseconds(void)
{
  struct timespec now;

  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The best of some rounds of equal length: what disturbs a round only makes it longer. */
static double measure(const struct policy *policy, const struct row *row, double length)
{
  struct session session;
  struct event event;
  double best = 1e18, end = nanoseconds() + length;

  session_prepare(policy, row->stage, &session);
  event_make(row, &event);
  if (happen(policy, &session, &event) != row->refused) {
    fprintf(stderr, "policy: %s: not judged as was expected\n", row->name);
    exit(EXIT_FAILURE);
  }
  while (nanoseconds() < end) {
    double before = nanoseconds(), each;

    for (unsigned i = 0; i < ROUND; i++)
      (void)happen(policy, &session, &event);
    each = (nanoseconds() - before) / ROUND;
    if (each < best)
      best = each;
  }
  return best;
}

static const struct row usual[] = {
    {"HELO with a name", STAGE_HELO, .argument = "mail.example.com"},
    {"HELO with an address literal", STAGE_HELO, .argument = "[198.51.100.7]"},
    {"MAIL", STAGE_MAIL, .argument = "<alice.sender@example.com>",
     .parameters = "SIZE=4321 BODY=8BITMIME"},
    {"MAIL with the null path", STAGE_MAIL, .argument = "<>", .parameters = "SIZE=4321"},
    {"MAIL from a mailing list", STAGE_MAIL,
     .argument = "<bounces+1234567-0a1b-bob=example.org@em1234.mail.example.com>",
     .parameters = "BODY=8BITMIME SIZE=98765"},
    {"RCPT", STAGE_RCPT, .argument = "<bob@example.org>"},
    {"RCPT with parameters", STAGE_RCPT, .argument = "<carol.smith@lists.example.org>",
     .parameters = "NOTIFY=FAILURE,DELAY ORCPT=rfc822;carol.smith@lists.example.org"},
    {"DATA", STAGE_DATA, .argument = ""},
    {"MAIL, refused: a second @", STAGE_MAIL, .argument = "<user@@example.com>", .refused = true},
    {"RCPT, refused: two dots", STAGE_RCPT, .argument = "<a..b@example.org>", .refused = true},
    {"EXPN, refused", STAGE_COMMAND, .argument = "EXPN staff", .refused = true},
    {"an unknown command, refused", STAGE_COMMAND, .argument = "XYZZY please", .refused = true},
};

static const struct row worst[] = {
    {"HELO, 250 bytes of labels", STAGE_HELO, .argument = "", .filling = "a.", .end = "b",
     .len = 250},
    {"HELO, 2,000 bytes of labels", STAGE_HELO, .argument = "", .filling = "a.", .end = "b",
     .len = 2000},
    {"MAIL, a quoted local part of 480 bytes", STAGE_MAIL, .argument = "<\"", .filling = "\\\"",
     .end = "\"@example.com>", .len = 500},
    {"MAIL, 28 parameters", STAGE_MAIL, .argument = "<alice@example.com>",
     .parameters = "SIZE=1 A1=b A2=b A3=b A4=b A5=b A6=b A7=b A8=b A9=b B1=b B2=b B3=b B4=b B5=b "
                   "B6=b B7=b B8=b "
                   "B9=b C1=b C2=b C3=b C4=b C5=b C6=b C7=b C8=b C9=b"},
    {"MAIL, an IPv6 literal", STAGE_MAIL,
     .argument = "<a@[IPv6:2001:db8:1111:2222:3333:4444:198.51.100.255]>"},
    {"MAIL, a source route of 40 hosts", STAGE_MAIL, .argument = "<@a.example",
     .filling = ",@a.example", .end = ":alice@example.com>", .len = 480},
    {"RCPT, a label in Japanese", STAGE_RCPT,
     .argument = "<a@\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e.example>"},
    {"RCPT, 30 labels in Japanese", STAGE_RCPT, .argument = "<a@", .filling = "\xe6\x97\xa5.",
     .end = "example>", .len = 130},
    {"RCPT, 20 labels in Punycode", STAGE_RCPT, .argument = "<a@", .filling = "xn--wgv71a.",
     .end = "example>", .len = 230},
    {"MAIL, refused, 10,000 exempt networks", STAGE_MAIL, .argument = "<user@@example.com>",
     .refused = true, .many_networks = true},
    {"MAIL, refused, 2,000 control bytes", STAGE_MAIL, .argument = "<a", .filling = "\x01",
     .end = "@example.com>", .len = 2000, .refused = true},
    {"an unknown command of 2,000 bytes, refused", STAGE_COMMAND, .argument = "Z",
     .filling = "\x80", .end = "", .len = 2000, .refused = true},
};

static void print_rows(const char *kind, const struct row *rows, size_t count, double length)
{
  static struct netblock networks[NETWORKS];
  struct policy policy, exempting;

  policy_defaults(&policy);
  exempting = policy;
  for (size_t i = 0; i < NETWORKS; i++)
    networks[i] = (struct netblock){
        {{[10] = 0xff, [11] = 0xff, [12] = 10, [13] = (uint8_t)(i >> 7), [14] = (uint8_t)(i << 1)}},
        120};
  exempting.exempt_networks = networks;
  exempting.exempt_network_count = netblocks_sort(networks, NETWORKS);
  for (size_t i = 0; i < count; i++)
    printf("%s\t%.0f\t%s\n", kind,
           measure(rows[i].many_networks ? &exempting : &policy, &rows[i], length), rows[i].name);
}

int main(int argc, char **argv)
{
  double length = (argc > 1 ? atof(argv[1]) : 100) * 1e6;

  print_rows("usual", usual, sizeof(usual) / sizeof(usual[0]), length);
  print_rows("worst", worst, sizeof(worst) / sizeof(worst[0]), length);
  return 0;
}
