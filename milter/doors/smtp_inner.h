/*
 * What the parts of the SMTP door share; for smtp*.c alone.
 */
#ifndef MILTER_STRICT_SMTP_INNER_H
#define MILTER_STRICT_SMTP_INNER_H

#include "smtp.h"

enum { SMTP_REPLY_SIZE = 512 + 1 }; /* a reply line with its CRLF and a NUL */

/* Adds our name; at most 255 bytes of it. */
void smtp_add_host(struct text *text, const struct smtp *smtp);

/* Says one line of a reply, CRLF added; `text` must have room for that. */
void smtp_say_text(struct smtp *smtp, struct text *text);

/* Says a reply of one line: "250 2.0.0 text"; `enhanced` may be "". */
void smtp_say(struct smtp *smtp, unsigned code, const char *enhanced, const char *words);

/*
 * Judges a question that session_note() has been told of, or a command. True: it may be carried
 * out. False: it was answered and taken back.
 */
bool smtp_judge(struct smtp *smtp, const struct question *question);

/* Refuses in the name of the server itself, in one line: what no policy has a say in. */
void smtp_refuse(struct smtp *smtp, const struct question *question, unsigned code,
                 const char *enhanced, const char *words);

/* A question about a rule that the door has found broken; whether the policy lets it pass. */
bool smtp_tolerates(struct smtp *smtp, enum rule rule, struct span line);

/* Carries out one command line without its line end. */
void smtp_obey(struct smtp *smtp, struct span line);

/* Begins the message after 354; takes bytes of it and returns how many it used up. */
void smtp_data_begin(struct smtp *smtp);
size_t smtp_data_take(struct smtp *smtp, struct span bytes);

/* Answers HELP. */
void smtp_help(struct smtp *smtp, const struct question *question);

#endif
