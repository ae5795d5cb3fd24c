/*
 * Configurations that are wrong, or right and useless: what is said of each, with the line.
 */
#include "config/config.h"
#include "config/options.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define CODE_WHY                                                                                   \
  "this rule cannot answer that code: a 4xx or 5xx code is needed (252 is possible for "           \
  "command-vrfy, 214 for command-help)"

/* The notes are those of `want`, one a line, without the file's name. */
static const struct {
  const char *name, *text, *want;
} wrong[] = {
    {"two errors and their lines", "mode = \"enforced\";\n\ntimeout = 5;\n",
     "1: mode = \"enforced\": it takes \"enforce\" or \"monitor\"; did you mean \"enforce\"?\n"
     "3: timeout = 5 is out of range; it takes a whole number from 10 to 86400"},
    {"unknown option", "colour = \"red\";",
     "1: there is no option \"colour\"; see milter-strict.conf(5) for those there are"},
    {"mistyped option", "our_names = [ ];",
     "1: there is no option \"our_names\"; did you mean \"our-names\"?"},
    {"option outside its group", "\nnetworks = [ ];",
     "2: there is no option \"networks\"; did you mean \"exempt.networks\"?"},
    {"mistyped option in a group", "listen: {\n  miltre = \"fd:3\";\n};",
     "2: there is no option \"listen.miltre\"; did you mean \"listen.milter\"?"},
    {"option in the wrong group", "log: { detail = \"full\"; };",
     "1: there is no option \"log.detail\"; did you mean \"replies.detail\"?"},
    {"group in a group", "listen: { listen: { milter = \"fd:3\"; }; };",
     "1: there is no option \"listen.listen\"; see milter-strict.conf(5) for those there are"},
    {"rule outside the rules", "sender-dots = \"off\";",
     "1: there is no option \"sender-dots\"; did you mean \"rules.sender-dots\"?"},
    {"mistyped rule", "rules: {\n  sender-dot = \"off\";\n};",
     "2: there is no rule \"sender-dot\"; did you mean \"sender-dots\"?"},
    {"unknown rule", "rules: { greylisting = \"off\"; };",
     "1: there is no rule \"greylisting\"; milter-strict(8) has the list"},
    {"unknown action", "rules: { sender-dots = \"refsue\"; };",
     "1: rules.sender-dots = \"refsue\": it takes \"off\", \"monitor\", \"refuse\" or \"answer\"; "
     "did you mean \"refuse\"?"},
    {"action of the wrong type", "rules: { sender-dots = true; };",
     "1: rules.sender-dots is true or false; it takes \"off\", \"monitor\", \"refuse\" or "
     "\"answer\""},
    {"unknown setting of a rule", "rules: { sender-dots = { replay = \"550\"; }; };",
     "1: rules.sender-dots has no setting \"replay\"; did you mean \"reply\"?"},
    {"rules are no group", "rules = [ ];",
     "1: rules is a list; it takes a group, as in rules: { name = value; };"},
    {"group is a text", "listen = \"fd:3\";",
     "1: listen is a text; it takes a group, as in listen: { name = value; };"},
    {"limit of a rule without one", "rules: { sender-dots = { limit = 3; }; };",
     "1: rules.sender-dots.limit: this rule has no limit; remove it"},
    {"names of a rule without them", "rules: { sender-dots = { names = [ ]; }; };",
     "1: rules.sender-dots.names: this rule has no names; remove them"},
    {"two passwords",
     "redis: { server = \"unix:/r\"; password = \"p\";\n  password-file = \"/p\"; };",
     "2: redis.password and redis.password-file: set one of them"},
    {"nobody's certificate", "redis: {\n  server = \"unix:/r\"; tls = true; };",
     "2: redis.tls needs redis.tls-name: a unix socket has no host's name"},
    {"a secret in a broken line", "redis: {\n  password = tell nobody;\n};",
     "2: syntax error here or just before, in \"password...\"; a setting is written as name = "
     "value;"},
    {"limit out of range", "rules: { recipient-many = { limit = 0; }; };",
     "1: rules.recipient-many.limit = 0 is out of range; it takes a whole number from 1 to "
     "1000000"},
    {"limit of points that nobody reaches", "\n\nrules: { probe-recipients = { limit = 1001; }; };",
     "3: rules.probe-recipients.limit = 1001 is out of range; it takes a whole number from 1 to "
     "1000"},
    {"names of the wrong type", "rules: { helo-listed = { names = \"ylmf-pc\"; }; };",
     "1: rules.helo-listed.names is a text; it takes a list of names, as [ \"one\", \"two\" ]"},
    {"reply is a number", "rules: { sender-dots = { reply = 550; }; };",
     "1: rules.sender-dots.reply is a number; it takes a code in quotes, as \"550 5.7.1\" or "
     "\"550\""},
    {"class mismatch", "rules: { sender-dots = { reply = \"550 4.7.1\"; }; };",
     "1: rules.sender-dots.reply = \"550 4.7.1\": the enhanced code must begin with the first "
     "digit "
     "of the reply code, as in \"550 5.7.1\" and \"450 4.7.1\""},
    {"no such code", "rules: { sender-dots = { reply = \"599\"; }; };",
     "1: rules.sender-dots.reply = \"599\": not a reply code that SMTP has; write for instance "
     "\"550 5.7.1\""},
    {"text in the reply", "rules: { sender-dots = { reply = \"550 5.7.1 No\"; }; };",
     "1: rules.sender-dots.reply = \"550 5.7.1 No\": only a code and an enhanced code here; the "
     "text goes into \"text\""},
    {"354", "rules: { sender-dots = {\n  reply = \"354\"; }; };",
     "2: the reply of rule sender-dots cannot be said: " CODE_WHY},
    {"252 for a rule that refuses", "rules: { command-expn = { reply = \"252\"; }; };",
     "1: the reply of rule command-expn cannot be said: " CODE_WHY},
    {"250 for VRFY", "rules: { command-vrfy = { reply = \"250\"; }; };",
     "1: the reply of rule command-vrfy cannot be said: " CODE_WHY},
    {"a rule that refuses is told to answer", "rules: { sender-dots = \"answer\"; };",
     "1: rules.sender-dots = \"answer\": this rule can only refuse; write \"refuse\""},
    {"an answer that refuses",
     "rules: { command-vrfy = { action = \"answer\"; reply = \"502\"; }; };",
     "1: rules.command-vrfy: \"answer\" goes with a 2xx reply and 502 refuses; write action = "
     "\"refuse\""},
    {"a refusal that answers",
     "rules: { command-vrfy = { action = \"refuse\"; reply = \"252\"; }; };",
     "1: rules.command-vrfy: \"refuse\" goes with a 4xx or 5xx reply and 252 is none; write action "
     "= \"answer\""},
    {"control byte in a text", "rules: { sender-dots = { text = \"a\\nb\"; }; };",
     "1: rules.sender-dots.text = \"a\\x0Ab\": only printable ASCII can be said in a reply; leave "
     "out the rest"},
    {"8-bit byte in a text", "rules: { sender-dots = { text = \"\xc3\xa4\"; }; };",
     "1: rules.sender-dots.text = \"\\xC3\\xA4\": only printable ASCII can be said in a reply; "
     "leave out the rest"},
    {"link and contact too long together",
     "\nreplies: { url = \"https://a/%rule%rule%rule%rule%rule%rule%rule%rule%rule%rule%rule%rule"
     "%rule%rule%rule%rule%rule%rule%rule%rule%rule%rule%rule%rule%rule%rule%rule%rule%rule%rule"
     "%rule%rule%rule%rule%rule\";\n  contact = \"the postmaster, or whoever answers the "
     "telephone in the house with the green door at the lake\"; };",
     "2: the reply of rule helo-syntax cannot be said: the link and the contact are too long: with "
     "the remedy they take at most 488 bytes"},
    {"two doors at one address",
     "listen: {\n  milter = \"inet:8890\";\n  policy = \"inet:8891\";\n"
     "  socketmap = \"inet:8890\";\n};",
     "4: listen.milter and listen.socketmap are the same address"},
    {"set twice", "mode = \"enforce\";\nmode = \"monitor\";",
     "2: this sets for the second time what is set above, remove one: mode = \"monitor\";"},
    {"bad network in a long list",
     "exempt: {\n  networks = [\n    \"127.0.0.1\",\n    \"192.0.2.1/24\",\n    \"::1\"\n  ];\n};",
     "4: exempt.networks: \"192.0.2.1/24\": bits are set after the prefix; write \"192.0.2.0/24\" "
     "for the network, or leave out the prefix for the one address"},
    {"last item of a list", "our-names = [ \"mx.example.org\",\n\n  \"a b\"\n\n];",
     "3: our-names: \"a b\": neither a host name, nor \"*.\" and a domain, nor an address; write "
     "non-ASCII names as xn--..."},
    {"number in a list of texts", "our-names = ( \"mx.example.org\", 5 );",
     "1: our-names: an item is a number; items are texts in quotes"},
    {"mixed list", "our-names = [ \"mx.example.org\",\n  5 ];",
     "2: the items of a list must be of one type; write each in quotes"},
    {"missing equals sign", "mode \"enforce\";",
     "1: a text in quotes stands where none can be; write name = \"text\"; and in lists a comma "
     "between texts"},
    {"missing value", "\nmode = ;",
     "2: syntax error here or just before, in \"mode = ;\"; a setting is written as name = value;"},
    {"dotted name", "listen.milter = \"fd:3\";",
     "1: \"listen.milter\" is no name; write the part before the dot as a group: name: { name = "
     "value; };"},
    {"text without an end", "\nmode = \"enforce;\n\n",
     "2: the text that begins here is not closed; end it with a quote"},
    {"comment without an end", "\n/* mode\n\n",
     "2: the comment that begins here is not closed; end it with */"},
    {"bracket without an end", "\n\nrules: {\n  sender-dots = \"off\";\n",
     "3: the \"{\" of this line is not closed"},
    {"brackets that do not match", "our-names = [\n \"a.org\" };",
     "2: \"}\" cannot close the \"[\" of line 1"},
    {"bracket that closes nothing", "mode = \"enforce\"; };", "1: \"}\" closes nothing; remove it"},
    {"include", "\n  @include \"/etc/passwd\"\n",
     "2: \"@\" has no meaning here: files cannot be included; write all settings into one file"},
    {"number that would wrap around", "timeout = 4294967306;",
     "1: a number with more than 9 digits is out of range here"},
    {"hexadecimal that would wrap around", "timeout = 0x10000003c;",
     "1: timeout is in hexadecimal; write it in decimal"},
    {"NUL escape", "user = \"root\\x00er\";", "1: a text cannot hold \\x00; leave it out"},
    {"unprintable in a name of nothing", "\x01 = 5;",
     "1: syntax error here or just before, in \"\\x01 = 5;\"; a setting is written as name = "
     "value;"},
};

