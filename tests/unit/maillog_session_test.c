/*
 * Sessions rebuilt from logs: whole ones, interleaved ones, pieces, and more than there is room
 * for.
 */
#include "../../milter/maillog/maillog_session.h"

#include "maillog_case.h"

#include <stdio.h>
#include <stdlib.h>

/* What was told, as text: a line a step. */
struct record {
  struct text text;
  char memory[1 << 16];
};

static void add_path(struct text *text, struct span path)
{
  text_add_byte(text, ' ');
  text_add_quoted(text, path.len > 0 ? path : SPAN("?"), "");
}

static void on_begin(void *context, const struct maillog_session *session)
{
  static const char *const helos[] = {[MAILLOG_HELO_NOT_LOGGED] = "",
                                      [MAILLOG_HELO_LOGGED] = " helo",
                                      [MAILLOG_HELO_BEFORE] = " helo before",
                                      [MAILLOG_HELO_NONE] = " no helo"};
  struct record *record = context;
  char client[IP_TEXT_SIZE] = "?";

  if (session->has_client)
    ip_format(session->client, client);
  text_add(&record->text, client);
  text_add(&record->text, helos[session->helo_is]);
  if (session->helo.len > 0)
    add_path(&record->text, session->helo);
  if (session->authenticated)
    text_add(&record->text, " authenticated");
  if (session->tls)
    text_add(&record->text, session->tls_verified ? " verified" : " tls");
  text_add(&record->text, "\n");
}

static void on_step(void *context, const struct maillog_step *step)
{
  static const char *const kinds[] = {
      [MAILLOG_STEP_MAIL] = " MAIL",       [MAILLOG_STEP_RCPT] = " RCPT",
      [MAILLOG_STEP_REFUSED] = " refused", [MAILLOG_STEP_MILTER] = " milter",
      [MAILLOG_STEP_COMMAND] = " command", [MAILLOG_STEP_END] = " end"};
  struct record *record = context;

  text_add(&record->text, kinds[step->kind]);
  if (step->kind != MAILLOG_STEP_END)
    add_path(&record->text, step->path);
  if (step->times > 1) {
    text_add(&record->text, " x");
    text_add_number(&record->text, step->times);
  }
  if (step->unknown)
    text_add(&record->text, " unknown");
  if (step->failed)
    text_add(&record->text, " failed");
  if (step->stored)
    text_add(&record->text, " stored");
  else if (step->sent_whole)
    text_add(&record->text, " whole");
  if (step->kind == MAILLOG_STEP_END && step->message != NULL) {
    add_path(&record->text, step->message->queue_id);
    text_add(&record->text, step->message->sent ? " sent" : "");
    step->message->marks[0] = 77;
  }
  text_add(&record->text, "\n");
}

static void on_end(void *context)
{
  struct record *record = context;

  text_add(&record->text, ".\n");
}

static void on_sent(void *context, const struct maillog_message *message)
{
  struct record *record = context;

  assert_int_equal(message->marks[0], 77);
  text_add(&record->text, "later:");
  add_path(&record->text, message->queue_id);
  add_path(&record->text, message->sender);
  text_add(&record->text, "\n");
}

static void feed(struct maillog_joiner *joiner, struct timeline *timeline, struct span log)
{
  for (uint64_t number = 1; log.len > 0; number++) {
    size_t end = span_find(log, '\n');
    struct maillog_line line;
    struct maillog_event event;

    if (maillog_cut(span_slice(log, 0, end), &line)) {
      maillog_read(&line, &event);
      maillog_feed(joiner, &line, &event, timeline_place(timeline, &line.stamp),
                   (struct maillog_place){0, number});
    }
    log = span_slice(log, end + 1, log.len);
  }
}

static struct maillog_totals tell(struct record *record, struct span log,
                                  struct maillog_limits limits)
{
  const struct maillog_sink sink = {on_begin, on_step, on_end, on_sent, record};
  struct timeline timeline = {.year = 2026};
  struct maillog_joiner *joiner = maillog_open(&limits, &sink);
  struct maillog_totals totals;

