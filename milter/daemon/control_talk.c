/*
 * The commands of operators. What changes something is logged with who asked for it.
 */
#include "control_talk.h"

#include "log.h"

void control_talk_open(struct control_talk *talk, struct control_services *services,
                       const struct door_sink *sink, unsigned user)
{
  *talk = (struct control_talk){.services = services, .sink = sink, .user = user};
}

bool control_talk_answers(const struct control_talk *talk)
{
  return talk->doing != CONTROL_LISTENS;
}

static void begin_log(struct log_line *line, const struct control_talk *talk,
                      enum control_command command)
{
  log_begin(line, LOG_LEVEL_NOTICE, "operator");
  log_string(line, "command", control_command_name(command));
  log_number(line, "uid", talk->user);
}

static void log_network(struct log_line *line, struct netblock network)
{
  char memory[IP_TEXT_SIZE + 8];
  struct text text = text_in(memory, sizeof(memory));

  netblock_write(&text, network);
  log_text(line, "network", text_span(&text));
}

/* Lists */

/* Writes rows while there is room; the last line of the answer ends it. */
static void go_on_listing(struct control_talk *talk)
{
  bool room = true;

  while (room && talk->shown < talk->list.count)
    room = answer_row(talk->sink, &talk->list.rows[talk->shown++], talk->listed);
  if (!room)
    return;
  (void)answer_rows_end(talk->sink, &talk->list);
  control_list_free(&talk->list);
  talk->services->lists--;
  talk->doing = CONTROL_IS_DONE;
}

/* Whether there is a store; if not, says why. */
static bool has_store(struct control_talk *talk)
{
  if (talk->services->store == NULL)
    (void)answer_error(talk->sink, CONTROL_ERROR_UNAVAILABLE,
                       "nobody is remembered here: state-directory is empty, or could not be used");
  return talk->services->store != NULL;
}

static void do_refused(struct control_talk *talk, const struct control_request *request)
{
  struct control_services *services = talk->services;

  if (!has_store(talk))
    return;
  if (services->lists >= CONTROL_LISTS_MAX) {
    (void)answer_error(talk->sink, CONTROL_ERROR_BUSY,
                       "others are being told the same; try again when they have read it");
    return;
  }
  talk->listed = services->now();
  if (!control_list_fill(&talk->list, services->store, request, talk->listed, services->stops)) {
    (void)answer_error(talk->sink, CONTROL_ERROR_BUSY,
                       "the store cannot be read now, or memory is short; try again");
    return;
  }
  services->lists++;
  talk->shown = 0;
  talk->doing = CONTROL_LISTS;
  go_on_listing(talk);
}

/* Changes */

static void do_refuse(struct control_talk *talk, const struct control_request *request)
{
  uint64_t now = talk->services->now();
  struct log_line line;

  if (!has_store(talk))
    return;
  if (!store_refuse(talk->services->store, request->network, request->seconds, now)) {
    (void)answer_error(talk->sink, CONTROL_ERROR_BUSY, "there is no room for it now; try again");
    return;
  }
  begin_log(&line, talk, CONTROL_REFUSE);
  log_network(&line, request->network);
  log_number(&line, "seconds", request->seconds);
  log_end(&line);
  (void)answer_refuse(talk->sink, request, now);
}

/* The networks around the forgiven one that are refused themselves: a few at most, for no two have
 * the same width. */
static void find_wider(struct control_talk *talk, const struct control_request *request,
                       uint64_t now, struct control_list *out)
{
  struct control_request wider = *request;
  struct store_view view;

  wider.limit = 129;
  store_look(talk->services->store, request->network.base, now, &view);
  if (view.known && ledger_refused_for(&view.page, now) > 0)
    (void)control_list_fill(out, talk->services->store, &wider, now, talk->services->stops);
}

static void do_forgive(struct control_talk *talk, const struct control_request *request)
{
  struct control_list wider = {0};
  uint64_t now = talk->services->now();
  struct log_line line;
  unsigned forgiven;
  bool done;

  if (!has_store(talk))
    return;
  done =
      store_forgive(talk->services->store, request->network, now, talk->services->stops, &forgiven);
  begin_log(&line, talk, CONTROL_FORGIVE);
  log_network(&line, request->network);
  log_number(&line, "networks", forgiven);
  log_end(&line);
  if (!done) {
    (void)answer_error(talk->sink, CONTROL_ERROR_BUSY,
                       "not all of it could be forgiven now; try again");
    return;
  }
  find_wider(talk, request, now, &wider);
  (void)answer_forgive(talk->sink, request, forgiven, &wider, now);
  control_list_free(&wider);
}

static void do_status(struct control_talk *talk, const struct control_request *request)
{
  (void)request;
  (void)answer_status(talk->sink);
}

static void do_reload(struct control_talk *talk, const struct control_request *request)
{
  struct log_line line;

  (void)request;
  begin_log(&line, talk, CONTROL_RELOAD);
  log_end(&line);
  talk->doing = CONTROL_WAITS;
  talk->services->reload(talk->services->context);
}

void control_talk_reloaded(struct control_talk *talk, const struct reload_report *report)
{
  if (talk->doing != CONTROL_WAITS)
    return;
  (void)answer_reload(talk->sink, report);
  talk->doing = CONTROL_IS_DONE;
}

/* Requests */

static void answer(struct control_talk *talk, struct span line)
{
  static void (*const commands[CONTROL_COMMAND_COUNT])(struct control_talk *,
                                                       const struct control_request *) = {
      [CONTROL_STATUS] = do_status,   [CONTROL_REFUSED] = do_refused, [CONTROL_REFUSE] = do_refuse,
      [CONTROL_FORGIVE] = do_forgive, [CONTROL_RELOAD] = do_reload,
  };
  char memory[256];
  struct text why = text_in(memory, sizeof(memory));
  struct control_request request;

  if (line.len > 0 && line.at[line.len - 1] == '\r')
    line.len--;
  talk->doing = CONTROL_IS_DONE;
  if (control_request_parse(line, &request, &why))
    commands[request.command](talk, &request);
  else
    (void)answer_error(talk->sink, CONTROL_ERROR_USAGE, memory);
}

static size_t hang_up(struct control_talk *talk, struct span bytes, enum control_error kind,
                      const char *why)
{
  (void)answer_error(talk->sink, kind, why);
  talk->closed = true;
  return bytes.len;
}

size_t control_talk_feed(struct control_talk *talk, struct span bytes)
{
  size_t line = span_find(bytes, '\n');

  if (talk->doing == CONTROL_LISTENS && line >= CONTROL_LINE_MAX)
    return hang_up(talk, bytes, CONTROL_ERROR_USAGE, "a request has at most 512 bytes");
  if (talk->doing == CONTROL_LISTENS && line < bytes.len && atomic_load(talk->services->stops))
    return hang_up(talk, bytes, CONTROL_ERROR_UNAVAILABLE, "the daemon stops");
  if (talk->doing == CONTROL_LISTENS && line < bytes.len) {
    talk->line = line + 1;
    answer(talk, span_slice(bytes, 0, line));
  } else if (talk->doing == CONTROL_LISTS) {
    go_on_listing(talk);
  }
  if (talk->doing != CONTROL_IS_DONE)
    return 0;
  talk->doing = CONTROL_LISTENS;
  return talk->line;
}

void control_talk_close(struct control_talk *talk)
{
  if (talk->doing == CONTROL_LISTS)
    talk->services->lists--;
  control_list_free(&talk->list);
  talk->doing = CONTROL_LISTENS;
}
