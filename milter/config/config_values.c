/*
 * From libconfig's settings to values: types, bounds, and where in the file each thing stands.
 */
#include "config_inner.h"

#include <string.h>

unsigned setting_line(const config_setting_t *setting)
{
  return config_setting_source_line(setting);
}

struct span setting_name(const config_setting_t *setting)
{
  return span_from(config_setting_name(setting));
}

const char *setting_type_name(const config_setting_t *setting)
{
  switch (config_setting_type(setting)) {
  case CONFIG_TYPE_GROUP:
    return "a group";
  case CONFIG_TYPE_INT:
  case CONFIG_TYPE_INT64:
    return "a number";
  case CONFIG_TYPE_FLOAT:
    return "a number with a fraction";
  case CONFIG_TYPE_STRING:
    return "a text";
  case CONFIG_TYPE_BOOL:
    return "true or false";
  default:
    return "a list";
  }
}

bool setting_text(const config_setting_t *setting, struct span *out)
{
  if (config_setting_type(setting) != CONFIG_TYPE_STRING)
    return false;
  *out = span_from(config_setting_get_string(setting));
  return true;
}

void reader_wrong_type(struct reader *reader, const config_setting_t *setting, const char *what,
                       const char *takes)
{
  reader_error(reader, setting_line(setting), "%s is %s; it takes %s", what,
               setting_type_name(setting), takes);
}

static void wrong_type(struct reader *reader, const config_setting_t *setting, const char *what,
                       const struct option_entry *entry)
{
  char memory[160];
  struct text takes = text_in(memory, sizeof(memory));

  option_add_taken(&takes, entry);
  reader_wrong_type(reader, setting, what, memory);
}

bool read_number(struct reader *reader, const config_setting_t *setting, const char *what,
                 unsigned low, unsigned high, unsigned *out)
{
  const struct option_entry bounds = {.kind = KIND_NUMBER, .low = low, .high = high};
  int type = config_setting_type(setting);
  long long number;

  if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
    wrong_type(reader, setting, what, &bounds);
    return false;
  }
  if (config_setting_get_format(setting) ==
      CONFIG_FORMAT_HEX) { /* libconfig cuts off high digits */
    reader_error(reader, setting_line(setting), "%s is in hexadecimal; write it in decimal", what);
    return false;
  }
  number =
      type == CONFIG_TYPE_INT ? config_setting_get_int(setting) : config_setting_get_int64(setting);
  if (number < (long long)low || number > (long long)high) {
    reader_error(reader, setting_line(setting),
                 "%s = %lld is out of range; it takes a whole number from %u to %u", what, number,
                 low, high);
    return false;
  }
  *out = (unsigned)number;
  return true;
}

/* Fetches a text that fits; notes it when it is none or does not. */
static bool read_text(struct reader *reader, const config_setting_t *setting, const char *what,
                      const struct option_entry *entry, struct span *out)
{
  char memory[256];
  struct text why = text_in(memory, sizeof(memory));
  struct span value;

  if (!setting_text(setting, &value)) {
    wrong_type(reader, setting, what, entry);
    return false;
  }
  if (!option_text_fits(entry, value, &why)) {
    if (entry->kind == KIND_SECRET)
      value = SPAN("...");
    reader_error(reader, setting_line(setting), "%s = \"%.*s\": %s", what, SHOWN(value), memory);
    return false;
  }
  *out = value;
  return true;
}

/* The number of items of a list or an array; false when the setting is neither. */
static bool list_length(struct reader *reader, const config_setting_t *setting, const char *what,
                        const struct option_entry *entry, unsigned *out)
{
  if (!config_setting_is_list(setting) && !config_setting_is_array(setting)) {
    wrong_type(reader, setting, what, entry);
    return false;
  }
  *out = (unsigned)config_setting_length(setting);
  return true;
}

/* Fetches item `i` of a list, a text that fits. */
static bool read_item(struct reader *reader, const config_setting_t *list, unsigned i,
                      const char *what, const struct option_entry *entry, struct span *out)
{
  const config_setting_t *item = config_setting_get_elem(list, i);
  char memory[256];
  struct text why = text_in(memory, sizeof(memory));

  if (!setting_text(item, out)) {
    reader_error(reader, setting_line(item), "%s: an item is %s; items are texts in quotes", what,
                 setting_type_name(item));
    return false;
  }
  if (!option_text_fits(entry, *out, &why)) {
    reader_error(reader, setting_line(item), "%s: \"%.*s\": %s", what, SHOWN(*out), memory);
    return false;
  }
  return true;
}

