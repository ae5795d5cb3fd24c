/*
 * Any bytes as the answers of a Redis server. The first byte chooses what was asked. Holds: nobody
 * reads beyond them or waits for more than there is, pages stay sane and are counted right, and
 * what comes to the store is sane, too.
 */
#include "store/share_inner.h"
#include "require.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIVES = 2000, NETWORKS = 3, INPUT_MAX = 60000 };

static struct share *share;
static char folder[] = "/tmp/milter-strict-fuzz-XXXXXX";

static void note_store(enum store_note note, const char *detail)
{
  (void)note;
  (void)detail;
}

static void note(enum share_note which, const char *detail)
{
  (void)which;
  REQUIRE(strlen(detail) < SHARE_ERROR_SIZE);
}

static void refused(struct netblock network, const struct ledger_page *page, uint64_t now)
{
  REQUIRE(network.bits <= 128 && ledger_is_sane(page) && ledger_refused_for(page, now) > 0);
}

static void remove_folder(void)
{
  char path[128];

  for (size_t i = 0; i < 2; i++) {
    snprintf(path, sizeof(path), "%s/ledger.mdb%s", folder, i == 0 ? "" : "-lock");
    (void)unlink(path);
  }
  (void)rmdir(folder);
}

static struct store *open_store(void)
{
  struct store_options options = {.directory = folder,
                                  .entries = 1000,
                                  .ipv4_prefix = 32,
                                  .ipv6_prefix = 64,
                                  .note = note_store};

  ledger_defaults(&options.ledger);
  return store_open(&options);
}

/* Something to review. */
static void refuse_some(void)
{
  for (unsigned i = 0; i < NETWORKS; i++) {
    struct ip ip = {{0x20, 1, 0xd, 0xb8, (uint8_t)i}};

    REQUIRE(store_refuse(share->store, netblock_around(ip, 64), 60, store_now()));
  }
}

/* The store has no writer here, so its table fills up: from time to time there is a new one. */
static void begin(void)
{
  static unsigned lives;

  if (share == NULL) {
    REQUIRE(mkdtemp(folder) != NULL && atexit(remove_folder) == 0);
    share = share_open(NULL, &(struct share_ears){.note = note, .refused = refused});
    REQUIRE(share != NULL);
    share->redis.resp = resp_open();
    REQUIRE(share->redis.resp != NULL);
    ledger_defaults(&share->ledger);
    share->ledger.limit[LEDGER_CAUSE_RECIPIENTS] = 5;
    share->options.server.timeout = 1000;
    memcpy(share->options.prefix, "p:", sizeof("p:"));
  }
  if (lives++ % LIVES == 0) {
    store_close(share->store);
    share->store = open_store();
    REQUIRE(share->store != NULL);
    refuse_some();
  }
  memset(&share->pages, 0, sizeof(share->pages));
  memcpy(share->last_id, "0-0", sizeof("0-0"));
  share->whole_script = false;
  share->review_at = UINT64_MAX;
}

/* A connection on which a server has said all of it, and hung up. */
static int connect_to(struct span bytes)
{
  int ends[2];

  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  REQUIRE(bytes.len == 0 || write(ends[1], bytes.at, bytes.len) == (ssize_t)bytes.len);
  REQUIRE(shutdown(ends[1], SHUT_WR) == 0);
  share->redis.channel = (struct channel){.fd = ends[0]};
  return ends[1];
}

static void count_some(void)
{
  for (unsigned i = 0; i < 4 * NETWORKS; i++) {
    const struct ledger_entry entry = {
        .event = LEDGER_UNKNOWN_RECIPIENT, .times = 1, .hash = i * UINT64_C(0x9e3779b97f4a7c15)};
    struct ip ip = {{0x20, 1, 0xd, 0xb8, (uint8_t)(i % NETWORKS)}};
    struct share_item item = {
        .network = netblock_around(ip, 64), .now = store_now(), .entry = entry};

    REQUIRE(share_queue_put(&share->queue, &item));
  }
}

static bool ask(uint8_t what, struct text *why)
{
  switch (what % 5) {
  case 0:
    return share_greet(share, why);
  case 1:
    return share_learn(share, why) && share_learn(share, why);
  case 2:
    return share_check_seed(share, why);
  case 4:
    share->review_at = 0;
    return share_review(share, why);
  default:
    count_some();
    (void)share_collect(share);
    return share_send(share, why);
  }
}

static void check_pages(void)
{
  size_t wanted = 0;

  for (size_t set = 0; set < SHARE_PAGES_SETS; set++)
    for (size_t way = 0; way < SHARE_PAGES_WAYS; way++) {
      const struct share_page *page = &share->pages.pages[set][way];

      wanted += page->wanted;
      REQUIRE(!page->used || ledger_is_sane(&page->page));
      REQUIRE(!page->wanted || page->used);
    }
  REQUIRE(wanted == share->pages.wanted);
  REQUIRE(strlen(share->last_id) < SHARE_ID_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char memory[SHARE_ERROR_SIZE];
  struct text why = text_in(memory, sizeof(memory));
  uint64_t since = channel_clock();
  int server;

  if (size < 1 || size > INPUT_MAX)
    return 0;
  begin();
  server = connect_to((struct span){(const char *)data + 1, size - 1});
  REQUIRE(ask(data[0], &why) || why.len > 0);
  REQUIRE(channel_clock() - since < 10000);
  check_pages();
  redis_close(&share->redis);
  close(server);
  return 0;
}
