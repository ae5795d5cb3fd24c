/*
 * Questions: each command of a client made into one shape, so that every door asks the same way.
 */
#include "question.h"

#include <string.h>

static void question_begin(struct question *out, enum stage stage, const char *prefix,
                           struct span argument)
{
  memset(out, 0, sizeof(*out));
  out->stage = stage;
  out->prefix = span_from(prefix);
  out->argument = argument;
  out->command = COMMAND_NONE;
  out->fault_rule = RULE_NONE;
}

void question_connect(struct question *out)
{
  question_begin(out, STAGE_CONNECT, "", (struct span){0});
}

void question_helo(struct question *out, struct span name)
{
  question_begin(out, STAGE_HELO, "HELO ", name);
  helo_parse(name, &out->helo);
}

/* What MAIL and RCPT have in common; the parameters are parsed already. */
static void question_path(struct question *out, const struct span *list, size_t count,
                          enum address_use use, bool smtputf8)
{
  if (count > 0 && out->parameters.bad < count)
    out->bad_parameter = list[out->parameters.bad];
  address_parse(out->argument, use, smtputf8, &out->address);
}

void question_mail(struct question *out, struct span path, const struct span *list, size_t count)
{
  question_begin(out, STAGE_MAIL, "MAIL FROM:", path);
  parameters_parse(list, count, PARAMETERS_MAIL, &out->parameters);
  question_path(out, list, count, ADDRESS_SENDER, out->parameters.smtputf8);
}

void question_rcpt(struct question *out, struct span path, const struct span *list, size_t count,
                   bool smtputf8)
{
  question_begin(out, STAGE_RCPT, "RCPT TO:", path);
  parameters_parse(list, count, PARAMETERS_RCPT, &out->parameters);
  question_path(out, list, count, ADDRESS_RECIPIENT, smtputf8);
}

void question_data(struct question *out)
{
  question_begin(out, STAGE_DATA, "", SPAN("DATA"));
}

void question_command(struct question *out, struct span line)
{
  question_begin(out, STAGE_COMMAND, "", line);
  out->command = command_find(line);
}
