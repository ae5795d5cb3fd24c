/*
 * Redis's protocol: commands as they are sent, answers as they come, and what is no answer.
 */
#include "store/resp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static struct resp *resp;

static int open_resp(void **state)
{
  (void)state;
  resp = resp_open();
  return resp == NULL ? -1 : 0;
}

static int close_resp(void **state)
{
  (void)state;
  resp_close(resp);
  return 0;
}

static void commands_are_written(void **state)
{
  const struct span get[] = {SPAN("GET"), SPAN("a\0\r\n")},
                    set[] = {SPAN("SET"), SPAN("b"), {NULL, 0}};
  const struct span want =
      SPAN("*2\r\n$3\r\nGET\r\n$4\r\na\0\r\n\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$0\r\n\r\n");

  (void)state;
  assert_true(resp_add(resp, get, 2));
  assert_true(resp_add(resp, set, 3));
  assert_int_equal(resp_count(resp), 2);
  assert_int_equal(resp_commands(resp).len, want.len);
  assert_memory_equal(resp_commands(resp).at, want.at, want.len);
  assert_true(resp_begin(resp));
  assert_int_equal(resp_count(resp), 0);
  assert_int_equal(resp_commands(resp).len, 0);
}

static void commands_are_bounded(void **state)
{
  char *word = calloc(1, RESP_BYTES_MAX);
  struct span many[RESP_WORDS_MAX + 1] = {{NULL, 0}};

  (void)state;
  assert_non_null(word);
  assert_false(resp_add(resp, &(struct span){word, RESP_BYTES_MAX}, 1));
  assert_true(resp_add(resp, &(struct span){word, RESP_BYTES_MAX / 2}, 1));
  assert_false(resp_add(resp, &(struct span){word, RESP_BYTES_MAX / 2}, 1));
  assert_int_equal(resp_count(resp), 1);
  assert_true(resp_add(resp, many, RESP_WORDS_MAX));
  assert_false(resp_add(resp, many, RESP_WORDS_MAX + 1));
  free(word);
}

/* A value in one line: +OK -ERR :12 "text" nil [a b] */
static void show(struct text *text, const struct resp_value *value)
{
  switch (value->kind) {
  case RESP_NIL:
    text_add(text, "nil");
    break;
  case RESP_NUMBER:
    text_add(text, value->number < 0 ? ":-" : ":");
    text_add_number(text, (unsigned long long)(value->number < 0 ? -value->number : value->number));
    break;
  case RESP_STATUS:
  case RESP_ERROR:
    text_add_byte(text, value->kind == RESP_ERROR ? '-' : '+');
    text_add_quoted(text, value->bytes, "");
    break;
  case RESP_STRING:
    text_add_byte(text, '"');
    text_add_quoted(text, value->bytes, "");
    text_add_byte(text, '"');
    break;
  case RESP_LIST:
    text_add_byte(text, '[');
    for (size_t i = 0; i < value->count; i++) {
      text_add(text, i > 0 ? " " : "");
      show(text, &value->items[i]);
    }
    text_add_byte(text, ']');
  }
}

