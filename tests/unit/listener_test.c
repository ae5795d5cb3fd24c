/*
 * Listening sockets: files that are stale, live, or no sockets at all, and descriptors.
 */
#include "../../milter/daemon/listener.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct listener_access access_kept = {0660, (uid_t)-1, (gid_t)-1};

/* A private folder for each test, and the address of a socket in it. */
struct place {
  char folder[64];
  char path[96];
  struct endpoint address;
};

static int place_begin(void **state)
{
  struct place *place = calloc(1, sizeof(*place));

  strcpy(place->folder, "/tmp/milter-strict-listener-XXXXXX");
  if (mkdtemp(place->folder) == NULL)
    return -1;
  snprintf(place->path, sizeof(place->path), "%s/socket", place->folder);
  place->address.kind = ENDPOINT_UNIX;
  strcpy(place->address.path, place->path);
  *state = place;
  return 0;
}

static int place_end(void **state)
{
  struct place *place = *state;

  unlink(place->path);
  rmdir(place->folder);
  free(place);
  return 0;
}

static struct listener open_fine(const struct endpoint *address,
                                 const struct listener_access *access)
{
  char memory[512];
  struct text why = text_in(memory, sizeof(memory));
  struct listener listener;

  if (!listener_open(address, access, 16, &listener, &why))
    fail_msg("not opened: %s", memory);
  return listener;
}

static void open_fails(const struct endpoint *address, const char *reason)
{
  char memory[512];
  struct text why = text_in(memory, sizeof(memory));
  struct listener listener;

  assert_false(listener_open(address, &access_kept, 16, &listener, &why));
  assert_int_equal(listener.fd, -1);
  if (strstr(memory, reason) == NULL)
    fail_msg("got \"%s\", want \"%s\" in it", memory, reason);
}

/* errno of connect(), 0 when it succeeds. */
static int try_connect(const char *path)
{
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  int error;

  strcpy(name.sun_path, path);
  error = connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0 ? 0 : errno;
  close(fd);
  return error;
}

/* Socket files */

static void a_socket_has_its_mode_whatever_the_umask(void **state)
{
  static const mode_t modes[] = {0600, 0660, 0666, 0777, 0000};
  struct place *place = *state;
  mode_t before = umask(0027);

  for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
    struct listener_access access = {modes[i], (uid_t)-1, (gid_t)-1};
    struct listener listener = open_fine(&place->address, &access);
    struct stat status;

    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, modes[i]);
    assert_int_equal(umask(0027), 0027);
    assert_int_equal(fcntl(listener.fd, F_GETFD), FD_CLOEXEC);
    listener_close(&listener);
    assert_int_equal(access.owner, (uid_t)-1);
  }
  umask(before);
}

static void a_socket_has_its_owner(void **state)
{
  struct place *place = *state;
  bool root = geteuid() == 0;
  struct listener_access access = {0660, root ? 12345 : geteuid(), root ? 23456 : getegid()};
  struct listener listener = open_fine(&place->address, &access);
  struct stat status;

  assert_int_equal(stat(place->path, &status), 0);
  assert_int_equal(status.st_uid, access.owner);
  assert_int_equal(status.st_gid, access.group);
  listener_close(&listener);
}

/* Root may give any group: for this test it is nobody. */
static void be_nobody(const struct place *place, bool nobody)
{
  if (getuid() != 0)
    return;
  if (nobody) {
    assert_int_equal(chown(place->folder, 65534, 65534), 0);
    assert_int_equal(setegid(65534) | seteuid(65534), 0);
  } else {
    assert_int_equal(seteuid(0) | setegid(0), 0);
  }
}

static void a_group_that_we_may_not_give_is_an_error(void **state)
{
  struct place *place = *state;
  struct listener_access access = {0660, (uid_t)-1, 23456};
  char memory[512];
  struct text why = text_in(memory, sizeof(memory));
  struct listener listener;
  bool opened;

  be_nobody(place, true);
  opened = listener_open(&place->address, &access, 16, &listener, &why);
  be_nobody(place, false);
  assert_false(opened);
  assert_non_null(strstr(memory, "owner and group"));
  assert_int_equal(try_connect(place->path), ENOENT);
}

