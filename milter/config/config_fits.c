/*
 * What the texts of the options may be. Each check says in half a sentence what is wrong and what
 * would be right.
 */
#include "config_inner.h"
#include "endpoint.h"

#include <string.h>

/* No control, no blank, nothing beyond ASCII. */
static bool is_word(struct span value)
{
  for (size_t i = 0; i < value.len; i++)
    if (byte_is_control(value.at[i]) || byte_is_8bit(value.at[i]) || value.at[i] == ' ')
      return false;
  return true;
}

static bool is_printable(struct span value)
{
  for (size_t i = 0; i < value.len; i++)
    if (byte_is_control(value.at[i]) || byte_is_8bit(value.at[i]))
      return false;
  return true;
}

static bool object(struct text *why, const char *reason)
{
  text_add(why, reason);
  return false;
}

static bool choice_fits(const struct option_entry *entry, struct span value, struct text *why)
{
  struct guess guess = guess_begin(value);
  char hint[80];

  for (size_t i = 0; entry->words[i] != NULL; i++) {
    if (span_equals(value, span_from(entry->words[i])))
      return true;
    guess_offer(&guess, span_from(entry->words[i]));
  }
  text_add(why, "it takes ");
  option_add_taken(why, entry);
  return object(why, guess_hint(&guess, hint, sizeof(hint), ""));
}

static bool address_fits(const struct option_entry *entry, struct span value, struct text *why)
{
  struct endpoint address;
  const char *reason;

  return (value.len == 0 && entry->low == 0) || endpoint_parse(value, &address, &reason) ||
         object(why, reason);
}

static bool socket_file_fits(struct span value, struct text *why)
{
  struct endpoint address;
  const char *reason = "only a socket file, as in \"unix:/run/milter-strict/control.sock\"";

  return value.len == 0 ||
         (span_starts_nocase(value, SPAN("unix:")) && endpoint_parse(value, &address, &reason)) ||
         object(why, reason);
}

static bool permissions_fit(struct span value, struct text *why)
{
  bool good = value.len >= 3 && value.len <= 4 && (value.len == 3 || value.at[0] == '0');

  for (size_t i = 0; good && i < value.len; i++)
    good = value.at[i] >= '0' && value.at[i] <= '7';
  return good || object(why, "permissions are three octal digits, as in \"0660\"");
}

/* Where to connect to: an address to listen on, but for what only a listener can use. */
static bool server_fits(struct span value, struct text *why)
{
  struct endpoint address;
  const char *reason;

  if (value.len == 0)
    return true;
  if (!endpoint_parse(value, &address, &reason))
    return object(why, reason);
  if (address.kind == ENDPOINT_FD)
    return object(why, "a server is \"inet:PORT@HOST\" or \"unix:PATH\"");
  return address.kind == ENDPOINT_UNIX || address.host[0] != '\0' ||
         object(why, "the server's host stands behind the port, as in \"inet:6379@192.0.2.1\"");
}

static bool path_fits(struct span value, const char *of_what, struct text *why)
{
  if (value.len > 0 && value.at[0] != '/')
    return object(why, of_what);
  return is_printable(value) || object(why, "a path here holds printable ASCII only");
}

static bool account_fits(const struct option_entry *entry, struct span value, struct text *why)
{
  for (size_t i = 0; i < value.len; i++) {
    char byte = value.at[i];

    if (!byte_is_letter(byte) && !byte_is_digit(byte) &&
        (byte == '\0' || strchr("._-$", byte) == NULL))
      return object(why,
                    "not the name of an account; write it as /etc/passwd or /etc/group has it");
  }
  if (value.len < entry->low)
    return object(why, "a name is needed");
  if (entry->low > 0 && span_equals(value, SPAN("root")))
    return object(why, "nothing is served as root; name a user of its own");
  return true;
}

/* "%" only as "%rule" and "%%". */
static bool percents_fit(struct span value)
{
  for (size_t i = 0; i < value.len; i++) {
    struct span rest = span_slice(value, i, value.len);

    if (value.at[i] != '%')
      continue;
    if (span_equals(span_slice(rest, 0, 2), SPAN("%%")))
      i++;
    else if (!span_equals(span_slice(rest, 0, 5), SPAN("%rule")))
      return false;
  }
  return true;
}

static bool url_fits(struct span value, struct text *why)
{
  static const char *const schemes[] = {"https://", "http://", "mailto:"};
  bool known = value.len == 0;

  for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
    struct span scheme = span_from(schemes[i]);

    known = known || (span_starts_nocase(value, scheme) && value.len > scheme.len);
  }
  if (!known)
    return object(why, "a link begins with https://, http:// or mailto:");
  if (!is_word(value))
    return object(why, "a link holds no spaces, control or non-ASCII characters; encode them as "
                       "%%20 and the like, the percent sign doubled");
  if (!percents_fit(value))
    return object(why, "after \"%\" stands \"rule\" or a second \"%\"");
  return true;
}

