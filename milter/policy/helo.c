/*
 * The argument of HELO and EHLO: RFC 5321 sections 4.1.1.1 and 4.1.3.
 */
#include "helo.h"

#include "cursor.h"
#include "hostname.h"

/* address-literal, and nothing after it.
 * Deviation: "[2001:db8::1]" is judged as an address that is not written as it should be. */
static void literal(struct span name, struct helo *out)
{
  struct fault *fault = &out->faults.of[ASPECT_LITERAL];
  size_t end = literal_scan(name, 0, &out->ip, &out->is_ip, &out->faults);

  out->literal = true;
  if (fault->kind == FAULT_NO_IPV6_TAG) {
    faults_note(&out->faults, FAULT_BARE_ADDRESS, fault->at);
    *fault = (struct fault){0};
  }
  if (end < name.len)
    faults_note(&out->faults, FAULT_AFTER_LITERAL, end);
}

struct span helo_bare(struct span name)
{
  name = span_trim_end(name); /* trailing white space: RFC 5321, 4.1.1 */
  if (name.len >= 2 && name.at[name.len - 1] == '.' && name.at[name.len - 2] != '.')
    name.len--;
  return name;
}

/* What is wrong with the byte that ended the name. */
static enum fault_kind fault_of_byte(char byte)
{
  if (byte_is_control(byte))
    return FAULT_CONTROL;
  return byte == ' ' ? FAULT_SPACE : FAULT_DOMAIN_CHARACTER;
}

/*
 * Domain, of ASCII only: EHLO comes before a server has offered SMTPUTF8.
 * Deviation: digits and dots alone fit the grammar, but can only be meant as an address.
 */
static void domain(struct span name, struct helo *out)
{
  struct faults *faults = &out->faults;
  struct hostname host;

  hostname_scan(name, 0, &host, faults);
  if (host.end < name.len)
    faults_note(faults, fault_of_byte(name.at[host.end]), host.end);
  if (host.non_ascii)
    faults_note(faults, FAULT_DOMAIN_CHARACTER, host.non_ascii_at);
  faults_fold(faults, ASPECT_DOTS, ASPECT_SYNTAX);
  faults_fold(faults, ASPECT_UTF8, ASPECT_SYNTAX);
  if (host.end < name.len)
    return;
  if (host.labels == 1)
    faults_note(faults, FAULT_ONE_LABEL, 0);
  else if (host.only_digits_and_dots)
    faults_note(faults, FAULT_BARE_ADDRESS, 0);
}

void helo_parse(struct span name, struct helo *out)
{
  struct span used = span_trim_end(name);

  *out = (struct helo){.name = name};
  if (used.len == 0) {
    faults_note(&out->faults, FAULT_NO_NAME, 0);
    return;
  }
  if (used.at[0] == '[') {
    literal(used, out);
    return;
  }
  out->is_ip = ip_parse(used, &out->ip);
  if (out->is_ip)
    faults_note(&out->faults, FAULT_BARE_ADDRESS, 0);
  else
    domain(helo_bare(used), out);
}
