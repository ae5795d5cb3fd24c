/*
 * One operator's connection to the control socket: requests in, answers out, whatever the bytes.
 *
 * A request stays in the input until all of its answer is written, so that somebody who asks and
 * does not read costs a bounded amount of memory, and waits for himself alone. For the thread of
 * the control socket.
 */
#ifndef MILTER_STRICT_CONTROL_TALK_H
#define MILTER_STRICT_CONTROL_TALK_H

#include "control_answer.h"

enum { CONTROL_LISTS_MAX = 4 }; /* answers under way that hold a list */

/* What all connections share. */
struct control_services {
  struct store *store;      /* NULL: nobody is remembered */
  uint64_t (*now)(void);    /* milliseconds since the epoch */
  const atomic_bool *stops; /* the daemon ends: long work is broken off */
  unsigned lists;           /* under way */

  /* Asks for a reload; control_talk_reloaded() follows some time later, in this thread. */
  void (*reload)(void *context);
  void *context;
};

enum control_doing {
  CONTROL_LISTENS,
  CONTROL_LISTS,  /* writes rows */
  CONTROL_WAITS,  /* for a reload */
  CONTROL_IS_DONE /* the answer is written, the request still in the input */
};

struct control_talk {
  struct control_services *services;
  const struct door_sink *sink;
  unsigned user; /* who asks */
  bool closed;   /* nothing more is to be fed: hang up */
  enum control_doing doing;
  size_t line;              /* bytes of the request being answered */
  struct control_list list; /* CONTROL_LISTS */
  size_t shown;             /* rows of it that are written */
  uint64_t listed;          /* when the list was made */
};

/* Begins; services and sink must outlive it. */
void control_talk_open(struct control_talk *talk, struct control_services *services,
                       const struct door_sink *sink, unsigned user);

/* Takes bytes; returns how many were used up. The others are to be offered again when there is
 * more, when the sink has room, or after control_talk_reloaded(). Once the daemon stops no request
 * is begun any more: whoever has sent many would hold up the end. */
size_t control_talk_feed(struct control_talk *talk, struct span bytes);

/* Whether an answer is under way. */
bool control_talk_answers(const struct control_talk *talk);

/* Answers a talk that waits for a reload. */
void control_talk_reloaded(struct control_talk *talk, const struct reload_report *report);

/* Frees what it holds. */
void control_talk_close(struct control_talk *talk);

#endif
