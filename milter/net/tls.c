/*
 * OpenSSL on a socket that does not block: each call is tried, and what it waits for is waited for
 * until the deadline.
 */
#include "tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct tls_client {
  SSL_CTX *context;
  bool verify;
};

/* OpenSSL's reason, and its queue of reasons emptied. */
static void add_reason(struct text *why, const char *otherwise)
{
  unsigned long number = ERR_peek_last_error();
  const char *reason = number == 0 ? NULL : ERR_reason_error_string(number);

  text_add(why, reason == NULL ? otherwise : reason);
  ERR_clear_error();
}

/* Settings */

static bool load_files(SSL_CTX *context, const struct tls_client_options *options, struct text *why)
{
  const char *key = options->key_file != NULL ? options->key_file : options->certificate_file;
  const char *wrong = NULL;

  if (options->ca_file != NULL) {
    if (SSL_CTX_load_verify_file(context, options->ca_file) != 1)
      wrong = options->ca_file;
  } else {
    (void)SSL_CTX_set_default_verify_paths(context); /* none trusted is found out in time */
  }
  if (wrong == NULL && options->certificate_file != NULL) {
    if (SSL_CTX_use_certificate_chain_file(context, options->certificate_file) != 1)
      wrong = options->certificate_file;
    else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
      wrong = key;
  }
  if (wrong == NULL)
    return true;
  text_add(why, wrong);
  text_add(why, ": ");
  add_reason(why, "cannot be read");
  return false;
}

struct tls_client *tls_client_open(const struct tls_client_options *options, struct text *why)
{
  struct tls_client *client = calloc(1, sizeof(*client));

  ERR_clear_error();
  if (client != NULL)
    client->context = SSL_CTX_new(TLS_client_method());
  if (client == NULL || client->context == NULL) {
    add_reason(why, "not enough memory");
    tls_client_close(client);
    return NULL;
  }
  client->verify = options->verify;
  (void)SSL_CTX_set_min_proto_version(client->context, TLS1_2_VERSION);
  SSL_CTX_set_verify(client->context, options->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
  SSL_CTX_set_mode(client->context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  /* Come back after each record that carries no bytes for us, so that wait_for() sees the clock. */
  (void)SSL_CTX_clear_mode(client->context, SSL_MODE_AUTO_RETRY);
  if (!load_files(client->context, options, why)) {
    tls_client_close(client);
    return NULL;
  }
  return client;
}

void tls_client_close(struct tls_client *client)
{
  if (client == NULL)
    return;
  SSL_CTX_free(client->context);
  free(client);
}

/* Connections */

static enum channel_fault fault_of_tls(struct channel *channel, struct text *why)
{
  long verified = SSL_get_verify_result(channel->tls);

  if (verified != X509_V_OK && SSL_get_verify_mode(channel->tls) != SSL_VERIFY_NONE) {
    text_add(why, "certificate: ");
    text_add(why, X509_verify_cert_error_string(verified));
    ERR_clear_error();
    return CHANNEL_TLS;
  }
  add_reason(why, "TLS failed");
  return CHANNEL_TLS;
}

static enum channel_fault fault_of_socket(struct text *why)
{
  bool cut = errno == 0 || errno == ECONNRESET || errno == EPIPE;

  ERR_clear_error();
  text_add(why, cut ? "the other side has cut the connection" : strerror(errno));
  return cut ? CHANNEL_CLOSED : CHANNEL_FAILED;
}

/* Waits, but not past the deadline even when there is always something: a server may send records
 * that carry no bytes for us without end. */
static enum channel_fault wait_for(struct channel *channel, short events, uint64_t deadline,
                                   struct text *why)
{
  if (channel_clock() < deadline)
    return channel_wait(channel, events, deadline, why);
  text_add(why, "no answer in time");
  return CHANNEL_TIMEOUT;
}

/* After an SSL_ call that did not get on: waits for what it wants, or says what is wrong. */
static enum channel_fault get_on(struct channel *channel, int result, uint64_t deadline,
                                 struct text *why)
{
  switch (SSL_get_error(channel->tls, result)) {
  case SSL_ERROR_WANT_READ:
    return wait_for(channel, POLLIN, deadline, why);
  case SSL_ERROR_WANT_WRITE:
    return wait_for(channel, POLLOUT, deadline, why);
  case SSL_ERROR_ZERO_RETURN:
    text_add(why, "the other side has closed the connection");
    return CHANNEL_CLOSED;
  case SSL_ERROR_SYSCALL:
    return fault_of_socket(why);
  case SSL_ERROR_SSL:
    if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
      errno = 0;
      return fault_of_socket(why);
    }
    return fault_of_tls(channel, why);
  default:
    return fault_of_tls(channel, why);
  }
}

/* The name that goes out in the clear (RFC 6066, 3). OpenSSL's macro for it casts const away. */
static bool send_name(SSL *tls, const char *name)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
  return SSL_set_tlsext_host_name(tls, name) == 1;
#pragma GCC diagnostic pop
}