  assert_non_null(joiner);
  record->text = text_in(record->memory, sizeof(record->memory));
  feed(joiner, &timeline, log);
  maillog_finish(joiner);
  totals = *maillog_totals(joiner);
  maillog_close(joiner);
  assert_false(record->text.cut);
  return totals;
}

static const struct maillog_limits roomy = {100, 100, 100, 1};

#define AT(time) "Nov 24 15:" time " mx postfix/"
#define NOW AT("39:54")
#define ENDS " quit=1 commands=5\n"
#define REJECTS "550 5.1.1 no; from=<s@example.net> to=<"
#define BEHIND "@example.org> proto=ESMTP helo=<h.example.net>\n"
#define MESSAGE(pid, id, ip, sender, nrcpt)                                                        \
  NOW "smtpd[" pid "]: " id ": client=c[" ip "]\n" NOW "cleanup[5]: " id ": message-id=<x>\n" NOW  \
      "qmgr[6]: " id ": from=<" sender ">, size=1, nrcpt=" nrcpt " (queue active)\n"
#define SENT(id, to)                                                                               \
  NOW "virtual[7]: " id ": to=<" to "@example.org>, relay=virtual, dsn=2.0.0, status=sent (ok)\n"
#define ONE(pid, id, ip)                                                                           \
  NOW "smtpd[" pid "]: connect from c[" ip "]\n" MESSAGE(pid, id, ip, "s@example.net", "1")        \
      SENT(id, "a") NOW "smtpd[" pid "]: disconnect from c[" ip                                    \
                        "] ehlo=1 mail=1 rcpt=1 data=1" ENDS
#define ONE_TOLD(id, ip)                                                                           \
  ip "\n MAIL <s@example.net>\n RCPT <a@example.org>\n end stored " id " sent\n.\n"