/* In a folder with the set-group-ID bit the socket has the group already. */
static void a_group_that_the_folder_gives_is_fine(void **state)
{
  struct place *place = *state;
  struct listener_access access = {0660, (uid_t)-1, 23456};
  struct listener listener;
  struct stat status;

  if (getuid() != 0)
    return;
  assert_int_equal(chown(place->folder, 65534, 23456), 0);
  assert_int_equal(chmod(place->folder, 02755), 0);
  assert_int_equal(setegid(65534) | seteuid(65534), 0);
  listener = open_fine(&place->address, &access);
  assert_int_equal(stat(place->path, &status), 0);
  listener_close(&listener);
  be_nobody(place, false);
  assert_int_equal(status.st_gid, 23456);
}

static void a_stale_socket_is_replaced(void **state)
{
  struct place *place = *state;
  struct listener left = open_fine(&place->address, &access_kept);
  struct listener listener;

  close(left.fd); /* as if killed: the file stays */
  assert_int_equal(try_connect(place->path), ECONNREFUSED);
  listener = open_fine(&place->address, &access_kept);
  assert_int_equal(try_connect(place->path), 0);
  listener_close(&listener);
  assert_int_equal(try_connect(place->path), ENOENT);
}

static void a_live_socket_is_left_alone(void **state)
{
  struct place *place = *state;
  struct listener first = open_fine(&place->address, &access_kept);

  open_fails(&place->address, "another process is serving there");
  assert_int_equal(try_connect(place->path), 0);
  listener_close(&first);
}