/* Whom the certificate must be for. An address is not sent as a name (RFC 6066, 3). */
static bool set_name(SSL *tls, const char *name)
{
  struct ip ip;

  if (ip_parse(span_from(name), &ip))
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), name) == 1;
  return send_name(tls, name) && SSL_set1_host(tls, name) == 1;
}

enum channel_fault tls_client_start(struct tls_client *client, struct channel *channel,
                                    const char *name, uint64_t deadline, struct text *why)
{
  enum channel_fault found = CHANNEL_OK;
  int result;

  ERR_clear_error();
  channel->tls = SSL_new(client->context);
  if (channel->tls == NULL || SSL_set_fd(channel->tls, channel->fd) != 1 ||
      !set_name(channel->tls, name)) {
    add_reason(why, "TLS cannot be set up");
    return CHANNEL_TLS;
  }
  while (found == CHANNEL_OK) {
    errno = 0;
    result = SSL_connect(channel->tls);
    if (result == 1)
      return CHANNEL_OK;
    found = get_on(channel, result, deadline, why);
  }
  return found;
}

void tls_describe(const struct channel *channel, struct text *out)
{
  long verified = SSL_get_verify_result(channel->tls);

  text_add(out, SSL_get_version(channel->tls));
  text_add(out, verified == X509_V_OK ? ", the certificate is trusted"
                                      : ", the certificate is not trusted: ");
  text_add(out, verified == X509_V_OK ? "" : X509_verify_cert_error_string(verified));
}

static int bounded(size_t size)
{
  return size < INT_MAX ? (int)size : INT_MAX;
}

enum channel_fault tls_read(struct channel *channel, char *buffer, size_t size, size_t *got,
                            uint64_t deadline, struct text *why)
{
  enum channel_fault found = CHANNEL_OK;

  while (found == CHANNEL_OK) {
    int result;

    errno = 0;
    ERR_clear_error();
    result = SSL_read(channel->tls, buffer, bounded(size));
    if (result > 0) {
      *got = (size_t)result;
      return CHANNEL_OK;
    }
    found = get_on(channel, result, deadline, why);
  }
  return found;
}

enum channel_fault tls_write(struct channel *channel, struct span bytes, uint64_t deadline,
                             struct text *why)
{
  enum channel_fault found = CHANNEL_OK;

  while (found == CHANNEL_OK && bytes.len > 0) {
    int result;

    errno = 0;
    ERR_clear_error();
    result = SSL_write(channel->tls, bytes.at, bounded(bytes.len));
    if (result > 0)
      bytes = span_slice(bytes, (size_t)result, bytes.len);
    else
      found = get_on(channel, result, deadline, why);
  }
  return found;
}

void tls_end(struct channel *channel)
{
  /* Says good-bye if that is possible at once; after a failed handshake it is not. */
  if (SSL_is_init_finished(channel->tls))
    (void)SSL_shutdown(channel->tls);
  SSL_free(channel->tls);
  ERR_clear_error();
  channel->tls = NULL;
}
