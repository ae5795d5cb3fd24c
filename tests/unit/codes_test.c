/*
 * The catalogue of replies: complete, in order, in sentences, one with the core's; the reading of
 * codes; and that any two replies can be told apart.
 */
#include "tools/codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

/* Printable ASCII from a capital letter or a digit to a full stop. */
static void check_sentence(unsigned code, const char *what, const char *text)
{
  size_t len = text == NULL ? 0 : strlen(text);

  if (len < 5 || text[len - 1] != '.' || text[0] < '0' || text[0] > 'Z')
    fail_msg("%u: %s is no sentence", code, what);
  if (strstr(text, "  ") != NULL || strstr(text, "..") != NULL)
    fail_msg("%u: %s has two spaces or full stops", code, what);
  for (size_t i = 0; i < len; i++)
    if (text[i] < ' ' || text[i] > '~')
      fail_msg("%u: %s is not printable ASCII", code, what);
}

static void codes_are_in_order_and_speak_in_sentences(void **state)
{
  struct code_entry entry;
  unsigned last = 0;
  size_t count;

  (void)state;
  for (count = 0; code_at(count, &entry); count++) {
    if (entry.code <= last || *reply_class(entry.code) == '\0')
      fail_msg("%u stands after %u", entry.code, last);
    last = entry.code;
    if (entry.name == NULL || strlen(entry.name) > 45)
      fail_msg("%u has no name that fits", entry.code);
    check_sentence(entry.code, "meaning", entry.meaning);
    check_sentence(entry.code, "seen", entry.seen);
    check_sentence(entry.code, "sender", entry.sender);
    check_sentence(entry.code, "administrator", entry.administrator);
    if (strlen(entry.when) < 10 || entry.when[strlen(entry.when) - 1] == '.')
      fail_msg("%u: when is half a sentence", entry.code);
    if (strncmp(entry.source, "RFC ", 4) != 0)
      fail_msg("%u: the source is an RFC", entry.code);
  }
  assert_true(count > 35);
}

/* A code of the core stands here as SPOKEN, with the core's words; no other does. */
static void the_core_has_the_first_word(void **state)
{
  size_t count;
  const struct reply_entry *replies = reply_all(&count);
  struct code_entry entry;

  (void)state;
  for (size_t i = 0; i < count; i++) {
    if (!code_find(replies[i].code, &entry))
      fail_msg("%u is spoken and not explained", replies[i].code);
    assert_ptr_equal(entry.name, replies[i].name);
    assert_ptr_equal(entry.sender, replies[i].fix);
  }
}

/* RFC 5321, 4.3.2: which command has which error replies. */
static void it_is_said_after_which_commands_a_reply_comes(void **state)
{
  static const struct {
    const char *command;
    unsigned codes[10];
  } rows[] = {
      {"MAIL", {451, 452, 455, 503, 550, 552, 553, 555}},
      {"RCPT", {450, 451, 452, 455, 503, 550, 551, 552, 553, 555}},
      {"DATA", {451, 452, 503, 554}},
      {"message", {450, 452, 550, 552, 554}},
      {"VRFY", {502, 550, 551, 553}},
      {"connection opens", {220, 554}},
  };
  struct code_entry entry;

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    for (size_t j = 0; j < 10 && rows[i].codes[j] != 0; j++) {
      assert_true(code_find(rows[i].codes[j], &entry));
      if (strstr(entry.seen, rows[i].command) == NULL)
        fail_msg("%u is seen at \"%s\" too: %s", entry.code, rows[i].command, entry.seen);
    }
}

/* "1.1" as a number that sorts: 1001 */
static unsigned rank(const char *status)
{
  unsigned subject, detail;

  assert_int_equal(sscanf(status, "%u.%u", &subject, &detail), 2);
  return subject * 1000 + detail;
}

static void enhanced_codes_are_in_order(void **state)
{
  const struct enhanced_entry *entry;
  unsigned last = 0;
  size_t count;

  (void)state;
  for (count = 0; (entry = enhanced_at(count)) != NULL; count++) {
    char full[16];

    if (count > 0 && rank(entry->status) <= last)
      fail_msg("%s is out of order", entry->status);
    last = rank(entry->status);
    snprintf(full, sizeof(full), "5.%s", entry->status);
    assert_ptr_equal(enhanced_find(span_from(full)), entry);
    assert_ptr_equal(enhanced_find(span_from(entry->status)), entry);
    assert_true(strlen(entry->name) <= 45);
    check_sentence(last, "the enhanced code's meaning", entry->meaning);
  }
  assert_true(count > 70);
}

static bool is_known(struct span number)
{
  struct code_query query;

  return code_query_parse(number, &query) == CODE_OK && query.code != 0;
}

static void enhanced_codes_name_replies_that_there_are(void **state)
{
  const struct enhanced_entry *entry;

  (void)state;
  for (size_t i = 0; (entry = enhanced_at(i)) != NULL; i++) {
    struct span rest = span_from(entry->codes);

    while (rest.len > 0) {
      size_t end = span_find(rest, ' ');

      if (!is_known(span_slice(rest, 0, end)))
        fail_msg("%s: %.*s is not explained", entry->status, (int)end, rest.at);
      rest = span_slice(rest, end + 1, rest.len);
    }
  }
  assert_true(enhanced_goes_with(enhanced_find(SPAN("1.1")), 550));
  assert_false(enhanced_goes_with(enhanced_find(SPAN("1.1")), 55));
  assert_false(enhanced_goes_with(enhanced_find(SPAN("1.1")), 250));
}