static void a_live_socket_whose_queue_is_full_is_left_alone(void **state)
{
  struct place *place = *state;
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  struct listener first = open_fine(&place->address, &access_kept);
  int waiting[64];
  size_t count = 0;

  strcpy(name.sun_path, place->path);
  do
    waiting[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  while (connect(waiting[count++], (struct sockaddr *)&name, sizeof(name)) == 0 && count < 64);
  assert_int_equal(errno, EAGAIN);
  open_fails(&place->address, "another process is serving there");
  while (count > 0)
    close(waiting[--count]);
  listener_close(&first);
}

static void a_live_datagram_socket_is_left_alone(void **state)
{
  struct place *place = *state;
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

  strcpy(name.sun_path, place->path);
  assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
  open_fails(&place->address, "another process is serving there");
  close(fd);
}

static void what_is_no_socket_is_left_alone(void **state)
{
  struct place *place = *state;
  struct stat status;
  int fd = open(place->path, O_CREAT | O_WRONLY, 0600);

  assert_int_equal(write(fd, "precious", 8), 8);
  close(fd);
  open_fails(&place->address, "it is no socket");
  assert_int_equal(stat(place->path, &status), 0);
  assert_int_equal(status.st_size, 8);
  unlink(place->path);
  assert_int_equal(symlink("/dev/null", place->path), 0);
  open_fails(&place->address, "it is no socket");
  assert_int_equal(lstat(place->path, &status), 0);
  unlink(place->path);
  assert_int_equal(mkdir(place->path, 0700), 0);
  open_fails(&place->address, "it is no socket");
  rmdir(place->path);
}

static void a_missing_folder_is_told(void **state)
{
  struct place *place = *state;
  struct endpoint address = place->address;

  strcpy(address.path, "/nonexistent/folder/socket");
  open_fails(&address, "unix:/nonexistent/folder/socket: ");
  open_fails(&address, strerror(ENOENT));
}

static void somebody_else_s_socket_is_not_removed(void **state)
{
  struct place *place = *state;
  struct listener first = open_fine(&place->address, &access_kept);
  struct listener second;

  assert_int_equal(unlink(place->path), 0);
  second = open_fine(&place->address, &access_kept);
  listener_close(&first);
  assert_int_equal(try_connect(place->path), 0);
  listener_close(&second);
  listener_close(&second);
  assert_int_equal(try_connect(place->path), ENOENT);
}

/* Whoever holds the folder's lock for good cannot keep us from starting. */
static void a_locked_folder_is_no_obstacle(void **state)
{
  struct place *place = *state;
  int lock = open(place->folder, O_RDONLY | O_DIRECTORY);
  struct listener listener;

  assert_int_equal(flock(lock, LOCK_EX), 0);
  listener = open_fine(&place->address, &access_kept);
  listener_close(&listener);
  close(lock);
}

/* Descriptors and TCP */

static struct endpoint address_of_fd(int fd)
{
  return (struct endpoint){.kind = ENDPOINT_FD, .fd = fd};
}

static void a_listening_descriptor_is_taken_over(void **state)
{
  struct place *place = *state;
  struct listener opened = open_fine(&place->address, &access_kept);
  struct endpoint address = address_of_fd(opened.fd);
  struct listener taken;

  fcntl(opened.fd, F_SETFD, 0);
  fcntl(opened.fd, F_SETFL, O_NONBLOCK);
  taken = open_fine(&address, &access_kept);
  assert_int_equal(taken.fd, opened.fd);
  assert_int_equal(fcntl(taken.fd, F_GETFD), FD_CLOEXEC);
  assert_int_equal(fcntl(taken.fd, F_GETFL) & O_NONBLOCK, 0);
  listener_close(&taken);
  assert_int_equal(try_connect(place->path), ECONNREFUSED); /* the file was not ours to remove */
}

static void other_descriptors_are_refused(void **state)
{
  struct endpoint address = address_of_fd(999);
  int pair[2];

  (void)state;
  open_fails(&address, "no such descriptor");
  address.fd = open("/dev/null", O_RDONLY);
  open_fails(&address, "no socket");
  close(address.fd);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  address.fd = pair[0];
  open_fails(&address, "does not listen");
  close(pair[0]);
  close(pair[1]);
  address.fd = socket(AF_INET, SOCK_DGRAM, 0);
  open_fails(&address, "neither a unix nor a TCP socket");
  close(address.fd);
}

static void tcp_listens_and_a_taken_port_is_told(void **state)
{
  struct endpoint address = {.kind = ENDPOINT_INET, .host = "127.0.0.1"};
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof(name);
  struct listener listener;
  int holder = socket(AF_INET, SOCK_STREAM, 0);

  (void)state;
  assert_int_equal(bind(holder, (struct sockaddr *)&name, size), 0);
  assert_int_equal(listen(holder, 1), 0);
  assert_int_equal(getsockname(holder, (struct sockaddr *)&name, &size), 0);
  address.port = ntohs(name.sin_port);
  open_fails(&address, strerror(EADDRINUSE));
  close(holder);
  listener = open_fine(&address, &access_kept);
  assert_int_equal(fcntl(listener.fd, F_GETFD), FD_CLOEXEC);
  listener_close(&listener);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, place_begin, place_end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      IN_PLACE(a_socket_has_its_mode_whatever_the_umask),
      IN_PLACE(a_socket_has_its_owner),
      IN_PLACE(a_group_that_we_may_not_give_is_an_error),
      IN_PLACE(a_group_that_the_folder_gives_is_fine),
      IN_PLACE(a_stale_socket_is_replaced),
      IN_PLACE(a_live_socket_is_left_alone),
      IN_PLACE(a_live_socket_whose_queue_is_full_is_left_alone),
      IN_PLACE(a_live_datagram_socket_is_left_alone),
      IN_PLACE(what_is_no_socket_is_left_alone),
      IN_PLACE(a_missing_folder_is_told),
      IN_PLACE(somebody_else_s_socket_is_not_removed),
      IN_PLACE(a_locked_folder_is_no_obstacle),
      IN_PLACE(a_listening_descriptor_is_taken_over),
      cmocka_unit_test(other_descriptors_are_refused),
      cmocka_unit_test(tcp_listens_and_a_taken_port_is_told),
  };

  return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