static void expect_notes(const char *name, struct span text, const char *want)
{
  static char said[CONFIG_NOTES_MAX * CONFIG_NOTE_SIZE];
  static struct config_notes notes;
  struct settings settings;
  struct text got = text_in(said, sizeof(said));

  if (config_load_text("f", text, &settings, &notes))
    settings_free(&settings);
  for (unsigned i = 0; i < notes.count; i++) {
    text_add(&got, i == 0 ? "" : "\n");
    text_add(&got, notes.note[i].text + strlen("f:"));
  }
  if (strcmp(said, want) != 0)
    fail_msg("%s:\n%s\nwant:\n%s", name, said, want);
}

static void each_error_is_told_with_its_line(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
    expect_notes(wrong[i].name, span_from(wrong[i].text), wrong[i].want);
}

/* Values that no option of the kind takes, with the end of what is said. */
static const struct {
  enum option_kind kind;
  const char *value, *why;
} bad_values[] = {
    {KIND_CHOICE, "\"\"", "it takes "},
    {KIND_CHOICE, "5", "is a number; it takes \""},
    {KIND_NUMBER, "\"60\"", "is a text; it takes a whole number from "},
    {KIND_NUMBER, "60.5", "is a number with a fraction; it takes a whole number from "},
    {KIND_NUMBER, "-1", "= -1 is out of range; it takes a whole number from "},
    {KIND_NUMBER, "999999999", "= 999999999 is out of range; it takes a whole number from "},
    {KIND_FLAG, "1", "is a number; it takes true or false"},
    {KIND_FLAG, "\"yes\"", "is a text; it takes true or false"},
    {KIND_ADDRESS, "25", "is a number; it takes \"unix:/path\""},
    {KIND_ADDRESS, "\"unix:run/x\"", "the path of a socket begins with \"/\""},
    {KIND_ADDRESS, "\"inet:0@localhost\"", "a port is a number from 1 to 65535"},
    {KIND_SOCKET_FILE, "\"inet:25@localhost\"", "only a socket file, as in \"unix:/run"},
    {KIND_SOCKET_FILE, "\"unix:run/x\"", "the path of a socket begins with \"/\""},
    {KIND_PERMISSIONS, "660", "is a number; it takes permissions in octal and in quotes"},
    {KIND_PERMISSIONS, "\"0888\"", "permissions are three octal digits"},
    {KIND_PERMISSIONS, "\"4755\"", "permissions are three octal digits"},
    {KIND_FOLDER, "1", "is a number; it takes an absolute path in quotes"},
    {KIND_FOLDER, "\"lib\"", "the path of a folder begins with \"/\""},
    {KIND_FOLDER, "\"/\\t\"", "a path here holds printable ASCII only"},
    {KIND_ACCOUNT, "5", "is a number; it takes a name in quotes"},
    {KIND_ACCOUNT, "\"a b\"", "not the name of an account"},
    {KIND_ACCOUNT, "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "longer than 32 bytes; shorten it"},
    {KIND_URL, "true", "is true or false; it takes a link in quotes"},
    {KIND_URL, "\"ftp://example.org\"", "a link begins with https://, http:// or mailto:"},
    {KIND_URL, "\"https://\"", "a link begins with https://, http:// or mailto:"},
    {KIND_URL, "\"https://a b\"", "a link holds no spaces, control or non-ASCII characters"},
    {KIND_URL, "\"https://a/%ruel\"", "after \"%\" stands \"rule\" or a second \"%\""},
    {KIND_URL, "\"https://a/%\"", "after \"%\" stands \"rule\" or a second \"%\""},
    {KIND_PLAIN, "[ ]", "is a list; it takes a text in quotes"},
    {KIND_PLAIN, "\"\\t\"", "only printable ASCII can be said in a reply"},
    {KIND_HOSTS, "\"mx.example.org\"", "is a text; it takes a list of host names and addresses"},
    {KIND_HOSTS, "[ \"\" ]", "neither a host name, nor \"*.\" and a domain, nor an address"},
    {KIND_HOSTS, "[ \"a..b\" ]", "neither a host name, nor \"*.\" and a domain, nor an address"},
    {KIND_HOSTS, "[ \"[192.0.2.1]\" ]", "write an address without brackets"},
    {KIND_HOSTS, "[ \"*.192.0.2.1\" ]", "\"*.\" goes before a domain"},
    {KIND_WORDS, "{ }", "is a group; it takes a list of names"},
    {KIND_WORDS, "[ \"\" ]", "an empty name matches nothing; remove it"},
    {KIND_WORDS, "[ \"a b\" ]", "a name holds no spaces, control or non-ASCII characters"},
    {KIND_LOCAL_PARTS, "\"abuse\"", "is a text; it takes a list of local parts"},
    {KIND_LOCAL_PARTS, "[ \"abuse@example.org\" ]", "only the part before the \"@\""},
    {KIND_NETWORKS, "\"::1\"", "is a text; it takes a list of networks"},
    {KIND_NETWORKS, "[ 1 ]", "an item is a number; items are texts in quotes"},
    {KIND_NETWORKS, "[ \"localhost\" ]", "not an IP address or network"},
    {KIND_NETWORKS, "[ \"::1/129\" ]", "the number after \"/\" must be"},
    {KIND_NETWORKS, "[ \"2001:db8::1/32\" ]", "write \"2001:db8::/32\" for the network"},
    {KIND_SERVER, "6379", "is a number; it takes \"inet:port@host\""},
    {KIND_SERVER, "\"redis.example.org\"", "an address is \"unix:PATH\""},
    {KIND_SERVER, "\"fd:3\"", "a server is \"inet:PORT@HOST\" or \"unix:PATH\""},
    {KIND_SERVER, "\"inet:6379\"", "the server's host stands behind the port"},
    {KIND_SERVER, "\"inet:0@localhost\"", "a port is a number from 1 to 65535"},
    {KIND_PATH, "true", "is true or false; it takes an absolute path in quotes"},
    {KIND_PATH, "\"redis.password\"", "the path of a file begins with \"/\""},
    {KIND_PATH, "\"/a\tb\"", "a path here holds printable ASCII only"},
    {KIND_TOKEN, "1", "is a number; it takes a text in quotes, without blanks"},
    {KIND_TOKEN, "\"a b\"", "it holds no spaces, control or non-ASCII characters"},
    {KIND_SECRET, "1", "is a number; it takes a text in quotes"},
    {KIND_SECRET, "\"tell nobody\\t\"", "= \"...\": it holds no control or non-ASCII characters"},
    {KIND_NETWORKS, "[ \"[2001:db8::1]/32\" ]", "write \"2001:db8::/32\" for the network"},
};
enum { BAD_VALUE_COUNT = sizeof(bad_values) / sizeof(bad_values[0]) };

/* Sets the option to the value in line 2 and looks for one error there that says why. */
static void expect_bad_value(const struct option_entry *entry, const char *value, const char *why)
{
  static struct config_notes notes;
  const char *dot = strchr(entry->path, '.');
  struct settings settings;
  char text[512], start[64];

  if (dot == NULL)
    snprintf(text, sizeof(text), "\n%s = %s;", entry->path, value);
  else
    snprintf(text, sizeof(text), "%.*s: {\n%s = %s; };", (int)(dot - entry->path), entry->path,
             dot + 1, value);
  if (config_load_text("f", span_from(text), &settings, &notes))
    fail_msg("%s is taken", text);
  snprintf(start, sizeof(start), "f:2: %s", entry->path);
  if (notes.count != 1 || strncmp(notes.note[0].text, start, strlen(start)) != 0 ||
      strstr(notes.note[0].text, why) == NULL)
    fail_msg("%s: %s, want %s ... %s", text, notes.note[0].text, start, why);
  assert_null(settings.blocks);
}

static void no_option_takes_bad_values(void **state)
{
  (void)state;
  for (enum option_id option = 0; option < OPTION_COUNT; option++) {
    unsigned tried = 0;

    for (size_t i = 0; i < BAD_VALUE_COUNT; i++) {
      if (bad_values[i].kind == option_entry(option)->kind) {
        expect_bad_value(option_entry(option), bad_values[i].value, bad_values[i].why);
        tried++;
      }
    }
    if (tried < 2)
      fail_msg("%s: its kind has too few rows in this test", option_entry(option)->path);
  }
  expect_bad_value(option_entry(OPTION_USER), "\"root\"", "nothing is served as root");
  expect_bad_value(option_entry(OPTION_USER), "\"\"", "a name is needed");
  expect_bad_value(option_entry(OPTION_LISTEN_MILTER), "\"\"", "");
}

static const struct {
  const char *name, *text, *want;
} useless[] = {
    {"names missing", "rules: { helo-listed = \"refuse\"; };",
     "1: warning: rules.helo-listed has no names, so it never applies"},
    {"action missing", "rules: {\n  recipient-many = { reply = \"450\"; }; };",
     "2: warning: rules.recipient-many is off as long as nothing sets its action"},
    {"empty text", "rules: { sender-dots = { text = \"\"; }; };",
     "1: warning: rules.sender-dots.text is empty, so the built-in text is used"},
    {"everybody is exempt", "\nexempt: { networks = [ \"0.0.0.0/0\" ]; };",
     "2: warning: exempt.networks has every IPv4 client in it, so they are refused nothing"},
    {"nothing waits", "speak = \"at-once\"; exempt: { recipients = [ \"abuse\" ]; };",
     "1: warning: exempt.recipients has no effect with speak = \"at-once\""},
    {"brief replies have no link", "replies: { detail = \"brief\"; url = \"http://a\"; };",
     "1: warning: replies.url is not shown with replies.detail = \"brief\""},
    {"mode of a port", "listen: { milter = \"inet:8890\"; mode = \"0600\"; };",
     "1: warning: listen.mode has no effect: no socket is a unix socket"},
    {"facility of stderr", "log: { to = \"stderr\"; facility = \"daemon\"; };",
     "1: warning: log.facility has no effect with log.to = \"stderr\""},
    {"a first refusal that is longer than the longest",
     "probing: {\n  refuse = 7200;\n  refuse-longest = 3600; };",
     "3: warning: probing.refuse = 7200 is more than probing.refuse-longest = 3600, which is how "
     "long a refusal lasts then"},
    {"a rule that nothing has points for", "probing: {\n  points-vrfy = 0; };",
     "2: warning: probing.points-vrfy = 0: the rule probe-vrfy never applies, for nothing has "
     "points for it"},
    {"points of several kinds for one rule",
     "probing: {\n  points-callout = 0;\n  points-abandoned = 0; };",
     "3: warning: probing.points-abandoned = 0: the rule probe-callout never applies, for nothing "
     "has points for it"},
    {"a longest refusal that is shorter than the first", "probing: {\n  refuse-longest = 60; };",
     "2: warning: probing.refuse = 3600 is more than probing.refuse-longest = 60, which is how "
     "long a refusal lasts then"},
    {"sharing without a server", "redis: {\n  tls = true; database = 1; };",
     "2: warning: redis.tls has no effect: redis.server is empty"},
    {"sharing without a memory", "state-directory = \"\"; redis: { server = \"unix:/r\"; };",
     "1: warning: redis.server has no effect: state-directory is empty, so nobody is remembered"},
    {"files of TLS without it", "redis: { server = \"unix:/r\"; tls-ca = \"/ca.pem\"; };",
     "1: warning: redis.tls-ca has no effect: redis.tls is false"},
    {"key without a certificate",
     "redis: { server = \"inet:1@h\"; tls = true; tls-key = \"/key.pem\"; };",
     "1: warning: redis.tls-key has no effect without redis.tls-certificate"},
    {"user without a password", "redis: { server = \"unix:/r\"; user = \"u\"; };",
     "1: warning: redis.user has no effect without a password"},
    {"password for all to read",
     "redis: { server = \"unix:/r\"; password-file = \"/etc/passwd\"; };",
     "1: warning: everybody can read the file of redis.password-file; chmod o-r it"},
    {"silent log", "log: { level = \"error\"; };",
     "1: warning: log.level = \"error\" hides refusals; \"notice\" shows them"},
};

static void useless_settings_are_warned_of(void **state)
{
  static struct config_notes notes;
  struct settings settings;

  (void)state;
  for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++) {
    if (!config_load_text("f", span_from(useless[i].text), &settings, &notes))
      fail_msg("%s: %s", useless[i].name, notes.note[0].text);
    settings_free(&settings);
    assert_int_equal(notes.warnings, 1);
    expect_notes(useless[i].name, span_from(useless[i].text), useless[i].want);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_error_is_told_with_its_line),
      cmocka_unit_test(no_option_takes_bad_values),
      cmocka_unit_test(useless_settings_are_warned_of),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
