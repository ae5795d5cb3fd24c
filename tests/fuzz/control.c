/*
 * Any bytes as what an operator sends, at a real store. The first byte says how much an answer's
 * reader takes at a time, the second how the rest is cut into pieces. Holds: every answer is lines
 * of JSON in printable ASCII, each request has one line with a result, a full sink is heeded, and
 * what was begun is ended and freed.
 */
#include "daemon/control_talk.h"
#include "require.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { SAID_MAX = 16 << 20, ENTRIES = 1000 };

static char folder[] = "/tmp/milter-strict-fuzz-XXXXXX";
static char said[SAID_MAX];
static size_t said_len, enough, since; /* bytes: in all, that fill the sink, since it was emptied */
static unsigned reloads;               /* asked for */
static atomic_bool stops;
static struct control_services services;

static bool sink_write(void *context, struct span bytes)
{
  (void)context;
  REQUIRE(bytes.len <= SAID_MAX - said_len);
  memcpy(said + said_len, bytes.at, bytes.len);
  said_len += bytes.len;
  since += bytes.len;
  return since < enough;
}

static const struct door_sink sink = {.write = sink_write};

static uint64_t now(void)
{
  return UINT64_C(1764000000000);
}

static void reload(void *context)
{
  (void)context;
  reloads++;
}

static void note(enum store_note which, const char *detail)
{
  (void)which;
  (void)detail;
}

static void remove_folder(void)
{
  static const char *const files[] = {"ledger.mdb", "ledger.mdb-lock"};

  store_close(services.store);
  for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
    if (chdir(folder) == 0)
      (void)unlink(files[i]);
  (void)rmdir(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  struct store_options options = {
      .directory = folder, .entries = ENTRIES, .ipv4_prefix = 32, .ipv6_prefix = 64, .note = note};

  (void)argc;
  (void)argv;
  REQUIRE(mkdtemp(folder) != NULL);
  ledger_defaults(&options.ledger);
  services = (struct control_services){.now = now, .stops = &stops, .reload = reload};
  services.store = store_open(&options);
  REQUIRE(services.store != NULL && store_start(services.store));
  atexit(remove_folder);
  return 0;
}

/* The lines with a result; every line is an object. */
static unsigned check_answers(void)
{
  struct span rest = {said, said_len};
  unsigned results = 0;

  for (size_t i = 0; i < said_len; i++)
    REQUIRE(said[i] == '\n' || (!byte_is_control(said[i]) && !byte_is_8bit(said[i])));
  REQUIRE(said_len == 0 || said[said_len - 1] == '\n');
  while (rest.len > 0) {
    size_t end = span_find(rest, '\n');
    cJSON *object = cJSON_ParseWithLength(rest.at, end);

    REQUIRE(cJSON_IsObject(object));
    results += cJSON_HasObjectItem(object, "result") != 0;
    cJSON_Delete(object);
    rest = span_slice(rest, end + 1, rest.len);
  }
  return results;
}

static void finish_reload(struct control_talk *talk, bool good)
{
  static struct reload_report report;

  report = (struct reload_report){.good = good};
  report.changed[0] = report.changed_rules[0] = good;
  report.notes.errors = report.notes.count = !good;
  strcpy(report.notes.note[0].text, "file:1: \"wrong\"");
  control_talk_reloaded(talk, &report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct span bytes;
  struct control_talk talk;
  size_t used = 0, shown = 0, fed = 1, step;
  unsigned requests = 0;

  if (size < 2 || size > 16384)
    return 0;
  bytes = (struct span){(const char *)data + 2, size - 2};
  enough = 1 + data[0] * 16u;
  step = 1 + data[1];
  said_len = reloads = 0;
  control_talk_open(&talk, &services, &sink, 0);
  while (!talk.closed && (shown < bytes.len || fed > 0 || control_talk_answers(&talk))) {
    shown = shown + step < bytes.len ? shown + step : bytes.len;
    since = 0;
    if (talk.doing == CONTROL_WAITS)
      finish_reload(&talk, reloads % 2 == 0);
    fed = control_talk_feed(&talk, span_slice(bytes, used, shown));
    used += fed;
    requests += fed > 0;
    REQUIRE(used <= shown && since < enough + 8192);
  }
  REQUIRE(talk.closed || !control_talk_answers(&talk));
  control_talk_close(&talk);
  REQUIRE(services.lists == 0 && check_answers() == requests);
  return 0;
}
