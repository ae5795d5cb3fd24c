/*
 * Any bytes as a configuration. Holds: a reason is given when it is refused and nothing is left
 * behind, every note can be shown, and what is accepted can be written, read and written again.
 */
#include "config/config.h"
#include "config/dump.h"
#include "require.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_notes(const struct config_notes *notes)
{
  REQUIRE(notes->count <= CONFIG_NOTES_MAX && notes->count <= notes->errors + notes->warnings);
  REQUIRE((notes->errors == 0 && notes->warnings == 0) == (notes->count == 0));
  for (unsigned i = 0; i < notes->count; i++) {
    const struct config_note *note = &notes->note[i];

    REQUIRE(strncmp(note->text, "seed.conf:", 10) == 0);
    REQUIRE(strlen(note->text) < CONFIG_NOTE_SIZE);
    REQUIRE(i == 0 || note->line >= notes->note[i - 1].line);
    for (const char *at = note->text; *at != '\0'; at++)
      REQUIRE(!byte_is_control(*at) && !byte_is_8bit(*at));
  }
}

static char *dumped(const struct settings *settings, size_t *length)
{
  char *memory = NULL;
  FILE *to = open_memstream(&memory, length);

  REQUIRE(to != NULL && dump_settings(to, settings, DUMP_PLAIN));
  REQUIRE(fclose(to) == 0);
  return memory;
}

static void check_dump(const struct settings *settings)
{
  static struct config_notes notes;
  struct settings again;
  size_t first_length, second_length;
  char *first = dumped(settings, &first_length), *second;

  REQUIRE(config_load_text("dump", (struct span){first, first_length}, &again, &notes));
  second = dumped(&again, &second_length);
  REQUIRE(first_length == second_length && memcmp(first, second, first_length) == 0);
  settings_free(&again);
  free(first);
  free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct config_notes notes;
  static const struct settings nothing;
  struct settings settings;
  struct span text = {(const char *)data, size};

  if (config_load_text("seed.conf", text, &settings, &notes)) {
    REQUIRE(notes.errors == 0);
    check_dump(&settings);
    settings_free(&settings);
  } else {
    REQUIRE(notes.errors > 0 && settings.blocks == NULL);
    REQUIRE(settings.user.at == nothing.user.at && settings.policy.our_names.list == NULL);
  }
  check_notes(&notes);
  return 0;
}
