/*
 * Outgoing connections: to nobody, to the silent, to those who hang up, and to those who answer;
 * plain and under TLS.
 */
#include "net/channel.h"
#include "net/tls.h"

#include "expect.h"
#include "tls_server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, SHORT_MS = 30 };

static char memory[200];
static struct text why;

static uint64_t in(unsigned milliseconds)
{
  return channel_clock() + milliseconds;
}

static int begin(void **state)
{
  (void)state;
  why = text_in(memory, sizeof(memory));
  return 0;
}

/* A socket on loopback that does not listen, and its port, which is nobody else's. */
static int bind_somewhere(uint16_t *port)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof(address);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  assert_true(fd >= 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
  *port = ntohs(address.sin_port);
  return fd;
}

static int listen_somewhere(uint16_t *port)
{
  int fd = bind_somewhere(port);

  assert_int_equal(listen(fd, 5), 0);
  return fd;
}

/* A channel and the other end of it. */
struct pair {
  struct channel channel;
  int peer;
};

static struct pair connect_pair(void)
{
  struct pair pair;
  uint16_t port;
  int fd = listen_somewhere(&port);

  assert_int_equal(channel_open(&pair.channel, "127.0.0.1", port, in(PATIENCE_MS), &why),
                   CHANNEL_OK);
  pair.peer = accept(fd, NULL, NULL);
  assert_true(pair.peer >= 0);
  close(fd);
  return pair;
}

static void close_pair(struct pair *pair)
{
  channel_close(&pair->channel);
  assert_int_equal(pair->channel.fd, -1);
  channel_close(&pair->channel); /* and again */
  if (pair->peer >= 0)
    close(pair->peer);
}

static void nobody_listens(void **state)
{
  struct channel channel;
  uint16_t port;
  int fd = bind_somewhere(&port);

  (void)state;
  assert_int_equal(channel_open(&channel, "127.0.0.1", port, in(PATIENCE_MS), &why),
                   CHANNEL_REFUSED);
  assert_int_equal(channel.fd, -1);
  assert_string_equal(memory, "Connection refused");
  text_clear(&why);
  assert_int_equal(
      channel_open_unix(&channel, "/tmp/there-is-no-such-socket", in(PATIENCE_MS), &why),
      CHANNEL_REFUSED);
  assert_int_equal(channel.fd, -1);
  close(fd);
}

static void names_without_an_address(void **state)
{
  struct channel channel;

  (void)state;
  assert_int_equal(channel_open(&channel, "no..host", 25, in(SHORT_MS), &why),
                   CHANNEL_UNKNOWN_HOST);
  assert_int_equal(channel.fd, -1);
  assert_true(why.len > 0);
}

static void paths_that_are_too_long(void **state)
{
  char path[300];
  struct channel channel;

  (void)state;
  memset(path, 'a', sizeof(path) - 1);
  path[sizeof(path) - 1] = '\0';
  assert_int_equal(channel_open_unix(&channel, path, in(SHORT_MS), &why), CHANNEL_FAILED);
}

static void the_silent_are_not_waited_for(void **state)
{
  struct pair pair = connect_pair();
  uint64_t begun = channel_clock();
  char byte;
  size_t got;

  (void)state;
  assert_int_equal(channel_read(&pair.channel, &byte, 1, &got, in(SHORT_MS), &why),
                   CHANNEL_TIMEOUT);
  assert_true(channel_clock() - begun >= SHORT_MS);
  assert_int_equal(got, 0);
  close_pair(&pair);
}

static void who_does_not_read_is_not_waited_for(void **state)
{
  static char much[32 * 1024 * 1024];
  struct pair pair = connect_pair();

  (void)state;
  assert_int_equal(
      channel_write(&pair.channel, (struct span){much, sizeof(much)}, in(SHORT_MS), &why),
      CHANNEL_TIMEOUT);
  close_pair(&pair);
}