/* Addresses are kept in their canonical form: that is what they are compared with. */
static bool keep_name(struct settings *settings, struct span item, enum option_kind kind,
                      struct span *out)
{
  char shown[IP_TEXT_SIZE];
  struct ip ip;

  if (kind != KIND_HOSTS || !ip_parse(item, &ip))
    return settings_copy(settings, item, out);
  ip_format(ip, shown);
  return settings_copy(settings, span_from(shown), out);
}

bool read_names(struct reader *reader, const config_setting_t *setting, const char *what,
                const struct option_entry *entry, struct names *out)
{
  struct span *list, item;
  unsigned length;
  bool good = true;

  if (!list_length(reader, setting, what, entry, &length))
    return false;
  list = settings_allocate(reader->settings, (length + 1) * sizeof(*list));
  if (list == NULL) {
    reader_out_of_memory(reader);
    return false;
  }
  for (unsigned i = 0; i < length; i++) {
    if (!read_item(reader, setting, i, what, entry, &item)) {
      good = false;
    } else if (good && !keep_name(reader->settings, item, entry->kind, &list[i])) {
      reader_out_of_memory(reader);
      return false;
    }
  }
  if (good)
    *out = (struct names){list, names_sort(list, length)};
  return good;
}

static void read_networks(struct reader *reader, const config_setting_t *setting,
                          const struct option_entry *entry)
{
  struct policy *policy = &reader->settings->policy;
  struct netblock *blocks;
  struct span item;
  unsigned length;
  bool good = true;

  if (!list_length(reader, setting, entry->path, entry, &length))
    return;
  blocks = settings_allocate(reader->settings, (length + 1) * sizeof(*blocks));
  if (blocks == NULL) {
    reader_out_of_memory(reader);
    return;
  }
  for (unsigned i = 0; i < length; i++)
    good = read_item(reader, setting, i, entry->path, entry, &item) &&
           netblock_parse(item, &blocks[i]) == NETBLOCK_OK && good;
  if (!good)
    return;
  policy->exempt_networks = blocks;
  policy->exempt_network_count = netblocks_sort(blocks, length);
}

static unsigned word_index(const struct option_entry *entry, struct span value)
{
  unsigned i = 0;

  while (entry->words[i + 1] != NULL && !span_equals(value, span_from(entry->words[i])))
    i++;
  return i;
}

static unsigned octal(struct span digits)
{
  unsigned number = 0;

  for (size_t i = 0; i < digits.len; i++)
    number = number << 3 | (unsigned)(digits.at[i] - '0');
  return number;
}

/* Stores a text that fits. */
static void store_text(struct reader *reader, const struct option_entry *entry, struct span value,
                       char *member)
{
  unsigned number;
  struct span copy;

  if (entry->kind == KIND_CHOICE || entry->kind == KIND_PERMISSIONS) {
    number = entry->kind == KIND_CHOICE ? word_index(entry, value) : octal(value);
    memcpy(member, &number, sizeof(number));
    return;
  }
  if (settings_copy(reader->settings, value, &copy))
    memcpy(member, &copy, sizeof(copy));
  else
    reader_out_of_memory(reader);
}

void read_option(struct reader *reader, const config_setting_t *setting, enum option_id option)
{
  const struct option_entry *entry = option_entry(option);
  char *member = (char *)reader->settings + entry->offset;
  unsigned number;
  struct span value;
  struct names names;
  bool flag;

  switch (entry->kind) {
  case KIND_NUMBER:
    if (read_number(reader, setting, entry->path, entry->low, entry->high, &number))
      memcpy(member, &number, sizeof(number));
    break;
  case KIND_FLAG:
    flag = config_setting_get_bool(setting) != 0;
    if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
      wrong_type(reader, setting, entry->path, entry);
    else
      memcpy(member, &flag, sizeof(flag));
    break;
  case KIND_HOSTS:
  case KIND_WORDS:
  case KIND_LOCAL_PARTS:
    if (read_names(reader, setting, entry->path, entry, &names))
      memcpy(member, &names, sizeof(names));
    break;
  case KIND_NETWORKS:
    read_networks(reader, setting, entry);
    break;
  case KIND_CHOICE:
  case KIND_ADDRESS:
  case KIND_SOCKET_FILE:
  case KIND_PERMISSIONS:
  case KIND_FOLDER:
  case KIND_ACCOUNT:
  case KIND_URL:
  case KIND_PLAIN:
  case KIND_SERVER:
  case KIND_PATH:
  case KIND_TOKEN:
  case KIND_SECRET:
    if (read_text(reader, setting, entry->path, entry, &value))
      store_text(reader, entry, value, member);
    break;
  }
}