static const struct {
  const char *name, *log, *want;
} rows[] = {
    {"one message", ONE("1", "AAAAA", "192.0.2.7"), ONE_TOLD("AAAAA", "192.0.2.7")},
    {"two in one process, one after the other",
     ONE("1", "AAAAA", "192.0.2.7") ONE("1", "AAAAB", "192.0.2.8"),
     ONE_TOLD("AAAAA", "192.0.2.7") ONE_TOLD("AAAAB", "192.0.2.8")},
    {"two messages in a session",
     MESSAGE("1", "AAAAA", "192.0.2.7", "s@example.net", "1")
         MESSAGE("1", "AAAAB", "192.0.2.7", "t@example.net", "2") SENT("AAAAB", "b")
             SENT("AAAAB", "c") SENT("AAAAA", "a") NOW
     "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=2 rcpt=3 data=2" ENDS,
     "192.0.2.7\n MAIL <s@example.net>\n RCPT <a@example.org>\n end stored AAAAA sent\n"
     " MAIL <t@example.net>\n RCPT <b@example.org>\n RCPT <c@example.org>\n"
     " end stored AAAAB sent\n.\n"},
    {"a copy that the server adds, delivered first",
     MESSAGE("1", "AAAAA", "192.0.2.7", "s@example.net", "2") SENT("AAAAA", "copy")
         SENT("AAAAA", "a") NOW
     "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=1 rcpt=1 data=1" ENDS,
     "192.0.2.7\n MAIL <s@example.net>\n RCPT ?\n end stored AAAAA sent\n.\n"},
    {"an alias of two members",
     MESSAGE("1", "AAAAA", "192.0.2.7", "s@example.net", "2") NOW
     "virtual[7]: AAAAA: to=<b@example.org>, orig_to=<a@example.org>, dsn=2.0.0, status=sent "
     "(x)\n" NOW "virtual[7]: AAAAA: to=<c@example.org>, orig_to=<a@example.org>, dsn=5.1.1, "
     "status=bounced (x)\n" NOW
     "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=1 rcpt=1 data=1" ENDS,
     ONE_TOLD("AAAAA", "192.0.2.7")},
    {"a copy of each of two messages",
     MESSAGE("1", "AAAAA", "192.0.2.7", "", "2") MESSAGE("1", "AAAAB", "192.0.2.7", "", "2")
         SENT("AAAAA", "copy") SENT("AAAAA", "a") SENT("AAAAB", "copy") SENT("AAAAB", "b") NOW
     "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=2 rcpt=2 data=2" ENDS,
     "192.0.2.7\n MAIL <>\n RCPT ?\n end stored AAAAA sent\n"
     " MAIL <>\n RCPT ?\n end stored AAAAB sent\n.\n"},
    {"recipients of a message that was left are none of the next",
     NOW "smtpd[1]: AAAAA: client=c[192.0.2.7]\n" MESSAGE("1", "AAAAB", "192.0.2.7",
                                                          "s@example.net", "1") SENT("AAAAB", "a")
         NOW "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=2 rcpt=4 rset=1 data=1" ENDS,
     "192.0.2.7\n MAIL ?\n RCPT ?\n end AAAAA\n MAIL <s@example.net>\n RCPT <a@example.org>\n"
     " end stored AAAAB sent\n.\n"},
    {"one of two recipients bounces",
     MESSAGE("1", "AAAAA", "192.0.2.7", "s@example.net", "2") SENT("AAAAA", "a") NOW
     "virtual[7]: AAAAA: to=<b@example.org>, dsn=5.1.1, status=bounced (no)\n" NOW
     "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=1 rcpt=2 data=1" ENDS,
     "192.0.2.7\n MAIL <s@example.net>\n RCPT <a@example.org>\n RCPT <b@example.org> failed\n"
     " end stored AAAAA sent\n.\n"},
    {"a stranger in between, the HELO name with him",
     NOW "smtpd[1]: AAAAA: client=c[192.0.2.7]\n" NOW
         "smtpd[1]: AAAAA: reject: RCPT from c[192.0.2.7]: " REJECTS "n" BEHIND NOW
         "cleanup[5]: AAAAA: message-id=<x>\n" NOW
         "qmgr[6]: AAAAA: from=<s@example.net>, size=1, nrcpt=1 (queue active)\n" SENT("AAAAA", "a")
             NOW "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=1 rcpt=1/2 data=1" ENDS,
     "192.0.2.7 helo h.example.net\n MAIL <s@example.net>\n RCPT <a@example.org>\n"
     " refused <n@example.org> unknown\n end stored AAAAA sent\n.\n"},
    {"a stranger first, in the same transaction",
     NOW "smtpd[1]: NOQUEUE: reject: RCPT from c[192.0.2.7]: " REJECTS
         "n" BEHIND MESSAGE("1", "AAAAA", "192.0.2.7", "s@example.net", "1") SENT("AAAAA", "a") NOW
     "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=1 rcpt=1/2 data=1" ENDS,
     "192.0.2.7 helo h.example.net\n MAIL <s@example.net>\n refused <n@example.org> unknown\n"
     " RCPT <a@example.org>\n end stored AAAAA sent\n.\n"},
    {"a stranger first, from another sender",
     NOW "smtpd[1]: NOQUEUE: reject: RCPT from c[192.0.2.7]: " REJECTS
         "n" BEHIND MESSAGE("1", "AAAAA", "192.0.2.7", "t@example.net", "1") SENT("AAAAA", "a") NOW
     "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=2 rcpt=1/2 data=1" ENDS,
     "192.0.2.7 helo h.example.net\n MAIL <s@example.net>\n refused <n@example.org> unknown\n end\n"
     " MAIL <t@example.net>\n RCPT <a@example.org>\n end stored AAAAA sent\n.\n"},
    {"recipients accepted and left",
     NOW "smtpd[1]: AAAAA: client=c[192.0.2.7]\n" NOW
         "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=1 rcpt=3" ENDS,
     "192.0.2.7\n MAIL ?\n RCPT ? x3\n end AAAAA\n.\n"},
    {"no HELO", NOW "smtpd[1]: disconnect from c[192.0.2.7] mail=1 quit=1 commands=2\n",
     "192.0.2.7 no helo\n.\n"},
    {"HELO refused", NOW "smtpd[1]: disconnect from c[192.0.2.7] ehlo=0/1 mail=1 commands=1/2\n",
     "192.0.2.7 no helo\n.\n"},
    {"an old Postfix that counts nothing", NOW "smtpd[1]: disconnect from c[192.0.2.7]\n",
     "192.0.2.7\n.\n"},
    {"the same client's name before",
     NOW "smtpd[1]: NOQUEUE: reject: RCPT from c[192.0.2.7]: " REJECTS "n" BEHIND NOW
         "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=1 rcpt=0/1" ENDS ONE("1", "AAAAA",
                                                                                  "192.0.2.7"),
     "192.0.2.7 helo h.example.net\n MAIL <s@example.net>\n refused <n@example.org> unknown\n end\n"
     ".\n192.0.2.7 helo before h.example.net\n MAIL <s@example.net>\n RCPT <a@example.org>\n"
     " end stored AAAAA sent\n.\n"},
    {"a name that postscreen saw",
     NOW "postscreen[2]: NOQUEUE: reject: RCPT from [192.0.2.7]:99: 450 4.3.2 no; from=<s@e.net>, "
         "to=<a@example.org>, proto=ESMTP, helo=<h>\n" ONE("1", "AAAAA", "192.0.2.7"),
     "192.0.2.7 helo before h\n MAIL <s@example.net>\n RCPT <a@example.org>\n"
     " end stored AAAAA sent\n.\n"},
    {"interleaved",
     NOW "smtpd[1]: connect from c[192.0.2.7]\n" NOW "smtpd[2]: connect from c[192.0.2.8]\n" NOW
         "smtpd[2]: AAAAB: client=c[192.0.2.8]\n" NOW "smtpd[1]: AAAAA: client=c[192.0.2.7]\n" NOW
         "smtpd[2]: disconnect from c[192.0.2.8] ehlo=1 mail=1 rcpt=1" ENDS NOW
         "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=1 rcpt=1" ENDS,
     "192.0.2.8\n MAIL ?\n RCPT ?\n end AAAAB\n.\n192.0.2.7\n MAIL ?\n RCPT ?\n end AAAAA\n.\n"},
    {"two hosts with the same process and queue ids",
     "Nov 24 15:39:54 a postfix/smtpd[1]: AAAAA: client=c[192.0.2.7]\n"
     "Nov 24 15:39:54 b postfix/smtpd[1]: AAAAA: client=c[192.0.2.8]\n"
     "Nov 24 15:39:54 b postfix/qmgr[1]: AAAAA: from=<b@example.net>, size=1, nrcpt=1 (queue a)\n"
     "Nov 24 15:39:54 a postfix/smtpd[1]: disconnect from c[192.0.2.7]\n"
     "Nov 24 15:39:54 b postfix/smtpd[1]: disconnect from c[192.0.2.8]\n",
     "192.0.2.7\n MAIL ?\n RCPT ?\n end AAAAA\n.\n"
     "192.0.2.8\n MAIL <b@example.net>\n RCPT ?\n end stored AAAAA\n.\n"},
    {"a process id used again, the end of the first lost",
     NOW "smtpd[1]: connect from c[192.0.2.7]\n" NOW
         "smtpd[1]: AAAAA: client=c[192.0.2.7]\n" ONE("1", "AAAAB", "192.0.2.8"),
     "192.0.2.7\n MAIL ?\n RCPT ?\n end AAAAA\n.\n" ONE_TOLD("AAAAB", "192.0.2.8")},
    {"another client without a connect",
     NOW "smtpd[1]: AAAAA: client=c[192.0.2.7]\n" NOW "smtpd[1]: AAAAB: client=c[192.0.2.8]\n",
     "192.0.2.7\n MAIL ?\n RCPT ?\n end AAAAA\n.\n192.0.2.8\n MAIL ?\n RCPT ?\n end AAAAB\n.\n"},
    {"a proxy tells who the client is",
     NOW "smtpd[1]: connect from proxy[127.0.0.1]\n" NOW "smtpd[1]: AAAAA: client=c[192.0.2.7]\n",
     "192.0.2.7\n MAIL ?\n RCPT ?\n end AAAAA\n.\n"},
    {"a queue id used again", ONE("1", "AAAAA", "192.0.2.7") ONE("1", "AAAAA", "192.0.2.8"),
     ONE_TOLD("AAAAA", "192.0.2.7") ONE_TOLD("AAAAA", "192.0.2.8")},
    {"the sender after the disconnect",
     NOW
     "smtpd[1]: AAAAA: client=c[192.0.2.7]\n" NOW "cleanup[5]: AAAAA: message-id=<x>\n" NOW
     "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=1 rcpt=1 data=1" ENDS NOW
     "qmgr[6]: AAAAA: from=<s@example.net>, size=1, nrcpt=1 (queue active)\n" SENT("AAAAA", "a"),
     ONE_TOLD("AAAAA", "192.0.2.7")},
    {"delivered when the session was told long ago",
     MESSAGE("1", "AAAAA", "192.0.2.7", "s@example.net", "1") NOW
     "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=1 rcpt=1 data=1" ENDS AT(
         "45:00") "smtp[7]: AAAAA: to=<a@example.org>, relay=x, dsn=4.0.0, status=deferred "
                  "(no)\n" AT("50:00") "smtp[7]: AAAAA: to=<a@example.org>, relay=x, dsn=2.0.0, "
                                       "status=sent (ok)\n" AT("50:00") "qmgr[6]: AAAAA: removed\n",
     "192.0.2.7\n MAIL <s@example.net>\n RCPT ?\n end stored AAAAA\n.\n"
     "later: AAAAA <s@example.net>\n"},
    {"refused by a filter at each point",
     NOW
     "smtpd[1]: NOQUEUE: milter-reject: MAIL from c[192.0.2.7]: 501 5.1.7 no; "
     "from=<a..b@example.net> proto=ESMTP helo=<h>\n" NOW
     "smtpd[1]: NOQUEUE: milter-reject: RCPT from c[192.0.2.7]: 501 5.1.3 no; from=<s@example.net>"
     " to=<r@example.org> proto=ESMTP helo=<h>\n" NOW "smtpd[1]: AAAAA: client=c[192.0.2.7]\n" NOW
     "cleanup[5]: AAAAA: message-id=<x>\n" NOW
     "cleanup[5]: AAAAA: milter-reject: END-OF-MESSAGE from c[192.0.2.7]: 5.7.1 spam; "
     "from=<s@example.net> to=<a@example.org> proto=ESMTP helo=<h>\n" NOW
     "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=1/2 rcpt=1/2 data=0/1" ENDS,
     "192.0.2.7 helo h\n MAIL <a..b@example.net>\n end\n MAIL <s@example.net>\n"
     " milter <r@example.org>\n RCPT ?\n end whole AAAAA\n.\n"},
    {"refused by header_checks, before the message id",
     NOW "smtpd[1]: AAAAA: client=c[192.0.2.7]\n" NOW
         "cleanup[5]: AAAAA: reject: header Subject: buy from c[192.0.2.7]; from=<s@example.net> "
         "to=<a@example.org> proto=ESMTP helo=<h>: 5.7.1 no\n" NOW
         "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=1 rcpt=1 data=0/1" ENDS,
     "192.0.2.7\n MAIL ?\n RCPT ?\n end whole AAAAA\n.\n"},
    {"broken off in the midst of the message",
     NOW "smtpd[1]: AAAAA: client=c[192.0.2.7]\n" NOW "cleanup[5]: AAAAA: message-id=<x>\n" NOW
         "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 mail=1 rcpt=1 data=0/1" ENDS,
     "192.0.2.7\n MAIL ?\n RCPT ?\n end whole AAAAA\n.\n"},
    {"commands that are logged, and those that are counted",
     NOW "smtpd[1]: NOQUEUE: reject: VRFY from c[192.0.2.7]: 550 5.1.1 no; to=<nosuch> proto=ESMTP "
         "helo=<h>\n" NOW
         "smtpd[1]: warning: non-SMTP command from c[192.0.2.7]: GET / HTTP/1.0\n" NOW
         "smtpd[1]: disconnect from c[192.0.2.7] ehlo=1 vrfy=2/3 unknown=0/4 commands=3/8\n",
     "192.0.2.7 helo h\n command VRFY nosuch\n command GET / HTTP/1.0\n command VRFY x2\n"
     " command ? x3\n.\n"},
    {"AUTH and TLS",
     NOW "smtpd[1]: Trusted TLS connection established from c[192.0.2.7]: TLSv1.3\n" NOW
         "smtpd[1]: AAAAA: client=c[192.0.2.7], sasl_method=PLAIN, sasl_username=joe\n",
     "192.0.2.7 authenticated verified\n MAIL ?\n RCPT ?\n end AAAAA\n.\n"},
    {"a log that begins in the middle",
     NOW "qmgr[6]: AAAAA: from=<s@example.net>, size=1, nrcpt=1 (queue active)\n" SENT("AAAAA", "a")
         NOW "qmgr[6]: AAAAA: removed\n" NOW "cleanup[5]: AAAAB: message-id=<x>\n",
     ""},
    {"addresses as they were typed",
     MESSAGE("1", "AAAAA", "192.0.2.7", "\"a..b\"@example.net", "1")
         MESSAGE("1", "AAAAB", "192.0.2.7", "\"user@\"@example.net", "1")
             MESSAGE("1", "AAAAC", "192.0.2.7", "\"a b\"@example.net", "1"),
     "192.0.2.7\n MAIL <a..b@example.net>\n RCPT ?\n end stored AAAAA\n MAIL <user@@example.net>\n"
     " RCPT ?\n end stored AAAAB\n MAIL <\"a b\"@example.net>\n RCPT ?\n end stored AAAAC\n.\n"},
};

