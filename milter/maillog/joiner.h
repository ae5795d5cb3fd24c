/*
 * What the files of the joiner share: its tables, and how a session is told.
 */
#ifndef MILTER_STRICT_JOINER_H
#define MILTER_STRICT_JOINER_H

#include "maillog_session.h"

enum {
  JOINER_STEPS = 48,  /* of a session that are kept at once */
  JOINER_TEXT = 3072, /* bytes of their paths and texts */
  JOINER_MAIL_TEXT = 768,
};

/* A piece of text that is kept. */
struct kept {
  uint16_t at, len;
  bool set;
};

enum joiner_step {
  JOINER_QUEUED,   /* a message got its queue id */
  JOINER_REFUSED,  /* RCPT, by the server */
  JOINER_MILTER,   /* RCPT, by a filter */
  JOINER_NO_MAIL,  /* MAIL, by a filter */
  JOINER_ACCEPTED, /* RCPT */
  JOINER_COMMAND,
};

struct joiner_note {
  uint8_t kind; /* enum joiner_step */
  bool unknown;
  struct kept path, sender;
  uint64_t key; /* of the message; 0: none */
  struct maillog_place place;
};

/* A session, open or waiting to be told. */
struct visit {
  uint64_t serial; /* unlike any other's */
  enum maillog_mta mta;
  bool closed;  /* its end was seen */
  bool waiting; /* stands among those that are told when time has passed */
  bool has_client, authenticated, tls, tls_verified, submission, no_helo, counted;
  struct ip client;
  uint64_t when;
  struct maillog_place place;
  uint32_t vrfy_seen, unknown_seen;
  struct maillog_count counts[MAILLOG_COUNTER_COUNT];
  uint16_t helo_len, host_len, text_len, note_count;
  char helo[MAILLOG_NAME_MAX];
  char host[MAILLOG_NAME_MAX];
  struct joiner_note notes[JOINER_STEPS];
  char text[JOINER_TEXT];
};

/* A message that is not known to have left the queue. */
struct mail {
  uint32_t visit; /* slot and serial of its session */
  uint64_t serial;
  bool stored, rejected, removed, sent, told, has_client;
  bool none; /* no recipient was accepted */
  struct ip client;
  uint32_t recipients, ends; /* how many recipients, and how many lines about their delivery */
  struct maillog_place place;
  uint64_t marks[MAILLOG_MARKS];
  struct kept sender, known[MAILLOG_KNOWN_MAX];
  bool failed[MAILLOG_KNOWN_MAX]; /* so ended the delivery to this recipient */
  uint16_t known_count, text_len, id_len;
  char id[MAILLOG_QUEUE_ID_MAX];
  char text[JOINER_MAIL_TEXT];
};

struct helo_of {
  uint16_t len;
  char name[MAILLOG_NAME_MAX];
};

struct waiting {
  uint32_t visit;
  uint64_t serial, due;
};

struct maillog_joiner {
  uint64_t seed, serials;
  struct maillog_sink sink;
  struct maillog_totals totals;
  struct lru visit_index, mail_index, helo_index;
  struct visit *visits;
  struct mail *mails;
  struct helo_of *helos;
  struct waiting *queue; /* a ring; as many as visits */
  uint32_t queue_first, queue_count;
};

/* Keys of the process and of the message that a line is about. */
uint64_t joiner_key_of_process(const struct maillog_joiner *joiner,
                               const struct maillog_line *line);
uint64_t joiner_key_of_message(const struct maillog_joiner *joiner, const struct maillog_line *line,
                               struct span queue_id);

/* The message of this key, or NULL. */
struct mail *joiner_mail(struct maillog_joiner *joiner, uint64_t key);

/* A message begins; one that has the same queue id has ended unseen. */
struct mail *joiner_new_mail(struct maillog_joiner *joiner, uint64_t key, struct span queue_id);
void joiner_drop_mail(struct maillog_joiner *joiner, uint64_t key);

/* Keep what the event says of the message. */
void joiner_keep_sender(struct mail *mail, const struct maillog_event *event);
void joiner_keep_recipient(struct mail *mail, const struct maillog_event *event);

/* Copies what fits; how much that was. */
uint16_t joiner_keep_name(char *memory, size_t size, struct span name);

/* Puts a path behind the `*len` bytes in `memory`; not set when there is no room. */
struct kept joiner_keep_path(char *memory, size_t size, uint16_t *len, struct span path,
                             enum maillog_mta mta);

/*
 * The session that a line of a server process belongs to; begun with it when the log does not have
 * its beginning. With another client it is another session, or the same one, still without a deed,
 * of which a proxy has told who the client is.
 */
uint32_t joiner_visit(struct maillog_joiner *joiner, const struct maillog_line *line,
                      const struct maillog_event *event, struct maillog_place place);

/* The end of the session was seen: it is told, or waits for its messages. */
void joiner_close(struct maillog_joiner *joiner, uint32_t slot);

/* Whether all is known of its messages that it would wait for. */
bool joiner_settled(struct maillog_joiner *joiner, const struct visit *visit);

/* It is told when time has passed without a line of it. */
void joiner_wait(struct maillog_joiner *joiner, uint32_t slot);

/* Tells those that have waited long enough at `when`. */
void joiner_tell_waiting(struct maillog_joiner *joiner, uint64_t when);

/* Tells it and forgets it. */
void joiner_end(struct maillog_joiner *joiner, uint32_t slot);

/* Remembers, or finds, by which name a client greets. */
void joiner_keep_helo(struct maillog_joiner *joiner, struct ip client, struct span name);
struct span joiner_find_helo(const struct maillog_joiner *joiner, struct ip client);

/* Tells all that is known of a session; its notes are then done with, but for `told` in its mails.
 */
void joiner_tell(struct maillog_joiner *joiner, struct visit *visit);

/* How a message is shown to the sink. */
struct maillog_message joiner_message(struct mail *mail);

#endif