static const struct {
  const char *name;
  struct span bytes;
  const char *want; /* values, ";" after each; then "wrong" if it ends so */
} answers[] = {
    {"status", SPAN("+OK\r\n"), "+OK;"},
    {"error", SPAN("-ERR no\r\n"), "-ERR no;"},
    {"numbers", SPAN(":0\r\n:-7\r\n"), ":0;:-7;"},
    {"strings", SPAN("$0\r\n\r\n$4\r\na\0\r\n\r\n"), "\"\";\"a\\x00\\x0D\\x0A\";"},
    {"nothing", SPAN("$-1\r\n*-1\r\n"), "nil;nil;"},
    {"lists", SPAN("*0\r\n*2\r\n*1\r\n:1\r\n$1\r\na\r\n"), "[];[[:1] \"a\"];"},
    {"half an answer", SPAN("*2\r\n:1\r\n"), ""},
    {"a string that goes on for ever", SPAN("$99999999999\r\nabc"), ""},
    {"garbage", SPAN("HTTP/1.0 400 Bad Request\r\n"), "wrong"},
    {"no length", SPAN("$abc\r\n"), "wrong"},
    {"length below nothing", SPAN("$-2\r\n"), "wrong"},
    {"length over all bounds", SPAN("$99999999999999999999\r\n"), "wrong"},
    {"list over all bounds", SPAN("*99999999999\r\n"), "wrong"},
    {"list over ours", SPAN("*5000\r\n"), "wrong"},
    {"lists over ours", SPAN("*4000\r\n*4000\r\n"), "wrong"},
    {"list below nothing", SPAN("*-5\r\n"), "wrong"},
    {"no end of a string", SPAN("$1\r\nabc\r\n:1\r\n"), "\"a\";wrong"},
    {"deep lists", SPAN("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"),
     "wrong"},
    {"another version's map", SPAN("%1\r\n+a\r\n:1\r\n"), "wrong"},
};

/* Reads the answers, `step` bytes at a time. */
static void read_all(struct span bytes, size_t step, struct text *got)
{
  const struct resp_value *value = NULL;
  enum resp_state reads = RESP_MORE;

  assert_true(resp_begin(resp));
  for (size_t at = 0; at < bytes.len && reads != RESP_WRONG; at += step) {
    assert_int_equal(resp_feed(resp, span_slice(bytes, at, at + step)), RESP_MORE);
    while ((reads = resp_next(resp, &value)) == RESP_OK) {
      show(got, value);
      text_add_byte(got, ';');
    }
  }
  if (reads == RESP_WRONG)
    text_add(got, "wrong");
}

static void answers_are_read(void **state)
{
  char memory[512];

  (void)state;
  for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
    for (size_t step = 1; step <= answers[i].bytes.len; step++) {
      struct text got = text_in(memory, sizeof(memory));

      read_all(answers[i].bytes, step, &got);
      /* who reads in larger pieces may find out about the fault before what comes ahead of it */
      if (strcmp(memory, answers[i].want) != 0)
        fail_msg("%s in pieces of %zu: %s, want %s", answers[i].name, step, memory,
                 answers[i].want);
    }
  }
}

static void answers_without_an_end_are_wrong(void **state)
{
  static char block[4096];
  size_t fed = 0;

  (void)state;
  assert_true(resp_begin(resp));
  assert_int_equal(resp_feed(resp, SPAN("$2000000000\r\n")), RESP_MORE);
  memset(block, 'a', sizeof(block));
  for (; resp_feed(resp, (struct span){block, sizeof(block)}) == RESP_MORE; fed += sizeof(block)) {
    const struct resp_value *value = NULL;

    assert_true(fed <= RESP_BYTES_MAX);
    assert_int_equal(resp_next(resp, &value), RESP_MORE);
  }
  assert_true(fed >= RESP_BYTES_MAX - 2 * sizeof(block));
}

static void values_are_bounded_in_all(void **state)
{
  const struct resp_value *value = NULL;
  unsigned count = 0;

  (void)state;
  assert_true(resp_begin(resp));
  for (; resp_feed(resp, SPAN(":1\r\n")) == RESP_MORE; count++)
    if (resp_next(resp, &value) != RESP_OK)
      break;
  assert_int_equal(count, RESP_VALUES_MAX);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(commands_are_written, open_resp, close_resp),
      cmocka_unit_test_setup_teardown(commands_are_bounded, open_resp, close_resp),
      cmocka_unit_test_setup_teardown(answers_are_read, open_resp, close_resp),
      cmocka_unit_test_setup_teardown(answers_without_an_end_are_wrong, open_resp, close_resp),
      cmocka_unit_test_setup_teardown(values_are_bounded_in_all, open_resp, close_resp),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