static void tells_sessions_of_postfix(void **state)
{
  struct record *record = malloc(sizeof(*record));

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    (void)tell(record, span_from(rows[i].log), roomy);
    if (strcmp(record->text.at, rows[i].want) != 0)
      fail_msg("%s:\n%s\nwant:\n%s", rows[i].name, record->text.at, rows[i].want);
  }
  free(record);
}

#define SM "Nov 24 15:39:57 mx sm-mta[7]: "
#define SM_END ", proto=ESMTP, daemon=MTA, relay=c.example.net [192.0.2.7]\n"

static void tells_sessions_of_sendmail(void **state)
{
  static const char log[] =
      SM "NOQUEUE: connect from c.example.net [192.0.2.7]\n" SM
         "6AOFdv00000001: <nosuch@example.org>... User unknown\n" SM
         "6AOFdv00000001: from=a..b@example.net, size=18, class=0, nrcpts=1, msgid=<x>" SM_END
         "Nov 24 15:39:58 mx sm-mta[8]: 6AOFdv00000001: to=/var/mail/alice, "
         "ctladdr=<alice@example.org> (5/0), delay=00:00:00, dsn=2.0.0, stat=Sent\n" SM
         "6AOFdv00000002: to=<bob@example.org>, delay=00:00:00, pri=0, stat=RSET\n" SM
         "6AOFdv00000002: from=<us\\303\\251r@example.net>, size=0, class=0, nrcpts=1" SM_END SM
         "6AOFdv00000003: c.example.net [192.0.2.7]: VRFY alice\n" SM
         "6AOFdv00000003: from=<t@example.net>, size=0, class=0, nrcpts=0" SM_END
         "Nov 24 15:50:00 mx sm-mta[9]: NOQUEUE: connect from [192.0.2.8]\n";
  struct record *record = malloc(sizeof(*record));

  (void)state;
  (void)tell(record, span_from(log), roomy);
  assert_string_equal(record->text.at,
                      "192.0.2.7\n MAIL a..b@example.net\n refused <nosuch@example.org> unknown\n"
                      " RCPT <alice@example.org>\n end stored 6AOFdv00000001 sent\n"
                      " MAIL <us\\xC3\\xA9r@example.net>\n RCPT <bob@example.org>\n"
                      " end 6AOFdv00000002\n command VRFY alice\n MAIL <t@example.net>\n"
                      " end 6AOFdv00000003\n.\n192.0.2.8\n.\n");
  free(record);
}