static void what_has_come_is_read_even_late(void **state)
{
  struct pair pair = connect_pair();
  char bytes[10];
  size_t got;

  (void)state;
  assert_int_equal(write(pair.peer, "220 hi", 6), 6);
  assert_int_equal(channel_read(&pair.channel, bytes, sizeof(bytes), &got, in(PATIENCE_MS), &why),
                   CHANNEL_OK);
  assert_int_equal(write(pair.peer, "!", 1), 1);
  assert_int_equal(channel_wait(&pair.channel, 1, in(PATIENCE_MS), &why), CHANNEL_OK);
  assert_int_equal(channel_read(&pair.channel, bytes, sizeof(bytes), &got, 0, &why), CHANNEL_OK);
  assert_int_equal(got, 1);
  close_pair(&pair);
}

static void who_hangs_up_is_noticed(void **state)
{
  struct pair pair = connect_pair();
  enum channel_fault found;
  char bytes[10];
  size_t got;

  (void)state;
  close(pair.peer);
  pair.peer = -1;
  assert_int_equal(channel_read(&pair.channel, bytes, sizeof(bytes), &got, in(PATIENCE_MS), &why),
                   CHANNEL_CLOSED);
  do
    found = channel_write(&pair.channel, SPAN("QUIT\r\n"), in(PATIENCE_MS), &why);
  while (found == CHANNEL_OK); /* the first may still be taken by the kernel */
  assert_int_equal(found, CHANNEL_CLOSED);
  close_pair(&pair);
}

/* TLS */

static void read_all(struct channel *channel, char *bytes, size_t size)
{
  for (size_t got = 0, more; got < size; got += more)
    assert_int_equal(channel_read(channel, bytes + got, size - got, &more, in(PATIENCE_MS), &why),
                     CHANNEL_OK);
}

/* Connects to a server that says everything back. */
static enum channel_fault shake_hands(struct channel *channel, struct tls_client *client,
                                      const char *name)
{
  assert_int_equal(channel_open(channel, "127.0.0.1", tls_server_start(), in(PATIENCE_MS), &why),
                   CHANNEL_OK);
  return tls_client_start(client, channel, name, in(PATIENCE_MS), &why);
}

static void bytes_come_back_through_tls(void **state)
{
  enum { SIZE = 300000 }; /* many records */
  struct tls_client_options options = {.ca_file = tls_server_certificate(), .verify = true};
  struct tls_client *client = tls_client_open(&options, &why);
  char *sent = malloc(SIZE), *back = malloc(SIZE);
  struct channel channel;

  (void)state;
  assert_non_null(client);
  for (size_t i = 0; i < SIZE; i++)
    sent[i] = (char)(i * 7 % 251);
  assert_int_equal(shake_hands(&channel, client, TLS_SERVER_NAME), CHANNEL_OK);
  for (size_t at = 0; at < SIZE; at += 10000) {
    assert_int_equal(
        channel_write(&channel, (struct span){sent + at, 10000}, in(PATIENCE_MS), &why),
        CHANNEL_OK);
    read_all(&channel, back + at, 10000);
  }
  assert_memory_equal(sent, back, SIZE);
  channel_close(&channel);
  tls_server_end();
  tls_client_close(client);
  free(sent);
  free(back);
}

static int unread(const struct channel *channel)
{
  int bytes;

  assert_int_equal(ioctl(channel->fd, FIONREAD, &bytes), 0);
  return bytes;
}

/* A server may send without end what is no answer: the deadline is looked at after each record, and
 * not when there is nothing more to read. */
static void records_without_bytes_have_a_deadline(void **state)
{
  enum { TICKETS = 50, LEAST_BYTES = 100 };
  struct tls_client_options options = {.ca_file = tls_server_certificate(), .verify = true};
  struct tls_client *client = tls_client_open(&options, &why);
  struct channel channel;
  char byte;
  size_t got;

  (void)state;
  assert_non_null(client);
  tls_server.tickets = TICKETS;
  assert_int_equal(shake_hands(&channel, client, TLS_SERVER_NAME), CHANNEL_OK);
  for (unsigned waits = 0; unread(&channel) < TICKETS * LEAST_BYTES; waits++) {
    assert_true(waits < PATIENCE_MS);
    (void)poll(NULL, 0, 1);
  }
  assert_int_equal(channel_read(&channel, &byte, 1, &got, channel_clock(), &why), CHANNEL_TIMEOUT);
  assert_true(unread(&channel) > 0);
  assert_int_equal(channel_write(&channel, (struct span){"a", 1}, in(PATIENCE_MS), &why),
                   CHANNEL_OK);
  read_all(&channel, &byte, 1);
  assert_int_equal(byte, 'a');
  channel_close(&channel);
  tls_server_end();
  tls_client_close(client);
  tls_server.tickets = 0;
}

