/*
 * The store on files that it did not write, or that have changed since: what cannot be read is set
 * aside, whatever it is, and there is a store that works.
 */
#include "store_case.h"

#include <sys/stat.h>

static bool is_there(const char *name)
{
  char path[512];

  snprintf(path, sizeof(path), "%s/%s", folder, name);
  return access(path, F_OK) == 0;
}

/* Damage */

/* A store with a refusal and enough others for a tree of some height; as bytes. */
static size_t make_file(unsigned char **bytes)
{
  struct store *store = open_store();
  struct stat status;
  FILE *from;

  assert_true(count_names(store, ip_of("192.0.2.7"), 100).began);
  for (unsigned i = 0; i < 300; i++)
    count_names(store, nth(1, i), 1);
  store_close(store);
  from = fopen(file, "rb");
  assert_non_null(from);
  assert_int_equal(fstat(fileno(from), &status), 0);
  *bytes = malloc((size_t)status.st_size);
  assert_int_equal(fread(*bytes, 1, (size_t)status.st_size, from), status.st_size);
  fclose(from);
  return (size_t)status.st_size;
}

static void write_file(const void *bytes, size_t size)
{
  FILE *to = fopen(file, "wb");

  assert_non_null(to);
  assert_int_equal(fwrite(bytes, 1, size, to), size);
  fclose(to);
}

/* Whether it was set aside; in any case there is a store that works. */
static bool is_set_aside(void)
{
  unsigned before = noted[STORE_SET_ASIDE];
  struct store *store = open_store();

  count_names(store, ip_of("192.0.2.9"), 1);
  store_close(store);
  store = open_store();
  assert_true(is_known(store, ip_of("192.0.2.9")));
  store_close(store);
  return noted[STORE_SET_ASIDE] > before;
}

static void what_is_no_file_of_ours_is_set_aside(void **state)
{
  static const char garbage[8192] = "this is no file of pages";

  (void)state;
  write_file(garbage, sizeof(garbage));
  assert_true(is_set_aside());
  assert_true(is_there("ledger.mdb.unreadable-1"));
  write_file(garbage, 24);
  assert_true(is_set_aside());
  assert_true(is_there("ledger.mdb.unreadable-2"));
  assert_int_equal(unlink(file), 0);
  assert_int_equal(mkfifo(file, 0600), 0);
  assert_true(is_set_aside());
  assert_int_equal(unlink(file), 0);
  assert_int_equal(mkdir(file, 0700), 0);
  assert_true(is_set_aside());
  write_file("", 0);
  assert_false(is_set_aside());
  for (unsigned i = 0; i < 10; i++) {
    write_file(garbage, sizeof(garbage));
    assert_true(is_set_aside());
  }
}

static void another_version_is_set_aside(void **state)
{
  const char name[] = "milter-strict ledger";
  unsigned char *bytes;
  size_t size = make_file(&bytes), found = 0;

  (void)state;
  for (size_t i = 0; i + 32 < size; i++)
    if (memcmp(bytes + i, name, sizeof(name)) == 0) {
      bytes[i + 24]++;
      found++;
    }
  assert_true(found > 0);
  write_file(bytes, size);
  assert_true(is_set_aside());
  free(bytes);
}

static void a_file_cut_short_is_set_aside(void **state)
{
  unsigned char *bytes;
  size_t size = make_file(&bytes);

  (void)state;
  for (unsigned eighths = 1; eighths < 8; eighths++) {
    write_file(bytes, size / 8 * eighths);
    is_set_aside();
  }
  assert_true(noted[STORE_SET_ASIDE] >= 4);
  free(bytes);
}

/* Most damage is found; some hits what nobody reads. None of it does harm. */
static void damage_anywhere_does_no_harm(void **state)
{
  enum { ROUNDS = 40, PAGE = 4096 };
  unsigned char *bytes, *damaged;
  size_t size = make_file(&bytes);

  (void)state;
  damaged = malloc(size);
  assert_non_null(damaged);
  srand(7);
  for (unsigned round = 0; round < ROUNDS; round++) {
    size_t at = (size_t)rand() % size;

    memcpy(damaged, bytes, size);
    for (unsigned i = 0; i < 64; i++)
      damaged[round % 2 == 0 ? (at / PAGE * PAGE + (size_t)rand() % PAGE) % size
                             : (size_t)rand() % size] = (unsigned char)rand();
    if (round % 4 == 0)
      memset(damaged + at / PAGE * PAGE, round % 8 == 0 ? 0 : 0xff,
             size - at / PAGE * PAGE < PAGE ? size - at / PAGE * PAGE : PAGE);
    write_file(damaged, size);
    is_set_aside();
  }
  assert_true(noted[STORE_SET_ASIDE] > 0);
  assert_int_equal(noted[STORE_FAILED], 0);
  free(damaged);
  free(bytes);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
      TEST(what_is_no_file_of_ours_is_set_aside),
      TEST(another_version_is_set_aside),
      TEST(a_file_cut_short_is_set_aside),
      TEST(damage_anywhere_does_no_harm),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