/* Hundreds of refusals are told in parts, none of them lost. */
static void a_dictionary_is_told_whole(void **state)
{
  struct record *record = malloc(sizeof(*record));
  char *log = malloc(1 << 17);
  struct text text = text_in(log, 1 << 17);
  struct maillog_totals totals;
  size_t count = 0;

  (void)state;
  for (unsigned i = 0; i < 500; i++) {
    char line[300];

    snprintf(line, sizeof(line),
             NOW "smtpd[1]: NOQUEUE: reject: RCPT from c[192.0.2.7]: " REJECTS "user%u" BEHIND, i);
    text_add(&text, line);
  }
  assert_false(text.cut);
  totals = tell(record, text_span(&text), roomy);
  for (const char *at = record->text.at; (at = strstr(at, " refused <user")) != NULL; at++)
    count++;
  assert_int_equal(count, 500);
  assert_int_equal(totals.sessions, 1);
  assert_int_equal(totals.lost_steps, 0);
  free(log);
  free(record);
}

/* With room for two of each, nothing is lost without being counted, and all is told once. */
static void full_tables_give_up_the_oldest(void **state)
{
  struct record *record = malloc(sizeof(*record));
  char *log = malloc(1 << 16);
  struct text text = text_in(log, 1 << 16);
  struct maillog_totals totals;
  size_t count = 0;

  (void)state;
  for (unsigned i = 0; i < 200; i++) {
    char line[300];

    snprintf(line, sizeof(line), NOW "smtpd[%u]: AAAA%u: client=c[192.0.2.%u]\n", i + 1, i, i);
    text_add(&text, line);
  }
  assert_false(text.cut);
  totals = tell(record, text_span(&text), (struct maillog_limits){2, 2, 2, 1});
  for (const char *at = record->text.at; (at = strstr(at, "\n.\n")) != NULL; at++)
    count++;
  assert_int_equal(count, 200);
  assert_int_equal(totals.sessions, 200);
  assert_int_equal(totals.cut_sessions, 198);
  free(log);
  free(record);
}