static void certificates_are_looked_at(void **state)
{
  static const struct {
    const char *row;
    bool trusted, verify;
    const char *name;
    enum channel_fault want;
  } rows[] = {
      {"trusted, and of the name", true, true, TLS_SERVER_NAME, CHANNEL_OK},
      {"trusted, of another name", true, true, "other.example.org", CHANNEL_TLS},
      {"trusted, of no such address", true, true, "192.0.2.1", CHANNEL_TLS},
      {"not trusted", false, true, TLS_SERVER_NAME, CHANNEL_TLS},
      {"not trusted, and nobody minds", false, false, "other.example.org", CHANNEL_OK},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct tls_client_options options = {.verify = rows[i].verify};
    struct tls_client *client;
    struct channel channel;
    enum channel_fault got;

    if (rows[i].trusted)
      options.ca_file = tls_server_certificate();
    text_clear(&why);
    client = tls_client_open(&options, &why);
    assert_non_null(client);
    got = shake_hands(&channel, client, rows[i].name);
    if (got != rows[i].want)
      fail_msg("%s: got %d (%s), want %d", rows[i].row, got, memory, rows[i].want);
    if (got == CHANNEL_TLS)
      assert_int_equal(strncmp(memory, "certificate: ", 13), 0);
    channel_close(&channel);
    tls_server_end();
    tls_client_close(client);
  }
}

static void files_that_are_no_certificates(void **state)
{
  static const struct tls_client_options rows[] = {
      {.ca_file = "/dev/null"},
      {.ca_file = "/no/such/file"},
      {.certificate_file = "/no/such/file"},
      {.certificate_file = "/dev/null", .key_file = "/dev/null"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    text_clear(&why);
    assert_null(tls_client_open(&rows[i], &why));
    assert_non_null(strchr(memory, '/'));
  }
}

static void what_is_no_tls_ends_the_handshake(void **state)
{
  static const char *const answers[] = {"220 no TLS here\r\n", "", "\x15\x03\x01\x00\x02\x02\x28"};
  struct tls_client_options options = {.verify = false};
  struct tls_client *client = tls_client_open(&options, &why);

  (void)state;
  for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
    struct pair pair = connect_pair();
    enum channel_fault got;
    size_t size = i == 2 ? 7 : strlen(answers[i]);

    assert_int_equal(write(pair.peer, answers[i], size), (ssize_t)size);
    shutdown(pair.peer, SHUT_WR);
    got = tls_client_start(client, &pair.channel, "mx.example.org", in(PATIENCE_MS), &why);
    assert_int_equal(got, size == 0 ? CHANNEL_CLOSED : CHANNEL_TLS);
    close_pair(&pair);
  }
  tls_client_close(client);
}

static void a_handshake_has_its_deadline(void **state)
{
  struct tls_client_options options = {.verify = false};
  struct tls_client *client = tls_client_open(&options, &why);
  struct pair pair = connect_pair();

  (void)state;
  assert_int_equal(tls_client_start(client, &pair.channel, "mx.example.org", in(SHORT_MS), &why),
                   CHANNEL_TIMEOUT);
  close_pair(&pair);
  tls_client_close(client);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, begin)
      TEST(nobody_listens),
      TEST(names_without_an_address),
      TEST(paths_that_are_too_long),
      TEST(the_silent_are_not_waited_for),
      TEST(who_does_not_read_is_not_waited_for),
      TEST(what_has_come_is_read_even_late),
      TEST(who_hangs_up_is_noticed),
      TEST(bytes_come_back_through_tls),
      TEST(records_without_bytes_have_a_deadline),
      TEST(certificates_are_looked_at),
      TEST(files_that_are_no_certificates),
      TEST(what_is_no_tls_ends_the_handshake),
      TEST(a_handshake_has_its_deadline),
  };

  signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, tls_server_prepare, tls_server_finish);
}