static bool host_fits(struct span value, struct text *why)
{
  struct span name =
      span_starts_nocase(value, SPAN("*.")) ? span_slice(value, 2, value.len) : value;
  struct helo helo;

  if (name.len > 0 && name.at[0] == '[')
    return object(why, "write an address without brackets, as in \"192.0.2.1\"");
  helo_parse(name, &helo);
  if (faults_has(&helo.faults, ASPECT_SYNTAX) || faults_has(&helo.faults, ASPECT_LITERAL))
    return object(why, "neither a host name, nor \"*.\" and a domain, nor an address; write "
                       "non-ASCII names as xn--...");
  if (helo.is_ip && name.len != value.len)
    return object(why, "\"*.\" goes before a domain, not before an address");
  return true;
}

static bool word_fits(struct span value, struct text *why)
{
  if (value.len == 0)
    return object(why, "an empty name matches nothing; remove it");
  return is_word(value) || object(why, "a name holds no spaces, control or non-ASCII characters");
}

static bool local_part_fits(struct span value, struct text *why)
{
  if (span_find(value, '@') < value.len)
    return object(why, "only the part before the \"@\", in any domain");
  return word_fits(value, why);
}

/* For 192.0.2.1/24 shows the network that was meant. */
static void add_network_meant(struct text *why, struct span value)
{
  size_t slash = span_find(value, '/');
  struct netblock host;
  char shown[IP_TEXT_SIZE];
  unsigned bits = 0;

  for (size_t i = slash + 1; i < value.len; i++)
    bits = bits * 10 + (unsigned)(value.at[i] - '0');
  if (netblock_parse(span_slice(value, 0, slash), &host) != NETBLOCK_OK || bits > 128)
    return;
  if (ip_is_v4(host.base) && span_find(value, ':') == value.len)
    bits += 96;
  for (unsigned i = bits; i < 128; i++)
    host.base.bytes[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
  ip_format(host.base, shown);
  text_add(why, "bits are set after the prefix; write \"");
  text_add(why, shown);
  text_add_span(why, span_slice(value, slash, value.len));
  text_add(why, "\" for the network, or leave out the prefix for the one address");
}

static bool network_fits(struct span value, struct text *why)
{
  struct netblock block;
  enum netblock_fault fault = netblock_parse(value, &block);

  if (fault == NETBLOCK_HOST_BITS)
    add_network_meant(why, value);
  else if (fault != NETBLOCK_OK)
    text_add(why, netblock_fault_text(fault));
  return fault == NETBLOCK_OK;
}

static bool kind_fits(const struct option_entry *entry, struct span value, struct text *why)
{
  switch (entry->kind) {
  case KIND_CHOICE:
    return choice_fits(entry, value, why);
  case KIND_ADDRESS:
    return address_fits(entry, value, why);
  case KIND_SOCKET_FILE:
    return socket_file_fits(value, why);
  case KIND_PERMISSIONS:
    return permissions_fit(value, why);
  case KIND_FOLDER:
    return path_fits(value, "the path of a folder begins with \"/\"", why);
  case KIND_PATH:
    return path_fits(value, "the path of a file begins with \"/\"", why);
  case KIND_SERVER:
    return server_fits(value, why);
  case KIND_TOKEN:
    return is_word(value) || object(why, "it holds no spaces, control or non-ASCII characters");
  case KIND_SECRET:
    return is_printable(value) || object(why, "it holds no control or non-ASCII characters");
  case KIND_ACCOUNT:
    return account_fits(entry, value, why);
  case KIND_URL:
    return url_fits(value, why);
  case KIND_PLAIN:
    return is_printable(value) ||
           object(why, "only printable ASCII can be said in a reply; leave out the rest");
  case KIND_HOSTS:
    return host_fits(value, why);
  case KIND_WORDS:
    return word_fits(value, why);
  case KIND_LOCAL_PARTS:
    return local_part_fits(value, why);
  case KIND_NETWORKS:
    return network_fits(value, why);
  case KIND_NUMBER:
  case KIND_FLAG:
    break;
  }
  return object(why, "no text is wanted here");
}

bool option_text_fits(const struct option_entry *entry, struct span value, struct text *why)
{
  if (entry->high > 0 && value.len > entry->high) {
    text_add(why, "longer than ");
    text_add_number(why, entry->high);
    return object(why, " bytes; shorten it");
  }
  return kind_fits(entry, value, why);
}
