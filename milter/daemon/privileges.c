/*
 * Dropping privileges. Order matters: groups while we may still change them, the user last, then
 * what root could have left behind; and every step is checked afterwards by asking the kernel.
 */
#define _GNU_SOURCE /* setresuid() and its kin */
#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum privileges_fault fail(struct text *why, enum privileges_fault fault, const char *what,
                                  const char *name, int error)
{
  char memory[128];

  text_add(why, what);
  if (name != NULL) {
    text_add(why, " \"");
    text_add_quoted(why, span_from(name), "\"\\");
    text_add(why, "\"");
  }
  if (error != 0) {
    text_add(why, ": ");
    text_add(why, strerror_r(error, memory, sizeof(memory)));
  }
  return fault;
}

/* A name as a C string; false when it is too long to be one. */
static bool copy_name(struct span name, char *out)
{
  if (name.len > PRIVILEGES_NAME_MAX || span_find(name, '\0') < name.len)
    return false;
  memcpy(out, name.at, name.len);
  out[name.len] = '\0';
  return true;
}

/* A decimal number of at most nine digits; larger ids are given by name. */
static bool parse_id(const char *name, unsigned *out)
{
  unsigned id = 0;

  if (name[0] == '\0' || strlen(name) > 9)
    return false;
  for (; *name != '\0'; name++) {
    if (!byte_is_digit(*name))
      return false;
    id = id * 10 + (unsigned)(*name - '0');
  }
  *out = id;
  return true;
}

enum privileges_fault privileges_group(struct span group, gid_t *out, struct text *why)
{
  char name[PRIVILEGES_NAME_MAX + 1];
  const struct group *entry;

  if (!copy_name(group, name))
    return fail(why, PRIVILEGES_UNKNOWN, "no such group", NULL, 0);
  errno = 0;
  entry = getgrnam(name);
  if (entry != NULL) {
    *out = entry->gr_gid;
    return PRIVILEGES_OK;
  }
  if (parse_id(name, out))
    return PRIVILEGES_OK;
  return fail(why, PRIVILEGES_UNKNOWN, "there is no group", name, errno == ENOENT ? 0 : errno);
}

/* By name, else by number; a number needs an entry too, for its groups. */
static enum privileges_fault find_user(const char *name, struct identity *out, struct text *why)
{
  const struct passwd *entry;
  unsigned id;

  errno = 0;
  entry = getpwnam(name);
  if (entry == NULL && parse_id(name, &id))
    entry = getpwuid(id);
  if (entry == NULL || strlen(entry->pw_name) > PRIVILEGES_NAME_MAX)
    return fail(why, PRIVILEGES_UNKNOWN, "there is no user", name, errno == ENOENT ? 0 : errno);
  if (entry->pw_uid == 0)
    return fail(why, PRIVILEGES_ROOT, "refuses to serve as root: `user` names somebody else", NULL,
                0);
  out->uid = entry->pw_uid;
  out->gid = entry->pw_gid;
  strcpy(out->user, entry->pw_name);
  return PRIVILEGES_OK;
}

enum privileges_fault privileges_find(struct span user, struct span group, struct identity *out,
                                      struct text *why)
{
  struct identity found = {.changes = geteuid() == 0 || getuid() == 0};
  char name[PRIVILEGES_NAME_MAX + 1];
  enum privileges_fault fault;

  found.uid = getuid();
  found.gid = getgid();
  if (found.changes) {
    if (user.len == 0)
      return fail(why, PRIVILEGES_ROOT, "refuses to serve as root: `user` is not set", NULL, 0);
    if (!copy_name(user, name))
      return fail(why, PRIVILEGES_UNKNOWN, "no such user", NULL, 0);
    fault = find_user(name, &found, why);
    if (fault == PRIVILEGES_OK && group.len > 0)
      fault = privileges_group(group, &found.gid, why);
    if (fault != PRIVILEGES_OK)
      return fault;
    if (found.gid == 0)
      return fail(why, PRIVILEGES_ROOT, "refuses to serve in root's group", NULL, 0);
  }
  *out = found;
  return PRIVILEGES_OK;
}

bool privileges_already(struct span user)
{
  char name[PRIVILEGES_NAME_MAX + 1];
  const struct passwd *entry = copy_name(user, name) ? getpwnam(name) : NULL;

  return entry == NULL || entry->pw_uid == getuid();
}

static struct __user_cap_header_struct capability_header(void)
{
  return (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3};
}

static bool no_capability_left(void)
{
  struct __user_cap_header_struct header = capability_header();
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

  if (syscall(SYS_capget, &header, data) < 0)
    return false;
  for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
    if ((data[i].effective | data[i].permitted | data[i].inheritable) != 0)
      return false;
  return true;
}

static bool is_identity(const struct identity *identity)
{
  uid_t uid[3];
  gid_t gid[3];

  if (getresuid(&uid[0], &uid[1], &uid[2]) < 0 || getresgid(&gid[0], &gid[1], &gid[2]) < 0)
    return false;
  for (size_t i = 0; i < 3; i++)
    if (uid[i] != identity->uid || gid[i] != identity->gid)
      return false;
  return true;
}

/* Ambient capabilities go with the permitted and inheritable ones. */
static bool drop_capabilities(void)
{
  struct __user_cap_header_struct header = capability_header();
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

  return no_capability_left() || (syscall(SYS_capset, &header, none) == 0 && no_capability_left());
}

static enum privileges_fault change(const struct identity *identity, struct text *why)
{
  if (initgroups(identity->user, identity->gid) < 0)
    return fail(why, PRIVILEGES_KEPT, "cannot take the groups of", identity->user, errno);
  if (setresgid(identity->gid, identity->gid, identity->gid) < 0)
    return fail(why, PRIVILEGES_KEPT, "cannot take the group of", identity->user, errno);
  if (setresuid(identity->uid, identity->uid, identity->uid) < 0)
    return fail(why, PRIVILEGES_KEPT, "cannot become", identity->user, errno);
  return PRIVILEGES_OK;
}

/* A service manager that starts us as somebody harmless may forbid the calls that change that: what
 * is so already is left alone. */
enum privileges_fault privileges_drop(const struct identity *identity, struct text *why)
{
  enum privileges_fault fault = identity->changes ? change(identity, why) : PRIVILEGES_OK;

  if (fault != PRIVILEGES_OK)
    return fault;
  if (!drop_capabilities())
    return fail(why, PRIVILEGES_KEPT, "cannot give up capabilities", NULL, errno);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return fail(why, PRIVILEGES_KEPT, "cannot rule out new privileges", NULL, errno);
  if (!is_identity(identity) || identity->uid == 0 || setuid(0) == 0 || seteuid(0) == 0)
    return fail(why, PRIVILEGES_ROOT, "refuses to serve: root could come back", NULL, 0);
  return PRIVILEGES_OK;
}