/* Lines in any order, cut anywhere: told or not, never a crash, and each session once. */
static void survives_disorder(void **state)
{
  struct record *record = malloc(sizeof(*record));
  struct dice dice = {3};

  (void)state;
  for (unsigned turn = 0; turn < 2000; turn++) {
    char log[8192];
    struct text text = text_in(log, sizeof(log));
    struct maillog_totals totals;
    size_t ends = 0;

    for (unsigned i = 0; i < 25; i++) {
      struct span from = span_from(rows[dice_roll(&dice, sizeof(rows) / sizeof(rows[0]))].log);
      size_t at = dice_roll(&dice, from.len + 1), end;

      while (at > 0 && from.at[at - 1] != '\n')
        at--;
      end = at + span_find(span_slice(from, at, from.len), '\n');
      if (dice_roll(&dice, 10) == 0)
        end = at + dice_roll(&dice, end - at + 1);
      text_add_span(&text, span_slice(from, at, end));
      text_add(&text, "\n");
    }
    totals = tell(record, text_span(&text), (struct maillog_limits){3, 3, 2, turn});
    for (const char *at = record->text.at; (at = strstr(at, ".\n")) != NULL; at++)
      ends += at == record->text.at || at[-1] == '\n';
    assert_int_equal(ends, totals.sessions);
  }
  free(record);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_sessions_of_postfix),
      cmocka_unit_test(tells_sessions_of_sendmail),
      cmocka_unit_test(a_dictionary_is_told_whole),
      cmocka_unit_test(full_tables_give_up_the_oldest),
      cmocka_unit_test(survives_disorder),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