static void queries_are_read(void **state)
{
  static const struct {
    const char *words;
    enum code_fault fault;
    unsigned code;
    const char *enhanced;
  } rows[] = {
      {"501", CODE_OK, 501, ""},
      {"501 5.1.7", CODE_OK, 501, "5.1.7"},
      {"501 5.9.9", CODE_OK, 501, "5.9.9"},
      {"5.1.7", CODE_OK, 0, "5.1.7"},
      {"2.0.0", CODE_OK, 0, "2.0.0"},
      {"5.7.30", CODE_OK, 0, "5.7.30"},
      {"501 4.1.7", CODE_MISMATCH, 0, ""},
      {"299", CODE_UNKNOWN, 0, ""},
      {"5.7.99", CODE_UNKNOWN, 0, ""},
      {"5.1000.1", CODE_NONE, 0, ""},
      {"3.1.1", CODE_NONE, 0, ""},
      {"5.01.1", CODE_NONE, 0, ""},
      {"5.1", CODE_NONE, 0, ""},
      {"5.1.", CODE_NONE, 0, ""},
      {"5..1", CODE_NONE, 0, ""},
      {"5.1.1.1", CODE_NONE, 0, ""},
      {"5.1.1 550", CODE_NONE, 0, ""},
      {"50", CODE_NONE, 0, ""},
      {"5000", CODE_NONE, 0, ""},
      {"100", CODE_NONE, 0, ""},
      {"5x1", CODE_NONE, 0, ""},
      {"501 x", CODE_NONE, 0, ""},
      {"501 5.1.7 x", CODE_NONE, 0, ""},
      {"", CODE_NONE, 0, ""},
      {" ", CODE_NONE, 0, ""},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct code_query query = {.code = 0};
    enum code_fault fault = code_query_parse(span_from(rows[i].words), &query);

    if (fault != rows[i].fault || query.code != rows[i].code ||
        strcmp(query.enhanced, rows[i].enhanced) != 0)
      fail_msg("\"%s\": fault %d, %u \"%s\"", rows[i].words, (int)fault, query.code,
               query.enhanced);
  }
}

static void pairs_are_in_order_and_of_known_codes(void **state)
{
  const struct code_pair *pair;
  unsigned last = 0;
  size_t count;

  (void)state;
  for (count = 0; (pair = code_pair_at(count)) != NULL; count++) {
    struct code_entry entry;
    unsigned rank_here = pair->first * 1000 + pair->second;

    if (rank_here <= last || pair->first >= pair->second)
      fail_msg("%u and %u are out of order", pair->first, pair->second);
    last = rank_here;
    assert_true(code_find(pair->first, &entry) && code_find(pair->second, &entry));
    check_sentence(pair->first, "what differs", pair->differs);
    check_sentence(pair->first, "which to use", pair->use);
    assert_ptr_equal(code_pair_find(pair->second, pair->first), pair);
  }
  assert_true(count > 30);
}

/* Both codes are named, or the text is the pair's own. */
static void check_pair(const struct code_entry *one, const struct code_entry *other)
{
  char memory[2][1024], numbers[2][8];
  struct text differs = text_in(memory[0], sizeof(memory[0])),
              use = text_in(memory[1], sizeof(memory[1]));

  code_pair_differs(one, other, &differs);
  code_pair_use(one, other, &use);
  assert_false(differs.cut || use.cut);
  check_sentence(one->code, "what differs", differs.at);
  check_sentence(one->code, "which to use", use.at);
  snprintf(numbers[0], sizeof(numbers[0]), "%u", one->code);
  snprintf(numbers[1], sizeof(numbers[1]), "%u", other->code);
  if (code_pair_find(one->code, other->code) == NULL &&
      (strstr(use.at, numbers[0]) == NULL || strstr(use.at, numbers[1]) == NULL))
    fail_msg("%u and %u: %s", one->code, other->code, use.at);
}

static void any_two_can_be_told_apart(void **state)
{
  struct code_entry one, other;

  (void)state;
  for (size_t i = 0; code_at(i, &one); i++)
    for (size_t j = 0; code_at(j, &other); j++)
      if (i != j)
        check_pair(&one, &other);
}

int main(void)
{
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(codes_are_in_order_and_speak_in_sentences),
      cmocka_unit_test(the_core_has_the_first_word),
      cmocka_unit_test(it_is_said_after_which_commands_a_reply_comes),
      cmocka_unit_test(enhanced_codes_are_in_order),
      cmocka_unit_test(enhanced_codes_name_replies_that_there_are),
      cmocka_unit_test(queries_are_read),
      cmocka_unit_test(pairs_are_in_order_and_of_known_codes),
      cmocka_unit_test(any_two_can_be_told_apart),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
